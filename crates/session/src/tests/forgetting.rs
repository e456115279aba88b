//! DEALLOCATE, DISCARD, CLOSE and DECLARE take names away once the server has completed them, and not before.

use insta::assert_snapshot;

use super::server::{bind_complete, complete, error, no_data, parse_complete, ready};
use super::talk::{Talk, bind, execute, parse, query, sync};

/// A session that has prepared `s` and `t`.
fn prepared() -> Talk {
    let mut talk = Talk::new();
    talk.client(&[parse("s", "select id from users"), parse("t", "select id from orders"), sync()].concat());
    talk.server(&[parse_complete(), parse_complete(), ready(b'I')].concat());
    talk
}

#[test]
fn a_statement_that_failed_to_forget_changes_nothing() {
    for text in ["deallocate s", "deallocate all", "discard all"] {
        let mut talk = prepared();
        talk.client(&query(text));
        talk.server(&[error("25001", "not now"), ready(b'I')].concat());
        let told = talk.client(&bind("", "s"));
        assert!(told.ends_with("to server: B[s]"), "{text}: {told}");
    }
}

#[test]
fn what_is_forgotten_is_not_bound() {
    for (text, tag) in
        [("deallocate s", "DEALLOCATE"), ("deallocate all", "DEALLOCATE ALL"), ("discard all", "DISCARD ALL")]
    {
        let mut talk = prepared();
        talk.client(&query(text));
        talk.server(&[complete(tag), ready(b'I')].concat());
        let told = talk.client(&bind("", "s"));
        assert!(told.starts_with("to server instead: D[Srefused by Picket"), "{text}: {told}");
    }
}

#[test]
fn what_may_be_forgotten_waits() {
    let mut talk = prepared();
    assert_snapshot!(talk.client(&[query("deallocate s"), bind("", "t"), bind("", "s")].concat()), @r#"
record 1 started: deallocate s
to server: Q[deallocate s]
record 2 started: select id from orders
to server: B[t]
needs replies, 14 bytes unused
"#);
}

/// Within one section a failure skips what depends on it.
#[test]
fn a_pipeline_that_forgets_does_not_wait() {
    let mut talk = prepared();
    let pipeline =
        [parse("", "deallocate s"), bind("", ""), execute(""), parse("s", "select 1"), bind("", "s"), sync()];
    let told = talk.client(&pipeline.concat());
    assert!(
        told.ends_with("to server: E[] P[s·select 1]\nrecord 2 started: select 1\nto server: B[s] S[]"),
        "{told}"
    );
    talk.server(&[parse_complete(), bind_complete(), no_data()].concat());
    talk.server(&[error("26000", "\"s\" does not exist"), ready(b'I')].concat());
    assert_snapshot!(talk.client(&bind("", "s")), @r#"
record 3 started: select id from users
to server: B[s]
"#);
}

#[test]
fn a_cursor_that_was_not_closed_is_still_a_portal() {
    let mut talk = prepared();
    talk.client(&[query("begin"), bind("p", "s"), sync()].concat());
    talk.server(&[complete("BEGIN"), ready(b'T'), bind_complete(), ready(b'T')].concat());
    talk.client(&query("close all"));
    talk.server(&[error("25P02", "aborted"), ready(b'E')].concat());
    let told = talk.client(&execute("p"));
    assert!(told.ends_with("to server: E[p]"), "{told}");
}

/// The unnamed statement is not in the list that DEALLOCATE ALL empties.
#[test]
fn the_unnamed_statement_outlives_deallocate_all() {
    let mut talk = Talk::new();
    talk.client(&[parse("", "deallocate all"), bind("", ""), execute(""), bind("", ""), sync()].concat());
    assert_snapshot!(talk.server(&[parse_complete(), bind_complete(), no_data(), complete("DEALLOCATE ALL"), bind_complete(), ready(b'I')].concat()), @r#"
to client: 1[] 2[]
record 1 completed: 0 rows, 0 bytes
to client: C[DEALLOCATE ALL] 2[]
record 2 prepared: 0 rows, 0 bytes
to client: Z[I]
"#);
}
