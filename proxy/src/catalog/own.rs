//! Reads which names that are taken for those of PostgreSQL's functions, operators and types somebody has given to others; and collations by
//! which values that differ can be equal. What comes with an extension is as good as PostgreSQL's: an administrator has made it. What works on
//! types of somebody's own alone is never taken for it.

use std::collections::HashSet;

use wire::backend;

use super::{Texts, told};
use crate::pipe::Pipe;

const NAMES: &str = "
    WITH own_types AS (
        SELECT t.oid FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.>=) 16384::oid AND t.typtype OPERATOR(pg_catalog.<>) 'd'::\"char\"
    )
    SELECT DISTINCT n.name
    FROM (
        SELECT p.proname::text AS name, 'pg_catalog.pg_proc'::regclass::oid AS class, p.oid AS object, p.proowner AS owner
        FROM pg_catalog.pg_proc p
        WHERE p.proname::text OPERATOR(pg_catalog.=) ANY ({NAMES})
          AND EXISTS (SELECT FROM pg_catalog.unnest(p.proargtypes::oid[]) AS a (type) WHERE NOT EXISTS (
              SELECT FROM own_types o WHERE o.oid OPERATOR(pg_catalog.=) a.type))
        UNION ALL
        SELECT o.oprname::text, 'pg_catalog.pg_operator'::regclass::oid, o.oid, o.oprowner
        FROM pg_catalog.pg_operator o
        WHERE o.oprname::text OPERATOR(pg_catalog.=) ANY ({NAMES})
          AND NOT ((o.oprleft OPERATOR(pg_catalog.=) 0::oid OR EXISTS (SELECT FROM own_types l WHERE l.oid OPERATOR(pg_catalog.=) o.oprleft))
               AND EXISTS (SELECT FROM own_types r WHERE r.oid OPERATOR(pg_catalog.=) o.oprright))
        UNION ALL
        SELECT t.typname::text, 'pg_catalog.pg_type'::regclass::oid, t.oid, t.typowner
        FROM pg_catalog.pg_type t
        WHERE t.typname::text OPERATOR(pg_catalog.=) ANY ({NAMES}) AND t.typrelid OPERATOR(pg_catalog.=) 0::oid
        UNION ALL
        SELECT c.collname::text, 'pg_catalog.pg_collation'::regclass::oid, c.oid, c.collowner
        FROM pg_catalog.pg_collation c
        WHERE NOT c.collisdeterministic
    ) n
    WHERE n.object OPERATOR(pg_catalog.>=) 16384::oid AND NOT (
        EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid OPERATOR(pg_catalog.=) n.owner AND r.rolsuper)
        AND EXISTS (
            SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid OPERATOR(pg_catalog.=) n.class AND d.objid OPERATOR(pg_catalog.=) n.object
              AND d.deptype OPERATOR(pg_catalog.=) 'e'::\"char\"))";

/// What is asked.
pub(super) fn query() -> String {
    let names: Vec<String> = sql::trusted_names().map(|name| format!("'{name}'")).collect();
    NAMES.replace("{NAMES}", &format!("ARRAY[{}]::text[]", names.join(", ")))
}

/// The answer.
///
/// # Errors
///
/// One sentence, where the server will not say.
pub(super) async fn read(pipe: &mut Pipe) -> Result<HashSet<String>, String> {
    let mut names = HashSet::new();
    told(pipe, |row| {
        names.insert(Texts(backend::DataRow::read(row)?).text("name")?);
        Ok(())
    })
    .await?;
    Ok(names)
}
