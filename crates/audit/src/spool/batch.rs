//! What the reader of the spool takes and gives back: batches that are the same however often they are sent.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::PoisonError;

use uuid::Uuid;

use crate::record::Record;

use super::cursor::Position;
use super::error::SpoolError;
use super::frame::{self, Found};
use super::segment::SegmentNumber;
use super::tail::ReadFrom;
use super::{Spool, segment};

/// Records that wait, in the order in which they were appended.
#[derive(Debug)]
pub struct Batch {
    /// The records.
    pub records: Vec<Record>,
    spool: Uuid,
    segment: SegmentNumber,
    begin: u64,
    end: u64,
    /// Readable frames, of which some may not be understood.
    frames: u64,
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
        format!("{}-{}-{}-{}", self.spool, self.segment.0, self.begin, self.end)
    }
}

impl Spool {
    /// The oldest records that are not acknowledged, at most `records_max` and `bytes_max` of them, but one at least;
    /// `None` where nothing waits. Until it is acknowledged, every call returns the same batch.
    pub fn next_batch(&self, records_max: usize, bytes_max: usize) -> Result<Option<Batch>, SpoolError> {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // A statement of its own: `match` would hold the lock over the reading.
            let from = self.tail().read_from();
            let Some(from) = from else { return Ok(None) };
            let begin = from.cursor.at.offset;
            let bytes = read(&from)?;
            let taken = match from.cursor.pending_end {
                Some(_) => take(&bytes, usize::MAX, usize::MAX),
                None => take(&bytes, records_max, bytes_max),
            };
            let end = begin + taken.len as u64;
            let number = from.segment.number;
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
                tail.acknowledge(Position { segment: number, offset: end }, taken.frames);
                continue;
            }
            tail.begin(end);
            return Ok(Some(Batch {
                records: taken.records,
                spool: from.cursor.spool,
                segment: number,
                begin,
                end,
                frames: taken.frames,
            }));
        }
    }

    /// Forgets `batch`: the ledger has it.
    pub fn acknowledge(&self, batch: &Batch) {
        let end = Position { segment: batch.segment, offset: batch.end };
        self.tail().acknowledge(end, batch.frames);
    }
}

/// Reads the rest of a segment, or the batch that may have been sent.
fn read(from: &ReadFrom) -> Result<Vec<u8>, SpoolError> {
    let begin = from.cursor.at.offset;
    let end = from.cursor.pending_end.map_or(from.segment.len, |end| end.min(from.segment.len));
    let file = File::open(&from.path).map_err(SpoolError::read(&from.path))?;
    let mut bytes = vec![0; usize::try_from(end.saturating_sub(begin)).unwrap_or_default()];
    file.read_exact_at(&mut bytes, begin).map_err(SpoolError::read(&from.path))?;
    Ok(bytes)
}

fn take(bytes: &[u8], records_max: usize, bytes_max: usize) -> Taken {
    let mut taken = Taken::default();
    while taken.len < bytes.len() && taken.records.len() < records_max {
        match frame::look(bytes, taken.len) {
            Found::Frame { end, .. } if !taken.records.is_empty() && bytes_max < end => break,
            Found::Frame { payload, end } => {
                match serde_json::from_slice(bytes.get(payload).unwrap_or_default()) {
                    Ok(record) => taken.records.push(record),
                    Err(_) => taken.damage = Some("a record is not understood by this version"),
                }
                taken.frames += 1;
                taken.len = end;
            }
            Found::Torn | Found::Damage => {
                taken.damage = Some("a part of it is unreadable");
                taken.len = frame::next_whole(bytes, taken.len).unwrap_or(bytes.len());
            }
        }
    }
    taken
}
