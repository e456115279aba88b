//! Whether a value is an address as it stands on a letter, town and all, and not a text about one.

use std::ops::Range;

/// Longest address, in bytes.
const ADDRESS_BYTES_MAX: usize = 160;

/// Letters of words between the names of towns, such as `am` and `de`.
const SMALL_WORD_BYTES_MAX: usize = 3;

/// Whether around the street that was found at `street` there are only names and numbers.
pub(super) fn is_address(value: &[u8], street: &Range<usize>) -> bool {
    let words = |range: Range<usize>| {
        let part = value.get(range).unwrap_or_default();
        part.split(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b';'))
            .filter(|word| !word.is_empty())
    };
    let is_name = |word: &[u8]| {
        word.iter().any(u8::is_ascii_digit) || !word.first().is_some_and(u8::is_ascii_lowercase)
    };
    let is_small = |word: &[u8]| word.len() <= SMALL_WORD_BYTES_MAX;
    value.len() <= ADDRESS_BYTES_MAX
        && words(0..street.start).all(is_name)
        && words(street.end..value.len()).all(|word| is_name(word) || is_small(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect;

    fn is_whole(value: &str) -> bool {
        let found = detect::first(value.as_bytes()).unwrap();
        is_address(value.as_bytes(), &found.range)
    }

    #[test]
    fn towns_stand_beside_streets_and_sentences_do_not() {
        for address in [
            "12 Maple Street, Springfield, IL 62704",
            "Flat 2, 14 High Street, London SW1A 1AA",
            "Hauptstraße 5, 60311 Frankfurt am Main",
            "1 Rue de Rivoli, 75001 Paris",
            "123 Main St Apt 4B",
            "Kalverstraat 92\n1012 PH Amsterdam",
        ] {
            assert!(is_whole(address), "{address}");
        }
        for text in ["12 Maple Street has a leak", "deliver to 12 Maple Street", "Hauptstraße 5 ist gesperrt"]
        {
            assert!(!is_whole(text), "{text}");
        }
    }
}
