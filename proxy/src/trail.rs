//! Turns what the sessions of one thread have to say into records, and hands them to the spool before anything is
//! forwarded: the start of a statement before the database sees it, its end before the client does.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::rc::Rc;
use std::sync::Arc;

use audit::record::{self, AlertKind, AlertRecord, Record, SessionRecord, UnixMicros};
use audit::spool::{Execution, Executions, Introduced, Spool, SpoolError};
use foldhash::fast::RandomState;
use rustix::time::{ClockId, Timespec, clock_gettime};
use session::{Described, Evidence, Finished, Outcome, Probing, ResultNames, Started};
use uuid::Uuid;

use crate::beginnings::Beginnings;
use crate::history::{History, Past};
use crate::tally::Tally;

/// Most statements that a thread knows to have introduced; then it introduces them again.
const INTRODUCED_MAX: usize = 8_192;

/// Most bytes of their texts, of which each is kept two or three times.
const INTRODUCED_BYTES_MAX: usize = 8 << 20;

/// Most bytes of a text, and of what it has in common with others, that are in the record of each execution of it: a client sends it once and
/// runs it often. All of it is in the record of the first in the session.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Most hashes of values in a text, likewise.
const TEXT_VALUES_MAX: usize = 1_000;

/// Most long texts of a session of which is known that a record has all; then they are recorded again.
const LONG_TEXTS_MAX: usize = 1_000;

/// Most later names of a session that its record has.
const NAMES_MAX: usize = 16;

/// What the sessions of one thread share of their trails.
pub(crate) struct Desk {
    spool: Arc<Spool>,
    tally: Arc<Tally>,
    introduced: RefCell<IntroducedStatements>,
}

#[derive(Default)]
struct IntroducedStatements {
    known: HashMap<Key, Known, RandomState>,
    /// What was looked up last with a result, and without one: nearly always what is looked up next.
    last: [Option<(Key, Introduced)>; 2],
    text_bytes: usize,
}

/// A statement and its result, by where they are in memory.
type Key = (*const Described, *const ResultNames);

/// Keeps what a key points at where it is.
struct Known {
    introduced: Introduced,
    _described: Rc<Described>,
    _result: Option<Rc<ResultNames>>,
}

/// The trail of one session.
pub(crate) struct Trail {
    desk: Rc<Desk>,
    session: SessionRecord,
    running: Beginnings,
    history: History,
    /// The executions that have all of a long text, by the text's hash.
    long: HashMap<u64, u64, RandomState>,
    /// What was taken and is not stored. Of this session alone: what cannot be stored must not stop others.
    waiting: Executions,
}

impl Desk {
    pub(crate) fn new(spool: Arc<Spool>, tally: Arc<Tally>) -> Rc<Self> {
        Rc::new(Desk { spool, tally, introduced: RefCell::default() })
    }

    fn introduce(&self, described: &Rc<Described>, result: Option<&Rc<ResultNames>>) -> Introduced {
        let key = (Rc::as_ptr(described), result.map_or(std::ptr::null(), Rc::as_ptr));
        let mut introduced = self.introduced.borrow_mut();
        let IntroducedStatements { known, last, text_bytes: _ } = &mut *introduced;
        let [alone, with_result] = last;
        let last = if result.is_some() { with_result } else { alone };
        if let Some((of, introduced)) = last
            && *of == key
        {
            return introduced.clone();
        }
        if let Some(known) = known.get(&key) {
            return last.insert((key, known.introduced.clone())).1.clone();
        }
        introduced.text_bytes += described.text.len();
        if INTRODUCED_MAX <= introduced.known.len() || INTRODUCED_BYTES_MAX < introduced.text_bytes {
            // A key may mean something else as soon as what it points at is gone.
            introduced.last = Default::default();
            introduced.known.clear();
            introduced.text_bytes = described.text.len();
        }
        let known = Known {
            introduced: self.spool.introduce(statement(described, result.map(Rc::as_ref))),
            _described: Rc::clone(described),
            _result: result.cloned(),
        };
        introduced.known.entry(key).or_insert(known).introduced.clone()
    }
}

