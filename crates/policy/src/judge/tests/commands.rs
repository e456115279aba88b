//! Commands that a guardrail of their own refuses, and statements that only look like them.

use super::{SHIPPED, Verdict, Who, verdict};

fn assert_refused(rule: &str, statements: &[&str]) {
    for text in statements {
        let verdict = verdict(text);
        assert!(verdict.contains(&format!("Rule \"{rule}\"")), "{text}: {verdict}");
    }
}

fn assert_allowed(statements: &[&str]) {
    for text in statements {
        assert_eq!(verdict(text), "allow", "{text}");
    }
}

#[test]
fn tables_are_not_truncated() {
    assert_refused(
        "no-truncate",
        &[
            "truncate orders",
            "TRUNCATE/**/TABLE only public.orders restart identity cascade",
            "truncate pg_temp.scratch, orders",
            "truncate pg_temp_3.orders",
            "create function f() returns void begin atomic truncate orders; end",
        ],
    );
    assert_allowed(&["truncate pg_temp.scratch", "select 'truncate orders'", "select truncate from orders"]);
}

#[test]
fn what_a_database_is_made_of_is_not_dropped() {
    assert_refused(
        "no-drop",
        &[
            "drop view v",
            "drop materialized view if exists v cascade",
            "drop index concurrently i",
            "drop sequence s",
            "drop function f()",
            "drop procedure p(int)",
            "drop type t",
            "drop trigger t on orders",
            "drop policy p on orders",
            "drop rule r on orders",
            "drop view pg_temp.v, v",
            "alter table orders drop column quantity",
            "alter table only orders add column a int, drop if exists quantity cascade",
        ],
    );
    assert_allowed(&["drop view pg_temp.v", "alter view v rename to w", "select 'drop view v'"]);
}

#[test]
fn privileges_and_roles_are_not_changed() {
    assert_refused(
        "no-privilege-change",
        &[
            "grant select on users to public",
            "grant admin to alice",
            "revoke all on users from bob",
            "revoke admin from bob",
            "alter default privileges in schema public grant select on tables to public",
            "create role r",
            "create user u superuser",
            "create group g",
            "alter role r login",
            "alter role r set search_path = x",
            "alter user u password 'x'",
            "drop role r",
            "reassign owned by a to b",
            "alter table orders owner to evil",
            "alter view v owner to evil",
            "alter database shop owner to evil",
            "create schema s create table t (a int) grant select on t to public",
        ],
    );
    assert_allowed(&[
        "select 'grant select on users to public'",
        "set role reader",
        "select \"grant\" from orders",
    ]);
}

#[test]
fn files_and_programs_on_the_server_are_not_reached() {
    assert_refused(
        "no-server-files",
        &[
            "copy orders to '/tmp/x'",
            "copy orders from '/etc/passwd'",
            "copy orders from program 'id'",
            "copy (select 1) to program 'sh'",
            "select pg_read_file('/etc/passwd')",
            "select pg_catalog.pg_read_file($1)",
            "select \"pg_read_file\"('x')",
            "select * from pg_ls_dir('.')",
            "select * from orders where exists (select pg_stat_file('x'))",
            "select lo_import('/etc/passwd')",
            // Attribute notation is a call.
            "select ('/tmp/x'::text).pg_read_file",
            "select x.pg_read_file from text('/tmp/x') x",
            "select (select text 'x').pg_ls_dir",
            "create view v as select ('dir'::text).pg_ls_dir",
            "create operator ### (rightarg = text, function = 'pg_read_file')",
            "create operator ### (rightarg = text, procedure = pg_catalog.pg_read_file)",
            "create aggregate a (text) (sfunc = textcat, stype = text, finalfunc = 'pg_read_file')",
            "select * from pg_hba_file_rules",
            "select * from pg_catalog.pg_file_settings",
            "call x(lo_export(1, 'y'))",
            "create view v as select pg_read_binary_file('x')",
            "create operator ### (leftarg = text, function = pg_read_file)",
            "create aggregate a (text) (sfunc = pg_read_file, stype = text)",
        ],
    );
    assert_allowed(&[
        "copy orders from stdin",
        "copy orders to stdout",
        "select 'pg_read_file(''x'')'",
        "select pg_read_file from orders",
        "select lo_get(1)",
    ]);
}

#[test]
fn the_server_is_not_configured() {
    assert_refused(
        "no-alter-system",
        &[
            "alter system set log_statement = 'none'",
            "ALTER/**/SYSTEM reset all",
            "alter database shop set session_replication_role = replica",
        ],
    );
    assert_allowed(&["set work_mem = '64MB'", "select 'alter system set x = 1'"]);
}

#[test]
fn protection_is_not_switched_off() {
    assert_refused(
        "no-disable-protection",
        &[
            "alter table orders disable trigger all",
            "alter table orders disable trigger user",
            "alter table orders disable trigger t",
            "alter table orders add column c int, disable trigger t",
            "alter table orders enable replica trigger t",
            "alter table orders disable rule r",
            "alter table orders disable row level security",
            "alter table orders no force row level security",
            "alter event trigger e disable",
            "set session_replication_role = replica",
            "set local \"session_replication_role\" to 'LOCAL'",
            "select set_config('session_replication_role', 'replica', true)",
        ],
    );
    assert_allowed(&[
        "alter table orders enable trigger all",
        "alter table orders enable row level security",
        "alter table orders force row level security",
        "alter event trigger e enable",
        "set session_replication_role = origin",
        "select 'alter table orders disable trigger all'",
    ]);
}

