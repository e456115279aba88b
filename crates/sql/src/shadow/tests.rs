use std::sync::Arc;

use crate::catalog::{Catalog, Relation, Routine};
use crate::facts::Effect;
use crate::hooks::{Hook, Hooks};
use crate::implicit::{Function, Implicit, Runs};
use crate::reach::Via;
use crate::read::read;

/// On INSERT for each row.
const KIND: i16 = 5;

fn relation(oid: u32, schema: &str, name: &str) -> Relation {
    Relation { oid, schema: schema.into(), name: name.into(), columns: Vec::new() }
}

fn routine(name: &str, head: &str, body: &str) -> Arc<Routine> {
    let definition = format!(
        "CREATE OR REPLACE FUNCTION public.{name}()\n RETURNS trigger\n LANGUAGE plpgsql\n{head}AS $function${body}$function$"
    );
    Arc::new(Routine::new(name.into(), 0, "plpgsql".into(), body.into(), definition))
}

/// A table whose trigger calls this function, which may call a helper; a policy that calls another; and relations of many names.
fn catalog(head: &str, body: &str, helper: &str) -> Catalog {
    let names = ["letters", "letters_log", "kept", "members", "closed"];
    let relations = names.iter().zip(1..).map(|(name, oid)| relation(oid, "public", name));
    let own = relation(90, "pg_temp_3", "own");
    let routines = [
        (10, routine("notes", head, body)),
        (11, routine("helper", "", helper)),
        (
            12,
            routine(
                "may_see",
                "",
                "begin return exists (select 1 from members where name = current_user); end",
            ),
        ),
    ];
    let hook = Hook::trigger(20, 1, "notes".into(), KIND, 10).with_arguments(vec!["kept".into()]);
    let mut implicit = Implicit::default();
    let policy = Function { oid: 12, name: "may_see".into() };
    implicit.hang(1, Via::Policy, "own".into(), Runs::Function(policy));
    Catalog::new(relations.chain([own]))
        .with_routines(routines)
        .with_hooks(Hooks::new([Arc::new(hook)], [], []))
        .with_implicit(implicit)
}

fn hides(catalog: &Catalog, text: &str) -> bool {
    let facts = read(text.as_bytes()).unwrap();
    let facts = facts.with_temporary(|name| name == "scratch", |_| true, |_| false, |_, _| false);
    facts.with_reach(catalog).statements.iter().any(|one| one.effects.contains(&Effect::Shadow))
}

#[test]
fn a_temporary_relation_is_not_called_like_what_a_trigger_writes_to() {
    let catalog =
        catalog("", "begin insert into letters_log values (new.what); return new; end", "begin end");
    for text in [
        "create temp table letters_log (what text)",
        "create temporary table if not exists letters_log (what text)",
        "create table pg_temp.letters_log (what text)",
        "create local temp table letters_log as select 1",
        "select 'a' as what into temp letters_log",
        "create temp view letters_log as select 1",
        "create or replace temp view letters_log as select 1",
        "create view pg_temp.letters_log as select 1",
        "create temp table letters_log partition of scratch default",
        "alter table scratch rename to letters_log",
        "alter table pg_temp.anything rename to letters_log",
        "alter table own rename to letters_log",
        "create view letters_log as select * from scratch",
        "create temp table a (what text); alter table a rename to b; alter table b rename to letters_log",
        "create temp view a as select 1; alter view a rename to letters_log",
        "do $$ begin create temp table a (what text); end $$; create view letters_log as select * from a",
        "do $$ begin create temp table letters_log (what text); end $$",
        "do $$ begin create temp table a (what text); alter table a rename to letters_log; end $$",
        "do $$ begin execute 'create temp table letters_log (what text)'; end $$",
        "create function f() returns void language sql as 'create temp table letters_log (what text)'",
        "prepare p as select 1; create temp table letters_log (what text)",
        // What policies look for is not hidden either.
        "create temp table members (name text)",
        "create temp view members as select current_user as name",
    ] {
        assert!(hides(&catalog, text), "{text}");
    }
    for text in [
        "create temp table letters (what text)",
        "create temp table kept as select 1",
        "create temp table letters_log_2 (like letters_log)",
        "create temp table new_log as table letters_log",
        "create table letters_log (what text)",
        "create table if not exists letters_log (what text)",
        "create view letters_log as select * from kept",
        "alter table kept rename to letters_log",
        "alter table letters_log rename to letters_log_old; create table letters_log_new (what text);
            alter table letters_log_new rename to letters_log",
        "alter table letters_log rename column what to that",
        "insert into letters_log values ('a')",
        "create table other.letters_log (what text)",
        "create temp table what (a int)",
        "create index letters_log_what on letters_log (what)",
    ] {
        assert!(!hides(&catalog, text), "{text}");
    }
}

#[test]
fn what_a_function_looks_for_is_told_by_its_body() {
    for (head, body, helper, is_hidden) in [
        (
            "",
            "begin perform helper(); return new; end",
            "begin insert into letters_log values ('a'); end",
            true,
        ),
        ("", "begin execute 'insert into letters_log values ($1)' using new.what; return new; end", "", true),
        (
            "",
            "begin execute 'insert into ' || tg_table_name || '_log values ($1)' using new.what; end",
            "",
            true,
        ),
        (
            "",
            "begin if exists (select 1 from kept join letters_log on true) then raise 'no'; end if; end",
            "",
            true,
        ),
        ("SET search_path TO 'public'\n", "begin insert into letters_log values ('a'); end", "", true),
        (
            "SET search_path TO 'pg_temp', 'public'\n",
            "begin insert into letters_log values ('a'); end",
            "",
            true,
        ),
        (
            "SET search_path TO 'public', 'pg_temp'\n",
            "begin insert into letters_log values ('a'); end",
            "",
            false,
        ),
        (
            "SET search_path TO 'public', 'pg_temp'\n",
            "begin perform helper(); end",
            "begin insert into letters_log values ('a'); end",
            false,
        ),
        ("", "begin insert into public.letters_log values ('a'); end", "", false),
        ("", "begin perform 1 from public.letters_log; end", "", false),
        (
            "",
            "begin execute format('insert into %I.letters_log values (1)', tg_table_schema); end",
            "",
            false,
        ),
        ("", "begin new.letters_log := 1; return new; end", "", false),
    ] {
        let helper = if helper.is_empty() { "begin end" } else { helper };
        let catalog = catalog(head, body, helper);
        assert_eq!(hides(&catalog, "create temp table letters_log (what text)"), is_hidden, "{head}{body}");
    }
}
