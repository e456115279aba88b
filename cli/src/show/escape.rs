//! Makes text of strangers harmless for a terminal: nothing in it moves the cursor or turns the writing direction.

use std::fmt::Write;

use daemon::is_obeyed;

/// `text` with every character that a terminal obeys written as an escape.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            letter if is_obeyed(letter) => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing() {
        assert_eq!(escaped("a\u{1b}[2Jb\u{202e}c\nd\u{9b}e"), r"a\u{1b}[2Jb\u{202e}c\nd\u{9b}e");
        assert_eq!(escaped("Größe 'x' — 数"), "Größe 'x' — 数");
    }
}
