//! The state of one session, and what it needs from around it.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use mask::{Class, Classes, Found, Methods, Unsearched};
use policy::{Policies, Subject};
use sql::facts::{Forgets, Makes, Opens};
use sql::{Catalog, Naming, SearchPath, Unreadable};
use thiserror::Error;

use crate::action::Action;
use crate::again::Sight;
use crate::allowance::Allowance;
use crate::asking::Asking;
use crate::begun::Begun;
use crate::copied::Encoding;
use crate::evidence::{Described, Evidence, Execution, Outcome, Started};
use crate::given::GivenNames;
use crate::judged::{Judged, Read, Seen};
use crate::made::MadeFunctions;
use crate::moving::MovedNames;
use crate::names::{Names, Portal, Prepared};
use crate::owed::{CopyIn, Forgotten, Owed, Running};
use crate::path::Path;
use crate::readings::{Reading, Readings};
use crate::reasons::Reasons;
use crate::recorded::Bound;
use crate::refusal::Marker;
use crate::replication::{self, Replication};
use crate::results::Asked;
use crate::sightings::Sightings;
use crate::stains::{Stain, Stains};
use crate::telling::Telling;
use crate::temporary::Temporary;
use crate::unknown::Renamed;

/// What a session looks at but does not own.
#[derive(Debug)]
pub struct Environment<'a> {
    /// Names of the database's relations.
    pub catalog: &'a Catalog,
    /// The database's sensitive columns.
    pub classes: &'a Classes,
    /// Columns of which nothing more than their names is known, if there are any.
    pub unsearched: Option<&'a Unsearched>,
    /// How values of each class are masked.
    pub methods: &'a Arc<Methods>,
    /// What was written into relations that the catalog may not show yet, into temporary ones too where this session has done so.
    pub stains: &'a Stains,
    /// It has.
    pub has_own_stains: bool,
    /// Names that others have given another meaning, which the catalog does not show yet.
    pub moved: Option<&'a MovedNames>,
    /// What is allowed.
    pub policies: &'a Policies,
    /// Who asks, as these policies see it.
    pub subject: &'a Subject,
    /// Grows each time the catalog is read; no other database's catalog has the same.
    pub catalog_version: u64,
    /// Whether it is gone by what the catalog shows. Where it could not be read for too long, it still names things,
    /// and what it does not show as sensitive may be.
    pub catalog_holds: bool,
    /// How many questions the subject may still ask about values that it may not see, if not any number.
    pub allowance: Option<&'a Allowance>,
    /// Whether the last attempt to read it has succeeded.
    pub catalog_is_new: bool,
    /// What is known of texts that were read before.
    pub readings: &'a mut Readings,
}

/// A session that cannot go on. Both sides are closed; the client is told first.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SessionError {
    /// The client sent something that is not the protocol.
    #[error("protocol violation by the client: {reason}")]
    Client {
        /// What was wrong.
        reason: String,
    },
    /// The server sent something that was not expected, so that nobody can tell what it answers.
    #[error("protocol violation by the server: {reason}")]
    Server {
        /// What was wrong.
        reason: String,
    },
    /// The server sent something that must be looked at as a whole and is longer than may be held.
    #[error("the database sent {what} of {len} bytes, {limit} can be looked at")]
    AnswerTooLong {
        /// What it is, with its article.
        what: &'static str,
        /// Bytes of its body.
        len: u32,
        /// Bytes allowed.
        limit: u32,
    },
}

impl SessionError {
    pub(crate) fn client(reason: impl ToString) -> Self {
        SessionError::Client { reason: reason.to_string() }
    }

    pub(crate) fn server(reason: impl ToString) -> Self {
        SessionError::Server { reason: reason.to_string() }
    }
}

/// What a session does that waits for its client's next message: all replies are sent, ReadyForQuery the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resting {
    /// No transaction is open.
    Idle,
    /// A transaction is open, or has failed and waits for its end.
    InTransaction,
}

impl Environment<'_> {
    /// Whether the subject may see values of this class as they are.
    pub(crate) fn reveals(&self, class: Class) -> bool {
        self.policies.reveals(self.subject, class.name())
    }

    /// Whether questions that the subject asks about values of this class count.
    pub(crate) fn counts(&self, class: Class) -> bool {
        !self.reveals(class) && !self.policies.filters(self.subject, class.name())
    }

    /// Whether the subject may see all values as they are.
    pub(crate) fn reveals_all(&self) -> bool {
        Class::ALL.into_iter().all(|class| self.reveals(class))
    }

    /// Whether there are sensitive columns, and what is computed from them is kept from the subject.
    pub(crate) fn hides(&self) -> bool {
        let has_any = !self.classes.is_empty() || !self.stains.is_empty();
        has_any && !self.reveals(Class::Derived)
    }
}

