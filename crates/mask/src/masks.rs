//! What is shown in place of a value: by class, type and format. Types stay what they are, and no text grows longer.

pub(crate) mod array;
mod fixed;
mod hstore;
mod json;
mod network;
mod numbers;
mod partial;
pub(crate) mod record;
mod token;
mod types;
mod written;

pub use self::array::{Elements, elements};
use self::json::Rule;
use self::types::{BPCHAR, JSON, JSON_ARRAY, JSONB, JSONB_ARRAY, NAME, TEXT, UNKNOWN, VARCHAR};
pub use self::written::{is_number, written};
use crate::class::Class;
use crate::columns::is_string;
use crate::detect::Match;
use crate::methods::{Method, Methods};
use crate::{FIRST_NORMAL_OID, detect, email};

/// What masks have in place of what they hide.
pub const HIDDEN: &str = "***";

/// What is shown of what nothing may be seen of.
const FIXED: &[u8] = HIDDEN.as_bytes();

/// Formats of a value (protocol-message-formats, Bind).
const TEXT_FORMAT: i16 = 0;

/// Appends what is shown in place of `value`, of this type (OID) in this format. `false`: nothing can be, it becomes NULL.
///
/// What is appended has no more characters than `value`, unless its type has no limit: there an address keeps its form.
pub fn mask(
    methods: &Methods,
    class: Class,
    type_oid: u32,
    format: i16,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let method = methods.of(class);
    let text = |value: &[u8], out: &mut Vec<u8>| text(methods, class, value, out);
    match (type_oid, class) {
        (_, Class::Document) => {
            let shown = document(methods, type_oid, format, value, Match::is_distinct, out);
            shown.unwrap_or_else(|| {
                is_string(type_oid) && found_or_same(methods, value, Match::is_distinct, out)
            })
        }
        _ if method == Method::Null => false,
        (network::INET | network::CIDR, Class::IpAddress) if method == Method::Partial => {
            network::inet(format == TEXT_FORMAT, value, out)
        }
        (network::MACADDR | network::MACADDR8, Class::MacAddress) if method == Method::Partial => {
            network::macaddr(format == TEXT_FORMAT, value, out)
        }
        (TEXT | UNKNOWN, _) => text(value, out),
        (VARCHAR | NAME, _) => bounded(value, out, text),
        (BPCHAR, _) => padded(value, out, text),
        (FIRST_NORMAL_OID.., _) if is_plain(value) => bounded(value, out, text),
        // How many values something was computed of can tell of them.
        (_, Class::Derived) => false,
        (JSON | JSONB, _) => json(type_oid, format, value, Rule::All(&text), out),
        // An array of a type that is not PostgreSQL's own.
        (FIRST_NORMAL_OID.., _) if format == TEXT_FORMAT && array::is_text(value) => {
            let element =
                |element: &[u8], out: &mut Vec<u8>| mask(methods, class, type_oid, format, element, out);
            array::text(value, element, out)
        }
        _ => match array::element_of(type_oid) {
            Some(element_oid) => {
                let element = |element: &[u8], out: &mut Vec<u8>| {
                    mask(methods, class, element_oid, format, element, out)
                };
                match format {
                    TEXT_FORMAT => array::text(value, element, out),
                    _ => array::binary(value, element_oid, element, out),
                }
            }
            None => match method {
                Method::Fixed => fixed::value(type_oid, format, value, out),
                Method::Token => token::value(methods, class, type_oid, format, value, out),
                Method::Partial | Method::Null => false,
            },
        },
    }
}

/// Whether `value` is what is shown as text in place of values of this class: it has hidden letters, and a value that had others there would be
/// masked so. Of tokens and other types than text and documents nothing tells masks from values.
pub fn is_mask(methods: &Methods, class: Class, value: &str) -> bool {
    if !value.contains(HIDDEN) {
        return false;
    }
    let hidden = value.replace('*', "0");
    let is_shown = |type_oid| {
        let mut shown = Vec::new();
        mask(methods, class, type_oid, TEXT_FORMAT, hidden.as_bytes(), &mut shown)
            && shown == value.as_bytes()
    };
    [TEXT, VARCHAR, JSON].into_iter().any(is_shown)
}

/// Appends `value` with what its keys name, and what is found in it and counts, masked where it stands, if it is a document: JSON, also in
/// arrays and in text, or hstore. `None`, and nothing appended, if it is none; `false`: nothing of it can be shown.
pub(crate) fn document(
    methods: &Methods,
    type_oid: u32,
    format: i16,
    value: &[u8],
    counts: fn(&Match) -> bool,
    out: &mut Vec<u8>,
) -> Option<bool> {
    let start = out.len();
    let rule = Rule::Named(methods, counts);
    let is_shown = match type_oid {
        JSON | JSONB => return Some(json(type_oid, format, value, rule, out)),
        JSON_ARRAY | JSONB_ARRAY => {
            let element_oid = if type_oid == JSON_ARRAY { JSON } else { JSONB };
            let element = |element: &[u8], out: &mut Vec<u8>| json(element_oid, format, element, rule, out);
            return Some(match format {
                TEXT_FORMAT => array::text(value, element, out),
                _ => array::binary(value, element_oid, element, out),
            });
        }
        FIRST_NORMAL_OID.. if format != TEXT_FORMAT => {
            hstore::masked_binary(methods, value, counts, out) || {
                out.truncate(start);
                let element =
                    |element: &[u8], out: &mut Vec<u8>| hstore::masked_binary(methods, element, counts, out);
                array::element_of_binary(value)
                    .is_some_and(|oid| FIRST_NORMAL_OID <= oid && array::binary(value, oid, element, out))
            }
        }
        type_oid if is_string(type_oid) || FIRST_NORMAL_OID <= type_oid => {
            match value.trim_ascii_start().first() {
                Some(b'{' | b'[') => {
                    json::masked(value, rule, out)
                        || FIRST_NORMAL_OID <= type_oid && {
                            out.truncate(start);
                            let element = |element: &[u8], out: &mut Vec<u8>| {
                                hstore::masked(methods, element, counts, out)
                            };
                            array::text(value, element, out)
                        }
                }
                Some(b'"') => hstore::masked(methods, value, counts, out),
                _ => false,
            }
        }
        _ => false,
    };
    // No limit of a type is exceeded.
    let is_limited = matches!(type_oid, VARCHAR | BPCHAR | NAME);
    if is_shown && is_limited && characters(value) < characters(out.get(start..).unwrap_or_default()) {
        out.truncate(start);
        return Some(false);
    }
    if !is_shown {
        out.truncate(start);
    }
    is_shown.then_some(true)
}

