//! Whether a condition is true of each row because its parts leave nothing between them: `a < 5 OR a >= 5`, `a LIKE 'x' OR NOT a
//! LIKE 'x'`. It looks for values with which the condition would be false; where there are none, or too many to look at, the
//! condition leaves out nothing. Comparisons with NULL leave out nothing either (decision 17).

use std::cell::Cell;

use crate::constant::{Constant, constant, operator};
use crate::filter::{Scale, Truth};
use crate::tree::Tree;

/// Parts of conditions that are looked at for one write, each as often as values are tried.
pub(crate) const LOOKS_MAX: usize = 300_000;

/// Different expressions that one condition speaks of.
const SUBJECTS_MAX: usize = 64;

/// Whether `tree` is true of each row (or false, where `negated`). What is looked at is taken out of `looks`.
pub(crate) fn covers<'t>(scale: &Scale<'t>, tree: &'t Tree, negated: bool, looks: &Cell<usize>) -> bool {
    let mut reader = Reader { scale, subjects: Vec::new(), parts: 0, looks };
    let formula = reader.formula(tree);
    let formula = if negated { Formula::Not(Box::new(formula)) } else { formula };
    let values: Vec<Vec<Value>> = reader.subjects.iter().map(Subject::values).collect();
    let mut search = Search { parts: reader.parts, chosen: vec![None; values.len()], values, looks };
    reader.is_too_large() || !search.refutes(&formula, 0)
}

/// A search for values with which a formula is false.
struct Search<'l> {
    values: Vec<Vec<Value>>,
    /// By subject; `None` where it has no value yet.
    chosen: Vec<Option<Value>>,
    /// How many the formula has.
    parts: usize,
    looks: &'l Cell<usize>,
}

impl Search<'_> {
    /// Tries values for the subjects from `at` on.
    fn refutes(&mut self, formula: &Formula, at: usize) -> bool {
        let Some(left) = self.looks.get().checked_sub(self.parts) else { return false };
        self.looks.set(left);
        match formula.say(&self.chosen) {
            Said::False => return true,
            Said::True => return false,
            Said::Unknown => return !self.chosen.contains(&Some(Value::Null)),
            Said::Open => {}
        }
        for value in self.values.get(at).cloned().unwrap_or_default() {
            self.choose(at, Some(value));
            if self.refutes(formula, at + 1) {
                return true;
            }
        }
        self.choose(at, None);
        false
    }

    fn choose(&mut self, at: usize, value: Option<Value>) {
        if let Some(chosen) = self.chosen.get_mut(at) {
            *chosen = value;
        }
    }
}

/// A condition in terms of what its subjects may be.
enum Formula {
    Constant(Said),
    /// The subject of this number is as said.
    Is(usize, Test),
    Not(Box<Formula>),
    And(Vec<Formula>),
    Or(Vec<Formula>),
    /// Both are true or both false.
    Alike(Box<Formula>, Box<Formula>),
    /// The first that is not NULL.
    First(Vec<Formula>),
}

enum Test {
    Null,
    /// In this order to a number, or to what the subject is compared with: bits for less, equal, greater.
    Order(u8, f64),
    Text(String),
    True,
}

/// An expression of which nothing is known but what it is compared with.
struct Subject<'t> {
    kind: Kind,
    left: &'t Tree,
    right: Option<&'t Tree>,
    numbers: Vec<f64>,
    texts: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A value, compared with constants.
    Value,
    /// A value, compared with another expression.
    Pair,
    /// True or false.
    Flag,
}

/// What a subject may be.
#[derive(Clone, PartialEq)]
enum Value {
    Null,
    Number(f64),
    Text(Option<String>),
    Flag(bool),
}

/// What a formula comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    True,
    False,
    /// NULL.
    Unknown,
    /// Some subject has no value yet.
    Open,
}

impl Subject<'_> {
    /// What it may be: first what it most probably is not compared with.
    fn values(&self) -> Vec<Value> {
        let null = [Value::Null];
        match self.kind {
            Kind::Flag => [Value::Flag(false), Value::Flag(true)].into_iter().chain(null).collect(),
            Kind::Pair => [-1.0, 0.0, 1.0].map(Value::Number).into_iter().chain(null).collect(),
            Kind::Value => {
                let mut sorted = self.numbers.clone();
                sorted.sort_by(f64::total_cmp);
                sorted.dedup();
                let ends = [sorted.last().map(|last| last + 1.0), sorted.first().map(|first| first - 1.0)];
                let between = sorted.windows(2).filter_map(|pair| match pair {
                    // Nothing lies between a whole number and the next.
                    [low, high] if low.fract() == 0.0 && *high == low + 1.0 => None,
                    [low, high] => Some(f64::midpoint(*low, *high)),
                    _ => None,
                });
                let numbers = ends.into_iter().flatten().chain(between).chain(sorted.iter().copied());
                let other = sorted.is_empty().then_some(None);
                let texts = other.into_iter().chain(self.texts.iter().cloned().map(Some));
                numbers.map(Value::Number).chain(texts.map(Value::Text)).chain(null).collect()
            }
        }
    }
}

