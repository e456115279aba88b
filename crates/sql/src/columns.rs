//! Names of all columns that a statement could read or change, in whichever words, for policies that look at columns. Too many
//! where nobody can tell, never too few.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Column, Relation};
use crate::facts::{Access, ColumnUse, Effect, Object, RelationUse, Statement};
use crate::temporary;
use crate::touched::{means, means_all, qualifies};

/// Columns of a statement, whichever relation they are of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReachedColumns {
    /// Their names; `*` for all.
    pub names: BTreeSet<String>,
    /// It could reach others, of a relation that the catalog does not show.
    pub some_unknown: bool,
}

/// Columns that `statement` names, those of rows that it means as a whole, those that views read which it reads, and those that what it
/// reads is generated of, or that are generated of what it writes. Where the catalog has no relation at all, a relation is taken for one
/// with the columns that are named.
pub fn reached_columns(statement: &Statement, catalog: &Catalog) -> ReachedColumns {
    let mut reached = ReachedColumns::default();
    let named = statement.columns.iter().map(|column| column.name.clone().unwrap_or_else(|| "*".to_owned()));
    reached.names.extend(named);
    reached.names.extend(statement.objects.iter().filter_map(|object| match object {
        Object::Column(name) => Some(name.clone()),
        _ => None,
    }));
    let knows = catalog.relations().next().is_some();
    for used in &statement.relations {
        let found: Vec<&Relation> = catalog.named_in(used.schema.as_deref(), &used.name).collect();
        if found.iter().all(|relation| catalog.is_new(relation)) {
            reached.some_unknown |= !is_harmless(used, statement) && (knows || means_row(used, statement));
        }
        for relation in found {
            reached.add(relation, used, statement, catalog);
            for below in catalog.with_underlying(relation).into_iter().skip(1) {
                let shown = below.columns.iter().filter(|column| {
                    may_show(catalog, relation, below, column)
                        || used.access == Access::Write && may_give(catalog, relation, below, column)
                });
                reached.names.extend(shown.map(|column| column.name.clone()));
            }
        }
    }
    // What a body of plpgsql reads is not read.
    for relation in statement.mentions.iter().flat_map(|name| catalog.named(name)) {
        catalog.with_underlying(relation).into_iter().for_each(|relation| reached.add_all(relation));
    }
    reached
}

/// Whether `statement` reads rows of a relation as it uses it.
pub fn reads_rows(statement: &Statement, used: &RelationUse) -> bool {
    used.access == Access::Read || statement.reads_what_it_writes()
}

/// Whether it reads this column of a relation, by whichever words.
pub fn reads_column(statement: &Statement, used: &RelationUse, relation: &Relation, column: &str) -> bool {
    let names = |named: &ColumnUse| !named.is_target && means(named, used, relation, column);
    reads_rows(statement, used)
        && (used.whole && used.access == Access::Read
            || statement.columns.iter().any(|named| names(named) || means_all(named, used, relation))
            || returns_row(used, relation, statement))
}

/// Whether it gives this column of a relation a value by this effect.
pub fn writes_column(
    statement: &Statement,
    effect: Effect,
    used: &RelationUse,
    relation: &Relation,
    column: &str,
) -> bool {
    let named = |is_meant: fn(&ColumnUse) -> bool| {
        statement.columns.iter().any(|named| is_meant(named) && means(named, used, relation, column))
    };
    let is_assigned = || statement.assigned.iter().any(|assigned| assigned == column);
    match effect {
        Effect::CopyIn => used.whole || named(|_| true),
        Effect::Insert => used.whole || named(|named| named.is_target),
        Effect::Merge => used.whole || is_assigned(),
        Effect::Update => is_assigned(),
        _ => false,
    }
}

/// Whether a definition or grant is about this column of a relation.
pub fn names_column(statement: &Statement, used: &RelationUse, relation: &Relation, column: &str) -> bool {
    let is_object = |object: &Object| matches!(object, Object::Column(name) if name == column);
    statement.objects.iter().any(is_object)
        || statement.columns.iter().any(|named| means(named, used, relation, column))
}

