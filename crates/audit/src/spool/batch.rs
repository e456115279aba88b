//! What the reader of the spool takes and gives back: batches that are the same however often they are sent.

use std::collections::HashSet;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::PoisonError;

use foldhash::fast::RandomState;
use uuid::Uuid;

use crate::chain::Head;
use crate::record::Record;

use super::cursor::Position;
use super::error::SpoolError;
use super::execution::Statements;
use super::frame::{self, Found, Kind};
use super::segment::SegmentNumber;
use super::tail::ReadFrom;
use super::{Spool, segment};

/// Most bytes of the ledger in one batch, but for those of its last record: what many executions share lies in the spool once, and in the
/// ledger with each of them. Half of it takes a ledger on a small machine some seconds.
const LEDGER_BYTES_MAX: usize = 64 << 20;

/// Records that wait, in the order in which they were appended.
#[derive(Debug)]
pub struct Batch {
    /// The records.
    pub records: Vec<Record>,
    /// Whose chain they continue.
    pub writer: Uuid,
    /// How far that chain has come before them.
    pub before: Head,
    segment: SegmentNumber,
    begin: u64,
    end: u64,
    /// Readable frames, of which some may not be understood.
    frames: u64,
}

/// What the reader remembers between two batches.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The segment that `statements` are of, and how far it was read for them.
    at: Option<Position>,
    statements: Statements,
}

/// What was read of a segment.
#[derive(Debug, Default)]
struct Taken {
    records: Vec<Record>,
    frames: u64,
    len: usize,
    damage: Option<&'static str>,
}

impl Batch {
    /// Names the batch for ClickHouse's deduplication: the same bytes of the same spool, after a crash too.
    pub fn token(&self) -> String {
        format!("{}-{}-{}-{}", self.writer, self.segment.0, self.begin, self.end)
    }
}

impl Spool {
    /// The oldest records that are not acknowledged, at most `records_max` and `bytes_max` of them, but one at least;
    /// `None` where nothing waits. Until it is acknowledged, every call returns the same batch.
    pub fn next_batch(&self, records_max: usize, bytes_max: usize) -> Result<Option<Batch>, SpoolError> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // A statement of its own: `match` would hold the lock over the reading.
            let from = self.tail().read_from();
            let Some(from) = from else { return Ok(None) };
            let begin = from.cursor.at.offset;
            let number = from.segment.number;
            reading.catch_up(&from)?;
            let bytes = read(&from)?;
            let mut taken = match from.cursor.pending_end {
                Some(_) => take(&bytes, usize::MAX, usize::MAX, usize::MAX, &mut reading.statements),
                None => take(&bytes, records_max, bytes_max, LEDGER_BYTES_MAX, &mut reading.statements),
            };
            taken.join_halves();
            let end = begin + taken.len as u64;
            reading.at = Some(Position { segment: number, offset: end });
            let mut tail = self.tail();
            if let Some(damage) = taken.damage
                && tail.set_aside(number)?
            {
                let broken = segment::path(&self.dir, number, true);
                tracing::warn!(
                    segment = %broken.display(),
                    "spool segment set aside: {damage}; its other records are delivered"
                );
            }
            if taken.records.is_empty() {
                let before = from.cursor.chain;
                tail.acknowledge(Position { segment: number, offset: end }, taken.frames, before);
                continue;
            }
            let cursor = tail.begin(end);
            return Ok(Some(Batch {
                records: taken.records,
                writer: cursor.spool,
                before: cursor.chain,
                segment: number,
                begin,
                end,
                frames: taken.frames,
            }));
        }
    }

    /// Forgets `batch`: the ledger has it, and its chain has come to `head`.
    pub fn acknowledge(&self, batch: &Batch, head: Head) {
        let end = Position { segment: batch.segment, offset: batch.end };
        self.tail().acknowledge(end, batch.frames, head);
    }
}

