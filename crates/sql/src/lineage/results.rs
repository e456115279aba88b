//! What a query gives back, and what its columns can be called.

use super::mentions::Mentions;
use crate::tree::{Child, Tree};

/// Names that PostgreSQL gives to columns that have none (parse_target.c, `FigureColname`), besides those in the expression.
pub(super) const DEFAULT_NAMES: [&str; 17] = [
    "?column?",
    "array",
    "case",
    "coalesce",
    "exists",
    "greatest",
    "grouping",
    "least",
    "nullif",
    "row",
    "xmlconcat",
    "xmlelement",
    "xmlforest",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
];

/// Those that it gives to what has a grammar of its own (there too), by the nodes that these become.
const WORDS: [(&str, &[&str]); 10] = [
    ("JsonArrayAgg", &["json_arrayagg"]),
    ("JsonArrayConstructor", &["json_array"]),
    ("JsonArrayQueryConstructor", &["json_array"]),
    ("JsonFuncExpr", &["json_exists", "json_query", "json_value"]),
    ("JsonObjectAgg", &["json_objectagg"]),
    ("JsonObjectConstructor", &["json_object"]),
    ("JsonParseExpr", &["json"]),
    ("JsonScalarExpr", &["json_scalar"]),
    ("JsonSerializeExpr", &["json_serialize"]),
    ("MergeSupportFunc", &["merge_action"]),
];

/// What a query gives back. The target list of a write is what it assigns.
pub(super) fn results(query: &Tree) -> Vec<&Tree> {
    match query.kind {
        "SelectStmt" => query.all("target_list").collect(),
        _ => {
            let returning = query.one("returning_clause").into_iter().flat_map(|clause| clause.all("exprs"));
            query.all("returning_list").chain(returning).collect()
        }
    }
}

pub(super) fn mentions_of_results(query: &Tree) -> Mentions {
    let mut mentions = Mentions::default();
    match query.kind {
        "SelectStmt" => mentions.take_select(query),
        _ => results(query).into_iter().for_each(|target| mentions.take(target)),
    }
    mentions
}

/// The names that a target can get.
pub(super) fn names(target: &Tree) -> Vec<String> {
    match target.text("name") {
        "" => {
            let mut names = DEFAULT_NAMES.map(str::to_owned).into();
            value_names(target.one("val").unwrap_or(target), &mut names);
            names
        }
        name => vec![name.to_owned()],
    }
}

/// What PostgreSQL can call a value after what is in it (parse_target.c, `FigureColnameInternal`), or more.
fn value_names(value: &Tree, into: &mut Vec<String>) {
    match value.kind {
        // These are not called after what they are given.
        "AExpr" => {}
        "FuncCall" => into.extend(value.name("funcname").pop().map(str::to_owned)),
        // The column of its query; what is no value of one (EXISTS, ARRAY, ANY) is called after its kind.
        "SubLink" if !value.all("subselect").any(has_star) => {
            let mut columns = Vec::new();
            value.all("subselect").for_each(|query| result_names(query, &mut columns));
            into.extend(columns.into_iter().next().unwrap_or_default());
        }
        "TypeCast" => {
            value.all("type_name").for_each(|name| strings(name, into));
            value.all("arg").for_each(|value| value_names(value, into));
        }
        _ => strings(value, into),
    }
}

/// Every name below: functions, types, columns, constants of XML and JSON.
pub(super) fn strings(tree: &Tree, into: &mut Vec<String>) {
    for (_, child) in tree.children() {
        match child {
            Child::Node(node) => strings(node, into),
            Child::Text(text) => into.extend([text.to_owned(), text.to_ascii_lowercase()]),
            Child::Number(_) => {}
        }
    }
    if tree.kind == "String" {
        into.push(tree.text("sval").to_owned());
    } else {
        into.extend(words(tree).map(str::to_owned));
    }
}

/// What PostgreSQL can call what such a node gives.
pub(super) fn words(node: &Tree) -> impl Iterator<Item = &'static str> {
    WORDS.iter().filter(|(kind, _)| *kind == node.kind).flat_map(|(_, words)| words.iter().copied())
}

pub(super) fn is_star(target: &Tree) -> bool {
    let is_of_value = |value: &Tree| {
        value.kind == "AIndirection" && value.all("indirection").any(|field| field.kind == "AStar")
    };
    is_plain_star(target) || target.one("val").is_some_and(is_of_value)
}

/// `*` or `alias.*`.
pub(super) fn is_plain_star(target: &Tree) -> bool {
    let is_star =
        |value: &Tree| value.kind == "ColumnRef" && value.all("fields").any(|field| field.kind == "AStar");
    target.one("val").is_some_and(is_star)
}

pub(super) fn alias_names(alias: &Tree) -> Vec<String> {
    let columns = alias.name("colnames").into_iter().map(str::to_owned);
    std::iter::once(alias.text("aliasname").to_owned()).chain(columns).collect()
}

/// The names that each column of a query can have, in order.
pub(super) fn result_names(query: &Tree, into: &mut Vec<Vec<String>>) {
    match query.one("larg") {
        Some(first) => result_names(first, into),
        None => into.extend(results(query).into_iter().map(names)),
    }
    if let Some(row) = query.one("values_lists") {
        into.extend(
            (1..).zip(row.all("items")).map(|(number, _): (usize, _)| vec![format!("column{number}")]),
        );
    }
}

/// The queries that UNION and the like put together, in order.
pub(super) fn arms(query: &Tree) -> Vec<&Tree> {
    let (mut open, mut arms) = (vec![query], Vec::new());
    while let Some(query) = open.pop() {
        match (query.one("larg"), query.one("rarg")) {
            (Some(first), Some(second)) => open.extend([second, first]),
            _ => arms.push(query),
        }
    }
    arms
}

/// What flows into each column of a query, in order.
pub(super) fn branches(query: &Tree) -> Vec<Mentions> {
    if let (Some(first), Some(second)) = (query.one("larg"), query.one("rarg")) {
        let mut all = branches(first);
        for (mentions, more) in all.iter_mut().zip(branches(second)) {
            mentions.add(more);
        }
        return all;
    }
    let mut all: Vec<Mentions> = results(query).into_iter().map(Mentions::of).collect();
    for row in query.all("values_lists") {
        for (at, value) in row.all("items").enumerate() {
            match all.get_mut(at) {
                Some(mentions) => mentions.add(Mentions::of(value)),
                None => all.push(Mentions::of(value)),
            }
        }
    }
    all
}

pub(super) fn has_star(query: &Tree) -> bool {
    let within = query.all("larg").chain(query.all("rarg"));
    results(query).into_iter().any(is_star) || within.into_iter().any(has_star)
}
