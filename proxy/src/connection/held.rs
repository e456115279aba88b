//! A statement that waits for somebody's approval, from its session's side: the client is told, and is listened to only for
//! whether it is still there.

use std::sync::Arc;
use std::task::{Context, Poll};

use policy::{Needed, Refusal};
use session::{Answer, Request};
use wire::compose::{self, ErrorText};

use super::Opened;
use super::ended::Ended;
use crate::approvals::{Answered, AskError, Asking, Background, Held, Then, Ticket};
use crate::history::Past;
use crate::pipe::Pipe;
use crate::plan::{self, Wanted};

/// Most bytes that are read of a client whose statement waits: enough to see it go away, where it has sent what usually
/// follows a statement.
const AHEAD_BYTES_MAX: usize = 64 << 10;

/// SQLSTATE configuration_limit_exceeded.
const TOO_MANY: &str = "53400";

/// How a reason is given.
const HOW_TO_SAY_WHY: &str = "Say why, for those who approve it: SET picket.reason = '…', or begin the statement with /* reason: … */.";

/// What the session waits for, if for anything.
pub(super) type Waiting = Option<Ticket>;

impl Opened {
    /// Asks for an approval, after that is recorded, and tells the client so.
    pub(super) fn hold(&mut self, request: &Request, client: &mut Pipe) -> Result<(), Ended> {
        let Some(config) = self.config.now().approvals.clone() else {
            self.session.answered(Answer::Refused(request.otherwise.clone()));
            return Ok(());
        };
        let who = self.identity.who();
        let (session, history) = self.trail.so_far();
        let asking = Asking {
            session_id: self.session_id,
            principal: who.user.clone(),
            actor: who.actor.clone(),
            application: who.application.clone(),
            client: self.address.to_string(),
            database: who.database.clone(),
            environment: who.environment.clone(),
            background: Background::of(session, history),
            timeout: config.timeout,
        };
        if config.requires_reason && request.reason.is_empty() {
            let message = "Picket refused this statement: it needs an approval, and so a reason".to_owned();
            let refusal = Refusal { message, hint: HOW_TO_SAY_WHY.to_owned(), ..request.otherwise.clone() };
            self.session.answered(Answer::Refused(refusal));
            return Ok(());
        }
        if let Some(answer) = self.approvals.granted(&asking, request)? {
            self.session.answered(answer);
            return Ok(());
        }
        match self.approvals.ask(asking, request, &self.key.key) {
            Ok(mut ticket) => {
                let wanted = Wanted {
                    text: request.text.to_string(),
                    parameters: request.parameters.len(),
                    is_private: request.is_private,
                };
                let turns = Arc::clone(&self.approvals.turns);
                let (request, groups) = (ticket.held.name(), ticket.held.groups());
                tracing::info!(session_id = %self.session_id, request, groups, "waits for an approval");
                ticket.plan(Box::pin(plan::make(self.way.clone(), self.catalog.reader(), turns, wanted)));
                client.queue(&notice(&ticket.held, &config.console_database, config.timeout.as_secs()));
                self.waiting = Some(ticket);
                Ok(())
            }
            Err(error @ AskError::Full) => {
                let message = format!("Picket refused this statement: {error}");
                let hint = "Ask for it again later.".to_owned();
                let refusal = Refusal { sqlstate: TOO_MANY, message, hint, ..request.otherwise.clone() };
                self.session.answered(Answer::Refused(refusal));
                Ok(())
            }
            Err(AskError::NotRecorded(error)) => Err(error.into()),
        }
    }

    /// Whether the client is read although its statement waits, and nothing more of it is taken.
    pub(super) fn is_listened_to(&self, client: &Pipe) -> bool {
        self.waiting.is_none() || client.unread().len() < AHEAD_BYTES_MAX
    }

    /// What has become of the execution with this number, which was approved.
    pub(super) fn has_become(&self, sequence: u64) -> Then {
        if let Some(ticket) = &self.waiting {
            let request = ticket.held.name();
            return if ticket.held.sequence == sequence {
                Then::Anew(request)
            } else {
                Then::Behind(request)
            };
        }
        let (_, history) = self.trail.so_far();
        let is_refused = |past: &Past| past.sequence == sequence && past.shown.verdict == "refuse";
        if history.iter().any(is_refused) { Then::Refused } else { Then::Runs }
    }

    /// Takes an answer. Then the client's bytes are looked at again.
    pub(super) fn take_answer(&mut self, answer: Answer) {
        self.waiting = None;
        self.session.answered(answer);
    }
}

/// The answer that a session waits for, where it waits for one.
pub(super) fn poll(waiting: &mut Waiting, cx: &mut Context<'_>) -> Poll<Answered> {
    waiting.as_mut().map_or(Poll::Pending, |ticket| ticket.poll(cx))
}

/// What the client is told while it waits.
fn notice(held: &Held, console: &str, timeout_secs: u64) -> Vec<u8> {
    let name = held.name();
    let people = |needed: &Needed| match needed.people {
        1 => format!("somebody of {}", needed.group),
        people => format!("{people} people of {}", needed.group),
    };
    let people = held.groups.iter().map(people).collect::<Vec<_>>().join(" and ");
    let detail = format!("{}\nRequest {name}: {people} can approve it within {timeout_secs} s.", held.why);
    let hint = format!(
        "They connect to the database \"{console}\" here and say: APPROVE {name}; or DENY {name} 'why'. Cancel to give it up."
    );
    let mut out = Vec::new();
    let message = "Picket holds this statement until it is approved";
    let text = ErrorText { severity: "NOTICE", sqlstate: "00000", message, detail: &detail, hint: &hint };
    compose::notice(&mut out, &text);
    out
}
