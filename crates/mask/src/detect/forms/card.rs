//! Payment cards: ranges of issuers with their lengths, and Luhn.

use crate::detect::checks::{luhn, whole};

/// First and last of the first four digits, and lengths: one bit for each.
const RANGES: [(u32, u32, u32); 19] = [
    (2200, 2204, 1 << 16 | 1 << 19),
    (2221, 2720, 1 << 16),
    (3000, 3059, 1 << 14 | 1 << 16 | 1 << 19),
    (3095, 3095, 1 << 14 | 1 << 16 | 1 << 19),
    (3400, 3499, 1 << 15),
    (3528, 3589, 1 << 16 | 1 << 19),
    (3600, 3699, 1 << 14 | 1 << 16 | 1 << 19),
    (3700, 3799, 1 << 15),
    (3800, 3999, 1 << 14),
    (4000, 4999, 1 << 13 | 1 << 16 | 1 << 19),
    (5000, 5099, 1 << 16 | 1 << 19),
    (5100, 5599, 1 << 16),
    (5600, 5899, 1 << 16 | 1 << 19),
    (6011, 6011, 1 << 16 | 1 << 19),
    (6200, 6299, 1 << 16 | 1 << 19),
    (6304, 6304, 1 << 16 | 1 << 19),
    (6440, 6599, 1 << 16 | 1 << 19),
    (6700, 6799, 1 << 16 | 1 << 19),
    (8100, 8299, 1 << 16),
];

pub(super) fn card(digits: &[u8]) -> bool {
    let first = whole(digits.get(..4).unwrap_or_default());
    let issued =
        RANGES.iter().any(|&(from, to, lens)| (from..=to).contains(&first) && lens >> digits.len() & 1 == 1);
    issued && luhn(digits)
}
