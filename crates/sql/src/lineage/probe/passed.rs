//! What is only run where a value says so: arguments of COALESCE, AND and OR behind one that decides.

use pg_query::protobuf::BoolExprType;

use super::{Probes, failing};
use crate::tree::Tree;

impl Probes<'_> {
    /// Whether an argument of this decides, by a part of a hidden value, whether something runs behind it.
    pub(super) fn decides(&self, tree: &Tree, arg: &Tree) -> bool {
        let is_passed = match tree.kind {
            "CoalesceExpr" => !self.is_null_as_column(arg),
            "BoolExpr" => tree.number("boolop") != BoolExprType::NotExpr as i64,
            _ => false,
        };
        let mut others = tree.all("args").filter(|other| !std::ptr::eq(*other, arg));
        is_passed && !failing::is_bare(arg) && self.is_hidden(arg) && others.any(runs)
    }
}

/// Whether it runs something.
fn runs(tree: &Tree) -> bool {
    matches!(tree.kind, "FuncCall" | "SubLink") || tree.nodes().any(runs)
}