/// One client's session.
#[derive(Debug)]
pub struct Session {
    pub(crate) marker: Marker,
    pub(crate) message_bytes_max: u32,
    pub(crate) prepared: Names<Prepared>,
    pub(crate) portals: Names<Portal>,
    pub(crate) owed: VecDeque<Owed>,
    pub(crate) begun: Begun,
    pub(crate) temporary: Temporary,
    pub(crate) given: GivenNames,
    pub(crate) sight: Sight,
    pub(crate) sequence: u64,
    /// Counts the Syncs and Queries that were sent: what lies between two of them is skipped together.
    pub(crate) section: u64,
    /// How many of them are over: the server has answered them, or has skipped them with what was before.
    pub(crate) sections_over: u64,
    /// The server skips everything up to the next Sync, and so it is not sent.
    pub(crate) skipping: bool,
    /// Syncs that were sent among the data of a COPY which has failed: those that came after that, the server answers yet.
    pub(crate) unsettled: u64,
    /// The client has said goodbye: it sends nothing more, but is told what it is owed.
    pub(crate) leaving: bool,
    /// Bytes of the present message that pass without being looked at.
    pub(crate) client_passing: usize,
    /// Bytes of the client's present message that are thrown away.
    pub(crate) client_dropping: usize,
    pub(crate) server_passing: usize,
    /// Bytes of the server's present message that are thrown away.
    pub(crate) server_dropping: usize,
    /// For which results a newer catalog was asked.
    pub(crate) asked_catalog: Asked,
    /// The same for a statement of the client's.
    pub(crate) asked_absence: Option<u64>,
    pub(crate) asked_unknown: Option<u64>,
    /// The same for names that others have moved.
    pub(crate) asked_moved: Option<u64>,
    /// Room for what parameters are recorded as.
    pub(crate) said: String,
    /// What the open transaction has moved.
    pub(crate) moving: MovedNames,
    /// Functions that it has made.
    pub(crate) made: MadeFunctions,
    /// What code writes, or could, that the open transaction has made.
    pub(crate) made_code: Vec<Stain>,
    /// Whether what it says at its end can tell of something sensitive.
    pub(crate) telling: Telling,
    /// What was noted for the client's present message, that waits for it.
    pub(crate) noted: Vec<Stain>,
    /// Something sensitive was written into temporary relations of the session's own.
    pub(crate) has_own_stains: bool,
    /// What columns whose values could be anything were seen to hold.
    pub(crate) sightings: Sightings,
    /// Definitions were altered in a transaction that is not over.
    pub(crate) altered: bool,
    /// Relations that it has given names to, or taken away.
    pub(crate) renamed: Renamed,
    /// What was asked for the client's present message.
    pub(crate) asking: Asking,
    /// Why it says that what it sends should run.
    pub(crate) reasons: Reasons,
    /// Where it looks for relations.
    pub(crate) path: Path,
    /// The open transaction has failed, as far as the server has answered.
    pub(crate) has_failed: bool,
    /// `None` while the client's last message is not answered up to its ReadyForQuery.
    pub(crate) resting: Option<Resting>,
    /// The server has told the client why it ends the session.
    pub(crate) server_said_why: bool,
    /// What the connection was opened for, where it is a replication connection.
    replication: Option<Replication>,
    lexing: Lexing,
}

/// Settings of the session that decide what a text means.
#[derive(Debug)]
struct Lexing {
    standard_conforming_strings: bool,
    /// Names mean what they are read as, also where they are no ASCII.
    reads_all: bool,
    /// The session began with an encoding in which they do not.
    began_otherwise: bool,
    /// In which texts and COPY data come.
    encoding: Encoding,
}