impl Formula {
    fn say(&self, chosen: &[Option<Value>]) -> Said {
        match self {
            Formula::Constant(said) => *said,
            Formula::Is(subject, test) => {
                chosen.get(*subject).and_then(Option::as_ref).map_or(Said::Open, |value| test.say(value))
            }
            Formula::Not(arg) => arg.say(chosen).not(),
            Formula::And(args) => args
                .iter()
                .fold(Said::True, |all, arg| if all == Said::False { all } else { all.and(arg.say(chosen)) }),
            Formula::Or(args) => {
                args.iter()
                    .fold(Said::True, |none, arg| {
                        if none == Said::False { none } else { none.and(arg.say(chosen).not()) }
                    })
                    .not()
            }
            Formula::Alike(one, other) => match (one.say(chosen), other.say(chosen)) {
                (Said::Open, _) | (_, Said::Open) => Said::Open,
                (Said::Unknown, _) | (_, Said::Unknown) => Said::Unknown,
                (one, other) => Said::of(one == other),
            },
            Formula::First(args) => args
                .iter()
                .map(|arg| arg.say(chosen))
                .find(|said| *said != Said::Unknown)
                .unwrap_or(Said::Unknown),
        }
    }
}

impl Test {
    fn say(&self, value: &Value) -> Said {
        match (self, value) {
            (Test::Null, value) => Said::of(*value == Value::Null),
            (_, Value::Null) => Said::Unknown,
            (Test::Order(bits, number), Value::Number(value)) => {
                let bit = match value.total_cmp(number) {
                    std::cmp::Ordering::Less => 0b001,
                    std::cmp::Ordering::Equal => EQUAL,
                    std::cmp::Ordering::Greater => 0b100,
                };
                Said::of(bits & bit != 0)
            }
            // In which order they are is not known.
            (Test::Order(bits, _), Value::Text(_)) => Said::of(*bits != EQUAL),
            (Test::Text(_), Value::Number(_)) => Said::False,
            (Test::Text(text), Value::Text(value)) => Said::of(value.as_ref() == Some(text)),
            (Test::True, Value::Flag(value)) => Said::of(*value),
            _ => Said::Unknown,
        }
    }
}

impl Said {
    pub(crate) fn of(is_true: bool) -> Self {
        if is_true { Said::True } else { Said::False }
    }

    pub(crate) fn not(self) -> Self {
        match self {
            Said::True => Said::False,
            Said::False => Said::True,
            other => other,
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Said::False, _) | (_, Said::False) => Said::False,
            (Said::Open, _) | (_, Said::Open) => Said::Open,
            (Said::Unknown, _) | (_, Said::Unknown) => Said::Unknown,
            (Said::True, Said::True) => Said::True,
        }
    }
}

pub(crate) const EQUAL: u8 = 0b010;

/// What an operator lets pass: bits for less, equal, greater.
pub(crate) fn order(operator: &str) -> Option<u8> {
    Some(match operator {
        "<" => 0b001,
        "=" => EQUAL,
        "<=" => 0b011,
        ">" => 0b100,
        "<>" => 0b101,
        ">=" => 0b110,
        _ => return None,
    })
}

/// Turns a condition into a formula, and notes what it speaks of.
struct Reader<'s, 't> {
    scale: &'s Scale<'t>,
    subjects: Vec<Subject<'t>>,
    parts: usize,
    looks: &'s Cell<usize>,
}

