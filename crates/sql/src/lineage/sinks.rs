//! Whether a statement hands sensitive values to a function that sends them, or keeps what tells them, where no column is: there nobody
//! would know them again.

use std::collections::HashSet;

use pg_query::protobuf::{AlterTableType, ObjectType};

use super::flows::Flows;
use super::mentions::Mentions;
use super::probe::ROWS_FUNCTIONS;
use super::tainted::Tainted;
use super::{Sensitive, of_statement};
use crate::Catalog;
use crate::builtin;
use crate::constant::constant;
use crate::facts::{Effect, Opens, Statement, Write};
use crate::script::Script;
use crate::tree::Tree;

/// PostgreSQL's functions (pg_proc.dat) that put what they are given into settings, notifications, large objects, sequences, locks,
/// the log of changes, names of slots, the seed of `random`, which ranges of an index are summarized, and how long they take.
const SINKS: [&str; 49] = [
    "brin_desummarize_range",
    "brin_summarize_new_values",
    "brin_summarize_range",
    "gin_clean_pending_list",
    "lo_close",
    "lo_creat",
    "lo_create",
    "lo_from_bytea",
    "lo_lseek",
    "lo_lseek64",
    "lo_open",
    "lo_put",
    "lo_truncate",
    "lo_truncate64",
    "lo_unlink",
    "loread",
    "lowrite",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_advisory_unlock",
    "pg_advisory_unlock_shared",
    "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared",
    "pg_backup_start",
    "pg_cancel_backend",
    "pg_create_logical_replication_slot",
    "pg_create_physical_replication_slot",
    "pg_create_restore_point",
    "pg_export_snapshot",
    "pg_logical_emit_message",
    "pg_notify",
    "pg_replication_origin_create",
    "pg_replication_origin_session_setup",
    "pg_sleep",
    "pg_sleep_for",
    "pg_sleep_until",
    "pg_start_backup",
    "pg_terminate_backend",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared",
    "set_config",
    "set_curcfg",
    "set_limit",
    "set_strict_word_similarity_threshold",
    "set_word_similarity_threshold",
    "setseed",
    "setval",
];

/// Functions that tell by the sequence that they are given which one it is: what it counts changes, or it is named in an error.
pub(crate) const ASKING: [&str; 2] = ["currval", "nextval"];

/// Functions with which a name that is the same each time is put together.
const NAMING: [&str; 4] = ["current_schema", "format", "pg_get_serial_sequence", "quote_ident"];

/// What a trigger is told of the table that it is on.
const OF_TRIGGER: [&str; 5] = ["tg_argv", "tg_name", "tg_relname", "tg_table_name", "tg_table_schema"];

/// Those that triggers use for what they are for: what they notify is looked at on its way, and locks are on numbers of rows.
fn is_for_triggers(name: &str) -> bool {
    name == "pg_notify" || name.starts_with("pg_advisory_") || name.starts_with("pg_try_advisory_")
}

/// Statements besides those on tables whose expressions run later, with whatever there is then.
const HANGING: [&str; 10] = [
    "AlterDomainStmt",
    "AlterOpFamilyStmt",
    "AlterPolicyStmt",
    "CreateDomainStmt",
    "CreateOpClassStmt",
    "CreatePolicyStmt",
    "CreateRangeStmt",
    "CreateStatsStmt",
    "IndexStmt",
    "RuleStmt",
];

/// Commands whose own text is run later.
const MAKING_CODE: [&str; 4] = ["AlterPolicyStmt", "CreateFunctionStmt", "CreatePolicyStmt", "RuleStmt"];

const DEFAULT: i64 = pg_query::protobuf::ConstrType::ConstrDefault as i64;

/// Whether a function of this name is one.
pub fn is_sink(name: &str) -> bool {
    SINKS.binary_search(&name).is_ok()
}

/// Whether a sequence is asked whose name is computed.
pub(crate) fn picks_sequence(tree: &Tree) -> bool {
    let asks = tree.name("funcname").pop().is_some_and(|name| ASKING.contains(&name));
    asks && tree.all("args").any(is_computed) || tree.nodes().any(picks_sequence)
}

fn is_computed(tree: &Tree) -> bool {
    match tree.kind {
        "ColumnRef" => !matches!(tree.name("fields")[..], [name] if OF_TRIGGER.contains(&name)),
        "ParamRef" | "SubLink" => true,
        "FuncCall" if tree.name("funcname").pop().is_none_or(|name| !NAMING.contains(&name)) => true,
        _ => tree.nodes().any(is_computed),
    }
}

/// What somebody's code of this name does, with what it calls.
fn code(name: &str, catalog: &Catalog) -> Option<Statement> {
    let call = Statement { functions: vec![name.to_owned()], ..Statement::default() };
    catalog.routines(name).next().and_then(|_| call.with_calls(catalog))
}

