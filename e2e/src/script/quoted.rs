//! How long what is quoted is, with its quotes. What does not end goes on to the end of the script.

/// A string, where a backslash escapes or does not.
pub(super) fn string_len(rest: &[u8], escapes: bool) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' if escapes => at += 2,
            b'\'' if rest.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

pub(super) fn identifier_len(rest: &[u8]) -> usize {
    to_end(rest, 1, b"\"")
}

/// `$tag$ … $tag$`; `None` where a dollar begins none.
pub(super) fn dollar_len(rest: &[u8]) -> Option<usize> {
    let len = 1 + rest.get(1..)?.iter().position(|byte| *byte == b'$')?;
    let (tag, name) = (&rest[..=len], &rest[1..len]);
    let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | 0x80..));
    (is_name && !name.first().is_some_and(u8::is_ascii_digit)).then(|| to_end(rest, tag.len(), tag))
}

/// The rest of the line, with what ends it.
pub(super) fn line_len(rest: &[u8]) -> usize {
    to_end(rest, 0, b"\n")
}

/// A comment with those in it.
pub(super) fn comment_len(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (2, 1);
    while 0 < depth && at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    at.min(rest.len())
}

/// What is behind the blanks and comments at the start.
pub(super) fn without_comments(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_start();
    match text {
        [b'-', b'-', ..] => without_comments(&text[line_len(text)..]),
        [b'/', b'*', ..] => without_comments(&text[comment_len(text)..]),
        _ => text,
    }
}

fn to_end(rest: &[u8], from: usize, end: &[u8]) -> usize {
    let found = rest[from..].windows(end.len()).position(|window| window == end);
    found.map_or(rest.len(), |at| from + at + end.len())
}
