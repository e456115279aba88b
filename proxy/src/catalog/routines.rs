//! Reads the functions and procedures that users made: all of them at first, and then those that have changed.

use std::collections::HashMap;
use std::sync::Arc;

use sql::Catalog;
use sql::catalog::Routine;
use wire::{BodyError, backend};

use super::{Texts, ask, ask_about};
use crate::pipe::Pipe;

/// Every routine, which version of its row it is, and its schema, whose name can change without it.
const VERSIONS: &str = "
    SELECT p.oid, pg_catalog.concat(p.xmin, p.ctid), n.nspname::text
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
    WHERE p.oid OPERATOR(pg_catalog.>=) 16384::oid";

/// How much of a tree is the body of one (`BEGIN ATOMIC`), since PostgreSQL 14.
const SQL_BODY_BYTES: &str = "pg_catalog.pg_column_size(p.prosqlbody)";

/// Those of a list of OIDs. With a default for all arguments but one it can be called with that one. An aggregate is taken for a function that calls those it is made of. What is longer than a message may be is not read.
const DEFINITIONS: &str = "
    SELECT p.oid, p.proname::text, p.arguments, p.lanname::text, p.body,
           CASE WHEN pg_catalog.octet_length(p.definition) OPERATOR(pg_catalog.<=) 48000 THEN p.definition ELSE '' END
    FROM (
        SELECT p.oid, p.proname, l.lanname,
               LEAST(p.pronargs, GREATEST(1, p.pronargs OPERATOR(pg_catalog.-) p.pronargdefaults)) AS arguments,
               CASE WHEN l.lanname OPERATOR(pg_catalog.=) ANY (ARRAY['sql', 'plpgsql']::name[])
                     AND pg_catalog.octet_length(p.prosrc) OPERATOR(pg_catalog.<=) 48000 THEN p.prosrc ELSE '' END AS body,
               CASE WHEN l.lanname OPERATOR(pg_catalog.=) ANY (ARRAY['sql', 'plpgsql']::name[])
                     AND coalesce(SQL_BODY_BYTES, 0) OPERATOR(pg_catalog.<=) pg_catalog.current_setting('picket.tree_bytes_max')::int4
                     AND coalesce(pg_catalog.pg_column_size(p.proargdefaults), 0) OPERATOR(pg_catalog.<=) pg_catalog.current_setting('picket.tree_bytes_max')::int4
                    THEN coalesce(pg_catalog.pg_get_functiondef(p.oid), '') ELSE '' END AS definition
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
        WHERE p.prokind OPERATOR(pg_catalog.<>) 'a'::\"char\" AND p.oid OPERATOR(pg_catalog.=) ANY ('{OIDS}'::oid[])
    ) p
    UNION ALL
    SELECT p.oid, p.proname::text, p.pronargs, 'sql', a.body, a.body
    FROM pg_catalog.pg_proc p
    JOIN (
        SELECT a.aggfnoid, pg_catalog.concat('SELECT ', pg_catalog.string_agg(
                   pg_catalog.concat(pg_catalog.quote_ident(f.proname), '()'), ', ')) AS body
        FROM pg_catalog.pg_aggregate a
        JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) ANY (ARRAY[a.aggtransfn::oid, a.aggfinalfn::oid,
                   a.aggcombinefn::oid, a.aggmtransfn::oid, a.aggminvtransfn::oid, a.aggmfinalfn::oid])
        GROUP BY a.aggfnoid
    ) a ON a.aggfnoid::oid OPERATOR(pg_catalog.=) p.oid
    WHERE p.oid OPERATOR(pg_catalog.=) ANY ('{OIDS}'::oid[])";

/// The routines that there are. Those of `before` that are as they were are taken from there, with what was read of them.
///
/// # Errors
///
/// One sentence, where the server cannot be asked, or will not say.
pub(super) async fn read(
    pipe: &mut Pipe,
    major: u16,
    before: &Catalog,
) -> Result<HashMap<u32, Arc<Routine>>, String> {
    let mut versions = Vec::new();
    ask(pipe, VERSIONS, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        versions.push((row.number::<u32>("routine")?, row.text("version")?, row.text("schema")?));
        Ok(())
    })
    .await?;
    let mut routines = HashMap::new();
    let mut changed = HashMap::new();
    for (oid, version, schema) in versions {
        match before.routine(oid).filter(|known| known.version == version && known.schema == schema) {
            Some(known) => {
                routines.insert(oid, Arc::clone(known));
            }
            None => {
                changed.insert(oid, (version, schema));
            }
        }
    }
    let take = |row: &[u8]| add(&mut routines, &changed, row);
    let definitions = DEFINITIONS.replace("SQL_BODY_BYTES", if 14 <= major { SQL_BODY_BYTES } else { "0" });
    ask_about(pipe, &definitions, changed.keys().copied(), take).await?;
    Ok(routines)
}

/// Adds one row of `DEFINITIONS`.
fn add(
    routines: &mut HashMap<u32, Arc<Routine>>,
    versions: &HashMap<u32, (String, String)>,
    row: &[u8],
) -> Result<(), BodyError> {
    let mut row = Texts(backend::DataRow::read(row)?);
    let oid = row.number("routine")?;
    let (name, arguments) = (row.text("routine's name")?, row.number("number of arguments")?);
    let (language, body) = (row.text("language")?, row.text("body")?);
    let (version, schema) = versions.get(&oid).cloned().unwrap_or_default();
    let routine = Routine::new(name, arguments, language, body, row.text("definition")?).of_version(version);
    let routine = routine.in_schema(schema);
    routines.insert(oid, Arc::new(routine));
    Ok(())
}