/// Reads the rest of a segment, or the batch that may have been sent.
fn read(from: &ReadFrom) -> Result<Vec<u8>, SpoolError> {
    let begin = from.cursor.at.offset;
    let end = from.cursor.pending_end.map_or(from.segment.len, |end| end.min(from.segment.len));
    read_range(&from.path, begin..end)
}

fn read_range(path: &Path, range: Range<u64>) -> Result<Vec<u8>, SpoolError> {
    let mut bytes = vec![0; usize::try_from(range.end.saturating_sub(range.start)).unwrap_or_default()];
    if !bytes.is_empty() {
        let file = File::open(path).map_err(SpoolError::read(path))?;
        file.read_exact_at(&mut bytes, range.start).map_err(SpoolError::read(path))?;
    }
    Ok(bytes)
}

fn take(
    bytes: &[u8],
    records_max: usize,
    bytes_max: usize,
    ledger_bytes_max: usize,
    statements: &mut Statements,
) -> Taken {
    let mut taken = Taken::default();
    let mut ledger_bytes = 0;
    while taken.len < bytes.len() && taken.records.len() < records_max && ledger_bytes < ledger_bytes_max {
        match frame::look(bytes, taken.len) {
            Found::Frame { end, .. } if !taken.records.is_empty() && bytes_max < end => break,
            Found::Frame { payload, end } => {
                let kind = bytes.get(payload).and_then(Kind::of);
                let understood = match kind {
                    Some((Kind::Statement, payload)) => statements.note(payload),
                    Some((
                        kind @ (Kind::Execution | Kind::ValuedExecution | Kind::MaskedExecution),
                        payload,
                    )) => statements.record(kind, payload).map(|execution| {
                        ledger_bytes += execution.bytes();
                        taken.records.push(Record::Statement(execution));
                    }),
                    Some((Kind::Record, payload)) => {
                        serde_json::from_slice(payload).ok().map(|record| taken.records.push(record))
                    }
                    None => None,
                };
                if understood.is_none() {
                    taken.damage = Some("a record is not understood by this version");
                }
                taken.frames += u64::from(!matches!(kind, Some((Kind::Statement, _))));
                taken.len = end;
            }
            Found::End | Found::Torn | Found::Damage => {
                taken.damage = Some("a part of it is unreadable");
                taken.len = frame::next_whole(bytes, taken.len).unwrap_or(bytes.len());
            }
        }
    }
    taken
}

impl Taken {
    /// Where both the start and the end of an execution are there, the end says all that the start says.
    fn join_halves(&mut self) {
        let ended: HashSet<(Uuid, u64), RandomState> = self
            .records
            .iter()
            .filter_map(|record| match record {
                Record::Statement(statement) if statement.finished_at.is_some() => {
                    Some((statement.session_id, statement.sequence))
                }
                _ => None,
            })
            .collect();
        self.records.retain(|record| match record {
            Record::Statement(statement) => {
                statement.finished_at.is_some()
                    || !ended.contains(&(statement.session_id, statement.sequence))
            }
            _ => true,
        });
    }
}

impl Reading {
    /// Reads the statements that lie before the cursor, where that was not done yet: after a restart.
    fn catch_up(&mut self, from: &ReadFrom) -> Result<(), SpoolError> {
        let to = from.cursor.at;
        let begin = match self.at {
            Some(at) if at.segment == to.segment => at.offset,
            _ => {
                self.statements = Statements::default();
                segment::HEADER_BYTES
            }
        };
        let bytes = read_range(&from.path, begin..to.offset)?;
        let mut offset = 0;
        while offset < bytes.len() {
            match frame::look(&bytes, offset) {
                Found::Frame { payload, end } => {
                    if let Some((Kind::Statement, payload)) = bytes.get(payload).and_then(Kind::of) {
                        // Whether it was understood was told when its batch was taken.
                        let _ = self.statements.note(payload);
                    }
                    offset = end;
                }
                Found::End | Found::Torn | Found::Damage => {
                    offset = frame::next_whole(&bytes, offset).unwrap_or(bytes.len());
                }
            }
        }
        self.at = Some(to);
        Ok(())
    }
}
