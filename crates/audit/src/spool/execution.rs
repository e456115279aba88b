//! How executions of statements lie in a segment: what they have in common once for each segment, and then a few dozen
//! bytes for each start and each end.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::record::{Outcome, Statement, StatementRecord, UnixMicros};

use super::error::SpoolError;
use super::frame::{self, Kind};

/// Text of a statement that was in a part of the spool that is unreadable.
const LOST: &str = "(the part of the spool that held this statement is unreadable)";

/// What stands between two parameters.
const BETWEEN: char = '\0';

/// Room for frames that is kept for the next ones.
const FRAMES_BYTES_KEPT: usize = 512;

/// A statement that executions refer to; from [`Spool::introduce`](super::Spool::introduce).
#[derive(Clone, Debug)]
pub struct Introduced {
    pub(super) id: u64,
    pub(super) shared: Arc<IntroducedStatement>,
}

#[derive(Debug)]
pub(super) struct IntroducedStatement {
    pub(super) statement: Statement,
    /// Number of the segment that it was written to last. It is read and written under the spool's lock only.
    pub(super) written_to: AtomicU64,
}

impl Introduced {
    pub(super) fn new(id: u64, statement: Statement) -> Self {
        Introduced {
            id,
            shared: Arc::new(IntroducedStatement { statement, written_to: AtomicU64::new(u64::MAX) }),
        }
    }
}

/// The start or the end of one execution.
#[derive(Clone)]
pub struct Execution<'a> {
    /// What runs.
    pub statement: Introduced,
    /// Its text, where it has other literals than that of `statement`.
    pub text: Option<&'a str>,
    /// Hashes of values that it was given, besides those of `statement`.
    pub values: &'a [u64],
    /// What its parameters are bound to, with NUL between two; `None` where it has none.
    pub parameters: Option<&'a str>,
    /// As in [`StatementRecord`].
    pub session_id: Uuid,
    /// As in [`StatementRecord`].
    pub sequence: u64,
    /// As in [`StatementRecord`].
    pub started_at: UnixMicros,
    /// As in [`StatementRecord`].
    pub finished_at: Option<UnixMicros>,
    /// As in [`StatementRecord`].
    pub principal: &'a str,
    /// As in [`StatementRecord`].
    pub database: &'a str,
    /// As in [`StatementRecord`].
    pub outcome: Outcome,
    /// As in [`StatementRecord`].
    pub rows: u64,
    /// As in [`StatementRecord`].
    pub bytes: u64,
    /// As in [`StatementRecord`].
    pub sqlstate: &'a str,
}

/// Executions that are kept together, all or none of them.
#[derive(Debug, Default)]
pub struct Executions {
    pub(super) frames: Vec<u8>,
    /// What they refer to.
    pub(super) statements: Vec<Introduced>,
    pub(super) records: u64,
}

impl Executions {
    /// Adds one. Where that fails, the others are as they were.
    pub fn push(&mut self, execution: Execution<'_>) -> Result<(), SpoolError> {
        write_execution(&execution, &mut self.frames)?;
        self.records += 1;
        if self.statements.last().is_none_or(|last| last.id != execution.statement.id) {
            self.statements.push(execution.statement);
        }
        Ok(())
    }

    /// Takes all of them out again.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.frames.shrink_to(FRAMES_BYTES_KEPT);
        self.statements.clear();
        self.records = 0;
    }
}

/// SQL text stays out of logs.
impl fmt::Debug for Execution<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution")
            .field("statement", &self.statement)
            .field("session_id", &self.session_id)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

/// A statement as it lies there, in JSON: few are written, and fields can be added.
#[derive(Serialize)]
struct WrittenStatement<'a> {
    id: u64,
    statement: &'a Statement,
}

#[derive(Deserialize)]
struct ReadStatement {
    id: u64,
    statement: Statement,
}

/// An execution as it lies there, in postcard's format: every statement that is run writes two. Behind one that was given values lie the
/// list of their hashes and its parameters.
// INVARIANT: a change of these fields is a new format of segments.
#[derive(Serialize, Deserialize)]
struct Lying<'a> {
    statement: u64,
    #[serde(borrow)]
    text: Option<&'a str>,
    session_id: Uuid,
    sequence: u64,
    started_at: i64,
    finished_at: Option<i64>,
    principal: &'a str,
    database: &'a str,
    outcome: u8,
    rows: u64,
    bytes: u64,
    sqlstate: &'a str,
}

