//! Names what `*` stands for, so that it is told whose columns it has.

use crate::tree::{Child, Tree};

/// Puts `a.*, b.*` in the place of each `*`, where all that it stands for has a name: whose columns it has is told by that.
pub(super) fn name_stars(tree: &mut Tree) {
    let sources: Option<Vec<String>> = match tree.kind {
        "SelectStmt" => named(tree.all("from_clause")),
        "DeleteStmt" | "InsertStmt" | "UpdateStmt" => {
            let beside = tree.all("from_clause").chain(tree.all("using_clause"));
            named(tree.all("relation").chain(beside))
        }
        _ => None,
    };
    for (field, child) in tree.children_mut() {
        let Child::Node(node) = child else { continue };
        if *field == "returning_clause"
            && let Some(sources) = &sources
        {
            name_stars_in(node, "exprs", sources);
        }
        name_stars(node);
    }
    if let Some(sources) = &sources {
        name_stars_in(tree, "target_list", sources);
    }
}

fn name_stars_in(tree: &mut Tree, list: &'static str, sources: &[String]) {
    let is_star = |target: &Tree| {
        let value = target.one("val").filter(|value| value.kind == "ColumnRef");
        value.is_some_and(|value| value.nodes().all(|field| field.kind == "AStar"))
    };
    let children = std::mem::take(tree.children_mut());
    for (field, child) in children {
        match child {
            Child::Node(target) if field == list && is_star(&target) => {
                for source in sources {
                    let mut name = Tree::new("String");
                    name.push("sval", Child::Text(source.clone()));
                    let mut value = Tree::new("ColumnRef");
                    value.push("fields", Child::Node(name));
                    value.push("fields", Child::Node(Tree::new("AStar")));
                    let mut target = Tree::new("ResTarget");
                    target.push("val", Child::Node(value));
                    tree.push(list, Child::Node(target));
                }
            }
            child => tree.children_mut().push((field, child)),
        }
    }
}

/// Names of what stands in a FROM; `None` where something there has none.
fn named<'t>(items: impl Iterator<Item = &'t Tree>) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut open: Vec<&Tree> = items.collect();
    open.reverse();
    while let Some(item) = open.pop() {
        let alias = item.one("alias");
        match item.kind {
            "JoinExpr" if alias.is_none() => {
                open.extend(item.all("rarg").chain(item.all("larg")));
            }
            "RangeVar" | "RangeSubselect" => {
                let name = alias.map_or(item.text("relname"), |alias| alias.text("aliasname"));
                names.push(Some(name.to_owned()).filter(|name| !name.is_empty())?);
            }
            _ => return None,
        }
    }
    Some(names).filter(|names| !names.is_empty())
}
