//! Finds sensitive values in text by their shape and check digits: one pass, no allocation, whatever the bytes are.
//! Names and most addresses have no shape; columns with them are told by name, or by many of their values, and members of documents by
//! their keys (`class`).

mod account;
mod checks;
mod context;
mod email;
mod forms;
mod hash;
mod key;
mod labelled;
mod member;
mod mrz;
mod network;
mod phone;
mod place;
mod setting;
mod text;

use std::ops::Range;

pub(crate) use self::place::is_street;
use self::text::{at, is_word};
use crate::class::Class;

/// Something sensitive in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// What it is.
    pub class: Class,
    /// The bytes that are it.
    pub range: Range<usize>,
    /// The key of a document that it stands behind says so.
    pub is_named: bool,
}

impl Match {
    /// Whether it is what it looks like, wherever it stands.
    pub fn is_distinct(&self) -> bool {
        self.is_named || self.class.is_distinct()
    }
}

/// The first thing that is sensitive in `value`, which is text in UTF-8 or takes its chance.
pub fn first(value: &[u8]) -> Option<Match> {
    all(value).next()
}

/// Everything that is sensitive in `value`, in order; ranges do not overlap.
pub fn all(value: &[u8]) -> All<'_> {
    let place = if may_have(value) && !is_short_number(value) { 0 } else { value.len() };
    All { value, place, floor: 0 }
}

/// The rest of what is sensitive in a value.
#[derive(Clone, Debug)]
pub struct All<'a> {
    value: &'a [u8],
    /// Where the next look begins.
    place: usize,
    /// Where the last match ended: nothing before it is looked at again.
    floor: usize,
}

impl Iterator for All<'_> {
    type Item = Match;

    fn next(&mut self) -> Option<Match> {
        while let Some(&byte) = self.value.get(self.place) {
            let here = self.place;
            let found = match byte {
                b'"' => member::value(self.value, here),
                b'@' => email::at_sign(self.value, here, self.floor),
                _ if is_word(byte) => word(self.value, here),
                b'+' | b'(' => phone::at_sign(self.value, here),
                b'$' | b'{' | b'*' => hash::at_sign(self.value, here),
                b'-' => key::pem(self.value, here).or_else(|| place::coordinates(self.value, here)),
                b':' => network::colons(self.value, here),
                _ => None,
            };
            if let Some(found) = found {
                self.place = found.range.end.max(here + 1);
                self.floor = self.place;
                return Some(found);
            }
            self.place = match is_word(byte) {
                true => text::end_of_word(self.value, here),
                false => here + 1,
            };
        }
        None
    }
}

/// What begins with the word at `start`. Each look reads a bounded number of bytes, or words that it then takes.
fn word(value: &[u8], start: usize) -> Option<Match> {
    let len = text::end_of_word(value, start) - start;
    let found = match at(value, start) {
        b'0'..=b'9' => number(value, start, len),
        _ => letters(value, start, len),
    };
    found
        .map(|(class, end)| Match { class, range: start..end, is_named: false })
        .or_else(|| setting::value(value, start, len))
}

/// What begins with a digit.
fn number(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    let network = network::address(value, start, len);
    let mrz = || mrz::lines(value, start);
    let form = || forms::matching(value, start);
    let phone = || phone::national(value, start, len);
    let labelled = || labelled::number(value, start, len);
    let place = || place::coordinates(value, start).map(|found| (found.class, found.range.end));
    let street = || place::street(value, start, len);
    network.or_else(mrz).or_else(form).or_else(labelled).or_else(phone).or_else(place).or_else(street)
}

/// What begins with a letter.
fn letters(value: &[u8], start: usize, len: usize) -> Option<(Class, usize)> {
    let network = network::address(value, start, len);
    let mrz = || mrz::lines(value, start);
    let account = || account::iban(value, start, len);
    let form = || forms::matching(value, start);
    let key = || key::token(value, start, len).or_else(|| hash::word(value, start, len));
    let labelled = || labelled::letters(value, start, len);
    let street = || place::named_street(value, start, len);
    network.or_else(mrz).or_else(account).or_else(form).or_else(key).or_else(labelled).or_else(street)
}

/// Of the twenty capitals of a key of AWS, which need have no digit, so many are in one of two chunks.
const CAPITALS_MIN: u8 = 10;

/// Whether `value` has a byte without which there is nothing to find. No branch on data: the compiler makes vectors of it.
fn may_have(value: &[u8]) -> bool {
    value.chunks(64).any(|chunk| {
        let is_trigger = |byte: u8| byte.wrapping_sub(b'0') < 10 || matches!(byte, b'@' | b'=' | b':' | b'<');
        let any = chunk.iter().fold(false, |any, &byte| any | is_trigger(byte));
        let capitals =
            chunk.iter().fold(0_u8, |sum, byte| sum.wrapping_add(byte.is_ascii_uppercase().into()));
        any | (capitals >= CAPITALS_MIN)
    })
}

/// So many digits alone are nothing.
const NUMBER_BYTES_MAX: usize = 7;

/// Most values of most columns of numbers.
fn is_short_number(value: &[u8]) -> bool {
    value.len() <= NUMBER_BYTES_MAX && value.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests;
