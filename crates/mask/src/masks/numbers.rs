//! Numbers and days as text and as PostgreSQL sends them in binary: what a token of them is made of, and how it is written.

use core::str;
use std::io::Write;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::types;
use crate::methods::Digest;

/// Longest number, in characters. Longer ones have no token.
const CHARACTERS_MAX: usize = 64;

/// Digits of a numeric that are sent together (`DEC_DIGITS`, numeric.c).
const GROUP_DIGITS: usize = 4;

/// Day that binary dates count from (`POSTGRES_EPOCH_JDATE`, timestamp.h).
const EPOCH: Date = date(2000, 1, 1);

/// A number in digits, with a sign and a point where it has them.
pub(super) struct Number {
    text: [u8; CHARACTERS_MAX],
    len: usize,
}

impl Number {
    /// The number that a value of this type is. `None`: it is none in digits, or too long.
    pub(super) fn read(type_oid: u32, is_text: bool, value: &[u8]) -> Option<Self> {
        let mut number = Number { text: [0; CHARACTERS_MAX], len: 0 };
        let mut rest = number.text.as_mut_slice();
        match (type_oid, is_text) {
            // Texts of floats have forms of their own.
            (types::FLOAT4, true) => write!(rest, "{}", str::from_utf8(value).ok()?.parse::<f32>().ok()?),
            (types::FLOAT8, true) => write!(rest, "{}", str::from_utf8(value).ok()?.parse::<f64>().ok()?),
            (_, true) => rest.write_all(value),
            (types::INT2, _) => write!(rest, "{}", i16::from_be_bytes(value.try_into().ok()?)),
            (types::INT4, _) => write!(rest, "{}", i32::from_be_bytes(value.try_into().ok()?)),
            (types::INT8, _) => write!(rest, "{}", i64::from_be_bytes(value.try_into().ok()?)),
            (types::FLOAT4, _) => write!(rest, "{}", f32::from_be_bytes(value.try_into().ok()?)),
            (types::FLOAT8, _) => write!(rest, "{}", f64::from_be_bytes(value.try_into().ok()?)),
            (types::NUMERIC, _) => write_numeric(value, &mut rest),
            _ => return None,
        }
        .ok()?;
        number.len = CHARACTERS_MAX - rest.len();
        let digits = number.text().strip_prefix(b"-").unwrap_or(number.text());
        let is_number = digits.first().is_some_and(u8::is_ascii_digit)
            && digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
            && digits.iter().filter(|byte| **byte == b'.').count() <= 1;
        is_number.then_some(number)
    }

    pub(super) fn text(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }

    /// Puts digits that `digest` makes in place of its own, so that it has as many before and behind the point.
    pub(super) fn replace_digits(&mut self, digest: &Digest, type_oid: u32) {
        let mut digits = Digits::new(digest);
        let text = self.text.get_mut(..self.len).unwrap_or_default();
        let whole = text.iter().filter(|byte| **byte != b'-').take_while(|byte| **byte != b'.').count();
        let mut is_first = true;
        for place in text.iter_mut().filter(|byte| byte.is_ascii_digit()) {
            let digit = digits.next();
            *place = b'0'
                + match is_first && 1 < whole {
                    // The largest numbers of these types have so many digits and begin with 3, 2 and 9.
                    true if matches!(
                        (type_oid, whole),
                        (types::INT2, 5) | (types::INT4, 10) | (types::INT8, 19)
                    ) =>
                    {
                        1
                    }
                    true => 1 + digit % 9,
                    false => digit,
                };
            is_first = false;
        }
    }

    /// Appends it as a value of this type.
    pub(super) fn write(&self, type_oid: u32, is_text: bool, out: &mut Vec<u8>) -> Option<()> {
        if is_text {
            out.extend_from_slice(self.text());
            return Some(());
        }
        let text = str::from_utf8(self.text()).ok()?;
        match type_oid {
            types::INT2 => out.extend_from_slice(&text.parse::<i16>().ok()?.to_be_bytes()),
            types::INT4 => out.extend_from_slice(&text.parse::<i32>().ok()?.to_be_bytes()),
            types::INT8 => out.extend_from_slice(&text.parse::<i64>().ok()?.to_be_bytes()),
            types::FLOAT4 => out.extend_from_slice(&text.parse::<f32>().ok()?.to_be_bytes()),
            types::FLOAT8 => out.extend_from_slice(&text.parse::<f64>().ok()?.to_be_bytes()),
            _ => return numeric(text, out),
        }
        Some(())
    }
}

/// Decimal digits out of a digest.
struct Digits {
    numbers: [u128; 2],
}

