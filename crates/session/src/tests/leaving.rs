//! A client that says goodbye still gets what is owed to it: PostgreSQL executes what came before the goodbye.

use insta::assert_snapshot;

use super::server::{complete, data_row, error, ready, row_description};
use super::talk::{Talk, parse, query, terminate};

#[test]
fn replies_come_before_the_close() {
    let mut talk = Talk::new();
    assert_snapshot!(talk.client(&[query("select id from users"), terminate()].concat()), @r#"
record 1 started: select id from users
to server: Q[select id from users] X[]
"#);

    assert!(talk.session.is_leaving());
    talk.server(&[row_description(&[(20000, 1, 23)]), data_row(&["1"])].concat());
    assert_snapshot!(talk.server(&[complete("SELECT 1"), ready(b'I')].concat()), @r#"
record 1 completed: 1 rows, 7 bytes, returned public.users.id
to client: C[SELECT 1] Z[I]
close: ClientTerminated
"#);
}

#[test]
fn a_goodbye_to_which_nothing_is_owed_closes_at_once() {
    let mut talk = Talk::new();
    assert_snapshot!(talk.client(&terminate()), @r#"
to server: X[]
close: ClientTerminated
"#);
}

#[test]
fn what_comes_behind_a_goodbye_is_not_looked_at() {
    let mut talk = Talk::new();
    talk.client(&query("select 1"));
    assert_snapshot!(talk.client(&[terminate(), query("drop table users")].concat()), @"to server: X[]");
    assert_snapshot!(talk.client(b"?"), @"");
}

#[test]
fn an_error_before_the_goodbye_is_told() {
    let mut talk = Talk::new();
    talk.client(&[parse("", "select 1"), terminate()].concat());
    assert_snapshot!(talk.server(&error("53200", "out of memory")), @r#"
to client: E[SERROR·VERROR·C53200·Mout of memory]
close: ClientTerminated
"#);
}
