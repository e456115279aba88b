//! The state of an open spool: its segments, the one that grows, and how far ClickHouse has acknowledged.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;

use uuid::Uuid;

use crate::chain::Head;

use super::Depth;
use super::ballast::Ballast;
use super::cursor::{Cursor, Position};
use super::error::SpoolError;
use super::execution::{self, Executions, Introduced};
use super::growing::{Growing, NotPut};
use super::segment::{self, SegmentNumber};

/// A file of the spool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) number: SegmentNumber,
    /// Bytes that may be read, header included.
    pub(super) len: u64,
    /// It was found damaged, and is kept for whoever looks into that.
    pub(super) set_aside: bool,
}

/// What the lock of the spool guards.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) dir: PathBuf,
    pub(super) bytes_max: u64,
    pub(super) segment_bytes: u64,
    /// Ascending; the last one grows.
    // INVARIANT: never empty, and the cursor is in the first one.
    pub(super) segments: VecDeque<Segment>,
    /// The file of the last segment.
    pub(super) growing: Growing,
    pub(super) ballast: Ballast,
    /// What was to be written last was not.
    pub(super) is_stuck: bool,
    pub(super) cursor: Cursor,
    /// Records that are not acknowledged.
    pub(super) records: u64,
    pub(super) bytes_on_disk: u64,
    /// The cursor on disk is behind, and that was told.
    pub(super) cursor_unstored: bool,
    /// Name of the spool in the cursor on disk.
    pub(super) stored_spool: Uuid,
    /// Files that were set aside, and not told yet.
    pub(super) newly_set_aside: Vec<PathBuf>,
    /// All files that were set aside, those that earlier processes have left too.
    pub(super) set_aside: u64,
}

/// What the reader reads next.
#[derive(Debug)]
pub(super) struct ReadFrom {
    pub(super) segment: Segment,
    pub(super) path: PathBuf,
    pub(super) cursor: Cursor,
}

impl Tail {
    /// Writes whole frames, or nothing.
    pub(super) fn append(&mut self, frames: &[u8], records: u64) -> Result<(), SpoolError> {
        self.make_way(frames.len() as u64)?;
        self.write(frames, records)
    }

    /// Writes the frames of `executions`, and before them the statements that the growing segment does not have yet.
    pub(super) fn append_executions(&mut self, executions: &Executions) -> Result<(), SpoolError> {
        let Executions { frames, statements, records } = executions;
        loop {
            let number = self.growing().number;
            let is_here = |introduced: &Introduced| introduced.shared.written_to.load(Relaxed) == number.0;
            let mut bytes = Cow::Borrowed(frames);
            if !statements.iter().all(is_here) {
                let mut fresh: Vec<_> = statements.iter().filter(|introduced| !is_here(introduced)).collect();
                fresh.sort_unstable_by_key(|introduced| introduced.id);
                fresh.dedup_by_key(|introduced| introduced.id);
                let mut with_statements = Vec::new();
                for introduced in fresh {
                    execution::write_statement(introduced, &mut with_statements)?;
                }
                with_statements.extend_from_slice(frames);
                bytes = Cow::Owned(with_statements);
            }
            self.make_way(bytes.len() as u64)?;
            if number != self.growing().number {
                // The new segment has no statements, and is not left for a newer one.
                continue;
            }
            self.write(&bytes, *records)?;
            if let Cow::Owned(_) = bytes {
                statements
                    .iter()
                    .for_each(|introduced| introduced.shared.written_to.store(number.0, Relaxed));
            }
            return Ok(());
        }
    }

    /// Makes sure that `len` bytes may be written, in a new segment where they do not fit this one.
    fn make_way(&mut self, len: u64) -> Result<(), SpoolError> {
        if self.bytes_max < self.bytes_on_disk + len {
            self.make_room()?;
        }
        if self.bytes_max < self.bytes_on_disk + len {
            let Depth { bytes, .. } = self.depth();
            return Err(SpoolError::Full { dir: self.dir.clone(), bytes, bytes_max: self.bytes_max });
        }
        let growing = self.growing();
        if segment::HEADER_BYTES < growing.len && self.segment_bytes < growing.len + len {
            self.roll()?;
        }
        Ok(())
    }

    fn write(&mut self, frames: &[u8], records: u64) -> Result<(), SpoolError> {
        let len = frames.len() as u64;
        let put = self.growing.append(frames);
        self.is_stuck = put.is_err();
        if let Err(NotPut { source, taken_back }) = put {
            let number = self.growing().number;
            if !taken_back {
                // What was written of the frames stays behind the end of that segment, where nobody reads.
                self.roll()?;
            }
            return Err(SpoolError::write(&segment::path(&self.dir, number, false))(source));
        }
        if let Some(growing) = self.segments.back_mut() {
            growing.len += len;
        }
        self.bytes_on_disk += len;
        self.records += records;
        Ok(())
    }

