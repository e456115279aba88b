//! What the names of what a statement touches mean: which relations they can be, and which of its columns are sensitive. For
//! whoever is asked to approve it.

use mask::{Class, Classes};
use sql::catalog::Relation;
use sql::{Catalog, Touched};

use crate::shown::classed;

/// `pg_class.oid` of what the names of relations in it can mean.
pub(crate) fn meant(touched: &Touched, catalog: &Catalog) -> Vec<u32> {
    let mut meant: Vec<u32> = named(touched, catalog).map(|relation| relation.oid).collect();
    meant.sort_unstable();
    meant.dedup();
    meant
}

/// The sensitive columns among those that it touches, as `schema.relation.column`, each with what it holds.
pub(crate) fn classes(touched: &Touched, catalog: &Catalog, classes: &Classes) -> Vec<(String, Class)> {
    let mut found: Vec<(String, Class)> = named(touched, catalog)
        .flat_map(|relation| {
            let path = relation.path();
            classed(relation, classes).map(move |(column, class)| (format!("{path}.{}", column.name), class))
        })
        .filter(|(column, _)| touched.columns.binary_search(column).is_ok())
        .collect();
    found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    found.dedup();
    found
}

/// What the names of relations in it can mean. Names can have dots in them.
fn named<'a>(touched: &'a Touched, catalog: &'a Catalog) -> impl Iterator<Item = &'a Relation> {
    let Touched { read, written, columns: _ } = touched;
    let names = read.iter().chain(written).flat_map(|path| {
        path.match_indices('.').map(|(dot, _)| path.get(dot + 1..).unwrap_or_default()).chain([path.as_str()])
    });
    names.flat_map(|name| catalog.named(name))
}
