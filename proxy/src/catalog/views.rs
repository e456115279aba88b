//! Which columns of views show values of sensitive columns: their definitions tell.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::thread;

use mask::{Class, Classes, ColumnId, Unsearched, is_document};
use session::{STATISTICS, STATISTICS_FUNCTIONS, classed};
use sql::catalog::Relation;
use sql::{Catalog, Shows, ViewOptions};
use wire::backend;

use super::corrections::Pinned;
use super::{Locked, Snapshot, Texts, ask, ask_about, samples};
use crate::pipe::Pipe;

/// Views that call functions which users made, or have operators of theirs.
const CALLING: &str = "
    SELECT r.ev_class
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_depend d ON d.objid OPERATOR(pg_catalog.=) r.oid
    WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::regclass::oid
      AND d.refclassid OPERATOR(pg_catalog.=) ANY (ARRAY['pg_catalog.pg_proc'::regclass::oid, 'pg_catalog.pg_operator'::regclass::oid])
      AND d.refobjid OPERATOR(pg_catalog.>=) 16384::oid
      AND r.ev_class OPERATOR(pg_catalog.>=) 16384::oid
      AND r.ev_type OPERATOR(pg_catalog.=) '1'::\"char\"";

/// Views that read PostgreSQL's own relations of these names, or call its functions of these: no dependency is kept of what every
/// database has (pg_depend), but the view's own tree names it (pg_rewrite.h). A tree of over 100,000 bytes, compressed as it is kept, is not
/// read: a short text can make one of hundreds of megabytes (`SELECT * FROM wide UNION ALL …`), and a regular expression takes four times
/// that, of at most one gigabyte. Such a view may be one of them.
const ON_STATISTICS: &str = "
    SELECT r.ev_class
    FROM pg_catalog.pg_rewrite r
    WHERE r.ev_class OPERATOR(pg_catalog.>=) 16384::oid
      AND r.ev_type OPERATOR(pg_catalog.=) '1'::\"char\"
      AND CASE WHEN pg_catalog.pg_column_size(r.ev_action) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN true
          ELSE r.ev_action::text OPERATOR(pg_catalog.~) (
              SELECT pg_catalog.concat(':(relid|funcid) (', pg_catalog.string_agg(pg_catalog.concat(o.oid), '|'), ') ')
              FROM (
                  SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relname OPERATOR(pg_catalog.=) ANY ('{RELATIONS}'::name[])
                  UNION
                  SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.proname OPERATOR(pg_catalog.=) ANY ('{FUNCTIONS}'::name[])
              ) o) END";

/// Options by which views keep something from those who use them.
const OPTIONS: &str = "
    SELECT c.oid, o.option_name, coalesce(o.option_value, 'true')
    FROM pg_catalog.pg_class c
    CROSS JOIN LATERAL pg_catalog.pg_options_to_table(c.reloptions) o
    WHERE c.oid OPERATOR(pg_catalog.>=) 16384::oid AND c.relkind OPERATOR(pg_catalog.=) 'v'::\"char\"";

/// What is longer than a message may be is not read.
pub(super) const DEFINITIONS: &str = "
    SELECT v.oid, CASE WHEN pg_catalog.octet_length(v.definition) OPERATOR(pg_catalog.<=) 48000 THEN v.definition ELSE '' END
    FROM (
        SELECT c.oid, CASE WHEN pg_catalog.pg_column_size(r.ev_action) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN ''
                           ELSE coalesce(pg_catalog.pg_get_viewdef(c.oid), '') END AS definition
        FROM pg_catalog.pg_class c
        LEFT JOIN pg_catalog.pg_rewrite r ON r.ev_class OPERATOR(pg_catalog.=) c.oid AND r.ev_type OPERATOR(pg_catalog.=) '1'::\"char\"
        WHERE c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['v', 'm']::\"char\"[])
          AND c.oid OPERATOR(pg_catalog.=) ANY ('{OIDS}'::oid[])
    ) v";

/// What changes when a view is put in the place of another. A materialised one cannot be.
const VERSIONS: &str = "
    SELECT r.ev_class, pg_catalog.concat(r.xmin, r.ctid)
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) r.ev_class AND c.relkind OPERATOR(pg_catalog.=) 'v'::\"char\"
    WHERE r.ev_type OPERATOR(pg_catalog.=) '1'::\"char\" AND r.ev_class OPERATOR(pg_catalog.=) ANY ('{OIDS}'::oid[])";

