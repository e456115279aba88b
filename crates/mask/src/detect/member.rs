//! Members of documents whose keys say what they are, wherever they stand in a text: `"firstName": "Ann"`.

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
    // In a string of another document both quotes have a backslash before them.
    let key = value.get(start + 1..key_end)?;
    let place = key_end + usize::from(at(value, key_end) == b'\\');
    let sign = spaces(value, (at(value, place) == b'"').then_some(place + 1)?);
    let place = match (at(value, sign), at(value, sign + 1)) {
        (b':', _) => spaces(value, sign + 1),
        (b'=', b'>') => spaces(value, sign + 2),
        _ => return None,
    };
    let of = KeyClass::of(key);
    let is_within = at(value, place) == b'\\';
    let place = place + usize::from(is_within);
    let (class, range) = match at(value, place) {
        b'"' => (of.text?, place + 1..string_end(value, place + 1, is_within)),
        // Whatever is in it.
        sign @ (b'[' | b'{') => {
            let close = if sign == b'[' { b']' } else { b'}' };
            (of.text?, place + 1..end_of(value, place + 1, |byte| byte != close))
        }
        b'-' | b'0'..=b'9' => (of.number?, place..end_of(value, place, is_numeric)),
        _ => return None,
    };
    (!range.is_empty()).then_some(Match { class, range, is_named: true })
}

/// Where the string ends that begins at `start`; `is_within`, where its quotes have a backslash before them.
fn string_end(value: &[u8], start: usize, is_within: bool) -> usize {
    let mut end = start;
    loop {
        end = end_of(value, end, |byte| !matches!(byte, b'"' | b'\\'));
        if is_within || at(value, end) != b'\\' {
            return end;
        }
        end = value.len().min(end + 2);
    }
}

fn is_numeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// After the spaces at `place`.
fn spaces(value: &[u8], place: usize) -> usize {
    let near = value.get(..value.len().min(place + SPACES_MAX)).unwrap_or_default();
    end_of(near, place.min(near.len()), |byte| byte.is_ascii_whitespace())
}
