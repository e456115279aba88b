//! Documents that are put together of values, and fail for some: by a path that computes or is strict, by a text that is none, by the name of a
//! relation.

use pg_query::protobuf::{JsonBehaviorType, SubLinkType, XmlExprOp};

use super::{Beside, DOCUMENT_FUNCTIONS, Probe, Probes, failing};
use crate::constant::{Constant, constant};
use crate::tree::Tree;

/// What makes XML, and fails for some texts.
const FAILING_XML: [XmlExprOp; 2] = [XmlExprOp::IsXmlparse, XmlExprOp::IsXmlpi];

/// Functions that fail where a path says so.
const BY_PATH: [&str; 10] = [
    "jsonb_path_exists",
    "jsonb_path_exists_tz",
    "jsonb_path_match",
    "jsonb_path_match_tz",
    "jsonb_path_query",
    "jsonb_path_query_array",
    "jsonb_path_query_array_tz",
    "jsonb_path_query_first",
    "jsonb_path_query_first_tz",
    "jsonb_path_query_tz",
];

/// Functions that fail by what stands in a document at a place: these take it, and the place, before what they put there.
const BY_PLACE: [&str; 3] = ["jsonb_insert", "jsonb_set", "jsonb_set_lax"];

/// Functions that fail where there is no relation of a name.
const BY_RELATION: [&str; 1] = ["pg_get_viewdef"];

/// Most digits of a number that is a place in an array wherever there is one.
const PLACE_DIGITS: usize = 9;

impl Probes<'_> {
    /// What is asked by such an expression of what is computed of hidden values.
    pub(super) fn fails_within(&self, tree: &Tree) -> Option<Probe> {
        let given: Vec<&Tree> = match tree.kind {
            "FuncCall" => self.fails_by(tree)?,
            "XmlExpr" if FAILING_XML.iter().any(|op| *op as i64 == tree.number("op")) => {
                tree.all("args").take(1).collect()
            }
            // The path to a column.
            "RangeTableFuncCol" => tree.all("colexpr").collect(),
            // Lists of lists that are not as long as each other.
            "AArrayExpr" if 1 < tree.all("elements").count() => {
                tree.all("elements").filter(|element| makes_list(element)).collect()
            }
            "SubLink" if is_array_of_rows(tree) => {
                let targets = tree.one("subselect").into_iter().flat_map(|select| select.all("target_list"));
                targets.filter_map(|target| target.one("val")).filter(|value| makes_list(value)).collect()
            }
            // Lists of as many dimensions as a value says.
            "AExpr" if tree.name("name") == ["||"] => {
                let sides: Vec<&Tree> = tree.all("lexpr").chain(tree.all("rexpr")).collect();
                if sides.iter().any(|side| is_nested(side)) { sides } else { return None }
            }
            // What a text is as an array it need not be.
            "TypeCast" if tree.one("type_name").is_some_and(|of| of.has(&["array_bounds"])) => {
                tree.all("arg").filter(|arg| arg.kind != "AArrayExpr" && !makes_list(arg)).collect()
            }
            "JsonObjectAgg" => tree.all("arg").filter_map(|pair| pair.one("key")).collect(),
            "JsonFuncExpr" if tells_failures(tree) => {
                tree.all("context_item").chain(tree.all("passing")).collect()
            }
            // Keys must not be NULL, nor equal.
            "JsonObjectConstructor" => tree.all("exprs").filter_map(|pair| pair.one("key")).collect(),
            "JsonParseExpr" => tree.all("expr").collect(),
            _ => return None,
        };
        let is_computed = |given: &&Tree| {
            let value = given.one("raw_expr").or(given.one("val")).unwrap_or(given);
            self.is_hidden(value) && !self.is_as_it_stands(value)
        };
        given.iter().any(is_computed).then(|| match self.has_others(tree, Beside::Columns(tree)) {
            true => Probe::Extracts,
            false => Probe::Asks(1),
        })
    }

    /// Arguments by which such a function fails.
    fn fails_by<'t>(&self, call: &'t Tree) -> Option<Vec<&'t Tree>> {
        let name = call.name("funcname").pop()?;
        if name == "array_agg" {
            return Some(call.all("args").filter(|arg| makes_list(arg)).collect());
        }
        let count = match name {
            _ if BY_PATH.contains(&name) && !walks(call) => usize::MAX,
            _ if BY_PLACE.contains(&name) => 2,
            _ if BY_RELATION.contains(&name) => 1,
            _ => return None,
        };
        // One of somebody's own is looked into.
        (!self.called(call).is_empty()).then(|| call.all("args").take(count).collect())
    }

    /// Whether it is a column, what stands behind keys of one, or a document of columns with keys that the text says.
    fn is_as_it_stands(&self, tree: &Tree) -> bool {
        let is_kept = |value: &Tree| constant(value).is_some() || self.is_as_it_stands(value);
        failing::is_bare(tree)
            || tree.kind == "FuncCall"
                && match self.called(tree) {
                    "json_build_object" | "jsonb_build_object" => {
                        let mut args = tree.all("args").enumerate();
                        args.all(|(at, arg)| constant(arg).is_some() || at % 2 == 1 && is_kept(arg))
                    }
                    name => DOCUMENT_FUNCTIONS.contains(&name) && tree.all("args").all(is_kept),
                }
    }
}

/// Whether it makes a list of which a value can say how long it is.
fn makes_list(element: &Tree) -> bool {
    let name = element.name("funcname").pop().unwrap_or_default();
    name.contains("array")
        || name.starts_with("regexp_match")
        || name == "parse_ident"
        || is_array_of_rows(element)
        || element.nodes().any(makes_list)
}

/// `ARRAY(SELECT …)`.
fn is_array_of_rows(tree: &Tree) -> bool {
    tree.kind == "SubLink" && tree.number("sub_link_type") == SubLinkType::ArraySublink as i64
}

/// An array of arrays.
fn is_nested(tree: &Tree) -> bool {
    tree.kind == "AArrayExpr" && tree.all("elements").any(|element| element.kind == "AArrayExpr")
}

/// Whether the path of such a function only walks down a document, and finds something there or not.
fn walks(call: &Tree) -> bool {
    let Some(Constant::Text(path)) = call.all("args").nth(1).and_then(constant) else { return false };
    let is_of_steps = |letter: char| {
        letter.is_ascii_alphanumeric() || matches!(letter, '$' | '.' | '[' | ']' | '*' | '_' | '"')
    };
    let mut before_stars: Vec<&str> = path.split('*').collect();
    before_stars.pop();
    path.starts_with('$')
        && path.chars().all(is_of_steps)
        && before_stars.iter().all(|before| before.ends_with(['.', '[', '*']))
        && path.split(|letter: char| !letter.is_ascii_digit()).all(|digits| digits.len() <= PLACE_DIGITS)
}

/// Whether an error is told of such an expression, or something computed in its place.
fn tells_failures(tree: &Tree) -> bool {
    let mut says = tree.all("on_empty").chain(tree.all("on_error"));
    says.any(|says| {
        says.number("btype") == JsonBehaviorType::JsonBehaviorError as i64
            || says.one("expr").is_some_and(|instead| constant(instead).is_none())
    })
}