impl Session {
    /// A session that has just logged in. `nonce` must be random.
    pub fn new(nonce: u64, message_bytes_max: u32) -> Self {
        Session {
            marker: Marker::new(nonce),
            message_bytes_max,
            prepared: Names::default(),
            portals: Names::default(),
            owed: VecDeque::new(),
            begun: Begun::default(),
            temporary: Temporary::default(),
            sightings: Sightings::default(),
            given: GivenNames::default(),
            sight: Sight::default(),
            sequence: 0,
            section: 0,
            sections_over: 0,
            skipping: false,
            unsettled: 0,
            leaving: false,
            client_passing: 0,
            client_dropping: 0,
            server_passing: 0,
            server_dropping: 0,
            asked_catalog: Asked::default(),
            asked_absence: None,
            asked_unknown: None,
            asked_moved: None,
            said: String::new(),
            moving: MovedNames::default(),
            made: MadeFunctions::default(),
            made_code: Vec::new(),
            telling: Telling::default(),
            noted: Vec::new(),
            has_own_stains: false,
            altered: false,
            renamed: Renamed::default(),
            asking: Asking::default(),
            reasons: Reasons::default(),
            path: Path::default(),
            has_failed: false,
            resting: Some(Resting::Idle),
            server_said_why: false,
            replication: None,
            lexing: Lexing {
                standard_conforming_strings: true,
                reads_all: true,
                began_otherwise: false,
                encoding: Encoding::Utf8,
            },
        }
    }

    /// The same over a replication connection.
    #[must_use]
    pub fn replicating(self, replication: Option<Replication>) -> Self {
        Session { replication, ..self }
    }

    /// The same where `picket.reason` is this from the beginning.
    #[must_use]
    pub fn giving_reason(self, reason: &str) -> Self {
        Session { reasons: Reasons::beginning(reason), ..self }
    }

    /// The same where the server has said that the session is in this role, that its `search_path` is `setting`, and that it goes back
    /// to `first`.
    #[must_use]
    pub fn looking(self, role: &str, setting: &str, first: &str) -> Self {
        Session { path: Path::beginning(role, setting, first), ..self }
    }

    /// Where a statement that is sent now looks for relations, if that is known.
    pub(crate) fn path_now(&self) -> Option<Rc<SearchPath>> {
        self.path.now(self.sections_over == self.section)
    }

    /// In which COPY data comes.
    pub(crate) fn encoding(&self) -> Encoding {
        self.lexing.encoding
    }

    pub(crate) fn is_replicating(&self) -> bool {
        self.replication.is_some()
    }

