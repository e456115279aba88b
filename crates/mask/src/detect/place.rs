//! Places: pairs of degrees, and streets with a number.

use super::Match;
use super::text::{at, before, end_of, end_of_word, is_inside};
use crate::class::Class;

/// Digits after the point of both degrees: four say where a house is.
const DECIMALS_MIN: usize = 4;

/// Bytes between a street's number and the word that says that it is one.
const STREET_BYTES_MAX: usize = 40;

/// Words that end the name of a street, after its number.
const LAST_WORDS: &[&str] = &[
    "street",
    "st",
    "avenue",
    "ave",
    "road",
    "rd",
    "boulevard",
    "blvd",
    "lane",
    "ln",
    "drive",
    "dr",
    "court",
    "ct",
    "way",
    "terrace",
    "crescent",
    "highway",
    "hwy",
    "parkway",
    "pkwy",
    "square",
    "sq",
    "circle",
    "route",
    "freeway",
    "pike",
    "trail",
    "close",
    "grove",
    "gardens",
    "mews",
    "place",
    "cir",
];

/// Words that begin the name of a street, before or after its number.
const FIRST_WORDS: &[&str] = &[
    "rue",
    "avenue",
    "boulevard",
    "chemin",
    "impasse",
    "calle",
    "avenida",
    "avda",
    "paseo",
    "via",
    "viale",
    "corso",
    "piazza",
    "rua",
    "plaza",
    "carrer",
    "camino",
    "pasaje",
    "ronda",
    "urbanización",
    "strada",
    "contrada",
    "borgo",
    "largo",
    "rotonda",
    "travessa",
    "quai",
    "allée",
    "cours",
    "viaduto",
    "estrada",
    "praça",
];

/// How names of streets end that are one word, before their number.
const ENDINGS: &[&[u8]] = &[
    "straße".as_bytes(),
    b"strasse",
    b"str.",
    b"str",
    b"weg",
    b"allee",
    b"gasse",
    b"platz",
    b"damm",
    b"ufer",
    b"straat",
    b"laan",
    b"gracht",
    b"plein",
    b"kade",
    b"steeg",
    b"dreef",
    b"kring",
    b"-ring",
    b"singel",
];

/// Latitude and longitude that begin with the digit or minus at `start`.
pub(super) fn coordinates(value: &[u8], start: usize) -> Option<Match> {
    if is_inside(value, start) {
        return None;
    }
    let (first, end) = degrees(value, start)?;
    let comma =
        end_of(value.get(..value.len().min(end + 4))?, end, |byte| matches!(byte, b' ' | b',' | b';'));
    let between = value.get(end..comma)?;
    if between.is_empty() {
        return None;
    }
    let (second, end) = degrees(value, comma)?;
    // A point of WKT has its longitude first.
    let point = between == b" " && before(value, start) == b'(';
    let fits =
        first <= 90 && second <= 180 && between.contains(&b',') || point && first <= 180 && second <= 90;
    fits.then_some(Match { class: Class::GeoLocation, range: start..end })
}

/// The whole degrees of a decimal number at `start`, and where it ends.
fn degrees(value: &[u8], start: usize) -> Option<(u32, usize)> {
    let start = start + usize::from(at(value, start) == b'-');
    let near = value.get(..value.len().min(start + 24))?;
    let point = end_of(near, start, |byte| byte.is_ascii_digit());
    let end = end_of(near, point + 1, |byte| byte.is_ascii_digit());
    let fits = (1..=3).contains(&(point - start)) && at(value, point) == b'.' && end - point > DECIMALS_MIN;
    let goes_on = at(value, end) == b'.' && at(value, end + 1).is_ascii_digit();
    let free = !goes_on && !at(value, end).is_ascii_alphanumeric();
    (fits && free).then_some((super::checks::whole(value.get(start..point)?), end))
}

