//! Statements of all sessions that wait for somebody's approval, and what people answer. What happens to one is recorded
//! before it has an effect.

mod background;
mod events;
mod grants;
mod outcome;
mod planned;

use std::collections::BTreeMap;
use std::collections::btree_map::{Entry, OccupiedEntry};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use audit::record::{ApprovalEvent, ApprovalRecord, Record, UnixMicros};
use audit::spool::{Spool, SpoolError};
use mask::Class;
use policy::{Approver, Needed, Refusal};
use session::{Answer, Request, Value};
use sql::Code;
use thiserror::Error;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Sleep, sleep};
use uuid::Uuid;

pub(crate) use self::background::Background;
pub(crate) use self::events::Events;
pub(crate) use self::grants::{GRANT_SECS_MAX, Grant};
use self::grants::{GRANTS_MAX, Grants};
pub(crate) use self::outcome::{Answered, Approved, Approving, Then};
pub(crate) use self::planned::PlanShown;
use self::planned::Planning;
use crate::cancel::CancelKey;
use crate::console::{in_one_line, visible};
use crate::links::{Link, Links};
use crate::naming;
use crate::notices::Notices;
use crate::plan::{NoPlan, PLANS_AT_ONCE_MAX, Plan};
use crate::trail::now;

/// Most statements that wait at once, those of all sessions.
const WAITING_MAX: usize = 1_000;

/// Letters of a reason that are kept.
const REASON_LETTERS_MAX: usize = 1_000;

/// SQLSTATEs insufficient_privilege and query_canceled.
const REFUSED: &str = "42501";
const CANCELED: &str = "57014";

/// All that wait.
pub(crate) struct Approvals {
    host: String,
    spool: Arc<Spool>,
    /// By the time when they were asked: identifiers are of version 7.
    waiting: Mutex<BTreeMap<Uuid, Waiting>>,
    grants: Mutex<Grants>,
    pub(crate) events: Events,
    pub(crate) links: Links,
    /// Turns of those that ask for plans.
    pub(crate) turns: Arc<Semaphore>,
}

struct Waiting {
    held: Arc<Held>,
    /// Each with how long it counts for what is alike, where it does.
    approvers: Vec<(Approver, Option<Duration>)>,
    key: CancelKey,
    answer: oneshot::Sender<Answered>,
}

/// A statement that waits, as it is shown.
pub(crate) struct Held {
    pub(crate) id: Uuid,
    pub(crate) asked_at: UnixMicros,
    pub(crate) expires_at: UnixMicros,
    pub(crate) session_id: Uuid,
    pub(crate) sequence: u64,
    /// Who waits, and who acts for that person; empty where nobody does.
    pub(crate) principal: String,
    pub(crate) actor: String,
    pub(crate) application: String,
    pub(crate) client: String,
    pub(crate) database: String,
    pub(crate) environment: String,
    pub(crate) text: String,
    /// The text as it is recorded.
    recorded: String,
    pub(crate) fingerprint: u64,
    pub(crate) parameters: Vec<String>,
    /// Why whoever waits says that it should run, in one line of visible letters; empty where nothing was said.
    pub(crate) reason: String,
    pub(crate) effects: Vec<&'static str>,
    pub(crate) read: Vec<String>,
    pub(crate) written: Vec<String>,
    pub(crate) columns: Vec<String>,
    /// The sensitive ones of them, each with what it holds.
    pub(crate) classes: Vec<(String, Class)>,
    /// Functions, triggers, rules and views that it reaches, as they were when it was asked about.
    pub(crate) code: Code,
    pub(crate) background: Background,
    /// Rules that ask for an approval.
    pub(crate) rules: Vec<Arc<str>>,
    /// Why they do.
    pub(crate) why: String,
    /// So many of each of these groups must approve.
    pub(crate) groups: Vec<Needed>,
    /// How the database would run it, once that is known.
    pub(crate) plan: OnceLock<Result<Plan, NoPlan>>,
}

/// Who waits, and where.
#[derive(Clone)]
pub(crate) struct Asking {
    pub(crate) session_id: Uuid,
    pub(crate) principal: String,
    pub(crate) actor: String,
    pub(crate) application: String,
    pub(crate) client: String,
    pub(crate) database: String,
    pub(crate) environment: String,
    pub(crate) background: Background,
    pub(crate) timeout: Duration,
}

