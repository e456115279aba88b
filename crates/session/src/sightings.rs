//! What columns whose values could be anything were seen to hold on their way to the client: evidence of their class.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use mask::{ColumnId, ColumnPlan, Plan, Reason, Sample};
use wire::backend::DataRow;

use crate::names::ResultColumn;

/// Columns of which a session counts values.
const COLUMNS_MAX: usize = 256;

/// Values of one column that a session counts.
const VALUES_MAX: usize = 100;

/// Rows of one result whose values are counted: of a long one most are like those.
pub(crate) const ROWS_MAX: u64 = 200;

/// Bytes of a value that are looked at.
const VALUE_BYTES_MAX: usize = 512;

/// A column of a result whose values are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sighted {
    /// Its place in the row.
    index: usize,
    id: ColumnId,
    type_oid: u32,
}

impl Sighted {
    /// Those of a result that come as text from columns of relations, and are searched.
    pub(crate) fn of<'a>(plan: &Plan, columns: impl Iterator<Item = &'a ResultColumn>) -> Box<[Sighted]> {
        let is_searched = |plan: &ColumnPlan| match plan {
            ColumnPlan::Scan(form, Reason::Unsearched) => form.is_text(),
            _ => false,
        };
        let columns = columns.zip(plan.columns()).enumerate();
        let searched = columns.filter(|(_, (_, plan))| is_searched(plan));
        let sighted = searched.filter_map(|(index, (column, _))| {
            column.id().map(|id| Sighted { index, id, type_oid: column.type_oid })
        });
        sighted.collect()
    }
}

/// What a session has seen.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    /// Hashes of the values that were counted: one that is read again and again counts once.
    counted: HashMap<ColumnId, HashSet<u64, RandomState>, RandomState>,
    hasher: RandomState,
    /// What nobody was told of.
    fresh: HashMap<ColumnId, Sample>,
}

impl Sightings {
    /// Counts the values of a row. Whether that can be read is for others to say.
    pub(crate) fn note(&mut self, sighted: &[Sighted], row: &[u8]) {
        if !sighted.iter().any(|sighted| self.has_room(sighted.id)) {
            return;
        }
        let Ok(row) = DataRow::read(row) else { return };
        let mut open = sighted.iter().peekable();
        for (index, value) in row.enumerate() {
            let Some(Sighted { id, type_oid, .. }) = open.next_if(|sighted| sighted.index == index) else {
                continue;
            };
            let Ok(Some(value)) = value else { continue };
            let value = value.get(..VALUE_BYTES_MAX).unwrap_or(value);
            if self.has_room(*id) && self.counted.entry(*id).or_default().insert(self.hasher.hash_one(value))
            {
                self.fresh.entry(*id).or_default().note(*type_oid, value);
            }
        }
    }

    /// Whether one more value of a column can be counted.
    fn has_room(&self, id: ColumnId) -> bool {
        match self.counted.get(&id) {
            Some(counted) => counted.len() < VALUES_MAX,
            None => self.counted.len() < COLUMNS_MAX,
        }
    }

    /// What was seen since the last time; none where that is nothing.
    pub(crate) fn take(&mut self) -> Option<Vec<(ColumnId, Sample)>> {
        (!self.fresh.is_empty()).then(|| self.fresh.drain().collect())
    }
}
