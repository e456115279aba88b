//! What a statement takes out of documents of which nobody knows what is in them: only keys tell.

use mask::{ColumnId, is_sensitive_key};
use sql::Statement;
use sql::catalog::{Column, Relation};
use sql::facts::RelationUse;

use crate::shown::{Known, is_system};

/// Whether it takes something out by keys that say that it is sensitive.
pub(crate) fn takes_by_keys(
    statement: &Statement,
    known: &Known<'_>,
    is_left_out: impl Fn(&str) -> bool,
) -> bool {
    let is_sensitive = |key: &String| key.is_empty() || is_sensitive_key(key);
    statement.keys.iter().any(is_sensitive) && reads(statement, known, is_left_out, |_| true)
}

/// Whether it takes members apart from their keys, where nobody has seen any document.
pub(crate) fn takes_apart(
    statement: &Statement,
    known: &Known<'_>,
    is_left_out: impl Fn(&str) -> bool,
) -> bool {
    statement.calls().any(sql::takes_apart) && reads(statement, known, is_left_out, |is_unread| is_unread)
}

/// Whether it looks for paths in them by which something sensitive is found; `text` is its own.
pub(crate) fn looks_for(text: &str, statement: &Statement, known: &Known<'_>) -> bool {
    let is_sensitive = |key: &String| key.is_empty() || is_sensitive_key(key);
    sql::compared_keys(text).iter().any(is_sensitive) && reads(statement, known, |_| false, |_| true)
}

/// Names of relations with such columns, and of these columns: of a relation that the catalog does not show, all that the statement names.
pub(crate) fn documents(statement: &Statement, known: &Known<'_>) -> Vec<(String, Vec<String>)> {
    let Known { catalog, unsearched: Some(unsearched), .. } = known else { return Vec::new() };
    let id =
        |relation: &Relation, column: &Column| ColumnId { table_oid: relation.oid, number: column.number };
    let used = statement.relations.iter().filter(|used| !statement.is_cte(used));
    let used = used.map(|used| (used.schema.as_deref(), used.name.as_str()));
    let names = used.chain(statement.mentions.iter().map(|name| (None, name.as_str())));
    let of = |(schema, name): (Option<&str>, &str)| {
        let mut columns = Vec::new();
        let mut named = catalog.named_in(schema, name).peekable();
        if named.peek().is_none() && !is_system(schema, name, catalog) {
            columns.extend(statement.columns.iter().filter_map(|used| used.name.clone()));
        }
        for relation in named.flat_map(|relation| catalog.with_underlying(relation)) {
            let unread = relation.columns.iter().filter(|own| unsearched.contains_key(&id(relation, own)));
            columns.extend(unread.map(|column| column.name.clone()));
        }
        (name.to_owned(), columns)
    };
    names.map(of).filter(|(_, columns)| !columns.is_empty()).collect()
}

/// Whether it names a relation with such columns of which nothing more than their names is known, or one that the catalog does not show.
fn reads(
    statement: &Statement,
    known: &Known<'_>,
    is_left_out: impl Fn(&str) -> bool,
    is_such: impl Fn(bool) -> bool,
) -> bool {
    let Known { catalog, unsearched, .. } = known;
    let is_unsearched = |relation: &Relation, column: &Column| {
        let id = ColumnId { table_oid: relation.oid, number: column.number };
        unsearched.and_then(|columns| columns.get(&id)).is_some_and(|is_unread| is_such(*is_unread))
    };
    let has_some = |relation: &Relation| {
        let mut all = catalog.with_underlying(relation).into_iter();
        all.any(|relation| relation.columns.iter().any(|column| is_unsearched(relation, column)))
    };
    let is_unknown = |schema: Option<&str>, name: &str| {
        let mut named = catalog.named_in(schema, name);
        !is_system(schema, name, catalog) && named.all(|relation| catalog.is_new(relation))
    };
    let used = statement.relations.iter().filter(|used| !statement.is_cte(used));
    let names = |used: &RelationUse| {
        let (schema, name) = (used.schema.as_deref(), used.name.as_str());
        !is_left_out(name) && (is_unknown(schema, name) || catalog.named_in(schema, name).any(&has_some))
    };
    let within = statement.mentions.iter().filter(|name| !is_left_out(name));
    unsearched.is_some()
        && (used.into_iter().any(names)
            || statement.looked_up.iter().any(|name| !is_left_out(name) && is_unknown(None, name))
            || within.into_iter().any(|name| catalog.named(name).any(&has_some)))
}
