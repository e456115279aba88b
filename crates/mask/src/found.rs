//! In which columns of a result something was found that is masked.

use crate::plan::ColumnPlan;

/// The columns of one result that are searched, and in whose values something was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    columns: Vec<bool>,
}

impl Found {
    /// A value of the column at `index` is shown as this; `None` for NULL. Where it is searched and shows something else, something was found.
    pub(crate) fn note(&mut self, index: usize, plan: &ColumnPlan, value: &[u8], shown: Option<&[u8]>) {
        if !matches!(plan, ColumnPlan::Scan(..)) || shown == Some(value) {
            return;
        }
        if self.columns.len() <= index {
            self.columns.resize(index + 1, false);
        }
        if let Some(column) = self.columns.get_mut(index) {
            *column = true;
        }
    }

    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Whether something was found in the column at `index`.
    pub fn has(&self, index: usize) -> bool {
        self.columns.get(index).is_some_and(|is_found| *is_found)
    }
}