impl Trail {
    /// Records that a session began.
    pub(crate) fn begin(desk: Rc<Desk>, session: SessionRecord) -> Result<Self, SpoolError> {
        desk.spool.append(&[Record::Session(session.clone())])?;
        let (running, history, long, waiting) = Default::default();
        Ok(Trail { desk, session, running, history, long, waiting })
    }

    /// Takes a record; it is stored by the next `store`.
    pub(crate) fn take(&mut self, evidence: &Evidence) -> Result<(), SpoolError> {
        match evidence {
            Evidence::Started(started) => self.start(started),
            Evidence::Finished(finished) => self.finish(finished),
            Evidence::Renamed(name) => {
                self.rename(name);
                Ok(())
            }
            Evidence::Probing(probing) => self.tell(*probing),
        }
    }

    /// Notes another name of the session; its record has it at the end.
    fn rename(&mut self, name: &str) {
        let SessionRecord { application_name, application_names, .. } = &mut self.session;
        let is_new = !name.is_empty()
            && name != application_name
            && !application_names.iter().any(|known| known == name);
        if is_new && application_names.len() < NAMES_MAX {
            application_names.push(name.to_owned());
        }
    }

    /// Records that its user asks too many questions, at once.
    fn tell(&self, probing: Probing) -> Result<(), SpoolError> {
        let SessionRecord { principal, session_id, database, host, .. } = &self.session;
        let Probing { questions, shape } = probing;
        tracing::warn!(user = principal, questions, "asks too much about values that are masked");
        let message = match shape {
            None => format!(
                "{principal} asks about values that are masked: more than {questions} questions within an hour look into them, and are \
                 refused (database {database}, session {session_id})"
            ),
            Some(shape) => format!(
                "{principal} searches for values that are masked: more than {questions} questions within an hour differ in constants that \
                 slide, and are refused (database {database}, session {session_id}, fingerprint {shape:016x})"
            ),
        };
        let alert = AlertRecord {
            alert_id: Uuid::now_v7(),
            raised_at: now(),
            host: host.clone(),
            kind: AlertKind::Probing,
            message,
            connection: None,
        };
        self.desk.spool.append(&[Record::Alert(alert)])
    }

    /// What the session is, and its last statements.
    pub(crate) fn so_far(&self) -> (&SessionRecord, Vec<Past>) {
        (&self.session, self.history.shown())
    }

