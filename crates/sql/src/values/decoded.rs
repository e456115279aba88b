//! What a literal says, without the way in which it is written (scan.l).

use std::borrow::Cow;

/// The value of a string or number.
pub(super) fn decoded(literal: &str) -> Cow<'_, str> {
    let mut letters = literal.chars();
    match (letters.next(), letters.next()) {
        (Some('$'), _) => Cow::Borrowed(super::body(literal).map_or(literal, |(_, inside)| inside)),
        (Some('\''), _) => plain(literal),
        (Some('e' | 'E'), Some('\'')) => Cow::Owned(with_escapes(literal.get(1..).unwrap_or_default())),
        (Some('u' | 'U'), Some('&')) => Cow::Owned(unicode(literal.get(2..).unwrap_or_default())),
        (Some('b' | 'B' | 'x' | 'X' | 'n' | 'N'), Some('\'')) => plain(literal.get(1..).unwrap_or_default()),
        (Some('"'), _) => Cow::Owned(inside(literal, '"', false)),
        _ => Cow::Borrowed(literal),
    }
}

fn plain(quoted: &str) -> Cow<'_, str> {
    let whole = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    match whole.filter(|whole| !whole.contains('\'')) {
        Some(whole) => Cow::Borrowed(whole),
        None => Cow::Owned(inside(quoted, '\'', false)),
    }
}

/// What is inside of quotes. Several strings with blanks between them are one.
fn inside(quoted: &str, quote: char, has_escapes: bool) -> String {
    let mut value = String::with_capacity(quoted.len());
    let mut is_inside = false;
    let mut letters = quoted.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == quote {
            if is_inside && letters.next_if_eq(&quote).is_some() {
                value.push(quote);
            } else {
                is_inside = !is_inside;
            }
        } else if is_inside {
            value.push(letter);
            if letter == '\\' && has_escapes {
                // Whatever it is, it ends nothing.
                value.extend(letters.next());
            }
        }
    }
    value
}

/// With C's escapes.
fn with_escapes(quoted: &str) -> String {
    let inside = inside(quoted, '\'', true);
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        bytes.extend_from_slice(before.as_bytes());
        let mut letters = escape.chars();
        letters.next();
        let Some(letter) = letters.next() else { break };
        rest = letters.as_str();
        let mut push = |letter: char| bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        match letter {
            'b' => push('\u{8}'),
            'f' => push('\u{c}'),
            'n' => push('\n'),
            'r' => push('\r'),
            't' => push('\t'),
            'v' => push('\u{b}'),
            'x' => bytes.push(number(&mut rest, 2, 16) as u8),
            'u' => push(char::from_u32(number(&mut rest, 4, 16)).unwrap_or(char::REPLACEMENT_CHARACTER)),
            'U' => push(char::from_u32(number(&mut rest, 8, 16)).unwrap_or(char::REPLACEMENT_CHARACTER)),
            '0'..='7' => {
                let first = u32::from(letter) - u32::from('0');
                let len = rest.len();
                let more = number(&mut rest, 2, 8);
                let digits = u32::try_from(len - rest.len()).unwrap_or_default();
                bytes.push((first * 8_u32.pow(digits) + more) as u8);
            }
            other => push(other),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Takes so many digits at most.
fn number(rest: &mut &str, digits_max: usize, radix: u32) -> u32 {
    let mut value: u32 = 0;
    for _ in 0..digits_max {
        let Some(digit) = rest.chars().next().and_then(|letter| letter.to_digit(radix)) else { break };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        *rest = rest.get(1..).unwrap_or_default();
    }
    value
}

/// With escapes of letters by their numbers, maybe behind another sign (UESCAPE).
fn unicode(written: &str) -> String {
    let end = written.to_ascii_lowercase().rfind("uescape");
    let (quoted, sign) = match end.and_then(|end| written.split_at_checked(end)) {
        // Only where it stands behind the string.
        Some((quoted, behind)) if quoted.trim_end().ends_with('\'') => {
            (quoted, behind.chars().rev().find(|letter| *letter != '\'').unwrap_or('\\'))
        }
        _ => (written, '\\'),
    };
    let inside = inside(quoted, '\'', false);
    let mut value = String::with_capacity(inside.len());
    let mut rest = inside.as_str();
    while let Some((before, after)) = rest.split_once(sign) {
        value.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix(sign) {
            value.push(sign);
            rest = after;
            continue;
        }
        let digits = match rest.strip_prefix('+') {
            Some(after) => {
                rest = after;
                6
            }
            None => 4,
        };
        value.push(char::from_u32(number(&mut rest, digits, 16)).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    value.push_str(rest);
    value
}
