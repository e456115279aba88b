//! Constants in conditions, folded as PostgreSQL's planner would. What is not understood is no constant.

use crate::filter::{is_one_of, is_one_row, only_target};
use crate::tree::Tree;

/// The value of an expression that looks at nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Number(f64),
    /// A string, which becomes whatever it is compared with.
    Text(String),
}

/// Whole numbers up to here are exact.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

impl Constant {
    /// As a condition: what it is true or false as. `None` for NULL, and what PostgreSQL would not take.
    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Constant::Bool(value) => Some(*value),
            Constant::Text(text) => spelled_bool(text),
            Constant::Null | Constant::Number(_) => None,
        }
    }

    /// `IS NOT DISTINCT FROM`; `None` where it cannot be told.
    pub(crate) fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Constant::Null, other) | (other, Constant::Null) => Some(*other == Constant::Null),
            (one, other) => one.compares("=", other),
        }
    }

    /// What this operator of PostgreSQL says of both; `None` where it cannot be told.
    pub(crate) fn compares(&self, operator: &str, other: &Self) -> Option<bool> {
        let order = match (self, other) {
            (Constant::Null, _) | (_, Constant::Null) => return None,
            (Constant::Bool(_), _) | (_, Constant::Bool(_)) => self.as_bool()?.cmp(&other.as_bool()?),
            (Constant::Text(one), Constant::Text(other)) if one == other => std::cmp::Ordering::Equal,
            (Constant::Text(_), Constant::Text(_)) => {
                // Which is the greater one the collation decides.
                return match operator {
                    "=" => Some(false),
                    "<>" => Some(true),
                    _ => None,
                };
            }
            _ => self.as_number()?.partial_cmp(&other.as_number()?)?,
        };
        match operator {
            "=" => Some(order.is_eq()),
            "<>" => Some(order.is_ne()),
            "<" => Some(order.is_lt()),
            "<=" => Some(order.is_le()),
            ">" => Some(order.is_gt()),
            ">=" => Some(order.is_ge()),
            _ => None,
        }
    }

    /// Where it stands among others of its kind: numbers, and days in ISO 8601.
    pub(crate) fn as_order(&self) -> Option<f64> {
        let day = || match self {
            Constant::Text(text) if text.len() == 10 => {
                let mut parts = text.split('-').map(str::parse::<u32>);
                let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
                    (parts.next(), parts.next(), parts.next(), parts.next())
                else {
                    return None;
                };
                Some(f64::from(year) * 10_000.0 + f64::from(month) * 100.0 + f64::from(day))
            }
            _ => None,
        };
        self.as_number().or_else(day)
    }

    fn as_number(&self) -> Option<f64> {
        let number = match self {
            Constant::Number(number) => *number,
            Constant::Text(text) => text.trim().parse().ok()?,
            Constant::Null | Constant::Bool(_) => return None,
        };
        (number.abs() <= EXACT_MAX).then_some(number)
    }
}

/// The constant that `tree` is.
pub(crate) fn constant(tree: &Tree) -> Option<Constant> {
    match tree.kind {
        "AConst" if tree.has(&["isnull"]) => Some(Constant::Null),
        "AConst" => {
            let value = tree.one("val")?;
            match value.kind {
                "Integer" => Some(Constant::Number(f64::from(i32::try_from(value.number("ival")).ok()?))),
                "Float" => value.text("fval").parse().ok().map(Constant::Number),
                "Boolean" => Some(Constant::Bool(value.number("boolval") != 0)),
                "String" => Some(Constant::Text(value.text("sval").to_owned())),
                _ => None,
            }
        }
        "TypeCast" => cast(constant(tree.one("arg")?)?, tree.one("type_name")?),
        "AExpr" if tree.number("kind") == 1 => {
            let operator = operator(tree)?;
            if matches!(operator, "*" | "&")
                && [tree.one("lexpr"), tree.one("rexpr")].into_iter().any(is_zero)
            {
                return Some(Constant::Number(0.0));
            }
            let right = constant(tree.one("rexpr")?)?;
            let Some(left) = tree.one("lexpr") else {
                let number = right.as_number()?;
                return (operator == "-").then_some(Constant::Number(-number));
            };
            let left = constant(left)?;
            let numbers = || Some((left.as_number()?, right.as_number()?));
            match (operator, &left, &right) {
                ("+", ..) => numbers().map(|(left, right)| Constant::Number(left + right)),
                ("-", ..) => numbers().map(|(left, right)| Constant::Number(left - right)),
                ("*", ..) => numbers().map(|(left, right)| Constant::Number(left * right)),
                ("||", Constant::Text(left), Constant::Text(right)) => {
                    Some(Constant::Text(format!("{left}{right}")))
                }
                _ => left.compares(operator, &right).map(Constant::Bool),
            }
        }
        "BoolExpr" => {
            let mut args = tree.all("args").map(|arg| constant(arg)?.as_bool());
            match tree.number("boolop") {
                1 => args.try_fold(true, |all, arg| Some(all & arg?)),
                2 => args.try_fold(false, |any, arg| Some(any | arg?)),
                _ => Some(!args.next()??),
            }
            .map(Constant::Bool)
        }
        "CoalesceExpr" => {
            for arg in tree.all("args") {
                match constant(arg)? {
                    Constant::Null => {}
                    first => return Some(first),
                }
            }
            Some(Constant::Null)
        }
        "FuncCall" => call(tree),
        "SubLink" if tree.number("sub_link_type") == 5 => {
            let select = tree.one("subselect").filter(|select| is_one_row(select))?;
            constant(only_target(select)?)
        }
        _ => None,
    }
}