    /// Stores what was taken.
    pub(crate) fn store(&mut self) -> Result<(), SpoolError> {
        self.desk.spool.append_executions(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }

    /// Records that the session ended.
    pub(crate) fn end(mut self, reason: &str) -> Result<(), SpoolError> {
        self.store()?;
        let mut session = self.session;
        session.ended_at = Some(now().max(session.started_at));
        session.end_reason = reason.to_owned();
        self.desk.spool.append(&[Record::Session(session)])
    }

    fn start(&mut self, started: &Started) -> Result<(), SpoolError> {
        let started_at = now();
        self.running.note(started.sequence, started_at);
        self.history.begins(started, started_at);
        let statement = self.desk.introduce(&started.statement, None);
        let text = self.text(started);
        let execution = begun(&self.session, statement, started, &text, started_at);
        self.waiting.push(execution)
    }

    fn finish(&mut self, finished: &Finished) -> Result<(), SpoolError> {
        let Finished { started, outcome, rows, bytes, masked, result } = finished;
        let now = now();
        let started_at = self.running.take(started.sequence).unwrap_or(now);
        // The clock may have been set back meanwhile, which is told.
        let finished_at = now.max(started_at);
        let Described { refused_by, observed_by, .. } = &*started.statement;
        self.desk.tally.note(!refused_by.is_empty(), !observed_by.is_empty(), outcome);
        let statement = self.desk.introduce(&started.statement, result.as_ref());
        let text = self.text(started);
        let (outcome, sqlstate) = match outcome {
            Outcome::Completed => (record::Outcome::Completed, ""),
            Outcome::Failed(sqlstate) => (record::Outcome::Failed, sqlstate.as_str()),
            Outcome::Skipped => (record::Outcome::Skipped, ""),
            Outcome::Lost => (record::Outcome::Lost, ""),
            Outcome::Prepared => (record::Outcome::Prepared, ""),
        };
        self.history.ends(started.sequence, outcome, sqlstate);
        let execution = Execution {
            finished_at: Some(finished_at),
            outcome,
            rows: *rows,
            bytes: *bytes,
            masked: *masked,
            sqlstate,
            ..begun(&self.session, statement, started, &text, started_at)
        };
        self.waiting.push(execution)
    }

    /// What the record of an execution has besides what its statement has.
    fn text<'s>(&mut self, started: &'s Started) -> Text<'s> {
        let Started { sequence, statement, text, values, .. } = started;
        let whole = text.as_deref().unwrap_or_else(|| statement.recorded_text());
        let is_long = TEXT_BYTES_MAX < whole.len() || TEXT_VALUES_MAX < statement.values().len();
        if !is_long {
            return Text { text: text.as_deref().map(Cow::Borrowed), values: Cow::Borrowed(values) };
        }
        let hash = self.long.hasher().hash_one(whole);
        if !self.long.contains_key(&hash) && LONG_TEXTS_MAX <= self.long.len() {
            self.long.clear();
        }
        if *self.long.entry(hash).or_insert(*sequence) != *sequence {
            let values = values.get(..values.len().min(TEXT_VALUES_MAX)).unwrap_or_default();
            return Text { text: text.as_deref().map(shortened), values: Cow::Borrowed(values) };
        }
        let of_text = text.is_none().then(|| statement.values()).into_iter().flatten();
        let values = of_text.chain(values).copied().collect();
        Text { text: Some(Cow::Borrowed(whole)), values: Cow::Owned(values) }
    }
}

/// What an execution has besides what its statement has.
struct Text<'s> {
    text: Option<Cow<'s, str>>,
    values: Cow<'s, [u64]>,
}

/// A text of any length as it is recorded of each execution.
fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    let begin = (0..=TEXT_BYTES_MAX).rev().find_map(|end| text.get(..end)).unwrap_or_default();
    Cow::Owned(format!("{begin} … ({} bytes; the first record of it in the session has all)", text.len()))
}

/// An execution that has just started.
fn begun<'a>(
    session: &'a SessionRecord,
    statement: Introduced,
    started: &'a Started,
    text: &'a Text<'_>,
    started_at: UnixMicros,
) -> Execution<'a> {
    Execution {
        statement,
        text: text.text.as_deref(),
        values: &text.values,
        parameters: started.parameters.as_deref(),
        session_id: session.session_id,
        sequence: started.sequence,
        started_at,
        finished_at: None,
        principal: &session.principal,
        database: &session.database,
        outcome: record::Outcome::Running,
        rows: 0,
        bytes: 0,
        masked: 0,
        sqlstate: "",
    }
}

/// What all executions have in common that have this result.
fn statement(described: &Described, result: Option<&ResultNames>) -> record::Statement {
    let Described {
        fingerprint,
        normalised,
        effects,
        touched,
        refused_by,
        observed_by,
        readers_disagree,
        ..
    } = described;
    let mut columns = touched.columns.clone();
    columns.extend(result.iter().flat_map(|result| result.returned.iter().cloned()));
    columns.sort_unstable();
    columns.dedup();
    let revealed = || result.iter().flat_map(|result| &result.revealed);
    record::Statement {
        text: shortened(described.recorded_text()).into_owned(),
        values: described.values().iter().take(TEXT_VALUES_MAX).copied().collect(),
        fingerprint: *fingerprint,
        normalised: shortened(normalised).into_owned(),
        effects: effects.iter().map(|effect| (*effect).to_owned()).collect(),
        relations_read: touched.read.clone(),
        relations_written: touched.written.clone(),
        columns,
        masked_columns: result.map(|result| result.masked.clone()).unwrap_or_default(),
        revealed_columns: revealed().map(|(column, _)| column.clone()).collect(),
        revealed_classes: revealed().map(|(_, class)| class.name().to_owned()).collect(),
        verdict: if refused_by.is_empty() { "allow" } else { "refuse" }.to_owned(),
        rules: refused_by.iter().chain(observed_by).map(|rule| rule.to_string()).collect(),
        readers_disagree: readers_disagree.clone(),
    }
}

