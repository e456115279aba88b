//! Takes the literals out of a text, so that texts that differ in nothing else are read once.
//!
//! INVARIANT: two texts with the same skeleton are the same tokens to PostgreSQL's scanner (scan.l), but for the values
//! of integers of at most nine digits (`ICONST` either way) and of plain strings (`SCONST`). Whatever could make a quote or
//! a digit mean something else ends the attempt: the text is then read for itself.

use std::ops::Range;

/// Digits of an integer that always fits PostgreSQL's `int4`: a longer one could be another kind of token.
const DIGITS_MAX: usize = 9;

/// Stands before a letter that says which kind of literal was there. No text that can be read holds it.
const MARK: u8 = 0;

/// Bytes that are not just copied. A table, because every byte of every text is looked up.
#[expect(clippy::indexing_slicing, reason = "it is worked out when this is compiled")]
static DECIDES: [bool; 256] = {
    let mut decides = [false; 256];
    let mut byte: u8 = 0;
    loop {
        decides[byte as usize] =
            matches!(byte, MARK | b'"' | b'$' | b'\'' | b'*' | b'-' | b'0'..=b'9' | b'\\' | 0x80..);
        if byte == u8::MAX {
            break decides;
        }
        byte += 1;
    }
};

/// Writes the skeleton of `text` to `skeleton`. `false`: this text has none, or no literals to take out.
pub fn skeleton(text: &[u8], skeleton: &mut Vec<u8>) -> bool {
    skeleton.clear();
    // Everything before is in the skeleton.
    let mut copied = 0;
    let is_known = each_literal(text, |literal, kind| {
        take_out(text.get(copied..literal.start), kind, skeleton);
        copied = literal.end;
    });
    if is_known.is_none() || skeleton.is_empty() {
        return false;
    }
    skeleton.extend_from_slice(text.get(copied..).unwrap_or_default());
    true
}

/// Where the literals stand that [`skeleton`] takes out of `text`, in bytes; `None` where it has none.
pub fn taken_out(text: &str) -> Option<Vec<Range<usize>>> {
    let mut places = Vec::new();
    each_literal(text.as_bytes(), |literal, _| places.push(literal))?;
    Some(places).filter(|places| !places.is_empty())
}

/// Tells of each literal where it stands, and of which kind it is. `None` where not all are known.
#[inline]
fn each_literal(text: &[u8], mut take: impl FnMut(Range<usize>, u8)) -> Option<()> {
    // Everything before it was looked at.
    let mut at = 0;
    while let Some((before, byte, after)) = next_that_decides(text, at) {
        at = text.len() - after.len();
        match byte {
            b'-' if before != b'-' => {}
            b'*' if before != b'/' => {}
            b'\'' | b'"' => {
                // `E'…'`, `U&'…'`, `B'…'` and the like, and strings that are glued together.
                if is_word(before) || matches!(before, b'&' | b'\'' | b'"') {
                    return None;
                }
                let len = quoted_len(after, byte)?;
                if byte == b'\'' {
                    take(at - 1..at + len, b's');
                }
                at += len;
            }
            b'0'..=b'9' => {
                let len = 1 + after.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let next = after.get(len - 1).copied().unwrap_or(b' ');
                let begins = !is_word(before) && !matches!(before, b'.' | b'\'' | b'"');
                let ends = !is_word(next) && !matches!(next, b'.' | b'\'' | b'"' | b'$' | 0x80..);
                if begins && ends && len <= DIGITS_MAX {
                    take(at - 1..at - 1 + len, b'i');
                }
                at += len - 1;
            }
            // A comment, dollar quotes and parameters, escapes, NUL, and bytes of which an encoding decides what they mean.
            _ => return None,
        }
    }
    Some(())
}

/// Finds the next byte, at `at` or behind it, that is not just copied: the byte before it (a blank before everything),
/// itself, and what is behind it.
fn next_that_decides(text: &[u8], at: usize) -> Option<(u8, u8, &[u8])> {
    let at = at + text.get(at..)?.iter().position(|byte| DECIDES.get(usize::from(*byte)) == Some(&true))?;
    let (looked_at, rest) = text.split_at_checked(at)?;
    let (byte, after) = rest.split_first()?;
    Some((looked_at.last().copied().unwrap_or(b' '), *byte, after))
}

/// Writes what stands before a literal of this kind, and what stands for it.
fn take_out(before: Option<&[u8]>, kind: u8, skeleton: &mut Vec<u8>) {
    skeleton.extend_from_slice(before.unwrap_or_default());
    skeleton.extend_from_slice(&[MARK, kind]);
}

/// What can be part of a name or a number.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Bytes up to and with the quote that ends what began before `text`; a doubled quote does not. `None` where none does,
/// and where a byte could mean something else.
fn quoted_len(text: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        let byte = *text.get(at)?;
        if matches!(byte, b'\\' | MARK | 0x80..) {
            return None;
        }
        at += 1;
        if byte == quote {
            if text.get(at) != Some(&quote) {
                return Some(at);
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests;
