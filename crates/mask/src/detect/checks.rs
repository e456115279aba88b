//! Check digits. Inputs are ASCII digits and upper-case letters without separators, of a length that the form fixes.

/// ISO/IEC 7812-1: every second digit from the right counts twice.
pub(super) fn luhn(digits: &[u8]) -> bool {
    luhn_sum(digits).is_multiple_of(10)
}

/// The digits, every second from the right twice, and of those the digits of what comes out, added up.
pub(super) fn luhn_sum(digits: &[u8]) -> u32 {
    digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, &digit)| match (index % 2, number(digit)) {
            (0, digit) => digit,
            (_, digit) => digit * 2 - if digit > 4 { 9 } else { 0 },
        })
        .sum()
}

/// Dihedral group of order five: the check of Aadhaar.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    /// How position `i mod 8` permutes a digit.
    const PERMUTED: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    /// Products in the group: below five rotations, from five on reflections.
    fn product(a: u8, b: u8) -> u8 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => 5 + (a + b - 5) % 5,
            (false, true) => 5 + (a - 5 + 5 - b) % 5,
            (false, false) => (a + 5 - b) % 5,
        }
    }
    let permuted =
        |index: usize, digit: u8| PERMUTED.get(index % 8)?.get(usize::try_from(number(digit)).ok()?).copied();
    digits
        .iter()
        .rev()
        .enumerate()
        .try_fold(0, |sum, (index, &digit)| Some(product(sum, permuted(index, digit)?)))
        == Some(0)
}

/// ISO/IEC 7064 MOD 11,10: the check of German tax numbers.
pub(super) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((&last, rest)) = digits.split_last() else { return false };
    let product = rest.iter().fold(10, |product, &digit| {
        let sum = (number(digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == number(last)
}

/// The digits, each times its weight, added up.
pub(super) fn weighed(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(&digit, weight)| number(digit) * weight).sum()
}

/// Remainder of a number of any length; letters count as two digits from A = 10 on (ISO 13616).
pub(super) fn remainder(digits: impl IntoIterator<Item = u8>, divisor: u64) -> u64 {
    digits.into_iter().fold(0, |rest, digit| match digit {
        b'A'..=b'Z' => (rest * 100 + u64::from(digit - b'A') + 10) % divisor,
        _ => (rest * 10 + u64::from(number(digit))) % divisor,
    })
}

/// The decimal number that these digits are; only for few.
pub(super) fn whole(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |whole: u32, &digit| whole.wrapping_mul(10).wrapping_add(number(digit)))
}

/// The worth of one digit; a letter, which forms with letters check by themselves, counts nothing.
pub(super) fn number(digit: u8) -> u32 {
    if digit.is_ascii_digit() { u32::from(digit - b'0') } else { 0 }
}

/// Whether day and month are of a calendar; months and days of a year that is not known.
pub(super) fn is_day(day: u32, month: u32) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standards_hold_and_one_wrong_digit_does_not() {
        assert!(luhn(b"4111111111111111") && !luhn(b"4111111111111112"));
        assert!(verhoeff(b"2363") && !verhoeff(b"2364"));
        assert!(mod_11_10(b"86095742719") && !mod_11_10(b"86095742718"));
        assert_eq!(remainder(*b"WEST12345698765432GB82", 97), 1);
    }

    #[test]
    fn verhoeff_sees_every_wrong_digit_and_every_swap() {
        let right = b"123456789012";
        let right =
            (b'0'..=b'9').map(|last| [&right[..], &[last]].concat()).find(|digits| verhoeff(digits)).unwrap();
        for place in 0..right.len() {
            for digit in b'0'..=b'9' {
                let mut wrong = right.clone();
                wrong[place] = digit;
                assert_eq!(verhoeff(&wrong), digit == right[place]);
            }
            let mut swapped = right.clone();
            if place + 1 < right.len() {
                swapped.swap(place, place + 1);
                assert!(!verhoeff(&swapped));
            }
        }
    }
}
