//! What fails for some values and not for others: that there is an error, and before which row, answers as a condition does. To list all that
//! can fail would be endless: here is what can be made to fail for the value that somebody looks for.

use std::collections::HashSet;

use super::{Beside, Probe, Probes, QUESTIONS_MAX, TEXT_TYPES};
use crate::constant::{Constant, constant};
use crate::lineage::documents;
use crate::source::SCALARS;
use crate::tree::Tree;

/// Functions of PostgreSQL, and by which of their arguments they can fail, a bit for each.
const FUNCTIONS: [(u8, &[&str]); 7] = [
    (
        ANY,
        &[
            "acos",
            "acosd",
            "acosh",
            "array_cat",
            "array_out",
            "asin",
            "asind",
            "atanh",
            "bpcharout",
            "chr",
            "convert",
            "convert_from",
            "convert_to",
            "date_bin",
            "date_out",
            "daterange",
            "decode",
            "dexp",
            "dlog1",
            "dlog10",
            "dpow",
            "dsqrt",
            "exp",
            "factorial",
            "gamma",
            "get_bit",
            "get_byte",
            "int4range",
            "int8range",
            "json_array_length",
            "json_object",
            "jsonb_array_length",
            "jsonb_object",
            "lcm",
            "lgamma",
            "like_escape",
            "ln",
            "log",
            "log10",
            "make_date",
            "make_interval",
            "make_time",
            "make_timestamp",
            "make_timestamptz",
            "money",
            "nameout",
            "numeric_out",
            "numrange",
            "parse_ident",
            "pg_size_bytes",
            "pow",
            "power",
            "random",
            "record_out",
            "set_bit",
            "set_byte",
            "set_masklen",
            "similar_escape",
            "similar_to_escape",
            "sqrt",
            "textout",
            "to_ascii",
            "to_date",
            "to_number",
            "to_regclass",
            "to_regcollation",
            "to_regnamespace",
            "to_regoper",
            "to_regoperator",
            "to_regproc",
            "to_regprocedure",
            "to_regrole",
            "to_regtype",
            "to_regtypemod",
            "to_timestamp",
            "to_tsquery",
            "tsrange",
            "tstzrange",
            "unistr",
            "varcharout",
            "width_bucket",
            "xmlcomment",
        ],
    ),
    (
        FIRST,
        &[
            "current_setting",
            "date_part",
            "date_trunc",
            "extract",
            "format",
            "ntile",
            "timezone",
            "xpath",
            "xpath_exists",
        ],
    ),
    (
        ANY & !FIRST,
        &[
            "array_sample",
            "div",
            "encode",
            "mod",
            "normalize",
            "regexp_count",
            "regexp_instr",
            "regexp_like",
            "regexp_match",
            "regexp_matches",
            "regexp_replace",
            "regexp_split_to_array",
            "regexp_split_to_table",
            "regexp_substr",
            "split_part",
            "substr",
            "substring",
            "to_char",
            "trim_array",
        ],
    ),
    (ANY & !FIRST & !SECOND, &["overlay"]),
    (SECOND, &["nth_value"]),
    (
        KEYS,
        &[
            "json_build_object",
            "json_object_agg",
            "json_object_agg_strict",
            "jsonb_build_object",
            "jsonb_object_agg",
            "jsonb_object_agg_strict",
        ],
    ),
    (
        FIRST,
        &[
            "json_object_agg_unique",
            "json_object_agg_unique_strict",
            "jsonb_object_agg_unique",
            "jsonb_object_agg_unique_strict",
        ],
    ),
];

const ANY: u8 = 0xff;
const FIRST: u8 = 1;
const SECOND: u8 = 2;
/// They must not be NULL.
const KEYS: u8 = 0x55;

/// How functions begin that work for operators on numbers.
const OF_OPERATORS: [&str; 6] = ["date_mi", "date_pl", "float4", "float8", "int", "numeric_"];

/// How such end.
const OPERATORS: [&str; 7] = ["div", "mi", "mii", "mod", "mul", "pl", "pli"];

/// Functions whose numbers are no longer than a text, and those that say what time it is.
pub(super) const USUAL_FUNCTIONS: [&str; 16] = [
    "age",
    "array_length",
    "ascii",
    "bit_length",
    "cardinality",
    "char_length",
    "character_length",
    "clock_timestamp",
    "count",
    "length",
    "now",
    "octet_length",
    "position",
    "regexp_count",
    "statement_timestamp",
    "strpos",
];