/// What was found of views.
#[derive(Default)]
pub(super) struct Shown {
    /// Columns that have records of columns of tables as they are.
    pub(super) records: Vec<(u32, i16)>,
    /// Columns whose values are no whole values of others.
    pub(super) cut: Vec<(u32, i16)>,
    /// Views that may show something sensitive and were not looked at.
    pub(super) held: Vec<u32>,
}

/// The options of views, by their OIDs.
///
/// # Errors
///
/// One sentence, where the server cannot be asked.
pub(super) async fn options(pipe: &mut Pipe) -> Result<HashMap<u32, ViewOptions>, String> {
    let mut found: HashMap<u32, ViewOptions> = HashMap::new();
    ask(pipe, OPTIONS, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (view, option, value) = (row.number("view")?, row.text("option")?, row.text("option's value")?);
        let known = found.entry(view).or_default();
        *known = known.with(&option, &value);
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Adds to `classes` the columns of views that show columns which are there, through however many views. Those that rest on `locked` are
/// not looked at.
///
/// # Errors
///
/// One sentence, where the server cannot be asked, or will not say.
pub(super) async fn classify(
    pipe: &mut Pipe,
    catalog: &Catalog,
    locked: &Locked,
    classes: &mut Classes,
    pinned: &Pinned,
) -> Result<Shown, String> {
    let unsearched = &documents(catalog, classes, pinned);
    if classes.is_empty() && unsearched.is_empty() {
        return Ok(Shown::default());
    }
    let on_statistics = ON_STATISTICS
        .replace("RELATIONS", &STATISTICS.join(","))
        .replace("FUNCTIONS", &STATISTICS_FUNCTIONS.join(","));
    let mut oids = BTreeSet::new();
    for query in [CALLING, &on_statistics] {
        ask(pipe, query, |row| {
            oids.insert(Texts(backend::DataRow::read(row)?).number("view")?);
            Ok(())
        })
        .await?;
    }
    // Also parts of tables; they have no definition.
    let has_documents = |below: &Relation| {
        below.columns.iter().any(|column| unsearched.contains_key(&samples::id(below, column)))
    };
    let may_show = |below: &Relation| {
        oids.contains(&below.oid) || classed(below, classes).next().is_some() || has_documents(below)
    };
    let rests_on_some =
        |relation: &&Relation| catalog.with_underlying(relation).into_iter().skip(1).any(may_show);
    let resting: Vec<u32> = catalog.relations().filter(rests_on_some).map(|relation| relation.oid).collect();
    oids.extend(resting);
    let (held, free): (Vec<u32>, Vec<u32>) = oids.into_iter().partition(|oid| locked.has(*oid, catalog));
    let mut definitions = HashMap::new();
    ask_about(pipe, DEFINITIONS, free.into_iter(), |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        definitions.insert(row.number("view")?, row.text("definition")?);
        Ok(())
    })
    .await?;
    if definitions.is_empty() {
        return Ok(Shown { held, ..Shown::default() });
    }
    let (records, cut) = thread::scope(|scope| {
        let reader = thread::Builder::new().name("views".to_owned()).stack_size(sql::READ_STACK_BYTES);
        let read = reader.spawn_scoped(scope, || {
            follow(catalog, &definitions, classes, unsearched);
            (records(catalog, &definitions, classes), cut(catalog, &definitions))
        });
        let read = read.map_err(|error| format!("no thread to read views: {error}"))?;
        read.join().map_err(|_| "views could not be read".to_owned())
    })?;
    Ok(Shown { records, cut, held })
}

/// Columns of views that were not looked at and may show something else than `before`: these, or something beneath, are not what they were.
///
/// # Errors
///
/// One sentence, where the server cannot be asked, or will not say.
pub(super) async fn unsure(
    pipe: &mut Pipe,
    held: &[u32],
    catalog: &Catalog,
    classes: &Classes,
    before: &Snapshot,
) -> Result<HashSet<ColumnId>, String> {
    let mut versions: HashMap<u32, String> = HashMap::new();
    ask_about(pipe, VERSIONS, held.iter().copied(), |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        versions.insert(row.number("view")?, row.text("view's version")?);
        Ok(())
    })
    .await?;
    let before_versions = &before.catalog.system_views().versions;
    let is_as_before = |view: &Relation| {
        let Some(known) = before.catalog.relation(view.oid) else { return false };
        let below = sorted(catalog.with_underlying(view));
        let ids =
            |of: &&Relation| of.columns.iter().map(|column| samples::id(of, column)).collect::<Vec<_>>();
        let of_view = ids(&view);
        versions.get(&view.oid) == before_versions.get(&view.oid)
            && below == sorted(before.catalog.with_underlying(known))
            && !of_view.iter().any(|id| before.unsure.contains(id))
            && below
                .iter()
                .filter(|of| of.oid != view.oid)
                .flat_map(ids)
                .all(|id| classes.get(&id) == before.classes.get(&id))
    };
    let views = held.iter().filter_map(|oid| catalog.relation(*oid)).filter(|view| !is_as_before(view));
    let columns = views.flat_map(|view| view.columns.iter().map(|column| samples::id(view, column)));
    Ok(columns.filter(|id| !classes.contains_key(id)).collect())
}

