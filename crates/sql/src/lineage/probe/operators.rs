//! Operators of somebody's own call functions: what is said of a call of one is true of them.

use super::{Beside, Probe, Probes, ROWS_FUNCTIONS, failing};
use crate::tree::Tree;

impl Probes<'_> {
    /// What is asked by handing its operands to the functions that such an operator can call.
    pub(super) fn calls_by_operator(&self, tree: &Tree) -> Option<Probe> {
        let (field, fields) = match tree.kind {
            "AExpr" => ("name", ["lexpr", "rexpr"].as_slice()),
            "IndexElem" => ("opclass", ["expr"].as_slice()),
            "SortBy" => ("use_op", ["node"].as_slice()),
            _ => return None,
        };
        let sensitive = self.tainted.sensitive;
        let functions = sensitive.operators.get(tree.name(field).pop()?)?;
        let operands: Vec<&Tree> = fields.iter().flat_map(|field| tree.all(field)).collect();
        let is_named = tree.kind == "IndexElem" && self.is_hidden_name(tree.text("name"));
        if !is_named && !operands.iter().any(|operand| self.is_hidden(operand)) {
            return None;
        }
        let of = |name: &String| {
            let has_others = || self.has_others(tree, Beside::Columns(tree));
            let is_compared = sensitive.comparing.contains(name) && has_others();
            let gives_rows = ROWS_FUNCTIONS.contains(&name.as_str()) || is_compared;
            let fails = failing::fails_by(name).map(|_| self.failing_at(tree, true));
            let told = sensitive.telling.get(name).copied();
            told.max(gives_rows.then_some(Probe::Extracts))
                .max(fails)
                .max(self.runs_by(name, &operands, tree))
        };
        functions.iter().filter_map(of).max()
    }
}
