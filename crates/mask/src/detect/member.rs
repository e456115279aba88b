//! Members of documents whose keys say what they are, wherever they stand in a text: `"firstName": "Ann"`. In a string of another
//! document each quote has a backslash before it, in one of that three, and so on.

use super::Match;
use super::text::{at, end_of};
use crate::class::KeyClass;

/// Longest key that is looked at, and most spaces around the sign behind it, in bytes.
const KEY_BYTES_MAX: usize = 64;
const SPACES_MAX: usize = 4;

/// Where the quote at `start` begins a key: its value, without the quotes.
pub(super) fn value(value: &[u8], start: usize) -> Option<Match> {
    let near = value.get(..value.len().min(start + 1 + KEY_BYTES_MAX))?;
    let key_end = end_of(near, start + 1, |byte| byte != b'"' && byte != b'\\');
    let key = value.get(start + 1..key_end)?;
    let quote = end_of(near, key_end, |byte| byte == b'\\');
    let sign = spaces(value, (at(value, quote) == b'"').then_some(quote + 1)?);
    let place = match (at(value, sign), at(value, sign + 1)) {
        (b':', _) => spaces(value, sign + 1),
        (b'=', b'>') => spaces(value, sign + 2),
        _ => return None,
    };
    let of = KeyClass::of(key);
    if !of.is_any() {
        return None;
    }
    let quote = end_of(value, place, |byte| byte == b'\\');
    let (class, range) = match (at(value, place), at(value, quote)) {
        (_, b'"') => (of.text?, quote + 1..string_end(value, quote + 1, quote - place)),
        // Whatever is in it.
        (b'[' | b'{', _) => (of.text?, place + 1..block_end(value, place)),
        (b'-' | b'0'..=b'9', _) => (of.number?, place..end_of(value, place, is_numeric)),
        _ => return None,
    };
    (!range.is_empty()).then_some(Match { class, range, is_named: true })
}

/// Where the string ends that begins at `start`, whose quotes have so many backslashes before them.
fn string_end(value: &[u8], start: usize, backslashes: usize) -> usize {
    let mut at_most = start;
    loop {
        let end = end_of(value, at_most, |byte| !matches!(byte, b'"' | b'\\'));
        let quote = end_of(value, end, |byte| byte == b'\\');
        if at(value, quote) != b'"' && quote < value.len() {
            at_most = quote;
            continue;
        }
        let before = quote - end;
        let is_end = match backslashes {
            0 => before.is_multiple_of(2),
            _ => before <= backslashes,
        };
        if is_end || value.len() <= quote {
            return if backslashes == 0 { quote.min(value.len()) } else { end };
        }
        at_most = quote + 1;
    }
}

/// Where the list or object ends that begins at `start`; brackets in strings are none of it.
fn block_end(value: &[u8], start: usize) -> usize {
    let (mut depth, mut here) = (0_usize, start);
    while here < value.len() {
        match at(value, here) {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return here,
            b'}' | b']' => depth -= 1,
            b'"' => here = string_end(value, here + 1, 0),
            b'\\' => {
                let quote = end_of(value, here, |byte| byte == b'\\');
                if at(value, quote) == b'"' {
                    here = end_of(value, string_end(value, quote + 1, quote - here), |byte| byte == b'\\');
                } else {
                    here = quote;
                    continue;
                }
            }
            _ => {}
        }
        here += 1;
    }
    value.len()
}

fn is_numeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// After the spaces at `place`.
fn spaces(value: &[u8], place: usize) -> usize {
    let near = value.get(..value.len().min(place + SPACES_MAX)).unwrap_or_default();
    end_of(near, place.min(near.len()), |byte| byte.is_ascii_whitespace())
}