/// Why an answer is none.
#[derive(Debug, Error)]
pub(crate) enum AnswerError {
    #[error("nothing waits under \"{0}\"")]
    Unknown(String),
    #[error("several requests end in \"{0}\"")]
    Ambiguous(String),
    #[error("nobody approves what he asks for himself")]
    Own,
    #[error("only somebody of {0} may answer that")]
    NotOfGroup(String),
    #[error("you have approved it already")]
    Again,
    #[error("this link has answered already")]
    Spent,
    #[error("{GRANTS_MAX} grants count already: take one back, or approve it without FOR")]
    Full,
    #[error("there is no grant \"{0}\" that you may take back")]
    NoGrant(String),
    #[error("the answer cannot be recorded, and so does not count")]
    NotRecorded(#[from] SpoolError),
}

/// Why nobody is asked.
#[derive(Debug, Error)]
pub(crate) enum AskError {
    #[error("{WAITING_MAX} statements wait for an approval already")]
    Full,
    #[error(transparent)]
    NotRecorded(#[from] SpoolError),
}

/// A session's place among those that wait. Dropping it gives the request up.
pub(crate) struct Ticket {
    approvals: Arc<Approvals>,
    pub(crate) held: Arc<Held>,
    answer: oneshot::Receiver<Answered>,
    alarm: Pin<Box<Sleep>>,
    timeout: Duration,
    planning: Option<Planning>,
}

impl Held {
    /// The short name of a request: the end of its identifier, which is random.
    pub(crate) fn name(&self) -> String {
        naming::short(self.id)
    }

    /// Of whom how many must approve.
    pub(crate) fn groups(&self) -> String {
        self.groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// Whether that is its identifier, or the end of it.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        naming::is_called(self.id, name)
    }

    fn record(&self, host: &str, event: ApprovalEvent, by: &str, reason: &str) -> Record {
        Record::Approval(ApprovalRecord {
            at: now(),
            host: host.to_owned(),
            request_id: self.id,
            event,
            session_id: self.session_id,
            sequence: self.sequence,
            principal: self.principal.clone(),
            database: self.database.clone(),
            text: self.recorded.clone(),
            rules: self.rules.iter().map(|rule| rule.to_string()).collect(),
            groups: self.groups.iter().map(ToString::to_string).collect(),
            by: by.to_owned(),
            reason: reason.to_owned(),
            request_reason: self.reason.clone(),
        })
    }

    /// Whether this is somebody who may answer.
    pub(crate) fn may_be_answered_by(&self, somebody: &Approver) -> bool {
        somebody.user != self.principal
            && self.groups.iter().any(|needed| somebody.groups.contains(&*needed.group))
    }
}

impl Approvals {
    pub(crate) fn new(host: String, spool: Arc<Spool>, links: Links) -> Arc<Self> {
        let events = Events::new(Notices::new(host.clone(), Arc::clone(&spool)));
        let (waiting, grants) = (Mutex::default(), Mutex::default());
        let turns = Arc::new(Semaphore::new(PLANS_AT_ONCE_MAX));
        Arc::new(Approvals { host, spool, waiting, grants, events, links, turns })
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Uuid, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait, and how many grants count.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.waiting().len(), self.grants().now().count())
    }

    /// Puts a request among those that wait, after that is recorded.
    pub(crate) fn ask(
        self: &Arc<Self>,
        asking: Asking,
        request: &Request,
        key: &CancelKey,
    ) -> Result<Ticket, AskError> {
        let timeout = asking.timeout;
        let held = Arc::new(held(asking, request));
        let (sender, answer) = oneshot::channel();
        let mut waiting = self.waiting();
        if WAITING_MAX <= waiting.len() {
            return Err(AskError::Full);
        }
        self.record(&held, ApprovalEvent::Asked, "", "", true)?;
        let entry =
            Waiting { held: Arc::clone(&held), approvers: Vec::new(), key: key.clone(), answer: sender };
        waiting.insert(held.id, entry);
        drop(waiting);
        let alarm = Box::pin(sleep(timeout));
        Ok(Ticket { approvals: Arc::clone(self), held, answer, alarm, timeout, planning: None })
    }

