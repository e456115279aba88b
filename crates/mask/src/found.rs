//! In which columns of a result something was found that is masked, and how many of its values are.

use crate::plan::ColumnPlan;

/// The columns of one result that are searched, and in whose values something was found; and how many values were masked.
#[derive(Clone, Debug, Default)]
pub struct Found {
    columns: Vec<bool>,
    masked: u64,
}

impl Found {
    /// A value of the column at `index` is shown as this; `None` for NULL. Where it is searched and shows something else, something was found.
    pub(crate) fn note(&mut self, index: usize, plan: &ColumnPlan, value: &[u8], shown: Option<&[u8]>) {
        match plan {
            ColumnPlan::Clear(_) => return,
            ColumnPlan::Mask(..) | ColumnPlan::Record(..) | ColumnPlan::Records(..) => {
                return self.note_masked();
            }
            ColumnPlan::Scan(..) if shown == Some(value) => return,
            ColumnPlan::Scan(..) => self.note_masked(),
        }
        if self.columns.len() <= index {
            self.columns.resize(index + 1, false);
        }
        if let Some(column) = self.columns.get_mut(index) {
            *column = true;
        }
    }

    /// A value was masked.
    pub(crate) fn note_masked(&mut self) {
        self.masked += 1;
    }

    /// How many values were masked: those of masked columns that were not NULL, each of what is computed, and others in which something was
    /// found.
    pub fn masked(&self) -> u64 {
        self.masked
    }

    /// Whether there is no such column.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Whether something was found in the column at `index`.
    pub fn has(&self, index: usize) -> bool {
        self.columns.get(index).is_some_and(|is_found| *is_found)
    }
}