/// The mask of json or jsonb, which has its version before it in the binary format (`jsonb_send`, jsonb.c).
fn json(type_oid: u32, format: i16, value: &[u8], rule: Rule<'_>, out: &mut Vec<u8>) -> bool {
    const VERSION: u8 = 1;
    let json = match type_oid == JSONB && format != TEXT_FORMAT {
        true => value.strip_prefix(&[VERSION]),
        false => Some(value),
    };
    let Some(json) = json else { return false };
    let start = out.len();
    out.extend_from_slice(value.get(..value.len() - json.len()).unwrap_or_default());
    json::masked(json, rule, out) || {
        out.truncate(start);
        false
    }
}

/// Whether anything is found in it that counts.
pub(crate) fn is_found(value: &[u8], counts: fn(&Match) -> bool) -> bool {
    detect::all(value).any(|found| counts(&found))
}

/// Appends `value`, with what is found in it and counts masked. It is never NULL.
pub(crate) fn found_or_same(
    methods: &Methods,
    value: &[u8],
    counts: fn(&Match) -> bool,
    out: &mut Vec<u8>,
) -> bool {
    mask_found(methods, value, counts, out) || {
        out.extend_from_slice(value);
        true
    }
}

/// Appends `value` with all that detectors find in it and that counts masked. `false`, and nothing appended, where there is nothing.
pub fn mask_found(methods: &Methods, value: &[u8], counts: fn(&Match) -> bool, out: &mut Vec<u8>) -> bool {
    let mut shown = 0;
    for found in detect::all(value).filter(counts) {
        out.extend_from_slice(value.get(shown..found.range.start).unwrap_or_default());
        let range = value.get(found.range.clone()).unwrap_or_default();
        bounded(range, out, |range, out| text(methods, found.class, range, out));
        shown = found.range.end;
    }
    if shown > 0 {
        out.extend_from_slice(value.get(shown..).unwrap_or_default());
    }
    shown > 0
}

/// The mask of text. `false`: it is NULL, where that is a whole value.
fn text(methods: &Methods, class: Class, value: &[u8], out: &mut Vec<u8>) -> bool {
    match methods.of(class) {
        _ if value.is_empty() => true,
        Method::Partial => {
            partial(class, value, out);
            true
        }
        Method::Token => token::text(methods, class, value, out),
        Method::Fixed | Method::Null => {
            out.extend_from_slice(FIXED);
            true
        }
    }
}

/// The part of a text that may be seen.
fn partial(class: Class, value: &[u8], out: &mut Vec<u8>) {
    match class {
        Class::Email => email::mask(value, out),
        Class::Phone => partial::last_digits(value, 2, 5, out),
        Class::Card => partial::last_digits(value, 4, 12, out),
        Class::Iban => partial::iban(value, out),
        Class::IpAddress if network::inet(true, value, out) => {}
        Class::MacAddress if network::macaddr(true, value, out) => {}
        Class::IpAddress
        | Class::MacAddress
        | Class::NationalId
        | Class::TaxId
        | Class::Passport
        | Class::GeoLocation
        | Class::Address
        | Class::PersonName
        | Class::BirthDate
        | Class::Credential
        | Class::Document
        | Class::Derived => out.extend_from_slice(FIXED),
    }
}

/// Cuts what `fill` appends to the number of characters of `value`: no limit of a type is exceeded.
fn bounded(value: &[u8], out: &mut Vec<u8>, fill: impl FnOnce(&[u8], &mut Vec<u8>) -> bool) -> bool {
    let start = out.len();
    let shown = fill(value, out);
    let limit = characters(value);
    let begins = out.iter().enumerate().skip(start).filter(|(_, byte)| is_first(**byte));
    let end = begins.map(|(place, _)| place).nth(limit);
    out.truncate(end.unwrap_or(out.len()));
    shown
}

/// `char(n)`: spaces fill what is short.
fn padded(value: &[u8], out: &mut Vec<u8>, fill: impl FnOnce(&[u8], &mut Vec<u8>) -> bool) -> bool {
    let trimmed = value.trim_ascii_end();
    let start = out.len();
    let shown = bounded(trimmed, out, fill);
    let missing = characters(value).saturating_sub(characters(out.get(start..).unwrap_or_default()));
    out.resize(out.len() + missing, b' ');
    shown
}

/// Whether a value of a type that is not PostgreSQL's own is a text, and none that has a form to be read by.
fn is_plain(value: &[u8]) -> bool {
    let formed = matches!(value.first(), Some(b'(' | b'{' | b'[' | b'<' | b'"'));
    let controls = value.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
    !formed && !controls && core::str::from_utf8(value).is_ok()
}

fn characters(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| is_first(byte)).count()
}

/// Whether a byte begins a character in UTF-8.
fn is_first(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

#[cfg(test)]
mod tests;
