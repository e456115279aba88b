//! Names that have another meaning than the catalog shows: in the session's open transaction, or since others have ended theirs.

use std::collections::HashSet;

/// Most names that are told apart; beyond, any name is taken for one of them.
const NAMES_MAX: usize = 10_000;

/// Names of relations and functions that may mean something sensitive, whatever the catalog shows of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MovedNames {
    names: HashSet<String>,
    are_all: bool,
}

/// What a statement does to the meaning of names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves {
    /// Relations and functions, also by what they are called from now on.
    pub(crate) names: Vec<String>,
    /// What a view or new table is made of, which means what it did.
    pub(crate) made_of: Vec<String>,
    /// Nobody knows which.
    pub(crate) are_all: bool,
    /// Something of it is sensitive, or nobody knows.
    pub(crate) is_sensitive: bool,
}

impl MovedNames {
    /// Whether it is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && !self.are_all
    }

    /// Whether this is one of them.
    pub fn has(&self, name: &str) -> bool {
        self.are_all || self.names.contains(name)
    }

    /// Adds all of `other`.
    pub fn add(&mut self, other: &MovedNames) {
        self.are_all |= other.are_all;
        self.extend(&other.names);
    }

    /// Adds one.
    pub fn add_name(&mut self, name: &str) {
        self.extend(&[name.to_owned()]);
    }

    /// A statement is sent that moves names: only what leads to something sensitive counts.
    pub(crate) fn sent(&mut self, moves: &Moves) {
        if moves.is_sensitive || moves.names.iter().chain(&moves.made_of).any(|name| self.has(name)) {
            self.are_all |= moves.are_all;
            self.extend(&moves.names);
        }
    }

    fn extend<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        self.names.extend(names.into_iter().cloned());
        if NAMES_MAX < self.names.len() {
            self.names.clear();
            self.are_all = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves(names: &[&str], made_of: &[&str], is_sensitive: bool) -> Moves {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Moves { names: owned(names), made_of: owned(made_of), are_all: false, is_sensitive }
    }

    #[test]
    fn what_is_made_of_moved_names_is_moved_too() {
        let mut moved = MovedNames::default();
        moved.sent(&moves(&["seen"], &["visits"], false));
        assert!(moved.is_empty());
        moved.sent(&moves(&["mails"], &["users"], true));
        moved.sent(&moves(&["copy"], &["mails"], false));
        assert!(moved.has("mails") && moved.has("copy") && !moved.has("users") && !moved.has("seen"));
        assert_eq!(moved.names.len(), 2);
    }

    #[test]
    fn beyond_the_most_any_name_may_be_moved() {
        let mut moved = MovedNames::default();
        for number in 0..=NAMES_MAX {
            moved.sent(&moves(&[&number.to_string()], &[], true));
        }
        assert!(moved.has("another") && moved == MovedNames { are_all: true, ..MovedNames::default() });
    }
}
