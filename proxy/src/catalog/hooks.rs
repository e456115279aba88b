//! Reads what hangs on relations and runs when their rows are written: triggers, rules and foreign keys, and which tables are
//! parts of others. What was read of their definitions before is kept.

use std::sync::Arc;

use sql::Catalog;
use sql::hooks::{ForeignKey, Hook, Hooks, Part};
use wire::{BodyError, backend};

use super::{Texts, send, told};
use crate::pipe::Pipe;

/// Triggers that fire in a session as any other. Those of PostgreSQL's own functions do nothing that is known, unless a
/// condition calls another. The definition is asked for each time: it changes with the names of what it is about.
const TRIGGERS: &str = "
    SELECT t.oid, t.tgrelid, t.tgname::text, t.tgtype, t.tgfoid,
           CASE WHEN t.is_long OPERATOR(pg_catalog.=) 0 THEN t.arguments ELSE '' END, t.new_rows, t.old_rows, t.is_long,
           CASE WHEN t.is_long OPERATOR(pg_catalog.=) 0 THEN t.definition ELSE '' END
    FROM (
        SELECT t.*, CASE WHEN t.definition IS NULL OR pg_catalog.octet_length(t.definition) OPERATOR(pg_catalog.>) 48000
                           OR pg_catalog.octet_length(t.arguments) OPERATOR(pg_catalog.>) 48000 THEN 1 ELSE 0 END AS is_long
        FROM (
            SELECT t.oid, t.tgrelid, t.tgname, t.tgtype, t.tgfoid, pg_catalog.encode(t.tgargs, 'hex') AS arguments,
                   coalesce(t.tgnewtable::text, '') AS new_rows, coalesce(t.tgoldtable::text, '') AS old_rows,
                   CASE WHEN t.tgqual IS NULL THEN ''
                        WHEN pg_catalog.pg_column_size(t.tgqual) OPERATOR(pg_catalog.<=) pg_catalog.current_setting('picket.tree_bytes_max')::int4 THEN pg_catalog.pg_get_triggerdef(t.oid) END AS definition
            FROM pg_catalog.pg_trigger t
            WHERE (NOT t.tgisinternal OR t.tgparentid OPERATOR(pg_catalog.<>) 0::oid)
              AND t.tgenabled OPERATOR(pg_catalog.=) ANY (ARRAY['O', 'A']::\"char\"[])
              AND (t.tgfoid OPERATOR(pg_catalog.>=) 16384::oid OR t.tgqual IS NOT NULL)
        ) t
    ) t";

/// Event triggers that fire when something is defined.
const EVENT_TRIGGERS: &str = "
    SELECT e.oid, e.evtname::text, e.evtfoid
    FROM pg_catalog.pg_event_trigger e
    WHERE e.evtenabled OPERATOR(pg_catalog.=) ANY (ARRAY['O', 'A']::\"char\"[])
      AND e.evtevent OPERATOR(pg_catalog.<>) 'login'::name";

/// Rules that rewrite writes. The definition of one that is about a relation which somebody has for himself alone is not asked for: PostgreSQL
/// would wait for it.
const RULES: &str = "
    SELECT r.oid, r.ev_class, r.rulename::text, r.ev_type::text, r.is_locked, r.is_long,
           CASE WHEN r.is_long OPERATOR(pg_catalog.=) 0 THEN r.definition ELSE '' END
    FROM (
        SELECT r.*, CASE WHEN pg_catalog.octet_length(r.definition) OPERATOR(pg_catalog.<=) 48000 THEN 0 ELSE 1 END AS is_long
        FROM (
            SELECT r.oid, r.ev_class, r.rulename, r.ev_type, r.is_locked,
                   CASE WHEN r.is_locked OPERATOR(pg_catalog.=) 0 AND pg_catalog.pg_column_size(r.ev_action) OPERATOR(pg_catalog.<=) pg_catalog.current_setting('picket.tree_bytes_max')::int4
                         AND pg_catalog.pg_column_size(r.ev_qual) OPERATOR(pg_catalog.<=) pg_catalog.current_setting('picket.tree_bytes_max')::int4
                        THEN pg_catalog.pg_get_ruledef(r.oid) END AS definition
            FROM (
                SELECT r.*, CASE WHEN EXISTS (
                    SELECT FROM pg_catalog.pg_locks l
                    WHERE l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'
                      AND l.database OPERATOR(pg_catalog.=)
                          (SELECT d.oid FROM pg_catalog.pg_database d
                           WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
                      AND (l.relation OPERATOR(pg_catalog.=) r.ev_class OR l.relation OPERATOR(pg_catalog.=) ANY (
                          SELECT d.refobjid FROM pg_catalog.pg_depend d
                          WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::regclass::oid
                            AND d.objid OPERATOR(pg_catalog.=) r.oid
                            AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid))) THEN 1 ELSE 0 END AS is_locked
                FROM pg_catalog.pg_rewrite r
            ) r
            WHERE r.ev_class OPERATOR(pg_catalog.>=) 16384::oid
              AND r.ev_type OPERATOR(pg_catalog.<>) '1'::\"char\"
              AND r.ev_enabled OPERATOR(pg_catalog.=) ANY (ARRAY['O', 'A']::\"char\"[])
        ) r
    ) r";

/// Foreign keys, each once: partitions have theirs from what they are a part of.
const FOREIGN_KEYS: &str = "
    SELECT c.oid, c.conname::text, c.conrelid, pg_catalog.array_to_string(c.conkey, ' '), c.confrelid,
           pg_catalog.array_to_string(c.confkey, ' '), c.confdeltype::text, c.confupdtype::text
    FROM pg_catalog.pg_constraint c
    WHERE c.contype OPERATOR(pg_catalog.=) 'f'::\"char\" AND c.conparentid OPERATOR(pg_catalog.=) 0::oid";

/// Partitions and children.
const PARTS: &str = "
    SELECT i.inhparent, i.inhrelid, CASE WHEN c.relispartition THEN 1 ELSE 0 END
    FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.inhrelid
    WHERE c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'f']::\"char\"[])";

/// Columns by which rows of a table go to its partitions; 0 is an expression.
const PARTITION_KEYS: &str =
    "SELECT h.partrelid, pg_catalog.array_to_string(h.partattrs, ' ') FROM pg_catalog.pg_partitioned_table h";

/// All that there are, and whether the definition of each was asked for: a rule that is about something locked counts as the one of `before`.
/// Those of `before` that are as they were are taken from there, with what was read of them.
///
/// # Errors
///
/// One sentence, where the server cannot be asked, or will not say.
pub(super) async fn read(pipe: &mut Pipe, before: &Catalog) -> Result<(Hooks, bool), String> {
    let (mut hooks, mut foreign_keys, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut on_definitions, mut left) = (Vec::new(), Vec::new());
    let mut add = |hook: Hook| {
        let known = before.hooks().of(hook.relation).iter().find(|known| known.is_like(&hook));
        hooks.push(known.map_or_else(|| Arc::new(hook), Arc::clone));
    };
    send(pipe, &[TRIGGERS, EVENT_TRIGGERS, RULES, FOREIGN_KEYS, PARTS, PARTITION_KEYS]).await?;
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (oid, relation, name) = (row.number("trigger")?, row.number("table")?, row.text("name")?);
        let (kind, function) = (row.number("trigger's kind")?, row.number("trigger's function")?);
        let arguments = arguments(&row.text("trigger's arguments")?);
        let rows = [row.text("new rows")?, row.text("old rows")?];
        let rows = rows.into_iter().filter(|name| !name.is_empty()).collect();
        let trigger = Hook::trigger(oid, relation, name, kind, function).with_arguments(arguments);
        add(trigger.with_rows(rows).defined(definition(&mut row)?));
        Ok(())
    })
    .await?;
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (oid, name) = (row.number("event trigger")?, row.text("name")?);
        let hook = Hook::event_trigger(oid, name, row.number("event trigger's function")?);
        let known = before.hooks().on_definitions().iter().find(|known| known.is_like(&hook));
        on_definitions.push(known.map_or_else(|| Arc::new(hook), Arc::clone));
        Ok(())
    })
    .await?;
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (oid, relation, name) = (row.number("rule")?, row.number("table")?, row.text("name")?);
        let event = row.letter("rule's event")?;
        let is_locked = row.number::<u8>("whether it is locked")? != 0;
        let rule = Hook::rule(oid, relation, name, event).defined(definition(&mut row)?);
        if !is_locked {
            add(rule);
            return Ok(());
        }
        let is_it = |known: &&Arc<Hook>| known.oid == oid && known.function == 0;
        let known = before.hooks().of(relation).iter().find(is_it);
        left.push(known.map_or_else(|| Arc::new(rule.defined(None)), Arc::clone));
        Ok(())
    })
    .await?;
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        foreign_keys.push(ForeignKey {
            oid: row.number("foreign key")?,
            name: row.text("name")?,
            on: row.number("table")?,
            columns: row.numbers("columns")?,
            to: row.number("table referred to")?,
            keys: row.numbers("columns referred to")?,
            on_delete: row.letter("action of DELETE")?,
            on_update: row.letter("action of UPDATE")?,
        });
        Ok(())
    })
    .await?;
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        let (of, part) = (row.number("table")?, row.number("part")?);
        parts.push(Part { of, part, is_partition: row.number::<u8>("whether it is a partition")? != 0 });
        Ok(())
    })
    .await?;
    let mut partition_keys = Vec::new();
    told(pipe, |row| {
        let mut row = Texts(backend::DataRow::read(row)?);
        partition_keys.push((row.number("partitioned table")?, row.numbers("columns of its key")?));
        Ok(())
    })
    .await?;
    let has_all = left.is_empty();
    let hooks = Hooks::new(hooks.into_iter().chain(left).chain(on_definitions), foreign_keys, parts);
    Ok((hooks.with_partition_keys(partition_keys), has_all))
}

/// Of `pg_trigger.tgargs` in hexadecimal: texts that each end in a zero.
pub(super) fn arguments(hex: &str) -> Vec<String> {
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = hex.as_bytes().chunks_exact(2).filter_map(byte).collect();
    let mut arguments: Vec<String> = bytes
        .split(|byte| *byte == 0)
        .map(|argument| String::from_utf8_lossy(argument).into_owned())
        .collect();
    arguments.pop();
    arguments
}

/// The last two columns of a trigger or rule.
fn definition(row: &mut Texts<'_>) -> Result<Option<String>, BodyError> {
    let is_long = row.number::<u8>("whether it is long")? != 0;
    let text = row.text("definition")?;
    Ok((!is_long).then_some(text))
}

impl Texts<'_> {
    fn letter(&mut self, field: &'static str) -> Result<char, BodyError> {
        self.text(field)?.chars().next().ok_or(BodyError::Value { field })
    }

    fn numbers(&mut self, field: &'static str) -> Result<Vec<i16>, BodyError> {
        let number = |number: &str| number.parse().map_err(|_| BodyError::Value { field });
        self.text(field)?.split(' ').map(number).collect()
    }
}