    /// What waits and may be seen by `somebody`, the oldest first, each with those who have approved it: what is to be answered,
    /// and what is asked for by themselves.
    pub(crate) fn seen_by(&self, somebody: &Approver) -> Vec<(Arc<Held>, Vec<String>)> {
        let waiting = self.waiting();
        let seen = waiting.values().filter(|waiting| {
            waiting.held.principal == somebody.user || waiting.held.may_be_answered_by(somebody)
        });
        let approvers = |waiting: &Waiting| waiting.approvers.iter().map(|(by, _)| by.user.clone()).collect();
        seen.map(|waiting| (Arc::clone(&waiting.held), approvers(waiting))).collect()
    }

    /// Approves what waits under `name`, a whole identifier or its end; and what is alike, where all who approve say how long.
    pub(crate) fn approve(
        &self,
        name: &str,
        by: Approver,
        time: Option<Duration>,
        reason: &str,
    ) -> Result<Approving, AnswerError> {
        let mut waiting = self.waiting();
        let mut entry = find(&mut waiting, name, &by)?;
        if entry.get().approvers.iter().any(|(approver, _)| approver.user == by.user) {
            return Err(AnswerError::Again);
        }
        if time.is_some() && self.grants().is_full() {
            return Err(AnswerError::Full);
        }
        let held = Arc::clone(&entry.get().held);
        let event = if time.is_some() { ApprovalEvent::Granted } else { ApprovalEvent::Approved };
        let said = match time {
            Some(time) => format!("for {} s: {reason}", time.as_secs()),
            None => reason.to_owned(),
        };
        let approvers = entry.get().approvers.iter().map(|(by, _)| by);
        let approvers: Vec<&Approver> = approvers.chain([&by]).collect();
        let missing = policy::missing(&held.groups, &approvers, &held.principal);
        self.record(&held, event, &by.user, &said, !missing.is_empty())?;
        entry.get_mut().approvers.push((by, time));
        if !missing.is_empty() {
            return Ok(Approving::missing(missing.iter().map(ToString::to_string).collect()));
        }
        let Waiting { approvers, answer, .. } = entry.remove();
        let times: Option<Vec<Duration>> = approvers.iter().map(|(_, time)| *time).collect();
        let time = times.and_then(|times| times.into_iter().min());
        let approvers: Vec<Approver> = approvers.into_iter().map(|(by, _)| by).collect();
        let requester = held.principal.clone();
        if let Some(time) = time {
            self.grants().add(held, approvers.clone(), time);
        }
        let (answered, approving) = Approving::of(Answer::Approved { approvers, requester }, time.is_some());
        // Nobody listens any more where the session has ended a moment ago.
        answer.send(answered).map_err(|_| AnswerError::Unknown(name.to_owned()))?;
        Ok(approving)
    }

    fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer of a grant that counts, where one covers the request, after that is recorded.
    pub(crate) fn granted(&self, asking: &Asking, request: &Request) -> Result<Option<Answer>, SpoolError> {
        let Some(grant) = self.grants().covering(asking, request) else {
            return Ok(None);
        };
        let by: Vec<&str> = grant.approvers.iter().map(|by| by.user.as_str()).collect();
        let reason = format!("by the grant {}", grant.held.name());
        let held = held(asking.clone(), request);
        // Nobody is told: it was said when it was given.
        self.spool.append(&[held.record(&self.host, ApprovalEvent::Approved, &by.join(", "), &reason)])?;
        self.events.note(ApprovalEvent::Approved);
        let (approvers, requester) = (grant.approvers.clone(), asking.principal.clone());
        Ok(Some(Answer::Approved { approvers, requester }))
    }

    /// The grants that `somebody` may see.
    pub(crate) fn grants_seen_by(&self, somebody: &Approver) -> Vec<Arc<Grant>> {
        self.grants().now().filter(|grant| grant.is_of(somebody)).map(Arc::clone).collect()
    }

    /// Takes a grant back.
    pub(crate) fn revoke(&self, name: &str, by: &Approver, reason: &str) -> Result<(), AnswerError> {
        let mut grants = self.grants();
        let found = grants.now().find(|grant| grant.held.is_called(name) && grant.is_of(by)).map(Arc::clone);
        let grant = found.ok_or_else(|| AnswerError::NoGrant(name.to_owned()))?;
        self.record(&grant.held, ApprovalEvent::Revoked, &by.user, reason, false)?;
        grants.remove(&grant.held.name());
        Ok(())
    }

