//! A text that is no SQL is shown to the server's parser, so that its error is the server's own, and never runs.

use insta::assert_snapshot;

use super::server::{close_complete, error, parse_complete, ready};
use super::talk::{Talk, bind, parse, query, sync};

#[test]
fn the_server_says_what_is_wrong_with_a_query() {
    let mut talk = Talk::new();
    assert_snapshot!(talk.client(&query("selec 1")), @r#"
record 1 started: selec 1, refused by unreadable
to server instead: P[selec 1] C[S] D[Srefused by Picket 0000000000000007] S[]
"#);
    assert_snapshot!(talk.server(&[error("42601", "its own words"), ready(b'I')].concat()), @r#"
record 1 failed 42601: 0 rows, 0 bytes
to client: E[SERROR·VERROR·C42601·Mits own words] Z[I]
"#);
}

#[test]
fn the_server_says_what_is_wrong_with_a_parse() {
    let mut talk = Talk::new();
    assert_snapshot!(talk.client(&[parse("s", "selec 1"), bind("", "s"), sync()].concat()), @r#"
record 1 started: selec 1, refused by unreadable
to server: P[s·selec 1]
to server instead: C[Ss] D[Srefused by Picket 0000000000000007]
to server instead: D[Srefused by Picket 0000000000000007]
to server: S[]
"#);
    assert_snapshot!(talk.server(&[error("42601", "its own words"), ready(b'I')].concat()), @r#"
record 1 failed 42601: 0 rows, 0 bytes
to client: E[SERROR·VERROR·C42601·Mits own words] Z[I]
"#);
}

/// A newer server may read what Picket cannot. It is closed before anything could run it.
#[test]
fn what_only_the_server_reads_is_refused() {
    let mut talk = Talk::new();
    talk.client(&query("selec 1"));
    let text = talk.replacement();
    let answers = [parse_complete(), close_complete(), error("26000", &text), ready(b'I')];
    assert_snapshot!(talk.server(&answers.concat()), @r#"
record 1 failed 42601: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C42601·Msyntax error at or near "selec"]
to client: Z[I]
"#);
}

/// If what is before it fails, the Query is skipped and gets no ReadyForQuery.
#[test]
fn a_query_that_may_be_skipped_waits() {
    let mut talk = Talk::new();
    assert_snapshot!(talk.client(&[parse("", "select 1"), query("selec 1")].concat()), @r#"
to server: P[select 1]
to server instead: H[]
needs replies, 13 bytes unused
"#);
    talk.server(&error("42P01", "no such table"));
    assert_snapshot!(talk.client(&query("selec 1")), @"");
}
