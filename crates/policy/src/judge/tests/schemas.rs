//! Policies on a schema or a table, and what leads round them.

use super::own::{alice, policies};
use super::verdict_where;

/// What names the schema, or what is in it.
const IN_SECRET: [&str; 74] = [
    "drop schema secret",
    "drop schema if exists other, secret cascade",
    "alter schema secret rename to x",
    "alter schema other rename to secret",
    "alter schema secret owner to bob",
    "create schema secret",
    "create schema if not exists secret authorization bob",
    "create schema authorization secret",
    "create schema secret create table t () create view v as select 1",
    "comment on schema secret is 'x'",
    "security label on schema secret is 'x'",
    "grant usage on schema secret to bob",
    "revoke create on schema secret from bob",
    "grant all on all tables in schema secret to bob",
    "grant execute on all functions in schema other, secret to bob",
    "grant select on secret.keys to bob",
    "grant execute on function secret.f(int) to bob",
    "grant usage on type secret.t to bob",
    "grant usage on sequence secret.s to bob",
    "alter default privileges in schema secret grant select on tables to bob",
    "alter default privileges grant select on tables to bob",
    "drop table secret.keys",
    "drop view secret.v",
    "drop index secret.i",
    "drop sequence secret.s",
    "drop type secret.t",
    "drop domain secret.d",
    "drop function secret.f(int)",
    "drop aggregate secret.a(int)",
    "drop operator secret.+ (int, int)",
    "drop operator class secret.c using btree",
    "drop cast (secret.t as int)",
    "drop statistics secret.st",
    "drop text search dictionary secret.d",
    "drop collation secret.c",
    "drop trigger t on secret.keys",
    "drop rule r on secret.keys",
    "drop policy p on secret.keys",
    "drop extension e",
    "drop server s cascade",
    "drop owned by bob",
    "reassign owned by bob to eve",
    "alter table secret.keys set schema other",
    "alter table public.users set schema secret",
    "alter function other.f() set schema secret",
    "alter extension e set schema secret",
    "alter table secret.keys rename to x",
    "alter table secret.keys rename column a to b",
    "alter index secret.i rename to j",
    "alter sequence secret.s restart",
    "alter type secret.t add value 'x'",
    "alter domain secret.d drop not null",
    "alter function secret.f(int) strict",
    "alter operator secret.+ (int, int) set (join = neqjoinsel)",
    "alter collation secret.c refresh version",
    "alter text search configuration secret.c drop mapping for word",
    "alter trigger t on secret.keys rename to u",
    "alter policy p on secret.keys rename to q",
    "alter extension e add table secret.keys",
    "create table secret.new ()",
    "create index on secret.keys (a)",
    "create function secret.f() returns int language sql return 1",
    "create type secret.t as enum ('a')",
    "create domain secret.d as int",
    "create aggregate secret.a (int) (sfunc = int4pl, stype = int)",
    "create statistics secret.st on a, b from public.users",
    "create extension e schema secret",
    "create trigger t before insert on secret.keys execute function f()",
    "comment on table secret.keys is 'x'",
    "comment on column secret.keys.a is 'x'",
    "comment on trigger t on secret.keys is 'x'",
    "comment on function secret.f(int) is 'x'",
    "lock table secret.keys",
    "reindex schema secret",
];

/// What could be in it, and what is everywhere.
const MAYBE_IN_SECRET: [&str; 14] = [
    "reindex database shop",
    "vacuum",
    "analyze secret.keys",
    "cluster secret.keys using i",
    "import foreign schema s from server x into secret",
    "create publication p for tables in schema secret",
    "create publication p for all tables",
    "alter publication p add tables in schema secret",
    "alter publication p add table secret.keys",
    "drop function f()",
    "create table new ()",
    "comment on table keys is 'x'",
    "do $$ begin comment on schema secret is 'x'; end $$",
    "drop type other.t cascade",
];

#[test]
fn a_schema_is_kept_whatever_names_it() {
    let policies =
        policies(r#"@rule("secret") forbid (principal, action, resource in Picket::Schema::"shop.secret");"#);
    for text in IN_SECRET.iter().chain(&MAYBE_IN_SECRET) {
        let says = verdict_where(&policies, &alice(), &[], text);
        assert!(says.contains("Rule \"secret\": "), "{text}: {says}");
    }
    for text in [
        "drop schema other",
        "comment on function public.secret(int) is 'x'",
        "create type public.secret as enum ('a')",
        "comment on column public.users.secret is 'x'",
        "grant usage on schema other to secret",
        "drop trigger secret on public.users",
        "alter schema other rename to another",
        "analyze public.users",
        "create function public.f() returns int language sql return 1",
        "listen secret",
    ] {
        let says = verdict_where(&policies, &alice(), &[], text);
        assert!(!says.contains("Rule \"secret\": "), "{text}: {says}");
    }
}

/// By its attributes, and for a table alone.
#[test]
fn names_in_conditions_are_as_good() {
    let by_name = policies(
        r#"@rule("schema") forbid (principal, action, resource is Picket::Schema) when { resource.name == "secret" };
           @rule("table") forbid (principal, action, resource == Picket::Table::"shop.secret.keys");"#,
    );
    for (text, rule) in [
        ("drop schema secret cascade", "schema"),
        ("alter schema secret rename to x", "schema"),
        ("drop function f()", "schema"),
        ("drop trigger t on secret.keys", "table"),
        ("comment on column keys.a is 'x'", "table"),
        ("drop policy p on keys", "table"),
    ] {
        let says = verdict_where(&by_name, &alice(), &[], text);
        assert!(says.contains(&format!("Rule \"{rule}\": ")), "{text}: {says}");
    }
}
