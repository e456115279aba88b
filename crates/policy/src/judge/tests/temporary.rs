//! Temporary tables of the session's own may be treated in any way, and nothing passes that only looks like one.

use super::{verdict, verdict_for};

#[test]
fn own_temporary_tables_are_free() {
    for text in [
        "drop table scratch",
        "drop table if exists scratch",
        "drop table pg_temp.scratch",
        "truncate scratch",
        "truncate scratch, pg_temp.scratch",
        "delete from scratch",
        "delete from only scratch s where true",
        "update scratch set a = 1",
        "update pg_temp.scratch set a = 1 returning *",
        "with gone as (delete from scratch returning *) select count(*) from gone",
        "delete from scratch; truncate scratch; drop table scratch",
        "merge into scratch using users u on true when matched then delete",
        "explain analyze delete from scratch",
        "alter table scratch drop column a",
        "delete from pg_temp.orders",
    ] {
        assert!(!verdict_for(&["scratch", "orders"], text).contains("42501"), "{text}");
    }
    for text in [
        "create temp table t (a int); insert into t values (1); delete from t; drop table t",
        "create temporary table t as select 1; truncate t",
        "create table pg_temp.t (a int); update t set a = 1",
        "select 1 as a into temp t; delete from t",
        "create temp table t (a int) on commit drop; delete from t",
        "discard temp",
        "drop table pg_temp.scratch",
    ] {
        let verdict = verdict(text);
        assert!(!verdict.contains("42501"), "{text}: {verdict}");
    }
}

/// What is called like a temporary table, or is one of somebody's.
#[test]
fn what_is_not_certainly_one_is_refused() {
    for text in [
        // A relation that lasts has the name too: the search path decides.
        "delete from orders",
        "drop table orders",
        "truncate orders",
        "delete from public.scratch",
        "drop table public.scratch",
        "drop table scratch, users",
        "truncate scratch, users",
        "truncate pg_temp_3.scratch",
        "with gone as (delete from scratch) delete from users",
        // It runs when the name may mean something else.
        "prepare p as delete from scratch",
        "create rule r as on insert to users do also delete from scratch",
        "create function f() returns void begin atomic delete from scratch; end",
        // No table, and what it shows may last.
        "delete from pg_temp.seen",
        "update pg_temp.seen set a = 1",
        "create temp view v as select * from users; delete from v",
        "create temp view v as select * from users; delete from pg_temp.v",
        // It is made by nobody.
        "explain create temp table t as select 1; delete from t",
        "create table t (a int); delete from t",
        "create temp table orders (a int); delete from orders",
        "drop table t; create temp table t (a int)",
        // What is there already may be a view.
        "create temp table if not exists t (a int); delete from t",
        "create temp table if not exists t as select 1; delete from pg_temp.t",
        "explain (analyze false) create temp table if not exists t as select 1; delete from t",
        "create foreign table pg_temp.f (a int) server s; delete from pg_temp.f",
        // It is another one, or none, by then.
        "drop table scratch; create temp view scratch as select * from users; delete from scratch",
        "alter table scratch rename to mine; create temp view scratch as select * from users; delete from scratch",
        "begin; create temp table g (a int); rollback; create temp view g as select * from users; delete from g",
        "rollback; create temp view scratch as select * from users; delete from scratch",
        "begin; savepoint a; create temp table g (a int); rollback to a; delete from g",
        // A function of its row type would go with it.
        "drop table scratch cascade",
    ] {
        let verdict = verdict_for(&["scratch", "orders"], text);
        assert!(verdict.contains("42501"), "{text}: {verdict}");
    }
}
