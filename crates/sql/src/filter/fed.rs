//! Conditions of a body's writes on what loops and assignments put into variables: weighed as if the query stood there (see `scope`).

use std::rc::Rc;

use super::{ARRAY, SCALAR, Scale, Truth, only_target};
use crate::constant::operator;
use crate::plain::plain;
use crate::scope::{Feed, Place};
use crate::source::{Output, holds_all};
use crate::tree::Tree;

/// Variables that are given what others have.
const ARRAYS_MAX: usize = 8;

impl<'t> Scale<'t> {
    /// Whether what a loop compares the column with becomes each value of it.
    pub(super) fn meets_all(&self, own: &'t Tree, other: &'t Tree) -> bool {
        let Some(column) = self.column_of_own(plain(own)) else { return false };
        let other = plain(other);
        if self.is_repeated && other.number("sub_link_type") == SCALAR {
            return other.one("subselect").is_some_and(|select| self.picks(select, 0, column));
        }
        match self.fed(other) {
            Some((Feed::Rows(select, at), field)) => {
                let output = match (at, field) {
                    (_, Some(field)) => Output::Named(field),
                    (Place::At(at), None) => Output::At(*at),
                    (Place::Named(name), None) => Output::Named(name),
                };
                holds_all(select, output, column, &self.once(), 0)
            }
            Some((Feed::Elements(select), None)) => {
                only_target(select).is_some_and(|array| self.array_holds(array, Some(select), column, 0))
            }
            Some((Feed::Value(select, at), None)) => self.is_repeated && self.picks(select, *at, column),
            _ => false,
        }
    }

    /// The parts of a condition, and those of them that look at nothing but the row of a loop over the target, where another part has the
    /// write find that row alone.
    pub(crate) fn apart(&self, condition: Option<&'t Tree>) -> (Vec<&'t Tree>, Vec<&'t Tree>) {
        let mut parts = Vec::new();
        condition.into_iter().for_each(|condition| add_parts(condition, &mut parts));
        let found: Vec<&Rc<Tree>> = parts.iter().filter_map(|part| self.finds_row_of(part)).collect();
        if found.is_empty() {
            return (parts, Vec::new());
        }
        let (of_row, own): (Vec<&Tree>, Vec<&Tree>) =
            parts.into_iter().partition(|part| self.looks_at_rows_of(part, &found) == Some(true));
        (own, of_row)
    }

    /// Of `id = r.id` the rows of which `r` is one.
    fn finds_row_of(&self, part: &'t Tree) -> Option<&'t Rc<Tree>> {
        let is_equal = part.kind == "AExpr" && part.number("kind") == 1 && operator(part) == Some("=");
        let (left, right) = (part.one("lexpr").filter(|_| is_equal)?, part.one("rexpr")?);
        [(left, right), (right, left)].into_iter().find_map(|(own, other)| match self.fed(plain(other)) {
            Some((Feed::Rows(select, _), _)) if self.meets_all(own, other) => Some(select),
            _ => None,
        })
    }

    /// Whether it looks at one of these rows, and at nothing else; `None` where it looks at nothing.
    fn looks_at_rows_of(&self, tree: &'t Tree, rows: &[&Rc<Tree>]) -> Option<bool> {
        if matches!(tree.kind, "ColumnRef" | "ParamRef") {
            let is_of = |(feed, _): (&Feed, _)| match feed {
                Feed::Rows(select, _) => rows.iter().any(|known| Rc::ptr_eq(known, select)),
                Feed::Elements(_) | Feed::Value(..) => false,
            };
            return Some(self.fed(tree).is_some_and(is_of));
        }
        // What a sub-select finds for it is no part of the row.
        if tree.kind == "SubLink" {
            return Some(false);
        }
        let mut looks = tree.nodes().filter_map(|node| self.looks_at_rows_of(node, rows)).peekable();
        looks.peek()?;
        Some(looks.all(|is_of| is_of))
    }

    /// The same for what a loop asks for its rows, which it does once.
    pub(crate) fn once(&self) -> Self {
        Scale { is_repeated: false, ..self.clone() }
    }

    /// What is put into a variable, or a parameter of EXECUTE, and which field of it is meant.
    fn fed(&self, tree: &'t Tree) -> Option<(&'t Feed, Option<&'t str>)> {
        let (_, scope) = self.body?;
        if tree.kind == "ParamRef" {
            return scope.feed(&format!("${}", tree.number("number"))).map(|feed| (feed, None));
        }
        if tree.kind != "ColumnRef"
            || !self.is_variable(tree)
            || tree.all("fields").count() != tree.name("fields").len()
        {
            return None;
        }
        match tree.name("fields")[..] {
            [name] => scope.feed(name).map(|feed| (feed, None)),
            [name, field] => scope.feed(name).map(|feed| (feed, Some(field))),
            _ => None,
        }
    }

    /// Whether a select that is asked again and again, until there is nothing, gives each value of the column: one of those that are left.
    fn picks(&self, select: &'t Tree, at: usize, column: &str) -> bool {
        target(select, at)
            .is_some_and(|value| self.aggregates(&["any_value", "max", "min"], value, select, column))
            || holds_all(select, Output::At(at), column, self, 0)
    }

    /// The column among the elements of an array that has all values of it.
    pub(super) fn among(&self, test: &'t Tree, array: &'t Tree) -> Option<Truth> {
        let column = self.column_of_own(plain(test))?;
        self.array_holds(array, None, column, 0).then_some(Truth::Always)
    }

    /// Whether each value of the column is in an array, which is written in `select` where that is known.
    fn array_holds(&self, array: &'t Tree, select: Option<&'t Tree>, column: &str, depth: usize) -> bool {
        if ARRAYS_MAX < depth {
            return false;
        }
        if array.kind == "TypeCast" {
            return array.one("arg").is_some_and(|array| self.array_holds(array, select, column, depth + 1));
        }
        let subselect = array.one("subselect");
        match (array.kind, subselect, select) {
            ("SubLink", Some(inner), _) if array.number("sub_link_type") == ARRAY => {
                holds_all(inner, Output::At(0), column, self, 0)
            }
            ("SubLink", Some(inner), _) if array.number("sub_link_type") == SCALAR => only_target(inner)
                .is_some_and(|array| self.array_holds(array, Some(inner), column, depth + 1)),
            ("FuncCall", _, Some(select)) => self.aggregates(&["array_agg"], array, select, column),
            ("ColumnRef", ..) => match self.fed(array) {
                Some((Feed::Value(select, at), None)) => target(select, *at)
                    .is_some_and(|value| self.array_holds(value, Some(select), column, depth + 1)),
                _ => false,
            },
            _ => false,
        }
    }

    /// The row of a cursor, in a loop over its rows.
    pub(super) fn current_of(&self, tree: &'t Tree) -> Option<Truth> {
        match self.body?.1.feed(tree.text("cursor_name")) {
            Some(Feed::Rows(select, _)) if self.once().reads_all(select) => Some(Truth::Always),
            _ => None,
        }
    }
}

/// Adds the parts of a condition that must all be true.
pub(crate) fn add_parts<'t>(condition: &'t Tree, to: &mut Vec<&'t Tree>) {
    match (condition.kind, condition.number("boolop")) {
        ("BoolExpr", 1) => condition.all("args").for_each(|part| add_parts(part, to)),
        _ => to.push(condition),
    }
}

/// The expression that a sub-select returns in this place.
fn target(select: &Tree, at: usize) -> Option<&Tree> {
    select.all("target_list").nth(at)?.one("val")
}
