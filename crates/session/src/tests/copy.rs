//! COPY FROM STDIN: what a client sends behind it waits until it is known whether the server takes it as data.

use insta::assert_snapshot;

use super::server::{
    bind_complete, close_complete, complete, copy_data, copy_done, copy_fail, copy_in, error, no_data,
    parse_complete, ready,
};
use super::talk::{Talk, bind, execute, parse, query, sync};
use crate::Resting;

/// A Sync that comes before the end of the data is ignored by the server (copyfromparse.c, CopyGetData).
#[test]
fn all_of_an_extended_copy_may_be_sent_at_once() {
    let mut talk = Talk::new();
    let begin = [parse("", "copy orders from stdin"), bind("", ""), execute("")].concat();
    let rest =
        [sync(), copy_data(b"1\n"), copy_data(b"2\n"), copy_done(), sync(), parse("", "select 1"), sync()]
            .concat();
    assert_snapshot!(talk.client(&[begin, rest.clone()].concat()), @r#"
to server: P[copy orders from stdin]
record 1 started: copy orders from stdin
to server: B[]
to server instead: D[P]
to server: E[]
to server instead: H[]
needs replies, 51 bytes unused
"#);
    talk.server(&[parse_complete(), bind_complete(), no_data()].concat());
    assert_snapshot!(talk.client(&rest), @"needs replies, 51 bytes unused");
    assert_snapshot!(talk.server(&copy_in()), @"to client: G[]");
    assert_snapshot!(talk.client(&rest), @r#"
to server: S[] d[1] d[2] c[]
to server instead: H[]
needs replies, 27 bytes unused
"#);
    assert_snapshot!(talk.server(&complete("COPY 2")), @r#"
record 1 completed: 2 rows, 0 bytes
to client: C[COPY 2]
"#);
    assert_snapshot!(talk.client(&[sync(), parse("", "select 1"), sync()].concat()), @"to server: S[] P[select 1] S[]");
    let answers = [ready(b'I'), parse_complete(), ready(b'I')];
    assert_snapshot!(talk.server(&answers.concat()), @"to client: Z[I] 1[] Z[I]");
}

#[test]
fn all_of_a_simple_copy_may_be_sent_at_once() {
    let mut talk = Talk::new();
    let rest = [copy_data(b"1\n"), copy_done(), query("select 1")].concat();
    assert_snapshot!(talk.client(&[query("copy orders from stdin"), rest.clone()].concat()), @r#"
record 1 started: copy orders from stdin
to server: Q[copy orders from stdin]
needs replies, 26 bytes unused
"#);
    talk.server(&copy_in());
    assert_snapshot!(talk.client(&rest), @r#"
to server: d[1] c[]
record 2 started: select 1
to server: Q[select 1]
"#);
    talk.server(&[complete("COPY 1"), ready(b'I')].concat());
}

/// After the error the server throws the data away (postgres.c, PostgresMain), and so Query is a Query again.
#[test]
fn data_of_a_copy_that_failed_is_ignored_by_the_server() {
    let mut talk = Talk::new();
    let rest = [copy_data(b"1\n"), copy_done(), query("select 1")].concat();
    talk.client(&query("copy orders from stdin"));
    assert_snapshot!(talk.server(&[error("42P01", "no such table"), ready(b'I')].concat()), @r#"
record 1 failed 42P01: 0 rows, 0 bytes
to client: E[SERROR·VERROR·C42P01·Mno such table] Z[I]
"#);
    assert_snapshot!(talk.client(&rest), @r#"
to server: d[1] c[]
record 2 started: select 1
to server: Q[select 1]
"#);
}

#[test]
fn data_of_an_extended_copy_that_failed_is_skipped_up_to_sync() {
    let mut talk = Talk::new();
    talk.client(&[parse("", "copy orders from stdin"), bind("", ""), execute("")].concat());
    talk.server(&[parse_complete(), bind_complete(), no_data(), copy_in()].concat());
    talk.client(&copy_data(b"no number\n"));
    talk.server(&error("22P02", "invalid input"));
    assert_snapshot!(talk.client(&[copy_data(b"1\n"), copy_done(), bind("", ""), sync()].concat()), @"to server: S[]");
    assert_snapshot!(talk.server(&ready(b'I')), @"to client: Z[I]");
    assert_snapshot!(talk.client(&[query("select 1")].concat()), @r#"
record 2 started: select 1
to server: Q[select 1]
"#);
}

/// A COPY has failed of which the server may have taken the Syncs as data or not.
fn failed_with_syncs(syncs: usize) -> Talk {
    let mut talk = Talk::new();
    talk.client(&[parse("", "copy orders from stdin"), bind("", ""), execute("")].concat());
    talk.server(&[parse_complete(), bind_complete(), no_data(), copy_in()].concat());
    talk.client(&[copy_data(b"no number\n"), sync().repeat(syncs)].concat());
    talk.server(&error("22P02", "invalid input"));
    talk
}

/// The server has read the Sync before the data that it does not take.
#[test]
fn a_sync_that_the_server_took_among_data_does_not_end_what_it_skips() {
    let mut talk = failed_with_syncs(1);
    let rest = [copy_data(b"1\n"), copy_done(), bind("", ""), sync()].concat();
    assert_snapshot!(talk.client(&rest), @r#"
to server instead: S[] C[Srefused by Picket 0000000000000007] H[]
needs replies, 30 bytes unused
"#);
    assert_snapshot!(talk.server(&ready(b'I')), @"");
    assert_snapshot!(talk.client(&rest), @"needs replies, 30 bytes unused");
    assert_eq!(talk.session.resting(), None);
    assert_snapshot!(talk.server(&close_complete()), @"");
    assert_snapshot!(talk.client(&rest), @"to server: S[]");
    assert_snapshot!(talk.server(&ready(b'I')), @"to client: Z[I]");
    assert_eq!(talk.session.resting(), Some(Resting::Idle));
}

#[test]
fn syncs_behind_the_failure_of_a_copy_are_answered() {
    let mut talk = failed_with_syncs(3);
    // One is answered before the client sends more, two are when it does.
    assert_snapshot!(talk.server(&ready(b'I')), @"to client: Z[I]");
    assert_eq!(talk.session.resting(), Some(Resting::Idle));
    let rest = [copy_done(), sync(), query("select 1")].concat();
    assert_snapshot!(talk.client(&rest), @r#"
to server instead: S[] C[Srefused by Picket 0000000000000007] H[]
needs replies, 24 bytes unused
"#);
    assert_snapshot!(talk.server(&ready(b'I').repeat(3)), @"");
    assert_snapshot!(talk.server(&close_complete()), @"to client instead: Z[I] Z[I]");
    assert_snapshot!(talk.client(&rest), @r#"
to server: c[] S[]
record 2 started: select 1
to server: Q[select 1]
"#);
    assert_snapshot!(talk.server(&[ready(b'I'), complete("SELECT 1"), ready(b'I')].concat()), @r#"
to client: Z[I]
record 2 completed: 1 rows, 0 bytes
to client: C[SELECT 1] Z[I]
"#);
}

/// All that were sent are answered: nothing has to be asked.
#[test]
fn nothing_is_asked_where_each_sync_is_answered() {
    let mut talk = failed_with_syncs(2);
    assert_snapshot!(talk.server(&ready(b'I').repeat(2)), @"to client: Z[I] Z[I]");
    assert_snapshot!(talk.client(&query("select 1")), @r#"
record 2 started: select 1
to server: Q[select 1]
"#);
    assert_snapshot!(talk.server(&ready(b'I').repeat(2)), @r#"
record 2 skipped: 0 rows, 0 bytes
to client: Z[I]
error: protocol violation by the server: ReadyForQuery that was not due
"#);
}

/// What comes behind the end of the data waits for what became of the COPY; it fails at its last row.
#[test]
fn a_copy_with_syncs_that_fails_at_its_end() {
    let mut talk = Talk::new();
    talk.client(&query("copy orders from stdin"));
    talk.server(&copy_in());
    let rest = [sync(), query("select 1")].concat();
    assert_snapshot!(talk.client(&[copy_data(b"1\n"), sync(), copy_done(), rest.clone()].concat()), @r#"
to server: d[1] S[] c[]
to server instead: H[]
needs replies, 19 bytes unused
"#);
    talk.server(&[error("23505", "a key that is there"), ready(b'I')].concat());
    talk.client(&rest);
    assert_snapshot!(talk.server(&[ready(b'I'), close_complete()].concat()), @"");
    assert_snapshot!(talk.client(&rest), @r#"
to server: S[]
record 2 started: select 1
to server: Q[select 1]
"#);
}

/// Picket has not heard of the failure yet.
#[test]
fn a_message_behind_the_failure_of_a_copy_is_one_like_any_other() {
    let mut talk = Talk::new();
    talk.client(&query("copy orders from stdin"));
    talk.server(&copy_in());
    assert_snapshot!(talk.client(&[copy_data(b"no number\n"), query("select 1")].concat()), @r#"
to server: d[no number]
to server instead: f[refused by Picket 0000000000000007]
needs replies, 14 bytes unused
"#);
    assert_snapshot!(talk.client(&query("select 1")), @"needs replies, 14 bytes unused");
    talk.server(&[error("22P02", "invalid input"), ready(b'I')].concat());
    assert_snapshot!(talk.client(&query("select 1")), @r#"
record 2 started: select 1
to server: Q[select 1]
"#);
}

#[test]
fn each_copy_of_a_string_takes_its_own_data() {
    let mut talk = Talk::new();
    talk.client(&query("copy orders from stdin; copy orders from stdin"));
    talk.server(&copy_in());
    let rest = [copy_data(b"2\n"), copy_done(), query("select 1")].concat();
    assert_snapshot!(talk.client(&[copy_data(b"1\n"), copy_done(), rest.clone()].concat()), @r#"
to server: d[1] c[]
needs replies, 26 bytes unused
"#);
    talk.server(&[complete("COPY 1"), copy_in()].concat());
    assert_snapshot!(talk.client(&rest), @r#"
to server: d[2] c[]
record 3 started: select 1
to server: Q[select 1]
"#);
}

#[test]
fn a_copy_that_the_client_gives_up_fails() {
    let mut talk = Talk::new();
    talk.client(&query("copy orders from stdin"));
    talk.server(&copy_in());
    assert_snapshot!(talk.client(&[copy_fail("never mind"), query("select 1")].concat()), @r#"
to server: f[never mind]
record 2 started: select 1
to server: Q[select 1]
"#);
    assert_snapshot!(talk.server(&[error("57014", "COPY from stdin failed"), ready(b'I')].concat()), @r#"
record 1 failed 57014: 0 rows, 0 bytes
to client: E[SERROR·VERROR·C57014·MCOPY from stdin failed] Z[I]
"#);
}

/// PostgreSQL ends the session too: it cannot find the next message any more.
#[test]
fn nothing_else_is_sent_into_a_copy() {
    for message in [query("select 1"), parse("", "select 1"), bind("", ""), execute("")] {
        let mut talk = Talk::new();
        talk.client(&query("copy orders from stdin"));
        talk.server(&copy_in());
        let told = talk.client(&message);
        assert!(
            told.starts_with("to server instead: f[refused by Picket 0000000000000007]\nneeds replies"),
            "{told}"
        );
        let told = talk.server(&error("57014", "COPY from stdin failed: refused by Picket 0000000000000007"));
        assert_eq!(
            told,
            "error: protocol violation by the client: unexpected message during COPY from stdin"
        );
    }
}

#[test]
fn a_server_that_asks_for_data_out_of_turn_is_not_believed() {
    let mut talk = Talk::new();
    talk.client(&query("select 1"));
    assert_snapshot!(talk.server(&copy_in()), @"error: protocol violation by the server: COPY data asked for by a statement that is no COPY");
}