/// Relations that hold rows of `relation`, or that it makes its rows of, without itself. Of what it is a part of, and of its own
/// parts, columns are the same by their names (`true`); of what a view reads nobody can tell which one is shown.
pub fn rows_of<'c>(catalog: &'c Catalog, relation: &'c Relation) -> Vec<(&'c Relation, bool)> {
    let mut found = vec![(relation, true)];
    let mut at = 0;
    while let Some((of, same)) = found.get(at).copied() {
        for below in catalog.below(of) {
            if found.iter().all(|(known, _)| known.oid != below.oid) {
                found.push((below, same && catalog.is_part(of.oid, below.oid)));
            }
        }
        at += 1;
    }
    let parts = catalog.parts_within(relation);
    found.extend(parts.into_iter().map(|(of, part, _)| (part, of.oid == relation.oid)));
    found.remove(0);
    found
}

/// Whether a relation, or what it is made of, can show this column of what is below it, or one that is generated of it: views say which
/// they read.
pub fn may_show(catalog: &Catalog, relation: &Relation, below: &Relation, column: &Column) -> bool {
    let shows = |column: &Column| may_read(catalog, relation, below, column.number);
    shows(column) || catalog.results(below, column).any(shows)
}

/// Whether what is written to a relation can give this column of what is below it a value: where it reads that, or what it is generated of.
pub fn may_give(catalog: &Catalog, relation: &Relation, below: &Relation, column: &Column) -> bool {
    let reads = |column: &Column| may_read(catalog, relation, below, column.number);
    reads(column) || catalog.sources(below, column).any(reads)
}

fn may_read(catalog: &Catalog, relation: &Relation, below: &Relation, column: i16) -> bool {
    let mut readers = catalog
        .with_underlying(relation)
        .into_iter()
        .filter(|of| catalog.below(of).any(|read| read.oid == below.oid))
        .peekable();
    // Parts of what is below hold its rows.
    readers.peek().is_none() || readers.any(|of| !catalog.hides_column(of.oid, below.oid, column))
}

impl ReachedColumns {
    fn add(&mut self, relation: &Relation, used: &RelationUse, statement: &Statement, catalog: &Catalog) {
        if relation.columns.is_empty() {
            self.some_unknown |= means_row(used, statement);
            return;
        }
        let every = is_whole(used, statement)
            || statement.columns.iter().any(|column| means_all(column, used, relation))
            || returns_row(used, relation, statement);
        let is_meant = |column: &Column| {
            statement.columns.iter().any(|named| means(named, used, relation, &column.name))
        };
        let columns = relation.columns.iter().filter(|column| {
            every
                || is_meant(column)
                || catalog.results(relation, column).any(is_meant)
                || used.access == Access::Write && catalog.sources(relation, column).any(is_meant)
        });
        self.names.extend(columns.map(|column| column.name.clone()));
    }

    fn add_all(&mut self, relation: &Relation) {
        self.names.extend(relation.columns.iter().map(|column| column.name.clone()));
    }
}

/// A common table expression, one of PostgreSQL's own relations or of the session's temporary ones.
fn is_harmless(used: &RelationUse, statement: &Statement) -> bool {
    match used.schema.as_deref() {
        Some(schema) => matches!(schema, "pg_catalog" | "information_schema" | temporary::SCHEMA),
        None => {
            used.name.starts_with("pg_")
                || statement.ctes.contains(&used.name)
                || statement.temporary.contains(&used.name)
        }
    }
}

/// A DELETE means whole rows, and reads none of their columns that it does not name.
fn is_whole(used: &RelationUse, statement: &Statement) -> bool {
    let changes = |effect: &Effect| {
        !matches!(effect, Effect::Delete | Effect::Select | Effect::Explain | Effect::Prepare)
    };
    used.whole && (used.access == Access::Read || statement.effects.iter().any(changes))
}

/// Whether whole rows of a relation are meant of which no columns are known.
fn means_row(used: &RelationUse, statement: &Statement) -> bool {
    let called = used.alias.as_ref().unwrap_or(&used.name);
    let is_row = |column: &ColumnUse| match (&column.name, column.qualifier.as_slice()) {
        (None, qualifier) => qualifier.last().is_none_or(|name| name == called),
        (Some(name), []) => name == called,
        (Some(_), _) => false,
    };
    is_whole(used, statement) || statement.columns.iter().any(is_row)
}

/// Whether RETURNING gives a row under a name that is none of a relation or column: `old`, `new`, or what these are called.
fn returns_row(used: &RelationUse, relation: &Relation, statement: &Statement) -> bool {
    let is_other = |column: &ColumnUse| match (&column.name, column.qualifier.as_slice()) {
        (None, [_]) => !qualifies(&column.qualifier, used, relation),
        (Some(name), []) => relation.columns.iter().all(|own| own.name != *name),
        _ => false,
    };
    statement.returns && used.access == Access::Write && statement.columns.iter().any(is_other)
}
