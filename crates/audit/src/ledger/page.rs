//! A part of an answer, and whether there is more.

/// The first rows of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<Row> {
    /// The rows, the newest first.
    pub rows: Vec<Row>,
    /// There are more than were asked for.
    pub more: bool,
}

impl<Row> Page<Row> {
    /// Of one row more than `limit`, where there are so many.
    pub(super) fn of(mut rows: Vec<Row>, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = limit < rows.len();
        rows.truncate(limit);
        Page { rows, more }
    }
}
