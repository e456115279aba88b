//! Reads what tables say of each of their rows: which columns can be NULL, what types they are of, what was checked. What was
//! read of a check before is kept.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sql::Catalog;
use sql::rows::{Check, Kind, Rows, Values};
use wire::backend;

use super::{Texts, ask, ask_about, send, told};
use crate::pipe::Pipe;

/// Bytes that a length of `varchar(n)` is told with (varlena's header, `VARHDRSZ`).
const LENGTH_EXTRA: i32 = 4;

/// Domains within domains that are looked through.
const DOMAINS_MAX: usize = 32;

/// Columns of tables that check what is written: foreign tables do not.
const COLUMNS: &str = "
    SELECT c.oid, a.attnum, a.attname::text, a.atttypid, a.atttypmod, t.typtype::text, CASE WHEN a.attnotnull THEN 1 ELSE 0 END
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
         AND a.attnum OPERATOR(pg_catalog.>) 0::int2 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
    WHERE c.oid OPERATOR(pg_catalog.>=) 16384::oid
      AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']::\"char\"[])";

/// Columns whose NOT NULL is not valid (PostgreSQL 18): rows that were there before can be NULL.
const NOT_VALID: &str = "
    SELECT k.conrelid, k.conkey[1]
    FROM pg_catalog.pg_constraint k
    WHERE k.contype OPERATOR(pg_catalog.=) 'n'::\"char\" AND NOT k.convalidated AND k.conrelid OPERATOR(pg_catalog.<>) 0::oid";

/// Sequences that count up and belong to a column: of an identity, or of a serial one whose default asks them.
const SEQUENCES: &str = "
    SELECT s.seqrelid, a.attrelid, q.relname::text, a.attname::text, s.seqmin
    FROM pg_catalog.pg_sequence s
    JOIN pg_catalog.pg_class q ON q.oid OPERATOR(pg_catalog.=) s.seqrelid
    JOIN pg_catalog.pg_depend d ON d.objid OPERATOR(pg_catalog.=) s.seqrelid
         AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid
         AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid
         AND d.deptype OPERATOR(pg_catalog.=) ANY (ARRAY['a', 'i']::\"char\"[])
    JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) d.refobjid
         AND a.attnum::int4 OPERATOR(pg_catalog.=) d.refobjsubid AND NOT a.attisdropped
    WHERE s.seqincrement OPERATOR(pg_catalog.>) 0::int8 AND (a.atthasdef OR a.attidentity OPERATOR(pg_catalog.<>) ''::\"char\")";

const DOMAINS: &str = "
    SELECT d.oid, d.typbasetype, d.typtypmod, t.typtype::text, CASE WHEN d.typnotnull THEN 1 ELSE 0 END, n.nspname::text, d.typname::text,
           (SELECT count(*) FROM pg_catalog.pg_constraint k WHERE k.contypid OPERATOR(pg_catalog.=) d.oid)
    FROM pg_catalog.pg_type d
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) d.typbasetype
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) d.typnamespace
    WHERE d.typtype OPERATOR(pg_catalog.=) 'd'::\"char\" AND d.oid OPERATOR(pg_catalog.>=) 16384::oid";

const LABELS: &str = "
    SELECT e.enumtypid, e.enumlabel::text FROM pg_catalog.pg_enum e ORDER BY e.enumtypid, e.enumsortorder";

