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
        ("opaque-code", "sql", "truncate orders"),
        ("opaque-code", "sql", "alter system set log_statement = 'none'"),
        ("opaque-code", "plpgsql", "begin grant select on users to public; end"),
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
