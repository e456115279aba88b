//! What is kept of values where statements are recorded.

use crate::values::ValueKey;

/// What is kept of literals.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Kept {
    /// All, as they are.
    #[default]
    All,
    /// Those that are nobody's values; of others a hash.
    Hashes(ValueKey),
    /// Those that are nobody's values; of others nothing.
    Nothing,
}

/// What becomes of comments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comments {
    /// They stay.
    #[default]
    Keep,
    /// They stay where nothing sensitive is found in them, in a statement whose unknown literals stay.
    Look,
    /// They are left out.
    Drop,
}

/// What is kept of values where statements are recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// Of literals.
    pub literals: Kept,
    /// Of parameters. Nothing is kept of any where nothing is kept of those that may be somebody's.
    pub parameters: Kept,
    /// Literals of which nobody knows what they are tied to do not stay either where the statement reaches nothing sensitive.
    pub is_strict: bool,
    /// Of comments.
    pub comments: Comments,
}

impl Recording {
    /// Texts are recorded as they are.
    pub fn keeps_all(&self) -> bool {
        self.literals == Kept::All && self.comments == Comments::Keep
    }
}