/// Checks of domains.
const OF_DOMAINS: &str = "
    SELECT k.oid, k.contypid, k.conname::text, k.version, k.expression
    FROM (SELECT k.oid, k.contypid, k.conname, pg_catalog.concat(k.xmin, k.ctid) AS version,
                 CASE WHEN pg_catalog.pg_column_size(k.conbin) OPERATOR(pg_catalog.<=) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN pg_catalog.pg_get_expr(k.conbin, 0::oid) END AS expression
          FROM pg_catalog.pg_constraint k
          WHERE k.contypid OPERATOR(pg_catalog.<>) 0::oid AND k.contype OPERATOR(pg_catalog.=) 'c'::\"char\" AND k.convalidated) k
    WHERE pg_catalog.octet_length(k.expression) OPERATOR(pg_catalog.<=) 4096";

/// Checks of tables that each row has passed, those of children too. The text changes with the names of columns.
const CHECKS: &str = "
    SELECT k.oid, k.conrelid, k.conname::text,
           pg_catalog.concat(k.xmin, k.ctid, (
               SELECT pg_catalog.string_agg(a.attname::text, ',' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
               WHERE a.attrelid OPERATOR(pg_catalog.=) k.conrelid AND a.attnum OPERATOR(pg_catalog.=) ANY (k.conkey)))
    FROM pg_catalog.pg_constraint k
    WHERE k.conrelid OPERATOR(pg_catalog.>=) 16384::oid AND k.contype OPERATOR(pg_catalog.=) 'c'::\"char\"
      AND k.convalidated AND NOT k.connoinherit";

const CHECK_TEXTS: &str = "
    SELECT k.oid, k.expression
    FROM (SELECT k.oid, CASE WHEN pg_catalog.pg_column_size(k.conbin) OPERATOR(pg_catalog.<=) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid) END AS expression
          FROM pg_catalog.pg_constraint k WHERE k.oid OPERATOR(pg_catalog.=) ANY ('{OIDS}'::oid[])) k
    WHERE pg_catalog.octet_length(k.expression) OPERATOR(pg_catalog.<=) 4096";

/// Partitions, but for those that have what no other has: theirs changes with the others.
const BOUNDS: &str = "
    SELECT c.oid, c.oid, 'bounds of the partition',
           pg_catalog.concat((
               SELECT pg_catalog.string_agg(pg_catalog.concat(p.xmin, p.ctid), ',')
               FROM pg_catalog.pg_partition_ancestors(c.oid::regclass) a
               JOIN pg_catalog.pg_class p ON p.oid OPERATOR(pg_catalog.=) a.relid::oid), (
               SELECT pg_catalog.md5(pg_catalog.string_agg(a.attname::text, ',' ORDER BY a.attnum)) FROM pg_catalog.pg_attribute a
               WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0::int2))
    FROM pg_catalog.pg_class c
    WHERE c.relispartition AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']::\"char\"[])
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_partitioned_table t WHERE t.partdefid OPERATOR(pg_catalog.=) c.oid)";

const BOUND_TEXTS: &str = "
    SELECT c.oid, c.expression
    FROM (SELECT c.oid, CASE WHEN pg_catalog.pg_column_size(c.relpartbound) OPERATOR(pg_catalog.<=) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN pg_catalog.pg_get_partition_constraintdef(c.oid) END AS expression
          FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) ANY ('{OIDS}'::oid[])) c
    WHERE pg_catalog.octet_length(c.expression) OPERATOR(pg_catalog.<=) 4096";

/// Partitioned tables of which each row is in a partition with bounds: none has what no other has.
const BOUNDS_OF_ALL: &str = "
    SELECT c.oid, c.oid, 'bounds of its partitions',
           pg_catalog.concat((
               SELECT pg_catalog.md5(pg_catalog.string_agg(pg_catalog.concat(p.oid, p.xmin, p.ctid), ',' ORDER BY p.oid))
               FROM pg_catalog.pg_inherits i
               JOIN pg_catalog.pg_class p ON p.oid OPERATOR(pg_catalog.=) i.inhrelid
               WHERE i.inhparent OPERATOR(pg_catalog.=) c.oid), (
               SELECT pg_catalog.md5(pg_catalog.string_agg(a.attname::text, ',' ORDER BY a.attnum)) FROM pg_catalog.pg_attribute a
               WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0::int2))
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_partitioned_table t ON t.partrelid OPERATOR(pg_catalog.=) c.oid
    WHERE t.partdefid OPERATOR(pg_catalog.=) 0::oid AND t.partstrat OPERATOR(pg_catalog.<>) 'h'::\"char\"";

const BOUND_TEXTS_OF_ALL: &str = "
    SELECT c.oid, c.expression
    FROM (SELECT c.oid, (
              SELECT CASE WHEN pg_catalog.sum(pg_catalog.pg_column_size(p.relpartbound)) OPERATOR(pg_catalog.<=) pg_catalog.current_setting('picket.tree_bytes_max')::int4
                     THEN pg_catalog.string_agg(pg_catalog.concat('(', pg_catalog.pg_get_partition_constraintdef(i.inhrelid), ')'), ' OR ') END
              FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid OPERATOR(pg_catalog.=) i.inhrelid
              WHERE i.inhparent OPERATOR(pg_catalog.=) c.oid) AS expression
          FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) ANY ('{OIDS}'::oid[])) c
    WHERE pg_catalog.octet_length(c.expression) OPERATOR(pg_catalog.<=) 4096";

/// A domain: what it is of.
struct Domain {
    base: u32,
    modifier: i32,
    base_kind: String,
    is_not_null: bool,
    schema: String,
    name: String,
    /// It has constraints, whether they are read or not.
    has_checks: bool,
    /// Its checks: OID, name, version, text.
    checks: Vec<(u32, String, String, String)>,
}

/// Types that users made.
#[derive(Default)]
struct Types {
    domains: HashMap<u32, Domain>,
    labels: HashMap<u32, Arc<[String]>>,
}

/// What tables say of their rows, by their OIDs, and domains by their names.
pub(super) type Read = (HashMap<u32, Arc<Rows>>, HashMap<String, Vec<sql::rows::Domain>>);

