//! What arithmetic alone tells of an expression, whatever is in the row: what is the same as a part of it, and between what it lies.

use crate::constant::{Constant, constant, operator};
use crate::filter::{is_one_of, is_steady};
use crate::tree::Tree;

/// `A_Expr_Kind` of NULLIF (parsenodes.h), as pg_query counts it.
pub(crate) const NULLIF: i64 = pg_query::protobuf::AExprKind::AexprNullif as i64;

/// Types that another value is written in as a whole.
const WHOLE_TYPES: [&str; 3] = ["numeric", "text", "varchar"];

/// Types of whole numbers, and of texts.
const WHOLES: [&str; 3] = ["int2", "int4", "int8"];
const TEXTS: [&str; 2] = ["text", "varchar"];

/// Functions of one argument that change nothing of what they have given.
const IDEMPOTENT: [&str; 11] =
    ["abs", "btrim", "ceil", "ceiling", "floor", "initcap", "lower", "ltrim", "rtrim", "trunc", "upper"];

/// Functions of PostgreSQL that give no number below zero (pg_proc.dat).
const NEVER_NEGATIVE: [&str; 17] = [
    "abs",
    "ascii",
    "bit_count",
    "bit_length",
    "cardinality",
    "char_length",
    "character_length",
    "count",
    "json_array_length",
    "jsonb_array_length",
    "length",
    "num_nonnulls",
    "num_nulls",
    "octet_length",
    "position",
    "regexp_count",
    "strpos",
];

/// Parts of a date of which an interval has none, and between what each lies (timestamp.c).
const OF_DATES: [(&str, (f64, f64)); 4] =
    [("dow", (0.0, 6.0)), ("doy", (1.0, 366.0)), ("isodow", (1.0, 7.0)), ("week", (1.0, 53.0))];

/// Types of numbers that a truth value can become.
const INTEGERS: [&str; 1] = ["int4"];

/// Types of ranges, and the functions that make them.
const RANGES: [&str; 6] = ["daterange", "int4range", "int8range", "numrange", "tsrange", "tstzrange"];

/// How deep CASE, COALESCE and the like are looked into.
const DEPTH_MAX: usize = 16;

/// The part of `tree` that has its value: `x` of `x + 0`, `1 * x`, `x || ''`, `x::text`, and `COALESCE(x, 7)`, which is compared with `x`.
pub(crate) fn plain(tree: &Tree) -> &Tree {
    let part = match tree.kind {
        "AExpr" if tree.number("kind") == 1 => of_operator(tree),
        "TypeCast" => {
            let to = tree.one("type_name").filter(|to| !to.has(&["array_bounds", "typmods", "setof"]));
            let is_whole =
                to.and_then(|to| to.name("names").pop()).is_some_and(|name| WHOLE_TYPES.contains(&name));
            // A whole number that was written as a text is read again.
            let is_read = || {
                let is_number =
                    to.and_then(|to| to.name("names").pop()).is_some_and(|to| WHOLES.contains(&to));
                let of =
                    tree.one("arg").filter(|arg| arg.kind == "TypeCast").and_then(|arg| arg.one("type_name"));
                let is_text = of.filter(|of| !of.has(&["array_bounds", "typmods"]));
                is_number
                    && is_text.and_then(|of| of.name("names").pop()).is_some_and(|of| TEXTS.contains(&of))
            };
            tree.one("arg").filter(|_| is_whole || is_read())
        }
        "CoalesceExpr" => tree.one("args"),
        // In which order texts are, it says, and not which.
        "CollateClause" => tree.one("arg"),
        // GREATEST and LEAST of one, however often.
        "MinMaxExpr" => {
            tree.one("args").filter(|first| tree.all("args").all(|arg| arg == *first && is_steady(arg)))
        }
        // A CASE that comes to the same whatever is so.
        "CaseExpr" => tree
            .one("defresult")
            .filter(|rest| is_steady(rest) && tree.all("args").all(|arm| arm.one("result") == Some(*rest))),
        // One of the elements that are written out.
        "AIndirection" => element(tree),
        // What was done already does nothing again.
        "FuncCall" if tree.all("args").count() == 1 && is_one_of(&IDEMPOTENT, tree) => {
            tree.one("args").filter(|inner| {
                inner.name("funcname") == tree.name("funcname") && inner.all("args").count() == 1
            })
        }
        // What is turned twice is as it was.
        "FuncCall" if is_one_of(&["reverse"], tree) => tree
            .one("args")
            .filter(|inner| is_one_of(&["reverse"], inner))
            .and_then(|inner| inner.one("args")),
        // NULLIF (x, NULL)
        "AExpr" if tree.number("kind") == NULLIF => {
            let is_null = tree.one("rexpr").and_then(constant) == Some(Constant::Null);
            tree.one("lexpr").filter(|_| is_null)
        }
        _ => None,
    };
    match part {
        Some(part) if constant(part).is_none() => plain(part),
        _ => tree,
    }
}

