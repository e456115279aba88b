//! What is checked by a type of somebody's own without a cast that is written: a column that gets one, by ALTER TABLE.

use pg_query::protobuf::{AlterTableType, ConstrType};

use super::{Probe, Probes};
use crate::tree::Tree;

impl Probes<'_> {
    /// What is asked of a hidden column whose values such a type checks.
    pub(super) fn checks(&self, command: &Tree) -> Option<Probe> {
        if command.kind != "AlterTableCmd" {
            return None;
        }
        let column = command.one("def").filter(|def| def.kind == "ColumnDef")?;
        let of = column.one("type_name")?;
        let is_computed = |from: Option<&Tree>| from.is_some_and(|from| self.is_hidden(from));
        // What stands behind USING, or else what it has.
        let is_retyped = command.number("subtype") == AlterTableType::AtAlterColumnType as i64
            && match column.one("raw_default") {
                None => self.is_hidden_name(command.text("name")),
                from => is_computed(from),
            };
        let is_generated = |constraint: &Tree| {
            constraint.number("contype") == ConstrType::ConstrGenerated as i64
                && is_computed(constraint.one("raw_expr"))
        };
        let is_checked = is_retyped || column.all("constraints").any(is_generated);
        (is_checked && !self.is_known_type(&of.name("names"))).then_some(Probe::Asks(1))
    }

    /// Whether columns of this name are hidden.
    pub(super) fn is_hidden_name(&self, name: &str) -> bool {
        let sensitive = self.tainted.sensitive;
        sensitive.columns.contains(name) || sensitive.documents.contains(name) || self.is_part(name)
    }
}
