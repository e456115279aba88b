//! The file that grows, as memory that it shares with the kernel: keeping a record costs no system call, and survives
//! the death of the process as `write` does. It knows bytes, not records.
#![expect(unsafe_code, reason = "mapping a file is, since others may change it")]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{Ordering, compiler_fence};

use memmap2::{MmapMut, MmapOptions};
use rustix::fs::{FallocateFlags, fallocate, fstatfs};

use super::error::SpoolError;
use super::frame::{self, LEN_BYTES};
use super::segment::{self, SegmentNumber};

/// Space that is taken ahead. Without, a full disk would be learned of by a signal.
const AHEAD_BYTES: u64 = 1 << 20;

/// What is longer than this is written.
const MAPPED_BYTES_MAX: usize = 64 << 10;

/// File systems where space that was taken ahead is kept for what is put there: ext4, tmpfs. On btrfs a snapshot takes it
/// away, on XFS a copy that shares blocks.
// Source: linux/include/uapi/linux/magic.h.
const KEEPING: [u32; 2] = [0xef53, 0x0102_1994];

/// The last file of a spool.
#[derive(Debug)]
pub(super) struct Growing {
    file: File,
    /// `None` on a file system that does not keep what is taken ahead.
    map: Option<MmapMut>,
    len: u64,
    /// Up to here the file has its space.
    taken: u64,
}

/// Frames were not put.
#[derive(Debug)]
pub(super) struct NotPut {
    pub(super) source: io::Error,
    /// Nothing is left of them. Otherwise the file must not grow any more.
    pub(super) taken_back: bool,
}

impl Growing {
    /// Begins segment `number`, which is to have about `segment_bytes`.
    pub(super) fn create(dir: &Path, number: SegmentNumber, segment_bytes: u64) -> Result<Self, SpoolError> {
        let file = segment::create(dir, number)?;
        let keeps = fstatfs(&file).is_ok_and(|found| KEEPING.iter().any(|magic| *magic == magic_of(&found)));
        let map = keeps.then(|| map(&file, segment_bytes)).transpose();
        let map = map.map_err(SpoolError::write(&segment::path(dir, number, false)))?;
        Ok(Growing { file, map, len: segment::HEADER_BYTES, taken: segment::HEADER_BYTES })
    }

    /// Puts whole frames at the end.
    pub(super) fn append(&mut self, frames: &[u8]) -> Result<(), NotPut> {
        let end = self.len + frames.len() as u64;
        let put = match self.map {
            Some(_) => self.put(frames),
            // Nothing is taken ahead: what a killed process leaves is where the file ends.
            None => self.file.write_all_at(frames, self.len),
        };
        if let Err(source) = put {
            let taken_back = self.file.set_len(self.len).is_ok();
            self.taken = self.len;
            return Err(NotPut { source, taken_back });
        }
        self.len = end;
        self.taken = self.taken.max(end);
        Ok(())
    }

    /// Puts one frame after the other, the length of each last: what a killed process leaves of them ends with a whole
    /// one.
    fn put(&mut self, frames: &[u8]) -> io::Result<()> {
        let mut at = self.len;
        for (len, rest) in frame::each(frames) {
            let behind_len = at + LEN_BYTES as u64;
            let end = behind_len + rest.len() as u64;
            if rest.len() <= MAPPED_BYTES_MAX && self.has_space(end) && self.map_in(at, len, rest).is_some() {
                at = end;
                continue;
            }
            self.file.write_all_at(rest, behind_len)?;
            self.file.write_all_at(len, at)?;
            self.taken = self.taken.max(end);
            at = end;
        }
        Ok(())
    }

    /// Whether there is space up to `end`, after taking some ahead if need be.
    fn has_space(&mut self, end: u64) -> bool {
        let Some(map) = &self.map else { return false };
        if end <= self.taken {
            return true;
        }
        let more = AHEAD_BYTES.min((map.len() as u64).saturating_sub(self.taken));
        if self.taken + more < end
            || fallocate(&self.file, FallocateFlags::empty(), self.taken, more).is_err()
        {
            return false;
        }
        self.taken += more;
        true
    }

    fn map_in(&mut self, at: u64, len: &[u8], rest: &[u8]) -> Option<()> {
        let begin = usize::try_from(at).ok()?;
        let end = begin.checked_add(len.len())?.checked_add(rest.len())?;
        let place = self.map.as_mut()?.get_mut(begin..end)?;
        let (len_place, rest_place) = place.split_at_mut_checked(len.len())?;
        rest_place.copy_from_slice(rest);
        compiler_fence(Ordering::SeqCst);
        len_place.copy_from_slice(len);
        Some(())
    }
}

/// What was taken ahead is given back.
impl Drop for Growing {
    fn drop(&mut self) {
        self.map = None;
        // Best effort: the next start cuts it too.
        let _ = self.file.set_len(self.len);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "magic numbers have 32 bits")]
fn magic_of(found: &rustix::fs::StatFs) -> u32 {
    found.f_type as u32
}

fn map(file: &File, bytes: u64) -> io::Result<MmapMut> {
    let bytes = usize::try_from(bytes).map_err(io::Error::other)?;
    // SAFETY: the file lies in a folder that is its owner's alone and locked by this process, which changes it only
    // through the map, or behind what is read of it, and does not make it shorter than what is touched of the map.
    unsafe { MmapOptions::new().len(bytes).map_mut(file) }
}
