//! What only the words before it tell from other numbers: passports and days of birth.

use super::checks::{is_day, whole};
use super::context;
use super::text::{at, end_of, goes_on, is_inside};
use crate::class::Class;

const PASSPORT: &[&str] = &[
    "passport",
    "passport no",
    "reisepass",
    "passeport",
    "pasaporte",
    "passaporte",
    "passaporto",
    "paspoort",
];

const BORN: &[&str] = &[
    "born",
    "dob",
    "d.o.b",
    "birth",
    "birthday",
    "birthdate",
    "geboren",
    "geb",
    "geburtsdatum",
    "geburtstag",
    "naissance",
    "nacimiento",
    "nascimento",
    "nascita",
    "nacido",
    "nacida",
    "né",
    "née",
    "nato",
    "nata",
    "född",
    "født",
    "urodz",
];

/// The beginnings of months in English, German, French, Spanish, Portuguese and Italian.
const MONTHS: &[&[u8]] = &[
    b"jan",
    b"feb",
    b"mar",
    b"apr",
    b"may",
    b"jun",
    b"jul",
    b"aug",
    b"sep",
    b"oct",
    b"nov",
    b"dec",
    b"mai",
    b"okt",
    b"dez",
    b"fev",
    b"avr",
    b"juin",
    b"juil",
    b"ene",
    b"abr",
    b"ago",
    b"dic",
    b"gen",
    b"mag",
    b"giu",
    b"lug",
    b"set",
    b"ott",
    b"out",
    b"m\xc3\xa4r",
    b"f\xc3\xa9v",
    b"ao\xc3\xbb",
];

/// What begins with a digit.
pub(super) fn number(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    if is_inside(value, start) {
        return None;
    }
    let date = || {
        let end = numeric_date(value, start).or_else(|| day_of_month(value, start, len))?;
        context::names(value, start, BORN).then_some((Class::BirthDate, end))
    };
    passport(value, start, len).or_else(date)
}

/// What begins with a letter.
pub(super) fn letters(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    let date = || {
        let end = month_first(value, start, len)?;
        context::names(value, start, BORN).then_some((Class::BirthDate, end))
    };
    passport(value, start, len).or_else(date)
}

/// Up to two letters and six to nine digits, in a word of at most ten signs.
fn passport(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    let word = value.get(start..start + len)?;
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let fits = (7..=10).contains(&len)
        && digits >= 5
        && word.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && !goes_on(value, start + len);
    (fits && context::names(value, start, PASSPORT)).then_some((Class::Passport, start + len))
}

/// Day, month and year in any order, with one separator.
fn numeric_date(value: &[u8], start: usize) -> Option<usize> {
    let (mut parts, mut lens, mut place) = ([0; 3], [0; 3], start);
    let mut separator = 0;
    for (index, (part, len)) in parts.iter_mut().zip(&mut lens).enumerate() {
        if index > 0 {
            let here = at(value, place);
            if !matches!(here, b'-' | b'/' | b'.') || index == 2 && here != separator {
                return None;
            }
            separator = here;
            place += 1;
        }
        let digits = value.get(place..value.len().min(place + 5))?;
        *len = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *part = whole(digits.get(..*len)?);
        place += *len;
    }
    let [a, b, c] = parts;
    let fits = match lens {
        [4, 1 | 2, 1 | 2] => is_year(a) && is_day(c, b),
        [1 | 2, 1 | 2, 4] => is_year(c) && (is_day(a, b) || is_day(b, a)),
        [1 | 2, 1 | 2, 2] => is_day(a, b) || is_day(b, a),
        _ => false,
    };
    fits.then_some(place)
}

fn is_year(year: u32) -> bool {
    (1880..=2100).contains(&year)
}

/// `12 March 1985`, `12. März 1985`, `3rd of`: no; what people write most.
fn day_of_month(value: &[u8], start: usize, len: usize) -> Option<usize> {
    let day = whole(value.get(start..start + len.min(2))?);
    let place = start + len + usize::from(at(value, start + len) == b'.');
    let month = (len <= 2 && at(value, place) == b' ').then_some(place + 1)?;
    let end = month_ends(value, month)?;
    let year = (at(value, end) == b' ').then_some(end + 1)?;
    ((1..=31).contains(&day)).then(|| year_ends(value, year))?
}

/// `March 12, 1985`.
fn month_first(value: &[u8], start: usize, len: usize) -> Option<usize> {
    if !(3..=9).contains(&len)
        || at(value, start + len) != b' '
        || !at(value, start + len + 1).is_ascii_digit()
    {
        return None;
    }
    let day = month_ends(value, start)? + 1;
    let end = day + value.get(day..day + 2)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let year = end + usize::from(at(value, end) == b',');
    (at(value, year) == b' ').then(|| year_ends(value, year + 1))?
}

fn month_ends(value: &[u8], start: usize) -> Option<usize> {
    let named = MONTHS.iter().any(|month| {
        value.get(start..start + month.len()).is_some_and(|here| here.eq_ignore_ascii_case(month))
    });
    let near = value.get(..value.len().min(start + 12))?;
    named.then(|| end_of(near, start, |byte| byte.is_ascii_alphabetic() || !byte.is_ascii()))
}

fn year_ends(value: &[u8], start: usize) -> Option<usize> {
    let digits = value.get(start..start + 4)?;
    let fits = digits.iter().all(u8::is_ascii_digit)
        && is_year(whole(digits))
        && !at(value, start + 4).is_ascii_digit();
    fits.then_some(start + 4)
}
