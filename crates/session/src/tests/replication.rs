//! Replication connections: commands are recorded, and what they stream passes both ways.

use insta::assert_snapshot;
use policy::Mode;
use wire::compose::frame;

use super::server::{complete, copy_data, copy_done, data_row, error, ready, row_description};
use super::talk::{Talk, parse, query};
use crate::Replication::{Logical, Physical};

fn copy_both() -> Vec<u8> {
    let mut out = Vec::new();
    frame(&mut out, b'W', |out| out.extend_from_slice(&[0; 3]));
    out
}

#[test]
fn a_command_streams_both_ways_until_both_sides_have_said_enough() {
    let mut talk = Talk::replicating(Physical);
    assert_snapshot!(talk.client(&query("START_REPLICATION 0/1000000")), @r#"
record 1 started: START_REPLICATION 0/1000000, against no-replication
to server: Q[START_REPLICATION 0/1000000]
"#);
    assert_snapshot!(talk.client(&copy_data(b"status")), @"needs replies, 11 bytes unused");
    assert_snapshot!(talk.server(&[copy_both(), copy_data(b"log")].concat()), @"to client: W[] d[log]");
    assert_snapshot!(talk.client(&[copy_data(b"status"), copy_done()].concat()), @"to server: d[status] c[]");
    let end = [copy_data(b"more"), copy_done(), complete("COPY 0"), complete("START_STREAMING"), ready(b'I')];
    assert_snapshot!(talk.server(&end.concat()), @r#"
to client: d[more] c[] C[COPY 0] C[START_STREAMING]
record 1 completed: 0 rows, 7 bytes
to client: Z[I]
"#);
    assert_snapshot!(talk.client(&query("IDENTIFY_SYSTEM")), @r#"
record 2 started: IDENTIFY_SYSTEM, against no-replication
to server: Q[IDENTIFY_SYSTEM]
"#);
    let answer = [row_description(&[(0, 0, 25)]), data_row(&["7"]), complete("IDENTIFY_SYSTEM"), ready(b'I')];
    assert_snapshot!(talk.server(&answer.concat()), @r#"
to client: T[c] D[7] C[IDENTIFY_SYSTEM]
record 2 completed: 1 rows, 7 bytes
to client: Z[I]
"#);
}

#[test]
fn sql_over_a_physical_connection_is_refused_however_it_comes() {
    let mut talk = Talk::replicating(Physical);
    assert_snapshot!(talk.client(&query("select email from users")), @r#"
record 1 started: select email from users, refused by no-replication
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
    let failed = error("22P02", &talk.replacement());
    assert_snapshot!(talk.server(&[failed, ready(b'I')].concat()), @r#"
record 1 failed 0A000: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C0A000·Mcannot execute SQL commands in WAL sender for physical replication·DRule "no-replication": it has no database whose columns could be masked.·HConnect with replication=database, or without replication.]
to client: Z[I]
"#);
    assert_snapshot!(talk.client(&parse("", "select email from users")), @r#"
record 2 started: select email from users, refused by no-replication
to server instead: P[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
}

#[test]
fn sql_over_a_logical_connection_is_judged_and_masked_as_ever() {
    let mut talk = Talk::replicating(Logical);
    assert_snapshot!(talk.client(&query("select email from users")), @r#"
record 1 started: select email from users
to server: Q[select email from users]
"#);
    let rows = [row_description(&[(20000, 2, 25)]), data_row(&["bob@shop.org"])];
    assert_snapshot!(talk.server(&rows.concat()), @r#"
to client: T[c···N ]
to client instead: D[b***@***.org]
"#);
    talk.server(&[complete("SELECT 1"), ready(b'I')].concat());
    assert_snapshot!(talk.client(&query("drop table users")), @r#"
record 2 started: drop table users, refused by no-drop-table
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
}

/// The server takes no Parse here: it could not be asked for its own words.
#[test]
fn what_is_no_sql_is_told_in_words_of_our_own() {
    let mut talk = Talk::replicating(Logical);
    assert_snapshot!(talk.client(&query("selec 1")), @r#"
record 1 started: selec 1, refused by unreadable
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
    assert_snapshot!(talk.server(&[error("22P02", &talk.replacement()), ready(b'I')].concat()), @r#"
record 1 failed 42601: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C42601·Msyntax error at or near "selec"]
to client: Z[I]
"#);
}

#[test]
fn a_command_is_refused_once_the_rule_is_enforced() {
    let mut talk = Talk::replicating(Logical);
    talk.set_mode("no-replication", Mode::Enforce);
    assert_snapshot!(talk.client(&query("START_REPLICATION SLOT s LOGICAL 0/0")), @r#"
record 1 started: START_REPLICATION SLOT s LOGICAL 0/0, refused by no-replication
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
}

/// Nobody else may be told that both sides send.
#[test]
fn copy_both_outside_of_replication_is_a_violation() {
    let mut talk = Talk::new();
    talk.client(&query("copy orders from stdin"));
    assert_snapshot!(talk.server(&copy_both()), @"error: protocol violation by the server: unexpected message `W`");
}
