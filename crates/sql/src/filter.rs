//! Whether the condition of an UPDATE, DELETE or MERGE keeps any row of its target from being touched. It says no only
//! where that is certain whatever the data is, but for NULLs in a column that is compared with itself.
//!
//! Open: what is true of each row for what is in it (`id > 0`, `length(name) >= 0`, `id + 0 = id`), functions of which
//! nobody here knows what they return, a sub-select or join that happens to find each row, and constants in an order that
//! depends on the collation.

use crate::constant::{Constant, constant, operator};
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
    /// It may differ between rows.
    Depends,
}

/// Functions of PostgreSQL that return the same for the same arguments within a statement.
const STEADY: [&str; 26] = [
    "abs",
    "array_length",
    "btrim",
    "concat",
    "current_setting",
    "format",
    "length",
    "lower",
    "ltrim",
    "md5",
    "now",
    "pg_backend_pid",
    "quote_literal",
    "repeat",
    "replace",
    "reverse",
    "round",
    "rtrim",
    "statement_timestamp",
    "substr",
    "substring",
    "to_char",
    "transaction_timestamp",
    "trim",
    "upper",
    "version",
];

/// Columns that each row has and that are never NULL.
const SYSTEM_COLUMNS: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// Aggregates that turn any number of rows into one.
const AGGREGATES: [&str; 9] =
    ["array_agg", "avg", "bool_and", "bool_or", "count", "every", "max", "min", "sum"];

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

/// Weighs conditions on the rows of one target.
#[derive(Debug)]
pub(crate) struct Scale<'t> {
    /// Schema of the target, where the statement gives one.
    pub(crate) schema: &'t str,
    /// Its name.
    pub(crate) table: &'t str,
    /// How conditions name it: by its alias, where it has one.
    pub(crate) called: &'t str,
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
            (Truth::Always, Truth::Always) => Truth::Always,
        }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// Whether it keeps rows apart, or touches none.
    pub(crate) fn filters(self) -> bool {
        matches!(self, Truth::Never | Truth::Depends)
    }

    fn of(is_true: bool) -> Self {
        if is_true { Truth::Always } else { Truth::Never }
    }
}

