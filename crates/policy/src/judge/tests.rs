//! Golden verdicts: each statement beside what is decided about it, and why.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use insta::assert_snapshot;
use sql::READ_STACK_BYTES;
use sql::hooks::{ForeignKey, Hook, Hooks};

use super::*;
use crate::setup::Setup;
use crate::subject::Who;

mod acting;
mod bodies;
mod columns;
mod commands;
mod examples;
mod implied;
mod kept;
mod own;
mod reached;
mod schemas;
mod temporary;
mod unfiltered;
mod unreachable;

/// The policies that are shipped.
static SHIPPED: LazyLock<Policies> = LazyLock::new(|| Policies::new(Setup::default()).unwrap());

fn verdict(text: &str) -> String {
    verdict_for(&[], text)
}

/// For a session that has these temporary tables.
fn verdict_for(temporary: &[&str], text: &str) -> String {
    verdict_where(&SHIPPED, &Who::default(), temporary, text)
}

fn observing(rules: &[&str]) -> Policies {
    let modes: BTreeMap<_, _> = rules.iter().map(|rule| ((*rule).to_owned(), Mode::Observe)).collect();
    Policies::new(Setup { modes, ..Setup::default() }).unwrap()
}

/// Of all names, `users` and `orders` alone are relations that last.
fn verdict_where(policies: &Policies, who: &Who, temporary: &[&str], text: &str) -> String {
    let subject = policies.subject(who).unwrap();
    let reader = std::thread::Builder::new().stack_size(READ_STACK_BYTES);
    let read = || match sql::read(text.as_bytes()) {
        Err(unreadable) => vec![policies.judge_unreadable(&subject, &unreadable)],
        Ok(facts) => {
            let is_only = |name: &str| !matches!(name, "users" | "orders");
            let facts =
                facts.with_temporary(|name| temporary.contains(&name), is_only, |_| false, |_, _| false);
            let facts = facts.with_reach(&catalog());
            let is_masked =
                |statement: &Statement| statement.relations.iter().any(|used| used.name == "users");
            policies.judge(
                &subject,
                &facts,
                &Meaning {
                    catalog: &catalog(),
                    is_masked: &is_masked,
                    is_maskable: &|_| false,
                    class_of: &|_, _| None,
                    looks_into: &|_| Vec::new(),
                },
            )
        }
    };
    let judged = std::thread::scope(|scope| reader.spawn_scoped(scope, read).unwrap().join().unwrap());
    judged.iter().map(show).collect::<Vec<_>>().join("\n")
}

fn show(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Allow(permit) if permit.observed().is_empty() => "allow".to_owned(),
        Verdict::Allow(permit) => format!("allow, against {}", permit.observed().join(", ")),
        Verdict::Hold { approvers, otherwise } => {
            format!(
                "hold for {}: {}",
                approvers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                otherwise.detail
            )
        }
        Verdict::Refuse(refusal) => {
            format!("{} {}: {}", refusal.sqlstate, refusal.message, refusal.detail)
        }
    }
}

fn catalog() -> Catalog {
    let relation = |oid, schema: &str, name: &str| sql::catalog::Relation {
        oid,
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns: Vec::new(),
    };
    // A DELETE on parts deletes all of bins, and does what nobody knows; one on bins deletes marks.
    let also = "CREATE RULE also AS ON DELETE TO parts DO ALSO DELETE FROM bins;";
    let also = Hook::rule(1, 4, "also".to_owned(), '4').defined(Some(also.to_owned()));
    let hidden = Hook::trigger(1, 4, "hidden".to_owned(), 8, 1).defined(None);
    let key = ForeignKey {
        oid: 1,
        name: "marks_bin_fkey".to_owned(),
        on: 6,
        columns: vec![1],
        to: 5,
        keys: vec![1],
        on_delete: 'c',
        on_update: 'a',
    };
    let relations = [
        relation(1, "public", "users"),
        relation(2, "public", "orders"),
        relation(3, "secret", "keys"),
        relation(4, "public", "parts"),
        relation(5, "public", "bins"),
        relation(6, "public", "marks"),
    ];
    Catalog::new(relations).with_hooks(Hooks::new([also, hidden].map(Arc::new), [key], []))
}

