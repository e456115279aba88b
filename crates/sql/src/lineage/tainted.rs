//! Names that hold values of sensitive columns.

use std::collections::HashSet;

use super::mentions::Mentions;
use super::outputs::Outputs;
use super::{Lineage, Sensitive};
use crate::touched::SYSTEM_COLUMNS;

/// Names that hold values of sensitive columns.
pub(super) struct Tainted<'s> {
    pub(super) sensitive: &'s Sensitive,
    pub(super) names: HashSet<String>,
    pub(super) known: HashSet<String>,
    /// Relations with sensitive columns, by name or alias: what their columns are called only the catalog knows.
    pub(super) rows: HashSet<String>,
    pub(super) all: bool,
}

impl Tainted<'_> {
    pub(super) fn has(&self, mentions: &Mentions) -> bool {
        let is_tainted = |name: &String| self.names.contains(name);
        let is_function = |name: &String| self.sensitive.functions.contains(name);
        mentions.star
            || mentions.calls.iter().any(is_function)
            || mentions.names.iter().any(is_tainted)
            || self.sensitive.has_own_count && mentions.counted.iter().any(is_tainted)
            || mentions.fields.iter().any(|(qualifier, name)| {
                let known = if self.rows.contains(qualifier) { &self.sensitive.known } else { &self.known };
                let is_column = known.contains(name) || SYSTEM_COLUMNS.contains(&name.as_str());
                is_function(name) || is_tainted(name) || is_tainted(qualifier) && !is_column
            })
    }

    pub(super) fn lineage(self, outputs: &Outputs) -> Lineage {
        if self.all {
            return Lineage::All;
        }
        match outputs {
            Outputs::AnyOf(mentions) if self.has(mentions) => Lineage::All,
            Outputs::AnyOf(_) => Lineage::Names(HashSet::new()),
            Outputs::Expressions(columns) => {
                Lineage::Columns(columns.iter().map(|from| self.has(from)).collect())
            }
            // What flows into a name of the result has been followed too.
            Outputs::Named => Lineage::Names(self.names),
        }
    }
}
