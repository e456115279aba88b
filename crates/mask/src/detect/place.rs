//! Places: pairs of degrees, and streets with a number.

use super::Match;
use super::text::{at, before, end_of, end_of_word, is_inside};
use crate::class::Class;

/// Digits after the point of both degrees: four say where a house is.
const DECIMALS_MIN: usize = 4;

/// Bytes between a street's number and the word that says that it is one.
const STREET_BYTES_MAX: usize = 40;

/// Words that end the name of a street, after its number: of the Postal Service's list (Publication 28, C1) and British.
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
    "alley",
    "bend",
    "branch",
    "bridge",
    "brook",
    "burg",
    "bypass",
    "causeway",
    "center",
    "centers",
    "circles",
    "common",
    "corner",
    "corners",
    "course",
    "courts",
    "cove",
    "creek",
    "crest",
    "crossing",
    "crossroad",
    "curve",
    "dale",
    "drives",
    "estate",
    "estates",
    "expressway",
    "falls",
    "ferry",
    "field",
    "fields",
    "flats",
    "ford",
    "forest",
    "forge",
    "fork",
    "forks",
    "garden",
    "gateway",
    "glen",
    "glens",
    "green",
    "greens",
    "groves",
    "harbor",
    "haven",
    "heights",
    "hill",
    "hills",
    "hollow",
    "inlet",
    "island",
    "junction",
    "key",
    "keys",
    "knoll",
    "knolls",
    "lake",
    "lakes",
    "landing",
    "manor",
    "meadow",
    "meadows",
    "mill",
    "mills",
    "mission",
    "motorway",
    "mount",
    "mountain",
    "orchard",
    "oval",
    "overpass",
    "park",
    "parks",
    "passage",
    "path",
    "pine",
    "pines",
    "plain",
    "plains",
    "plaza",
    "point",
    "points",
    "port",
    "ports",
    "prairie",
    "ramp",
    "ranch",
    "rapids",
    "rest",
    "ridge",
    "ridges",
    "river",
    "roads",
    "row",
    "run",
    "shore",
    "shores",
    "skyway",
    "spring",
    "springs",
    "spur",
    "squares",
    "station",
    "stravenue",
    "stream",
    "streets",
    "summit",
    "throughway",
    "trace",
    "track",
    "trafficway",
    "tunnel",
    "turnpike",
    "underpass",
    "union",
    "valley",
    "valleys",
    "viaduct",
    "view",
    "views",
    "village",
    "ville",
    "vista",
    "walk",
    "walks",
    "well",
    "wells",
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
    "av",
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
    "vicolo",
    "canale",
    "incrocio",
    "stretto",
    "acceso",
    "alameda",
    "callejón",
    "cañada",
    "cuesta",
    "glorieta",
    "vial",
    "jardim",
    "ladeira",
    "parque",
    "quadra",
    "residencial",
    "rodovia",
    "viela",
    "vereda",
    "ulica",
    "aleja",
    "plac",
];

/// Words that begin the name of a street behind its number, where a name goes on: elsewhere they are everything.
const FRENCH_WORDS: &[&str] = &["av", "ave", "bd", "bvd", "cité", "place", "route", "square"];

/// What may stand between those and the name.
const FRENCH_ARTICLES: &[&[u8]] = &[b"de", b"des", b"du", b"la", b"le", b"les"];

/// What French people number houses with that stand between two.
const FRENCH_NUMBERS: &[&[u8]] = &[b"bis", b"ter", b"quater"];

/// Words that German streets begin with which are called by where they are: `Am Markt 3`, `Unter den Linden 77`.
const WHERE: &[&[u8]] =
    &[b"Am", b"An", b"Auf", b"Bei", b"Hinter", b"Im", b"In", b"Unter", b"Vor", b"Zum", b"Zur"];

/// Words that end the name of a street behind another word: `Berliner Allee 12`.
const LAST_GERMAN_WORDS: &[&str] = &[
    "straße", "strasse", "str.", "weg", "allee", "gasse", "platz", "ring", "damm", "ufer", "markt", "reihe",
    "straat", "laan", "plein",
];

