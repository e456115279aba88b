//! Sub-selects in which each row of the target finds itself, and what shows all of a row: neither tells one row from another.

use super::{SCALAR, Scale, Truth, is_one_of, is_one_row, leaves_out, only_target, takes_itself};
use crate::constant::{Constant, constant, operator};
use crate::plain::uncast;
use crate::source::{Source, Table};
use crate::tree::Tree;

/// Functions that make a document of a row.
const DOCUMENTS: [&str; 4] = ["hstore", "row_to_json", "to_json", "to_jsonb"];

/// What a look into a sub-select counts as, of those that one condition may take.
const LOOKS: usize = 100;

/// Functions that number rows, from one.
const NUMBERING: [&str; 5] = ["count", "dense_rank", "ntile", "rank", "row_number"];

/// With what a sub-select need not give one row for each that it finds.
const COMBINING: [&str; 4] = ["group_clause", "having_clause", "larg", "values_lists"];

impl<'t> Scale<'t> {
    /// What a sub-select returns, for the sub-select: where it needs no table, or is a constant for each row that finds itself.
    pub(super) fn unwrap(&self, tree: &'t Tree) -> &'t Tree {
        let select = tree.one("subselect").filter(|_| tree.number("sub_link_type") == SCALAR);
        match select {
            Some(select) if is_one_row(select) => only_target(select).unwrap_or(tree),
            Some(_) => {
                let value = self.meeting(tree).map(|(_, value)| value);
                value.filter(|value| constant(value).is_some()).unwrap_or(tree)
            }
            None => tree,
        }
    }

    /// The only expression of a `(SELECT …)` in which each row finds itself, and how conditions are weighed there.
    pub(super) fn meeting(&self, tree: &'t Tree) -> Option<(Self, &'t Tree)> {
        let select = tree.one("subselect").filter(|_| tree.number("sub_link_type") == SCALAR)?;
        let value = only_target(select)?;
        let within = self.met_in(select)?;
        Some((within, value))
    }

    /// How conditions are weighed in a sub-select in which each row finds itself; `None` for any other.
    fn met_in(&self, select: &'t Tree) -> Option<Self> {
        let may_be = || self.sources(select).iter().any(|source| source.may_be(self));
        if select.has(&COMBINING) || leaves_out(select) || !may_be() {
            return None;
        }
        // Each look is one at all that is within.
        self.looks.set(self.looks.get().checked_sub(LOOKS)?);
        let within = self.within(select);
        let is_met = self.copies.len() < within.copies.len();
        (is_met && within.weigh(select.one("where_clause")) == Truth::Always).then_some(within)
    }

    /// `(SELECT count(*) FROM the_same_table t WHERE t.id = id)` counts one row at least.
    pub(super) fn range_met(&self, tree: &'t Tree) -> Option<(f64, f64)> {
        let (_, value) = self.meeting(tree)?;
        let counts = is_one_of(&["count"], value) && !value.has(&["agg_filter", "over"]);
        counts.then_some((1.0, f64::INFINITY))
    }

    /// `length(the_table::text)` is that of two brackets at least.
    pub(super) fn range_of_row(&self, tree: &'t Tree) -> Option<(f64, f64)> {
        let arg = tree.one("args").filter(|_| is_one_of(&["length", "octet_length"], tree))?;
        let is_shown = arg.kind == "TypeCast" && (self.is_row(uncast(arg)) || self.is_document_of_row(arg));
        is_shown.then_some((2.0, f64::INFINITY))
    }

    /// `SELECT id FROM (SELECT id, row_number() OVER () AS n FROM the_table) s WHERE n > 0` numbers rows from one.
    pub(super) fn range_numbered(&self, tree: &'t Tree) -> Option<(f64, f64)> {
        let names = tree.name("fields");
        let (name, qualifiers) = names.split_last().filter(|_| tree.kind == "ColumnRef")?;
        let of = |source: &&Source<'t>| qualifiers.last().is_none_or(|called| *called == source.called);
        let numbers = |value: &'t Tree| {
            is_one_of(&NUMBERING, value) && value.has(&["over"]) && !value.has(&["agg_filter"])
        };
        let mut expressions = self.outputs.iter().filter(of).filter_map(|source| source.expression(name));
        expressions.any(numbers).then_some((1.0, f64::INFINITY))
    }

