//! Temporary tables that a session has made, and temporary views, sequences and indexes. They are its own: what it does to tables of them,
//! or to take away any, changes nothing for anybody else.
//!
//! One that is not known here costs a refusal, never a table: of a failed or undone piece of a transaction all that the
//! transaction made is forgotten, and a name without a schema only counts where the catalog has no other of it.

use std::collections::{BTreeMap, BTreeSet};

use sql::Statement;
use sql::facts::Forgets;

/// Most names that are kept of one session.
const NAMES_MAX: usize = 1_000;

/// What has the name of something that is the session's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    /// A table.
    Table,
    /// A table that is gone when the transaction ends.
    Passing,
    /// A view, a sequence or an index, of which nobody knows what is behind it: it can only be taken away.
    Scratch,
}

/// Names of temporary tables, and of what else is temporary, that exist.
#[derive(Debug, Default)]
pub(crate) struct Temporary {
    /// Made in transactions that are over.
    settled: BTreeMap<Box<str>, Own>,
    /// Made in the transaction that is open.
    fresh: BTreeMap<Box<str>, Own>,
    /// Statements that may change them and are not answered.
    on_the_way: usize,
    /// Something in the open transaction may have given other names to what lasts, which nobody else sees.
    stirred: bool,
    /// Names that the session has given to what may last, since the catalog showed what it has done.
    given: BTreeSet<Box<str>>,
    /// The same in the transaction that is open, and in what is on its way.
    given_now: BTreeSet<Box<str>>,
    /// What was answered last has failed, or was a ROLLBACK.
    is_back: bool,
    /// They are too many to be kept.
    all_given: bool,
}

/// What a statement does to the session's temporary tables.
#[derive(Clone, Debug)]
pub(crate) struct TemporaryChange {
    /// Makes these tables.
    pub(crate) makes: Vec<String>,
    /// They are gone when the transaction ends.
    pub(crate) passes: bool,
    /// Makes these, which are none.
    pub(crate) makes_scratch: Vec<String>,
    /// These may name other relations after it, or none.
    pub(crate) ends: Vec<String>,
    /// Drops all.
    pub(crate) ends_all: bool,
}

impl TemporaryChange {
    /// What a statement does to them, if anything.
    pub(crate) fn of(statement: &Statement) -> Option<Self> {
        let ends_all = statement.forgets.contains(&Forgets::Temporary);
        let makes_scratch: Vec<String> = statement.scratch_made().map(str::to_owned).collect();
        let keeps = statement.keeps_names();
        if !ends_all && keeps && makes_scratch.is_empty() {
            return None;
        }
        let ends = statement.names_changed().filter(|_| !keeps).map(str::to_owned).collect();
        let (makes, passes) = (statement.temporary.clone(), statement.passes);
        Some(TemporaryChange { makes, passes, makes_scratch, ends, ends_all })
    }
}

impl Temporary {
    /// Those of a session that has made tables of these names.
    pub(crate) fn tables<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let settled = names.take(NAMES_MAX).map(|name| (name.into(), Own::Table)).collect();
        Temporary { settled, ..Temporary::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        0 < self.on_the_way || self.settled.is_empty() && self.fresh.is_empty()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.on_the_way == 0 && self.is_table(name) && !self.is_given(name)
    }

    /// Whether it has a table of this name that is gone when the transaction ends.
    pub(crate) fn passes(&self, name: &str) -> bool {
        self.own(name) == Some(Own::Passing)
    }

    fn is_table(&self, name: &str) -> bool {
        matches!(self.own(name), Some(Own::Table | Own::Passing))
    }

    /// Whether it has made a table of this name that nobody else sees before its transaction is over.
    pub(crate) fn is_unseen(&self, name: &str) -> bool {
        self.contains(name) && self.fresh.contains_key(name)
    }

    /// Whether it has made something of this name that is no table.
    pub(crate) fn contains_scratch(&self, name: &str) -> bool {
        self.on_the_way == 0 && self.own(name) == Some(Own::Scratch) && !self.is_given(name)
    }

    fn own(&self, name: &str) -> Option<Own> {
        self.fresh.get(name).or_else(|| self.settled.get(name)).copied()
    }

    fn is_given(&self, name: &str) -> bool {
        self.all_given || self.given.contains(name) || self.given_now.contains(name)
    }

    /// Whether one that it has made could be meant by this name, or something that lasts: the catalog tells.
    pub(crate) fn is_doubtful(&self, name: &str) -> bool {
        self.is_table(name) && self.is_given(name)
    }

    /// A statement is sent that gives this name to something that may last.
    pub(crate) fn gives(&mut self, name: &str) {
        if self.given.len() + self.given_now.len() < NAMES_MAX {
            self.given_now.insert(name.into());
        } else {
            self.all_given = true;
        }
    }

