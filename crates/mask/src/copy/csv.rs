//! Rows of `FORMAT csv` (copyto.c, CopyAttributeOutCSV).

use super::{CopyError, Taken, Work};
use crate::plan::Plan;

pub(super) struct Form<'f> {
    pub(super) delimiter: u8,
    pub(super) null: &'f [u8],
    pub(super) quote: u8,
    pub(super) escape: u8,
}

/// Alone in its line it ended the data once, and so it is quoted.
const END_OF_DATA: &[u8] = b"\\.";

/// Takes the row at the beginning of `data`.
pub(super) fn row(
    form: &Form<'_>,
    data: &[u8],
    plan: &Plan,
    work: &mut Work,
    out: &mut Vec<u8>,
) -> Result<Taken, CopyError> {
    let columns = plan.columns();
    let (mut at, mut written) = (0, 0);
    for (index, column) in columns.iter().enumerate() {
        let rest = data.get(at..).unwrap_or_default();
        let Some(len) = form.value_bytes(rest) else { return Ok(Taken::Part) };
        let value = rest.get(..len).unwrap_or_default();
        let ends = match rest.get(len) {
            Some(b'\n') => true,
            Some(byte) if *byte == form.delimiter => false,
            _ => return Err(CopyError::Form("something behind a quoted value")),
        };
        if column.rewrites(value == form.null) {
            out.extend_from_slice(data.get(written..at).unwrap_or_default());
            let is_quoted = value.first() == Some(&form.quote);
            form.unquote(value, &mut work.value);
            match work.show(plan, index, column) {
                Some(shown) => form.write(shown, is_quoted, columns.len() == 1, out),
                None => out.extend_from_slice(form.null),
            }
            written = at + len;
        }
        at += len + 1;
        if ends != (index + 1 == columns.len()) {
            let row = if ends { index + 1 } else { columns.len() + 1 };
            return Err(CopyError::Columns { row, plan: columns.len() });
        }
    }
    out.extend_from_slice(data.get(written..at).unwrap_or_default());
    Ok(Taken::Bytes(at))
}

impl Form<'_> {
    /// How long the value at the beginning is, with its quotes. `None` where more must be seen to know.
    fn value_bytes(&self, data: &[u8]) -> Option<usize> {
        if data.first()? != &self.quote {
            return data.iter().position(|&byte| byte == self.delimiter || byte == b'\n');
        }
        let mut at = 1;
        loop {
            let (byte, next) = (*data.get(at)?, *data.get(at + 1)?);
            match byte {
                _ if self.is_escaped(byte, next) => at += 2,
                _ if byte == self.quote => return Some(at + 1),
                _ => at += 1,
            }
        }
    }

    /// The first line with its end, which is none between quotes.
    pub(super) fn line_bytes(&self, data: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            at += self.value_bytes(data.get(at..)?)? + 1;
            if data.get(at - 1)? == &b'\n' {
                return Some(at);
            }
        }
    }

    fn is_escaped(&self, byte: u8, next: u8) -> bool {
        byte == self.escape && (next == self.quote || next == self.escape)
    }

    fn unquote(&self, value: &[u8], into: &mut Vec<u8>) {
        into.clear();
        let Some(within) = value.strip_prefix(&[self.quote]) else {
            into.extend_from_slice(value);
            return;
        };
        let mut within = within.strip_suffix(&[self.quote]).unwrap_or(within);
        while let Some((&byte, rest)) = within.split_first() {
            let escaped = rest.first().filter(|&&next| self.is_escaped(byte, next));
            into.push(*escaped.unwrap_or(&byte));
            within = if escaped.is_some() { rest.get(1..).unwrap_or_default() } else { rest };
        }
    }

    fn write(&self, value: &[u8], is_quoted: bool, is_alone: bool, out: &mut Vec<u8>) {
        let needs =
            |byte: &u8| *byte == self.delimiter || *byte == self.quote || matches!(byte, b'\n' | b'\r');
        let quotes =
            is_quoted || value.iter().any(needs) || value == self.null || is_alone && value == END_OF_DATA;
        if !quotes {
            out.extend_from_slice(value);
            return;
        }
        out.push(self.quote);
        for &byte in value {
            if byte == self.quote || byte == self.escape {
                out.push(self.escape);
            }
            out.push(byte);
        }
        out.push(self.quote);
    }
}