    pub(super) fn depth(&self) -> Depth {
        let unacknowledged = |segment: &Segment| {
            let begin = if segment.number == self.cursor.at.segment {
                self.cursor.at.offset
            } else {
                segment::HEADER_BYTES
            };
            segment.len.saturating_sub(begin)
        };
        let bytes = self.segments.iter().map(unacknowledged).sum();
        Depth { records: self.records, bytes, bytes_on_disk: self.bytes_on_disk }
    }

    /// Where the reader goes on; `None` where everything is acknowledged.
    pub(super) fn read_from(&mut self) -> Option<ReadFrom> {
        self.release();
        let segment = *self.segments.front()?;
        if segment.len <= self.cursor.at.offset {
            // Damage may have taken records that were counted.
            self.records = 0;
            return None;
        }
        let path = segment::path(&self.dir, segment.number, segment.set_aside);
        Some(ReadFrom { segment, path, cursor: self.cursor })
    }

    /// Remembers that what lies between the cursor and `end` may have been sent.
    pub(super) fn begin(&mut self, end: u64) -> Cursor {
        if self.cursor.pending_end != Some(end) {
            self.cursor.pending_end = Some(end);
            self.store_cursor();
            if self.cursor_unstored && self.cursor.spool == self.stored_spool {
                // After a crash this chain goes on from the cursor on disk, perhaps with other batches: what is sent
                // until then has a chain of its own, or there would be two ends of one.
                self.cursor.spool = Uuid::now_v7();
                self.cursor.chain = Head::default();
            }
        }
        self.cursor
    }

    /// Forgets what lies before `end`, which held `records` and brought the chain to `head`.
    pub(super) fn acknowledge(&mut self, end: Position, records: u64, head: Head) {
        self.records = self.records.saturating_sub(records);
        self.cursor.at = end;
        self.cursor.chain = head;
        self.cursor.pending_end = None;
        self.store_cursor();
        self.release();
        // The disk may be smaller than a segment.
        if self.is_stuck
            && let Err(error) = self.make_room()
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the spool has no room yet");
        }
    }

    /// Gives a damaged segment its other name. `false`: it had that name already.
    pub(super) fn set_aside(&mut self, number: SegmentNumber) -> Result<bool, SpoolError> {
        let Some(segment) = self.segments.iter_mut().find(|segment| segment.number == number) else {
            return Ok(false);
        };
        if segment.set_aside {
            return Ok(false);
        }
        let path = segment::path(&self.dir, number, false);
        let broken = segment::path(&self.dir, number, true);
        std::fs::rename(&path, &broken).map_err(SpoolError::write(&path))?;
        segment.set_aside = true;
        self.newly_set_aside.push(broken);
        self.set_aside += 1;
        if self.growing().number == number {
            self.roll()?;
        }
        Ok(true)
    }

    fn growing(&self) -> Segment {
        self.segments.back().copied().unwrap_or(Segment {
            number: self.cursor.at.segment,
            len: segment::HEADER_BYTES,
            set_aside: false,
        })
    }

    fn roll(&mut self) -> Result<(), SpoolError> {
        let number = self.growing().number.next();
        let create = || Growing::create(&self.dir, number, self.segment_bytes);
        self.growing = self.ballast.with_room(create)?;
        self.segments.push_back(Segment { number, len: segment::HEADER_BYTES, set_aside: false });
        self.bytes_on_disk += segment::HEADER_BYTES;
        Ok(())
    }

    /// Gets back the space of a growing segment whose records are all acknowledged.
    fn make_room(&mut self) -> Result<(), SpoolError> {
        let growing = self.growing();
        let acknowledged = Position { segment: growing.number, offset: growing.len };
        if self.cursor.at == acknowledged && segment::HEADER_BYTES < growing.len {
            self.roll()?;
            self.release();
        }
        Ok(())
    }

    /// Deletes segments whose records are all acknowledged.
    fn release(&mut self) {
        while let (Some(first), Some(second)) =
            (self.segments.front().copied(), self.segments.get(1).copied())
        {
            if first.number == self.cursor.at.segment && self.cursor.at.offset < first.len {
                return;
            }
            if !first.set_aside {
                let path = segment::path(&self.dir, first.number, false);
                if let Err(error) = std::fs::remove_file(&path) {
                    // The next start tries again.
                    tracing::warn!(path = %path.display(), %error, "spool segment not deleted");
                }
                self.ballast.take();
            }
            self.bytes_on_disk = self.bytes_on_disk.saturating_sub(first.len);
            self.segments.pop_front();
            self.cursor.at = Position { segment: second.number, offset: segment::HEADER_BYTES };
            self.cursor.pending_end = None;
        }
    }

    /// A cursor that cannot be stored stops nothing: on a full disk, going on is what makes room. After a crash,
    /// records would be sent again, and the ledger collapses them.
    fn store_cursor(&mut self) {
        match self.ballast.with_room(|| self.cursor.store(&self.dir)) {
            Ok(()) => {
                self.cursor_unstored = false;
                self.stored_spool = self.cursor.spool;
            }
            Err(error) if !self.cursor_unstored => {
                self.cursor_unstored = true;
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "spool cursor not stored; after a crash, records are sent again");
            }
            Err(_) => {}
        }
    }
}
