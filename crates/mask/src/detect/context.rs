//! What the words before a value call it: numbers that many things look like count only where they are named.

use super::text::{before, is_word};

/// Bytes before a value that can name it.
const CONTEXT_BYTES: usize = 40;

/// Whether one of `words` (lower case) stands before `start`, in the same line and not in another field.
pub(super) fn names(value: &[u8], start: usize, words: &[&str]) -> bool {
    let from = start.saturating_sub(CONTEXT_BYTES);
    let near = value.get(from..start).unwrap_or_default();
    let ends = |byte: &u8| matches!(byte, b'\n' | b';' | b'|' | b',');
    let near = near.iter().rposition(ends).and_then(|end| near.get(end + 1..)).unwrap_or(near);
    // Most numbers stand among others.
    if !near.iter().any(u8::is_ascii_alphabetic) {
        return false;
    }
    words.iter().any(|word| {
        let word = word.as_bytes();
        let first = word.first().copied().unwrap_or_default();
        let begins = |(_, window): &(usize, &[u8])| {
            window.first().is_some_and(|byte| byte.to_ascii_lowercase() == first)
        };
        near.windows(word.len()).enumerate().filter(begins).any(|(place, window)| {
            let alone = near.len() - place < word.len() + 1
                || !near.get(place + word.len()).is_some_and(u8::is_ascii_lowercase);
            window.eq_ignore_ascii_case(word)
                && alone
                && !before(near, place).is_ascii_lowercase()
                && (place > 0 || !is_word(before(value, from)))
        })
    })
}
