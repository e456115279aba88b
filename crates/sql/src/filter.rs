//! Whether the condition of an UPDATE, DELETE or MERGE keeps any row of its target from being touched. It says no only
//! where that is certain whatever the data is, but for NULLs in a column that is compared with itself; and where nothing shows
//! that the condition looks at the row at all.
//!
//! Open: what is true of each row for what its columns are (`id IS NOT NULL`: see `every_row`) or hold (`price > 0`), functions of which
//! nobody here knows what they return, a sub-select or join that happens to find each row. In which sub-selects each row finds itself
//! for certain, `met` knows.

mod fed;
mod found;
mod met;
mod never;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

pub(crate) use self::fed::add_parts;
use crate::condition::NEVER_NULL;
use crate::constant::{Constant, constant, operator};
use crate::cover::{self, covers};
use crate::plain::{NULLIF, finds_all, is_endless, is_within, lies, moved, plain, range, uncast};
use crate::scope::Scope;
use crate::source::{self, Source, Table, reads_all};
use crate::tree::{Child, Tree};

/// A condition's outcome over all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    /// True for each row.
    Always,
    /// False for each row.
    Never,
    /// The same for each row, true or not: it looks at nothing in the row.
    Same,
    /// The same for each row, as the statement's parameters say.
    Given,
    /// It may differ between rows.
    Depends,
}

/// Functions that are another for each row. All others say nothing of a row but what their arguments do.
const VARYING: [&str; 4] = ["gen_random_uuid", "random", "random_normal", "uuid_generate_v4"];

/// Functions that return something else each time. All others count as steady: who writes `f(id) = f(id)` means no filter.
const UNSTEADY: [&str; 7] = [
    "clock_timestamp",
    "gen_random_uuid",
    "nextval",
    "random",
    "random_normal",
    "timeofday",
    "uuid_generate_v4",
];

/// Functions that look at nothing in a row, and say the same until the transaction ends.
const FIXED: [&str; 7] = [
    "current_database",
    "current_setting",
    "now",
    "pg_backend_pid",
    "statement_timestamp",
    "transaction_timestamp",
    "version",
];

/// Columns that each row has and that are never NULL.
const SYSTEM_COLUMNS: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// Functions that tell of a value's type alone, which is the same for each row.
const OF_TYPES: [&str; 2] = ["pg_collation_for", "pg_typeof"];

/// `SubLinkType` of `(SELECT …)` and of `ARRAY (SELECT …)` (primnodes.h), as pg_query counts it.
const SCALAR: i64 = 5;
const ARRAY: i64 = 7;

/// With what a sub-select can have other than one row.
const ROW_CLAUSES: [&str; 8] = [
    "group_clause",
    "having_clause",
    "larg",
    "limit_count",
    "limit_offset",
    "locking_clause",
    "values_lists",
    "where_clause",
];

/// Weighs conditions on the rows of one target, where they stand.
#[derive(Clone, Debug)]
pub(crate) struct Scale<'t> {
    target: &'t Tree,
    /// Common table expressions that can be named here, the nearest last.
    ctes: Vec<&'t Tree>,
    /// Names that mean a row of the target: its own, and those of relations that are joined to it by a column that they copy.
    own: Vec<&'t str>,
    copies: Vec<Source<'t>>,
    /// What functions make of rows of the target, and is joined to it.
    made: Vec<Source<'t>>,
    /// Names of relations whose rows come with the row that is looked at, and what stands beside it in its FROM.
    joined: Vec<&'t str>,
    outputs: Vec<Source<'t>>,
    bare: Bare<'t>,
    /// Variables of the body that it stands in, and what stands around it there.
    body: Option<(&'t BTreeSet<String>, &'t Scope)>,
    /// It runs again and again: what a LIMIT leaves out comes later.
    is_repeated: bool,
    looks: Rc<Cell<usize>>,
}

/// What a column is that is named without a relation.
#[derive(Clone, Debug)]
enum Bare<'t> {
    /// One of the target.
    Own,
    /// One of the target, but for these.
    OwnBut(Vec<&'t str>),
    /// Nobody knows without the columns of relations that stand nearer.
    Other,
}

impl Truth {
    pub(crate) fn not(self) -> Self {
        match self {
            Truth::Always => Truth::Never,
            Truth::Never => Truth::Always,
            other => other,
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Truth::Never, _) | (_, Truth::Never) => Truth::Never,
            (Truth::Depends, _) | (_, Truth::Depends) => Truth::Depends,
            (Truth::Same, _) | (_, Truth::Same) => Truth::Same,
            (Truth::Given, _) | (_, Truth::Given) => Truth::Given,
            (Truth::Always, Truth::Always) => Truth::Always,
        }
    }

    /// What may be true of all rows opens the rest. A parameter is taken for one that means to: `$1 IS NULL OR a = $1`.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Truth::Always, _) | (_, Truth::Always) => Truth::Always,
            (Truth::Same, _) | (_, Truth::Same) => Truth::Same,
            (Truth::Depends, _) | (_, Truth::Depends) => Truth::Depends,
            (Truth::Given, _) | (_, Truth::Given) => Truth::Given,
            (Truth::Never, Truth::Never) => Truth::Never,
        }
    }

    /// Whether it keeps rows apart, or touches none.
    pub(crate) fn filters(self) -> bool {
        matches!(self, Truth::Never | Truth::Depends)
    }

    fn of(is_true: bool) -> Self {
        if is_true { Truth::Always } else { Truth::Never }
    }

    fn not_if(self, negated: bool) -> Self {
        if negated { self.not() } else { self }
    }
}