    /// Denies what waits under `name`.
    pub(crate) fn deny(&self, name: &str, by: &Approver, reason: &str) -> Result<(), AnswerError> {
        let mut waiting = self.waiting();
        let entry = find(&mut waiting, name, by)?;
        self.record(&entry.get().held, ApprovalEvent::Denied, &by.user, reason, false)?;
        let Waiting { held, answer, .. } = entry.remove();
        let reason = kept(&visible(reason));
        let why = if reason.is_empty() { "no reason was given" } else { &reason };
        let message = format!("Picket refused this statement: {} has denied it: {why}", by.user);
        let _ = answer.send(refused(REFUSED, message, &held, "Ask whoever has denied it.").into());
        Ok(())
    }

    /// Whether a link can still answer.
    pub(crate) fn may_answer(&self, link: Link) -> bool {
        let is_spent = self.links.spent().contains(&link);
        !is_spent && self.waiting().contains_key(&link.request)
    }

    /// Answers by a link, which is spent once the answer counts.
    pub(crate) fn by_link<T>(
        &self,
        link: Link,
        answer: impl FnOnce() -> Result<T, AnswerError>,
    ) -> Result<T, AnswerError> {
        // Over the whole answer: of two at once by one link, one counts.
        let mut spent = self.links.spent();
        if spent.contains(&link) {
            return Err(AnswerError::Spent);
        }
        let answered = answer()?;
        spent.insert(link);
        let waiting = self.waiting();
        spent.retain(|link| waiting.contains_key(&link.request));
        Ok(answered)
    }

    /// Gives up what the session waits for that shows this key, as a client asks for that cancels. Whether it waits.
    pub(crate) fn cancel(&self, pid: i32, secret: &[u8]) -> bool {
        let mut waiting = self.waiting();
        let shows = |waiting: &Waiting| waiting.key.pid == pid && waiting.key.secret == secret;
        let id = waiting.iter().find(|(_, waiting)| shows(waiting)).map(|(id, _)| *id);
        let Some(Waiting { held, answer, .. }) = id.and_then(|id| waiting.remove(&id)) else { return false };
        self.note(&held, ApprovalEvent::Cancelled, "the client has cancelled it");
        let message = "canceling statement due to user request".to_owned();
        let _ = answer.send(refused(CANCELED, message, &held, "").into());
        true
    }

    fn record(
        &self,
        held: &Arc<Held>,
        event: ApprovalEvent,
        by: &str,
        reason: &str,
        still_waits: bool,
    ) -> Result<(), SpoolError> {
        let reason = kept(reason);
        self.spool.append(&[held.record(&self.host, event, by, &reason)])?;
        self.events.tell(event, held, by, &reason, still_waits.then_some(&self.links));
        Ok(())
    }

    /// Records what keeps a statement from running: it does not run then either when that cannot be recorded.
    fn note(&self, held: &Arc<Held>, event: ApprovalEvent, reason: &str) {
        if let Err(error) = self.record(held, event, "", reason, false) {
            tracing::error!(
                request = held.name(),
                error = daemon::with_causes(&error),
                "the end of a request for approval was not recorded"
            );
        }
    }