/// Whether somebody's code of this name calls a sink, or does what comes to that.
fn has_sinks(name: &str, catalog: &Catalog) -> bool {
    code(name, catalog).is_some_and(|code| {
        let mut called = code.functions.iter();
        called.any(|called| is_sink(called) || called != name && names_cursors(called, catalog))
            || code.puts_elsewhere()
            || code.picks_sequence
    })
}

/// Whether somebody's code of this name opens cursors that it is given names for.
fn names_cursors(name: &str, catalog: &Catalog) -> bool {
    let mut bodies = catalog.routines(name).flat_map(|routine| routine.body());
    bodies.any(|body| body.opens == Opens::ByCaller)
}

fn is_any_sink(name: &str, catalog: &Catalog) -> bool {
    is_sink(name) || has_sinks(name, catalog) || names_cursors(name, catalog)
}

/// Whether somebody's code of this name writes rows, or could.
fn fills(name: &str, catalog: &Catalog) -> bool {
    code(name, catalog).is_some_and(|code| {
        code.computes() || !code.writes.is_empty() || code.effects.contains(&Effect::CreateTable)
    })
}

impl Statement {
    /// Names that it calls whose code writes rows, or could.
    pub fn calls_that_fill(&self, catalog: &Catalog) -> HashSet<String> {
        self.calls().filter(|name| fills(name, catalog)).map(str::to_owned).collect()
    }

    /// Whether what it runs without calling it by name writes rows, or could.
    pub fn fills_unnamed(&self, catalog: &Catalog) -> bool {
        self.runs_unnamed(catalog, |name| fills(name, catalog))
    }

    /// What code writes that it runs, also where it writes the same itself.
    pub fn writes_of_code(&self, catalog: &Catalog) -> Vec<Write> {
        let own = Statement { writes: Vec::new(), ..self.clone() };
        own.with_calls(catalog).map(|whole| whole.writes).unwrap_or_default()
    }

    /// Names that it calls, as such, whose code in turn calls such a function.
    pub fn calls_with_sinks(&self, catalog: &Catalog) -> HashSet<String> {
        self.calls().filter(|name| has_sinks(name, catalog)).map(str::to_owned).collect()
    }

    /// Names that it calls, as such, whose code opens cursors that it is given names for.
    pub fn calls_that_name_cursors(&self, catalog: &Catalog) -> HashSet<String> {
        self.calls().filter(|name| names_cursors(name, catalog)).map(str::to_owned).collect()
    }

    /// Whether bodies in it put values where no column is without one of PostgreSQL's functions that are there for that: into names of
    /// cursors, into how often a sequence was asked, into which partition a row is in.
    pub fn puts_elsewhere(&self) -> bool {
        let counts = self.functions.iter().any(|name| name == "nextval")
            && (self.loops || self.functions.iter().any(|name| ROWS_FUNCTIONS.contains(&name.as_str())));
        let fills = |write: &Write| matches!(write.effect, Effect::Insert | Effect::Merge | Effect::Update);
        self.opens == Opens::Named || counts || self.partitions && self.writes.iter().any(fills)
    }

    /// Whether it hangs expressions on relations or types, which run later.
    pub fn hangs_code(&self) -> bool {
        self.effects.iter().any(|effect| match effect {
            Effect::AlterTable | Effect::CreateTable => true,
            Effect::Other(kind) => HANGING.contains(kind),
            _ => false,
        })
    }

    /// Whether it makes code that runs later, or has some run when rows are written or read.
    pub fn makes_code(&self) -> bool {
        self.effects.iter().any(|effect| match effect {
            Effect::DisableProtection | Effect::LendRights | Effect::ReplaceTriggerFunction => true,
            Effect::Other(kind) => MAKING_CODE.contains(kind),
            _ => false,
        })
    }

    /// Whether what hangs on the relations that it writes calls one.
    pub fn reaches_sinks(&self) -> bool {
        let called = self.reached.iter().flat_map(|reached| &reached.does.functions);
        called.into_iter().any(|name| is_sink(name) && !is_for_triggers(name))
    }

    /// Whether a block calls one, or puts something elsewhere by itself.
    pub fn has_own_sinks(&self, catalog: &Catalog) -> bool {
        self.puts_elsewhere()
            || self.picks_sequence
            || self.functions.iter().any(|name| is_any_sink(name, catalog))
    }

    /// Whether it calls one by operators, casts, views and the like, where what it is given is not known.
    pub fn has_unseen_sinks(&self, catalog: &Catalog) -> bool {
        self.runs_unnamed(catalog, |name| is_any_sink(name, catalog))
    }
}

