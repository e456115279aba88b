//! Bytes of text: words and what stands around them.

/// The byte at `place`; 0 past the end, which is no byte of any text in PostgreSQL.
pub(super) fn at(value: &[u8], place: usize) -> u8 {
    value.get(place).copied().unwrap_or(0)
}

/// The byte before `place`; 0 at the start.
pub(super) fn before(value: &[u8], place: usize) -> u8 {
    place.checked_sub(1).map_or(0, |place| at(value, place))
}

/// Whether the byte is of a word. Letters beyond ASCII are not: scripts without spaces write numbers right beside them.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether the byte is of a token: words joined with `-`.
pub(super) fn is_token(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

/// Where the bytes that are `like` this end. Only here is read as far as a value goes.
pub(super) fn end_of(value: &[u8], start: usize, like: impl Fn(u8) -> bool) -> usize {
    let rest = value.get(start..).unwrap_or_default();
    let len = rest.iter().position(|&byte| !like(byte)).unwrap_or(rest.len());
    #[cfg(test)]
    READ.with(|read| read.set(read.get() + len + 1));
    start + len
}

#[cfg(test)]
thread_local! {
    /// Bytes that `end_of` has read.
    pub(super) static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

pub(super) fn end_of_word(value: &[u8], start: usize) -> usize {
    end_of(value, start, is_word)
}

/// Whether what begins at `start` is the middle of something longer: of a UUID, path, version, decimal or number in hex.
pub(super) fn is_inside(value: &[u8], start: usize) -> bool {
    let last = before(value, start);
    is_word(last)
        || matches!(last, b'-' | b'.' | b'/' | b':' | b'#' | b'+' | b'%')
            && start >= 2
            && joins(before(value, start - 1), last)
}

/// Whether something longer goes on at `end`.
pub(super) fn goes_on(value: &[u8], end: usize) -> bool {
    let (next, after) = (at(value, end), at(value, end + 1));
    is_word(next) || matches!(next, b'-' | b'.' | b'/' | b':' | b'@') && joins(after, next)
}

/// Whether a byte beside a separator makes it one inside of something. After a colon words begin, numbers rather not.
fn joins(byte: u8, separator: u8) -> bool {
    if separator == b':' { byte.is_ascii_digit() } else { is_word(byte) }
}