/// Words of that kind that nobody writes large (Poland).
const SMALL_FIRST_WORDS: &[&[u8]] = &[b"ul", b"al", b"pl", b"os"];

/// What is measured, and lives nowhere: `Umweg 3 km`.
const UNITS: &[&str] = &["km", "m", "cm", "min", "h", "std", "uhr", "euro", "meter", "minuten", "stunden"];

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
    b"gatan",
    "vägen".as_bytes(),
    "gränd".as_bytes(),
    "gränden".as_bytes(),
    b"stigen",
    b"torget",
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
    if between.contains(&b',') && is_in_list(value, start, end) {
        return None;
    }
    // A point of WKT has its longitude first.
    let point = between == b" " && before(value, start) == b'(';
    let fits =
        first <= 90 && second <= 180 && between.contains(&b',') || point && first <= 180 && second <= 90;
    fits.then_some(Match { class: Class::GeoLocation, range: start..end, is_named: false })
}

/// Whether such numbers go on behind `end`, or stand before `start`: of a vector, each pair could be a place.
fn is_in_list(value: &[u8], start: usize, end: usize) -> bool {
    let spaced = |place: usize| place + usize::from(at(value, place) == b' ');
    let after = at(value, end) == b',' && degrees(value, spaced(end + 1)).is_some();
    let head = value.get(start.saturating_sub(24)..start).unwrap_or_default();
    let head = head.strip_suffix(b"-").unwrap_or(head);
    let head = head.strip_suffix(b" ").unwrap_or(head).strip_suffix(b",").unwrap_or_default();
    let decimals = head.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    after || decimals > DECIMALS_MIN && at(head, head.len() - decimals - 1) == b'.'
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
    let number = value.get(start..start + len)?;
    let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_french = number.get(digits..).is_some_and(|rest| FRENCH_NUMBERS.contains(&rest));
    if !is_french && (len > 6 || digits + 1 < len) || is_inside(value, start) {
        return None;
    }
    let between = value
        .get(start + len + 1..end_of_word(value.get(..value.len().min(start + len + 8))?, start + len + 1));
    let len = match between {
        Some(word) if at(value, start + len) == b' ' && FRENCH_NUMBERS.contains(&word) => {
            len + 1 + word.len()
        }
        _ => len,
    };
    let line = value.get(..value.len().min(start + len + STREET_BYTES_MAX))?;
    let mut place = start + len + usize::from(at(value, start + len) == b',');
    let (mut words, mut named) = (0, false);
    while at(line, place) == b' ' {
        let end = end_of(line, place + 1, is_name);
        let word = line.get(place + 1..end)?;
        let goes_on = at(line, end) == b' ' && !at(line, end + 1).is_ascii_digit();
        if words == 0 && goes_on && is_one_of(word, FIRST_WORDS) {
            return Some((Class::Address, end_of_name(value, end)));
        }
        if words == 0 && is_one_of(word, FRENCH_WORDS) {
            let next = end + usize::from(at(line, end) == b'.');
            let name = line.get(next + 1..end_of(line, next + 1, is_name)).filter(|_| at(line, next) == b' ');
            let is_of_name = |word: &[u8]| {
                at(word, 0).is_ascii_uppercase() || word.starts_with(b"d'") || FRENCH_ARTICLES.contains(&word)
            };
            return name.filter(|name| is_of_name(name)).map(|_| (Class::Address, end_of_name(value, next)));
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
    if value.get(start..start + 4).is_some_and(|word| word.eq_ignore_ascii_case(b"p.o.")) {
        return post_box(value, start + 4);
    }
    if start == 0 && first.is_some_and(|word| WHERE.contains(&word)) {
        return by_where(value, len);
    }
    let dotted = at(value, start + len) == b'.';
    let small = dotted && SMALL_FIRST_WORDS.contains(&first.unwrap_or_default());
    // Only a word with a small letter in it or a capital before it can name a street.
    if !(at(value, start).is_ascii_uppercase() || small) || is_name(before(value, start)) {
        return None;
    }
    // Short for a street in Spain.
    let calle = at(value, start) == b'C' && at(value, start + 1) == b'/';
    let mut place = start + if calle { 2 + usize::from(at(value, start + 2) == b' ') } else { 0 };
    let first_word = if calle { place } else { end_of(line, place, is_name) };
    let begins = small || calle || is_one_of(line.get(start..first_word)?, FIRST_WORDS);
    for _ in 0..5 {
        let end = end_of(line, place, |byte| is_name(byte) || byte == b'.');
        let word = line.get(place..end)?;
        let number = end_of(line, end + 1, |byte| byte.is_ascii_digit());
        let numbered = at(line, end) == b' ' && (1..=4).contains(&(number.saturating_sub(end + 1)));
        let ends = ENDINGS.iter().any(|ending| word.len() > ending.len() && ends_with(word, ending))
            || place > start && is_one_of(word, LAST_GERMAN_WORDS);
        if numbered && (begins && end > first_word || ends) {
            return end_of_number(value, number).map(|end| (Class::Address, end));
        }
        let comma = usize::from(begins && at(line, end) == b',');
        if word.is_empty() || at(line, end + comma) != b' ' {
            return None;
        }
        place = end + comma + 1;
        if at(line, place).is_ascii_digit() && begins {
            let end = end_of(line, place, |byte| byte.is_ascii_digit());
            return if end - place > 4 {
                None
            } else {
                end_of_number(value, end).map(|end| (Class::Address, end))
            };
        }
        if comma > 0 {
            return None;
        }
    }
    None
}

/// The rest of a value that begins with where a street is, whose first word has so many bytes: a name, and a number with nothing but a
/// town behind it.
fn by_where(value: &[u8], len: usize) -> Option<(Class, usize)> {
    const DIGITS_MAX: usize = 3;
    let line = value.get(..value.len().min(STREET_BYTES_MAX))?;
    let number = line.iter().position(u8::is_ascii_digit)?;
    let name = line.get(len..number)?;
    let last = name.trim_ascii().rsplit(|byte| *byte == b' ').next()?;
    let is_name =
        name.ends_with(b" ") && name.iter().all(|&byte| is_name(byte) || byte == b' ') && name.len() > 3;
    let digits = end_of(line, number, |byte| byte.is_ascii_digit());
    let end = end_of_number(value, digits)?;
    let fits = is_name && !at(last, 0).is_ascii_lowercase() && digits - number <= DIGITS_MAX;
    (fits && matches!(at(value, end), 0 | b',' | b'\n')).then_some((Class::Address, end))
}

/// Where the number of a house ends whose digits end at `end`: `5a`, `55-36`, `87/49`.
fn end_of_number(value: &[u8], end: usize) -> Option<usize> {
    const DIGITS_MAX: usize = 4;
    let letter = end + usize::from(at(value, end).is_ascii_alphabetic());
    let near = value.get(..value.len().min(letter + 2 + DIGITS_MAX)).unwrap_or_default();
    let second = end_of(near, letter + 1, |byte| byte.is_ascii_digit());
    let joined =
        matches!(at(value, letter), b'-' | b'/') && (1..=DIGITS_MAX).contains(&(second - letter - 1));
    let end = if joined { second } else { letter };
    let unit = value.get(end + 1..end_of(near, end + 1, |byte| byte.is_ascii_alphabetic()));
    let measured = at(value, end) == b' ' && unit.is_some_and(|unit| is_one_of(unit, UNITS));
    (!at(value, end).is_ascii_alphanumeric() && !measured).then_some(end)
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

/// Whether names of streets end with this word.
pub(crate) fn is_street(word: &str) -> bool {
    is_one_of(word.as_bytes(), LAST_WORDS)
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
