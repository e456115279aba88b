//! Where a value of one's own stands among hidden ones: what is sorted, or the greatest of which is taken, where both are in one column, and
//! aggregates that tell at which place a value would be.

use std::collections::HashSet;

use super::{Place, Probe, Probes, name};
use crate::constant::{Constant, constant};
use crate::plain::uncast;
use crate::tree::Tree;

/// Aggregates that give one of the values that they are given, by their order.
const BY_ORDER: [&str; 2] = ["max", "min"];

/// How constants begin that stand before or after all values.
const ENDS: [&str; 5] = ["-infinity", "0001-", "1900-01-01", "9999-", "infinity"];

impl Probes<'_> {
    /// Where what such an aggregate is given stands, and what it is sorted by: `None` where it stands as in others.
    pub(super) fn placed(&self, call: &Tree, field: &str, place: Place) -> Option<Place> {
        let name = call.name("funcname").pop().unwrap_or_default();
        let tells = match field {
            "agg_order" => call.number("agg_within_group") != 0,
            "args" => BY_ORDER.contains(&name) && call.all("args").any(|arg| self.mixes(arg)),
            _ => false,
        };
        (tells && place != Place::Result).then_some(Place::Condition)
    }

    /// Whether a query is sorted by such values, of which others are in its result.
    pub(super) fn sorts_mixed(&self, tree: &Tree) -> Option<Probe> {
        if !matches!(tree.kind, "SelectStmt" | "WindowDef") {
            return None;
        }
        let mut sorts = tree.all("sort_clause").chain(tree.all("order_clause"));
        let is_mixed = |by: &Tree| by.one("node").is_some_and(|by| self.mixes(meant(by, tree)));
        sorts.any(is_mixed).then_some(Probe::Asks(1))
    }

    /// Whether its value can be a hidden one as it is, and one that is none.
    pub(super) fn mixes(&self, tree: &Tree) -> bool {
        let of: Vec<&Tree> = match tree.kind {
            "CoalesceExpr" | "MinMaxExpr" => tree.all("args").collect(),
            "CaseExpr" => {
                let whens = tree.all("args").filter_map(|when| when.one("result"));
                whens.chain(tree.all("defresult")).collect()
            }
            _ => return tree.nodes().any(|node| self.mixes(node)),
        };
        self.are_mixed(&of) || of.into_iter().any(|node| self.mixes(node))
    }

    fn are_mixed(&self, values: &[&Tree]) -> bool {
        let mut hidden = values.iter().map(|value| self.is_hidden(value));
        hidden.any(|is_hidden| is_hidden) && values.iter().any(|value| self.is_other(value) && !is_end(value))
    }

    /// Whether nothing hidden is in it. A name that a query gives to something hidden can be that of a column which is none.
    fn is_other(&self, value: &Tree) -> bool {
        let sensitive = self.tainted.sensitive;
        let is_harmless = |name: &str| !sensitive.columns.contains(name) && !self.is_part(name);
        !self.is_hidden(value)
            || value.kind == "ColumnRef"
                && value.name("fields").pop().is_some_and(is_harmless)
                && self.origins.relation(value, sensitive).is_some()
    }

    /// Names of what has both: columns of a VALUES list, and of queries below others.
    pub(super) fn note_mixed(&self, tree: &Tree, listed: &[String], into: &mut HashSet<String>) {
        let below = match tree.kind {
            "SelectStmt" => return self.mixed_in_lists(tree, listed, into),
            "RangeSubselect" => tree.one("subquery"),
            "CommonTableExpr" => tree.one("ctequery"),
            "SubLink" => tree.one("subselect"),
            _ => None,
        };
        for target in below.into_iter().flat_map(|below| below.all("target_list")) {
            if target.one("val").is_some_and(|value| self.mixes(value)) {
                into.extend(name(target));
                into.extend(listed.iter().cloned());
            }
        }
    }

    fn mixed_in_lists(&self, select: &Tree, listed: &[String], into: &mut HashSet<String>) {
        if select.all("values_lists").nth(1).is_none() || !self.is_sensitive(select) {
            return;
        }
        let rows: Vec<Vec<&Tree>> =
            select.all("values_lists").map(|list| list.all("items").collect()).collect();
        for at in 0..rows.first().map_or(0, Vec::len) {
            let column: Vec<&Tree> = rows.iter().filter_map(|row| row.get(at).copied()).collect();
            if self.are_mixed(&column) {
                into.insert(format!("column{}", at + 1));
                into.extend(listed.iter().cloned());
            }
        }
    }
}

/// What is sorted by: of a number or the name of a result, that.
fn meant<'t>(by: &'t Tree, select: &'t Tree) -> &'t Tree {
    let mut targets = select.all("target_list");
    let target = match (by.kind, constant(by), &by.name("fields")[..]) {
        (_, Some(Constant::Number(number)), _) => targets
            .enumerate()
            .find(|(at, _)| (*at as f64 + 1.0 - number).abs() < 0.5)
            .map(|(_, target)| target),
        ("ColumnRef", _, [name]) => targets.find(|target| target.text("name") == *name),
        _ => None,
    };
    target.and_then(|target| target.one("val")).unwrap_or(by)
}

/// Whether it stands before or after all values.
fn is_end(tree: &Tree) -> bool {
    match constant(uncast(tree)) {
        Some(Constant::Null) => true,
        Some(Constant::Text(text)) => {
            let text = text.to_ascii_lowercase();
            text.is_empty() || ENDS.iter().any(|end| text.starts_with(end))
        }
        _ => false,
    }
}
