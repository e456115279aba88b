//! Masks within hstore, whose keys say what its values are (contrib/hstore, hstore_io.c: hstore_out and hstore_send). The type has no
//! OID of its own: what reads as one is one.

use super::array::write_quoted;
use super::types::TEXT;
use super::{TEXT_FORMAT, document, found_or_same, text};
use crate::class::KeyClass;
use crate::detect::Match;
use crate::methods::Methods;
use crate::rows::sized_value;

/// What stands between a key and its value.
const ARROW: &[u8] = b"=>";

/// Appends `value`, in the text format, with what keys name and what is found in it masked. `false` where it is no hstore; what was
/// appended does not count.
pub(super) fn masked(methods: &Methods, value: &[u8], counts: fn(&Match) -> bool, out: &mut Vec<u8>) -> bool {
    let (mut rest, mut key, mut held, mut shown) = (value, Vec::new(), Vec::new(), Vec::new());
    loop {
        let Some(after) = quoted(rest, &mut key).and_then(|after| after.strip_prefix(ARROW)) else {
            return false;
        };
        out.extend_from_slice(rest.get(..rest.len() - after.len()).unwrap_or_default());
        rest = match after.strip_prefix(b"NULL") {
            Some(behind) => {
                out.extend_from_slice(b"NULL");
                behind
            }
            None => {
                let Some(behind) = quoted(after, &mut held) else { return false };
                shown.clear();
                match one(methods, &key, &held, counts, &mut shown) {
                    true => write_quoted(&shown, out),
                    false => out.extend_from_slice(b"NULL"),
                }
                behind
            }
        };
        let Some(next) = rest.strip_prefix(b", ") else { return rest.is_empty() };
        out.extend_from_slice(b", ");
        rest = next;
    }
}

/// The same in the binary format.
pub(super) fn masked_binary(
    methods: &Methods,
    value: &[u8],
    counts: fn(&Match) -> bool,
    out: &mut Vec<u8>,
) -> bool {
    let Some((pairs, mut rest)) = value.split_first_chunk::<4>() else { return false };
    out.extend_from_slice(pairs);
    for _ in 0..u32::from_be_bytes(*pairs) {
        let Some((Some(key), after)) = sized(rest) else { return false };
        let Some((held, behind)) = sized(after) else { return false };
        out.extend_from_slice(rest.get(..rest.len() - after.len()).unwrap_or_default());
        match held {
            Some(held) => sized_value(out, |out| one(methods, key, held, counts, out)),
            None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
        rest = behind;
    }
    rest.is_empty() && pairs != &[0; 4]
}

/// What is shown of the value behind `key`. `false`: NULL.
fn one(methods: &Methods, key: &[u8], value: &[u8], counts: fn(&Match) -> bool, out: &mut Vec<u8>) -> bool {
    // Values are texts, numbers too.
    let KeyClass { text: of_text, number, .. } = KeyClass::of(key);
    if let Some(class) = of_text.or(number) {
        return text(methods, class, value, out);
    }
    if let Some(is_shown) = document(methods, TEXT, TEXT_FORMAT, value, counts, out) {
        return is_shown;
    }
    found_or_same(methods, value, counts, out)
}

/// A value with its length before it, and what follows. The inner one is `None` for NULL.
fn sized(from: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (len, rest) = from.split_first_chunk()?;
    match i32::from_be_bytes(*len) {
        -1 => Some((None, rest)),
        len => rest.split_at_checked(usize::try_from(len).ok()?).map(|(value, rest)| (Some(value), rest)),
    }
}

/// Reads what stands between quotes, and says what follows.
fn quoted<'a>(from: &'a [u8], into: &mut Vec<u8>) -> Option<&'a [u8]> {
    into.clear();
    let mut bytes = from.strip_prefix(b"\"")?;
    loop {
        match bytes {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                into.push(*byte);
                bytes = rest;
            }
            [] => return None,
        }
    }
}