/// Functions whose values are no greater than those that they are given.
pub(super) const KEEPING_FUNCTIONS: [&str; 10] =
    ["abs", "avg", "ceil", "ceiling", "coalesce", "date_trunc", "floor", "max", "min", "round"];

/// Functions that give parts of a date.
pub(super) const PARTS_FUNCTIONS: [&str; 2] = ["date_part", "extract"];

/// Parts of a date that are small numbers.
const CALENDAR: [&str; 14] = [
    "century", "day", "days", "decade", "dow", "doy", "hour", "isodow", "isoyear", "minute", "month",
    "quarter", "week", "year",
];

/// What is as great as values are: far from where numbers and days end.
const USUAL: f64 = 1e6;

/// The greatest part of a date of [`CALENDAR`].
const YEARS: f64 = 1e4;

/// Days in as many years as a text says.
const DAYS: f64 = 1e5;

/// What is below this ends nowhere.
const FAR: f64 = 1e9;

impl Probes<'_> {
    /// What is asked by an expression in the result, where it can fail for some values.
    pub(super) fn failing(&self, tree: &Tree) -> Option<Probe> {
        match tree.kind {
            "AExpr" => self.failing_operator(tree),
            "FuncCall" => self.failing_call(tree),
            "TypeCast" => {
                let of = tree.one("type_name")?;
                self.failing_cast(tree.one("arg")?, &of.name("names"), of.has(&["typmods"]))
            }
            _ => None,
        }
    }

    fn failing_call(&self, call: &Tree) -> Option<Probe> {
        let name = call.name("funcname").pop()?;
        let args: Vec<&Tree> = call.all("args").collect();
        if let ([arg], true) = (&args[..], SCALARS.contains(&name)) {
            return self.failing_cast(arg, &call.name("funcname"), false);
        }
        let by = fails_by(name)?;
        let is_by =
            |at: usize| u32::try_from(at).is_ok_and(|at| by.checked_shr(at).is_some_and(|by| by & 1 == 1));
        let given = args.iter().enumerate().filter(|(at, _)| is_by(*at)).map(|(_, arg)| *arg);
        let hidden: Vec<&Tree> = given.filter(|arg| self.is_hidden(arg)).collect();
        let is_computed = hidden.iter().any(|arg| !is_bare(arg));
        // Nobody chooses for which value it fails that stands there alone; as a key it can only be NULL.
        let is_chosen = !hidden.is_empty() && 1 < args.len() && by != KEYS;
        (is_computed || is_chosen).then(|| self.failing_at(call, is_computed))
    }

    fn failing_cast(&self, arg: &Tree, to: &[&str], is_narrow: bool) -> Option<Probe> {
        let is_own = !self.is_known_type(to);
        let to = to.last().copied()?;
        if TEXT_TYPES.contains(&to) && !is_own || !self.is_hidden(arg) {
            return None;
        }
        let call = self.called(arg);
        let fits = match to {
            _ if is_own || to == "numeric" && is_narrow => false,
            "int2" => self.magnitude(arg) <= f64::from(i16::MAX),
            "json" | "jsonb" => documents::ROW_KEEPING_FUNCTIONS.contains(&call),
            "uuid" => call == "md5",
            _ => self.magnitude(arg) < FAR,
        };
        let is_whole = is_bare(arg) && !is_own && !(to == "numeric" && is_narrow);
        (!fits && !is_whole).then(|| self.failing_at(arg, true))
    }

    fn failing_operator(&self, tree: &Tree) -> Option<Probe> {
        let sides = ["lexpr", "rexpr"].map(|side| tree.one(side));
        let operator = tree.name("name").pop()?;
        if !sides.into_iter().flatten().any(|side| self.is_hidden(side)) {
            return None;
        }
        let mut names = HashSet::new();
        columns(tree, &mut names);
        let is_asked = match operator {
            "+" | "-" | "*" => 1 < names.len() || FAR <= self.magnitude(tree),
            "^" | "|/" => true,
            _ => false,
        };
        is_asked.then(|| self.failing_at(tree, false))
    }

    /// Before which row it fails tells as much as many questions, or all of a part.
    pub(super) fn failing_at(&self, tree: &Tree, is_of_part: bool) -> Probe {
        match self.has_others(tree, Beside::Columns(tree)) {
            true if is_of_part => Probe::Extracts,
            true => Probe::Asks(QUESTIONS_MAX),
            false => Probe::Asks(1),
        }
    }

    /// How great it can be, or how many days it is, where values are as great as they usually are.
    fn magnitude(&self, tree: &Tree) -> f64 {
        match constant(tree) {
            Some(Constant::Number(number)) => return number.abs(),
            Some(Constant::Text(text)) => {
                let numbers = text.split(|letter: char| !letter.is_ascii_digit());
                return numbers.filter_map(|number| number.parse::<f64>().ok()).fold(0.0, f64::max) * DAYS;
            }
            Some(Constant::Bool(_) | Constant::Null) => return 1.0,
            None => {}
        }
        let greatest = |field| tree.all(field).map(|node| self.magnitude(node)).fold(0.0, f64::max);
        match tree.kind {
            "ColumnRef" | "SqlValueFunction" => USUAL,
            "TypeCast" => tree.one("arg").map_or(f64::INFINITY, |arg| self.magnitude(arg)),
            "CoalesceExpr" | "MinMaxExpr" => greatest("args"),
            "FuncCall" => match self.called(tree) {
                name if PARTS_FUNCTIONS.contains(&name) => match tree.one("args").and_then(constant) {
                    Some(Constant::Text(part)) if CALENDAR.contains(&part.to_ascii_lowercase().as_str()) => {
                        YEARS
                    }
                    _ => f64::INFINITY,
                },
                name if USUAL_FUNCTIONS.contains(&name) => USUAL,
                name if KEEPING_FUNCTIONS.contains(&name) => greatest("args"),
                _ => f64::INFINITY,
            },
            "AExpr" => {
                let [left, right] =
                    ["lexpr", "rexpr"].map(|side| tree.one(side).map(|side| self.magnitude(side)));
                let (left, right) = (left.unwrap_or(0.0), right.unwrap_or(f64::INFINITY));
                match self.postgres(&tree.name("name")) {
                    Some("+" | "-") => left + right,
                    Some("*") => left * right,
                    Some("/") => left,
                    _ => f64::INFINITY,
                }
            }
            _ => f64::INFINITY,
        }
    }

    /// Whether something is in its value that is hidden.
    pub(super) fn is_hidden(&self, tree: &Tree) -> bool {
        (self.is_sensitive(tree) || self.has_part(tree)) && self.looks(tree)
    }

    /// Whether more is in it than what stands behind keys that say nothing.
    fn looks(&self, tree: &Tree) -> bool {
        match tree.kind {
            "ColumnRef" => self.is_sensitive(tree) || self.has_part(tree),
            "FuncCall" if tree.name("funcname").pop().is_some_and(|name| self.functions.contains(name)) => {
                true
            }
            "TypeCast" if documents::plain_value(tree).is_some_and(|value| self.is_harmless(value)) => false,
            "AExpr" | "AIndirection" if self.is_harmless(tree) || self.is_harmless_field(tree) => false,
            _ => tree.nodes().any(|node| self.looks(node)),
        }
    }
}