impl Digits {
    fn new(digest: &Digest) -> Self {
        let number = |bytes: Option<&[u8; 16]>| bytes.map_or(0, |bytes| u128::from_be_bytes(*bytes));
        Digits { numbers: [number(digest.first_chunk()), number(digest.last_chunk())] }
    }

    /// Each number has 38 of them.
    fn next(&mut self) -> u8 {
        let [one, other] = &mut self.numbers;
        let number = if *one == 0 { other } else { one };
        let digit = *number % 10;
        *number /= 10;
        u8::try_from(digit).unwrap_or_default()
    }
}

/// Writes a binary numeric as text: groups, weight of the first, sign, digits behind the point, groups (`numeric_send`, numeric.c).
pub(super) fn write_numeric(value: &[u8], out: &mut impl Write) -> std::io::Result<()> {
    const NEGATIVE: u16 = 0x4000;
    const POSITIVE: u16 = 0;
    let none = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let mut numbers =
        value.chunks_exact(2).filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
    let mut number = || numbers.next().ok_or_else(none);
    let (count, weight, sign, scale) = (number()?, number()?.cast_signed(), number()?, number()?);
    if !matches!(sign, POSITIVE | NEGATIVE) || value.len() != 8 + usize::from(count) * 2 {
        return Err(none());
    }
    let group = |place: i32| -> u16 {
        let index =
            usize::try_from(i32::from(weight) - place).ok().and_then(|index| value.get(8 + index * 2..));
        index.and_then(|rest| rest.first_chunk()).map_or(0, |pair| u16::from_be_bytes(*pair))
    };
    if sign == NEGATIVE {
        write!(out, "-")?;
    }
    write!(out, "{}", group(i32::from(weight).max(0)))?;
    for place in (0..i32::from(weight).max(0)).rev() {
        write!(out, "{:04}", group(place))?;
    }
    let mut left = usize::from(scale);
    if 0 < left {
        write!(out, ".")?;
    }
    for place in (1..).map(|place: i32| -place) {
        if left == 0 {
            break;
        }
        let digits = left.min(GROUP_DIGITS);
        let shown = group(place) / 10_u16.pow(u32::try_from(GROUP_DIGITS - digits).unwrap_or_default());
        write!(out, "{shown:0digits$}")?;
        left -= digits;
    }
    Ok(())
}

/// Appends a number as a binary numeric.
fn numeric(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let (sign, digits) = text.strip_prefix('-').map_or((0_u16, text), |digits| (0x4000, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let groups = whole.len().div_ceil(GROUP_DIGITS);
    let missing = groups * GROUP_DIGITS - whole.len();
    let count = groups + fraction.len().div_ceil(GROUP_DIGITS);
    let short = |number: usize| u16::try_from(number).ok();
    for number in [short(count)?, short(groups)?.wrapping_sub(1), sign, short(fraction.len())?] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    let digits = core::iter::repeat_n(b'0', missing).chain(whole.bytes()).chain(fraction.bytes());
    let mut digits = digits.chain(core::iter::repeat(b'0'));
    for _ in 0..count {
        let group =
            digits.by_ref().take(GROUP_DIGITS).fold(0, |group, digit| group * 10 + u16::from(digit - b'0'));
        out.extend_from_slice(&group.to_be_bytes());
    }
    Some(())
}

/// Whether a text is a day in the form `YYYY-MM-DD`, which PostgreSQL writes unless `DateStyle` says otherwise.
pub(super) fn is_iso_date(text: &[u8]) -> bool {
    iso_date(text).is_some()
}

fn iso_date(text: &[u8]) -> Option<Date> {
    let fits = text.len() == 10 && text.get(4) == Some(&b'-');
    str::from_utf8(text).ok().filter(|_| fits)?.parse().ok()
}

/// The day that a date is, in days from 2000-01-01. `None`: it is no day, such as infinity, or is written in another form.
pub(super) fn day(is_text: bool, value: &[u8]) -> Option<i32> {
    match is_text {
        true => EPOCH.until(iso_date(value)?).ok().map(|span| span.get_days()),
        false => {
            let day = i32::from_be_bytes(value.try_into().ok()?);
            (day != i32::MIN && day != i32::MAX).then_some(day)
        }
    }
}

/// Appends a day as a date.
pub(super) fn write_day(day: i32, is_text: bool, out: &mut Vec<u8>) -> Option<()> {
    match is_text {
        true => write!(out, "{}", EPOCH.checked_add(day.days()).ok()?).ok(),
        false => out.write_all(&day.to_be_bytes()).ok(),
    }
}
