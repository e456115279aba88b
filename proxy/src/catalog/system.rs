//! Reads through which views PostgreSQL's own relations are written, and of which relations views show each row. What was read of a view
//! before is kept.

use std::collections::{BTreeSet, HashMap};
use std::thread;

use sql::{Catalog, Name, SystemViews};
use wire::backend;

use super::views::DEFINITIONS;
use super::{Locked, Texts, ask, ask_about};
use crate::pipe::Pipe;

/// All views, with what changes when one is put in the place of another.
const VERSIONS: &str = "
    SELECT r.ev_class, pg_catalog.concat(r.xmin, r.ctid)
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) r.ev_class
    WHERE r.ev_class OPERATOR(pg_catalog.>=) 16384::oid AND c.relkind OPERATOR(pg_catalog.=) 'v'::\"char\"
      AND r.ev_type OPERATOR(pg_catalog.=) '1'::\"char\"";

/// Those that name one of PostgreSQL's own relations: no dependency is kept of what every database has (pg_depend), but the view's own
/// tree has its number, which is below those of what users make (transam.h, `FirstNormalObjectId`).
const NAMING: &str = "
    SELECT r.ev_class
    FROM pg_catalog.pg_rewrite r
    WHERE r.ev_type OPERATOR(pg_catalog.=) '1'::\"char\" AND r.ev_class OPERATOR(pg_catalog.=) ANY ('{OIDS}'::oid[])
      AND CASE WHEN pg_catalog.pg_column_size(r.ev_action) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN true
          ELSE r.ev_action::text OPERATOR(pg_catalog.~)
              ':relid ([1-9][0-9]{0,3}|1[0-5][0-9]{3}|16[0-2][0-9]{2}|163[0-7][0-9]|1638[0-3]) ' END";

/// All such views, and those that are new, or were put in the place of others, and rest on something locked: they count as those of `before`
/// until they can be asked for.
///
/// # Errors
///
/// One sentence, where the server cannot be asked, or will not say.
pub(super) async fn read(
    pipe: &mut Pipe,
    catalog: &Catalog,
    before: &Catalog,
    locked: &Locked,
) -> Result<(SystemViews, Vec<u32>), String> {
    let before = before.system_views();
    let mut versions: HashMap<u32, String> = HashMap::new();
    ask(pipe, VERSIONS, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        versions.insert(row.number("view")?, row.text("view's version")?);
        Ok(())
    })
    .await?;
    let is_left = |(view, now): &(&u32, &String)| {
        before.versions.get(*view) != Some(*now) && locked.has(**view, catalog)
    };
    let left: Vec<u32> = versions.iter().filter(is_left).map(|(view, _)| *view).collect();
    for view in &left {
        match before.versions.get(view) {
            Some(version) => versions.insert(*view, version.clone()),
            None => versions.remove(view),
        };
    }
    let is_known = |view: &u32| versions.get(view).is_some_and(|now| before.versions.get(view) == Some(now));
    let new: Vec<u32> = versions.keys().copied().filter(|view| !is_known(view)).collect();
    let mut naming = Vec::new();
    ask_about(pipe, NAMING, new.into_iter(), |row| {
        naming.push(Texts(backend::DataRow::read(row)?).number("view")?);
        Ok(())
    })
    .await?;
    let known = before.direct.iter().filter(|(view, _)| is_known(view));
    let mut direct: HashMap<u32, Name> = known.map(|(view, name)| (*view, name.clone())).collect();
    let found = bases(pipe, naming.into_iter()).await?;
    direct.extend(found.into_iter().filter(|(_, name)| name.is_system()));
    let mut through = direct.clone();
    if !direct.is_empty() {
        let rests = |view: &&u32| {
            let relation = catalog.relation(**view);
            let below = relation.map(|relation| catalog.with_underlying(relation)).unwrap_or_default();
            !direct.contains_key(*view) && below.iter().any(|below| direct.contains_key(&below.oid))
        };
        let (locked, resting): (BTreeSet<u32>, BTreeSet<u32>) =
            versions.keys().filter(rests).copied().partition(|view| locked.has(*view, catalog));
        let known = locked.iter().filter_map(|view| Some((*view, before.through.get(view)?.clone())));
        through.extend(known);
        let bases = bases(pipe, resting.into_iter()).await?;
        let mut is_more = true;
        while std::mem::take(&mut is_more) {
            for (view, base) in &bases {
                let below = catalog.named_in(base.schema.as_deref(), &base.name);
                let found = below.filter_map(|below| through.get(&below.oid)).next().cloned();
                if let Some(found) = found.filter(|_| !through.contains_key(view)) {
                    through.insert(*view, found);
                    is_more = true;
                }
            }
        }
    }
    let known = before.whole.iter().filter(|(view, _)| is_known(view));
    let mut whole: HashMap<u32, Vec<u32>> = known.map(|(view, of)| (*view, of.clone())).collect();
    // Nobody asks of them where there is no function to hand rows to.
    if catalog.has_routines() {
        let is_new = |view: &u32| !whole.contains_key(view) && !locked.has(*view, catalog);
        let new: Vec<u32> = versions.keys().copied().filter(is_new).collect();
        let read = |text: &str| Some(sql::shown_whole(text));
        let read = read_each(pipe, new.into_iter(), read).await?;
        let oids = |name: &Name| {
            let meant = catalog.named_in(name.schema.as_deref(), &name.name);
            meant.map(|relation| relation.oid).collect::<Vec<_>>()
        };
        whole.extend(read.iter().map(|(view, names)| (*view, names.iter().flat_map(oids).collect())));
    }
    Ok((SystemViews { versions, direct, through, whole }, left))
}

/// What these views write to.
async fn bases(pipe: &mut Pipe, views: impl Iterator<Item = u32>) -> Result<HashMap<u32, Name>, String> {
    read_each(pipe, views, sql::written_through).await
}

/// What the definitions of these views say, where they say something.
async fn read_each<T: Send>(
    pipe: &mut Pipe,
    views: impl Iterator<Item = u32>,
    read: impl Fn(&str) -> Option<T> + Sync,
) -> Result<HashMap<u32, T>, String> {
    let mut definitions: HashMap<u32, String> = HashMap::new();
    ask_about(pipe, DEFINITIONS, views, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        definitions.insert(row.number("view")?, row.text("definition")?);
        Ok(())
    })
    .await?;
    if definitions.is_empty() {
        return Ok(HashMap::new());
    }
    thread::scope(|scope| {
        let reader = thread::Builder::new().name("views".to_owned()).stack_size(sql::READ_STACK_BYTES);
        let read_all = || {
            let of_one = |(view, text): (&u32, &String)| Some((*view, read(text)?));
            definitions.iter().filter_map(of_one).collect()
        };
        let read = reader
            .spawn_scoped(scope, read_all)
            .map_err(|error| format!("no thread to read views: {error}"))?;
        read.join().map_err(|_| "views could not be read".to_owned())
    })
}