/// The operand that an operator leaves as it is: `x + 0`, `1 * x`, `x || ''`.
pub(crate) fn of_operator(tree: &Tree) -> Option<&Tree> {
    let (operator, right) = (operator(tree)?, tree.one("rexpr")?);
    let Some(left) = tree.one("lexpr") else {
        let turns = |inner: &&Tree| {
            let is_it = crate::constant::operator(inner) == Some(operator) && !inner.has(&["lexpr"]);
            inner.kind == "AExpr" && matches!(operator, "-" | "~") && is_it
        };
        let again = Some(right).filter(turns);
        return if operator == "+" { Some(right) } else { again?.one("rexpr") };
    };
    // `x & x`, and what is added and taken away again.
    if matches!(operator, "&" | "|") && left == right && is_steady(left) {
        return Some(left);
    }
    if let Some(same) = undone(operator, left, right) {
        return Some(same);
    }
    let is_nothing = |tree: &Tree| match (operator, constant(tree)) {
        ("+" | "-" | "|" | "#", Some(Constant::Number(number))) => number == 0.0,
        ("*" | "/" | "^", Some(Constant::Number(number))) => number == 1.0,
        ("||", Some(Constant::Text(text))) => text.is_empty(),
        _ => false,
    };
    if is_nothing(right) {
        return Some(left);
    }
    (matches!(operator, "+" | "*" | "||" | "|" | "#") && is_nothing(left)).then_some(right)
}

/// What is left of `(x + y) - y` and `(x - y) + y`.
fn undone<'t>(outer: &str, left: &'t Tree, right: &Tree) -> Option<&'t Tree> {
    let inner = operator(left).filter(|_| left.kind == "AExpr" && left.number("kind") == 1)?;
    let (one, other) = (left.one("lexpr")?, left.one("rexpr")?);
    match (outer, inner) {
        _ if !is_steady(right) => None,
        ("-", "+") | ("+", "-") if other == right => Some(one),
        ("-", "+") if one == right => Some(other),
        _ => None,
    }
}

/// The element of an array that is written out.
fn element(tree: &Tree) -> Option<&Tree> {
    let array = tree.one("arg").filter(|arg| arg.kind == "AArrayExpr")?;
    let mut places = tree.all("indirection");
    let place = places.next().filter(|place| place.kind == "AIndices" && !place.has(&["is_slice"]))?;
    let Some(Constant::Number(at)) = place.one("uidx").and_then(constant) else { return None };
    let (mut items, mut number) = (array.all("elements"), 1.0);
    if places.next().is_some() {
        return None;
    }
    items.find(|_| {
        number += 1.0;
        number - 1.0 == at
    })
}

/// The least and the greatest number that an expression can be, whatever is in the row.
pub(crate) fn range(tree: &Tree) -> Option<(f64, f64)> {
    range_within(tree, DEPTH_MAX)
}