/// What all tables say. Checks of `before` that are as they were are taken from there; others are asked for only where that waits
/// for nobody (`may_ask`): until then nothing is known of them.
///
/// # Errors
///
/// One sentence, where the server cannot be asked, or will not say.
pub(super) async fn read(pipe: &mut Pipe, before: &Catalog, may_ask: bool) -> Result<Read, String> {
    let types = types(pipe).await?;
    send(pipe, &[NOT_VALID, COLUMNS, SEQUENCES]).await?;
    let mut tables = tables(pipe, &types).await?;
    let lists = [(CHECKS, CHECK_TEXTS), (BOUNDS, BOUND_TEXTS), (BOUNDS_OF_ALL, BOUND_TEXTS_OF_ALL)];
    for (list, texts) in lists {
        let mut new: HashMap<u32, (u32, Check)> = HashMap::new();
        ask(pipe, list, |row| {
            let mut row = Texts(backend::DataRow::read(row)?);
            let (oid, table) = (row.number("check")?, row.number("table")?);
            let (name, version) = (row.text("check's name")?, row.text("check's version")?);
            let check = Check::new(oid, name, None, version, String::new());
            match (known(before, table, &check), tables.get_mut(&table)) {
                (Some(known), Some(rows)) => rows.checks.push(Arc::clone(known)),
                _ => {
                    new.insert(oid, (table, check));
                }
            }
            Ok(())
        })
        .await?;
        if !may_ask {
            continue;
        }
        let oids: Vec<u32> = new.keys().copied().collect();
        ask_about(pipe, texts, oids.into_iter(), |row| {
            let mut row = Texts(backend::DataRow::read(row)?);
            let (oid, text) = (row.number::<u32>("check")?, row.text("check's text")?);
            if let Some((table, check)) = new.remove(&oid)
                && let Some(rows) = tables.get_mut(&table)
            {
                rows.checks.push(Arc::new(check.saying(text)));
            }
            Ok(())
        })
        .await?;
    }
    let kept = tables.into_iter().map(|(table, mut rows)| {
        for check in &mut rows.checks {
            if let Some(known) = known(before, table, check) {
                *check = Arc::clone(known);
            }
        }
        (table, Arc::new(rows))
    });
    Ok((kept.collect(), types.named()))
}

/// What is to be asked about the tables alone that `wanted` selects: they have no checks, and no types but the server's own.
pub(super) fn queries_about(wanted: &str) -> [String; 3] {
    [(NOT_VALID, "k.conrelid"), (COLUMNS, "c.oid"), (SEQUENCES, "a.attrelid")]
        .map(|(query, oid)| format!("{query} AND {oid} OPERATOR(pg_catalog.=) ANY (ARRAY({wanted}))"))
}

/// What the server says to that.
///
/// # Errors
///
/// One sentence, where it does not.
pub(super) async fn told_about(pipe: &mut Pipe) -> Result<HashMap<u32, Rows>, String> {
    tables(pipe, &Types::default()).await
}

/// What tables say of their columns and of the sequences that these ask.
async fn tables(pipe: &mut Pipe, types: &Types) -> Result<HashMap<u32, Rows>, String> {
    let mut not_valid: HashSet<(u32, i16)> = HashSet::new();
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        not_valid.insert((row.number("table")?, row.number("column number")?));
        Ok(())
    })
    .await?;
    let mut tables: HashMap<u32, Rows> = HashMap::new();
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (table, number) = (row.number("table")?, row.number("column number")?);
        let (name, of) = (row.text("column name")?, row.number("type")?);
        let (modifier, kind) = (row.number("type's modifier")?, row.text("type's kind")?);
        let is_not_null =
            row.number::<u8>("whether it is not NULL")? != 0 && !not_valid.contains(&(table, number));
        let rows = tables.entry(table).or_default();
        types.add(rows, name, (of, modifier, kind), is_not_null);
        Ok(())
    })
    .await?;
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (oid, table) = (row.number("sequence")?, row.number::<u32>("table")?);
        let (name, column) = (row.text("sequence's name")?, row.text("column name")?);
        let check = Check::of_sequence(oid, name, column, row.number("least")?);
        if let Some(rows) = tables.get_mut(&table) {
            rows.checks.push(Arc::new(check));
        }
        Ok(())
    })
    .await?;
    Ok(tables)
}

/// The same check as it was read before.
fn known<'c>(before: &'c Catalog, table: u32, check: &Check) -> Option<&'c Arc<Check>> {
    before.rows(table)?.checks.iter().find(|known| known.is_like(check))
}