    /// What it knows that others do not see.
    pub(crate) fn seen(&self) -> Seen<'_> {
        let path = self.path.own(self.sections_over == self.section);
        Seen { temporary: &self.temporary, given: &self.given, path }
    }

    /// Whether the session waits for its client, and in what. As PostgreSQL counts it for its own time-outs: what came
    /// of a message that is not whole yet does not end the rest.
    pub fn resting(&self) -> Option<Resting> {
        self.resting
    }

    /// Names that mean something else since statements that it has sent in a transaction that is not over.
    pub fn moved_names(&self) -> &MovedNames {
        &self.moving
    }

    /// Whether something sensitive was written into temporary relations of its own: then it is known of them by name.
    pub fn has_own_stains(&self) -> bool {
        self.has_own_stains
    }

    /// Whether the server may be at work for this session.
    pub fn is_owed_replies(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Whether an error of the proxy's own can stand behind what the client was sent so far: not within a message, nor
    /// after the server's own last words.
    pub fn may_be_told(&self) -> bool {
        self.server_passing == 0 && !self.server_said_why
    }

    /// Notes a setting that the server reported, at start or later.
    pub fn on_parameter(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"standard_conforming_strings" => self.lexing.standard_conforming_strings = value == b"on",
            b"search_path" => self.path.told(&String::from_utf8_lossy(value)),
            b"client_encoding" => {
                let is_read = matches!(value, b"UTF8" | b"SQL_ASCII");
                // What it begins with, RESET ALL and the like go back to, and the next text can be sent before the server tells.
                self.lexing.began_otherwise |= !is_read && self.sequence == 0;
                self.lexing.reads_all = is_read && !self.lexing.began_otherwise;
                self.lexing.encoding = Encoding::named(&String::from_utf8_lossy(value));
            }
            _ => {}
        }
    }

    /// Whether the client has said goodbye, so that neither side's going away is a loss.
    pub fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Ends the session: whatever was recorded and has not ended is lost from sight.
    pub fn on_lost(&mut self, out: &mut Vec<Action>) {
        for owed in std::mem::take(&mut self.owed) {
            match owed {
                Owed::Execute { running, .. } | Owed::Refused(running) => {
                    self.finish(*running, Outcome::Lost, out)
                }
                Owed::Query(batch) => {
                    batch.into_iter().for_each(|running| self.finish(running, Outcome::Lost, out))
                }
                Owed::Unread(unread) => self.finish(unread.running, Outcome::Lost, out),
                Owed::Parse(..)
                | Owed::RefusedUnrecorded(_)
                | Owed::Bind(..)
                | Owed::CloseStatement(_)
                | Owed::ClosePortal(_)
                | Owed::DescribeStatement { .. }
                | Owed::Hidden { .. }
                | Owed::DescribeCopied { .. }
                | Owed::DescribePortal { .. }
                | Owed::Sync
                | Owed::Settling { .. } => {}
            }
        }
        for started in self.begun.take_all() {
            end_begun(started, Outcome::Lost, out);
        }
    }

    /// What `text` says, under the settings of this session; `None` where it has to be read elsewhere first.
    pub(crate) fn read(&self, text: &[u8], env: &mut Environment<'_>) -> Option<Reading> {
        if let Some(kind) = self.replication {
            match (kind, replication::command(kind, text)) {
                (_, Some(command)) => return Some(Read::replication(text, Some(command)).into()),
                (Replication::Physical, None) => return Some(Read::replication(text, None).into()),
                (Replication::Logical, None) => {}
            }
        }
        let unreadable = |setting| Some(Read::new(text, Err(Unreadable::Lexing { setting })).into());
        if !self.lexing.standard_conforming_strings && text.contains(&b'\\') {
            return unreadable("standard_conforming_strings");
        }
        if !self.lexing.reads_all && !text.is_ascii() {
            return unreadable("client_encoding");
        }
        env.readings.read(text)
    }

    /// Records the start of one execution that is sent now. `text` as in [`Started`].
    pub(crate) fn start(
        &mut self,
        judged: &Rc<Judged>,
        text: Option<&Rc<str>>,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Running {
        self.start_bound(judged, text, &Bound::default(), env, out)
    }

    /// The same with parameters.
    pub(crate) fn start_bound(
        &mut self,
        judged: &Rc<Judged>,
        text: Option<&Rc<str>>,
        bound: &Bound,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> Running {
        let path = || self.path_now();
        let described = self.described(judged, path, env);
        let started = self.record_start(judged, described, text, bound, out);
        self.run(started, judged)
    }

    /// The statement as it is recorded, where it looks for relations on this path.
    pub(crate) fn described(
        &self,
        judged: &Judged,
        path: impl FnOnce() -> Option<Rc<SearchPath>>,
        env: &Environment<'_>,
    ) -> Rc<Described> {
        let path = || path().filter(|_| self.is_as_others(env));
        match self.made.run_by(judged) {
            Some(touched) => judged.described_running(&touched, &[]),
            None => judged.described_by(path, env.catalog_version, || self.given.catalog(env)),
        }
    }

    pub(crate) fn record_start(
        &mut self,
        judged: &Judged,
        statement: Rc<Described>,
        text: Option<&Rc<str>>,
        bound: &Bound,
        out: &mut Vec<Action>,
    ) -> Rc<Started> {
        self.note_telling(judged);
        self.sequence += 1;
        let (text, values) = text.map(|text| statement.recorded.own(text)).unzip();
        let mut values = values.unwrap_or_default();
        values.extend_from_slice(&bound.values);
        let parameters = bound.said.clone();
        let started = Rc::new(Started { sequence: self.sequence, statement, text, values, parameters });
        out.push(Action::Record(Evidence::Started(Rc::clone(&started))));
        started
    }

    /// Records the start of one execution that may be sent later, and of which the server may run code before: its
    /// number.
    pub(crate) fn begin(
        &mut self,
        judged: &Judged,
        text: Option<&Rc<str>>,
        bound: &Bound,
        env: &Environment<'_>,
        out: &mut Vec<Action>,
    ) -> u64 {
        let described = self.described(judged, || self.path_now(), env);
        let started = self.record_start(judged, described, text, bound, out);
        let sequence = started.sequence;
        let bytes = judged.kept_bytes + text.map_or(0, |text| text.len()) + bound.len();
        self.begun.keep(self.section, started, bytes);
        sequence
    }

    /// One execution whose start was recorded is sent now.
    pub(crate) fn run(&mut self, started: Rc<Started>, judged: &Rc<Judged>) -> Running {
        if judged.temporary.is_some() {
            self.temporary.sent();
        }
        if let Some(change) = judged.path_change() {
            self.path.sent(change);
        }
        self.made.sent(judged);
        if judged.renews_names() {
            self.moving.forget_told();
        }
        if let Some(moves) = judged.moves.as_ref().filter(|_| judged.refusal().is_none()) {
            self.moving.sent(moves);
            if moves.makes_code && moves.is_sensitive {
                self.made_code.extend(judged.spills.could_be.iter().cloned());
            }
            self.altered |= moves.tells || !moves.fills.is_empty();
        }
        self.altered |= judged.namings.iter().any(|naming| matches!(naming, Naming::Coins(_)));
        self.note_telling(judged);
        if !judged.is_still {
            self.temporary.stirred();
        }
        if judged.refusal().is_none() {
            judged.gives.iter().for_each(|name| self.temporary.gives(name));
            self.renamed.sent(&judged.renames);
            self.renamed.alters(&judged.alters);
            // A procedure or block can commit what it has done, and fail then.
            if judged.described.effects.iter().any(|effect| matches!(*effect, "call" | "do")) {
                self.temporary.keep_given();
            }
        }
        if judged.refusal().is_none() && !judged.namings.is_empty() {
            self.given.sent(&judged.namings);
            self.altered = true;
        }
        let (forgets, copy_in) = match judged.refusal() {
            None if judged.takes_copy_data => (self.forget(judged), CopyIn::Ahead),
            None => (self.forget(judged), CopyIn::Never),
            Some(_) => (None, CopyIn::Never),
        };
        Running {
            execution: Execution::new(started),
            judged: Rc::clone(judged),
            planned: None,
            found: Found::default(),
            forgets,
            copy_in,
            copy_out: None,
        }
    }

    /// Notes that a statement is sent, or code of one runs, that can tell of something sensitive.
    fn note_telling(&mut self, judged: &Judged) {
        if judged.refusal().is_none() && (judged.tells() || self.moving.tells()) {
            self.telling.sent();
            self.telling.opened |= judged.opens != Opens::None;
            if Opens::Constant <= judged.opens {
                self.telling.named = Some(self.sequence);
            }
        }
    }

    /// Notes that a statement is sent that takes names away, or gives some.
    fn forget(&mut self, judged: &Judged) -> Option<Box<Forgotten>> {
        self.sight.meddled |= judged.meddles;
        if judged.forgets.is_empty() && judged.makes.is_none() {
            return None;
        }
        let section = self.section;
        let mut forgets = Forgotten::default();
        for forgotten in &judged.forgets {
            match forgotten {
                Forgets::All => forgets.statements.extend(self.prepared.change_all(section)),
                Forgets::Statement(name) => {
                    forgets.statements.push(self.prepared.change(name.as_bytes(), section, None));
                }
                Forgets::Portal(name) => {
                    forgets.portals.push(self.portals.change(name.as_bytes(), section, None));
                }
                Forgets::Portals => forgets.portals.extend(self.portals.change_all(section)),
                // Looked at when it is completed.
                Forgets::Temporary => {}
            }
        }
        match &judged.makes {
            Some((Makes::Prepared(name), read)) => {
                let made = Some(Rc::new(Prepared::by_sql(read)));
                forgets.statements.push(self.prepared.change(name.as_bytes(), section, made));
            }
            Some((Makes::Cursor { name, holds }, read)) => {
                let made =
                    Some(Rc::new(Portal::cursor(read, *holds, self.sequence, judged.opens_as.as_ref())));
                forgets.portals.push(self.portals.change(name.as_bytes(), section, made));
            }
            None => {}
        }
        Some(Box::new(forgets))
    }

    /// Records the end of one execution. If it was completed, the names that it takes away are gone; a refused Parse takes
    /// the unnamed statement away by failing.
    pub(crate) fn finish(&mut self, mut running: Running, outcome: Outcome, out: &mut Vec<Action>) {
        running.end_result();
        let is_done = outcome == Outcome::Completed;
        if let Some(change) = &running.judged.temporary {
            self.temporary.answered(change, is_done);
        }
        if let Some(change) = running.judged.gives_reason.as_ref().filter(|_| is_done) {
            self.reasons.0.changed(change);
        }
        if let Some(change) = running.judged.path_change() {
            self.path.answered(change, is_done);
        }
        if let Some(forgets) = &running.forgets {
            if forgets.unnamed && matches!(outcome, Outcome::Failed(_)) {
                self.prepared.forget_unnamed();
            }
            forgets.statements.iter().for_each(|changed| self.prepared.answered(changed, is_done));
            forgets.portals.iter().for_each(|changed| self.portals.answered(changed, is_done));
        }
        out.push(Action::Record(running.execution.finish(outcome)));
        out.extend(self.sightings.take().map(Action::Sighted));
    }
}

/// Records the end of an execution that nothing has executed.
pub(crate) fn end_begun(started: Rc<Started>, outcome: Outcome, out: &mut Vec<Action>) {
    out.push(Action::Record(Execution::new(started).finish(outcome)));
}
