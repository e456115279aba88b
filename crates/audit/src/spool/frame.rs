//! How one record lies in a segment: length, checksum over length and payload, payload. It knows bytes, not files.

use std::ops::Range;

use crate::record::Record;

use super::error::SpoolError;

/// Length and checksum.
pub(super) const HEADER_BYTES: usize = 8;
/// As long as they are zero, nothing is there.
pub(super) const LEN_BYTES: usize = 4;
/// Larger than any statement that the proxy takes, also where every byte of it is escaped.
const PAYLOAD_BYTES_MAX: usize = 128 << 20;

/// What lies at an offset.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A whole frame: where its payload is, and where the next one begins.
    Frame { payload: Range<usize>, end: usize },
    /// Nothing was put here.
    End,
    /// The bytes end before the frame does.
    Torn,
    /// Not a frame.
    Damage,
}

/// What a payload holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A record as JSON, whole in itself.
    Record,
    /// A statement, to which executions behind it in the same segment refer.
    Statement,
    /// One execution of such a statement.
    Execution,
    /// One that was given values.
    ValuedExecution,
    /// One of whose result values were masked.
    MaskedExecution,
}

impl Kind {
    const ALL: [Kind; 5] =
        [Kind::Record, Kind::Statement, Kind::Execution, Kind::ValuedExecution, Kind::MaskedExecution];

    /// The first byte of a payload; that of a record is its own.
    fn letter(self) -> u8 {
        match self {
            Kind::Record => b'{',
            Kind::Statement => b's',
            Kind::Execution => b'x',
            Kind::ValuedExecution => b'v',
            Kind::MaskedExecution => b'm',
        }
    }

    /// What `payload` holds, and the part of it that says so.
    pub(super) fn of(payload: &[u8]) -> Option<(Kind, &[u8])> {
        let (letter, rest) = payload.split_first()?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.letter() == *letter)?;
        Some((kind, if kind == Kind::Record { payload } else { rest }))
    }
}

/// Appends the frame of `record` to `out`.
pub(super) fn write(record: &Record, out: &mut Vec<u8>) -> Result<(), SpoolError> {
    write_with(out, |out| Ok(serde_json::to_writer(out, record)?))
}

/// Appends a frame of another kind, of which `fill` writes the rest.
pub(super) fn write_kind(
    kind: Kind,
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut Vec<u8>) -> Result<(), SpoolError>,
) -> Result<(), SpoolError> {
    write_with(out, |out| {
        out.push(kind.letter());
        fill(out)
    })
}

/// Appends a frame with the payload that `fill` writes. Where it fails, `out` is as it was.
fn write_with(
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut Vec<u8>) -> Result<(), SpoolError>,
) -> Result<(), SpoolError> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    let written = fill(out).and_then(|()| {
        let frame = out.get_mut(start..).unwrap_or_default();
        let payload_len = frame.len().saturating_sub(HEADER_BYTES);
        let too_large = SpoolError::RecordTooLarge { bytes: payload_len, bytes_max: PAYLOAD_BYTES_MAX };
        let len = match u32::try_from(payload_len) {
            Ok(len) if payload_len <= PAYLOAD_BYTES_MAX => len.to_le_bytes(),
            _ => return Err(too_large),
        };
        if let Some((len_place, rest)) = frame.split_first_chunk_mut::<LEN_BYTES>() {
            *len_place = len;
            if let Some(sum_place) = rest.first_chunk_mut::<LEN_BYTES>() {
                // Where the checksum comes, so that what it is over lies in one piece.
                *sum_place = len;
            }
            let sum = crc32fast::hash(rest);
            if let Some(sum_place) = rest.first_chunk_mut::<LEN_BYTES>() {
                *sum_place = sum.to_le_bytes();
            }
        }
        Ok(())
    });
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Whole frames one after the other, each with its length apart. What is left of them when a process dies that puts
/// each length behind the rest of its frame is no damage: whole frames, and then nothing, since a length is missing.
pub(super) fn each(frames: &[u8]) -> impl Iterator<Item = (&[u8; LEN_BYTES], &[u8])> {
    let mut left = frames;
    std::iter::from_fn(move || {
        let (len, behind) = left.split_first_chunk::<LEN_BYTES>()?;
        let rest_len = (HEADER_BYTES - LEN_BYTES).saturating_add(u32::from_le_bytes(*len) as usize);
        let (rest, next) = behind.split_at_checked(rest_len).unwrap_or((behind, &[]));
        left = next;
        Some((len, rest))
    })
}

/// Looks at `offset` of `bytes`.
pub(super) fn look(bytes: &[u8], offset: usize) -> Found {
    let rest = bytes.get(offset..).unwrap_or_default();
    let Some((len, rest)) = rest.split_first_chunk::<4>() else { return Found::Torn };
    let payload_len = u32::from_le_bytes(*len) as usize;
    if payload_len == 0 {
        return Found::End;
    }
    // No payload is shorter.
    if !(2..=PAYLOAD_BYTES_MAX).contains(&payload_len) {
        return Found::Damage;
    }
    let Some((sum, rest)) = rest.split_first_chunk::<4>() else { return Found::Torn };
    let Some(payload) = rest.get(..payload_len) else { return Found::Torn };
    if checksum(*len, payload) != u32::from_le_bytes(*sum) {
        return Found::Damage;
    }
    let start = offset + HEADER_BYTES;
    Found::Frame { payload: start..start + payload_len, end: start + payload_len }
}

/// Finds the next whole frame behind `offset`, where there is none at it.
pub(super) fn next_whole(bytes: &[u8], offset: usize) -> Option<usize> {
    (offset + 1..bytes.len()).find(|&at| {
        // The cheap question first: the checksum of a wrong length may run over megabytes.
        let begins_well = bytes.get(at + HEADER_BYTES..).and_then(Kind::of).is_some();
        begins_well && matches!(look(bytes, at), Found::Frame { .. })
    })
}

fn checksum(len: [u8; 4], payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&len);
    sum.update(payload);
    sum.finalize()
}
