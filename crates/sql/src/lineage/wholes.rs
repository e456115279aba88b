//! What is made of a value and leaves what tells it from others: that is compared as a whole, and not as a part.

use pg_query::protobuf::AExprKind;

use crate::tree::Tree;

/// Functions of one argument that leave of a value what tells it from others.
const FUNCTIONS: [&str; 7] = ["btrim", "initcap", "lower", "ltrim", "rtrim", "trim", "upper"];

/// Types that a value is as a whole.
const TYPES: [&str; 5] = ["bpchar", "citext", "date", "text", "varchar"];

/// Whether it is a value as a whole, or a constant.
pub(super) fn is_whole(tree: &Tree) -> bool {
    match tree.kind {
        "AConst" | "ColumnRef" | "ParamRef" => true,
        "TypeCast" => {
            let of = tree.one("type_name");
            let is_text = of.and_then(|of| of.name("names").pop()).is_some_and(|name| TYPES.contains(&name));
            let is_narrow = of.is_none_or(|of| of.has(&["typmods"]));
            tree.one("arg").is_some_and(|arg| arg.kind == "AConst" || is_text && !is_narrow && is_whole(arg))
        }
        "FuncCall" => {
            let mut args = tree.all("args");
            tree.name("funcname").pop().is_some_and(|name| FUNCTIONS.contains(&name))
                && args.next().is_some_and(is_whole)
                && args.next().is_none()
        }
        "AExpr" => {
            let is_of = |kind: AExprKind| tree.number("kind") == kind as i64;
            let is_kept =
                is_of(AExprKind::AexprNullif) || is_of(AExprKind::AexprOp) && tree.name("name") == ["||"];
            is_kept && ["lexpr", "rexpr"].into_iter().all(|side| tree.one(side).is_some_and(is_whole))
        }
        "CoalesceExpr" => tree.all("args").all(is_whole),
        "CaseExpr" => {
            let whens = tree.all("args").filter_map(|when| when.one("result"));
            whens.chain(tree.all("defresult")).all(is_whole)
        }
        _ => false,
    }
}
