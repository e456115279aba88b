//! Values that stand for others: what was the same is the same, of the same type and length, and only the key makes it.

use std::io::Write;

use super::numbers::{self, Number};
use super::{TEXT_FORMAT, types};
use crate::class::Class;
use crate::methods::{Digest, Methods};
use crate::rows::bytes;

/// Letters of a token (RFC 4648, section 6, in small letters).
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Letters that a token has: 100 bits.
const LETTERS_COUNT: usize = 20;

/// First day of those that stand for others, in days from 2000-01-01: 1900-01-01.
const FIRST_DAY: i32 = -36_524;

/// How many they are: up to 2099-12-31.
const DAYS: u64 = 73_049;

/// Appends what stands for a text. `false`: there is no key.
pub(super) fn text(methods: &Methods, class: Class, value: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(digest) = methods.digest(class, value) else { return false };
    let letters = digest.iter().take(LETTERS_COUNT);
    out.extend(letters.filter_map(|byte| LETTERS.get(usize::from(byte % 32))));
    true
}

/// Appends what stands for a value of a type that is no text's. `false`: nothing can.
pub(super) fn value(
    methods: &Methods,
    class: Class,
    type_oid: u32,
    format: i16,
    value: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    let is_text = format == TEXT_FORMAT;
    let digest = |value: &[u8]| methods.digest(class, value);
    match type_oid {
        types::INT2 | types::INT4 | types::INT8 | types::FLOAT4 | types::FLOAT8 | types::NUMERIC => {
            let Some(mut number) = Number::read(type_oid, is_text, value) else { return false };
            let Some(digest) = digest(number.text()) else { return false };
            number.replace_digits(&digest, type_oid);
            number.write(type_oid, is_text, out).is_some()
        }
        types::DATE => {
            let Some(day) = numbers::day(is_text, value) else { return false };
            let Some(digest) = digest(&day.to_be_bytes()) else { return false };
            let number = first_number(&digest) % DAYS;
            numbers::write_day(FIRST_DAY + i32::try_from(number).unwrap_or_default(), is_text, out).is_some()
        }
        types::UUID => uuid(is_text, value, digest, out).is_some(),
        types::BYTEA => {
            let digest = match value {
                [b'\\', b'x', digits @ ..] if is_text => digest(&bytes(digits)),
                _ if is_text => None,
                value => digest(value),
            };
            let Some(digest) = digest else { return false };
            if is_text { write_hex(br"\x", &digest, out).is_some() } else { out.write_all(&digest).is_ok() }
        }
        _ => false,
    }
}

/// One of version 8, whose bits are free (RFC 9562, section 5.8).
fn uuid(
    is_text: bool,
    value: &[u8],
    digest: impl Fn(&[u8]) -> Option<Digest>,
    out: &mut Vec<u8>,
) -> Option<()> {
    let value = if is_text { read_uuid(value)? } else { <[u8; 16]>::try_from(value).ok()? };
    let digest = digest(&value)?;
    let mut token: [u8; 16] = *digest.first_chunk()?;
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut token;
    *version = 0x80 | *version & 0x0F;
    *variant = 0x80 | *variant & 0x3F;
    if !is_text {
        out.extend_from_slice(&token);
        return Some(());
    }
    let (mut from, ends) = (0, [4, 6, 8, 10, 16]);
    for to in ends {
        let dash: &[u8] = if from == 0 { b"" } else { b"-" };
        write_hex(dash, token.get(from..to)?, out)?;
        from = to;
    }
    Some(())
}

/// The bytes that a written UUID has.
fn read_uuid(written: &[u8]) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let mut digits = written.iter().filter_map(|digit| char::from(*digit).to_digit(16));
    for byte in &mut bytes {
        *byte = u8::try_from(digits.next()? << 4 | digits.next()?).ok()?;
    }
    digits.next().is_none().then_some(bytes)
}

fn write_hex(before: &[u8], bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(before);
    bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}")).ok()
}

fn first_number(digest: &Digest) -> u64 {
    digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
