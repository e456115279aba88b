//! Reads what runs without being called by name: functions behind operators, casts, types and views, and what hangs on tables. What is in C and comes with
//! an extension or the server does nothing that is looked for, as where it is called by name.

use mask::FIRST_NORMAL_OID;
use sql::facts::Via;
use sql::implicit::{Cast, Function, Implicit, Operator, Runs};
use wire::{BodyError, backend};

use super::{Texts, ask_about, send, told};
use crate::pipe::Pipe;

/// Operators, with the functions that sort by them, and those of the operators that the planner puts in their places: what negates or commutes
/// them, and so on. By one of PostgreSQL's own, its families sort, if it is in any. Where operands are arrays, types are those of elements.
const OPERATORS: &str = "
    WITH RECURSIVE kin AS (
        SELECT o.oid AS operator, o.oid AS kin FROM pg_catalog.pg_operator o
        WHERE o.oid OPERATOR(pg_catalog.>=) 16384::oid OR o.oprnegate OPERATOR(pg_catalog.>=) 16384::oid OR o.oprcom OPERATOR(pg_catalog.>=) 16384::oid
        UNION
        SELECT m.amopopr, m.amopopr FROM pg_catalog.pg_amop m GROUP BY m.amopopr HAVING pg_catalog.min(m.amopfamily) OPERATOR(pg_catalog.>=) 16384::oid
        UNION
        SELECT k.operator, l.linked
        FROM kin k JOIN pg_catalog.pg_operator o ON o.oid OPERATOR(pg_catalog.=) k.kin
        CROSS JOIN LATERAL (VALUES (o.oprnegate), (o.oprcom)) l (linked)
        WHERE l.linked OPERATOR(pg_catalog.<>) 0::oid
    )
    SELECT DISTINCT o.oprname::text, p.oid, p.proname::text, coalesce(lt.oid, 0::oid), coalesce(rt.oid, 0::oid),
           (SELECT count(*) FROM pg_catalog.pg_operator s
            WHERE s.oprname OPERATOR(pg_catalog.=) o.oprname AND s.oid OPERATOR(pg_catalog.<) 16384::oid)
    FROM pg_catalog.pg_operator o
    JOIN (
        SELECT k.operator, k.kin, o.oprcode::oid AS function, 1 AS is_own
        FROM kin k JOIN pg_catalog.pg_operator o ON o.oid OPERATOR(pg_catalog.=) k.kin
        WHERE k.kin OPERATOR(pg_catalog.>=) 16384::oid
        UNION
        SELECT k.operator, k.kin, f.amproc::oid, 0
        FROM kin k JOIN pg_catalog.pg_amop m ON m.amopopr OPERATOR(pg_catalog.=) k.kin
        JOIN pg_catalog.pg_amproc f ON f.amprocfamily OPERATOR(pg_catalog.=) m.amopfamily
    ) c ON c.operator OPERATOR(pg_catalog.=) o.oid
    JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) c.function
    JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
    LEFT JOIN pg_catalog.pg_type ol ON ol.oid OPERATOR(pg_catalog.=) o.oprleft
    LEFT JOIN pg_catalog.pg_type lt ON lt.oid OPERATOR(pg_catalog.=) CASE WHEN ol.typcategory OPERATOR(pg_catalog.=) 'A'::\"char\" THEN ol.typelem ELSE ol.oid END
    LEFT JOIN pg_catalog.pg_type ot ON ot.oid OPERATOR(pg_catalog.=) o.oprright
    LEFT JOIN pg_catalog.pg_type rt ON rt.oid OPERATOR(pg_catalog.=) CASE WHEN ot.typcategory OPERATOR(pg_catalog.=) 'A'::\"char\" THEN ot.typelem ELSE ot.oid END
    WHERE (l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['c', 'internal']::name[])
           OR c.is_own OPERATOR(pg_catalog.=) 1 AND NOT EXISTS (
               SELECT FROM pg_catalog.pg_depend d
               WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::regclass::oid AND d.objid OPERATOR(pg_catalog.=) c.kin AND d.deptype OPERATOR(pg_catalog.=) 'e'::\"char\"))";

/// Casts, with the types that they are from and to.
const CASTS: &str = "
    SELECT p.oid, p.proname::text, coalesce(st.oid, 0::oid), coalesce(tt.oid, 0::oid), t.typname::text, c.castcontext::text
    FROM pg_catalog.pg_cast c
    JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) c.castfunc
    JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
    JOIN pg_catalog.pg_type s ON s.oid OPERATOR(pg_catalog.=) c.castsource
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) c.casttarget
    LEFT JOIN pg_catalog.pg_type st ON st.oid OPERATOR(pg_catalog.=) CASE WHEN s.typcategory OPERATOR(pg_catalog.=) 'A'::\"char\" THEN s.typelem ELSE s.oid END
    LEFT JOIN pg_catalog.pg_type tt ON tt.oid OPERATOR(pg_catalog.=) CASE WHEN t.typcategory OPERATOR(pg_catalog.=) 'A'::\"char\" THEN t.typelem ELSE t.oid END
    WHERE c.oid OPERATOR(pg_catalog.>=) 16384::oid
      AND (l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['c', 'internal']::name[]) OR NOT EXISTS (
               SELECT FROM pg_catalog.pg_depend d
               WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_cast'::regclass::oid AND d.objid OPERATOR(pg_catalog.=) c.oid
                 AND d.deptype OPERATOR(pg_catalog.=) ANY (ARRAY['e', 'i']::\"char\"[])))";

/// Names of operator classes that are the server's, or an extension's, and of nobody else.
const CLASSES: &str = "
    SELECT c.opcname::text FROM pg_catalog.pg_opclass c
    LEFT JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_opclass'::regclass::oid AND d.objid OPERATOR(pg_catalog.=) c.oid
         AND d.deptype OPERATOR(pg_catalog.=) 'e'::\"char\"
    GROUP BY c.opcname
    HAVING pg_catalog.bool_and(c.oid OPERATOR(pg_catalog.<) 16384::oid OR d.objid IS NOT NULL)";

/// What else is made of functions, with the numbers of the columns that an expression names which needs no query, as they stand in its tree
/// (`Var` in primnodes.h): `-` where it names none, nothing where it takes whole rows or nobody knows. Whether by name, by operators, by operator classes or by ranges, or makes values of a domain. What compares
/// where an index or a key of partitions has no expression of it is told besides.
const CODE: &str = "
    WITH RECURSIVE families AS (
        SELECT f.amprocfamily AS family, f.amproc::oid AS function FROM pg_catalog.pg_amproc f
        WHERE f.amproc::oid OPERATOR(pg_catalog.>=) 16384::oid
        UNION
        SELECT m.amopfamily, o.oprcode::oid
        FROM pg_catalog.pg_amop m JOIN pg_catalog.pg_operator o ON o.oid OPERATOR(pg_catalog.=) m.amopopr
        WHERE o.oprcode::oid OPERATOR(pg_catalog.>=) 16384::oid
    ), ranges AS (
        SELECT r.rngtypid AS type, r.rngtypid AS range FROM pg_catalog.pg_range r WHERE r.rngtypid OPERATOR(pg_catalog.>=) 16384::oid
        UNION
        SELECT d.objid, g.range
        FROM ranges g
        JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::regclass::oid
             AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::regclass::oid AND d.refobjid OPERATOR(pg_catalog.=) g.type
    ), comparing AS (
        SELECT 'pg_catalog.pg_opclass'::regclass::oid AS class, c.oid AS object, m.function
        FROM pg_catalog.pg_opclass c JOIN families m ON m.family OPERATOR(pg_catalog.=) c.opcfamily
        UNION
        SELECT x.class, x.object, f.function
        FROM ranges g
        CROSS JOIN LATERAL (
            SELECT 'pg_catalog.pg_type'::regclass::oid AS class, g.type AS object
            UNION ALL
            SELECT 'pg_catalog.pg_proc'::regclass::oid, p.oid FROM pg_catalog.pg_proc p WHERE p.prorettype OPERATOR(pg_catalog.=) g.type
        ) x
        JOIN pg_catalog.pg_range r ON r.rngtypid OPERATOR(pg_catalog.=) g.range
        CROSS JOIN LATERAL (
            SELECT n.function FROM (VALUES (r.rngcanonical::oid), (r.rngsubdiff::oid)) n (function) WHERE n.function OPERATOR(pg_catalog.>=) 16384::oid
            UNION ALL
            SELECT m.function
            FROM pg_catalog.pg_opclass c JOIN families m ON m.family OPERATOR(pg_catalog.=) c.opcfamily
            WHERE c.oid OPERATOR(pg_catalog.=) r.rngsubopc
        ) f
    ), uses AS (
        SELECT d.classid AS class, d.objid AS object, coalesce(o.oprcode::oid, p.oid) AS function, t.oid AS domain, 0 AS compares
        FROM pg_catalog.pg_depend d
        LEFT JOIN pg_catalog.pg_proc p ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::regclass::oid AND p.oid OPERATOR(pg_catalog.=) d.refobjid AND p.oid OPERATOR(pg_catalog.>=) 16384::oid
        LEFT JOIN pg_catalog.pg_operator o ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::regclass::oid AND o.oid OPERATOR(pg_catalog.=) d.refobjid AND o.oid OPERATOR(pg_catalog.>=) 16384::oid
        LEFT JOIN pg_catalog.pg_type t ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::regclass::oid AND t.oid OPERATOR(pg_catalog.=) d.refobjid
             AND t.typtype OPERATOR(pg_catalog.=) 'd'::\"char\"
        WHERE d.refobjid OPERATOR(pg_catalog.>=) 16384::oid AND d.objsubid OPERATOR(pg_catalog.=) 0
          AND d.refclassid OPERATOR(pg_catalog.=) ANY (ARRAY[
              'pg_catalog.pg_proc'::regclass::oid, 'pg_catalog.pg_operator'::regclass::oid, 'pg_catalog.pg_type'::regclass::oid])
        UNION
        SELECT d.classid, d.objid, m.function, NULL, 1
        FROM pg_catalog.pg_depend d
        JOIN comparing m ON m.class OPERATOR(pg_catalog.=) d.refclassid AND m.object OPERATOR(pg_catalog.=) d.refobjid
        WHERE d.objsubid OPERATOR(pg_catalog.=) 0
        UNION
        SELECT m.class, m.object, m.function, NULL, 1 FROM comparing m
    )
    SELECT w.kind, w.owner, w.name, coalesce(p.oid, 0::oid), coalesce(p.proname::text, ''), coalesce(u.domain, 0::oid),
           CASE WHEN w.expression OPERATOR(pg_catalog.!~) '\\{QUERY |:varattno 0 ' THEN coalesce((
               SELECT pg_catalog.string_agg(DISTINCT m.found[1], ' ')
               FROM pg_catalog.regexp_matches(w.expression, ':varattno (-?[0-9]+) ', 'g') AS m (found)), '-') ELSE '' END
    FROM (
        SELECT 'pg_catalog.pg_constraint'::regclass::oid AS class, k.oid AS object, 'domain' AS kind, k.contypid AS owner, k.conname::text AS name,
               NULL::text AS expression
        FROM pg_catalog.pg_constraint k WHERE k.contypid OPERATOR(pg_catalog.<>) 0::oid
        UNION ALL
        SELECT 'pg_catalog.pg_type'::regclass::oid, t.oid, CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'd'::\"char\" THEN 'domain_default' ELSE 'type' END,
               t.oid, t.typname::text, NULL
        FROM pg_catalog.pg_type t WHERE t.typtype OPERATOR(pg_catalog.=) ANY (ARRAY['d', 'r']::\"char\"[])
        UNION ALL
        SELECT 'pg_catalog.pg_opclass'::regclass::oid, c.oid, 'type', c.opcintype, c.opcname::text, NULL
        FROM pg_catalog.pg_opclass c WHERE c.opcdefault
        UNION ALL
        SELECT 'pg_catalog.pg_opclass'::regclass::oid, c.oid, 'operator_class', c.opcintype, c.opcname::text, NULL
        FROM pg_catalog.pg_opclass c
        UNION ALL
        SELECT 'pg_catalog.pg_class'::regclass::oid, x.indexrelid, 'comparing', x.indrelid, '', NULL
        FROM pg_catalog.pg_index x
        UNION ALL
        SELECT 'pg_catalog.pg_class'::regclass::oid, h.partrelid, 'comparing', h.partrelid, '', NULL
        FROM pg_catalog.pg_partitioned_table h
        UNION ALL
        SELECT 'pg_catalog.pg_rewrite'::regclass::oid, w.oid, CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'm'::\"char\" THEN 'materialized_view' ELSE 'view' END,
               c.oid, c.relname::text, NULL
        FROM pg_catalog.pg_rewrite w
        JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) w.ev_class
        WHERE w.ev_type OPERATOR(pg_catalog.=) '1'::\"char\"
        UNION ALL
        SELECT 'pg_catalog.pg_attrdef'::regclass::oid, f.oid,
               CASE WHEN a.attgenerated OPERATOR(pg_catalog.=) ''::\"char\" THEN 'default' ELSE 'generated' END, f.adrelid, a.attname::text,
               CASE WHEN pg_catalog.pg_column_size(f.adbin) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN '{QUERY ' ELSE f.adbin::text END
        FROM pg_catalog.pg_attrdef f
        JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) f.adrelid AND a.attnum OPERATOR(pg_catalog.=) f.adnum
        UNION ALL
        SELECT 'pg_catalog.pg_constraint'::regclass::oid, k.oid, 'check', k.conrelid, k.conname::text,
               CASE WHEN pg_catalog.pg_column_size(k.conbin) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN '{QUERY ' ELSE k.conbin::text END
        FROM pg_catalog.pg_constraint k WHERE k.conrelid OPERATOR(pg_catalog.<>) 0::oid
        UNION ALL
        SELECT 'pg_catalog.pg_policy'::regclass::oid, y.oid,
               CASE WHEN y.polcmd OPERATOR(pg_catalog.=) 'a'::\"char\" THEN 'check' ELSE 'policy' END, y.polrelid, y.polname::text,
               CASE WHEN pg_catalog.pg_column_size(y.polqual) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4
                      OR pg_catalog.pg_column_size(y.polwithcheck) OPERATOR(pg_catalog.>) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN '{QUERY '
                    ELSE pg_catalog.concat_ws(' ', y.polqual::text, y.polwithcheck::text) END
        FROM pg_catalog.pg_policy y
        UNION ALL
        SELECT 'pg_catalog.pg_class'::regclass::oid, x.indexrelid, 'index', x.indrelid, c.relname::text, NULL
        FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) x.indexrelid
        UNION ALL
        SELECT 'pg_catalog.pg_class'::regclass::oid, h.partrelid, 'partition_key', h.partrelid, c.relname::text, NULL
        FROM pg_catalog.pg_partitioned_table h JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) h.partrelid
        UNION ALL
        SELECT 'pg_catalog.pg_statistic_ext'::regclass::oid, s.oid, 'statistics', s.stxrelid, s.stxname::text, NULL
        FROM pg_catalog.pg_statistic_ext s
    ) w
    JOIN uses u ON u.class OPERATOR(pg_catalog.=) w.class AND u.object OPERATOR(pg_catalog.=) w.object
         AND CASE w.kind WHEN 'comparing' THEN u.compares OPERATOR(pg_catalog.=) 1 WHEN 'domain_default' THEN u.compares OPERATOR(pg_catalog.=) 0 ELSE true END
    LEFT JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) u.function AND p.oid OPERATOR(pg_catalog.>=) 16384::oid
    LEFT JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
    WHERE l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['c', 'internal']::name[])
       OR u.domain OPERATOR(pg_catalog.>) 0::oid AND u.domain OPERATOR(pg_catalog.<>) w.owner";

