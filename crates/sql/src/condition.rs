//! The condition of a write, in terms of its target's columns: kept where it could be true of every row for what the catalog says
//! of these (`every_row`). Whatever else it speaks of may leave rows out.

mod several;

use std::cmp::Ordering;

use crate::constant::{Constant, constant, operator};
use crate::cover::{EQUAL, Said, is_condition, order};
use crate::facts::Write;
use crate::filter::{Scale, Truth, is_one_of, is_one_row, only_target};
use crate::plain::of_operator;
use crate::tree::Tree;

/// Conditions within conditions that are read.
const DEPTH_MAX: usize = 64;

/// Parts of one that are read, and kept.
const PARTS_MAX: usize = 4_096;

/// Functions of PostgreSQL that are NULL only where an argument is.
const STRICT: [&str; 53] = [
    "abs",
    "ascii",
    "bit_length",
    "btrim",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "chr",
    "date_trunc",
    "div",
    "encode",
    "extract",
    "floor",
    "gcd",
    "hashtext",
    "initcap",
    "isfinite",
    "json_typeof",
    "jsonb_typeof",
    "lcm",
    "left",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "md5",
    "mod",
    "octet_length",
    "quote_ident",
    "quote_literal",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "rpad",
    "rtrim",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sign",
    "split_part",
    "starts_with",
    "strpos",
    "substr",
    "to_hex",
    "to_json",
    "to_jsonb",
    "translate",
    "trunc",
    "upper",
];

/// Those that are never NULL.
pub(crate) const NEVER_NULL: [&str; 9] = [
    "clock_timestamp",
    "concat",
    "concat_ws",
    "format",
    "now",
    "num_nonnulls",
    "num_nulls",
    "quote_nullable",
    "random",
];

/// Operators that are NULL only where an operand is.
const STRICT_OPERATORS: [&str; 22] = [
    "!~", "!~*", "!~~", "!~~*", "%", "*", "+", "-", "/", "<", "<=", "<>", "=", ">", ">=", "^", "||", "~",
    "~*", "~~", "~~*", "@",
];

/// Parts of a date, and between what each lies (timestamp.c). An interval may have less of them, or more.
pub(crate) const PARTS: [(&str, (i32, i32)); 5] =
    [("day", (1, 31)), ("hour", (0, 23)), ("minute", (0, 59)), ("month", (1, 12)), ("quarter", (1, 4))];

/// Types that change no number that is whole.
const NUMBERS: [&str; 4] = ["float8", "int4", "int8", "numeric"];

/// A condition of a write of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub(crate) write: Write,
    pub(crate) formula: Formula<Atom>,
}

/// What is made of comparisons.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Formula<A> {
    Constant(Said),
    /// It may differ between rows, and nobody can tell how.
    Opaque,
    /// The same for each row.
    Same,
    Is(A),
    Not(Box<Formula<A>>),
    And(Vec<Formula<A>>),
    Or(Vec<Formula<A>>),
    /// IS TRUE
    Holds(Box<Formula<A>>),
    /// The first that is not NULL.
    First(Vec<Formula<A>>),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Atom {
    pub(crate) subject: Subject,
    pub(crate) test: Test,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) column: String,
    pub(crate) of: Of,
}

/// What of the column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Itself,
    /// Written as a text.
    Text,
    /// Taken for another kind of number.
    Number,
    /// Its length in characters.
    Characters,
    /// Its length in bytes.
    Bytes,
    /// In which order it is to this column.
    Beside(String),
    /// A part of a date, by its name.
    Part(&'static str),
    /// What is left of a division by this number, without its sign.
    Remainder(u32),
    /// All columns of the row together, of which it is asked whether any is NULL.
    Row,
}

/// With what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Null,
    /// In this order to what is written so: bits for less, equal, greater.
    Order(u8, String),
    /// In this order to the other column.
    Beside(u8),
    /// In this order to what it is as another kind of number.
    Itself(u8),
}

impl<A> Formula<A> {
    pub(crate) fn not(self) -> Self {
        match self {
            Formula::Constant(said) => Formula::Constant(said.not()),
            Formula::Opaque => Formula::Opaque,
            Formula::Same => Formula::Same,
            Formula::Not(inner) => *inner,
            other => Formula::Not(Box::new(other)),
        }
    }

