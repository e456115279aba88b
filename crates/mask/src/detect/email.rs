//! E-mail addresses, around an at sign.

use super::Match;
use super::text::{at, before, end_of};
use crate::class::Class;

/// RFC 5321, 4.5.3.1.1.
const LOCAL_BYTES_MAX: usize = 64;

/// RFC 5321, 4.5.3.1.2.
const DOMAIN_BYTES_MAX: usize = 255;

/// What ends names of files that have an at sign in them, as pictures for screens of high resolution do.
const FILE_ENDINGS: [&[u8]; 8] = [b"png", b"jpg", b"jpeg", b"gif", b"webp", b"svg", b"css", b"js"];

/// The address whose at sign is at `sign`; it begins at `floor` at the earliest.
pub(super) fn at_sign(value: &[u8], sign: usize, floor: usize) -> Option<Match> {
    let earliest = floor.max(sign.saturating_sub(LOCAL_BYTES_MAX));
    let local = value.get(earliest..sign)?;
    let len = local.iter().rev().take_while(|&&byte| is_local(byte)).count();
    let quotes = |byte: &&u8| matches!(byte, b'.' | b'\'' | b'-');
    let len = len - local.get(local.len() - len..)?.iter().take_while(quotes).count();
    if len == 0 || before(value, sign) == b'.' {
        return None;
    }
    // In a URL it stands before a host, and is no mailbox there.
    if value.get(..sign - len).is_some_and(|head| head.ends_with(b"://")) {
        return None;
    }
    let latest = value.len().min(sign + 1 + DOMAIN_BYTES_MAX);
    let domain = value.get(sign + 1..latest)?;
    let end = end_of(domain, 0, is_domain);
    let domain = domain.get(..end)?;
    let domain = domain.get(..domain.iter().rposition(|&byte| byte != b'.' && byte != b'-')? + 1)?;
    let end = sign + 1 + domain.len();
    let repository = at(value, end) == b':' && (is_domain(at(value, end + 1)) || at(value, end + 1) == b'/');
    (is_public(domain) && !repository && at(value, end) != b'@').then_some(Match {
        class: Class::Email,
        range: sign - len..end,
        is_named: false,
    })
}

/// What of RFC 5322's `atext` addresses have in practice, and letters beyond ASCII (RFC 6531).
fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"._%+-'!#$&^~".contains(&byte)
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || byte == b'-' || byte == b'.'
}

/// Labels with a dot between them, of which the last is letters.
fn is_public(domain: &[u8]) -> bool {
    let Some(dot) = domain.iter().rposition(|&byte| byte == b'.') else { return false };
    let last = domain.get(dot + 1..).unwrap_or_default();
    let is_letters = last.len() >= 2
        && (last.iter().all(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii())
            || last.starts_with(b"xn--"));
    let is_file = FILE_ENDINGS.iter().any(|ending| last.eq_ignore_ascii_case(ending));
    is_letters
        && !is_file
        && domain.split(|&byte| byte == b'.').all(|label| !label.is_empty() && !label.starts_with(b"-"))
}