#[test]
fn functions_that_reach_past_the_statement_are_not_called() {
    assert_refused(
        "no-dangerous-function",
        &[
            "select pg_terminate_backend(42)",
            "select pg_catalog.\"pg_cancel_backend\"(pid) from pg_stat_activity",
            "select * from dblink('host=other', 'select 1') as t (a int)",
            "select query_to_xml('select email from users', true, false, '')",
            "select table_to_xml('users', true, false, '')",
            "select * from ts_stat('select to_tsvector(email) from users')",
            "select * from crosstab('select 1, 2, 3') as t (a int, b int)",
            "insert into orders select lp from heap_page_items(get_raw_page('users', 0))",
            "update orders set quantity = 1 where id = 1 and pg_reload_conf()",
            "create view v as select pg_switch_wal()",
            "call x(pg_promote())",
            "create function f() returns bool begin atomic select pg_rotate_logfile(); end",
        ],
    );
    assert_allowed(&[
        "select pg_backend_pid(), now(), pg_sleep(1), pg_advisory_lock(1), pg_table_size('users')",
        "select 'pg_terminate_backend(42)'",
        "select dblink from orders",
        "select xmlelement(name a, 1), ts_rank(a, b) from orders",
    ]);
}

#[test]
fn ways_out_of_the_database_are_not_made() {
    assert_refused(
        "no-outside-reach",
        &[
            "create extension file_fdw",
            "alter extension dblink update",
            "alter extension dblink drop function dblink(text)",
            "create server fs foreign data wrapper file_fdw",
            "alter server fs options (set host 'x')",
            "create foreign data wrapper w",
            "alter foreign data wrapper w options (add x 'y')",
            "create foreign table ft (x text) server fs options (program 'id')",
            "create foreign table pg_temp.ft (x text) server fs",
            "import foreign schema public from server fs into public",
            "create user mapping for public server fs",
            "alter user mapping for public server fs options (set password 'x')",
            "drop user mapping for public server fs",
            "create language plpython3u",
            "create subscription s connection 'host=x' publication p",
            "alter subscription s disable",
            "drop subscription s",
            "create publication p for all tables",
            "alter publication p add table users",
            "create tablespace t location '/tmp'",
            "drop tablespace t",
            "alter tablespace t set (random_page_cost = 1)",
            "alter table all in tablespace t set tablespace u",
            "create access method m type table handler h",
            "create transform for int language sql (from sql with function f(internal))",
            "load 'auto_explain'",
        ],
    );
    assert_allowed(&["select extname from pg_extension", "select 'create extension file_fdw'"]);
}

#[test]
fn the_servers_own_tables_are_not_written() {
    assert_refused(
        "no-catalog-write",
        &[
            "update pg_authid set rolsuper = true where rolname = 'evil'",
            "update pg_catalog.pg_trigger set tgenabled = 'D' where tgrelid = 1",
            "delete from pg_class where relname = 'orders'",
            "insert into pg_auth_members values (1, 2, 3, true)",
            "merge into pg_class c using users u on c.relname = u.name when matched then delete",
            "with gone as (delete from pg_class where relname = 'orders') select 1",
            "copy pg_authid from stdin",
            "update information_schema.sql_features set comments = '' where feature_id = 'x'",
        ],
    );
    assert_allowed(&[
        "select * from pg_class where relname = 'orders'",
        "update orders set id = 1 where status = 'pg_class'",
    ]);
}

#[test]
fn a_connection_does_not_begin_without_protection() {
    let nobody = SHIPPED.subject(&Who::default()).unwrap();
    let judge = |name: &str, value: &str| {
        SHIPPED.judge_startup(&nobody, [(name.as_bytes(), value.as_bytes())].into_iter())
    };
    for (name, value) in [
        ("session_replication_role", "replica"),
        ("Session_Replication_Role", "replica"),
        ("options", "-c session_replication_role=replica"),
        ("options", "-csession-replication-role=local"),
        ("options", "-c geqo=off --SESSION_REPLICATION_ROLE=replica"),
        ("options", "-c session\\_replication\\_role=replica"),
        ("event_triggers", "off"),
        ("zero_damaged_pages", "on"),
        ("transform_null_equals", "1"),
        ("options", "-c lo-compat-privileges=yes"),
        ("options", "-c geqo=off -O"),
        ("options", "-sO"),
        ("options", "--pgaudit.log=none"),
    ] {
        assert!(matches!(judge(name, value), Verdict::Refuse(_)), "{name} {value}");
    }
    for (name, value) in [
        ("options", "-c geqo=off"),
        ("application_name", "session_replication_role"),
        ("geqo", "on"),
        ("event_triggers", "on"),
        ("transform_null_equals", "off"),
        ("options", "-c log_statement=all -c application_name=-O"),
    ] {
        assert!(matches!(judge(name, value), Verdict::Allow(_)), "{name} {value}");
    }
}

/// Where a statement names something that is not PostgreSQL's own but called like it, its own is changed all the same.
#[test]
fn a_namesake_does_not_hide_a_catalog() {
    assert_refused(
        "no-catalog-write",
        &[
            "with pg_class as (select 1) update pg_class set relrowsecurity = false where relname = 'users'",
            "with pg_authid as (select 1) delete from pg_authid where rolname = 'x'",
            "with orders as (select 1), pg_class as (select 1) insert into pg_class select 1",
        ],
    );
    assert_refused(
        "lexing-settings",
        &[
            "create aggregate evil(text, bool) (sfunc = set_config, stype = text, initcond = 'session_replication_role')",
        ],
    );
}