impl<'t> Reader<'_, 't> {
    /// Nobody writes a condition like that, unless to be looked at in vain.
    fn is_too_large(&self) -> bool {
        SUBJECTS_MAX < self.subjects.len() || self.looks.get() == 0
    }

    fn formula(&mut self, tree: &'t Tree) -> Formula {
        self.parts += 1;
        self.looks.set(self.looks.get().saturating_sub(1));
        if self.is_too_large() {
            return Formula::Constant(Said::Unknown);
        }
        if let Some(value) = constant(tree) {
            return Formula::Constant(value.as_bool().map_or(Said::Unknown, Said::of));
        }
        match tree.kind {
            "BoolExpr" => {
                let args = tree.all("args").map(|arg| self.formula(arg)).collect();
                match tree.number("boolop") {
                    1 => Formula::And(args),
                    2 => Formula::Or(args),
                    _ => Formula::Not(Box::new(Formula::And(args))),
                }
            }
            "BooleanTest" => self.boolean_test(tree),
            "NullTest" => self.null_test(tree),
            "AExpr" => self.known(tree).unwrap_or_else(|| self.expression(tree)),
            "CaseExpr" if !tree.has(&["arg"]) => self.case(tree),
            "CoalesceExpr" => Formula::First(tree.all("args").map(|arg| self.formula(arg)).collect()),
            "MinMaxExpr" if tree.all("args").all(is_condition) => {
                let args = tree.all("args").map(|arg| self.formula(arg)).collect();
                if tree.number("op") == 1 { Formula::Or(args) } else { Formula::And(args) }
            }
            "TypeCast" => match tree.one("arg").filter(|arg| is_condition(arg)) {
                Some(arg) => self.formula(arg),
                None => self.flag(tree),
            },
            _ => self.known(tree).unwrap_or_else(|| self.flag(tree)),
        }
    }

    /// What is the same for each row without a look at others.
    fn known(&self, tree: &'t Tree) -> Option<Formula> {
        match self.scale.weigh_alone(tree) {
            Truth::Always => Some(Formula::Constant(Said::True)),
            Truth::Never => Some(Formula::Constant(Said::False)),
            _ => None,
        }
    }

    fn boolean_test(&mut self, tree: &'t Tree) -> Formula {
        let Some(arg) = tree.one("arg") else { return self.flag(tree) };
        let arg = self.formula(arg);
        match tree.number("booltesttype") {
            1 | 4 => arg,
            2 | 3 => Formula::Not(Box::new(arg)),
            // Of NULLs nothing is left out.
            6 => Formula::Constant(Said::True),
            _ => Formula::Constant(Said::False),
        }
    }

    fn null_test(&mut self, tree: &'t Tree) -> Formula {
        let (Some(arg), None) = (tree.one("arg"), self.known(tree)) else {
            return self.known(tree).unwrap_or(Formula::Constant(Said::Unknown));
        };
        let is_null = Formula::Is(self.subject(Kind::Value, arg, None), Test::Null);
        if tree.number("nulltesttype") == 1 { is_null } else { Formula::Not(Box::new(is_null)) }
    }

    fn expression(&mut self, tree: &'t Tree) -> Formula {
        let (Some(left), Some(right), Some(operator)) =
            (tree.one("lexpr"), tree.one("rexpr"), operator(tree))
        else {
            return self.flag(tree);
        };
        let not_if = |is: bool, formula| if is { Formula::Not(Box::new(formula)) } else { formula };
        match tree.number("kind") {
            1 => match order(operator) {
                Some(bits) => self.compared(bits, left, right),
                None => self.matched(operator, left, right),
            },
            4 | 5 => not_if(tree.number("kind") == 4, self.compared(EQUAL, left, right)),
            7 => {
                let listed = right.all("items").map(|item| self.compared(EQUAL, left, item)).collect();
                not_if(operator != "=", Formula::Or(listed))
            }
            8..=10 => self.matched(operator, left, right),
            kind @ 11..=12 => {
                let mut ends = right.all("items");
                let (Some(low), Some(high)) = (ends.next(), ends.next()) else { return self.flag(tree) };
                let within =
                    Formula::And(vec![self.compared(0b110, left, low), self.compared(0b011, left, high)]);
                not_if(kind == 12, within)
            }
            _ => self.flag(tree),
        }
    }

    fn compared(&mut self, bits: u8, left: &'t Tree, right: &'t Tree) -> Formula {
        if is_condition(left) && is_condition(right) || matches!(constant(right), Some(Constant::Bool(_))) {
            let alike = Formula::Alike(Box::new(self.formula(left)), Box::new(self.formula(right)));
            return match bits {
                EQUAL => alike,
                0b101 => Formula::Not(Box::new(alike)),
                _ => Formula::Is(self.subject(Kind::Pair, left, Some(right)), Test::Order(bits, 0.0)),
            };
        }
        let turned = bits & EQUAL | (bits & 1) << 2 | (bits & 4) >> 2;
        match (constant(left), constant(right)) {
            (_, Some(Constant::Null)) | (Some(Constant::Null), _) => Formula::Constant(Said::Unknown),
            (_, Some(value)) => self.with_constant(bits, left, right, &value),
            (Some(value), _) => self.with_constant(turned, right, left, &value),
            _ => {
                let known = self.subjects.iter().position(|known| {
                    known.kind == Kind::Pair
                        && self.scale.same(known.left, right)
                        && known.right.is_some_and(|other| self.scale.same(other, left))
                });
                match known {
                    Some(turned_pair) => Formula::Is(turned_pair, Test::Order(turned, 0.0)),
                    None => Formula::Is(self.subject(Kind::Pair, left, Some(right)), Test::Order(bits, 0.0)),
                }
            }
        }
    }

    fn with_constant(&mut self, bits: u8, left: &'t Tree, right: &'t Tree, value: &Constant) -> Formula {
        let equals = match (value.as_order(), value, bits) {
            (Some(number), ..) => {
                let subject = self.subject(Kind::Value, left, None);
                if let Some(subject) = self.subjects.get_mut(subject) {
                    subject.numbers.push(number);
                }
                return Formula::Is(subject, Test::Order(bits, number));
            }
            (None, Constant::Text(text), EQUAL | 0b101) => {
                let subject = self.subject(Kind::Value, left, None);
                if let Some(subject) = self.subjects.get_mut(subject) {
                    subject.texts.push(text.clone());
                }
                Formula::Is(subject, Test::Text(text.clone()))
            }
            // The collation decides.
            _ => {
                return Formula::Is(self.subject(Kind::Pair, left, Some(right)), Test::Order(bits, 0.0));
            }
        };
        if bits == EQUAL { equals } else { Formula::Not(Box::new(equals)) }
    }

    /// LIKE, regular expressions and whatever else, which begin with `!` where they are negated.
    fn matched(&mut self, operator: &'t str, left: &'t Tree, right: &'t Tree) -> Formula {
        let positive = operator.strip_prefix('!').filter(|rest| rest.starts_with('~'));
        let kind = Kind::Flag;
        let plain = positive.unwrap_or(operator);
        let at = self.subjects.iter().position(|known| {
            known.kind == kind
                && known.texts.first().is_some_and(|named| named == plain)
                && self.scale.same(known.left, left)
                && known.right.is_some_and(|known| self.scale.same(known, right))
        });
        let steady = self.scale.is_steady(left) && self.scale.is_steady(right);
        let at = at.filter(|_| steady).unwrap_or_else(|| {
            let texts = vec![plain.to_owned()];
            self.subjects.push(Subject { kind, left, right: Some(right), numbers: Vec::new(), texts });
            self.subjects.len() - 1
        });
        let is = Formula::Is(at, Test::True);
        if positive.is_some() { Formula::Not(Box::new(is)) } else { is }
    }

    fn case(&mut self, tree: &'t Tree) -> Formula {
        let mut rest =
            tree.one("defresult").map_or(Formula::Constant(Said::Unknown), |rest| self.formula(rest));
        let arms: Vec<&Tree> = tree.all("args").collect();
        for arm in arms.into_iter().rev() {
            let (Some(when), Some(then)) = (arm.one("expr"), arm.one("result")) else {
                return self.flag(tree);
            };
            let (when, not_when) = (self.formula(when), Formula::Not(Box::new(self.formula(when))));
            rest = Formula::Or(vec![
                Formula::And(vec![when, self.formula(then)]),
                Formula::And(vec![not_when, rest]),
            ]);
        }
        rest
    }

    fn flag(&mut self, tree: &'t Tree) -> Formula {
        Formula::Is(self.subject(Kind::Flag, tree, None), Test::True)
    }

    /// The subject that is compared here: one that was there before only where it has the same value each time.
    fn subject(&mut self, kind: Kind, left: &'t Tree, right: Option<&'t Tree>) -> usize {
        self.parts += 1;
        let same = |known: &Subject<'_>| {
            known.kind == kind
                && self.scale.same(known.left, left)
                && match (known.right, right) {
                    (Some(known), Some(right)) => self.scale.same(known, right),
                    (known, right) => known.is_none() && right.is_none(),
                }
        };
        let steady = self.scale.is_steady(left) && right.is_none_or(|right| self.scale.is_steady(right));
        if let Some(at) = self.subjects.iter().position(same).filter(|_| steady) {
            return at;
        }
        self.subjects.push(Subject { kind, left, right, numbers: Vec::new(), texts: Vec::new() });
        self.subjects.len() - 1
    }
}

/// Whether a condition that is no AND, OR or NOT is made of others.
pub(crate) fn is_compound(tree: &Tree) -> bool {
    let is_bool = |tree: &Tree| is_condition(tree) || tree.nodes().any(is_condition);
    match tree.kind {
        "CaseExpr" | "CoalesceExpr" | "MinMaxExpr" => true,
        "AExpr" => ["lexpr", "rexpr"].into_iter().filter_map(|side| tree.one(side)).any(is_bool),
        _ => false,
    }
}

/// Whether it is true or false by its form.
pub(crate) fn is_condition(tree: &Tree) -> bool {
    match tree.kind {
        "BoolExpr" | "BooleanTest" | "NullTest" => true,
        "AExpr" => {
            tree.number("kind") != 1 && tree.number("kind") != 6
                || operator(tree).is_some_and(|operator| order(operator).is_some() || operator.contains('~'))
        }
        "SubLink" => matches!(tree.number("sub_link_type"), 1..=3),
        _ => matches!(constant(tree), Some(Constant::Bool(_))),
    }
}
