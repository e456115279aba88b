//! Rows of `FORMAT binary` (sql-copy, "Binary Format").

use super::{CopyError, Taken, Work};
use crate::plan::{ColumnPlan, Plan};
use crate::rows::sized_value;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Bits of the flags that a reader must know; none of them is used.
const FLAGS_CRITICAL: u32 = 0xFFFF_0000;

/// Stands in place of a row's number of columns behind the last.
pub(super) const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// Signature, flags, and an extension with its length.
pub(super) fn header(data: &[u8], out: &mut Vec<u8>) -> Result<Taken, CopyError> {
    let known = data.len().min(SIGNATURE.len());
    if data.get(..known) != SIGNATURE.get(..known) {
        return Err(CopyError::Form("no signature"));
    }
    let Some((flags, rest)) = number(data.get(known..).unwrap_or_default()) else { return Ok(Taken::Part) };
    let Some((extension, _)) = number(rest) else { return Ok(Taken::Part) };
    if flags & FLAGS_CRITICAL != 0 {
        return Err(CopyError::Form("flags that are not known"));
    }
    let bytes = SIGNATURE.len() + 8 + extension as usize;
    Ok(super::line(data, Some(bytes), out))
}

/// Takes the row at the beginning of `data`.
pub(super) fn row(data: &[u8], plan: &Plan, work: &mut Work, out: &mut Vec<u8>) -> Result<Taken, CopyError> {
    let columns = plan.columns();
    let Some((count, mut rest)) = data.split_first_chunk() else { return Ok(Taken::Part) };
    let row = usize::from(u16::from_be_bytes(*count));
    if row != columns.len() {
        return Err(CopyError::Columns { row, plan: columns.len() });
    }
    out.extend_from_slice(count);
    for (index, column) in columns.iter().enumerate() {
        let Some((len, after)) = number(rest) else { return Ok(Taken::Part) };
        if len == u32::MAX && column.is_constant() {
            work.value.clear();
            sized_value(out, |out| {
                work.show(plan, index, column).map(|shown| out.extend_from_slice(shown)).is_some()
            });
            rest = after;
            continue;
        }
        if len == u32::MAX {
            out.extend_from_slice(&len.to_be_bytes());
            rest = after;
            continue;
        }
        if i32::try_from(len).is_err() {
            return Err(CopyError::Form("a value of a length below 0"));
        }
        let Some((value, after)) = after.split_at_checked(len as usize) else { return Ok(Taken::Part) };
        rest = after;
        sized_value(out, |out| match column {
            ColumnPlan::Clear(_) => {
                out.extend_from_slice(value);
                true
            }
            _ => {
                work.value.clear();
                work.value.extend_from_slice(value);
                work.show(plan, index, column).map(|shown| out.extend_from_slice(shown)).is_some()
            }
        });
    }
    Ok(Taken::Bytes(data.len() - rest.len()))
}

fn number(data: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = data.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}