fn range_within(tree: &Tree, depth: usize) -> Option<(f64, f64)> {
    let depth = depth.checked_sub(1)?;
    match constant(tree) {
        Some(Constant::Number(number)) => return Some((number, number)),
        Some(_) => return None,
        None => {}
    }
    match tree.kind {
        "AExpr" => range_of_operator(tree),
        "CaseExpr" => {
            // Without ELSE it is NULL for what no arm takes, and that leaves it out.
            let results = tree.all("args").filter_map(|arm| arm.one("result"));
            all_of(results.chain([tree.one("defresult")?]), depth)
        }
        "CoalesceExpr" => all_of(tree.all("args"), depth),
        "ColumnRef" => {
            // A table has an OID, and a row a transaction that has made it.
            let is_above = matches!(tree.name("fields").pop(), Some("tableoid" | "xmin"));
            is_above.then_some((1.0, f64::INFINITY))
        }
        "FuncCall" => range_of_call(tree),
        "MinMaxExpr" => {
            let ends = |end| match tree.number("op") {
                1 => (end, f64::INFINITY),
                _ => (f64::NEG_INFINITY, end),
            };
            let whole = all_of(tree.all("args"), depth);
            let numbers = tree.all("args").filter_map(constant).filter_map(|arg| match arg {
                Constant::Number(number) => Some(number),
                _ => None,
            });
            let end =
                if tree.number("op") == 1 { numbers.reduce(f64::max) } else { numbers.reduce(f64::min) };
            whole.or(end.map(ends))
        }
        "TypeCast" => {
            let arg = tree.one("arg")?;
            let to = tree.one("type_name").filter(|to| !to.has(&["array_bounds"]))?.name("names").pop()?;
            if INTEGERS.contains(&to) && is_truth(arg) {
                return Some((0.0, 1.0));
            }
            Some(uncast(tree))
                .filter(|inner| inner.kind == "ColumnRef")
                .and_then(|inner| range_within(inner, depth))
        }
        _ => None,
    }
}

fn range_of_operator(tree: &Tree) -> Option<(f64, f64)> {
    let right = tree.one("rexpr")?;
    match (operator(tree)?, tree.one("lexpr")) {
        ("@", None) => Some((0.0, f64::INFINITY)),
        ("*", Some(left)) if left == right => Some((0.0, f64::INFINITY)),
        ("-" | "#" | "%", Some(left)) if left == right && is_steady(left) => Some((0.0, 0.0)),
        ("/", Some(left)) if left == right && is_steady(left) => Some((1.0, 1.0)),
        ("%", Some(_)) => remainder(right),
        _ => None,
    }
}

fn range_of_call(tree: &Tree) -> Option<(f64, f64)> {
    let mut args = tree.all("args");
    let (first, second) = (args.next(), args.next());
    if is_one_of(&["random"], tree) && first.is_none() {
        return Some((0.0, 1.0_f64.next_down()));
    }
    if is_one_of(&["date_part", "extract"], tree) {
        let Some(Constant::Text(part)) = first.and_then(constant) else { return None };
        return OF_DATES.iter().find(|(name, _)| part.eq_ignore_ascii_case(name)).map(|(_, range)| *range);
    }
    // Its transaction, as a number.
    let is_xmin = |tree: &Tree| tree.kind == "ColumnRef" && tree.name("fields").pop() == Some("xmin");
    if is_one_of(&["age"], tree) && first.is_some_and(is_xmin) {
        return Some((0.0, f64::INFINITY));
    }
    if is_one_of(&["mod"], tree) {
        return remainder(second?);
    }
    // A value has a byte at least.
    if is_one_of(&["pg_column_size"], tree) {
        return Some((1.0, f64::INFINITY));
    }
    if is_one_of(&["sign"], tree) {
        return Some((-1.0, 1.0));
    }
    is_one_of(&NEVER_NEGATIVE, tree).then_some((0.0, f64::INFINITY))
}