/// By which of its arguments a function of this name can fail.
pub(super) fn fails_by(name: &str) -> Option<u8> {
    let known = FUNCTIONS.iter().find(|(_, names)| names.contains(&name)).map(|(by, _)| *by);
    let works = || {
        OF_OPERATORS.iter().any(|begin| name.starts_with(begin))
            && OPERATORS.iter().any(|end| name.ends_with(end))
    };
    // Somebody else's rights, by the name of whom or what.
    let is_of_right = || name.starts_with("has_") && name.ends_with("_privilege");
    known.or_else(|| (works() || is_of_right() || name == "pg_has_role").then_some(ANY))
}

/// Whether it is a column as it stands, or what is behind a key of one.
pub(super) fn is_bare(tree: &Tree) -> bool {
    let is_narrow = tree.one("type_name").is_some_and(|of| of.has(&["typmods"]));
    match tree.one("arg") {
        Some(arg) if tree.kind == "TypeCast" => !is_narrow && is_bare(arg),
        _ => {
            tree.kind == "ColumnRef"
                || documents::by_all_keys(tree).is_some_and(|(from, _)| from.kind == "ColumnRef")
        }
    }
}

fn columns<'t>(tree: &'t Tree, into: &mut HashSet<Vec<&'t str>>) {
    if tree.kind == "ColumnRef" {
        into.insert(tree.name("fields"));
    }
    tree.nodes().for_each(|node| columns(node, into));
}
