//! Reads tables that are new without reading all others again: those on which nothing hangs, and that hang on nothing. What anything else
//! means is told by a whole reading alone.

use std::collections::HashMap;
use std::sync::Arc;

use mask::{Classes, ColumnId, FIRST_NORMAL_OID, is_document};
use session::Unknown;
use sql::added::Plain;
use sql::catalog::{Column, Relation};
use wire::{BodyError, backend};

use super::said::Said;
use super::{Snapshot, Texts, rows, samples, send, taken, told};
use crate::pipe::Pipe;

/// Most tables that are asked for by themselves.
const ASKED_MAX: usize = 200;

/// What asks is prepared by this name and a number: planning it takes three times as long as running it.
const PREPARED: &str = "picket_news_";

/// The tables that are asked for, by OIDs and names.
const WANTED: &str = "
    SELECT c.oid FROM pg_catalog.pg_class c
    WHERE (c.oid OPERATOR(pg_catalog.=) ANY ($1) OR c.relname OPERATOR(pg_catalog.=) ANY ($2))
      AND c.oid OPERATOR(pg_catalog.>=) 16384::oid
      AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'v', 'm', 'f', 'c']::\"char\"[])";

/// Their columns with what is said of them, and whether they are all that there is to it. A table with a check is not plain: asking for one waits
/// for whoever has the table for himself. Nor is one with a default, index or statistics of somebody's own functions, operators or types, or with
/// one that calls `set_config`.
const TABLES: &str = "
    SELECT w.oid, w.schema, w.name, w.row_type, w.is_plain, coalesce(a.attnum, 0::int2), coalesce(a.attname::text, ''),
           CASE t.typcategory WHEN 'S' THEN 25::oid ELSE coalesce(a.atttypid, 0::oid) END,
           CASE WHEN pg_catalog.length(s.description) OPERATOR(pg_catalog.<=) 80 THEN s.description ELSE '' END
    FROM (
        SELECT n.nspname::text AS schema, c.relname::text AS name, c.oid, c.reltype AS row_type,
               CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'r'::\"char\" AND NOT c.relispartition AND NOT c.relhassubclass AND NOT c.relhasrules
                     AND NOT c.relhastriggers AND NOT c.relrowsecurity AND c.reloftype OPERATOR(pg_catalog.=) 0::oid
                     AND c.relchecks OPERATOR(pg_catalog.=) 0::int2
                     AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i
                                     WHERE i.inhrelid OPERATOR(pg_catalog.=) c.oid OR i.inhparent OPERATOR(pg_catalog.=) c.oid)
                     AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                                     WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0::int2 AND NOT a.attisdropped
                                       AND (a.atttypid OPERATOR(pg_catalog.>=) 16384::oid OR a.attgenerated OPERATOR(pg_catalog.<>) ''::\"char\"))
                     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                                     WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid
                                       AND d.refobjid OPERATOR(pg_catalog.=) c.oid
                                       AND NOT (d.classid OPERATOR(pg_catalog.=) ANY (ARRAY['pg_catalog.pg_type'::regclass::oid, 'pg_catalog.pg_attrdef'::regclass::oid])
                                                OR d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_constraint'::regclass::oid AND EXISTS (
                                                       SELECT FROM pg_catalog.pg_constraint k
                                                       WHERE k.oid OPERATOR(pg_catalog.=) d.objid AND k.conrelid OPERATOR(pg_catalog.=) c.oid
                                                         AND k.contype OPERATOR(pg_catalog.=) ANY (ARRAY['n', 'p', 'u', 'x']::\"char\"[]))
                                                OR d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid AND EXISTS (
                                                       SELECT FROM pg_catalog.pg_class o
                                                       WHERE o.oid OPERATOR(pg_catalog.=) d.objid
                                                         AND o.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['i', 't', 'S']::\"char\"[]))))
                     AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                                     WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid
                                       AND k.contype OPERATOR(pg_catalog.<>) ALL (ARRAY['n', 'p', 'u', 'x']::\"char\"[]))
                     AND NOT EXISTS (SELECT FROM pg_catalog.pg_attrdef f
                                     WHERE f.adrelid OPERATOR(pg_catalog.=) c.oid AND CASE WHEN pg_catalog.pg_column_size(f.adbin) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN true
                                                ELSE f.adbin::text OPERATOR(pg_catalog.~~) '%:funcid 2078 %' END)
                     AND NOT EXISTS (SELECT FROM pg_catalog.pg_index x
                                     WHERE x.indrelid OPERATOR(pg_catalog.=) c.oid
                                       AND (x.indexprs IS NOT NULL OR x.indpred IS NOT NULL))
                     AND NOT EXISTS (SELECT FROM (
                                         SELECT 'pg_catalog.pg_class'::regclass::oid AS class, c.oid AS object
                                         UNION ALL
                                         SELECT 'pg_catalog.pg_attrdef'::regclass::oid, f.oid FROM pg_catalog.pg_attrdef f WHERE f.adrelid OPERATOR(pg_catalog.=) c.oid
                                         UNION ALL
                                         SELECT 'pg_catalog.pg_constraint'::regclass::oid, k.oid FROM pg_catalog.pg_constraint k WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid
                                         UNION ALL
                                         SELECT 'pg_catalog.pg_class'::regclass::oid, x.indexrelid FROM pg_catalog.pg_index x WHERE x.indrelid OPERATOR(pg_catalog.=) c.oid
                                     ) own
                                     JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) own.class AND d.objid OPERATOR(pg_catalog.=) own.object
                                     WHERE d.refobjid OPERATOR(pg_catalog.>=) 16384::oid
                                       AND d.refclassid OPERATOR(pg_catalog.<>) ALL (ARRAY[
                                           'pg_catalog.pg_class'::regclass::oid, 'pg_catalog.pg_constraint'::regclass::oid,
                                           'pg_catalog.pg_namespace'::regclass::oid]))
                    THEN 1 ELSE 0 END AS is_plain
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
        WHERE c.oid OPERATOR(pg_catalog.=) ANY (ARRAY(WANTED))
    ) w
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) w.oid
          AND a.attnum OPERATOR(pg_catalog.>) 0::int2 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
    LEFT JOIN pg_catalog.pg_description s ON s.objoid OPERATOR(pg_catalog.=) w.oid
          AND s.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid AND s.objsubid OPERATOR(pg_catalog.=) a.attnum::int4
    ORDER BY w.oid, a.attnum";

/// What a reading of some tables has told.
pub(super) enum News {
    /// What is asked for is not there yet, or as it was.
    Nothing,
    /// Something is gone that was read with all others: it is told as it was until all is read.
    Later,
    /// The snapshot with it, as `Snapshot::with` takes it.
    Read(Box<Snapshot>),
    /// All must be read.
    More,
}

/// All of what is asked for at once; `None` where that cannot be asked for by itself.
pub(super) fn together<'u>(all: impl Iterator<Item = Option<&'u Unknown>>) -> Option<Unknown> {
    let mut together = Unknown::default();
    for unknown in all {
        let Unknown { oids, names, altered } = unknown?;
        together.oids.extend(oids.iter().filter(|oid| FIRST_NORMAL_OID <= **oid));
        together.names.extend(names.iter().chain(altered).cloned());
        together.altered.extend(altered.iter().cloned());
    }
    let Unknown { oids, names, .. } = &mut together;
    oids.sort_unstable();
    oids.dedup();
    names.sort_unstable();
    names.dedup();
    // It is written into a string of the server's, whatever that takes a backslash for.
    let is_plain = |name: &String| !name.contains(['\'', '\\', '\0']);
    (oids.len() + names.len() <= ASKED_MAX && names.iter().all(is_plain)).then_some(together)
}

/// What is asked, of WANTED.
fn queries() -> [String; 4] {
    let [not_valid, columns, sequences] = rows::queries_about(WANTED);
    [TABLES.replace("WANTED", WANTED), not_valid, columns, sequences]
}

/// Prepares a connection for readings by themselves. A server that refuses it has all read.
///
/// # Errors
///
/// One sentence, where the server cannot be asked.
pub(super) async fn prepare(pipe: &mut Pipe) -> Result<(), String> {
    let queries = queries();
    let prepare = |(number, query)| format!("PREPARE {PREPARED}{number} (oid[], name[]) AS {query}");
    let prepares: Vec<String> = queries.iter().enumerate().map(prepare).collect();
    send(pipe, &prepares.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    for _ in prepares {
        taken(pipe, |_| Ok(())).await?;
    }
    Ok(())
}

/// Reads what `unknown` asks for.
///
/// # Errors
///
/// One sentence, where the server cannot be asked.
pub(super) async fn read(
    pipe: &mut Pipe,
    before: &Snapshot,
    unknown: &Unknown,
    said: &mut Said,
) -> Result<News, String> {
    let catalog = &*before.catalog;
    let mut altered = unknown.altered.iter().flat_map(|name| catalog.named(name));
    if altered.any(|relation| !catalog.has_added(relation.oid)) {
        return Ok(News::More);
    }
    // Something of somebody's own is for one of the server's own types: any table can have it.
    if catalog.implicit().subjects().iter().any(|oid| *oid < FIRST_NORMAL_OID) {
        return Ok(News::More);
    }
    let oids: Vec<String> = unknown.oids.iter().map(u32::to_string).collect();
    let names: Vec<String> = unknown.names.iter().map(|name| format!("'{name}'")).collect();
    let given = format!("('{{{}}}', ARRAY[{}]::name[])", oids.join(","), names.join(","));
    let queries: Vec<String> =
        (0..queries().len()).map(|number| format!("EXECUTE {PREPARED}{number}{given}")).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    send(pipe, &queries).await?;
    let (mut found, mut are_plain) = (Found::default(), true);
    told(pipe, |row| {
        are_plain &= found.add(row)?;
        Ok(())
    })
    .await?;
    let mut rows = rows::told_about(pipe).await?;
    if !are_plain {
        return Ok(News::More);
    }
    let Found { tables, comments } = found;
    let is_wanted =
        |relation: &&Relation| unknown.oids.contains(&relation.oid) || unknown.names.contains(&relation.name);
    let known = catalog.relations().filter(is_wanted).filter(|known| !tables.contains_key(&known.oid));
    let (gone, left): (Vec<u32>, Vec<u32>) =
        known.map(|relation| relation.oid).partition(|oid| catalog.has_added(*oid));
    let is_new = |(table, _): &&(Relation, u32)| {
        catalog.relation(table.oid) != Some(table) || unknown.altered.contains(&table.name)
    };
    let new: Vec<&(Relation, u32)> = tables.values().filter(is_new).collect();
    if new.is_empty() && gone.is_empty() {
        // What else went with it, a whole reading tells.
        return Ok(if left.is_empty() { News::Nothing } else { News::Later });
    }
    let added = new.iter().map(|(relation, row_type)| Plain {
        relation: relation.clone(),
        row_type: *row_type,
        rows: Arc::new(rows.remove(&relation.oid).unwrap_or_default()),
    });
    let Some(catalog) = catalog.with_added(added, &gone) else { return Ok(News::More) };
    let (mut classes, mut unsearched) = (before.classes.clone(), before.unsearched.clone());
    for (relation, _) in new {
        said.add(relation, &comments);
        classify(relation, said, &mut classes);
        for column in samples::open_columns(relation, &classes) {
            unsearched.insert(samples::id(relation, column), is_document(column.type_oid));
        }
    }
    Ok(News::Read(Box::new(Snapshot { catalog: Arc::new(catalog), classes, unsearched, ..before.clone() })))
}

/// Adds what names and comments say of the columns of a table. What was known of one stays.
fn classify(relation: &Relation, said: &Said, classes: &mut Classes) {
    for column in &relation.columns {
        let id = samples::id(relation, column);
        let class = said.class_by_name(&id, column).or_else(|| said.class_by_comment(&id, column));
        if let Some(class) = class {
            classes.entry(id).or_insert(class);
        }
    }
}

/// What the server has told of tables.
#[derive(Default)]
struct Found {
    /// With the types of their rows, by their OIDs.
    tables: HashMap<u32, (Relation, u32)>,
    comments: HashMap<ColumnId, String>,
}

impl Found {
    /// Adds one row of `TABLES`, and says whether it is of a plain table.
    fn add(&mut self, row: &[u8]) -> Result<bool, BodyError> {
        let mut row = Texts(backend::DataRow::read(row)?);
        let oid = row.number("relation")?;
        let (schema, name) = (row.text("schema")?, row.text("name")?);
        let (row_type, is_plain) = (row.number("type")?, row.number::<u8>("whether it is plain")? != 0);
        let column = Column {
            number: row.number("column number")?,
            name: row.text("column name")?,
            type_oid: row.number("type")?,
        };
        let comment = row.text("what is said")?;
        let (relation, _) = self
            .tables
            .entry(oid)
            .or_insert_with(|| (Relation { oid, schema, name, columns: Vec::new() }, row_type));
        if !comment.is_empty() {
            self.comments.insert(samples::id(relation, &column), comment);
        }
        if column.number != 0 {
            relation.columns.push(column);
        }
        Ok(is_plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(names: &[&str]) -> Option<Unknown> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        together([Some(&Unknown { oids: vec![20_000], names, altered: Vec::new() })].into_iter())
    }

    #[test]
    fn names_that_a_string_cannot_have_as_they_are_have_all_read() {
        assert!(asked(&["new", "With \" and spaces"]).is_some());
        for name in ["it's", "back\\slash", "zero\0"] {
            assert!(asked(&[name]).is_none(), "{name}");
        }
    }

    #[test]
    fn who_asks_for_more_than_some_tables_has_all_read() {
        let all: Vec<Unknown> =
            (0..=200).map(|oid| Unknown { oids: vec![20_000 + oid], ..Unknown::default() }).collect();
        assert!(together(all.iter().map(Some)).is_none());
        assert!(together(all.iter().take(100).map(Some)).is_some());
        assert!(together([all.first(), None].into_iter()).is_none());
    }
}