    /// The catalog shows all that the session has done.
    pub(crate) fn shown(&mut self) {
        self.given.clear();
        self.given_now.clear();
        self.all_given = false;
    }

    /// The server has done what this is the tag of.
    pub(crate) fn completed(&mut self, tag: &[u8]) {
        self.is_back = tag == b"ROLLBACK";
        if tag == b"COMMIT" {
            self.keep_given();
        }
    }

    /// The names given so far stay given, whatever becomes of the transaction.
    pub(crate) fn keep_given(&mut self) {
        self.given.append(&mut self.given_now);
    }

    /// Whether what others see of names is what the session sees.
    pub(crate) fn is_still(&self) -> bool {
        !self.stirred && self.on_the_way == 0
    }

    /// A statement is sent that may give other names to what lasts.
    pub(crate) fn stirred(&mut self) {
        self.stirred = true;
    }

    /// A statement is sent that may change which there are. None counts until it is answered: others can be sent before.
    pub(crate) fn sent(&mut self) {
        self.on_the_way += 1;
    }

    /// A statement is answered.
    pub(crate) fn answered(&mut self, change: &TemporaryChange, is_done: bool) {
        self.on_the_way = self.on_the_way.saturating_sub(1);
        if !is_done {
            return;
        }
        if change.ends_all {
            self.settled.clear();
            self.fresh.clear();
        }
        for name in &change.ends {
            self.settled.remove(name.as_str());
            self.fresh.remove(name.as_str());
        }
        let table = if change.passes { Own::Passing } else { Own::Table };
        let tables = change.makes.iter().map(|name| (name, table));
        for (name, own) in tables.chain(change.makes_scratch.iter().map(|name| (name, Own::Scratch))) {
            if self.settled.len() + self.fresh.len() < NAMES_MAX {
                self.fresh.insert(name.as_str().into(), own);
            }
        }
    }

    /// A statement failed, or a transaction or a part of it was rolled back.
    pub(crate) fn undone(&mut self) {
        self.is_back = true;
        self.fresh.clear();
    }

    /// No transaction is open any more, and nothing is on its way (`is_all`).
    pub(crate) fn settle(&mut self, is_all: bool) {
        self.stirred &= !is_all;
        // Of a transaction that was rolled back as a whole no name is left.
        if std::mem::take(&mut self.is_back) && is_all {
            self.given_now.clear();
        }
        self.keep_given();
        self.fresh.retain(|_, own| *own != Own::Passing);
        self.settled.append(&mut self.fresh);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Temporary {
        let mut temporary = Temporary::default();
        temporary.sent();
        let makes = vec!["own".to_owned()];
        temporary.answered(&change(makes, false), true);
        temporary.settle(true);
        temporary
    }

    fn change(makes: Vec<String>, passes: bool) -> TemporaryChange {
        TemporaryChange { makes, passes, makes_scratch: Vec::new(), ends: Vec::new(), ends_all: false }
    }

    #[test]
    fn what_passes_is_gone_when_the_transaction_ends() {
        let mut temporary = made();
        temporary.sent();
        temporary.answered(&change(vec!["scratch".to_owned()], true), true);
        assert!(temporary.contains("scratch") && temporary.passes("scratch") && !temporary.passes("own"));
        temporary.settle(true);
        assert!(!temporary.contains("scratch") && temporary.contains("own"));
    }

    #[test]
    fn a_name_is_doubtful_until_what_gave_it_is_rolled_back_or_shown() {
        let mut temporary = made();
        assert!(temporary.contains("own") && !temporary.is_doubtful("own"));
        temporary.gives("own");
        assert!(!temporary.contains("own") && temporary.is_doubtful("own"));
        temporary.undone();
        temporary.completed(b"ROLLBACK");
        temporary.settle(true);
        assert!(temporary.contains("own"));
        // Back to a savepoint is not back to the beginning.
        temporary.gives("own");
        temporary.completed(b"ROLLBACK");
        temporary.completed(b"COMMIT");
        temporary.settle(true);
        assert!(temporary.is_doubtful("own"));
        temporary.shown();
        assert!(temporary.contains("own"));
    }

    #[test]
    fn what_was_committed_or_is_on_its_way_stays_given() {
        let mut temporary = made();
        temporary.gives("own");
        temporary.completed(b"COMMIT");
        temporary.completed(b"ROLLBACK");
        temporary.settle(true);
        assert!(temporary.is_doubtful("own"));
        temporary.shown();
        temporary.gives("own");
        temporary.completed(b"ROLLBACK");
        temporary.settle(false);
        assert!(temporary.is_doubtful("own"));
        temporary.shown();
        // A block that commits, and fails then.
        temporary.gives("own");
        temporary.keep_given();
        temporary.undone();
        temporary.settle(true);
        assert!(temporary.is_doubtful("own"));
    }
}
