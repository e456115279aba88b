//! Addresses of networks: IPv4, IPv6 and MAC. Those that are everybody's (loopback, unspecified, broadcast) are not.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::text::{at, before, end_of, is_inside, is_word};
use super::{Match, context};
use crate::class::Class;

/// The longest text of an IPv6 address, with an IPv4 address at its end.
const V6_BYTES_MAX: usize = 45;

/// What has four numbers with dots and is no address.
const VERSIONS: &[&str] = &["version", "ver.", "v", "release", "section"];

/// The address that begins with the word at `start`.
pub(super) fn address(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    if len > 4 {
        return None;
    }
    match at(value, start + len) {
        b'.' => v4(value, start, len).or_else(|| dotted_mac(value, start, len)),
        b':' => mac(value, start, len).or_else(|| v6(value, start)),
        b'-' => mac(value, start, len),
        _ => None,
    }
}

/// An address that begins with two colons at `here`.
pub(super) fn colons(value: &[u8], here: usize) -> Option<Match> {
    let free = !is_word(before(value, here)) && before(value, here) != b':';
    let (class, end) = if free && at(value, here + 1) == b':' { v6(value, here)? } else { return None };
    Some(Match { class, range: here..end, is_named: false })
}

fn v4(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    if len > 3 || !at(value, start).is_ascii_digit() || is_inside(value, start) {
        return None;
    }
    let (mut octets, mut place) = ([0_u8; 4], start);
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            place = if at(value, place) == b'.' { place + 1 } else { return None };
        }
        let digits = value.get(place..place.saturating_add(4).min(value.len()))?;
        let digits = digits.get(..end_of(digits, 0, |byte| byte.is_ascii_digit()))?;
        if digits.len() > 1 && digits.first() == Some(&b'0') || digits.is_empty() || digits.len() > 3 {
            return None;
        }
        *octet = u8::try_from(super::checks::whole(digits)).ok()?;
        place += digits.len();
    }
    let goes_on =
        is_word(at(value, place)) || matches!(at(value, place), b'.' | b'-') && is_word(at(value, place + 1));
    let address = Ipv4Addr::from(octets);
    let everybodys = address.is_loopback() || address.is_broadcast() || octets.first() == Some(&0);
    let harmless = goes_on || everybodys || context::names(value, start, VERSIONS);
    (!harmless).then_some((Class::IpAddress, place))
}

fn v6(value: &[u8], start: usize) -> Option<(Class, usize)> {
    let first = end_of(value, start, |byte| byte.is_ascii_hexdigit());
    if at(value, first) != b':' || is_inside(value, start) {
        return None;
    }
    let latest = value.len().min(start + V6_BYTES_MAX + 1);
    let is_sign = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
    let end = end_of(value.get(..latest)?, start, is_sign);
    let text = value.get(start..end)?;
    let text = match text {
        [text @ .., b'.'] => text,
        [text @ .., b':'] if !text.ends_with(b":") => text,
        _ => text,
    };
    let end = start + text.len();
    // Words with colons between them are of this form too, such as names in C++; those have no digits.
    let has_digit = text.iter().any(u8::is_ascii_digit);
    if text.len() < 6 || text.len() > V6_BYTES_MAX || !has_digit || is_word(at(value, end)) {
        return None;
    }
    // Eight pairs are an EUI-64 or a fingerprint.
    if text.len() == 23 && text.split(|&byte| byte == b':').all(|pair| pair.len() == 2) {
        return None;
    }
    let address: Ipv6Addr = core::str::from_utf8(text).ok()?.parse().ok()?;
    (!address.is_loopback() && !address.is_unspecified()).then_some((Class::IpAddress, end))
}

/// Six pairs with `:` or `-` between them.
fn mac(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    const BYTES: usize = 17;
    let separator = at(value, start + 2);
    let text = value.get(start..start + BYTES)?;
    let fits = len == 2
        && text.iter().enumerate().all(|(index, &byte)| match index % 3 {
            2 => byte == separator,
            _ => byte.is_ascii_hexdigit(),
        });
    (fits && is_hardware(text) && stands_alone(value, start, start + BYTES, separator))
        .then_some((Class::MacAddress, start + BYTES))
}

/// Three times four signs with dots between them, as Cisco writes it.
fn dotted_mac(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    const BYTES: usize = 14;
    let text = value.get(start..start + BYTES)?;
    let fits = len == 4
        && text.iter().enumerate().all(|(index, &byte)| match index % 5 {
            4 => byte == b'.',
            _ => byte.is_ascii_hexdigit(),
        });
    (fits && is_hardware(text) && stands_alone(value, start, start + BYTES, b'.'))
        .then_some((Class::MacAddress, start + BYTES))
}

/// Not all zeros or ones, which are nobody's and everybody's.
fn is_hardware(text: &[u8]) -> bool {
    let mut signs = text.iter().filter(|byte| byte.is_ascii_hexdigit()).map(u8::to_ascii_lowercase);
    let first = signs.next();
    !signs.all(|sign| Some(sign) == first)
}

/// Fingerprints of keys are the same pairs, only more of them.
fn stands_alone(value: &[u8], start: usize, end: usize, separator: u8) -> bool {
    let longer_before = before(value, start) == separator && start >= 2 && is_word(before(value, start - 1));
    let longer_after = at(value, end) == separator && is_word(at(value, end + 1));
    !longer_before && !longer_after && !is_word(before(value, start)) && !is_word(at(value, end))
}
