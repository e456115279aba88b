//! Numbers of value added tax by the letters of their country, each with its check (Commission's VIES, python-stdnum).

use super::europe::{bsn, dni, nie, nip, portuguese_tax};
use crate::detect::checks::{luhn, luhn_sum, mod_11_10, number, remainder, weighed, whole};

fn part(digits: &[u8], from: usize, to: usize) -> u32 {
    whole(digits.get(from..to).unwrap_or_default())
}

/// Countries whose numbers no check tells (Cyprus, Malta, the Baltic states but Estonia, Bulgaria, Romania, Czechia) are left out: they
/// have several forms each, of which some look like any number.
pub(super) fn vat(signs: &[u8]) -> bool {
    let Some((country, rest)) = signs.split_first_chunk() else { return false };
    match (country, rest.len()) {
        (b"AT", 9) => rest.strip_prefix(b"U").is_some_and(austria),
        (b"CH", 10) => rest.strip_prefix(b"E").is_some_and(switzerland),
        (b"ES", 9) => spain(rest),
        (b"IE", 8 | 9) => ireland(rest),
        (b"NL", 12) => netherlands(signs, rest),
        (country, _) => is_number(rest) && of_digits(country, rest),
    }
}

fn is_number(digits: &[u8]) -> bool {
    digits.iter().all(u8::is_ascii_digit)
}

/// Countries whose numbers have digits alone.
fn of_digits(country: &[u8; 2], digits: &[u8]) -> bool {
    let divides = |weights: &[u32], divisor: u32| weighed(digits, weights).is_multiple_of(divisor);
    let starts = digits.first() != Some(&b'0');
    let last = digits.last().map_or(0, |&digit| number(digit));
    match (country, digits.len()) {
        (b"BE", 10) => {
            matches!(digits.first(), Some(b'0' | b'1'))
                && part(digits, 8, 10) == 97 - part(digits, 0, 8) % 97
                && part(digits, 0, 8) != 0
        }
        (b"DE", 9) | (b"HR", 11) => (starts || country == b"HR") && mod_11_10(digits),
        (b"DK", 8) => starts && divides(&[2, 7, 6, 5, 4, 3, 2, 1], 11),
        (b"EE", 9) => divides(&[3, 7, 1, 3, 7, 1, 3, 7, 1], 10),
        (b"EL", 9) => weighed(digits, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == last,
        (b"FI", 8) => divides(&[7, 9, 10, 5, 8, 4, 2, 1], 11),
        (b"FR", 11) => france(digits),
        (b"GB", 9) => {
            let sum = weighed(digits, &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
            matches!(sum, 0 | 42 | 55)
        }
        (b"HU", 8) => divides(&[9, 7, 3, 1, 9, 7, 3, 1], 10),
        (b"IT", 11) => luhn(digits),
        (b"LU", 8) => part(digits, 0, 6) % 89 == part(digits, 6, 8) && part(digits, 0, 6) != 0,
        (b"PL", 10) => nip(digits),
        (b"PT", 9) => portuguese_tax(digits),
        (b"SE", 12) => luhn(digits.get(..10).unwrap_or_default()) && part(digits, 10, 12) != 0,
        (b"SI", 8) => {
            let check = 11 - weighed(digits, &[8, 7, 6, 5, 4, 3, 2]) % 11;
            starts && check != 11 && check % 10 == last
        }
        (b"SK", 10) => starts && remainder(digits.iter().copied(), 11) == 0,
        _ => false,
    }
}

/// Seven digits and one that checks.
fn austria(digits: &[u8]) -> bool {
    let Some((&last, first)) = digits.split_last() else { return false };
    is_number(digits) && (luhn_sum(first) + number(last)) % 10 == 6
}

/// Two digits, and the number of the business (SIREN).
fn france(digits: &[u8]) -> bool {
    let business = digits.get(2..).unwrap_or_default();
    luhn(business) && part(digits, 0, 2) == (12 + 3 * (whole(business) % 97)) % 97
}

/// Seven digits and one or two letters, of which the first checks.
fn ireland(signs: &[u8]) -> bool {
    const LETTERS: &[u8; 23] = b"WABCDEFGHIJKLMNOPQRSTUV";
    let second = signs.get(8).map_or(0, |&letter| u32::from(letter.wrapping_sub(b'A')) + 1);
    let digits = signs.get(..7).unwrap_or_default();
    let sum = weighed(digits, &[8, 7, 6, 5, 4, 3, 2]) + 9 * (second % 23);
    is_number(digits) && LETTERS.get((sum % 23) as usize) == signs.get(7)
}

/// The number of a person until 2019, of nobody since; with the country's letters what ISO 7064 MOD 97-10 checks.
fn netherlands(signs: &[u8], rest: &[u8]) -> bool {
    let person = rest.get(..9).unwrap_or_default();
    rest.get(9) == Some(&b'B')
        && is_number(person)
        && (bsn(person) || remainder(signs.iter().copied(), 97) == 1)
}

/// Persons by their numbers, and businesses (CIF) by a digit or a letter for it.
fn spain(signs: &[u8]) -> bool {
    const CHECKS: &[u8; 10] = b"JABCDEFGHI";
    let (Some((&first, digits)), Some(&last)) = (signs.split_first(), signs.last()) else { return false };
    let business = || {
        let place = CHECKS.iter().position(|letter| *letter == last);
        let check = if last.is_ascii_digit() { number(last) } else { place.unwrap_or(10) as u32 };
        let sum = luhn_sum(digits) - if last.is_ascii_digit() { number(last) } else { 0 };
        b"ABCDEFGHJNPQRSUVW".contains(&first) && check < 10 && (sum + check).is_multiple_of(10)
    };
    match first {
        b'0'..=b'9' => dni(signs),
        b'X' | b'Y' | b'Z' => nie(signs),
        _ => digits.get(..7).is_some_and(is_number) && business(),
    }
}

/// Eight digits and one that checks.
fn switzerland(digits: &[u8]) -> bool {
    let check = 11 - weighed(digits, &[5, 4, 3, 2, 7, 6, 5, 4]) % 11;
    is_number(digits) && check != 10 && digits.last().is_some_and(|&last| check % 11 == number(last))
}