fn sorted(mut relations: Vec<&Relation>) -> Vec<&Relation> {
    relations.sort_unstable_by_key(|relation| relation.oid);
    relations
}

/// Columns of documents of which nothing else is known: their keys tell what views take out of them.
fn documents(catalog: &Catalog, classes: &Classes, pinned: &Pinned) -> Unsearched {
    let mut found = Unsearched::new();
    for relation in catalog.relations() {
        let open = samples::open_columns(relation, classes).filter(|column| is_document(column.type_oid));
        found.extend(open.map(|column| (samples::id(relation, column), false)));
    }
    pinned.apply_to_unsearched(catalog, &mut found);
    found
}

/// One view after the other, until nothing more is found.
fn follow(
    catalog: &Catalog,
    definitions: &HashMap<u32, String>,
    classes: &mut Classes,
    unsearched: &Unsearched,
) {
    let mut is_new = true;
    while std::mem::take(&mut is_new) {
        for (oid, definition) in definitions {
            let Some(view) = catalog.relation(*oid) else { continue };
            let names = view.columns.iter().map(|column| column.name.as_str());
            let shown = session::shown_by_view(definition, names, catalog, (classes, unsearched));
            for (column, shows) in view.columns.iter().zip(shown) {
                let class = match shows {
                    Shows::Values => Class::Derived,
                    Shows::Documents if mask::is_text(column.type_oid) => Class::Document,
                    Shows::Documents | Shows::Nothing => continue,
                };
                let id = ColumnId { table_oid: view.oid, number: column.number };
                let is_more = |known: &Class| *known == Class::Document && class == Class::Derived;
                if classes.get(&id).is_none_or(is_more) {
                    classes.insert(id, class);
                    is_new = true;
                }
            }
        }
    }
}

/// Columns of views whose values are no whole values of what they read.
fn cut(catalog: &Catalog, definitions: &HashMap<u32, String>) -> Vec<(u32, i16)> {
    let own_names = catalog.own_names();
    let views =
        definitions.iter().filter_map(|(oid, definition)| Some((catalog.relation(*oid)?, definition)));
    let of_view = |(view, definition): (&Relation, &String)| {
        let cut = sql::cut_columns(definition.trim_end().trim_end_matches(';'), &own_names);
        let cut = cut.filter(|cut| cut.len() == view.columns.len());
        let is_cut = |place: usize| cut.as_ref().is_none_or(|cut| cut.get(place).is_none_or(|cut| *cut));
        let columns = view.columns.iter().enumerate().filter(|(place, _)| is_cut(*place));
        columns.map(|(_, column)| (view.oid, column.number)).collect::<Vec<_>>()
    };
    views.flat_map(of_view).collect()
}

/// Columns of views that have records of the columns of tables as they are.
fn records(catalog: &Catalog, definitions: &HashMap<u32, String>, classes: &Classes) -> Vec<(u32, i16)> {
    let has_some =
        |view: &&Relation| view.columns.iter().any(|column| catalog.type_alone(column.type_oid).is_some());
    let views = || definitions.keys().filter_map(|oid| catalog.relation(*oid)).filter(has_some);
    let mut found: BTreeSet<(u32, i16)> = BTreeSet::new();
    loop {
        let before = found.len();
        for view in views() {
            let Some(definition) = definitions.get(&view.oid) else { continue };
            let is_record = |of, number| catalog.is_record(of, number) || found.contains(&(of, number));
            let numbers = session::records_of_view(definition, view, (catalog, classes), is_record);
            found.extend(numbers.into_iter().map(|number| (view.oid, number)));
        }
        if found.len() == before {
            return found.into_iter().collect();
        }
    }
}