/// Names of the types that have others within, and relations whose rows do.
const WITHIN: &str = "
    WITH RECURSIVE within AS (
        SELECT t.oid AS subject, t.oid AS type FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) ANY ('{OIDS}'::oid[])
        UNION
        SELECT w.subject, o.oid
        FROM within w
        JOIN (
            SELECT t.oid, t.typelem AS has FROM pg_catalog.pg_type t WHERE t.typelem OPERATOR(pg_catalog.<>) 0::oid
            UNION ALL
            SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.typbasetype OPERATOR(pg_catalog.<>) 0::oid
            UNION ALL
            SELECT r.rngtypid, r.rngsubtype FROM pg_catalog.pg_range r
            UNION ALL
            SELECT m.oid, d.refobjid
            FROM pg_catalog.pg_type m
            JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::regclass::oid AND d.objid OPERATOR(pg_catalog.=) m.oid
                 AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::regclass::oid
            WHERE m.typtype OPERATOR(pg_catalog.=) 'm'::\"char\"
            UNION ALL
            SELECT c.reltype, a.atttypid
            FROM pg_catalog.pg_attribute a
            JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.attrelid
            WHERE c.reltype OPERATOR(pg_catalog.<>) 0::oid AND c.oid OPERATOR(pg_catalog.>=) 16384::oid AND NOT a.attisdropped
        ) o ON o.has OPERATOR(pg_catalog.=) w.type
    )
    SELECT w.subject, t.typname::text, 0::oid
    FROM within w JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) w.type
    UNION
    SELECT w.subject, '', t.typrelid
    FROM within w JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) w.type
    WHERE t.typrelid OPERATOR(pg_catalog.<>) 0::oid";

