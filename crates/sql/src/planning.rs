//! How PostgreSQL is asked for the plan of a statement, and whether it can be without running anybody's code. It plans by what it
//! evaluates already: functions that are declared IMMUTABLE or STABLE, truly or not, where their arguments are constants, those of
//! operators, casts, checks, policies and expressions of indexes among them (clauses.c, plancat.c). So nothing of it may be a user's.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::catalog::{Catalog, Relation};
use crate::facts::{Effect, Statement};
use crate::hooks::Hook;
use crate::reach::Via;
use crate::read::{read, tree};
use crate::tree::Tree;

/// Longest text that is planned, in bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Commands that have a plan of their own.
const PLANNED: [&str; 5] = ["DeleteStmt", "InsertStmt", "MergeStmt", "SelectStmt", "UpdateStmt"];

/// What asks for the plan.
const EXPLAIN: &str = "EXPLAIN (FORMAT JSON) ";

/// Name of the prepared statement that one with parameters becomes.
const PREPARED: &str = "picket_planned";

/// Schemas that need not be looked for.
const SYSTEM_SCHEMAS: [&str; 2] = ["information_schema", "pg_catalog"];

/// PostgreSQL's own functions that run, change or analyse what their arguments name, and are not VOLATILE in one version or another: these it
/// evaluates while it plans.
pub const EVALUATING: [&str; 27] = [
    "array_in",
    "cursor_to_xml",
    "cursor_to_xmlschema",
    "database_to_xml",
    "database_to_xml_and_xmlschema",
    "database_to_xmlschema",
    "domain_in",
    "fmgr_c_validator",
    "fmgr_internal_validator",
    "fmgr_sql_validator",
    "multirange_in",
    "pg_current_xact_id",
    "pg_input_error_info",
    "pg_input_is_valid",
    "query_to_xml",
    "query_to_xml_and_xmlschema",
    "query_to_xmlschema",
    "range_in",
    "record_in",
    "satisfies_hash_partition",
    "schema_to_xml",
    "schema_to_xml_and_xmlschema",
    "schema_to_xmlschema",
    "table_to_xml",
    "table_to_xml_and_xmlschema",
    "table_to_xmlschema",
    "txid_current",
];

/// How PostgreSQL is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planning {
    /// Goes before, where the statement has parameters: the plan is for whichever values.
    pub prepare: Option<String>,
    /// Asks for the plan.
    pub explain: String,
    /// Where what it names without a schema is found.
    pub schemas: Vec<String>,
    /// `pg_class.oid` of all that it reads and writes: if one is a foreign table, nobody knows what its server does to plan it.
    pub relations: Vec<u32>,
}

/// Why it is not asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unplanned {
    /// It is something else, or has something else within.
    #[error("it is no SELECT, INSERT, UPDATE, DELETE or MERGE by itself")]
    Command,
    /// Planning it could run what a user has made.
    #[error("it uses `{0}`, which somebody has made")]
    Code(String),
    /// Planning it could run what this function of PostgreSQL's is given.
    #[error("it uses `{0}`, which could run what somebody has made")]
    Evaluating(&'static str),
    /// Nobody can tell which relation it means.
    #[error("there is no one table `{0}`")]
    Relation(String),
    /// It is too long.
    #[error("its text has {0} bytes, of {TEXT_BYTES_MAX} at most")]
    TooLong(usize),
}

/// How PostgreSQL is asked for the plan of the only statement of `text`, which has so many parameters. Call it on a thread with
/// [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
///
/// # Errors
///
/// [`Unplanned`] where it must not be.
pub fn planning(text: &str, parameters: usize, catalog: &Catalog) -> Result<Planning, Unplanned> {
    if TEXT_BYTES_MAX < text.len() {
        return Err(Unplanned::TooLong(text.len()));
    }
    let mut statements = read(text.as_bytes()).map_err(|_| Unplanned::Command)?.statements;
    let (Some(statement), true) = (statements.pop(), statements.is_empty()) else {
        return Err(Unplanned::Command);
    };
    let is_plain = |effect: &Effect| {
        matches!(effect, Effect::Delete | Effect::Insert | Effect::Merge | Effect::Select | Effect::Update)
    };
    if statement.effects.is_empty() || !statement.effects.iter().all(is_plain) {
        return Err(Unplanned::Command);
    }
    let mut planning = match parameters {
        0 => Planning::new(None, within(EXPLAIN, text, "ExplainStmt")?),
        count => {
            let prepare = within(&format!("PREPARE {PREPARED} AS "), text, "PrepareStmt")?;
            let nulls = vec!["NULL"; count].join(", ");
            Planning::new(Some(prepare), format!("{EXPLAIN}EXECUTE {PREPARED} ({nulls})"))
        }
    };
    planning.find(&statement, catalog)?;
    if let Some(name) = EVALUATING.iter().find(|name| statement.functions.iter().any(|own| own == *name)) {
        return Err(Unplanned::Evaluating(name));
    }
    if let Some(code) = called(&statement, catalog) {
        return Err(Unplanned::Code(code.to_owned()));
    }
    Ok(planning)
}

