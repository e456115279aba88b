//! What is read from statements, each beside the statement.

use insta::assert_snapshot;
use proptest::prelude::*;

use crate::catalog::{Catalog, Column, Relation};
use crate::{READ_STACK_BYTES, read, touched};

fn catalog() -> Catalog {
    let relation = |oid, schema: &str, name: &str, columns: &[&str]| Relation {
        oid,
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns: (1..)
            .zip(columns)
            .map(|(number, name)| Column { number, name: (*name).to_owned(), type_oid: 25 })
            .collect(),
    };
    Catalog::new([
        relation(16384, "public", "users", &["id", "email", "name"]),
        relation(16385, "public", "orders", &["id", "user_id", "total"]),
        relation(16386, "old", "users", &["id", "email"]),
    ])
}

/// One line per statement: effects; what it reads, writes and which columns; the second reader's view.
fn facts(text: &str) -> String {
    let text = text.to_owned();
    std::thread::Builder::new()
        .stack_size(READ_STACK_BYTES)
        .spawn(move || {
            let facts = match read(text.as_bytes()) {
                Ok(facts) => facts,
                Err(error) => return format!("unreadable: {error}"),
            };
            let mut lines: Vec<String> = facts
                .statements
                .iter()
                .map(|statement| {
                    let effects: Vec<_> = statement.effects.iter().map(|effect| effect.name()).collect();
                    let touched = touched(statement, &catalog());
                    let mut line = effects.join(" ");
                    for (what, names) in
                        [("reads", touched.read), ("writes", touched.written), ("columns", touched.columns)]
                    {
                        if !names.is_empty() {
                            line += &format!("; {what} {}", names.join(" "));
                        }
                    }
                    for setting in &statement.settings {
                        line += &format!("; sets {:?} to {:?}", setting.name, setting.value);
                    }
                    line
                })
                .collect();
            lines.extend(facts.readers_disagree.map(|what| format!("second reader: {what}")));
            lines.join("\n")
        })
        .unwrap()
        .join()
        .unwrap()
}

#[test]
fn queries_and_their_columns() {
    assert_snapshot!(facts("select email from public.users"), @"select; reads public.users; columns public.users.email");
    assert_snapshot!(facts("select u.email, o.total from users u join orders o on o.user_id = u.id"), @"select; reads old.users public.orders public.users; columns old.users.email old.users.id public.orders.total public.orders.user_id public.users.email public.users.id");
    assert_snapshot!(facts("select * from old.users"), @"select; reads old.users; columns old.users.email old.users.id");
    assert_snapshot!(facts("select row_to_json(u) from public.users u"), @"select; reads public.users; columns public.users.email public.users.id public.users.name");
    assert_snapshot!(facts("table public.users"), @"select; reads public.users; columns public.users.email public.users.id public.users.name");
    assert_snapshot!(facts("with x as (select id from orders) select * from x"), @"select; reads public.orders; columns public.orders.id public.orders.total public.orders.user_id");
    assert_snapshot!(facts("select u.id from public.users u for update of u"), @"select; reads public.users; columns public.users.id");
}

#[test]
fn columns_that_are_meant_without_their_names_count() {
    assert_snapshot!(facts("select a from old.users as u (a, b)"), @"select; reads old.users; columns old.users.email old.users.id");
    assert_snapshot!(facts("select j.x from (old.users join orders on true) as j (x, y)"), @"select; reads old.users public.orders; columns old.users.email old.users.id public.orders.id public.orders.total public.orders.user_id");
    assert_snapshot!(facts("select total from orders natural join old.users"), @"select; reads old.users public.orders; columns old.users.email old.users.id public.orders.id public.orders.total public.orders.user_id");
    assert_snapshot!(facts("select u.twice, u.ctid from old.users u, orders o"), @"select; reads old.users public.orders; columns old.users.email old.users.id");
    assert_snapshot!(facts("with gone as (delete from old.users returning 1) insert into orders (id) select 1 from gone"), @"insert select delete; writes old.users public.orders; columns old.users.email old.users.id public.orders.id");
    assert_snapshot!(facts("insert into orders (id) values (1) on conflict (user_id) do nothing"), @"insert; writes public.orders; columns public.orders.id public.orders.user_id");
    assert_snapshot!(facts("merge into old.users u using orders o on u.id = o.id when not matched then insert values (1, 'a')"), @"merge select; reads public.orders; writes old.users; columns old.users.email old.users.id public.orders.id");
    assert_snapshot!(facts("merge into old.users u using orders o on u.id = o.id when not matched then insert (id) values (1)"), @"merge select; reads public.orders; writes old.users; columns old.users.id public.orders.id");
}

#[test]
fn writes_and_their_columns() {
    assert_snapshot!(facts("update public.users set email = 'a' where id = 1"), @"update; writes public.users; columns public.users.email public.users.id");
    assert_snapshot!(facts("insert into public.users values (1)"), @"insert; writes public.users; columns public.users.email public.users.id public.users.name");
    assert_snapshot!(facts("insert into public.users (id) select id from orders"), @"insert select; reads public.orders; writes public.users; columns public.orders.id public.users.id");
    assert_snapshot!(facts("with gone as (delete from orders returning *) select count(*) from gone"), @"select delete; writes public.orders; columns public.orders.id public.orders.total public.orders.user_id");
    assert_snapshot!(facts("copy public.users (email) from stdin"), @"copy_in; writes public.users; columns public.users.email");
    assert_snapshot!(facts("copy public.users to stdout"), @"copy_out; reads public.users; columns public.users.email public.users.id public.users.name");
    assert_snapshot!(facts("select * into copied from public.users"), @"select create_table; reads public.users; writes copied; columns public.users.email public.users.id public.users.name");
}

