//! Temporary tables that a session has made. They are its own: what it does to them changes nothing for anybody else.
//!
//! One that is not known here costs a refusal, never a table: of a failed or undone piece of a transaction all that the
//! transaction made is forgotten, and a name without a schema only counts where the catalog has no other of it.

use std::collections::BTreeSet;

use sql::Statement;
use sql::facts::{Effect, Forgets};

/// Most names that are kept of one session.
const NAMES_MAX: usize = 1_000;

/// Names of temporary tables that exist.
#[derive(Debug, Default)]
pub(crate) struct Temporary {
    /// Made in transactions that are over.
    settled: BTreeSet<Box<str>>,
    /// Made in the transaction that is open.
    fresh: BTreeSet<Box<str>>,
}

/// What a statement does to the session's temporary tables.
#[derive(Debug, Default)]
pub(crate) struct TemporaryChange {
    /// Makes these.
    pub(crate) makes: Vec<String>,
    /// These may name other relations after it, or none.
    pub(crate) ends: Vec<String>,
    /// Drops all.
    pub(crate) ends_all: bool,
}

impl TemporaryChange {
    /// What a statement does to them, if anything.
    pub(crate) fn of(statement: &Statement) -> Option<Self> {
        let ends_all = statement.forgets.contains(&Forgets::Temporary);
        if !ends_all && statement.effects.iter().all(keeps_names) {
            return None;
        }
        let ends = statement.relations.iter().map(|used| used.name.clone()).collect();
        Some(TemporaryChange { makes: statement.temporary.clone(), ends, ends_all })
    }
}

/// Whether each relation has the name afterwards that it had before.
fn keeps_names(effect: &Effect) -> bool {
    match effect {
        // RENAME and SET SCHEMA are no ALTER TABLE to the grammar.
        Effect::AlterTable
        | Effect::CopyIn
        | Effect::CopyOut
        | Effect::Delete
        | Effect::DropColumn
        | Effect::Explain
        | Effect::Insert
        | Effect::Merge
        | Effect::Select
        | Effect::Truncate
        | Effect::Update => true,
        Effect::Other(kind) => {
            matches!(*kind, "CommentStmt" | "CreateTrigStmt" | "IndexStmt" | "LockStmt" | "VacuumStmt")
        }
        _ => false,
    }
}

impl Temporary {
    pub(crate) fn is_empty(&self) -> bool {
        self.settled.is_empty() && self.fresh.is_empty()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.settled.contains(name) || self.fresh.contains(name)
    }

    /// A statement was completed.
    pub(crate) fn completed(&mut self, change: &TemporaryChange) {
        if change.ends_all {
            *self = Temporary::default();
        }
        for name in &change.ends {
            self.settled.remove(name.as_str());
            self.fresh.remove(name.as_str());
        }
        for name in &change.makes {
            if self.settled.len() + self.fresh.len() < NAMES_MAX {
                self.fresh.insert(name.as_str().into());
            }
        }
    }

    /// A statement failed, or a transaction or a part of it was rolled back.
    pub(crate) fn undone(&mut self) {
        self.fresh.clear();
    }

    /// No transaction is open any more.
    pub(crate) fn settle(&mut self) {
        self.settled.append(&mut self.fresh);
    }
}