/// The text behind what goes before it, where PostgreSQL's grammar takes both for one command about a statement that is planned.
fn within(before: &str, text: &str, command: &str) -> Result<String, Unplanned> {
    let whole = format!("{before}{text}");
    let parsed = tree(&whole).map_err(|_| Unplanned::Command)?;
    let [raw] = parsed.protobuf.stmts.as_slice() else { return Err(Unplanned::Command) };
    let root = Tree::of(&raw.stmt).map_err(|_| Unplanned::Command)?;
    let is_planned = |about: &Tree| PLANNED.contains(&about.kind);
    let is_so = |found: &Tree| {
        found.kind == command
            && found.one("query").is_some_and(is_planned)
            && found.all("options").count() <= 1
    };
    if root.nodes().next().is_some_and(is_so) { Ok(whole) } else { Err(Unplanned::Command) }
}

impl Planning {
    fn new(prepare: Option<String>, explain: String) -> Self {
        Planning { prepare, explain, schemas: Vec::new(), relations: Vec::new() }
    }

    /// Finds what it names, none of which may have code on it.
    fn find(&mut self, statement: &Statement, catalog: &Catalog) -> Result<(), Unplanned> {
        let (mut schemas, mut found) = (BTreeSet::new(), BTreeSet::new());
        for used in &statement.relations {
            let (schema, name) = (used.schema.as_deref(), used.name.as_str());
            // Those of other sessions are other tables; an own one hides what lasts.
            let mut named = catalog.named_in(schema, name);
            let relation = match (named.next(), named.next()) {
                // It may be a common table expression too: then it is neither looked for nor in the way.
                (Some(relation), None) => relation,
                (None, _) if schema.is_none() && statement.ctes.contains(&used.name) => continue,
                (None, _) if schema.is_some_and(|schema| SYSTEM_SCHEMAS.contains(&schema)) => continue,
                (None, _) if schema.is_none() && name.starts_with("pg_") => continue,
                _ => return Err(Unplanned::Relation(used.path())),
            };
            if relation.schema.starts_with("pg_temp") || catalog.is_new(relation) {
                return Err(Unplanned::Relation(used.path()));
            }
            schemas.insert(relation.schema.clone());
            for below in catalog.with_underlying(relation) {
                look(below, catalog, &mut found)?;
                for part in catalog.parts(below.oid) {
                    found.insert(part.part);
                    if let Some(part) = catalog.relation(part.part) {
                        look(part, catalog, &mut found)?;
                    }
                }
            }
        }
        self.schemas = schemas.into_iter().collect();
        self.relations = found.into_iter().collect();
        Ok(())
    }
}

/// Looks for code on a relation.
fn look(relation: &Relation, catalog: &Catalog, found: &mut BTreeSet<u32>) -> Result<(), Unplanned> {
    found.insert(relation.oid);
    let is_rule = |hook: &&std::sync::Arc<Hook>| hook.via == Via::Rule;
    if let Some(rule) = catalog.hooks().of(relation.oid).iter().find(is_rule) {
        return Err(Unplanned::Code(rule.name.clone()));
    }
    if catalog.implicit().is_about(relation.oid) {
        return Err(Unplanned::Code(relation.path()));
    }
    Ok(())
}

/// A routine that it calls and that somebody has made, or a type that it calls as one.
fn called<'s>(statement: &'s Statement, catalog: &'s Catalog) -> Option<&'s str> {
    let own = |name: &&str| !catalog.lacks_routine(name) || catalog.implicit().names(name);
    let is_field = |name: &&str| catalog.routines(name).next().is_some();
    let mut functions = statement.functions.iter().map(String::as_str);
    // `row.name` is `name(row)`.
    let qualified = statement.columns.iter().filter(|column| !column.qualifier.is_empty());
    let mut fields = qualified.filter_map(|column| column.name.as_deref());
    functions
        .find(own)
        .or_else(|| fields.find(is_field))
        .or_else(|| statement.unnamed_calls(catalog).first().copied())
}

#[cfg(test)]
mod tests;
