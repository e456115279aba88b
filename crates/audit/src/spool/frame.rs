//! How one record lies in a segment: length, checksum over length and payload, JSON. It knows bytes, not files.

use std::ops::Range;

use crate::record::Record;

use super::error::SpoolError;

/// Length and checksum.
const HEADER_BYTES: usize = 8;
/// Larger than any statement that the proxy takes, also where every byte of it is escaped.
const PAYLOAD_BYTES_MAX: usize = 128 << 20;

/// What lies at an offset.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A whole frame: where its payload is, and where the next one begins.
    Frame { payload: Range<usize>, end: usize },
    /// The bytes end before the frame does.
    Torn,
    /// Not a frame.
    Damage,
}

/// Appends the frame of `record` to `out`.
pub(super) fn write(record: &Record, out: &mut Vec<u8>) -> Result<(), SpoolError> {
    let payload = serde_json::to_vec(record)?;
    let too_large = || SpoolError::RecordTooLarge { bytes: payload.len(), bytes_max: PAYLOAD_BYTES_MAX };
    if PAYLOAD_BYTES_MAX < payload.len() {
        return Err(too_large());
    }
    let len = u32::try_from(payload.len()).map_err(|_| too_large())?.to_le_bytes();
    out.extend_from_slice(&len);
    out.extend_from_slice(&checksum(len, &payload).to_le_bytes());
    out.extend_from_slice(&payload);
    Ok(())
}

/// Looks at `offset` of `bytes`.
pub(super) fn look(bytes: &[u8], offset: usize) -> Found {
    let rest = bytes.get(offset..).unwrap_or_default();
    let Some((len, rest)) = rest.split_first_chunk::<4>() else { return Found::Torn };
    let payload_len = u32::from_le_bytes(*len) as usize;
    // Every payload is a JSON object; zeros, which some file systems leave behind a crash, are none.
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
        let begins_as_json = bytes.get(at + HEADER_BYTES) == Some(&b'{');
        begins_as_json && matches!(look(bytes, at), Found::Frame { .. })
    })
}

fn checksum(len: [u8; 4], payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&len);
    sum.update(payload);
    sum.finalize()
}
