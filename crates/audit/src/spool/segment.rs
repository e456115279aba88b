//! One file of the spool: its name, its header. What lies behind the header is the business of `frame`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::SpoolError;

/// Bytes of the header: magic, format, number, checksum of all that.
pub(super) const HEADER_BYTES: u64 = 24;
const MAGIC: &[u8; 8] = b"PKTSPOOL";
/// 2: executions refer to statements. What 1 had is read as it was.
const FORMAT: u32 = 2;

/// Counts the segments of a spool. A number is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct SegmentNumber(pub(super) u64);

/// What the header of a file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// It is a segment.
    Good,
    /// The file ends within the header.
    Torn,
    /// It is not what was written.
    Damage,
}

impl SegmentNumber {
    pub(super) fn next(self) -> Self {
        SegmentNumber(self.0 + 1)
    }
}

/// The file of segment `number`. One that was found damaged has another ending, and stays when it was delivered.
pub(super) fn path(dir: &Path, number: SegmentNumber, set_aside: bool) -> PathBuf {
    let ending = if set_aside { "broken" } else { "segment" };
    dir.join(format!("{:020}.{ending}", number.0))
}

/// Reads a file's name: its number, and whether it was set aside.
pub(super) fn parse_name(name: &str) -> Option<(SegmentNumber, bool)> {
    let (number, ending) = name.split_once('.')?;
    let set_aside = match ending {
        "segment" => false,
        "broken" => true,
        _ => return None,
    };
    (number.len() == 20).then_some(())?;
    Some((SegmentNumber(number.parse().ok()?), set_aside))
}

/// Makes the file of a new segment.
pub(super) fn create(dir: &Path, number: SegmentNumber) -> Result<File, SpoolError> {
    let path = path(dir, number, false);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(SpoolError::write(&path))?;
    file.write_all(&header(number)).map_err(|source| {
        // Best effort: an empty file would be dropped at the next start anyway.
        let _ = std::fs::remove_file(&path);
        SpoolError::write(&path)(source)
    })?;
    Ok(file)
}

/// Checks the first bytes of the file at `path`.
pub(super) fn check(path: &Path, number: SegmentNumber, bytes: &[u8]) -> Result<Header, SpoolError> {
    let Some(head) = bytes.get(..HEADER_BYTES as usize) else { return Ok(Header::Torn) };
    if (1..=FORMAT).any(|format| head == header_of(format, number)) {
        return Ok(Header::Good);
    }
    let format = head.get(8..12).and_then(|format| format.try_into().ok()).map_or(0, u32::from_le_bytes);
    if head.starts_with(MAGIC) && FORMAT < format && head == header_of(format, number) {
        return Err(SpoolError::NewerFormat { path: path.to_owned(), format, known: FORMAT });
    }
    Ok(Header::Damage)
}

fn header(number: SegmentNumber) -> Vec<u8> {
    header_of(FORMAT, number)
}

fn header_of(format: u32, number: SegmentNumber) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend_from_slice(&format.to_le_bytes());
    header.extend_from_slice(&number.0.to_le_bytes());
    let sum = crc32fast::hash(&header);
    header.extend_from_slice(&sum.to_le_bytes());
    header
}
