//! Whether what relations are made of is evaluated while they are planned, where the catalog that is kept does not tell: PostgreSQL notes no
//! dependency on its own functions, and one on a type says nothing of those within.

use sql::EVALUATING;

/// Foreign tables and code, each counted, among relations and checks of domains. Direct casts to a domain are not evaluated; values of arrays, rows
/// and ranges are made of text, with all that their types check. Names are the server's own by `search_path`.
const COUNT: &str = "
    WITH relations AS (
        SELECT c.oid, c.relkind FROM pg_class c WHERE c.oid = ANY ('{OIDS}'::oid[])
    ), evaluating AS (
        SELECT string_agg(concat(p.oid), '|') AS oids FROM pg_proc p WHERE p.oid < 16384 AND p.proname = ANY ('{NAMES}'::name[])
    ), code AS (
        SELECT 'pg_rewrite'::regclass AS class, w.oid, w.ev_action::text AS tree FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class
        UNION ALL SELECT 'pg_attrdef', d.oid, d.adbin::text FROM pg_attrdef d JOIN relations r ON r.oid = d.adrelid
        UNION ALL SELECT 'pg_policy', y.oid, concat(y.polqual::text, y.polwithcheck::text) FROM pg_policy y JOIN relations r ON r.oid = y.polrelid
        UNION ALL SELECT 'pg_constraint', k.oid, k.conbin::text FROM pg_constraint k JOIN relations r ON r.oid = k.conrelid
        UNION ALL SELECT 'pg_constraint', k.oid, k.conbin::text FROM pg_constraint k WHERE k.contypid <> 0
        UNION ALL SELECT 'pg_type', t.oid, t.typdefaultbin::text FROM pg_type t WHERE t.typtype = 'd'
        UNION ALL SELECT 'pg_class', x.indexrelid, concat(x.indexprs::text, x.indpred::text) FROM pg_index x JOIN relations r ON r.oid = x.indrelid
        UNION ALL SELECT 'pg_class', h.partrelid, h.partexprs::text FROM pg_partitioned_table h JOIN relations r ON r.oid = h.partrelid
        UNION ALL SELECT 'pg_statistic_ext', s.oid, s.stxexprs::text FROM pg_statistic_ext s JOIN relations r ON r.oid = s.stxrelid
    ), made AS (
        SELECT d.classid, d.objid
        FROM pg_depend d
        JOIN pg_type t ON t.oid = d.refobjid
        LEFT JOIN pg_type e ON e.oid = t.typelem
        LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid AND k.contypid <> 0
        LEFT JOIN pg_type of ON of.oid = k.contypid
        WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid >= 16384 AND d.objsubid = 0 AND d.classid <> 'pg_type'::regclass
          AND t.oid <> ALL (ARRAY[coalesce(of.oid, 0), coalesce(of.typbasetype, 0)])
          AND (coalesce(e.typtype, t.typtype) IN ('c', 'm', 'r') OR e.typtype = 'd')
    )
    SELECT concat(
        (SELECT count(*) FROM relations WHERE relkind = 'f'), ' ',
        (SELECT count(*) FROM code c, evaluating e
         WHERE c.tree ~ concat(':funcid (', e.oids, ') ')
            OR EXISTS (SELECT FROM made m WHERE m.classid = c.class AND m.objid = c.oid)))";

/// What counts them among the relations with these OIDs.
pub(super) fn count(relations: &[u32]) -> String {
    let oids: Vec<String> = relations.iter().map(u32::to_string).collect();
    COUNT.replace("OIDS", &oids.join(",")).replace("NAMES", &EVALUATING.join(","))
}
