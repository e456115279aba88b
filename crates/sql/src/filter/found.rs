//! Conditions with sub-selects: whether one finds something for each row of the target, or for none. In which of them each row finds
//! itself, `met` knows.

use super::{Scale, Truth, is_one_of, is_one_row, leaves_out, only_target, takes_itself};
use crate::constant::{Constant, constant, operator};
use crate::plain::lies;
use crate::source::{Output, holds_all, whole};
use crate::tree::Tree;

/// Aggregates that turn any number of rows into one.
const AGGREGATES: [&str; 9] =
    ["array_agg", "avg", "bool_and", "bool_or", "count", "every", "max", "min", "sum"];

impl<'t> Scale<'t> {
    pub(super) fn sub_link(&self, tree: &'t Tree) -> Option<Truth> {
        let select = tree.one("subselect")?;
        match tree.number("sub_link_type") {
            // EXISTS
            1 => self.exists(select),
            // ALL (SELECT …)
            2 => self.all_found(tree.one("testexpr")?, tree.name("oper_name").pop()?, select),
            // IN (SELECT …), = ANY (SELECT …)
            3 => {
                let operator = tree.name("oper_name").pop().unwrap_or("=");
                self.any_found(tree.one("testexpr")?, operator, select)
            }
            // (SELECT …)
            5 if is_one_row(select) => Some(self.truth(only_target(select)?, false)),
            5 => {
                let (within, value) = self.meeting(tree)?;
                let truth = within.truth(value, false);
                matches!(truth, Truth::Always | Truth::Never).then_some(truth)
            }
            _ => None,
        }
    }

    /// `test operator ANY (select)`.
    pub(super) fn any_found(&self, test: &'t Tree, operator: &str, select: &'t Tree) -> Option<Truth> {
        if operator == "=" && test.kind == "RowExpr" && self.row_is_listed(test, select) {
            return Some(Truth::Always);
        }
        if is_one_row(select) {
            let value = only_target(select)?;
            return match value.one("args").filter(|_| is_one_of(&["unnest"], value)) {
                Some(array) if takes_itself(operator) => self.among(test, array),
                Some(_) => None,
                None => self.compared(operator, test, value),
            };
        }
        if operator == "=" && select.has(&["values_lists"]) && !leaves_out(select) {
            return self.listed(test, select.all("values_lists").filter_map(|row| row.nodes().next()));
        }
        if operator == "=" && (self.meets_in(test, select) || self.is_any_table(test, select)) {
            return Some(Truth::Always);
        }
        let found = self.found(test, select)?;
        // Nobody means by `<> ANY` what it says.
        (found == Truth::Never || takes_itself(operator) || operator == "<>").then_some(found)
    }

    /// Whether a row is among rows that stand there: `(a, b) IN (SELECT a, b)`.
    fn row_is_listed(&self, test: &'t Tree, select: &'t Tree) -> bool {
        let fields: Vec<&Tree> = test.all("args").collect();
        let is_it = |values: Vec<&'t Tree>| {
            let mut pairs = fields.iter().zip(&values);
            values.len() == fields.len()
                && pairs.all(|(field, value)| self.compared("=", field, value) == Some(Truth::Always))
        };
        match select.has(&["values_lists"]) {
            true => !leaves_out(select) && select.all("values_lists").any(|row| is_it(row.nodes().collect())),
            false => {
                is_one_row(select)
                    && is_it(select.all("target_list").filter_map(|target| target.one("val")).collect())
            }
        }
    }

    /// `test operator ALL (select)`.
    pub(super) fn all_found(&self, test: &'t Tree, operator: &str, select: &'t Tree) -> Option<Truth> {
        match self.found(test, select)? {
            Truth::Never => Some(Truth::Always),
            // The least, or the greatest, of those that are left, until there are none.
            Truth::Always if self.is_repeated && matches!(operator, "<=" | ">=") => Some(Truth::Always),
            _ => None,
        }
    }

    /// The column among all values that it has: `id IN (SELECT id FROM the_same_table)`.
    fn found(&self, test: &'t Tree, select: &'t Tree) -> Option<Truth> {
        if self.gives_none(select) {
            return Some(Truth::Never);
        }
        let columns: Vec<&Tree> = match test.kind {
            "RowExpr" => test.all("args").collect(),
            _ => vec![test],
        };
        let all = columns.iter().enumerate().all(|(at, column)| {
            self.column_of_own(whole(column))
                .is_some_and(|column| holds_all(select, Output::At(at), column, self, 0))
        });
        all.then_some(Truth::Always)
    }

    fn exists(&self, select: &'t Tree) -> Option<Truth> {
        if self.gives_none(select) {
            return Some(Truth::Never);
        }
        if leaves_out(select) || select.has(&["larg"]) {
            return None;
        }
        if let Some(having) = select.one("having_clause") {
            return self.has_group(select, having);
        }
        if select.has(&["values_lists"]) {
            return Some(Truth::Always);
        }
        if returns_aggregate(select) && !select.has(&["group_clause"]) {
            return Some(Truth::Always);
        }
        let within = self.within(select);
        let truth = within.weigh(select.one("where_clause"));
        let meets_itself = self.copies.len() < within.copies.len();
        (!select.has(&["from_clause", "group_clause"]) || meets_itself || truth == Truth::Never)
            .then_some(truth)
    }

    /// Whether there is a group of which HAVING is true.
    fn has_group(&self, select: &'t Tree, having: &'t Tree) -> Option<Truth> {
        let within = self.within(select);
        let meets_itself = self.copies.len() < within.copies.len()
            && within.weigh(select.one("where_clause")) == Truth::Always;
        let is_true = within.weigh(Some(having)) == Truth::Always || meets_itself && counts_one(having);
        // Without GROUP BY all rows are one, also where there are none.
        (is_true && (meets_itself || !select.has(&["group_clause"]))).then_some(Truth::Always)
    }
}

/// `count(*) > 0`, where there is a row.
fn counts_one(having: &Tree) -> bool {
    let (Some(left), Some(right), Some(operator)) =
        (having.one("lexpr"), having.one("rexpr"), operator(having))
    else {
        return false;
    };
    let Some(Constant::Number(number)) = constant(right) else { return false };
    let counts = is_one_of(&["count"], left) && !left.has(&["agg_filter", "args", "over"]);
    having.number("kind") == 1 && counts && lies((1.0, f64::INFINITY), operator, number) == Some(true)
}

pub(super) fn returns_aggregate(select: &Tree) -> bool {
    select
        .all("target_list")
        .filter_map(|target| target.one("val"))
        .any(|value| value.kind == "FuncCall" && !value.has(&["over"]) && is_one_of(&AGGREGATES, value))
}