    /// `(SELECT t.id FROM the_same_table t WHERE t.id = id) = id`
    pub(super) fn is_met(&self, column: &'t Tree, operator: &str, other: &'t Tree) -> bool {
        let (Some(column), true) = (self.column_of_own(column), takes_itself(operator)) else { return false };
        self.meeting(other).is_some_and(|(within, value)| within.is_copied(value, column))
    }

    /// `id IN (SELECT t.id FROM the_same_table t WHERE t.id = the_same_table.id)`
    pub(super) fn meets_in(&self, test: &'t Tree, select: &'t Tree) -> bool {
        let Some(column) = self.column_of_own(test) else { return false };
        let value = only_target(select);
        value.is_some_and(|value| self.met_in(select).is_some_and(|within| within.is_copied(value, column)))
    }

    /// Whether it is what a copy of the row has in this column.
    fn is_copied(&self, value: &'t Tree, column: &str) -> bool {
        self.copies.iter().any(|copy: &Source<'t>| self.meets(copy, value, column))
    }

    /// `tableoid IN (SELECT oid FROM pg_class)`
    pub(super) fn is_any_table(&self, test: &'t Tree, select: &'t Tree) -> bool {
        let is_class = |from: &Tree| from.kind == "RangeVar" && from.text("relname") == "pg_class";
        self.column_of_own(uncast(test)) == Some("tableoid")
            && select.all("from_clause").all(is_class)
            && !select.has(&["where_clause", "limit_count", "limit_offset"])
            && !select.has(&COMBINING)
    }

    /// All of a row, as a document or in one text.
    fn is_row(&self, tree: &'t Tree) -> bool {
        let is_star = tree.kind == "RowExpr" && tree.all("args").all(|arg| self.column_of_own(arg).is_some());
        self.is_whole_row(tree) || is_star
    }

    /// `to_jsonb(the_table)`, which is never NULL and has the same keys for each row.
    pub(super) fn is_document_of_row(&self, tree: &'t Tree) -> bool {
        let tree = uncast(tree);
        is_one_of(&DOCUMENTS, tree) && tree.one("args").is_some_and(|arg| self.is_row(arg))
    }

    /// Whether it asks a document of a row which keys or of what kind it is.
    pub(super) fn asks_for_keys(&self, tree: &'t Tree) -> bool {
        let is_document = |arg: Option<&'t Tree>| arg.is_some_and(|arg| self.is_document_of_row(arg));
        match tree.kind {
            "AExpr" => {
                matches!(operator(tree), Some("?" | "?&" | "?|"))
                    && is_document(tree.one("lexpr"))
                    && tree.one("rexpr").is_some_and(|key| self.leaf(key) == Truth::Same)
            }
            "FuncCall" => is_one_of(&["json_typeof", "jsonb_typeof"], tree) && is_document(tree.one("args")),
            _ => false,
        }
    }

    /// `the_table::text <> ''`: what all of a row is written as begins and ends with a bracket.
    pub(super) fn shows_all_of_row(&self, one: &'t Tree, operator: &str, other: &'t Tree) -> bool {
        let Some(Constant::Text(text)) = constant(other) else { return false };
        let is_shown = one.kind == "TypeCast" && self.is_row(uncast(one)) || self.is_document_of_row(one);
        is_shown && matches!(operator, "<>" | ">" | ">=") && matches!(text.trim(), "" | "{}" | "null" | "[]")
    }
}

#[cfg(test)]
mod tests {
    use crate::read;

    /// Each look into one of these would be several at all that are within.
    #[test]
    fn sub_selects_within_each_other_are_looked_at_a_bounded_number_of_times() {
        let shapes = [
            ("(select count(*) from t a where a.id = t.id and ", ") > 0"),
            ("(select 1 from t a where a.id = t.id and ", ") = (select 1)"),
            ("id in (select a.id from t a, t b where a.id = b.id and ", ")"),
            ("id <= any (select id from t where ", ")"),
        ];
        let reader = std::thread::Builder::new().stack_size(crate::READ_STACK_BYTES);
        let reads = reader.spawn(move || {
            shapes.into_iter().all(|(begin, end)| {
                let condition = format!("{}true{}", begin.repeat(40), end.repeat(40));
                read(format!("delete from t where {condition}").as_bytes()).is_ok()
            })
        });
        assert!(reads.unwrap().join().unwrap());
    }
}
