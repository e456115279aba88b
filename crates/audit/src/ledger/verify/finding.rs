//! What was found in the ledger that no writer wrote, or that a writer wrote and is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use uuid::Uuid;

use crate::record::UnixMicros;

/// Most findings that are kept; the others are counted.
const KEPT_MAX: usize = 1_000;

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A record that a checkpoint has is not there.
    Missing,
    /// A record is not what was signed.
    Changed,
    /// A record is there more than once.
    Duplicated,
    /// A record stands in the place of another one.
    Reordered,
    /// A row that no writer has signed.
    Inserted,
    /// A row without a place in a chain, newer than the first chain.
    Unchained,
    /// A checkpoint that the writer's key did not sign.
    Forged,
    /// A chain that goes on in two ways.
    Forked,
    /// Checkpoints that do not stand on each other, or are not those that the writer noted.
    Rewritten,
    /// The newest part of a chain is not there.
    Cut,
}

impl Kind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Missing => "missing",
            Kind::Changed => "changed",
            Kind::Duplicated => "duplicated",
            Kind::Reordered => "reordered",
            Kind::Inserted => "inserted",
            Kind::Unchained => "unchained",
            Kind::Forged => "forged",
            Kind::Forked => "forked",
            Kind::Rewritten => "rewritten",
            Kind::Cut => "cut",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub kind: Kind,
    /// In which table.
    pub table: &'static str,
    /// In whose chain; `None` where it is in none.
    pub writer: Option<Uuid>,
    /// Place in that chain, or the first of several.
    pub first: u64,
    /// The last of several.
    pub last: u64,
    /// When what it is about began, where that is known.
    pub at: Option<UnixMicros>,
    /// What it means.
    pub message: String,
}

/// By what a finding is known: a row may be met twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    kind: Kind,
    table: &'static str,
    writer: Option<Uuid>,
    first: u64,
    at: Option<UnixMicros>,
}

impl From<&Finding> for Named {
    fn from(finding: &Finding) -> Self {
        let Finding { kind, table, writer, first, at, .. } = *finding;
        Named { kind, table, writer, first, at }
    }
}

/// The first of all findings, and how many there are.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    kept: Vec<Finding>,
    known: BTreeSet<Named>,
    counts: BTreeMap<Kind, u64>,
}

impl Findings {
    /// Chain by chain, in the order of their places.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// How many of each kind there are, kept or not.
    pub fn counts(&self) -> &BTreeMap<Kind, u64> {
        &self.counts
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// In the order of their places, chain by chain.
    pub(super) fn sort(&mut self) {
        self.kept.sort_by_key(|finding| (finding.writer, finding.first, finding.kind));
    }

    /// Adds one, where it is not known yet.
    pub(super) fn add(&mut self, finding: Finding) {
        let is_known = self.known.contains(&Named::from(&finding));
        if is_known {
            return;
        }
        *self.counts.entry(finding.kind).or_default() += 1;
        if self.kept.len() < KEPT_MAX {
            self.known.insert(Named::from(&finding));
            self.kept.push(finding);
        }
    }
}