impl Scale<'_> {
    /// What `tree` comes to as a condition; none is true.
    pub(crate) fn weigh(&self, tree: Option<&Tree>) -> Truth {
        tree.map_or(Truth::Always, |tree| self.truth(tree))
    }

    fn truth(&self, tree: &Tree) -> Truth {
        if let Some(value) = constant(tree) {
            return value.as_bool().map_or(Truth::Same, Truth::of);
        }
        let known = match tree.kind {
            "BoolExpr" => Some(self.combined(tree)),
            "AExpr" => self.expression(tree),
            "NullTest" => self.null_test(tree),
            "BooleanTest" => self.boolean_test(tree),
            "SubLink" => self.sub_link(tree),
            "CoalesceExpr" => {
                let first = self.weigh(tree.one("args"));
                matches!(first, Truth::Always | Truth::Never).then_some(first)
            }
            "CaseExpr" => self.case(tree),
            _ => None,
        };
        known.unwrap_or_else(|| self.leaf(tree))
    }

    fn combined(&self, tree: &Tree) -> Truth {
        let truths = tree.all("args").map(|arg| self.truth(arg));
        match tree.number("boolop") {
            1 => truths.fold(Truth::Always, Truth::and),
            2 if self.covers(tree) => Truth::Always,
            2 => truths.fold(Truth::Never, Truth::or),
            _ => truths.fold(Truth::Never, |_, truth| truth.not()),
        }
    }

    /// Whether the arms of an OR leave nothing between them: `a IS NULL OR a IS NOT NULL`, `a < b OR a >= b`.
    fn covers(&self, tree: &Tree) -> bool {
        let arms: Vec<_> = tree.all("args").filter_map(Arm::of).take(64).collect();
        arms.iter().enumerate().any(|(at, arm)| {
            let alike = arms
                .iter()
                .skip(at)
                .filter(|other| self.same(arm.left, other.left) && self.same_or_none(arm.right, other.right));
            let all = if arm.right.is_some() { 0b111 } else { 0b11 };
            arm.right.is_none_or(|right| self.is_steady(right))
                && self.is_steady(arm.left)
                && alike.fold(0, |bits, arm| bits | arm.bits) == all
        })
    }

    fn same_or_none(&self, one: Option<&Tree>, other: Option<&Tree>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => self.same(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    fn expression(&self, tree: &Tree) -> Option<Truth> {
        let (left, right) = (tree.one("lexpr")?, tree.one("rexpr")?);
        let operator = operator(tree)?;
        let steady = self.is_steady(left);
        match tree.number("kind") {
            1 => self.compared(operator, left, right),
            // = ANY (ARRAY[…])
            2 if operator == "=" && right.kind == "AArrayExpr" => self.listed(left, right.all("elements")),
            4 | 5 => {
                let equal = match (constant(left), constant(right)) {
                    (Some(one), Some(other)) => one.equals(&other)?,
                    _ if steady && self.same(left, right) => true,
                    _ => return None,
                };
                Some(Truth::of(equal == (tree.number("kind") == 5)))
            }
            7 => {
                let listed = self.listed(left, right.all("items"))?;
                Some(if operator == "=" { listed } else { listed.not() })
            }
            8 | 9 => {
                let Some(Constant::Text(pattern)) = constant(right) else { return None };
                let any = !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'%');
                any.then(|| Truth::of(!operator.starts_with('!')))
            }
            kind @ 11..=14 => {
                let mut ends = right.all("items");
                let (low, high) = (ends.next()?, ends.next()?);
                let within = self.compared(">=", left, low)?.and(self.compared("<=", left, high)?);
                Some(if matches!(kind, 11 | 13) { within } else { within.not() })
            }
            _ => None,
        }
    }

    /// `left IN (items)`.
    fn listed<'a>(&self, left: &Tree, items: impl Iterator<Item = &'a Tree>) -> Option<Truth> {
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

    fn compared(&self, operator: &str, left: &Tree, right: &Tree) -> Option<Truth> {
        if let (Some(one), Some(other)) = (constant(left), constant(right)) {
            return one.compares(operator, &other).map(Truth::of);
        }
        if self.is_steady(left) && self.same(left, right) {
            return match operator {
                "=" | "<=" | ">=" | "@>" | "<@" => Some(Truth::Always),
                "<>" | "<" | ">" => Some(Truth::Never),
                _ => None,
            };
        }
        for (one, other) in [(left, right), (right, left)] {
            if let Some(Constant::Bool(is_true)) = constant(one)
                && matches!(operator, "=" | "<>")
            {
                let truth = self.truth(other);
                return match truth {
                    Truth::Always | Truth::Never if is_true == (operator == "=") => Some(truth),
                    Truth::Always | Truth::Never => Some(truth.not()),
                    Truth::Same | Truth::Depends => None,
                };
            }
        }
        if matches!(operator, "~" | "~*" | "!~" | "!~*")
            && let Some(Constant::Text(pattern)) = constant(right)
            && matches!(pattern.as_str(), "" | "^" | "$" | ".*" | "^.*" | ".*$" | "^.*$")
        {
            return Some(Truth::of(!operator.starts_with('!')));
        }
        None
    }

    fn null_test(&self, tree: &Tree) -> Option<Truth> {
        let arg = tree.one("arg")?;
        let is_null = match (constant(arg), arg.kind) {
            (Some(value), _) => value == Constant::Null,
            (None, "NullTest" | "BooleanTest") => false,
            (None, "ColumnRef")
                if arg.name("fields").pop().is_some_and(|name| SYSTEM_COLUMNS.contains(&name)) =>
            {
                false
            }
            _ => return None,
        };
        Some(Truth::of(is_null == (tree.number("nulltesttype") == 1)))
    }

    fn boolean_test(&self, tree: &Tree) -> Option<Truth> {
        let truth = self.weigh(tree.one("arg"));
        if !matches!(truth, Truth::Always | Truth::Never) {
            return None;
        }
        Some(match tree.number("booltesttype") {
            1 | 4 => truth,
            2 | 3 => truth.not(),
            test => Truth::of(test == 6),
        })
    }

    fn case(&self, tree: &Tree) -> Option<Truth> {
        let mut results = Vec::new();
        for when in tree.all("args") {
            let condition = if tree.has(&["arg"]) { Truth::Depends } else { self.weigh(when.one("expr")) };
            if condition == Truth::Never {
                continue;
            }
            results.push(self.truth(when.one("result")?));
            if condition == Truth::Always {
                return all_alike(&results);
            }
        }
        results.push(self.truth(tree.one("defresult")?));
        all_alike(&results)
    }

    fn sub_link(&self, tree: &Tree) -> Option<Truth> {
        let select = tree.one("subselect")?;
        match tree.number("sub_link_type") {
            // EXISTS
            1 => self.exists(select),
            // IN (SELECT …), = ANY (SELECT …)
            3 => {
                let test = tree.one("testexpr")?;
                if tree.name("oper_name").pop().is_some_and(|operator| operator != "=") {
                    return None;
                }
                let target = only_target(select)?;
                if is_one_row(select) {
                    return self.compared("=", test, target);
                }
                // The column among all values that it has: `id IN (SELECT id FROM the_same_table)`.
                let mut from = select.all("from_clause");
                let is_own = |table: &Tree| {
                    table.kind == "RangeVar"
                        && table.text("relname") == self.table
                        && table.text("schemaname") == self.schema
                };
                let own = from.next().is_some_and(is_own) && from.next().is_none();
                let plain = !select.has(&ROW_CLAUSES) && !select.has(&["with_clause"]);
                let columns = test.kind == "ColumnRef" && target.kind == "ColumnRef";
                let alike = test.name("fields").pop() == target.name("fields").pop()
                    && !test.name("fields").is_empty();
                (own && plain && columns && alike && self.leaf(test) == Truth::Depends)
                    .then_some(Truth::Always)
            }
            _ => None,
        }
    }

    fn exists(&self, select: &Tree) -> Option<Truth> {
        if select.has(&["having_clause", "limit_count", "limit_offset", "larg"]) {
            return None;
        }
        if select.has(&["values_lists"]) {
            return Some(Truth::Always);
        }
        let aggregates = select.all("target_list").filter_map(|target| target.one("val")).any(|value| {
            value.kind == "FuncCall"
                && !value.has(&["over"])
                && value.name("funcname").pop().is_some_and(|name| AGGREGATES.contains(&name))
        });
        if aggregates && !select.has(&["group_clause"]) {
            return Some(Truth::Always);
        }
        (!select.has(&["from_clause", "group_clause"])).then(|| self.weigh(select.one("where_clause")))
    }

    /// What nothing is known of but where it looks.
    fn leaf(&self, tree: &Tree) -> Truth {
        let looks = match tree.kind {
            "ColumnRef" => self.may_be_own(tree),
            "FuncCall" if !is_steady_function(tree) => true,
            "CurrentOfExpr" | "RangeTableSample" => true,
            _ => tree.nodes().any(|node| self.leaf(node) == Truth::Depends),
        };
        if looks { Truth::Depends } else { Truth::Same }
    }

    /// Whether a column may be one of the target.
    fn may_be_own(&self, column: &Tree) -> bool {
        let fields = column.name("fields");
        let stars = column.all("fields").count() - fields.len();
        let Some(qualifiers) = (fields.len() + stars).checked_sub(1) else { return true };
        match fields.get(..qualifiers) {
            Some([.., name]) => *name == self.called,
            _ => true,
        }
    }

    /// Whether it is the same each time it is worked out for a row.
    fn is_steady(&self, tree: &Tree) -> bool {
        match tree.kind {
            "SubLink" => false,
            "FuncCall" if !is_steady_function(tree) => false,
            _ => tree.nodes().all(|node| self.is_steady(node)),
        }
    }

    /// Whether two expressions are the same. A column of the target can be named with it or without.
    fn same(&self, one: &Tree, other: &Tree) -> bool {
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

/// What `=` lets pass.
const EQUAL: u8 = 0b010;

/// One arm of an OR: what of two values it lets pass, bit by bit less, equal, greater; or of one, NULL and not NULL.
struct Arm<'t> {
    left: &'t Tree,
    right: Option<&'t Tree>,
    bits: u8,
}

impl<'t> Arm<'t> {
    fn of(tree: &'t Tree) -> Option<Self> {
        match tree.kind {
            "BoolExpr" if tree.number("boolop") == 3 => {
                let arm = Arm::of(tree.one("args")?)?;
                let all = if arm.right.is_some() { 0b111 } else { 0b11 };
                Some(Arm { bits: all & !arm.bits, ..arm })
            }
            "NullTest" => {
                let bits = if tree.number("nulltesttype") == 1 { 0b01 } else { 0b10 };
                Some(Arm { left: tree.one("arg")?, right: None, bits })
            }
            "AExpr" if tree.number("kind") == 1 => {
                let bits = match operator(tree)? {
                    "<" => 0b001,
                    "=" => EQUAL,
                    "<=" => 0b011,
                    ">" => 0b100,
                    "<>" => 0b101,
                    ">=" => 0b110,
                    _ => return None,
                };
                Some(Arm { left: tree.one("lexpr")?, right: Some(tree.one("rexpr")?), bits })
            }
            _ => None,
        }
    }
}

fn all_alike(results: &[Truth]) -> Option<Truth> {
    let first = *results.first()?;
    (matches!(first, Truth::Always | Truth::Never) && results.iter().all(|result| *result == first))
        .then_some(first)
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

fn is_steady_function(call: &Tree) -> bool {
    let name = call.name("funcname");
    let own = match name.as_slice() {
        [name] | ["pg_catalog", name] => STEADY.contains(name),
        _ => false,
    };
    own && !call.has(&["over"])
}

/// Whether other literals in the same places of a condition would make it weigh the same: each is compared with a column.
pub(crate) fn holds_for_literals(tree: &Tree) -> bool {
    let is_column = |tree: Option<&Tree>| tree.is_some_and(|tree| tree.kind == "ColumnRef");
    let is_plain = |tree: &Tree| match tree.kind {
        "TypeCast" => tree.one("arg").is_some_and(|arg| arg.kind == "AConst"),
        kind => matches!(kind, "AConst" | "ParamRef"),
    };
    match tree.kind {
        "BoolExpr" => {
            let covers = |arg: &Tree| Arm::of(arg).is_some_and(|arm| arm.bits != EQUAL);
            let is_or = tree.number("boolop") == 2;
            !(is_or && tree.all("args").any(|arg| covers(arg) && holds_literal(arg)))
                && tree.all("args").all(holds_for_literals)
        }
        "AExpr" if matches!(tree.number("kind"), 7 | 11..=14) && is_column(tree.one("lexpr")) => {
            tree.one("rexpr").is_some_and(|list| list.all("items").all(is_plain))
        }
        "AExpr"
            if tree.number("kind") == 1 && operator(tree).is_some_and(|operator| !operator.contains('~')) =>
        {
            let (left, right) = (tree.one("lexpr"), tree.one("rexpr"));
            (is_column(left) && right.is_some_and(is_plain))
                || (is_column(right) && left.is_some_and(is_plain))
                || !holds_literal(tree)
        }
        _ => !holds_literal(tree),
    }
}

fn holds_literal(tree: &Tree) -> bool {
    match tree.kind {
        "AConst" => tree.nodes().any(|value| value.kind != "Boolean"),
        _ => tree.nodes().any(holds_literal),
    }
}
