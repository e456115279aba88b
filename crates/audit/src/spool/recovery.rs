//! Finds what an earlier process left in the directory: cuts a torn tail, sets damaged segments aside.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::chain::Head;
use crate::config::SpoolConfig;

use super::ballast::Ballast;
use super::cursor::{Cursor, Position};
use super::error::SpoolError;
use super::frame::{self, Found, Kind};
use super::growing::Growing;
use super::segment::{self, HEADER_BYTES, Header, SegmentNumber};
use super::tail::{Segment, Tail};

/// So many segments fit at least: space comes back segment by segment.
const SEGMENTS_MIN: u64 = 4;

/// What a file holds.
#[derive(Debug, Default)]
struct Scan {
    /// Readable records behind the cursor.
    records: u64,
    /// Length up to the last readable record.
    good_len: usize,
    /// Something else is unreadable.
    damaged: bool,
}

/// Reads the directory of `config` and begins a new segment in it.
pub(super) fn recover(config: &SpoolConfig) -> Result<Tail, SpoolError> {
    let dir = &config.dir;
    let stored = Cursor::load(dir)?;
    let files = list(dir)?;
    let acknowledged = stored.map(|cursor| cursor.at);
    let mut segments = VecDeque::new();
    let mut newly_set_aside = Vec::new();
    let mut records = 0;
    for (number, set_aside) in &files {
        let begin = match acknowledged {
            Some(at) if at.segment == *number => at.offset,
            Some(at) if *number < at.segment => u64::MAX,
            _ => HEADER_BYTES,
        };
        if let Some((segment, found)) =
            recover_segment(dir, *number, *set_aside, begin, &mut newly_set_aside)?
        {
            segments.push_back(segment);
            records += found;
        }
    }
    let newest = files.iter().map(|(number, _)| *number).chain(acknowledged.map(|at| at.segment)).max();
    let number = newest.unwrap_or(SegmentNumber(0)).next();
    let segment_bytes = config.segment_bytes.min(config.max_bytes / SEGMENTS_MIN);
    let mut ballast = Ballast::of(dir);
    let growing = ballast.with_room(|| Growing::create(dir, number, segment_bytes))?;
    segments.push_back(Segment { number, len: HEADER_BYTES, set_aside: false });

    let first = segments.front().map_or(number, |segment| segment.number);
    let cursor = match stored {
        Some(cursor) if cursor.at.segment == first => cursor,
        Some(cursor) => Cursor { at: begin_of(first), pending_end: None, ..cursor },
        None => {
            Cursor { spool: Uuid::now_v7(), at: begin_of(first), pending_end: None, chain: Head::default() }
        }
    };
    ballast.with_room(|| cursor.store(dir))?;
    ballast.take();
    Ok(Tail {
        dir: dir.clone(),
        bytes_max: config.max_bytes,
        segment_bytes,
        bytes_on_disk: segments.iter().map(|segment| segment.len).sum(),
        segments,
        growing,
        ballast,
        is_stuck: false,
        cursor,
        records,
        cursor_unstored: false,
        stored_spool: cursor.spool,
        set_aside: (files.iter().filter(|(_, set_aside)| *set_aside).count() + newly_set_aside.len()) as u64,
        newly_set_aside,
    })
}

fn begin_of(segment: SegmentNumber) -> Position {
    Position { segment, offset: HEADER_BYTES }
}

fn list(dir: &Path) -> Result<Vec<(SegmentNumber, bool)>, SpoolError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(SpoolError::read(dir))? {
        let entry = entry.map_err(SpoolError::read(dir))?;
        files.extend(entry.file_name().to_str().and_then(segment::parse_name));
    }
    files.sort_unstable();
    Ok(files)
}

/// Reads one file from `begin`; `None` where nothing in it waits.
fn recover_segment(
    dir: &Path,
    number: SegmentNumber,
    set_aside: bool,
    begin: u64,
    newly_set_aside: &mut Vec<PathBuf>,
) -> Result<Option<(Segment, u64)>, SpoolError> {
    let path = segment::path(dir, number, set_aside);
    let remove = || std::fs::remove_file(&path).map_err(SpoolError::write(&path));
    if begin == u64::MAX {
        return if set_aside { Ok(None) } else { remove().map(|()| None) };
    }
    let bytes = std::fs::read(&path).map_err(SpoolError::read(&path))?;
    let header = segment::check(&path, number, &bytes)?;
    let scan = scan(&bytes, begin, set_aside);
    if set_aside {
        let segment = Segment { number, len: bytes.len() as u64, set_aside };
        return Ok((0 < scan.records).then_some((segment, scan.records)));
    }
    if scan.damaged || header == Header::Damage {
        let broken = segment::path(dir, number, true);
        std::fs::rename(&path, &broken).map_err(SpoolError::write(&path))?;
        tracing::warn!(
            segment = %broken.display(),
            "spool segment set aside: a part of it is unreadable; its other records are delivered"
        );
        newly_set_aside.push(broken);
        let segment = Segment { number, len: bytes.len() as u64, set_aside: true };
        return Ok((0 < scan.records).then_some((segment, scan.records)));
    }
    let left = bytes.get(scan.good_len..).unwrap_or_default();
    if header == Header::Good && !left.is_empty() {
        cut(&path, scan.good_len as u64)?;
        // Zeros are space that was taken ahead.
        if left.iter().any(|byte| *byte != 0) {
            let bytes_cut = left.len();
            tracing::warn!(segment = %path.display(), bytes_cut, "spool repaired: its last record was not whole");
        }
    }
    if scan.records == 0 {
        return remove().map(|()| None);
    }
    Ok(Some((Segment { number, len: scan.good_len as u64, set_aside: false }, scan.records)))
}

/// Looks at every frame. Where `all_is_damage`, a torn tail is damage like any other.
fn scan(bytes: &[u8], begin: u64, all_is_damage: bool) -> Scan {
    let mut at = HEADER_BYTES as usize;
    let mut scan = Scan { good_len: at, ..Scan::default() };
    while at < bytes.len() {
        match frame::look(bytes, at) {
            Found::Frame { payload, end } => {
                let is_statement =
                    matches!(bytes.get(payload).and_then(Kind::of), Some((Kind::Statement, _)));
                scan.records += u64::from(begin <= at as u64 && !is_statement);
                scan.good_len = end;
                at = end;
            }
            // A length that was damaged may look like a record that was torn: then others come behind it.
            found => match frame::next_whole(bytes, at) {
                Some(next) => {
                    scan.damaged = true;
                    at = next;
                }
                None => {
                    scan.damaged |= all_is_damage || found == Found::Damage;
                    return scan;
                }
            },
        }
    }
    scan
}

fn cut(path: &Path, len: u64) -> Result<(), SpoolError> {
    let file = OpenOptions::new().write(true).open(path).map_err(SpoolError::write(path))?;
    file.set_len(len).map_err(SpoolError::write(path))
}
