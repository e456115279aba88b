//! Numbers of persons and taxes in North and South America.

use crate::detect::checks::{is_day, luhn, number, weighed, whole};

/// A part of a number as a number.
fn part(digits: &[u8], from: usize, to: usize) -> u32 {
    whole(digits.get(from..to).unwrap_or_default())
}

/// Since 2011 only these are never given (SSA, POMS RM 10201.035).
pub(super) fn ssn(digits: &[u8]) -> bool {
    let area = part(digits, 0, 3);
    area != 0 && area != 666 && area < 900 && part(digits, 3, 5) != 0 && part(digits, 5, 9) != 0
}

/// IRS: nine, and the fourth and fifth digits of these ranges.
pub(super) fn itin(digits: &[u8]) -> bool {
    digits.first() == Some(&b'9') && matches!(part(digits, 3, 5), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// IRS: campuses that give the first two digits.
pub(super) fn ein(digits: &[u8]) -> bool {
    !matches!(part(digits, 0, 2), 0 | 7..=9 | 17..=19 | 28 | 29 | 49 | 69 | 70 | 78 | 79 | 89 | 96 | 97)
}

/// Canada; nothing begins with 0 or 8.
pub(super) fn sin(digits: &[u8]) -> bool {
    !matches!(digits.first(), Some(b'0' | b'8')) && luhn(digits)
}

/// Brazil: two digits check, each by weights that grow from the right.
pub(super) fn cpf(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 10] = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];
    let same = digits.iter().all(|digit| digits.first() == Some(digit));
    !same && brazil(digits, 9, &WEIGHTS)
}

/// Brazil, businesses.
pub(super) fn cnpj(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    let same = digits.iter().all(|digit| digits.first() == Some(digit));
    !same && brazil(digits, 12, &WEIGHTS)
}

/// Checks the digit after `len` digits and the one after that.
fn brazil(digits: &[u8], len: usize, weights: &[u32]) -> bool {
    let check = |len: usize, weights: &[u32]| {
        let rest = weighed(digits.get(..len).unwrap_or_default(), weights) % 11;
        let wanted = if rest < 2 { 0 } else { 11 - rest };
        digits.get(len).is_some_and(|&digit| number(digit) == wanted)
    };
    check(len, weights.get(1..).unwrap_or_default()) && check(len + 1, weights)
}

/// Mexico: day of birth, sex, and a last digit by weights over 37 signs.
pub(super) fn curp(signs: &[u8]) -> bool {
    let worth = |sign: u8| match sign {
        b'0'..=b'9' => u32::from(sign - b'0'),
        b'A'..=b'N' => u32::from(sign - b'A') + 10,
        _ => u32::from(sign.wrapping_sub(b'A')) + 11,
    };
    let sum: u32 =
        signs.iter().take(17).zip((2..=18).rev()).map(|(&sign, weight)| worth(sign) * weight).sum();
    let last = signs.get(17).map(|&digit| number(digit));
    is_day(part(signs, 8, 10), part(signs, 6, 8))
        && matches!(signs.get(10), Some(b'H' | b'M' | b'X'))
        && last == Some((10 - sum % 10) % 10)
}
