//! Lines of passports and identity cards that machines read (ICAO 9303): three sizes, whose check digits tell them.

use super::text::{at, before};
use crate::class::Class;

/// Signs of a line of a passport, of a card of two lines, and of one of three.
const PASSPORT_SIGNS: usize = 44;
const LARGE_SIGNS: usize = 36;
const SMALL_SIGNS: usize = 30;

/// Lines of a card.
const LINES_MAX: usize = 3;

/// The lines that begin at `start`, with where they end.
pub(super) fn lines(value: &[u8], start: usize) -> Option<(Class, usize)> {
    let (class, mut end) = line(value, start).filter(|_| !is_sign(before(value, start)))?;
    for _ in 1..LINES_MAX {
        let next = end + usize::from(at(value, end) == b'\r');
        let next = next + usize::from(at(value, next) == b'\n');
        let Some(more) = line(value, next).map(|(_, end)| end).or_else(|| names(value, next)) else { break };
        end = more;
    }
    Some((class, end))
}

/// A line that says by itself what it is. A few signs tell most of what is none of them.
fn line(value: &[u8], start: usize) -> Option<(Class, usize)> {
    if at(value, start) == b'P' && at(value, start + 1) == b'<' {
        return read(value, start, PASSPORT_SIGNS).map(|_| (Class::Passport, start + PASSPORT_SIGNS));
    }
    let is_digit = |place: usize| at(value, start + place).is_ascii_digit();
    let is_sex = |place: usize| matches!(at(value, start + place), b'F' | b'M' | b'X' | b'<');
    if is_digit(9) && is_digit(19) && is_sex(20) && is_digit(27) {
        let passport = read(value, start, PASSPORT_SIGNS);
        let class = if passport.is_some() { Class::Passport } else { Class::NationalId };
        let line = passport.or_else(|| read(value, start, LARGE_SIGNS))?;
        let checks = is_checked(line, 0, 9) && is_checked(line, 13, 19) && is_checked(line, 21, 27);
        return checks.then_some((class, start + line.len()));
    }
    if is_digit(6) && is_sex(7) && is_digit(14) {
        let line = read(value, start, SMALL_SIGNS)?;
        let is_country = line.get(15..18)?.iter().all(|sign| !sign.is_ascii_digit());
        let checks = is_country && is_checked(line, 0, 6) && is_checked(line, 8, 14);
        return checks.then_some((Class::NationalId, start + SMALL_SIGNS));
    }
    let is_card =
        matches!(at(value, start), b'A' | b'C' | b'I') && at(value, start + SMALL_SIGNS - 1) == b'<';
    if is_card && is_digit(14) {
        let line = read(value, start, SMALL_SIGNS)?;
        let is_country = line.get(2..5)?.iter().all(|sign| !sign.is_ascii_digit());
        return (is_country && is_checked(line, 5, 14)).then_some((Class::NationalId, start + SMALL_SIGNS));
    }
    None
}

/// The last line of a card, which has names only.
fn names(value: &[u8], start: usize) -> Option<usize> {
    let line = read(value, start, SMALL_SIGNS)?;
    let fits = line.windows(2).any(|signs| signs == b"<<") && !line.iter().any(u8::is_ascii_digit);
    fits.then_some(start + SMALL_SIGNS)
}

/// A line of so many signs.
fn read(value: &[u8], start: usize, signs: usize) -> Option<&[u8]> {
    let line = value.get(start..start + signs)?;
    (!is_sign(at(value, start + signs)) && line.iter().copied().all(is_sign)).then_some(line)
}

fn is_sign(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'<'
}

fn is_checked(line: &[u8], from: usize, to: usize) -> bool {
    line.get(from..to).is_some_and(|signs| Some(&check_digit(signs)) == line.get(to))
}

/// Weights 7, 3 and 1 in turn (ICAO 9303-3, 4.9); letters count from ten on, what fills nothing.
pub(super) fn check_digit(signs: &[u8]) -> u8 {
    let worth = |sign: u8| match sign {
        b'0'..=b'9' => u32::from(sign - b'0'),
        b'A'..=b'Z' => u32::from(sign - b'A') + 10,
        _ => 0,
    };
    let sum: u32 =
        signs.iter().zip([7, 3, 1].into_iter().cycle()).map(|(&sign, weight)| worth(sign) * weight).sum();
    b'0' + u8::try_from(sum % 10).unwrap_or_default()
}