    /// Takes a request out, where nobody has answered it.
    fn take(&self, held: &Arc<Held>, event: ApprovalEvent, reason: &str) -> bool {
        let is_there = self.waiting().remove(&held.id).is_some();
        if is_there {
            self.note(held, event, reason);
        }
        is_there
    }
}

/// A request as it is shown.
fn held(asking: Asking, request: &Request) -> Held {
    let Asking {
        session_id,
        principal,
        actor,
        application,
        client,
        database,
        environment,
        background,
        timeout,
    } = asking;
    let described = &request.statement;
    let asked_at = now();
    let micros = i64::try_from(timeout.as_micros()).unwrap_or(i64::MAX);
    Held {
        id: Uuid::now_v7(),
        asked_at,
        expires_at: UnixMicros(asked_at.0.saturating_add(micros)),
        session_id,
        sequence: request.sequence,
        principal,
        actor,
        application,
        client,
        database,
        environment,
        text: request.text.to_string(),
        recorded: request.recorded.to_string(),
        fingerprint: described.fingerprint,
        parameters: request.parameters.iter().map(shown).collect(),
        reason: in_one_line(&request.reason),
        effects: described.effects.clone(),
        read: described.touched.read.clone(),
        written: described.touched.written.clone(),
        columns: described.touched.columns.clone(),
        code: (*request.code).clone(),
        classes: request.classes.clone(),
        background,
        rules: request.otherwise.rules.clone(),
        why: request.otherwise.detail.clone(),
        groups: request.approvers.clone(),
        plan: OnceLock::new(),
    }
}

/// As much of a reason as is kept.
fn kept(reason: &str) -> String {
    reason.chars().take(REASON_LETTERS_MAX).collect()
}

/// The request with this name that `somebody` may answer.
fn find<'w>(
    waiting: &'w mut BTreeMap<Uuid, Waiting>,
    name: &str,
    somebody: &Approver,
) -> Result<OccupiedEntry<'w, Uuid, Waiting>, AnswerError> {
    let unknown = || AnswerError::Unknown(name.to_owned());
    let mut found = waiting.values().filter(|waiting| waiting.held.is_called(name));
    let (Some(first), second) = (found.next(), found.next()) else { return Err(unknown()) };
    if second.is_some() {
        return Err(AnswerError::Ambiguous(name.to_owned()));
    }
    let held = &first.held;
    if held.principal == somebody.user {
        return Err(AnswerError::Own);
    }
    if !held.may_be_answered_by(somebody) {
        return Err(AnswerError::NotOfGroup(
            held.groups.iter().map(|needed| &*needed.group).collect::<Vec<_>>().join(", "),
        ));
    }
    let id = held.id;
    match waiting.entry(id) {
        Entry::Occupied(entry) => Ok(entry),
        Entry::Vacant(_) => Err(unknown()),
    }
}

impl Ticket {
    /// Has it planned while it waits.
    pub(crate) fn plan(&mut self, planning: Planning) {
        self.planning = Some(planning);
    }

    /// The answer, when there is one, or nobody has given one in time.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Answered> {
        if let Some(planning) = &mut self.planning
            && let Poll::Ready(plan) = planning.as_mut().poll(cx)
        {
            self.planning = None;
            // Other reasons have names in them.
            if let Err(error @ (NoPlan::Unreachable(_) | NoPlan::Lost(_))) = &plan {
                let request = self.held.name();
                tracing::debug!(request, error = daemon::with_causes(error), "no plan");
            }
            // It is set here alone.
            let _ = self.held.plan.set(plan);
        }
        if let Poll::Ready(answer) = Pin::new(&mut self.answer).poll(cx) {
            return Poll::Ready(answer.unwrap_or_else(|_| self.gone().into()));
        }
        if self.alarm.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        if !self.approvals.take(&self.held, ApprovalEvent::Expired, "") {
            // Somebody has answered at the same moment.
            return Poll::Ready(self.answer.try_recv().unwrap_or_else(|_| self.gone().into()));
        }
        let message = format!(
            "Picket refused this statement: nobody has approved it within {} s",
            self.timeout.as_secs()
        );
        Poll::Ready(refused(REFUSED, message, &self.held, "Ask for it again when somebody is there.").into())
    }

    /// Gives the request up because the proxy ends.
    pub(crate) fn stopped(self) -> Answer {
        self.approvals.take(&self.held, ApprovalEvent::Cancelled, "the proxy is being stopped");
        let message = "canceling statement because Picket is being stopped".to_owned();
        refused(CANCELED, message, &self.held, "Ask for it again at once: another Picket may serve you.")
    }

    fn gone(&self) -> Answer {
        let message = "Picket refused this statement: nobody can be asked any more".to_owned();
        refused(REFUSED, message, &self.held, "")
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.approvals.take(&self.held, ApprovalEvent::Cancelled, "the session has ended");
    }
}

fn refused(sqlstate: &'static str, message: String, held: &Held, hint: &str) -> Answer {
    Answer::Refused(Refusal {
        rules: held.rules.clone(),
        sqlstate,
        message,
        detail: held.why.clone(),
        hint: hint.to_owned(),
    })
}

/// A value as it is shown: text as it is, bytes as PostgreSQL writes them (`\x…`).
fn shown(value: &Option<Value>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(Value::Text(text)) => format!("'{}'", String::from_utf8_lossy(text).replace('\'', "''")),
        Some(Value::Binary(bytes)) => {
            bytes.iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
        }
    }
}
