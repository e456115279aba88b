//! Relations that a session needs to know of, and that the catalog does not show: what is new can be read by itself.

use sql::Catalog;

use crate::judged::{Judged, Read};
use crate::state::Session;
use crate::temporary::Temporary;

/// Most names that are told apart; beyond, all is read.
const NAMES_MAX: usize = 100;

/// Relations that are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// Their OIDs, as the server has told them.
    pub oids: Vec<u32>,
    /// Names without a schema: all that have one of these.
    pub names: Vec<String>,
    /// The same of those that may have changed in whatever way.
    pub altered: Vec<String>,
}

impl Unknown {
    /// Relations of a result of `judged`, and all else that it names and `catalog` does not show.
    pub(crate) fn of_result(oids: Vec<u32>, judged: &Judged, catalog: &Catalog) -> Option<Self> {
        let names: Vec<String> = judged.unknown_names(catalog).take(NAMES_MAX + 1).collect();
        (names.len() <= NAMES_MAX).then_some(Unknown { oids, names, altered: Vec::new() })
    }
}

/// Names that a session has given to relations, or taken from some, and those of relations that it has altered.
#[derive(Debug, Default)]
pub(crate) struct Renamed {
    /// In a transaction that is not over.
    now: Vec<String>,
    /// In the one before.
    before: Vec<String>,
    /// Those that were altered.
    altered: Vec<String>,
    /// They are too many to be told apart.
    are_all: bool,
}

impl Renamed {
    /// A statement is sent that does it to these.
    pub(crate) fn sent(&mut self, names: &[String]) {
        self.are_all |= is_beyond(&mut self.now, names);
    }

    /// A statement is sent that alters these.
    pub(crate) fn alters(&mut self, names: &[String]) {
        self.are_all |= is_beyond(&mut self.altered, names);
    }

    /// Whether something was altered in the open transaction.
    pub(crate) fn has_altered(&self) -> bool {
        !self.altered.is_empty() || self.are_all
    }

    /// No transaction is open any more: what must be read, where it is not all.
    pub(crate) fn transaction_is_over(&mut self) -> Option<Result<Unknown, All>> {
        self.before = std::mem::take(&mut self.now);
        let altered = std::mem::take(&mut self.altered);
        if std::mem::take(&mut self.are_all) {
            return Some(Err(All));
        }
        let are_some = !self.before.is_empty() || !altered.is_empty();
        are_some.then(|| Ok(Unknown { oids: Vec::new(), names: self.before.clone(), altered }))
    }

    /// Whether there are none that the catalog may not show yet.
    pub(crate) fn are_none(&self) -> bool {
        self.before.is_empty()
    }

    /// Those in a text that the catalog does not show, and that it can show. They are asked for once.
    fn take(&mut self, read: &Read, catalog: &Catalog, temporary: &Temporary) -> Vec<String> {
        let is_unshown = |name: &String| catalog.named(name).next().is_none();
        self.before.retain(is_unshown);
        let is_asked = |name: &String| read.names_relation(name) && !temporary.is_unseen(name);
        let (named, others) = std::mem::take(&mut self.before).into_iter().partition(is_asked);
        self.before = others;
        named
    }
}

/// Adds names to those that are known, and says whether there are too many.
fn is_beyond(known: &mut Vec<String>, names: &[String]) -> bool {
    for name in names {
        if !known.contains(name) {
            known.push(name.clone());
        }
    }
    let is_beyond = NAMES_MAX < known.len();
    known.truncate(NAMES_MAX);
    is_beyond
}

/// All must be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct All;

impl Session {
    /// What alone must be read before the session goes on, where it has said that it needs a newer catalog, and that is not all. When it was
    /// read, or could not be, say so by [`unknown_is_read`](Session::unknown_is_read).
    pub fn take_unknown(&mut self) -> Option<Unknown> {
        self.asked_catalog.unknown.take()
    }

    /// What was asked for by itself was read, or is not there.
    pub fn unknown_is_read(&mut self) {
        self.asked_catalog.is_answered = self.asked_catalog.asks();
    }

    /// Whether a text names relations that the session has made a moment ago, and that the catalog does not show: they are asked for.
    pub(crate) fn asks_for_own(&mut self, read: &Read, catalog: &Catalog) -> bool {
        self.asked_catalog.unknown = None;
        if self.renamed.are_none() {
            return false;
        }
        let names = self.renamed.take(read, catalog, &self.temporary);
        let asks = !names.is_empty();
        self.asked_catalog.unknown = asks.then_some(Unknown { names, ..Unknown::default() });
        asks
    }
}