impl<'t> Table<'t> for Scale<'t> {
    fn is(&self, relation: &'t Tree) -> bool {
        let ((schema, name), (own_schema, own)) = (Source::name(relation), Source::name(self.target));
        // Without a schema it may be another's; who names one table in two ways means it.
        let is_plain = |schema: &str| matches!(schema, "" | "public");
        name == own && (schema == own_schema || is_plain(schema) && is_plain(own_schema))
    }

    fn sources(&self, select: &'t Tree) -> Vec<Source<'t>> {
        let mut ctes = self.ctes.clone();
        ctes.extend(select.one("with_clause").into_iter().flat_map(|with| with.all("ctes")));
        source::sources(select.all("from_clause"), &ctes)
    }

    fn comes_again(&self) -> bool {
        self.is_repeated
    }

    fn finds_none(&self, select: &'t Tree) -> bool {
        // Who excludes NULL from keys excludes nothing.
        let is_null = |select: &'t Tree| only_target(select).and_then(constant) == Some(Constant::Null);
        let condition = select.one("where_clause");
        let is_empty = || condition.is_some_and(|one| self.within(select).weigh(Some(one)) == Truth::Never);
        !select.has(&["larg", "values_lists", "group_clause", "having_clause"])
            && (is_null(select) || is_empty() && !found::returns_aggregate(select))
    }

    fn filters(&self, called: &'t str, select: &'t Tree) -> bool {
        let Some(condition) = select.one("where_clause") else { return false };
        let mut sources = self.sources(select);
        let mut scale = self.beside_itself(called);
        scale.outputs.clone_from(&sources);
        sources.retain(|source| source.called != called);
        scale.joined.extend(sources.iter().filter(|source| source.is_joined()).map(|source| source.called));
        scale.bind(&sources, condition);
        scale.weigh(Some(condition)).filters()
    }

    fn leaves_out(&self, called: &'t str, condition: &'t Tree) -> bool {
        self.beside_itself(called).weigh(Some(condition)).filters()
    }
}

