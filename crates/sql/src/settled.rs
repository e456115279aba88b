//! Whether other literals in the same places of a condition would make it weigh the same. What was read of one text is then
//! used for another with the same skeleton.

use crate::constant::operator;
use crate::tree::Tree;

/// Whether each literal is compared with a column, and none could close a gap between the arms of an OR.
pub(crate) fn holds_for_literals(tree: &Tree) -> bool {
    holds(tree, false)
}

pub(crate) fn holds_literal(tree: &Tree) -> bool {
    match tree.kind {
        "AConst" => tree.nodes().any(|value| value.kind != "Boolean"),
        _ => tree.nodes().any(holds_literal),
    }
}

fn is_text(literal: &Tree) -> bool {
    literal.one("val").is_some_and(|value| value.kind == "String")
}

fn holds(tree: &Tree, is_arm: bool) -> bool {
    let is_column = |tree: Option<&Tree>| tree.is_some_and(|tree| tree.kind == "ColumnRef");
    let (left, right) = (tree.one("lexpr"), tree.one("rexpr"));
    let equals = operator(tree) == Some("=");
    let orders = !equals && operator(tree) != Some("<>") || matches!(tree.number("kind"), 11..=14);
    let is_plain = |tree: &Tree| match tree.kind {
        // Some texts are the least or the greatest of all, and some are names of tables.
        "AConst" => !orders || !is_text(tree),
        "TypeCast" => {
            let to = tree.one("type_name").and_then(|to| to.name("names").pop());
            to != Some("regclass")
                && tree.one("arg").is_some_and(|arg| arg.kind == "AConst" && (!orders || !is_text(arg)))
        }
        kind => kind == "ParamRef",
    };
    match (tree.kind, tree.number("kind")) {
        // What equals one literal leaves something out, whichever it is.
        ("AExpr", 1 | 7 | 11..=14) if is_arm && !(equals && matches!(tree.number("kind"), 1 | 7)) => {
            !holds_literal(tree)
        }
        ("BoolExpr", _) => match tree.number("boolop") {
            1 => tree.all("args").all(|arg| holds(arg, is_arm)),
            2 => tree.all("args").all(|arg| holds(arg, true)),
            _ => !holds_literal(tree),
        },
        ("AExpr", 7 | 11..=14) if is_column(left) => {
            right.is_some_and(|list| list.all("items").all(is_plain))
        }
        ("AExpr", 1) if operator(tree).is_some_and(|operator| !operator.contains('~')) => {
            (is_column(left) && right.is_some_and(is_plain))
                || (is_column(right) && left.is_some_and(is_plain))
                || !holds_literal(tree)
        }
        _ => !holds_literal(tree),
    }
}