#[test]
fn drop_table_is_refused_in_every_disguise() {
    let disguises = [
        "drop table users",
        "DROP TABLE IF EXISTS public.users CASCADE",
        "dRoP/* */tAbLe\n--\nusers",
        "drop foreign table users",
        "drop schema public cascade",
        "drop owned by alice",
        "drop database shop",
        "drop type t cascade",
        "drop server s cascade",
        "drop extension e",
        "drop extension e cascade",
        "explain analyze create table x as select 1; drop table x",
    ];
    for text in disguises {
        let verdict = verdict(text);
        assert!(
            verdict.contains("42501 Picket refused this statement: Rule \"no-drop-table\""),
            "{text}: {verdict}"
        );
    }
    assert_snapshot!(verdict("drop table users"), @r#"42501 Picket refused this statement: Rule "no-drop-table": tables are not dropped through Picket."#);
    assert_snapshot!(verdict("select 1 end; drop table users; select 2"), @r#"
allow
42501 Picket refused this statement: Rule "no-drop-table": tables are not dropped through Picket.
allow
"#);
}

#[test]
fn look_alikes_are_allowed() {
    let harmless = [
        "select 'drop table users'",
        "select 1 -- drop table users",
        "comment on table users is 'do not drop table users'",
        "alter table users add constraint positive check (id > 0)",
        "create function f() returns int language sql as 'select 1'",
        "create function f() returns int return 1",
        "create function f() returns trigger language plpgsql as 'begin return new; end' set search_path = public",
        "set search_path = public",
        "select set_config('app.user', $1, true)",
        "set client_encoding = 'UTF8'",
        "reset all",
        "",
    ];
    for text in harmless {
        assert!(verdict(text).lines().all(|line| line == "allow"), "{text}: {}", verdict(text));
    }
}

#[test]
fn masked_columns_are_not_copied_out() {
    assert_snapshot!(verdict("copy users to stdout"), @r#"42501 Picket refused this statement: Rule "copy-masked": it would copy from a relation that has masked columns, in a way that cannot be masked."#);
    assert_snapshot!(verdict("copy (select upper(email) from users) to stdout"), @r#"42501 Picket refused this statement: Rule "copy-masked": it would copy from a relation that has masked columns, in a way that cannot be masked."#);
    assert_snapshot!(verdict("copy orders to stdout; copy users from stdin"), @r#"
allow
allow
"#);
}

#[test]
fn what_cannot_be_known_is_refused() {
    assert_snapshot!(verdict("do $$ begin execute 'drop ' || 'table users'; end $$"), @r#"
42501 Picket refused this statement: Rule "no-drop-table": tables are not dropped through Picket.
Rule "opaque-code": Picket cannot tell what the body of a DO block does.
"#);
    assert_snapshot!(verdict("do $$ begin execute 'drop table users' || n; end $$"), @r#"42501 Picket refused this statement: Rule "opaque-code": Picket cannot tell what the body of a DO block does."#);
    for text in [
        "create function f() returns void language plpgsql as 'begin execute n; end'",
        "create or replace function f() returns void as $$ discard temp $$ language sql",
        "create procedure p() language plpgsql as $$ begin execute 'dr' || 'op table users'; end $$",
        "create function f() returns void as 'drop table users'",
        "create function f() returns void language c as 'library', 'symbol'",
    ] {
        let because =
            "Rule \"opaque-code\": the body of this function could run commands that Picket does not read.";
        assert!(verdict(text).ends_with(because), "{text}: {}", verdict(text));
    }
    assert_snapshot!(verdict("selec 1"), @r#"42601 syntax error at or near "selec":"#);
    assert_snapshot!(verdict("update pg_settings set setting = 'off' where name = 'standard_conforming_strings'"), @r#"42501 Picket refused this statement: Rule "lexing-settings": writing to pg_settings changes settings."#);
    assert_snapshot!(verdict("set standard_conforming_strings = off"), @r#"42501 Picket refused this statement: Rule "lexing-settings": "standard_conforming_strings" changes how statements are read."#);
    assert_snapshot!(verdict("set names 'BIG5'"), @r#"42501 Picket refused this statement: Rule "lexing-settings": "client_encoding" changes how statements are read."#);
    assert_snapshot!(verdict("select set_config(n, v, false) from t"), @r#"42501 Picket refused this statement: Rule "lexing-settings": which setting set_config changes is computed."#);
    assert_snapshot!(verdict("select set_config('standard_conforming' || '_strings', 'off', false)"), @r#"42501 Picket refused this statement: Rule "lexing-settings": which setting set_config changes is computed."#);
}

/// Neither the relation, nor the operator, nor the column proves which setting it is: only the value does.
#[test]
fn pg_dump_sets_what_it_looks_up_and_nobody_else_does() {
    for harmless in [
        "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'",
        "SELECT set_config(name, 'view', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'",
        "select pg_catalog.set_config(n, E'VIEW,foreign\\x2dtable', false) from t",
    ] {
        assert_eq!(verdict(harmless), "allow", "{harmless}");
    }
    for attack in [
        "select set_config(name, 'off', false) from pg_settings where name = 'restrict_nonsystem_relation_kind'",
        "select set_config(name, 'off', false) from pg_catalog.pg_settings where name = 'restrict_nonsystem_relation_kind'",
        "select set_config(name, 'off', false) from pg_catalog.pg_settings where name operator(public.=) 'x'",
        "select set_config(name, 'off', false) from pg_temp.pg_settings where name = 'x'",
        "select set_config(name, 'off', false) from (select 'standard_conforming_strings' as name) pg_settings",
        "with pg_settings(name) as (values ('standard_conforming_strings')) select set_config(name, 'off', false) from pg_settings",
        "select set_config(name, 'off', false) from other as pg_settings where name = 'x'",
        "select set_config(name, 'big5', false) from pg_settings where name = 'x'",
        "select set_config(name, '0', false) from pg_settings where name = 'x'",
        "select set_config(name, 'view, off', false) from pg_settings where name = 'x'",
        "select set_config(name, 'view' || '', false) from pg_settings where name = 'x'",
        "select set_config(name, $1, false) from pg_settings where name = 'x'",
        "select set_config(name, null, false) from pg_settings where name = 'x'",
        "select set_config(new_value => 'view', setting_name => name, is_local => false) from pg_settings",
        "select set_config(name, setting, false) from pg_settings where name = 'x'",
        "select set_config(name, 'view', false), set_config(name, 'off', false) from pg_settings where name = 'x'",
    ] {
        assert!(
            verdict(attack).contains("Rule \"lexing-settings\": which setting"),
            "{attack}: {}",
            verdict(attack)
        );
    }
}

#[test]
fn a_rule_that_observes_is_named_and_refuses_nothing() {
    let nobody = Who::default();
    let verdict_where =
        |text: &str, policies: Policies| super::tests::verdict_where(&policies, &nobody, &[], text);
    let dropped = "drop table users; do $$ begin execute 'x'; end $$";
    assert_snapshot!(verdict_where(dropped, observing(&["no-drop-table"])), @r#"
allow, against no-drop-table
42501 Picket refused this statement: Rule "opaque-code": Picket cannot tell what the body of a DO block does.
"#);
    let both = "explain analyze select set_config(x, 'off', false); drop owned by alice";
    assert_snapshot!(verdict_where(both, observing(&["lexing-settings", "no-drop-table"])), @r#"
allow, against lexing-settings
allow, against no-drop-table
"#);
    assert_snapshot!(verdict_where("selec 1", observing(&["unreadable"])), @"allow, against unreadable");
    assert_snapshot!(verdict_where("copy users to stdout", observing(&["copy-masked"])), @"allow, against copy-masked");
    let policies = observing(&["unknown-name", "no-fast-path"]);
    let nobody = policies.subject(&nobody).unwrap();
    assert_eq!(
        show(&policies.judge_unknown_name(&nobody, "portal", "34000", "c")),
        "allow, against unknown-name"
    );
    assert_eq!(show(&policies.judge_fast_path(&nobody)), "allow, against no-fast-path");
}

#[test]
fn a_rule_that_is_not_there_cannot_observe() {
    let modes = BTreeMap::from([("no-drop-tables".to_owned(), Mode::Observe)]);
    let error = Policies::new(Setup { modes, ..Setup::default() }).unwrap_err().to_string();
    assert_snapshot!(error, @"there is no rule `no-drop-tables`; did you mean `no-drop-table`; the rules are `copy-masked`, `lexing-settings`, `no-alter-system`, `no-catalog-write`, `no-dangerous-function`, `no-disable-protection`, `no-drop`, `no-drop-table`, `no-fast-path`, `no-outside-reach`, `no-privilege-change`, `no-replication`, `no-server-files`, `no-truncate`, `no-unfiltered-write`, `opaque-code`, `unknown-name`, `unreadable`");
}