/// What is left of a division by this, which is never as much.
fn remainder(by: &Tree) -> Option<(f64, f64)> {
    match constant(by) {
        Some(Constant::Number(by)) if by != 0.0 => Some(((-by.abs()).next_up(), by.abs().next_down())),
        _ => None,
    }
}

/// Between what all of these lie.
fn all_of<'t>(trees: impl Iterator<Item = &'t Tree>, depth: usize) -> Option<(f64, f64)> {
    let ranges: Option<Vec<(f64, f64)>> = trees.map(|tree| range_within(tree, depth)).collect();
    ranges?.into_iter().reduce(|(least, most), (low, high)| (least.min(low), most.max(high)))
}

/// Whether it is true or not by its form.
fn is_truth(tree: &Tree) -> bool {
    let compares = |name: &str| matches!(name, "=" | "<>" | "<" | "<=" | ">" | ">=");
    match tree.kind {
        "BoolExpr" | "BooleanTest" | "NullTest" => true,
        "AExpr" => tree.number("kind") == 1 && operator(tree).is_some_and(compares),
        _ => false,
    }
}

/// Whether what lies in this range, as [`range`] gives it, is so compared with `number` always, or never.
pub(crate) fn lies((least, most): (f64, f64), operator: &str, number: f64) -> Option<bool> {
    let is_it = least == most && least == number;
    let (always, never) = match operator {
        ">=" => (number <= least, most < number),
        ">" => (number < least, most <= number),
        "<=" => (most <= number, number < least),
        "<" => (most < number, number <= least),
        "<>" => (number < least || most < number, is_it),
        "=" => (is_it, number < least || most < number),
        _ => (false, false),
    };
    (always || never).then_some(always)
}

/// How `tree` stands to `base`, which it is made of by adding or taking away what is there: greater or less, or, of texts, not the same.
pub(crate) fn moved(tree: &Tree) -> Option<(&Tree, Moved)> {
    if tree.kind != "AExpr" || tree.number("kind") != 1 {
        return None;
    }
    let (name, base, by) = (operator(tree)?, tree.one("lexpr")?, tree.one("rexpr")?);
    let is_up = match (constant(by), by.kind) {
        (Some(Constant::Number(number)), _) if number != 0.0 => 0.0 < number,
        (Some(Constant::Text(text)), _) if name == "||" && is_plain(&text) => {
            return Some((base, Moved::Apart));
        }
        (None, "TypeCast") if is_forward(by) => true,
        _ => return None,
    };
    match name {
        "+" => Some((base, if is_up { Moved::Up } else { Moved::Down })),
        "-" => Some((base, if is_up { Moved::Down } else { Moved::Up })),
        _ => None,
    }
}

/// Whether it is a range that goes on for ever on both sides: each value lies in it.
pub(crate) fn is_endless(tree: &Tree) -> bool {
    let is_null = |arg: &Tree| constant(arg) == Some(Constant::Null);
    match tree.kind {
        "FuncCall" => {
            is_one_of(&RANGES, tree) && tree.all("args").take(2).all(is_null) && tree.has(&["args"])
        }
        "TypeCast" => {
            let to = tree.one("type_name").and_then(|to| to.name("names").pop());
            let Some(Constant::Text(text)) = tree.one("arg").and_then(constant) else { return false };
            let inner = text.trim().strip_prefix(['(', '[']).and_then(|rest| rest.strip_suffix([')', ']']));
            to.is_some_and(|to| RANGES.contains(&to)) && inner == Some(",")
        }
        _ => false,
    }
}

/// Whether it is no array or document, which may be within another already.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(['"', '[', '{'])
}

/// Where something is moved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    Apart,
    Down,
    Up,
}

impl Moved {
    /// What an operator says of what is moved beside what it was.
    pub(crate) fn compares(self, operator: &str) -> Option<bool> {
        match (operator, self) {
            ("=", _) => Some(false),
            ("<>", _) => Some(true),
            ("<" | "<=", Moved::Down) | (">" | ">=", Moved::Up) => Some(true),
            ("<" | "<=", Moved::Up) | (">" | ">=", Moved::Down) => Some(false),
            _ => None,
        }
    }
}

