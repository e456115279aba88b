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
    /// Values of its result that were masked.
    pub masked: u64,
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
/// list of their hashes and its parameters; behind one of whose result values were masked those too, and how many.
// INVARIANT: a change of these fields is a new format of segments. `write_execution` writes them one by one.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
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

/// Bits of a number that eight bytes take.
const EIGHT_BYTES_BITS: u32 = 56;

/// The bits of eight bytes that say that more follow.
const MORE_FOLLOW: u64 = 0x8080_8080_8080_8080;

/// Room for the numbers of an execution.
const NUMBERS_BYTES: usize = 64;

/// Appends the frame of an execution: [`Lying`] as postcard writes it.
fn write_execution(execution: &Execution<'_>, out: &mut Vec<u8>) -> Result<(), SpoolError> {
    let Execution { ref statement, text, values, parameters, session_id, sequence, .. } = *execution;
    let Execution {
        started_at,
        finished_at,
        principal,
        database,
        outcome,
        rows,
        bytes,
        masked,
        sqlstate,
        ..
    } = *execution;
    let outcome = OUTCOMES.iter().position(|known| *known == outcome).unwrap_or_default();
    let has_values = 0 < masked || !values.is_empty() || parameters.is_some();
    let kind = match (masked, has_values) {
        (0, false) => Kind::Execution,
        (0, true) => Kind::ValuedExecution,
        _ => Kind::MaskedExecution,
    };
    let texts = [text, Some(principal), Some(database), Some(sqlstate), parameters].into_iter().flatten();
    let texts_bytes: usize = texts.map(str::len).sum();
    out.reserve(frame::HEADER_BYTES + NUMBERS_BYTES + texts_bytes);
    frame::write_kind(kind, out, |out| {
        number(statement.id, out);
        maybe_text(text, out);
        bytes_of(session_id.as_bytes(), out);
        number(sequence, out);
        number(folded(started_at), out);
        match finished_at {
            Some(at) => {
                out.push(1);
                number(folded(at), out);
            }
            None => out.push(0),
        }
        bytes_of(principal.as_bytes(), out);
        bytes_of(database.as_bytes(), out);
        out.push(u8::try_from(outcome).unwrap_or_default());
        number(rows, out);
        number(bytes, out);
        bytes_of(sqlstate.as_bytes(), out);
        if has_values {
            number(values.len() as u64, out);
            values.iter().for_each(|value| number(*value, out));
            maybe_text(parameters, out);
        }
        if 0 < masked {
            number(masked, out);
        }
        Ok(())
    })
}

/// Seven bits in each byte, the lowest first, and the highest bit of a byte where more follow.
fn number(number: u64, out: &mut Vec<u8>) {
    if number < 0x80 {
        return out.push(number.to_le_bytes()[0]);
    }
    let (first, left) = (number & ((1 << EIGHT_BYTES_BITS) - 1), number >> EIGHT_BYTES_BITS);
    // In halves, quarters, and then bytes of the 64 bits that the first eight bytes are.
    let spread = first & 0x0fff_ffff | (first & 0x00ff_ffff_f000_0000) << 4;
    let spread = spread & 0x3fff_0000_3fff | (spread & 0x0fff_c000_0fff_c000) << 2;
    let spread = spread & 0x007f_007f_007f_007f | (spread & 0x3f80_3f80_3f80_3f80) << 1;
    let before = out.len();
    if 0 < left {
        out.extend_from_slice(&(spread | MORE_FOLLOW).to_le_bytes());
        return self::number(left, out);
    }
    let behind_bits = spread.leading_zeros() & !7;
    let follow = MORE_FOLLOW & ((u64::MAX >> behind_bits) >> 8);
    out.extend_from_slice(&(spread | follow).to_le_bytes());
    out.truncate(before + (8 - behind_bits as usize / 8));
}

/// Small numbers stay small whichever sign they have.
fn folded(UnixMicros(at): UnixMicros) -> u64 {
    ((at << 1) ^ (at >> 63)).cast_unsigned()
}

fn bytes_of(bytes: &[u8], out: &mut Vec<u8>) {
    number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn maybe_text(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => {
            out.push(1);
            bytes_of(text.as_bytes(), out);
        }
        None => out.push(0),
    }
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
        let (lying, (own_values, parameters), masked_values): (Lying<'_>, Given<'_>, u64) = match kind {
            Kind::MaskedExecution => postcard::from_bytes(payload).ok()?,
            Kind::ValuedExecution => {
                let (lying, given) = postcard::from_bytes(payload).ok()?;
                (lying, given, 0)
            }
            _ => (postcard::from_bytes(payload).ok()?, Given::default(), 0),
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
            masked_values,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A number of any length.
    fn any_number() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0_u32..64).prop_map(|(bits, shift)| bits >> shift)
    }

    fn any_moment() -> impl Strategy<Value = UnixMicros> {
        any_number().prop_map(|bits| UnixMicros(bits.cast_signed()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// What earlier versions have written is read by the same reader.
        #[test]
        fn executions_lie_as_postcard_writes_them(
            numbers in [any_number(), any_number(), any_number(), any_number()],
            masked in prop_oneof![Just(0), any_number()],
            moments in (any_moment(), proptest::option::of(any_moment())),
            text in proptest::option::of(".{0,200}"),
            names in [".{0,20}", ".{0,20}", "[0-9A-Z]{0,5}"],
            session_id: u128,
            outcome in 0..OUTCOMES.len(),
            values in proptest::collection::vec(any_number(), 0..4),
            parameters in proptest::option::of(".{0,200}"),
        ) {
            let [id, sequence, rows, bytes] = numbers;
            let [principal, database, sqlstate] = &names;
            let session_id = Uuid::from_u128(session_id);
            let execution = Execution {
                statement: Introduced::new(id, Statement::default()),
                text: text.as_deref(),
                values: &values,
                parameters: parameters.as_deref(),
                session_id,
                sequence,
                started_at: moments.0,
                finished_at: moments.1,
                principal,
                database,
                outcome: OUTCOMES[outcome],
                rows,
                bytes,
                masked,
                sqlstate,
            };
            let lying = Lying {
                statement: id,
                text: text.as_deref(),
                session_id,
                sequence,
                started_at: moments.0.0,
                finished_at: moments.1.map(|at| at.0),
                principal,
                database,
                outcome: u8::try_from(outcome).unwrap(),
                rows,
                bytes,
                sqlstate,
            };
            let mut payload = vec![b'x'];
            payload = postcard::to_extend(&lying, payload).unwrap();
            if 0 < masked {
                payload[0] = b'm';
                payload = postcard::to_extend(&(&values, parameters.as_deref(), masked), payload).unwrap();
            } else if !values.is_empty() || parameters.is_some() {
                payload[0] = b'v';
                payload = postcard::to_extend(&(&values, parameters.as_deref()), payload).unwrap();
            }
            let mut frames = b"before".to_vec();
            write_execution(&execution, &mut frames).unwrap();
            let found = frame::look(&frames, 6);
            prop_assert_eq!(found, frame::Found::Frame { payload: 14..frames.len(), end: frames.len() });
            prop_assert_eq!(&frames[14..], payload.as_slice());
        }
    }
}
