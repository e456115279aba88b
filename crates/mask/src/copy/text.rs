//! Rows of `FORMAT text` (copyto.c, CopyAttributeOutText).

use super::{CopyError, Taken, Work};
use crate::plan::Plan;

pub(super) struct Form<'f> {
    pub(super) delimiter: u8,
    pub(super) null: &'f [u8],
}

/// Letters behind a backslash, and the control characters that they mean.
const CONTROLS: [(u8, u8); 6] =
    [(b'b', 8), (b'f', 12), (b'n', b'\n'), (b'r', b'\r'), (b't', b'\t'), (b'v', 11)];

/// The first line of `data` with its end. No value has that byte in it.
pub(super) fn line_bytes(data: &[u8]) -> Option<usize> {
    data.iter().position(|&byte| byte == b'\n').map(|end| end + 1)
}

/// Takes the row at the beginning of `data`.
pub(super) fn row(
    form: &Form<'_>,
    data: &[u8],
    plan: &Plan,
    work: &mut Work,
    out: &mut Vec<u8>,
) -> Result<Taken, CopyError> {
    let columns = plan.columns();
    // What lies between `written` and the present value passes as it is.
    let (mut at, mut written) = (0, 0);
    for (index, column) in columns.iter().enumerate() {
        let rest = data.get(at..).unwrap_or_default();
        let Some(len) = value_bytes(form, rest) else { return Ok(Taken::Part) };
        let value = rest.get(..len).unwrap_or_default();
        if column.rewrites(value == form.null) {
            out.extend_from_slice(data.get(written..at).unwrap_or_default());
            unescape(value, &mut work.value);
            match work.show(plan, index, column) {
                Some(shown) => escape(form, shown, out),
                None => out.extend_from_slice(form.null),
            }
            written = at + len;
        }
        at += len + 1;
        let (ends, is_last) = (rest.get(len) == Some(&b'\n'), index + 1 == columns.len());
        if ends != is_last {
            let row = if ends { index + 1 } else { columns.len() + 1 };
            return Err(CopyError::Columns { row, plan: columns.len() });
        }
    }
    out.extend_from_slice(data.get(written..at).unwrap_or_default());
    Ok(Taken::Bytes(at))
}

/// How long the value at the beginning is, which a delimiter or the line's end follows.
fn value_bytes(form: &Form<'_>, data: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match *data.get(at)? {
            b'\\' => at += 2,
            byte if byte == form.delimiter || byte == b'\n' => return Some(at),
            _ => at += 1,
        }
    }
}

fn unescape(value: &[u8], into: &mut Vec<u8>) {
    into.clear();
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let letter = bytes.next().unwrap_or(b'\\');
                let control = CONTROLS.iter().find(|(known, _)| *known == letter);
                into.push(control.map_or(letter, |(_, control)| *control));
            }
            byte => into.push(byte),
        }
    }
}

fn escape(form: &Form<'_>, value: &[u8], out: &mut Vec<u8>) {
    for &byte in value {
        match CONTROLS.iter().find(|(_, control)| *control == byte) {
            Some((letter, _)) => out.extend_from_slice(&[b'\\', *letter]),
            None if byte == b'\\' || byte == form.delimiter => out.extend_from_slice(&[b'\\', byte]),
            None => out.push(byte),
        }
    }
}