/// Whether `text`, which is one statement, hands something sensitive to one of PostgreSQL's, or to one of `others`. Call it as
/// [`spills`](super::spills).
pub fn sinks(text: &str, sensitive: &Sensitive, others: &HashSet<String>, is_key: fn(&str) -> bool) -> bool {
    let mut found = true;
    of_statement(text, |statement| {
        let mut flows = Flows::default();
        flows.visit(statement);
        let tainted = flows.follow(sensitive, Some(is_key));
        found = Sinks { tainted: &tainted, others, knows_own: true }.are_in(statement);
    });
    found
}

/// Whether `text`, which is one statement, hands something sensitive to one of these functions. Call it as [`spills`](super::spills).
pub fn hands_to(
    text: &str,
    sensitive: &Sensitive,
    functions: &HashSet<String>,
    is_key: fn(&str) -> bool,
) -> bool {
    let mut found = false;
    of_statement(text, |statement| {
        let mut flows = Flows::default();
        flows.visit(statement);
        let tainted = flows.follow(sensitive, Some(is_key));
        found = Sinks { tainted: &tainted, others: functions, knows_own: false }.are_in(statement);
    });
    found
}

/// Whether the code that `text` makes, which is one statement, hands more than constants to one of PostgreSQL's, or to one of `others`; so it
/// does where that is not told. What has the body that a function of its name has in `catalog`, where that is the only one, changes nothing.
/// Call it as [`spills`](super::spills).
pub fn makes_sink(text: &str, others: &HashSet<String>, catalog: &Catalog) -> bool {
    let mut found = true;
    of_statement(text, |statement| {
        let script = match statement.kind {
            "CreateFunctionStmt" => {
                let name = statement.name("funcname").pop().unwrap_or_default();
                let mut known = catalog.routines(name);
                if let (Some(only), None) = (known.next(), known.next())
                    && Script::body_of(statement) == Some(&only.body)
                {
                    found = false;
                    return;
                }
                Script::of_function(statement, text)
            }
            // What is put in the place of another, or has a name that others use already. Anything else of that kind is new.
            "DefineStmt" => {
                let name = statement.name("defnames").pop().unwrap_or_default();
                let is_operator = statement.number("kind") == ObjectType::ObjectOperator as i64;
                found = statement.number("replace") != 0
                    || match is_operator {
                        true => builtin::is_called("operator", name) || catalog.may_use_operator(name),
                        false => catalog.may_call(name),
                    };
                return;
            }
            _ => return,
        };
        let Some(script) = script else { return };
        let anything = Sensitive { anything: true, ..Sensitive::default() };
        let tainted = Flows::default().follow(&anything, None);
        found = makes_more(&script.all)
            || Sinks { tainted: &tainted, others, knows_own: true }.are_in(&script.all);
    });
    found
}

/// Whether code is made in it, whose body is a text.
fn makes_more(tree: &Tree) -> bool {
    matches!(tree.kind, "CreateFunctionStmt" | "DefineStmt") || tree.nodes().any(makes_more)
}

pub(super) struct Sinks<'t> {
    pub(super) tainted: &'t Tainted<'t>,
    pub(super) others: &'t HashSet<String>,
    /// PostgreSQL's own are some too.
    pub(super) knows_own: bool,
}