    fn not_if(self, negated: bool) -> Self {
        if negated { self.not() } else { self }
    }

    fn holds(self) -> Self {
        Formula::Holds(Box::new(self))
    }

    /// The parts that must all be true.
    pub(crate) fn conjuncts(self) -> Vec<Self> {
        match self {
            Formula::And(args) => args.into_iter().flat_map(Formula::conjuncts).collect(),
            other => vec![other],
        }
    }

    /// The same in terms of something else: what has none there, as what is opaque here, counts as true or false, whichever makes
    /// the whole `is_true`, or not.
    pub(crate) fn map<B>(&self, is_true: bool, of: &mut impl FnMut(&A) -> Option<B>) -> Formula<B> {
        let mut all =
            |args: &[Self]| -> Vec<Formula<B>> { args.iter().map(|arg| arg.map(is_true, of)).collect() };
        match self {
            Formula::Constant(said) => Formula::Constant(*said),
            Formula::Opaque => Formula::Constant(Said::of(is_true)),
            // What may be true of all rows opens the rest.
            Formula::Same => Formula::Constant(Said::of(!is_true)),
            Formula::Is(atom) => of(atom).map_or(Formula::Constant(Said::of(is_true)), Formula::Is),
            Formula::Not(arg) => Formula::Not(Box::new(arg.map(!is_true, of))),
            Formula::And(args) => Formula::And(all(args)),
            Formula::Or(args) => Formula::Or(all(args)),
            Formula::Holds(arg) => Formula::Holds(Box::new(arg.map(is_true, of))),
            Formula::First(args) => Formula::First(all(args)),
        }
    }

    /// Calls `visit` with each comparison.
    pub(crate) fn atoms<'a>(&'a self, visit: &mut impl FnMut(&'a A)) {
        match self {
            Formula::Constant(_) | Formula::Opaque | Formula::Same => {}
            Formula::Is(atom) => visit(atom),
            Formula::Not(arg) | Formula::Holds(arg) => arg.atoms(visit),
            Formula::And(args) | Formula::Or(args) | Formula::First(args) => {
                args.iter().for_each(|arg| arg.atoms(visit));
            }
        }
    }
}

impl Condition {
    /// Of a write whose condition is made of all these, the second of each as its opposite. `None` where no catalog could make it
    /// true of every row, or where it was too long to be looked at.
    pub(crate) fn of<'t>(
        write: impl FnOnce() -> Write,
        scale: &Scale<'t>,
        parts: impl IntoIterator<Item = (&'t Tree, bool)>,
    ) -> Option<Self> {
        let mut reader = Reader { scale, parts: 0, is_check: false };
        let mut all = Vec::new();
        for (tree, negated) in parts {
            reader.conjuncts(tree, negated, &mut all)?;
        }
        let formula = Formula::And(all);
        let mut is_any = false;
        formula.atoms(&mut |_| is_any = true);
        is_any.then(|| Condition { write: write(), formula })
    }

    /// Whether it looks at any literal.
    pub(crate) fn has_literals(&self) -> bool {
        let mut has = false;
        self.formula.atoms(&mut |atom| has |= matches!(atom.test, Test::Order(..)));
        has
    }
}

/// What a check says of each row; what is not understood says nothing.
pub(crate) fn check(tree: &Tree, scale: &Scale<'_>) -> Formula<Atom> {
    Reader { scale, parts: 0, is_check: true }.formula(tree, 0)
}

struct Reader<'s, 't> {
    scale: &'s Scale<'t>,
    parts: usize,
    /// It is one that each row has passed: what may be NULL or not is to be told exactly.
    is_check: bool,
}