/// All that there is.
///
/// # Errors
///
/// One sentence, where the server cannot be asked, or will not say.
pub(super) async fn read(pipe: &mut Pipe) -> Result<Implicit, String> {
    let mut implicit = Implicit::default();
    send(pipe, &[OPERATORS, CASTS, CLASSES, CODE]).await?;
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (name, function) = (row.text("operator")?, row.function()?);
        let operands = row.types()?;
        let has_own_name = row.number::<u64>("how many there are of the server")? == 0;
        implicit.operator(name, Operator { function, operands, has_own_name });
        Ok(())
    })
    .await?;
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (function, ends) = (row.function()?, row.types()?);
        let (target, is_explicit) = (row.text("type")?, row.text("context of a cast")? == "e");
        implicit.cast(Cast { function, ends, target, is_explicit });
        Ok(())
    })
    .await?;
    told(pipe, |row| {
        implicit.class(Texts(backend::DataRow::read(row)?).text("operator class")?);
        Ok(())
    })
    .await?;
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (kind, owner, name) = (row.text("kind")?, row.number("owner")?, row.text("name")?);
        let (function, domain) = (row.function()?, row.number("domain")?);
        let columns = columns(&row.text("columns")?);
        let is_materialized = kind == "materialized_view";
        match (kind.as_str(), function.oid) {
            ("view" | "materialized_view", 0) => implicit.view_makes(owner, is_materialized, domain),
            ("view" | "materialized_view", _) => implicit.view(owner, is_materialized, function),
            ("comparing" | "domain" | "domain_default" | "operator_class" | "type", 0) => {}
            ("domain", _) => implicit.check(owner, function),
            ("domain_default", _) => implicit.default_of(owner, function),
            ("comparing", _) => implicit.compare(owner, function),
            ("operator_class", _) => implicit.operator_class(name, function),
            ("type", _) if owner < FIRST_NORMAL_OID => implicit.support_anywhere(function),
            ("type", _) => implicit.support(owner, function),
            (via, oid) => {
                let via = Via::named(via).ok_or(BodyError::Value { field: "kind" })?;
                let runs = if oid == 0 { Runs::Checks(domain) } else { Runs::Function(function) };
                implicit.hang_on(owner, via, name, runs, columns);
            }
        }
        Ok(())
    })
    .await?;
    let subjects = implicit.subjects();
    ask_about(pipe, WITHIN, subjects.into_iter(), |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (subject, name, relation) = (row.number("type")?, row.text("name")?, row.number("relation")?);
        match relation {
            0 => implicit.name(name, subject),
            _ => implicit.hold(relation, subject),
        }
        Ok(())
    })
    .await?;
    Ok(implicit)
}

/// Numbers of the columns that an expression names; `None` where it is not known, or takes whole rows.
fn columns(text: &str) -> Option<Vec<i16>> {
    match text {
        "" => None,
        "-" => Some(Vec::new()),
        text => text.split(' ').map(|number| number.parse().ok()).collect(),
    }
}

impl Texts<'_> {
    fn function(&mut self) -> Result<Function, BodyError> {
        Ok(Function { oid: self.number("function")?, name: self.text("function's name")? })
    }

    /// Of two types those that are not PostgreSQL's own.
    fn types(&mut self) -> Result<Vec<u32>, BodyError> {
        let types = [self.number("type")?, self.number("other type")?];
        Ok(types.into_iter().filter(|oid| FIRST_NORMAL_OID <= *oid).collect())
    }
}