/// The present moment. A clock before 1970 counts as 1970.
pub(crate) fn now() -> UnixMicros {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::Realtime);
    UnixMicros(tv_sec.saturating_mul(1_000_000).saturating_add(tv_nsec / 1_000).max(0))
}

#[cfg(test)]
mod tests {
    use audit::config::SpoolConfig;

    use super::*;

    const MANY: usize = 40;

    fn long(letter: char) -> Rc<Described> {
        let mut described = Described::default();
        described.text = letter.to_string().repeat(1 << 20);
        Rc::new(described)
    }

    fn spool() -> (tempfile::TempDir, Arc<Spool>) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(Spool::open(&SpoolConfig::new(folder.path().join("spool"))).unwrap());
        (folder, spool)
    }

    #[test]
    fn what_is_kept_of_long_texts_is_bounded_in_bytes() {
        let (_folder, spool) = spool();
        let desk = Desk::new(spool, Arc::default());
        let texts: Vec<_> = (0..MANY).map(|_| long('x')).collect();
        for text in &texts {
            desk.introduce(text, None);
            let kept = texts.iter().filter(|text| 1 < Rc::strong_count(text));
            let bytes: usize = kept.map(|text| text.text.len()).sum();
            assert!(bytes <= INTRODUCED_BYTES_MAX, "{bytes} bytes of texts are kept");
        }
    }

    #[test]
    fn all_of_a_long_text_is_recorded_once_in_a_session() {
        let (_folder, spool) = spool();
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
        let session = SessionRecord {
            session_id: Uuid::now_v7(),
            host: String::new(),
            started_at: now(),
            ended_at: None,
            end_reason: String::new(),
            principal: String::new(),
            authenticated_by: String::new(),
            actor: String::new(),
            kind: String::new(),
            groups: Vec::new(),
            database: String::new(),
            database_role: String::new(),
            environment: String::new(),
            application_name: String::new(),
            application_names: Vec::new(),
            client: nowhere,
            upstream_local: nowhere,
            upstream: nowhere,
            upstream_cookie: 0,
            backend_pid: 0,
        };
        let mut trail = Trail::begin(Desk::new(Arc::clone(&spool), Arc::default()), session).unwrap();
        let (one, other) = (long('x'), long('y'));
        for sequence in 1..=60 {
            let statement = Rc::clone(if sequence % 2 == 0 { &one } else { &other });
            let started = Started { sequence, statement, text: None, values: Vec::new(), parameters: None };
            let started = Rc::new(started);
            trail.take(&Evidence::Started(Rc::clone(&started))).unwrap();
            trail.store().unwrap();
        }
        assert!(spool.depth().bytes < 6 << 20, "{} bytes", spool.depth().bytes);
        let batch = spool.next_batch(usize::MAX, usize::MAX).unwrap().unwrap();
        let texts: Vec<usize> = batch
            .records
            .iter()
            .filter_map(|record| match record {
                Record::Statement(statement) => Some(statement.text().len()),
                _ => None,
            })
            .collect();
        let (first, others) = texts.split_at(2);
        assert_eq!(first, [1 << 20; 2]);
        assert_eq!(others.len(), 58);
        assert!(others.iter().all(|bytes| *bytes < 2 * TEXT_BYTES_MAX), "{others:?}");
    }
}
