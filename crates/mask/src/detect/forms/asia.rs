//! Numbers of persons and taxes in Asia, Australia and Africa.

use crate::detect::checks::{is_day, luhn, number, verhoeff, weighed, whole};

fn part(digits: &[u8], from: usize, to: usize) -> u32 {
    whole(digits.get(from..to).unwrap_or_default())
}

/// India.
pub(super) fn aadhaar(digits: &[u8]) -> bool {
    !matches!(digits.first(), Some(b'0' | b'1')) && verhoeff(digits)
}

/// India, taxes: the fourth letter says what kind of taxpayer.
pub(super) fn pan(signs: &[u8]) -> bool {
    signs.get(3).is_some_and(|kind| b"ABCFGHJLPT".contains(kind)) && part(signs, 5, 9) != 0
}

/// India, goods and services: a state, then a PAN.
pub(super) fn gstin(signs: &[u8]) -> bool {
    matches!(part(signs, 0, 2), 1..=38 | 97 | 99) && signs.get(2..12).is_some_and(pan)
}

/// China (GB 11643): a region, the day of birth, ISO 7064 MOD 11-2.
pub(super) fn china(signs: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let last = b"10X98765432".get((weighed(signs, &WEIGHTS) % 11) as usize);
    matches!(part(signs, 0, 2), 11..=82)
        && matches!(part(signs, 6, 10), 1880..=2100)
        && is_day(part(signs, 12, 14), part(signs, 10, 12))
        && last == signs.get(17)
}

/// South Korea. The last digit checks no longer since 2020.
pub(super) fn korea(digits: &[u8]) -> bool {
    is_day(part(digits, 4, 6), part(digits, 2, 4)) && matches!(digits.get(6), Some(b'1'..=b'8'))
}

/// Singapore, residents and foreigners.
pub(super) fn nric(signs: &[u8]) -> bool {
    const WEIGHTS: [u32; 7] = [2, 7, 6, 5, 4, 3, 2];
    let sum = weighed(signs.get(1..8).unwrap_or_default(), &WEIGHTS);
    let letters: (&[u8; 11], u32) = match signs.first() {
        Some(b'S') => (b"JZIHGFEDCBA", 0),
        Some(b'T') => (b"JZIHGFEDCBA", 4),
        Some(b'F') => (b"XWUTRQPNMLK", 0),
        Some(b'G') => (b"XWUTRQPNMLK", 4),
        _ => return false,
    };
    letters.0.get(((sum + letters.1) % 11) as usize) == signs.get(8)
}

/// Australia, health.
pub(super) fn medicare(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 8] = [1, 3, 7, 9, 1, 3, 7, 9];
    matches!(digits.first(), Some(b'2'..=b'6'))
        && digits.get(8).is_some_and(|&digit| number(digit) == weighed(digits, &WEIGHTS) % 10)
}

/// Australia, taxes of persons.
pub(super) fn tfn(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 9] = [1, 4, 3, 7, 5, 8, 6, 9, 10];
    weighed(digits, &WEIGHTS).is_multiple_of(11) && whole(digits) != 0
}

/// Australia, businesses: one is taken from the first digit.
pub(super) fn abn(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 11] = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    digits.first() != Some(&b'0') && weighed(digits, &WEIGHTS) % 89 == 10
}

/// South Africa: day of birth, citizenship, Luhn.
pub(super) fn south_africa(digits: &[u8]) -> bool {
    let id = is_day(part(digits, 4, 6), part(digits, 2, 4)) && matches!(digits.get(10), Some(b'0' | b'1'));
    id && matches!(digits.get(11), Some(b'8' | b'9')) && luhn(digits)
}