async fn types(pipe: &mut Pipe) -> Result<Types, String> {
    let mut types = Types::default();
    ask(pipe, DOMAINS, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (oid, base, modifier) =
            (row.number("domain")?, row.number("type")?, row.number("type's modifier")?);
        let (base_kind, is_not_null) =
            (row.text("type's kind")?, row.number::<u8>("whether it is not NULL")? != 0);
        let (schema, name) = (row.text("schema")?, row.text("name")?);
        let has_checks = 0 < row.number::<u64>("constraints")?;
        let checks = Vec::new();
        types
            .domains
            .insert(oid, Domain { base, modifier, base_kind, is_not_null, schema, name, has_checks, checks });
        Ok(())
    })
    .await?;
    if !types.domains.is_empty() {
        ask(pipe, OF_DOMAINS, |row| {
            let mut row = Texts(backend::DataRow::read(row)?);
            let (oid, of) = (row.number("check")?, row.number::<u32>("domain")?);
            let (name, version) = (row.text("check's name")?, row.text("check's version")?);
            if let Some(domain) = types.domains.get_mut(&of) {
                domain.checks.push((oid, name, version, row.text("check's text")?));
            }
            Ok(())
        })
        .await?;
    }
    let mut labels: HashMap<u32, Vec<String>> = HashMap::new();
    ask(pipe, LABELS, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        labels.entry(row.number("type")?).or_default().push(row.text("label")?);
        Ok(())
    })
    .await?;
    types.labels = labels.into_iter().map(|(oid, labels)| (oid, labels.into())).collect();
    Ok(types)
}

/// Digits before and behind the point of `numeric(p, s)` (numeric.c, `make_numeric_typmod`); `None` where nobody says, or where a scale is
/// below zero or beyond the digits.
fn digits(modifier: i32) -> Option<(u32, u32)> {
    let said = u32::try_from(modifier.checked_sub(LENGTH_EXTRA)?).ok()?;
    let (digits, scale) = (said >> 16, said & 0x7ff);
    Some((digits.checked_sub(scale)?, scale))
}

impl Types {
    /// Adds a column of this type, with its modifier and what kind of type it is.
    fn add(
        &self,
        rows: &mut Rows,
        column: String,
        (mut oid, mut modifier, mut kind): (u32, i32, String),
        mut is_not_null: bool,
    ) {
        for _ in 0..DOMAINS_MAX {
            let Some(domain) = self.domains.get(&oid) else { break };
            is_not_null |= domain.is_not_null;
            if domain.is_not_null || domain.has_checks {
                rows.domains.entry(column.clone()).or_default().push(oid);
            }
            rows.checks.extend(domain.checks.iter().cloned().map(|(oid, name, version, text)| {
                Arc::new(Check::new(oid, name, Some(column.clone()), version, text))
            }));
            (oid, modifier, kind) = (domain.base, domain.modifier, domain.base_kind.clone());
        }
        let kind = self.kind(oid, modifier, &kind);
        rows.columns.insert(column, Values { has_null: !is_not_null, kind });
    }

    /// Domains by their names, each with those that it is of.
    fn named(&self) -> HashMap<String, Vec<sql::rows::Domain>> {
        let mut named: HashMap<String, Vec<sql::rows::Domain>> = HashMap::new();
        for (oid, Domain { schema, name, .. }) in &self.domains {
            let below = |oid: &u32| self.domains.get(oid).map(|domain| domain.base);
            let is_domain = |oid: &u32| self.domains.contains_key(oid);
            let of =
                std::iter::successors(Some(*oid), below).take_while(is_domain).take(DOMAINS_MAX).collect();
            named.entry(name.clone()).or_default().push(sql::rows::Domain { schema: schema.clone(), of });
        }
        named
    }

    /// What values of a type are (pg_type.dat).
    fn kind(&self, oid: u32, modifier: i32, kind: &str) -> Kind {
        let length = || u32::try_from(modifier.saturating_sub(LENGTH_EXTRA)).ok();
        match (oid, kind) {
            (16, _) => Kind::Boolean,
            (20, _) => Kind::Whole(64),
            (21, _) => Kind::Whole(16),
            (23, _) => Kind::Whole(32),
            (25, _) => Kind::Text(None),
            (26, _) => Kind::Oid,
            (700 | 701, _) => Kind::Float,
            (1042 | 1043, _) => Kind::Text(length()),
            (1082, _) => Kind::Date,
            (1083, _) => Kind::Clock,
            (1114, _) => Kind::Timestamp,
            (1184, _) => Kind::Zoned,
            (1700, _) => Kind::Numeric(digits(modifier)),
            (2950, _) => Kind::Uuid,
            (_, "e") => self.labels.get(&oid).map_or(Kind::Other, |labels| Kind::Enum(Arc::clone(labels))),
            // A domain within more domains than are looked through can be of rows.
            (_, "c" | "d" | "p") => Kind::Row,
            _ => Kind::Other,
        }
    }
}