impl<'t> Scale<'t> {
    /// For the rows of `target`, a RangeVar.
    pub(crate) fn of(target: &'t Tree, ctes: &[&'t Tree]) -> Self {
        let alias = target.one("alias").map(|alias| alias.text("aliasname"));
        Scale {
            target,
            ctes: ctes.to_vec(),
            own: vec![alias.unwrap_or(target.text("relname"))],
            copies: Vec::new(),
            made: Vec::new(),
            joined: Vec::new(),
            outputs: Vec::new(),
            bare: Bare::Own,
            body: None,
            is_repeated: false,
            looks: Rc::new(Cell::new(cover::LOOKS_MAX)),
        }
    }

    /// For conditions on the rows of a loop, which are those of `target`: whatever is named in them is of the row.
    pub(crate) fn of_rows(target: &'t Tree, conditions: impl Iterator<Item = &'t Tree>) -> Self {
        let mut own = Vec::new();
        conditions.for_each(|condition| add_qualifiers(condition, &mut own));
        Scale { own, ..Scale::of(target, &[]) }
    }

    /// What a condition on the row of a loop comes to. It is worked out for each row anew: only of what never changes is it known that it
    /// is the same.
    pub(crate) fn weigh_guard(&self, tree: &'t Tree) -> Truth {
        match self.truth(tree, false) {
            Truth::Same if changes(tree) => Truth::Depends,
            Truth::Given => Truth::Depends,
            truth => truth,
        }
    }

    /// The same in a body that has these variables, and in which this stands around it.
    pub(crate) fn amid(self, body: (&'t BTreeSet<String>, &'t Scope)) -> Self {
        Scale { body: Some(body), is_repeated: body.1.is_repeated, ..self }
    }

    /// The same where another name means a row of the target too.
    pub(crate) fn called_too(mut self, name: &'t str) -> Self {
        self.own.push(name);
        self
    }

    /// The same beside other relations, under the condition that joins them.
    pub(crate) fn beside(
        mut self,
        items: impl Iterator<Item = &'t Tree>,
        condition: Option<&'t Tree>,
    ) -> Self {
        let sources = source::sources(items, &self.ctes);
        self.meet(&sources);
        if let Some(condition) = condition {
            self.bind(&sources, condition);
        }
        self
    }

    /// The same of the target's rows where they are called so.
    fn beside_itself(&self, called: &'t str) -> Self {
        let (copies, made, joined, outputs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Scale { own: vec![called], copies, made, joined, outputs, bare: Bare::Own, ..self.clone() }
    }

    /// The same within a sub-select.
    fn within(&self, select: &'t Tree) -> Self {
        let mut scale = self.clone();
        scale.ctes.extend(select.one("with_clause").into_iter().flat_map(|with| with.all("ctes")));
        let sources = source::sources(select.all("from_clause"), &scale.ctes);
        scale.own.retain(|own| sources.iter().all(|source| source.called != *own));
        scale.copies.retain(|copy| sources.iter().all(|source| source.called != copy.called));
        scale.made.retain(|made| sources.iter().all(|source| source.called != made.called));
        scale.joined.retain(|joined| sources.iter().all(|source| source.called != *joined));
        scale.outputs.clear();
        scale.meet(&sources);
        if let Some(condition) = select.one("where_clause") {
            scale.bind(&sources, condition);
        }
        scale
    }

    /// Columns that are named without a relation may be these sources'.
    fn meet(&mut self, sources: &[Source<'t>]) {
        let mut others = match &self.bare {
            Bare::Other => return,
            Bare::Own if sources.is_empty() => return,
            Bare::Own => Vec::new(),
            Bare::OwnBut(others) => others.clone(),
        };
        for source in sources {
            let Some(names) = source.names() else {
                self.bare = Bare::Other;
                return;
            };
            others.extend(names);
        }
        self.bare = Bare::OwnBut(others);
    }

    /// Finds among `sources` those that are joined to the target by a column that they copy from it: each row meets itself.
    fn bind(&mut self, sources: &[Source<'t>], condition: &'t Tree) {
        match (condition.kind, condition.number("boolop"), condition.number("kind")) {
            ("BoolExpr", 1, _) => condition.all("args").for_each(|arg| self.bind(sources, arg)),
            ("AExpr", _, 1 | 5) if operator(condition) == Some("=") => {
                let (Some(left), Some(right)) = (condition.one("lexpr"), condition.one("rexpr")) else {
                    return;
                };
                if left.kind == "RowExpr" && right.kind == "RowExpr" {
                    for (one, other) in left.all("args").zip(right.all("args")) {
                        self.bind_columns(sources, one, other);
                    }
                    return;
                }
                self.bind_columns(sources, left, right);
            }
            _ => {}
        }
    }

    fn bind_columns(&mut self, sources: &[Source<'t>], left: &'t Tree, right: &'t Tree) {
        for (own, other) in [(left, right), (right, left)] {
            let Some(column) = self.column_of_own(own) else { continue };
            if let Some(source) = sources.iter().find(|source| self.meets(source, other, column)) {
                self.own.push(source.called);
                self.copies.push(*source);
                return;
            }
            if let Some(source) = sources.iter().find(|source| self.meets_made(source, sources, other)) {
                self.made.push(*source);
                return;
            }
        }
    }

    /// The name of a column of the target.
    pub(crate) fn column_of_own(&self, tree: &'t Tree) -> Option<&'t str> {
        (tree.kind == "ColumnRef" && self.may_be_own(tree)).then(|| tree.name("fields").pop()).flatten()
    }

    /// Whether `other` is a column of `source` with what is in `column` of the target.
    fn meets(&self, source: &Source<'t>, other: &'t Tree, column: &str) -> bool {
        let fields = other.name("fields");
        other.kind == "ColumnRef"
            && matches!(fields.as_slice(), [.., called, output] if *called == source.called
                && source.copies(output, column, self, 0))
    }

    /// Whether `other` is what functions make of rows of the target: any of them may be among that.
    fn meets_made(&self, source: &Source<'t>, sources: &[Source<'t>], other: &'t Tree) -> bool {
        let is_beside = || sources.iter().any(|other| other.called != source.called && other.is(self));
        let other = uncast(other);
        other.kind == "ColumnRef" && source.is_meant(other) && source.is_made_of(self, is_beside())
    }

    /// Whether a select looks at each row of the target.
    pub(crate) fn reads_all(&self, select: &'t Tree) -> bool {
        reads_all(select, self, 0)
    }

    /// What `tree` comes to as a condition; none is true.
    pub(crate) fn weigh(&self, tree: Option<&'t Tree>) -> Truth {
        tree.map_or(Truth::Always, |tree| self.truth(tree, false))
    }

    /// The same for a part of a condition that is no AND, OR or NOT.
    pub(crate) fn weigh_alone(&self, tree: &'t Tree) -> Truth {
        self.part(tree)
    }

    fn truth(&self, tree: &'t Tree, negated: bool) -> Truth {
        match (tree.kind, tree.number("boolop")) {
            ("BoolExpr", 3) => self.weigh_negated(tree.one("args"), !negated),
            ("BoolExpr", operator) if (operator == 1) == negated => self.any(tree, negated),
            ("BoolExpr", _) => {
                let truths = tree.all("args").map(|arg| self.truth(arg, negated));
                truths.fold(Truth::Always, Truth::and)
            }
            ("BooleanTest", _) => self.boolean_test(tree, negated),
            ("TypeCast", _) if is_bool(tree) && constant(tree).is_none() => {
                self.weigh_negated(tree.one("arg"), negated)
            }
            _ => {
                let truth = self.part(tree).not_if(negated);
                let closes = truth == Truth::Depends && cover::is_compound(tree);
                if closes && covers(self, tree, negated, &self.looks) { Truth::Always } else { truth }
            }
        }
    }

    fn weigh_negated(&self, tree: Option<&'t Tree>, negated: bool) -> Truth {
        tree.map_or(Truth::Same, |tree| self.truth(tree, negated))
    }

    /// An OR, or an AND of which the opposite is asked.
    fn any(&self, tree: &'t Tree, negated: bool) -> Truth {
        let truth = tree.all("args").map(|arg| self.truth(arg, negated)).fold(Truth::Never, Truth::or);
        if truth == Truth::Depends && covers(self, tree, negated, &self.looks) {
            Truth::Always
        } else {
            truth
        }
    }

    fn part(&self, tree: &'t Tree) -> Truth {
        match constant(tree) {
            Some(Constant::Null) => return Truth::Given,
            Some(value) => return value.as_bool().map_or(Truth::Same, Truth::of),
            None => {}
        }
        let known = match tree.kind {
            "BoolExpr" | "BooleanTest" => Some(self.truth(tree, false)),
            "AExpr" => self.expression(tree),
            "NullTest" => self.null_test(tree),
            "SubLink" => self.sub_link(tree),
            "CoalesceExpr" => {
                let first = self.weigh(tree.all("args").find(|arg| !self.is_null(arg)));
                matches!(first, Truth::Always | Truth::Never).then_some(first)
            }
            "CaseExpr" => self.case(tree),
            "MinMaxExpr" => self.min_max(tree),
            "CurrentOfExpr" => self.current_of(tree),
            _ => None,
        };
        known.unwrap_or_else(|| self.leaf(tree))
    }

    fn expression(&self, tree: &'t Tree) -> Option<Truth> {
        let (left, right) = (self.unwrap(tree.one("lexpr")?), self.unwrap(tree.one("rexpr")?));
        let operator = operator(tree)?;
        match tree.number("kind") {
            1 => self.compared(operator, left, right),
            // ANY of none
            2 if is_empty_array(right) => Some(Truth::Never),
            // = ANY (ARRAY[…])
            2 if operator == "=" && right.kind == "AArrayExpr" => self.listed(left, right.all("elements")),
            2 if right.kind == "AArrayExpr" => {
                self.compared_with(operator, left, right, (Truth::Always, Truth::Never))
            }
            // = ANY (ARRAY(SELECT …))
            2 if right.number("sub_link_type") == ARRAY => {
                self.any_found(left, operator, right.one("subselect")?)
            }
            2 if takes_itself(operator) => self.among(left, right),
            // ALL of none
            3 if is_empty_array(right) => Some(Truth::Always),
            3 if right.kind == "AArrayExpr" => {
                self.compared_with(operator, left, right, (Truth::Never, Truth::Always))
            }
            3 if right.number("sub_link_type") == ARRAY => {
                self.all_found(left, operator, right.one("subselect")?)
            }
            4 | 5 => {
                // A row is not NULL, also where each column of it is.
                if self.is_whole_row(left) && constant(right) == Some(Constant::Null) {
                    return Some(Truth::of(tree.number("kind") == 4));
                }
                let equal = match (constant(left), constant(right)) {
                    (Some(one), Some(other)) => one.equals(&other)?,
                    _ if self.is_steady(left) && self.same(left, right) => true,
                    _ => return None,
                };
                Some(Truth::of(equal == (tree.number("kind") == 5)))
            }
            7 => {
                let listed = self.listed(left, right.all("items"))?;
                Some(listed.not_if(operator != "="))
            }
            8 | 9 if self.is_steady(left) && self.same(left, right) => {
                Some(Truth::of(!operator.starts_with('!')))
            }
            8..=10 => {
                // SIMILAR TO hands its pattern to a function.
                let pattern = if right.kind == "FuncCall" { right.one("args")? } else { right };
                let Some(Constant::Text(pattern)) = constant(pattern) else { return None };
                let any = !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'%');
                any.then(|| Truth::of(!operator.starts_with('!')))
            }
            kind @ 11..=14 => {
                let mut ends = right.all("items");
                let (low, high) = (ends.next()?, ends.next()?);
                let within = self.compared(">=", left, low)?.and(self.compared("<=", left, high)?);
                Some(within.not_if(!matches!(kind, 11 | 13)))
            }
            _ => None,
        }
    }

    /// `left IN (items)`.
    fn listed(&self, left: &'t Tree, items: impl Iterator<Item = &'t Tree>) -> Option<Truth> {
        let (own, steady) = (constant(left), self.is_steady(left));
        let mut all_known = own.is_some();
        for item in items {
            if steady && self.same(left, item) {
                return Some(Truth::Always);
            }
            let equal = own.as_ref().and_then(|own| own.equals(&constant(item)?));
            match equal {
                Some(true) => return Some(Truth::Always),
                Some(false) => {}
                None => all_known = false,
            }
        }
        all_known.then_some(Truth::Never)
    }

    /// What comes of a comparison with the elements of an array, where `one` says so as soon as one of them does, and `all` where all do.
    fn compared_with(
        &self,
        operator: &str,
        left: &'t Tree,
        array: &'t Tree,
        (one, all): (Truth, Truth),
    ) -> Option<Truth> {
        let mut each = array.all("elements").map(|item| self.compared(operator, left, item));
        let mut are_all = true;
        let is_one = each.any(|truth| {
            are_all &= truth == Some(all);
            truth == Some(one)
        });
        is_one.then_some(one).or(are_all.then_some(all))
    }

    fn compared(&self, operator: &str, left: &'t Tree, right: &'t Tree) -> Option<Truth> {
        if let (Some(one), Some(other)) = (constant(left), constant(right)) {
            return one.compares(operator, &other).map(Truth::of);
        }
        if self.is_steady(left) && self.same(left, right) {
            return match operator {
                "=" | "<=" | ">=" | "@>" | "<@" | "&&" => Some(Truth::Always),
                "<>" | "<" | ">" => Some(Truth::Never),
                _ => None,
            };
        }
        // Nothing is within everything, and everything within what has no end.
        let holds_nothing = match operator {
            "@>" => is_empty_array(right) || is_endless(left),
            "<@" => is_empty_array(left) || is_endless(right),
            "^@" => is_empty_text(right),
            _ => false,
        };
        if holds_nothing {
            return Some(Truth::Always);
        }
        if operator == "=" && left.kind == "RowExpr" && right.kind == "RowExpr" {
            let each = left.all("args").zip(right.all("args"));
            return each
                .map(|(one, other)| self.compared("=", one, other))
                .try_fold(Truth::Always, |all, one| Some(all.and(one?)));
        }
        for (one, other, operator) in [(left, right, operator), (right, left, turned(operator))] {
            if let Some((base, by)) = moved(one)
                && self.is_steady(base)
                && self.same(base, other)
                && let Some(is_true) = by.compares(operator)
            {
                return Some(Truth::of(is_true));
            }
            match constant(one).or_else(|| place(one)) {
                Some(Constant::Bool(is_true)) if matches!(operator, "=" | "<>") => {
                    return Some(self.truth(other, is_true != (operator == "=")));
                }
                // Nothing is below false, or above true. What a column is, its definition says (`every_row`).
                Some(Constant::Bool(is_true)) if other.kind != "ColumnRef" => {
                    let truth = match (is_true, operator) {
                        (false, "<=") | (true, ">=") => Some(Truth::Always),
                        (false, ">") | (true, "<") => Some(Truth::Never),
                        (false, "<") | (true, "<=") => Some(self.truth(other, false)),
                        (false, ">=") | (true, ">") => Some(self.truth(other, true)),
                        _ => None,
                    };
                    if truth.is_some() {
                        return truth;
                    }
                }
                // `a - b = 0` is `a = b`.
                Some(Constant::Number(0.0)) if is_difference(other) => {
                    return self.compared(
                        turned(operator),
                        self.unwrap(other.one("lexpr")?),
                        self.unwrap(other.one("rexpr")?),
                    );
                }
                Some(Constant::Number(number)) => {
                    let range = self.range_of_row(other).or_else(|| range(other));
                    let range = range.or_else(|| self.range_met(other));
                    let range = range.or_else(|| self.range_numbered(other));
                    let lies = range.and_then(|range| lies(range, turned(operator), number));
                    if let Some(is_true) = lies {
                        return Some(Truth::of(is_true));
                    }
                }
                Some(Constant::Text(zero)) if zero == "0" && is_xmin(other) => {
                    let is_other = operator == "<>";
                    return (is_other || operator == "=").then(|| Truth::of(is_other));
                }
                Some(end) if is_within(other, turned(operator), &end) => return Some(Truth::Always),
                _ => {}
            }
            if let Some(truth) = self.beside_itself_at_most(one, operator, other) {
                return Some(truth);
            }
            if operator == "=" && self.is_own_table(one, other) || self.is_met(one, operator, other) {
                return Some(Truth::Always);
            }
            if self.shows_all_of_row(one, operator, other) {
                return Some(Truth::Always);
            }
            if self
                .copies
                .iter()
                .any(|copy| self.column_of_target(one).is_some_and(|column| self.meets(copy, other, column)))
                && matches!(operator, "=" | "<=" | ">=")
            {
                return Some(Truth::Always);
            }
            let is_made = || self.made.iter().any(|made| made.is_meant(uncast(other)));
            if operator == "=" && self.column_of_own(one).is_some() && is_made() {
                return Some(Truth::Always);
            }
            if self.is_bound(one, operator, other) || operator == "=" && self.meets_all(one, other) {
                return Some(Truth::Always);
            }
        }
        if matches!(operator, "~" | "~*" | "!~" | "!~*")
            && let Some(Constant::Text(pattern)) = constant(right)
            && finds_all(&pattern)
        {
            return Some(Truth::of(!operator.starts_with('!')));
        }
        None
    }

    /// `greatest(id, 7) >= id`
    fn beside_itself_at_most(&self, one: &'t Tree, operator: &str, other: &'t Tree) -> Option<Truth> {
        let is_among = || one.all("args").any(|arg| self.is_steady(arg) && self.same(arg, other));
        match (one.kind, one.number("op"), operator) {
            ("MinMaxExpr", 1, ">=") | ("MinMaxExpr", 2, "<=") if is_among() => Some(Truth::Always),
            ("MinMaxExpr", 1, "<") | ("MinMaxExpr", 2, ">") if is_among() => Some(Truth::Never),
            _ => None,
        }
    }

    /// `tableoid = 'the_same_table'::regclass`.
    fn is_own_table(&self, column: &'t Tree, table: &'t Tree) -> bool {
        let column = uncast(column);
        let table = if is_one_of(&["to_regclass"], table) { table.one("args") } else { Some(uncast(table)) };
        let Some(Constant::Text(written)) = table.and_then(constant) else { return false };
        let (schema, name) = Source::name(self.target);
        self.column_of_own(column) == Some("tableoid")
            && (written == name
                || written
                    .strip_suffix(name)
                    .and_then(|rest| rest.strip_suffix('.'))
                    .is_some_and(|own| own == schema || schema.is_empty() && own == "public"))
    }

    /// A column of the target that is not one of a copy.
    fn column_of_target(&self, tree: &'t Tree) -> Option<&'t str> {
        let is_copy = |name: &&str| self.copies.iter().any(|copy| copy.called == *name);
        let fields = tree.name("fields");
        let qualifier = fields.len().checked_sub(2).and_then(|at| fields.get(at));
        self.column_of_own(tree).filter(|_| !qualifier.is_some_and(is_copy))
    }

    /// `id >= (SELECT min(id) FROM the_same_table)`.
    fn is_bound(&self, column: &'t Tree, operator: &str, other: &'t Tree) -> bool {
        let aggregate = match operator {
            ">=" => "min",
            "<=" => "max",
            _ => return false,
        };
        let select = other.one("subselect").filter(|_| other.number("sub_link_type") == SCALAR);
        let (Some(select), Some(column)) = (select, self.column_of_own(column)) else { return false };
        only_target(select).is_some_and(|value| self.aggregates(&[aggregate], value, select, column))
    }

    /// Whether `value` of a select is an aggregate of that column of all rows of the target.
    fn aggregates(&self, names: &[&str], value: &'t Tree, select: &'t Tree, column: &str) -> bool {
        let [source] = self.sources(select)[..] else { return false };
        let of = value.one("args").map(|arg| plain(arg).name("fields")).unwrap_or_default();
        value.kind == "FuncCall"
            && is_one_of(names, value)
            && !value.has(&["agg_filter", "over"])
            && !select.has(&["group_clause", "having_clause", "limit_count", "limit_offset"])
            && !self.filters(source.called, select)
            && of.last().is_some_and(|of| source.copies(of, column, self, 0))
    }

    fn null_test(&self, tree: &'t Tree) -> Option<Truth> {
        let arg = tree.one("arg")?;
        let is_null = match (constant(arg), arg.kind) {
            _ if self.is_null(arg) => true,
            (Some(value), _) => value == Constant::Null,
            (None, "AArrayExpr" | "BooleanTest" | "NullTest") => false,
            (None, "FuncCall") if is_one_of(&NEVER_NULL, arg) => false,
            (None, "SubLink") if self.range_met(arg).is_some() => false,
            (None, "FuncCall" | "TypeCast") if self.is_document_of_row(arg) => false,
            // Nor is a row of which each column is NULL: nobody keeps those.
            (None, "ColumnRef") if tree.number("nulltesttype") == 1 && self.is_whole_row(arg) => false,
            (None, "AExpr") if arg.number("kind") == NULLIF => {
                let (left, right) = (arg.one("lexpr")?, arg.one("rexpr")?);
                (self.is_steady(left) && self.same(left, right)).then_some(true)?
            }
            // Only NULLs make a comparison NULL.
            (None, "AExpr") if arg.number("kind") == 1 && is_comparison(arg) => false,
            (None, "ColumnRef")
                if arg.name("fields").pop().is_some_and(|name| SYSTEM_COLUMNS.contains(&name)) =>
            {
                false
            }
            _ => return None,
        };
        Some(Truth::of(is_null == (tree.number("nulltesttype") == 1)))
    }

    fn boolean_test(&self, tree: &'t Tree, negated: bool) -> Truth {
        match tree.number("booltesttype") {
            2 if tree.one("arg").is_some_and(|arg| self.is_never_true(arg)) => Truth::of(!negated),
            4 | 5 if tree.one("arg").is_some_and(|arg| self.is_null(arg)) => Truth::of(!negated),
            1 | 4 => self.weigh_negated(tree.one("arg"), negated),
            2 | 3 => self.weigh_negated(tree.one("arg"), !negated),
            test => match tree.one("arg") {
                Some(arg) if arg.kind == "ColumnRef" || constant(arg) == Some(Constant::Null) => {
                    self.leaf(arg)
                }
                _ => Truth::of(test == 6),
            }
            .not_if(negated),
        }
    }

    fn case(&self, tree: &'t Tree) -> Option<Truth> {
        let mut results = Vec::new();
        let mut taken = Truth::Never;
        let mut before = Truth::Always;
        for when in tree.all("args") {
            let condition =
                if tree.has(&["arg"]) { self.leaf(tree.one("arg")?) } else { self.weigh(when.one("expr")) };
            if condition == Truth::Never || when.one("expr").is_some_and(|expr| self.is_null(expr)) {
                continue;
            }
            let result = self.truth(when.one("result")?, false);
            results.push(result);
            taken = taken.or(rest(before, condition.and(result)));
            if condition == Truth::Always {
                return all_alike(&results).or(Some(taken));
            }
            before = before.and(condition.not());
        }
        let result = self.truth(tree.one("defresult")?, false);
        results.push(result);
        all_alike(&results).or(Some(taken.or(rest(before, result))))
    }

    /// GREATEST and LEAST of conditions are OR and AND.
    fn min_max(&self, tree: &'t Tree) -> Option<Truth> {
        let truths: Vec<Truth> = tree.all("args").map(|arg| self.truth(arg, false)).collect();
        let decides = if tree.number("op") == 1 { Truth::Always } else { Truth::Never };
        truths.contains(&decides).then_some(decides)
    }

    /// What nothing is known of but where it looks.
    fn leaf(&self, tree: &'t Tree) -> Truth {
        let looks = match tree.kind {
            // What it is, whoever calls the body says.
            "ColumnRef" if self.is_variable(tree) => return Truth::Given,
            "ColumnRef" => self.may_be_own(tree) || self.is_joined(tree),
            "FuncCall" if is_one_of(&VARYING, tree) => true,
            "FuncCall" if is_one_of(&OF_TYPES, tree) => return Truth::Same,
            _ if self.asks_for_keys(tree) => return Truth::Same,
            "CurrentOfExpr" | "RangeTableSample" => true,
            _ => false,
        };
        if looks {
            return Truth::Depends;
        }
        let mut truth = if tree.kind == "ParamRef" { Truth::Given } else { Truth::Always };
        if tree.kind == "SelectStmt" {
            let within = self.within(tree);
            truth = tree.nodes().map(|node| within.leaf(node)).fold(truth, sum);
        } else {
            truth = tree.nodes().map(|node| self.leaf(node)).fold(truth, sum);
        }
        if truth == Truth::Always { Truth::Same } else { truth }
    }

    /// Whether what looks like a column is a variable, or a field of one.
    fn is_variable(&self, column: &'t Tree) -> bool {
        let is_variable = |name: &&str| self.body.is_some_and(|(variables, _)| variables.contains(*name));
        let is_alone = column.all("fields").count() == 1;
        let first = column.name("fields").into_iter().next().filter(is_variable);
        first.is_some_and(|name| is_alone || !self.own.contains(&name))
    }

    /// Whether a column may be one of the target.
    fn may_be_own(&self, column: &'t Tree) -> bool {
        if self.is_variable(column) {
            return false;
        }
        let fields = column.name("fields");
        let stars = column.all("fields").count() - fields.len();
        let Some(qualifiers) = (fields.len() + stars).checked_sub(1) else { return true };
        match (fields.get(..qualifiers), fields.last()) {
            (Some([.., name]), _) => self.own.contains(name),
            (_, Some(name)) => {
                self.own.contains(name)
                    || match &self.bare {
                        Bare::Own => true,
                        Bare::OwnBut(others) => !others.contains(name),
                        Bare::Other => false,
                    }
            }
            (_, None) => matches!(self.bare, Bare::Own),
        }
    }

    /// Whether a column is one of a relation whose rows come with the target's.
    fn is_joined(&self, column: &Tree) -> bool {
        let names = column.name("fields");
        matches!(names.as_slice(), [.., called, _] if self.joined.contains(called))
    }

    /// The name of the target, for all of its row.
    pub(crate) fn is_whole_row(&self, tree: &'t Tree) -> bool {
        let names = tree.name("fields");
        tree.kind == "ColumnRef" && matches!(names.as_slice(), [name] if self.own.contains(name))
    }

    /// Whether it is the same each time it is worked out for a row.
    pub(crate) fn is_steady(&self, tree: &Tree) -> bool {
        is_steady(tree)
    }

    /// Whether two expressions are the same. A column of the target can be named with it or without.
    pub(crate) fn same(&self, one: &'t Tree, other: &'t Tree) -> bool {
        let (one, other) = (plain(one), plain(other));
        if one.kind != other.kind {
            return false;
        }
        match one.kind {
            "ColumnRef" if self.may_be_own(one) && self.may_be_own(other) => {
                let (one, other) = (one.name("fields"), other.name("fields"));
                !one.is_empty() && one.last() == other.last()
            }
            _ => {
                one.children().len() == other.children().len()
                    && one.children().zip(other.children()).all(|(one, other)| match (one, other) {
                        ((field, Child::Node(one)), (name, Child::Node(other))) => {
                            field == name && self.same(one, other)
                        }
                        (one, other) => one == other,
                    })
            }
        }
    }
}

/// Whether it is the same each time it is worked out for a row.
pub(crate) fn is_steady(tree: &Tree) -> bool {
    match tree.kind {
        "FuncCall" if is_one_of(&UNSTEADY, tree) => false,
        "RangeTableSample" => false,
        _ => tree.nodes().all(is_steady),
    }
}

/// Adds the names with which columns are named.
fn add_qualifiers<'t>(tree: &'t Tree, to: &mut Vec<&'t str>) {
    if tree.kind == "ColumnRef" {
        let names = tree.name("fields");
        to.extend(names.first().filter(|first| !to.contains(*first)).copied());
    }
    tree.nodes().for_each(|node| add_qualifiers(node, to));
}

/// Whether it may be another each time that it is worked out, in one statement of the client's.
fn changes(tree: &Tree) -> bool {
    match tree.kind {
        "FuncCall" if !is_one_of(&FIXED, tree) => true,
        "ParamRef" | "SubLink" => true,
        _ => tree.nodes().any(changes),
    }
}

/// Where parts look, taken together.
fn sum(one: Truth, other: Truth) -> Truth {
    match (one, other) {
        (Truth::Depends, _) | (_, Truth::Depends) => Truth::Depends,
        (Truth::Given, _) | (_, Truth::Given) => Truth::Given,
        _ => Truth::Same,
    }
}

/// What an arm comes to for rows that the arms before it have left.
fn rest(before: Truth, arm: Truth) -> Truth {
    if arm == Truth::Same { arm } else { before.and(arm) }
}

fn all_alike(results: &[Truth]) -> Option<Truth> {
    let first = *results.first()?;
    (matches!(first, Truth::Always | Truth::Never) && results.iter().all(|result| *result == first))
        .then_some(first)
}

/// Whether each value is so compared with itself.
fn takes_itself(operator: &str) -> bool {
    matches!(operator, "=" | "<=" | ">=")
}

/// The operator with its sides exchanged.
fn turned(operator: &str) -> &str {
    match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}

/// The transaction that has made a row: there is always one.
fn is_xmin(tree: &Tree) -> bool {
    tree.kind == "ColumnRef" && tree.name("fields").pop() == Some("xmin")
}

fn is_difference(tree: &Tree) -> bool {
    tree.kind == "AExpr" && tree.number("kind") == 1 && operator(tree) == Some("-") && tree.has(&["lexpr"])
}

fn is_comparison(tree: &Tree) -> bool {
    operator(tree).is_some_and(|operator| matches!(operator, "=" | "<>" | "<" | "<=" | ">" | ">="))
}

fn is_bool(cast: &Tree) -> bool {
    cast.one("type_name").is_some_and(|to| to.name("names").pop() == Some("bool"))
}

/// Where a row is, as it is written: `'(0,1)'::tid`.
fn place(tree: &Tree) -> Option<Constant> {
    let to = tree.one("type_name").filter(|to| tree.kind == "TypeCast" && !to.has(&["array_bounds"]));
    let is_place = to.and_then(|to| to.name("names").pop()) == Some("tid");
    tree.one("arg").filter(|_| is_place).and_then(constant)
}

fn is_empty_array(tree: &Tree) -> bool {
    match tree.kind {
        "TypeCast" => tree.one("arg").is_some_and(is_empty_array),
        "AArrayExpr" => !tree.has(&["elements"]),
        _ => matches!(constant(tree), Some(Constant::Text(text)) if text.trim() == "{}"),
    }
}

fn is_empty_text(tree: &Tree) -> bool {
    matches!(constant(tree), Some(Constant::Text(text)) if text.is_empty())
}

/// Whether LIMIT or OFFSET could leave out the only row.
fn leaves_out(select: &Tree) -> bool {
    let takes_one = |limit: &Tree| matches!(constant(limit), Some(Constant::Number(1.0..) | Constant::Null));
    let skips_none = |offset: &Tree| matches!(constant(offset), Some(Constant::Number(0.0) | Constant::Null));
    !select.all("limit_count").all(takes_one) || !select.all("limit_offset").all(skips_none)
}

/// The only expression that a sub-select returns.
pub(crate) fn only_target(select: &Tree) -> Option<&Tree> {
    let mut targets = select.all("target_list");
    let target = targets.next()?.one("val")?;
    targets.next().is_none().then_some(target)
}

/// Whether a sub-select returns exactly one row, whatever there is.
pub(crate) fn is_one_row(select: &Tree) -> bool {
    select.kind == "SelectStmt" && !select.has(&ROW_CLAUSES) && !select.has(&["from_clause"])
}

/// Whether a function is one of PostgreSQL's own by its name.
pub(crate) fn is_one_of(list: &[&str], call: &Tree) -> bool {
    match call.name("funcname").as_slice() {
        [name] | ["pg_catalog", name] => list.contains(name),
        _ => false,
    }
}