impl<'t> Reader<'_, 't> {
    /// Adds what must all be true; `None` where a part leaves rows out whatever the catalog says.
    fn conjuncts(&mut self, tree: &'t Tree, negated: bool, all: &mut Vec<Formula<Atom>>) -> Option<()> {
        match (tree.kind, tree.number("boolop")) {
            ("BoolExpr", 3) => return self.conjuncts(tree.one("args")?, !negated, all),
            ("BoolExpr", operator) if (operator == 1) != negated => {
                return tree.all("args").try_for_each(|arg| self.conjuncts(arg, negated, all));
            }
            _ => {}
        }
        if !negated && self.names_one(tree) {
            return None;
        }
        match self.formula(tree, 0).not_if(negated) {
            // A parameter is what the rest stands or falls with.
            Formula::Opaque if self.scale.weigh_alone(tree) == Truth::Given => Some(()),
            Formula::Opaque | Formula::Constant(Said::False | Said::Unknown | Said::Open) => None,
            Formula::Constant(Said::True) | Formula::Same => Some(()),
            other => {
                all.push(other);
                (self.parts <= PARTS_MAX).then_some(())
            }
        }
    }

    /// `id = 5`: where that is true of each row, all are alike, and nobody means a filter that is none.
    fn names_one(&self, tree: &'t Tree) -> bool {
        let (Some(left), Some(right)) = (tree.one("lexpr"), tree.one("rexpr")) else { return false };
        let is_value = |tree: &Tree| match tree.kind {
            "TypeCast" => tree.one("arg").is_some_and(|arg| matches!(arg.kind, "AConst" | "ParamRef")),
            kind => matches!(kind, "AConst" | "ParamRef"),
        };
        let is_column = |tree: &'t Tree| self.scale.column_of_own(tree).is_some();
        tree.kind == "AExpr"
            && tree.number("kind") == 1
            && operator(tree) == Some("=")
            && (is_column(left) && is_value(right) || is_column(right) && is_value(left))
    }

    fn formula(&mut self, tree: &'t Tree, depth: usize) -> Formula<Atom> {
        self.parts += 1;
        if DEPTH_MAX < depth || PARTS_MAX < self.parts {
            return Formula::Opaque;
        }
        if let Some(value) = constant(tree) {
            return Formula::Constant(value.as_bool().map_or(Said::Unknown, Said::of));
        }
        let depth = depth + 1;
        let mut all = |field| tree.all(field).map(|arg| self.formula(arg, depth)).collect();
        match (tree.kind, tree.number("boolop")) {
            ("BoolExpr", 1) => return Formula::And(all("args")),
            ("BoolExpr", 2) => return Formula::Or(all("args")),
            ("BoolExpr", _) => {
                return tree.one("args").map_or(Formula::Opaque, |arg| self.formula(arg, depth).not());
            }
            ("CoalesceExpr", _) => return Formula::First(all("args")),
            _ => {}
        }
        match self.scale.weigh_alone(tree) {
            Truth::Always => Formula::Constant(Said::True),
            // Or NULL.
            Truth::Never | Truth::Same if self.is_check => Formula::Opaque,
            Truth::Never => Formula::Constant(Said::False),
            // A parameter leaves it open whether the rest counts.
            Truth::Given => Formula::Opaque,
            Truth::Same => Formula::Same,
            Truth::Depends => self.part(tree, depth).unwrap_or(Formula::Opaque),
        }
    }

    /// A part that is no AND, OR or NOT.
    fn part(&mut self, tree: &'t Tree, depth: usize) -> Option<Formula<Atom>> {
        Some(match tree.kind {
            "ColumnRef" => Formula::Is(Atom {
                subject: self.subject(tree)?,
                test: Test::Order(EQUAL, "true".to_owned()),
            }),
            "BooleanTest" => {
                let arg = tree.one("arg")?;
                let arg = self.formula(arg, depth);
                let is_true = |arg: &Formula<Atom>| arg.clone().holds();
                let is_false = |arg: &Formula<Atom>| arg.clone().not().holds();
                let is_unknown =
                    |arg: &Formula<Atom>| Formula::And(vec![is_true(arg).not(), is_false(arg).not()]);
                match tree.number("booltesttype") {
                    1 => is_true(&arg),
                    2 => is_true(&arg).not(),
                    3 => is_false(&arg),
                    4 => is_false(&arg).not(),
                    5 => is_unknown(&arg),
                    _ => is_unknown(&arg).not(),
                }
            }
            "NullTest" => self.null_test(tree, depth)?,
            "AExpr" => self.expression(tree, depth)?,
            "CaseExpr" if !tree.has(&["arg"]) => self.case(tree, depth)?,
            "SubLink" => {
                let select = tree.one("subselect")?;
                let is_plain =
                    !select.has(&["from_clause", "group_clause", "having_clause", "larg", "values_lists"])
                        && !select.has(&["limit_count", "limit_offset", "locking_clause", "with_clause"]);
                match tree.number("sub_link_type") {
                    1 if is_plain => self.formula(select.one("where_clause")?, depth),
                    5 if is_one_row(select) => self.formula(only_target(select)?, depth),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    fn case(&mut self, tree: &'t Tree, depth: usize) -> Option<Formula<Atom>> {
        let mut rest = match tree.one("defresult") {
            Some(rest) => self.formula(rest, depth),
            None => Formula::Constant(Said::Unknown),
        };
        let arms: Vec<&Tree> = tree.all("args").collect();
        for arm in arms.into_iter().rev() {
            let when = self.formula(arm.one("expr")?, depth).holds();
            let then = Formula::And(vec![when.clone(), self.formula(arm.one("result")?, depth)]);
            rest = Formula::Or(vec![then, Formula::And(vec![when.not(), rest])]);
        }
        Some(rest)
    }

    fn null_test(&mut self, tree: &'t Tree, depth: usize) -> Option<Formula<Atom>> {
        let (arg, is_null) = (tree.one("arg")?, tree.number("nulltesttype") == 1);
        if arg.kind == "RowExpr" {
            // Each field is NULL, or none is.
            let fields = arg.all("args").map(|field| self.null(field, depth).not_if(!is_null));
            return Some(Formula::And(fields.collect()));
        }
        // A row is not NULL where no column is.
        if arg.kind == "ColumnRef" && !is_null && self.scale.is_whole_row(arg) && !self.is_check {
            let name = arg.name("fields").pop().unwrap_or_default();
            let subject = Subject { column: name.to_owned(), of: Of::Row };
            return Some(Formula::Is(Atom { subject, test: Test::Null }).not());
        }
        Some(self.null(arg, depth).not_if(!is_null))
    }

    /// Whether the value is NULL.
    fn null(&mut self, tree: &'t Tree, depth: usize) -> Formula<Atom> {
        self.parts += 1;
        if DEPTH_MAX < depth || PARTS_MAX < self.parts {
            return Formula::Opaque;
        }
        if let Some(value) = constant(tree) {
            return Formula::Constant(Said::of(value == Constant::Null));
        }
        let depth = depth + 1;
        let never = || Formula::Constant(Said::False);
        let is_strict = match tree.kind {
            "ColumnRef" => {
                return self.scale.column_of_own(tree).map_or(Formula::Opaque, |column| {
                    let subject = Subject { column: column.to_owned(), of: Of::Itself };
                    Formula::Is(Atom { subject, test: Test::Null })
                });
            }
            "AConst" | "AArrayExpr" | "BooleanTest" | "NullTest" | "SqlValueFunction" => return never(),
            "FuncCall" if is_one_of(&NEVER_NULL, tree) => return never(),
            "FuncCall" => is_one_of(&STRICT, tree) && tree.has(&["args"]),
            "AExpr" if matches!(tree.number("kind"), 4 | 5) => return never(),
            "AExpr" => {
                matches!(tree.number("kind"), 1 | 8 | 9)
                    && operator(tree).is_some_and(|name| STRICT_OPERATORS.contains(&name))
            }
            "CollateClause" | "TypeCast" => true,
            "CoalesceExpr" | "MinMaxExpr" => {
                return Formula::And(tree.all("args").map(|arg| self.null(arg, depth)).collect());
            }
            _ => false,
        };
        if !is_strict {
            return Formula::Opaque;
        }
        let args = ["args", "arg", "lexpr", "rexpr"].into_iter().flat_map(|field| tree.all(field));
        Formula::Or(args.map(|arg| self.null(arg, depth)).collect())
    }

    fn expression(&mut self, tree: &'t Tree, depth: usize) -> Option<Formula<Atom>> {
        let (left, right, operator) = (tree.one("lexpr")?, tree.one("rexpr")?, operator(tree)?);
        let kind = tree.number("kind");
        match kind {
            1 => self.compared(order(operator)?, left, right, depth),
            2 | 3 => {
                let items = Items::of(right)?;
                let bits = order(operator)?;
                let each = items.map(|item| self.compared_with(bits, left, item, depth));
                let each = each.collect::<Option<Vec<_>>>()?;
                Some(if kind == 2 { Formula::Or(each) } else { Formula::And(each) })
            }
            4 | 5 => {
                let is_null = |tree| constant(tree) == Some(Constant::Null);
                let equal = match (is_null(left), is_null(right)) {
                    (_, true) => self.null(left, depth),
                    (true, _) => self.null(right, depth),
                    _ => {
                        let both = [left, right].map(|side| self.null(side, depth)).into();
                        Formula::Or(vec![
                            Formula::And(both),
                            self.compared(EQUAL, left, right, depth)?.holds(),
                        ])
                    }
                };
                Some(equal.not_if(kind == 4))
            }
            7 => {
                let each = right.all("items").map(|item| self.compared(EQUAL, left, item, depth));
                Some(Formula::Or(each.collect::<Option<_>>()?).not_if(operator != "="))
            }
            11..=14 => {
                let mut ends = right.all("items");
                let (one, other) = (ends.next()?, ends.next()?);
                let mut within = |low, high| {
                    Some(Formula::And(vec![
                        self.compared(0b110, left, low, depth)?,
                        self.compared(0b011, left, high, depth)?,
                    ]))
                };
                let is_within = match kind {
                    11 | 12 => within(one, other)?,
                    _ => Formula::Or(vec![within(one, other)?, within(other, one)?]),
                };
                Some(is_within.not_if(matches!(kind, 12 | 14)))
            }
            _ => None,
        }
    }

    fn compared(&mut self, bits: u8, left: &'t Tree, right: &'t Tree, depth: usize) -> Option<Formula<Atom>> {
        for (one, other) in [(left, right), (right, left)] {
            let (Some(Constant::Bool(is_true)), true) = (constant(other), is_condition(one)) else {
                continue;
            };
            let formula = self.formula(one, depth);
            return matches!(bits, EQUAL | 0b101).then(|| formula.not_if(is_true != (bits == EQUAL)));
        }
        if let Some(formula) = Self::constants(bits, left, right) {
            return Some(formula);
        }
        if let Some(formula) = self.several(bits, (left, right), depth) {
            return Some(formula);
        }
        if let Some(value) = literal(right) {
            return self.compared_with(bits, left, value, depth);
        }
        if let Some(value) = literal(left) {
            return self.compared_with(turned_bits(bits), right, value, depth);
        }
        let (one, other) = (self.subject(left)?, self.subject(right)?);
        if one.column == other.column
            && [&one.of, &other.of].iter().all(|of| matches!(of, Of::Itself | Of::Number))
        {
            let subject = Subject { column: one.column, of: Of::Number };
            return Some(Formula::Is(Atom { subject, test: Test::Itself(bits) }));
        }
        let column = |subject: Subject| (subject.of == Of::Itself).then_some(subject.column);
        let (one, other) = (column(one)?, column(other)?);
        let (column, beside, bits) =
            if one <= other { (one, other, bits) } else { (other, one, turned_bits(bits)) };
        let subject = Subject { column, of: Of::Beside(beside) };
        Some(Formula::Is(Atom { subject, test: Test::Beside(bits) }))
    }

    fn compared_with(
        &mut self,
        bits: u8,
        left: &'t Tree,
        value: Option<String>,
        depth: usize,
    ) -> Option<Formula<Atom>> {
        let Some(value) = value else { return Some(Formula::Constant(Said::Unknown)) };
        if is_one_of(&["num_nonnulls", "num_nulls"], left) {
            return self.counted(bits, left, value.parse().ok()?, depth);
        }
        if left.kind == "CoalesceExpr" {
            return self.first(bits, left, &value, depth);
        }
        if let Some((moved, bits, value)) = unmoved(left, bits, &value) {
            return self.compared_with(bits, moved, Some(value), depth);
        }
        Some(Formula::Is(Atom { subject: self.subject(left)?, test: Test::Order(bits, value) }))
    }

    /// The first of some that is not NULL, in this order to a value.
    fn first(&mut self, bits: u8, tree: &'t Tree, value: &str, depth: usize) -> Option<Formula<Atom>> {
        let mut said = Formula::Constant(Said::Unknown);
        let args: Vec<&Tree> = tree.all("args").collect();
        for arg in args.into_iter().rev() {
            self.parts += 1;
            if DEPTH_MAX < depth || PARTS_MAX < self.parts {
                return None;
            }
            said = match literal(arg) {
                Some(None) => said,
                Some(Some(own)) => Formula::Constant(Said::of(are_in_order(bits, &own, value)?)),
                None => {
                    let is_null = self.null(arg, depth + 1);
                    let compared = self.compared_with(bits, arg, Some(value.to_owned()), depth + 1)?;
                    Formula::Or(vec![
                        Formula::And(vec![is_null.clone().not(), compared]),
                        Formula::And(vec![is_null, said]),
                    ])
                }
            };
        }
        Some(said)
    }

    /// How many values are NULL, or are not, in this order to `number`.
    fn counted(&mut self, bits: u8, call: &'t Tree, number: f64, depth: usize) -> Option<Formula<Atom>> {
        if call.number("func_variadic") != 0 {
            return None;
        }
        let is_so = |count: u32| {
            f64::from(count).partial_cmp(&number).is_some_and(|ordering| is_in_order(bits, ordering))
        };
        let counts_nulls = is_one_of(&["num_nulls"], call);
        let each = call.all("args").map(|arg| self.null(arg, depth).not_if(!counts_nulls));
        let each: Vec<_> = each.take(PARTS_MAX).collect();
        let count = u32::try_from(each.len()).ok()?;
        let (of_none, of_all) = (is_so(0), is_so(count));
        let mut between = (1..count).map(is_so);
        let any = Formula::Or(each.clone());
        Some(if of_none == of_all {
            between.all(|is_so| is_so == of_none).then_some(Formula::Constant(Said::of(of_none)))?
        } else if between.clone().all(|is_so| is_so == of_all) {
            any.not_if(of_none)
        } else if between.all(|is_so| is_so == of_none) {
            Formula::And(each).not_if(of_none)
        } else {
            return None;
        })
    }

    /// What of a column this is.
    fn subject(&self, tree: &'t Tree) -> Option<Subject> {
        let of = |tree: &'t Tree, of: Of| match self.subject(tree)? {
            Subject { column, of: Of::Itself } => Some(Subject { column, of }),
            Subject { column, of: Of::Text } if matches!(of, Of::Characters | Of::Bytes) => {
                Some(Subject { column, of })
            }
            _ => None,
        };
        match tree.kind {
            "ColumnRef" => {
                let column = self.scale.column_of_own(tree)?.to_owned();
                Some(Subject { column, of: Of::Itself })
            }
            "AExpr" if tree.number("kind") == 1 => match of_operator(tree) {
                Some(same) => self.subject(same),
                None if operator(tree) == Some("%") => {
                    of(tree.one("lexpr")?, Of::Remainder(divisor(tree.one("rexpr")?)?))
                }
                None => None,
            },
            "TypeCast" => {
                let to = tree.one("type_name").filter(|to| !to.has(&["array_bounds", "typmods", "setof"]))?;
                let arg = tree.one("arg")?;
                match to.name("names").pop()? {
                    "text" | "varchar" => of(arg, Of::Text),
                    name if NUMBERS.contains(&name) => of(arg, Of::Number),
                    _ => None,
                }
            }
            "FuncCall" => {
                let mut args = tree.all("args");
                let (arg, second) = (args.next()?, args.next());
                if args.next().is_some() {
                    return None;
                }
                if let Some(second) = second {
                    if is_one_of(&["mod"], tree) {
                        return of(arg, Of::Remainder(divisor(second)?));
                    }
                    let Some(Constant::Text(name)) = constant(arg) else { return None };
                    let (name, _) = PARTS.iter().find(|(part, _)| name.eq_ignore_ascii_case(part))?;
                    return is_one_of(&["date_part", "extract"], tree).then(|| of(second, Of::Part(name)))?;
                }
                if is_one_of(&["char_length", "character_length", "length"], tree) {
                    of(arg, Of::Characters)
                } else if is_one_of(&["octet_length"], tree) {
                    of(arg, Of::Bytes)
                } else {
                    None
                }
            }
            _ => None,
        }
    }
}

/// What a list of values says, each as [`literal`] gives it.
struct Items;

impl Items {
    fn of(list: &Tree) -> Option<std::vec::IntoIter<Option<String>>> {
        let items: Option<Vec<_>> = match list.kind {
            "TypeCast" => return Items::of(list.one("arg")?),
            "AArrayExpr" => list.all("elements").map(literal).collect(),
            _ => {
                let Some(Constant::Text(text)) = constant(list) else { return None };
                let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
                let is_plain = !inner.contains(['"', '\\', '{']) && !inner.is_empty();
                let item = |item: &str| (!item.eq_ignore_ascii_case("null")).then(|| item.trim().to_owned());
                is_plain.then(|| inner.split(',').map(item).collect())
            }
        };
        Some(items?.into_iter())
    }
}

/// Of `id + 1 > 5` that `id` is in this order to 4, and of `-id < 0` that it is in the other one to 0.
fn unmoved<'t>(tree: &'t Tree, bits: u8, value: &str) -> Option<(&'t Tree, u8, String)> {
    let name = operator(tree).filter(|_| tree.kind == "AExpr" && tree.number("kind") == 1)?;
    let value: i64 = value.parse().ok()?;
    let number = |tree: &Tree| literal(tree)??.parse::<i64>().ok();
    let right = tree.one("rexpr")?;
    let Some(left) = tree.one("lexpr") else {
        return (name == "-").then_some((right, turned_bits(bits), value.checked_neg()?.to_string()));
    };
    let (column, moved, is_turned) = match (name, number(left), number(right)) {
        ("+", None, Some(by)) => (left, value.checked_sub(by)?, false),
        ("-", None, Some(by)) => (left, value.checked_add(by)?, false),
        ("+", Some(by), None) => (right, value.checked_sub(by)?, false),
        ("-", Some(from), None) => (right, from.checked_sub(value)?, true),
        _ => return None,
    };
    // Of days, lengths and the like nothing is said: `number` is one of the column's own kind only where that is a number.
    Some((column, if is_turned { turned_bits(bits) } else { bits }, moved.to_string()))
}

/// Whether two numbers are in this order; `None` where one is none.
fn are_in_order(bits: u8, one: &str, other: &str) -> Option<bool> {
    let ordering = one.parse::<f64>().ok()?.partial_cmp(&other.parse::<f64>().ok()?)?;
    Some(is_in_order(bits, ordering))
}

/// Whether it is one of these orders.
fn is_in_order(bits: u8, ordering: Ordering) -> bool {
    let bit = match ordering {
        Ordering::Less => 0b001,
        Ordering::Equal => EQUAL,
        Ordering::Greater => 0b100,
    };
    bits & bit != 0
}

/// The number that something is divided by: without its sign, which is the other's.
fn divisor(tree: &Tree) -> Option<u32> {
    let number: i64 = literal(tree)??.parse().ok()?;
    u32::try_from(number.unsigned_abs()).ok().filter(|number| *number != 0)
}

/// A constant as it is written, which its column's type makes a value of; the inner `None` is NULL.
fn literal(tree: &Tree) -> Option<Option<String>> {
    if tree.kind == "AConst" {
        if tree.has(&["isnull"]) {
            return Some(None);
        }
        let value = tree.one("val")?;
        return match value.kind {
            "Integer" => Some(Some(value.number("ival").to_string())),
            "Float" => Some(Some(value.text("fval").to_owned())),
            "String" => Some(Some(value.text("sval").to_owned())),
            "Boolean" => Some(Some((value.number("boolval") != 0).to_string())),
            _ => None,
        };
    }
    let is_minus = tree.kind == "AExpr" && operator(tree) == Some("-") && !tree.has(&["lexpr"]);
    if is_minus {
        let number = literal(tree.one("rexpr")?)??;
        return Some(Some(match number.strip_prefix('-') {
            Some(number) => number.to_owned(),
            None => format!("-{number}"),
        }));
    }
    if tree.kind == "TypeCast" {
        let to = tree.one("type_name").filter(|to| !to.has(&["array_bounds", "typmods", "setof"]))?;
        let value = literal(tree.one("arg")?)?;
        let changes = |value: &String| match to.name("names").pop() {
            // Numbers are rounded, and days have no time.
            Some("int2" | "int4" | "int8") => value.contains('.'),
            Some("date") => 10 < value.len(),
            Some("float4") | None => true,
            _ => false,
        };
        return (!value.as_ref().is_some_and(changes)).then_some(value);
    }
    match constant(tree)? {
        Constant::Null => Some(None),
        Constant::Text(text) => Some(Some(text)),
        Constant::Bool(value) => Some(Some(value.to_string())),
        Constant::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            Some(Some(format!("{number:.0}")))
        }
        Constant::Number(_) => None,
    }
}

/// The order with its sides exchanged.
fn turned_bits(bits: u8) -> u8 {
    bits & EQUAL | (bits & 1) << 2 | (bits & 4) >> 2
}