/// Whether it is an interval that goes on in time.
fn is_forward(tree: &Tree) -> bool {
    let is_interval = tree.one("type_name").and_then(|to| to.name("names").pop()) == Some("interval");
    let Some(Constant::Text(text)) = tree.one("arg").filter(|_| is_interval).and_then(constant) else {
        return false;
    };
    !text.contains('-') && !text.contains("ago") && text.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

/// Whether a regular expression finds something in each text: each of its parts may be nothing, or an arm of it.
pub(crate) fn finds_all(pattern: &str) -> bool {
    let (bare, is_begun) = match pattern.strip_prefix("\\A").or_else(|| pattern.strip_prefix('^')) {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let (bare, is_ended) = match bare.strip_suffix('$') {
        Some(rest) if !rest.ends_with('\\') => (rest, true),
        _ => (bare, false),
    };
    // From end to end only what takes each letter.
    if is_begun && is_ended {
        return matches!(bare, ".*" | ".*?" | "(.*)");
    }
    if bare.contains(['(', ')', '[', '\\', '^', '$']) {
        return matches!(bare, "(.*)" | "(.*?)" | "()" | "(?:.*)") || is_one_class(bare);
    }
    if is_begun || is_ended {
        return may_be_nothing(bare) && !bare.contains('|');
    }
    bare.split('|').any(may_be_nothing)
}

/// `[…]*`
fn is_one_class(pattern: &str) -> bool {
    let inner = pattern.strip_prefix('[').and_then(|rest| rest.strip_suffix("]*"));
    inner.is_some_and(|inner| !inner.contains(['[', ']', '\\']))
}

/// Whether each letter of a plain pattern is one that may be left out.
fn may_be_nothing(pattern: &str) -> bool {
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        let after = rest.strip_prefix(['*', '?']);
        let after = after.or_else(|| rest.strip_prefix("{0,").and_then(|rest| Some(rest.split_once('}')?.1)));
        let Some(after) = after else { return false };
        rest = after.strip_prefix('?').unwrap_or(after);
    }
    true
}

/// Whether this column, or anything else, is so compared with a constant whatever it is: no text is below the empty one, no
/// time beyond infinity, and no row before the first.
pub(crate) fn is_within(tree: &Tree, operator: &str, end: &Constant) -> bool {
    let Constant::Text(end) = end else { return false };
    let is_one = |tree: &Tree, names: &[&str]| {
        tree.kind == "ColumnRef" && tree.name("fields").pop().is_some_and(|name| names.contains(&name))
    };
    let is_place = is_one(tree, &["ctid"]);
    // As a text each of these has letters.
    let is_written = tree.kind == "TypeCast" && is_one(uncast(tree), &["ctid", "tableoid", "xmax", "xmin"]);
    match (operator, end.trim().to_ascii_lowercase().as_str()) {
        (">=", "" | "-infinity") | ("<=", "infinity" | "+infinity") => true,
        (">" | "<>", "") => is_written,
        (">=" | ">" | "<>", "(0,0)") | (">=", "(0,1)") => is_place,
        ("<" | "<=" | "<>", place) => is_place && block(place).is_some_and(|block| BLOCKS_MAX <= block),
        _ => false,
    }
}

/// Blocks that no table is meant to have.
const BLOCKS_MAX: u32 = 1_000_000_000;

/// The block of a place: 7 of `(7,1)`.
fn block(place: &str) -> Option<u32> {
    place.strip_prefix('(')?.split_once(',')?.0.trim().parse().ok()
}

/// The expression without its casts.
pub(crate) fn uncast(tree: &Tree) -> &Tree {
    match tree.one("arg") {
        Some(arg) if tree.kind == "TypeCast" => uncast(arg),
        _ => tree,
    }
}
