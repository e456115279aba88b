//! Resolves the names in a statement to the relations and columns of a catalog, for the record.
//! Where a name could mean several, all are told: evidence may say too much, never too little.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Relation};
use crate::facts::{Access, ColumnUse, RelationUse, Statement};
use crate::search_path::SearchPath;

/// Most parts of a relation that are named with it.
const PARTS_MAX: usize = 100;

/// What a statement names, with schemas. Each list is sorted and without repetition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// `schema.relation`.
    pub read: Vec<String>,
    /// `schema.relation`.
    pub written: Vec<String>,
    /// `schema.relation.column`.
    pub columns: Vec<String>,
}

impl Touched {
    /// Adds what something else names.
    pub fn extend(&mut self, other: &Touched) {
        let lists = [
            (&mut self.read, &other.read),
            (&mut self.written, &other.written),
            (&mut self.columns, &other.columns),
        ];
        for (own, more) in lists {
            own.extend(more.iter().cloned());
            own.sort_unstable();
            own.dedup();
        }
    }
}

/// Resolves `statement`, and what it reaches, in `catalog`. A relation that the catalog does not have keeps the name it was
/// given.
pub fn touched(statement: &Statement, catalog: &Catalog) -> Touched {
    touched_with(statement, catalog, |used| catalog.named_in(used.schema.as_deref(), &used.name).collect())
}

/// The same where these names in it are looked for on this path.
pub fn touched_by_path(
    statement: &Statement,
    catalog: &Catalog,
    path: &SearchPath,
    names: &BTreeSet<String>,
) -> Touched {
    touched_with(statement, catalog, |used| {
        let found = catalog.named_in(used.schema.as_deref(), &used.name).collect();
        let is_looked_for = used.schema.is_none() && names.contains(&used.name);
        if is_looked_for { path.meant(found, catalog) } else { found }
    })
}

fn touched_with<'a>(
    statement: &Statement,
    catalog: &'a Catalog,
    meant: impl Fn(&RelationUse) -> Vec<&'a Relation>,
) -> Touched {
    let mut touched = Touched::default();
    touched.add(statement, catalog, meant);
    for reached in &statement.reached {
        touched.add(&reached.does, catalog, |used| {
            catalog.named_in(used.schema.as_deref(), &used.name).collect()
        });
    }
    for list in [&mut touched.read, &mut touched.written, &mut touched.columns] {
        list.sort_unstable();
        list.dedup();
    }
    touched
}

impl Touched {
    fn add<'a>(
        &mut self,
        statement: &Statement,
        catalog: &'a Catalog,
        meant: impl Fn(&RelationUse) -> Vec<&'a Relation>,
    ) {
        let mut resolved: Vec<(&RelationUse, &Relation)> = Vec::new();
        for used in statement.relations.iter().filter(|used| !statement.is_cte(used)) {
            let before = resolved.len();
            resolved.extend(meant(used).into_iter().map(|relation| (used, relation)));
            let names = match used.access {
                Access::Read => &mut self.read,
                Access::Write => &mut self.written,
            };
            match resolved.get(before..) {
                Some(found) if !found.is_empty() => {
                    let all = found.iter().flat_map(|(_, relation)| catalog.with_underlying(relation));
                    names.extend(all.flat_map(|relation| with_parts(relation, catalog)).map(Relation::path));
                }
                _ if used.schema.is_none() && statement.ctes.contains(&used.name) => {}
                _ => names.push(used.path()),
            }
        }
        let mentioned = statement.mentions.iter().flat_map(|name| catalog.named(name));
        let mentioned = mentioned.flat_map(|known| catalog.with_underlying(known));
        self.read.extend(mentioned.flat_map(|known| with_parts(known, catalog)).map(Relation::path));
        for (used, relation) in &resolved {
            let every =
                used.whole || statement.columns.iter().any(|column| means_all(column, used, relation));
            for column in &relation.columns {
                if every || statement.columns.iter().any(|named| means(named, used, relation, &column.name)) {
                    self.columns.push(format!("{}.{}", relation.path(), column.name));
                }
            }
        }
    }
}

/// A relation, and its parts, whose rows are read and written by its name; of very many no record has them all.
fn with_parts<'c>(relation: &'c Relation, catalog: &'c Catalog) -> impl Iterator<Item = &'c Relation> {
    let parts = catalog.parts(relation.oid);
    let named = if parts.len() <= PARTS_MAX { parts } else { Vec::new() };
    std::iter::once(relation).chain(named.into_iter().filter_map(|part| catalog.relation(part.part)))
}

/// Whether a qualifier can mean this relation as this statement uses it.
pub(crate) fn qualifies(qualifier: &[String], used: &RelationUse, relation: &Relation) -> bool {
    match qualifier {
        [] => true,
        [name] => used.alias.as_ref().unwrap_or(&used.name) == name,
        // It can have another name than the catalog says.
        [.., schema, name] => {
            let is_its = relation.schema == *schema || used.schema.as_ref() == Some(schema);
            used.name == *name && (is_its || relation.name != *name)
        }
    }
}

/// What every table has beside its own columns.
pub(crate) const SYSTEM_COLUMNS: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// `*`, `alias.*`, the whole row by its name (`row_to_json(u)`), or `u.name` where there is no such column: then it is
/// `name(u)`.
pub(crate) fn means_all(column: &ColumnUse, used: &RelationUse, relation: &Relation) -> bool {
    match &column.name {
        None => qualifies(&column.qualifier, used, relation),
        Some(name) => {
            let is_row = match column.qualifier.as_slice() {
                [] => used.alias.as_ref().unwrap_or(&used.name) == name,
                qualifier => qualifies(qualifier, used, relation) && !SYSTEM_COLUMNS.contains(&name.as_str()),
            };
            is_row && relation.columns.iter().all(|own| own.name != *name)
        }
    }
}

pub(crate) fn means(named: &ColumnUse, used: &RelationUse, relation: &Relation, column: &str) -> bool {
    named.name.as_deref() == Some(column) && qualifies(&named.qualifier, used, relation)
}