impl Sinks<'_> {
    pub(super) fn are_in(&self, tree: &Tree) -> bool {
        let is_one = match tree.kind {
            "FuncCall" => {
                self.is_named(tree.name("funcname").pop())
                    && ["args", "agg_order"].iter().any(|field| self.takes(tree.all(field)))
            }
            // `(value).name` and `row.name` can be calls.
            "AIndirection" => {
                tree.name("indirection").into_iter().any(|name| self.is_named(Some(name)))
                    && self.takes([tree])
            }
            // Bounds are kept as they are; so is what a new column has in rows that are there already (`pg_attribute.attmissingval`).
            "PartitionBoundSpec" => {
                let bounds = ["listdatums", "lowerdatums", "upperdatums"];
                bounds.iter().any(|field| self.takes(tree.all(field)))
            }
            "AlterTableCmd" => {
                let constraints = tree.all("def").flat_map(|column| column.all("constraints"));
                let is_new = tree.number("subtype") == AlterTableType::AtAddColumn as i64;
                let is_filled = |column: &Tree| self.tainted.sensitive.fills_column(column);
                is_new && tree.all("def").any(is_filled)
                    || self.takes(
                        constraints
                            .filter(|it| it.number("contype") == DEFAULT)
                            .flat_map(|it| it.all("raw_expr")),
                    )
            }
            "ColumnRef" => {
                let mut fields = tree.name("fields");
                let name = fields.pop();
                self.is_named(name)
                    && !name.is_some_and(|name| self.tainted.known.contains(name))
                    && fields.pop().is_some_and(|row| self.tainted.names.contains(row))
            }
            _ => false,
        };
        is_one || tree.nodes().any(|node| self.are_in(node))
    }

    fn is_named(&self, name: Option<&str>) -> bool {
        let is_own = |name| is_sink(name) || ASKING.contains(&name);
        name.is_some_and(|name| self.knows_own && is_own(name) || self.others.contains(name))
    }

    fn takes<'a>(&self, given: impl IntoIterator<Item = &'a Tree>) -> bool {
        given.into_iter().filter(|given| constant(given).is_none()).any(|given| {
            let mentions = Mentions::of(given);
            // Of documents nothing: behind a harmless key there can be more of them, whose keys nobody looks at there.
            self.tainted.all || self.tainted.has(&mentions) || self.tainted.keeps(&mentions)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(text: &str) -> bool {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let sensitive = Sensitive {
            columns: names(&["email"]),
            relations: names(&["people"]),
            known: names(&["id", "email", "data", "n"]),
            documents: names(&["data"]),
            functions: names(&["emails"]),
            ..Sensitive::default()
        };
        sinks(text, &sensitive, &names(&["tell"]), |key| key == "ssn")
    }

    #[test]
    fn what_is_handed_to_a_sink_is_found() {
        for text in [
            "select pg_notify('c', email) from people",
            "select pg_catalog.set_config('my.x', email, false) from people",
            "select set_config('my.x', (select email from people limit 1), false)",
            "select set_config('my.x', string_agg(email, ','), true) from people",
            "select set_config('my.x', p::text, true) from people p",
            "select set_config('my.x', row_to_json(p)::text, true) from people p",
            "select set_config('my.x', x, true) from (select lower(email) as x from people) s",
            "with s as (select email e from people) select pg_notify('c', e) from s",
            "select * from people, lateral pg_notify('c', email)",
            "select id from people where pg_notify('c', email) is null",
            "select pg_advisory_lock(hashtext(email)) from people",
            "select setval('s', ascii(email)) from people",
            "select pg_sleep(length(email)) from people",
            "select lo_from_bytea(0, convert_to(email, 'utf8')) from people",
            "select lo_open(777000 + ascii(email), 262144) from people",
            "select loread(0, ascii(email)) from people",
            "select lo_unlink(ascii(email)) from people",
            "select pg_advisory_unlock(ascii(email)) from people",
            "select nextval('q_' || left(email, 1)) from people",
            "select currval(lower(left(email, 1))) from people",
            "insert into t select pg_notify('c', email) from people",
            "update t set x = set_config('my.x', email, false) from people",
            "prepare p as select pg_notify('c', email) from people",
            "declare c cursor for select pg_notify('c', email) from people",
            "create view v as select pg_notify('c', email) from people",
            "explain analyze select pg_notify('c', email) from people",
            "create table t partition of people for values in (emails())",
            "create table t partition of people for values from (emails()) to ('z')",
            "alter table people attach partition t for values in (lower(emails()))",
            "alter table t add column v text default emails()",
            "alter table t add v text not null default upper(emails())",
            "select tell(email) from people",
            "select (email).tell from people",
            "select p.tell from people p",
            "select pg_notify('c', emails())",
            "select pg_notify('c', data::text) from people",
            "select pg_notify('c', data ->> 'ssn') from people",
            "select case when email like 'a%' then pg_sleep(1) end, pg_sleep(ascii(email)) from people",
        ] {
            assert!(takes(text), "{text}");
        }
    }

    #[test]
    fn what_is_harmless_may_be_handed_over() {
        for text in [
            "select pg_notify('c', id::text) from people",
            "select pg_notify('c', 'people changed'), email from people",
            "select set_config('app.tenant', '7', true)",
            "select pg_advisory_xact_lock(id) from people where email = 'a@b.c'",
            "select email, pg_sleep(1) from people",
            "select email, nextval('people_id_seq') from people",
            "select email, nextval('visits_of_' || id) from people",
            "insert into people (id, email) values (nextval('people_id_seq'::regclass), 'a@b.c')",
            "insert into t select nextval(pg_get_serial_sequence('t', 'id')), email from people",
            "create table t partition of people for values in ('a')",
            "alter table t add column v text default now()::text",
            "alter table t add check (v <> emails())",
            "create table t (v text default emails())",
            "select pg_notify('c', (select count(email) from people)::text)",
        ] {
            assert!(!takes(text), "{text}");
        }
    }

    #[test]
    fn the_list_can_be_searched() {
        assert!(SINKS.is_sorted());
    }
}