/// By the number that stands for each; a new one comes last.
const OUTCOMES: [Outcome; 6] = [
    Outcome::Running,
    Outcome::Completed,
    Outcome::Failed,
    Outcome::Skipped,
    Outcome::Lost,
    Outcome::Prepared,
];

/// Appends the frame of a statement.
pub(super) fn write_statement(introduced: &Introduced, out: &mut Vec<u8>) -> Result<(), SpoolError> {
    let written = WrittenStatement { id: introduced.id, statement: &introduced.shared.statement };
    frame::write_kind(Kind::Statement, out, |out| Ok(serde_json::to_writer(out, &written)?))
}

/// Appends the frame of an execution.
fn write_execution(execution: &Execution<'_>, out: &mut Vec<u8>) -> Result<(), SpoolError> {
    let outcome = OUTCOMES.iter().position(|outcome| *outcome == execution.outcome).unwrap_or_default();
    let lying = Lying {
        statement: execution.statement.id,
        text: execution.text,
        session_id: execution.session_id,
        sequence: execution.sequence,
        started_at: execution.started_at.0,
        finished_at: execution.finished_at.map(|at| at.0),
        principal: execution.principal,
        database: execution.database,
        outcome: u8::try_from(outcome).unwrap_or_default(),
        rows: execution.rows,
        bytes: execution.bytes,
        sqlstate: execution.sqlstate,
    };
    let has_values = !execution.values.is_empty() || execution.parameters.is_some();
    let kind = if has_values { Kind::ValuedExecution } else { Kind::Execution };
    frame::write_kind(kind, out, |out| {
        *out = postcard::to_extend(&lying, std::mem::take(out)).map_err(SpoolError::EncodeExecution)?;
        if kind == Kind::ValuedExecution {
            *out = postcard::to_extend(&(execution.values, execution.parameters), std::mem::take(out))
                .map_err(SpoolError::EncodeExecution)?;
        }
        Ok(())
    })
}

/// The statements of one segment, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Statements {
    known: HashMap<u64, Arc<Statement>, RandomState>,
    /// The names that were read last: nearly always the next ones too.
    principal: Arc<str>,
    database: Arc<str>,
}

impl Statements {
    /// Notes a statement; `None` where the payload is not one.
    pub(super) fn note(&mut self, payload: &[u8]) -> Option<()> {
        let ReadStatement { id, statement } = serde_json::from_slice(payload).ok()?;
        self.known.insert(id, Arc::new(statement));
        Some(())
    }

    /// The whole record of an execution; `None` where the payload is not one.
    pub(super) fn record(&mut self, kind: Kind, payload: &[u8]) -> Option<StatementRecord> {
        type Given<'a> = (Vec<u64>, Option<&'a str>);
        let (lying, (own_values, parameters)): (Lying<'_>, Given<'_>) = match kind {
            Kind::ValuedExecution => postcard::from_bytes(payload).ok()?,
            _ => (postcard::from_bytes(payload).ok()?, Given::default()),
        };
        let parameters = parameters.into_iter().flat_map(|all| all.split(BETWEEN));
        Some(StatementRecord {
            session_id: lying.session_id,
            sequence: lying.sequence,
            started_at: UnixMicros(lying.started_at),
            finished_at: lying.finished_at.map(UnixMicros),
            principal: interned(&mut self.principal, lying.principal),
            database: interned(&mut self.database, lying.database),
            statement: self.known.get(&lying.statement).map_or_else(lost, Arc::clone),
            own_text: lying.text.map(Box::from),
            own_values,
            parameters: parameters.map(Box::from).collect(),
            outcome: OUTCOMES.get(usize::from(lying.outcome)).copied()?,
            rows: lying.rows,
            bytes: lying.bytes,
            sqlstate: lying.sqlstate.to_owned(),
        })
    }
}

/// Evidence of an execution stays evidence without its statement.
fn lost() -> Arc<Statement> {
    Arc::new(Statement { text: LOST.to_owned(), ..Statement::default() })
}

fn interned(last: &mut Arc<str>, text: &str) -> Arc<str> {
    if **last != *text {
        *last = text.into();
    }
    Arc::clone(last)
}