/// Functions of PostgreSQL whose answer is always as long as this, in bytes and, of the first, in letters.
const LENGTHS: [(&str, f64); 5] =
    [("md5", 32.0), ("sha224", 28.0), ("sha256", 32.0), ("sha384", 48.0), ("sha512", 64.0)];

/// `length(md5(x))`, `length(lpad(x, 9))`
fn length(tree: &Tree) -> Option<Constant> {
    if !is_one_of(&["char_length", "character_length", "length", "octet_length"], tree) {
        return None;
    }
    let of = tree.one("args")?;
    if is_one_of(&["lpad", "rpad"], of) && !is_one_of(&["octet_length"], tree) {
        return of.all("args").nth(1).and_then(constant);
    }
    let (_, length) = LENGTHS.into_iter().find(|(name, _)| is_one_of(&[name], of))?;
    Some(Constant::Number(length))
}

/// What a function gives whatever its first argument is, but for NULL: the empty text is in each, at its beginning.
fn call(tree: &Tree) -> Option<Constant> {
    if let Some(length) = length(tree) {
        return Some(length);
    }
    let mut args = tree.all("args").skip(1);
    let second = args.next()?;
    let is_nothing = |tree: &Tree| is_zero(Some(tree));
    if is_one_of(&["left", "repeat", "right"], tree) {
        return is_nothing(second).then(|| Constant::Text(String::new()));
    }
    if is_one_of(&["substr", "substring"], tree) {
        return args.next().is_some_and(is_nothing).then(|| Constant::Text(String::new()));
    }
    if constant(second) != Some(Constant::Text(String::new())) {
        return None;
    }
    if is_one_of(&["position", "strpos"], tree) {
        return Some(Constant::Number(1.0));
    }
    is_one_of(&["regexp_like", "starts_with"], tree).then_some(Constant::Bool(true))
}

fn is_zero(factor: Option<&Tree>) -> bool {
    factor.is_some_and(|factor| constant(factor) == Some(Constant::Number(0.0)))
}

/// The operator of an expression, where it is PostgreSQL's own by its name.
pub(crate) fn operator(tree: &Tree) -> Option<&str> {
    match tree.name("name").as_slice() {
        [operator] | ["pg_catalog", operator] => Some(operator),
        _ => None,
    }
}

fn cast(value: Constant, to: &Tree) -> Option<Constant> {
    if to.has(&["array_bounds", "typmods", "setof", "pct_type"]) {
        return None;
    }
    match (to.name("names").pop()?, value) {
        (_, Constant::Null) => Some(Constant::Null),
        ("bool", Constant::Number(number)) => Some(Constant::Bool(number != 0.0)),
        ("bool", value) => value.as_bool().map(Constant::Bool),
        ("int2" | "int4" | "int8", Constant::Bool(value)) => {
            Some(Constant::Number(f64::from(u8::from(value))))
        }
        ("int2" | "int4" | "int8" | "numeric" | "float4" | "float8", value) => {
            let number = value.as_number()?;
            (number.fract() == 0.0).then_some(Constant::Number(number))
        }
        ("text" | "varchar", Constant::Text(text)) => Some(Constant::Text(text)),
        ("text" | "varchar", Constant::Bool(value)) => Some(Constant::Text(value.to_string())),
        _ => None,
    }
}

/// As PostgreSQL spells booleans (bool.c): any beginning of `true`, `false`, `yes` and `no`, and `on`, `of`, `off`, `1`, `0`.
pub(crate) fn spelled_bool(text: &str) -> Option<bool> {
    let text = text.trim().to_ascii_lowercase();
    let begins = |word: &str| !text.is_empty() && word.starts_with(&text);
    if begins("true") || begins("yes") || matches!(text.as_str(), "on" | "1") {
        return Some(true);
    }
    (begins("false") || begins("no") || matches!(text.as_str(), "of" | "off" | "0")).then_some(false)
}
