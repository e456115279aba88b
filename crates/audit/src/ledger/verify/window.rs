//! The records of some checkpoints, and what of them is in the tables.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::chain::{Checkpoint, Entry, Table};
use crate::ledger::rows::Place;
use crate::record::UnixMicros;

use super::finding::{Finding, Findings, Kind};

/// Most rows that do not fit which are remembered of one window.
const MISFITS_MAX: usize = 10_000;

/// What a checkpoint has of a record, and what was seen of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) sequence: u64,
    pub(super) entry: Entry,
    pub(super) is_seen: bool,
    /// A row that is not the record has its place.
    has_misfit: bool,
}

/// A row that is not the record of its place.
struct Misfit {
    sequence: u64,
    entry: Entry,
}

/// Records in the order of their places.
pub(super) struct Window {
    writer: Uuid,
    slots: Vec<Slot>,
    misfits: Vec<Misfit>,
}

impl Window {
    pub(super) fn new(writer: Uuid) -> Self {
        Window { writer, slots: Vec::new(), misfits: Vec::new() }
    }

    /// Takes the records of a checkpoint in, which come behind those that are here; those of before `since` are left out.
    pub(super) fn take(&mut self, checkpoint: &Checkpoint, since: UnixMicros) {
        let entries = checkpoint.entries.iter().zip(checkpoint.first()..);
        let entries = entries.filter(|(entry, _)| since <= entry.at);
        self.slots.extend(entries.map(|(entry, sequence)| Slot {
            sequence,
            entry: *entry,
            is_seen: false,
            has_misfit: false,
        }));
    }

    /// The first and the last place.
    pub(super) fn range(&self) -> Option<(u64, u64)> {
        Some((self.slots.first()?.sequence, self.slots.last()?.sequence))
    }

    /// The oldest and the newest moment of each table's records.
    pub(super) fn moments(&self) -> BTreeMap<Table, (UnixMicros, UnixMicros)> {
        let mut moments = BTreeMap::new();
        for Slot { entry: Entry { table, at, .. }, .. } in &self.slots {
            let (oldest, newest) = moments.entry(*table).or_insert((*at, *at));
            *oldest = (*oldest).min(*at);
            *newest = (*newest).max(*at);
        }
        moments
    }

    /// Looks at a row.
    pub(super) fn look(&mut self, place: Place, entry: Entry, findings: &mut Findings) {
        let found = self.slots.binary_search_by_key(&place.sequence, |slot| slot.sequence);
        let Some(slot) = found.ok().and_then(|index| self.slots.get_mut(index)) else {
            let message = "no checkpoint has a record in its place: no writer has signed it";
            findings.add(finding(Kind::Inserted, self.writer, place.sequence, entry, message));
            return;
        };
        if slot.entry != entry {
            slot.has_misfit = true;
            if self.misfits.len() < MISFITS_MAX {
                self.misfits.push(Misfit { sequence: place.sequence, entry });
            }
        } else if slot.is_seen {
            let message = "it is there more than once; `OPTIMIZE TABLE … FINAL` takes away what ClickHouse has not merged yet";
            findings.add(finding(Kind::Duplicated, self.writer, place.sequence, entry, message));
        } else {
            slot.is_seen = true;
        }
    }

    /// Tells of the rows that do not fit.
    pub(super) fn tell(&mut self, findings: &mut Findings) {
        if self.misfits.is_empty() {
            return;
        }
        let by_leaf: HashMap<u128, u64> =
            self.slots.iter().map(|slot| (slot.entry.leaf, slot.sequence)).collect();
        for Misfit { sequence, entry } in self.misfits.drain(..) {
            let found = self.slots.binary_search_by_key(&sequence, |slot| slot.sequence);
            let Some(slot) = found.ok().and_then(|index| self.slots.get(index)) else { continue };
            let (kind, entry, message) = match by_leaf.get(&entry.leaf) {
                Some(other) => {
                    (Kind::Reordered, entry, format!("it stands at {sequence}, and was signed at {other}"))
                }
                None if slot.is_seen => (
                    Kind::Inserted,
                    entry,
                    "another record has its place: no writer has signed it".to_owned(),
                ),
                None => (Kind::Changed, slot.entry, "it is not what its writer signed".to_owned()),
            };
            findings.add(finding(kind, self.writer, sequence, entry, &message));
        }
    }

    /// Records that were seen as they were signed.
    pub(super) fn seen(&self) -> u64 {
        self.slots.iter().filter(|slot| slot.is_seen).count() as u64
    }

    /// Records that were not seen, in no form.
    pub(super) fn unseen(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(|slot| !slot.is_seen && !slot.has_misfit)
    }

    /// The record is not there, and nothing explains it.
    pub(super) fn missing(&self, slot: &Slot, findings: &mut Findings) {
        let message = "its checkpoint has it, and the table has not";
        findings.add(finding(Kind::Missing, self.writer, slot.sequence, slot.entry, message));
    }
}

fn finding(kind: Kind, writer: Uuid, sequence: u64, entry: Entry, message: &str) -> Finding {
    Finding {
        kind,
        table: entry.table.name(),
        writer: Some(writer),
        first: sequence,
        last: sequence,
        at: Some(entry.at),
        message: message.to_owned(),
    }
}