/// A street whose number is the word at `start`: `12 Maple Street`, `12 rue de la Paix`.
pub(super) fn street(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    let digits = value.get(start..start + len)?.iter().filter(|byte| byte.is_ascii_digit()).count();
    if len > 6 || digits + 1 < len || is_inside(value, start) {
        return None;
    }
    let line = value.get(..value.len().min(start + len + STREET_BYTES_MAX))?;
    let mut place = start + len + usize::from(at(value, start + len) == b',');
    let (mut words, mut named) = (0, false);
    while at(line, place) == b' ' {
        let end = end_of(line, place + 1, is_name);
        let word = line.get(place + 1..end)?;
        if words == 0 && is_one_of(word, FIRST_WORDS) {
            return Some((Class::Address, end_of_name(value, end)));
        }
        if named && is_one_of(word, LAST_WORDS) {
            return Some((Class::Address, end));
        }
        // Names of streets are written large, or are numbers: `5th`.
        let large = word
            .first()
            .is_some_and(|byte| byte.is_ascii_uppercase() || !byte.is_ascii() || byte.is_ascii_digit());
        if word.is_empty() || !large {
            return None;
        }
        named = true;
        words += 1;
        place = end + usize::from(at(line, end) == b'.');
    }
    None
}

/// A street whose name begins at `start` and has its number behind it: `Hauptstraße 5`, `Calle Mayor 12`.
pub(super) fn named_street(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    let line = value.get(..value.len().min(start + STREET_BYTES_MAX))?;
    let first = line.get(start..start + len);
    if first.is_some_and(|word| at(word, 0).eq_ignore_ascii_case(&b'p') && word.eq_ignore_ascii_case(b"po")) {
        return post_box(value, start + len);
    }
    // Only a word with a small letter in it or a capital before it can name a street.
    if !at(value, start).is_ascii_uppercase() || is_name(before(value, start)) {
        return None;
    }
    let mut place = start;
    let first_word = end_of(line, place, is_name);
    let begins = is_one_of(line.get(start..first_word)?, FIRST_WORDS);
    for _ in 0..5 {
        let end = end_of(line, place, |byte| is_name(byte) || byte == b'.');
        let word = line.get(place..end)?;
        let number = end_of(line, end + 1, |byte| byte.is_ascii_digit());
        let numbered = matches!(at(line, end), b' ') && (1..=4).contains(&(number.saturating_sub(end + 1)));
        let ends = ENDINGS.iter().any(|ending| word.len() > ending.len() && ends_with(word, ending));
        if numbered && (begins && end > first_word || ends) {
            let letter = usize::from(at(value, number).is_ascii_alphabetic());
            let end = number + letter;
            return (!at(value, end).is_ascii_alphanumeric()).then_some((Class::Address, end));
        }
        let comma = usize::from(begins && at(line, end) == b',');
        if word.is_empty() || at(line, end + comma) != b' ' {
            return None;
        }
        place = end + comma + 1;
        if at(line, place).is_ascii_digit() && begins {
            let end = end_of(line, place, |byte| byte.is_ascii_digit());
            return (end - place <= 4 && !at(value, end).is_ascii_alphanumeric())
                .then_some((Class::Address, end));
        }
    }
    None
}

/// `P.O. Box` without dots, and its number.
fn post_box(value: &[u8], end: usize) -> Option<(Class, usize)> {
    let here = value.get(end..end + 5)?;
    let number = end_of_word(value, end + 5);
    let fits = here.eq_ignore_ascii_case(b" box ") && at(value, end + 5).is_ascii_digit();
    fits.then_some((Class::Address, number))
}

/// Two more words, as far as they are names.
fn end_of_name(value: &[u8], start: usize) -> usize {
    let near = value.get(..value.len().min(start + STREET_BYTES_MAX)).unwrap_or_default();
    end_of(near, start, |byte| is_name(byte) || byte == b' ')
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || byte == b'\'' || byte == b'-'
}

fn is_one_of(word: &[u8], words: &[&str]) -> bool {
    let is_word = word.first().is_some_and(|byte| !byte.is_ascii_digit());
    is_word && words.iter().any(|other| word.eq_ignore_ascii_case(other.as_bytes()))
}

fn ends_with(word: &[u8], ending: &[u8]) -> bool {
    word.len()
        .checked_sub(ending.len())
        .and_then(|from| word.get(from..))
        .is_some_and(|end| end.eq_ignore_ascii_case(ending))
}
