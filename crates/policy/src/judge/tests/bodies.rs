//! What a function would do when it is called is judged where it is made.

use super::verdict;

fn function(language: &str, body: &str) -> String {
    format!("create function f(n int) returns int language {language} as $body${body}$body$")
}

#[test]
fn a_body_does_nothing_that_a_statement_may_not() {
    for (rule, language, body) in [
        ("no-unfiltered-write", "sql", "delete from orders"),
        ("no-unfiltered-write", "sql", "select 1; DELETE/**/FROM orders o WHERE o.id = o.id; select 1"),
        ("no-unfiltered-write", "plpgsql", "begin delete from orders; return 1; end"),
        ("no-unfiltered-write", "plpgsql", "begin if n > 1 then update orders set quantity = n; end if; end"),
        (
            "no-unfiltered-write",
            "plpgsql",
            "begin for r in update orders set quantity = 1 returning * loop end loop; end",
        ),
        (
            "no-unfiltered-write",
            "plpgsql",
            "begin return query with g as (delete from orders returning 1) select * from g; end",
        ),
        (
            "no-unfiltered-write",
            "plpgsql",
            "begin merge into orders o using users u on true when matched then delete; end",
        ),
        ("no-server-files", "sql", "select pg_read_file('/etc/passwd')"),
        ("no-server-files", "plpgsql", "begin perform pg_catalog . \"pg_read_file\" ('x'); end"),
        ("no-dangerous-function", "plpgsql", "begin perform dblink_exec('', 'delete from orders'); end"),
        ("no-truncate", "sql", "truncate orders"),
        ("no-alter-system", "sql", "alter system set log_statement = 'none'"),
        ("no-privilege-change", "plpgsql", "begin grant select on users to public; end"),
        ("opaque-code", "plpgsql", "begin copy orders from program 'id'; end"),
        (
            "opaque-code",
            "plpgsql",
            "begin perform set_config('session_replication_role', 'replica', false); end",
        ),
    ] {
        for text in [
            function(language, body),
            function(language, body).replacen("function", "procedure", 1).replacen("returns int ", "", 1),
        ] {
            let verdict = verdict(&text);
            assert!(verdict.contains(&format!("Rule \"{rule}\"")), "{text}: {verdict}");
        }
    }
}

#[test]
fn a_body_may_do_what_a_statement_may() {
    for (language, body) in [
        ("sql", "select 'delete from orders'"),
        ("sql", "delete from orders where id = n returning id"),
        (
            "plpgsql",
            "declare a int; begin delete from orders where id = n returning id into a; return a; end",
        ),
        (
            "plpgsql",
            "begin insert into orders (id) values (n) on conflict (id) do update set quantity = 1; end",
        ),
        ("plpgsql", "begin perform 1 from orders where id = n for update; end"),
        ("plpgsql", "begin if tg_op = 'DELETE' or tg_op = 'UPDATE' then return old; end if; end"),
        ("plpgsql", "-- delete from orders\nbegin new.changed := now(); return new; end"),
    ] {
        let text = function(language, body);
        assert_eq!(verdict(&text), "allow", "{text}");
    }
}

#[test]
fn a_block_is_judged_by_what_it_does() {
    for (text, rule) in [
        ("do $$ begin delete from orders; end $$", "no-unfiltered-write"),
        ("do language plpgsql $$ begin update users set id = 1 where true; end $$", "no-unfiltered-write"),
        ("do 'begin perform pg_read_file(''x''); end'", "no-server-files"),
        ("do $$ begin insert into pg_authid values (1); end $$", "no-catalog-write"),
        (
            "do $$ begin insert into orders values (1) on conflict (id) do update set id = 2; drop table users; end $$",
            "no-drop-table",
        ),
        ("do $$ begin execute 'drop table users'; end $$", "no-drop-table"),
        ("do $$ begin execute 'drop table users' || n; end $$", "opaque-code"),
        ("do $$ begin alter table users disable trigger all; end $$", "no-disable-protection"),
        (
            "do $$ begin create function f() returns int language sql as 'drop table users'; end $$",
            "no-drop-table",
        ),
        (
            "do $$ begin create trigger t before update on users execute function f(); create extension dblink; end $$",
            "no-outside-reach",
        ),
        ("do language plpython3u $$ pass $$", "opaque-code"),
        ("do $$ begin set session_replication_role = replica; end $$", "no-disable-protection"),
        ("do $$ begin do 'begin null; end'; end $$", "opaque-code"),
        (
            "create function f() returns void language plpgsql as 'begin insert into pg_class values (1); end'",
            "no-catalog-write",
        ),
    ] {
        let verdict = verdict(text);
        assert!(verdict.contains(&format!("Rule \"{rule}\": ")), "{text}: {verdict}");
    }
    for text in [
        "do $$ begin null; end $$",
        "do $$ begin execute 'select 1'; end $$",
        "do $$ begin create type mood as enum ('a'); exception when duplicate_object then null; end $$",
        "do $$ begin alter table orders add constraint c foreign key (id) references users(id); exception when others then null; end $$",
        "do $$ begin create table a (id int); comment on table a is 'execute'; create index on a (id); end $$",
        "do $$ begin insert into orders values (1); update orders set id = 2 where id = 1; end $$",
        "do $$ declare n int; begin select count(*) into n from orders; raise notice '%', n; end $$",
        "do $$ begin if not exists (select from pg_type where typname = 'mood') then create table moods (m text); end if; end $$",
    ] {
        assert_eq!(verdict(text), "allow", "{text}");
    }
}