#[test]
fn every_disguise_of_drop_table_is_one() {
    assert_snapshot!(facts("DrOp/**/TaBlE/* x */if exists\npublic.users, orders cascade"), @"drop_table drop_cascade; writes public.orders public.users; columns public.orders.id public.orders.total public.orders.user_id public.users.email public.users.id public.users.name");
    assert_snapshot!(facts("select 1; drop table users; select 2"), @r#"
select
drop_table; writes old.users public.users; columns old.users.email old.users.id public.users.email public.users.id public.users.name
select
"#);
    assert_snapshot!(facts("select 1 END; drop table users"), @r#"
select
drop_table; writes old.users public.users; columns old.users.email old.users.id public.users.email public.users.id public.users.name
second reader: 1 statements, not 2
"#);
    assert_snapshot!(facts("copy orders from stdin; drop table users"), @r#"
copy_in; writes public.orders; columns public.orders.id public.orders.total public.orders.user_id
drop_table; writes old.users public.users; columns old.users.email old.users.id public.users.email public.users.id public.users.name
second reader: 1 statements, not 2
"#);
    assert_snapshot!(facts("drop schema public cascade; drop owned by x; drop database y"), @r#"
drop_schema
drop_owned
drop_database
"#);
    assert_snapshot!(facts("select 'drop table users' -- drop table users"), @"select");
    assert_snapshot!(facts("do $$ begin drop table users; end $$"), @"do drop_table; writes old.users public.users; columns old.users.email old.users.id public.users.email public.users.id public.users.name");
    assert_snapshot!(facts("do $$ begin execute 'drop table ' || name; end $$"), @"do opaque_do");
}

#[test]
fn settings_that_change_how_text_is_read() {
    assert_snapshot!(facts("set standard_conforming_strings = off"), @r#"set; sets Some("standard_conforming_strings") to Some("off")"#);
    assert_snapshot!(facts("set names 'SJIS'"), @r#"set; sets Some("client_encoding") to Some("SJIS")"#);
    assert_snapshot!(facts("select set_config('Client_Encoding', 'BIG5', false)"), @r#"select set; sets Some("client_encoding") to Some("BIG5")"#);
    assert_snapshot!(facts("select set_config('client_' || 'encoding', x, false) from y"), @"select set; reads y; sets None to None");
    assert_snapshot!(facts("reset all"), @"set; sets None to None");
}

#[test]
fn the_second_reader_is_heard() {
    assert_snapshot!(facts("delete from only users"), @r#"
delete; writes old.users public.users; columns old.users.email old.users.id public.users.email public.users.id public.users.name
second reader: statement 1: does not see relation `users`
"#);
    assert_snapshot!(facts("select reverse(email) or from users"), @r#"
select; reads old.users public.users; columns old.users.email public.users.email
second reader: statement 1: does not see relation `users`
"#);
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_snapshot!(facts("selec 1"), @r#"unreadable: syntax error at or near "selec""#);
    assert_snapshot!(facts(&format!("select '{}'", "a".repeat(crate::STATEMENT_BYTES_MAX))), @"unreadable: the statement has 16777225 bytes, the limit is 16777216");
    assert_snapshot!(facts(""), @"");
}

#[test]
fn deep_and_long_statements_neither_crash_nor_hang() {
    for (open, close, times) in
        [("(", ")", 900), ("case when true then ", " else 1 end", 200), ("abs(", ")", 500)]
    {
        let text = format!("select {}1{}", open.repeat(times), close.repeat(times));
        assert_eq!(facts(&text), "select", "{times} times {open}");
    }
    assert_eq!(facts(&format!("select 1{}", "+1".repeat(1_000))), "select");
    assert!(
        facts(&format!("select {}1{}", "(".repeat(200_000), ")".repeat(200_000))).starts_with("unreadable")
    );
    assert_eq!(facts(&"select 1;".repeat(2_000)).lines().count(), 2_000);
    let many = |count| facts(&"select 1;".repeat(count));
    assert_eq!(many(crate::STATEMENTS_MAX).lines().count(), crate::STATEMENTS_MAX);
    assert_eq!(
        many(crate::STATEMENTS_MAX + 1),
        "unreadable: the text has 10001 statements, Picket's limit is 10000 (`STATEMENTS_MAX`)"
    );
    assert_eq!(facts(&format!("select 1{}", "+1".repeat(4_900))), "select");
    assert_eq!(
        facts(&format!("select 1{}", "+1".repeat(5_100))),
        "unreadable: the statement nests operators, calls or queries in more than 10000 levels, which is Picket's limit \
         (`STATEMENT_DEPTH_MAX`)"
    );
}

proptest! {
    #[test]
    fn any_text_is_facts_or_a_reason(text in "[a-z'\"$;(),*=+ /-]{0,60}") {
        let _ = facts(&text);
    }
}
