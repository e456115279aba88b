//! What texts of strangers can do to a terminal.

/// Whether a terminal obeys this, or shows it as nothing: control characters, and those that change the direction or cannot be
/// seen.
pub fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}
