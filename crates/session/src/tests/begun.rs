//! What is recorded before anything executes it, and what becomes of that record.

use insta::assert_snapshot;
use wire::compose::frame;

use super::server::{bind_complete, complete, data_row, error, parse_complete, ready, row_description};
use super::talk::{Talk, bind, describe_portal, describe_statement, execute, parse, query, sync, tags};
use crate::Action;
use crate::begun::{BEGUN_BYTES_MAX, BEGUN_MAX};

const CONSTANT: &str = "select '{1}'::checked[] from orders";

fn parameter_description() -> Vec<u8> {
    let mut out = Vec::new();
    frame(&mut out, b't', |out| out.extend_from_slice(&[0, 0]));
    out
}

#[test]
fn a_parse_that_reads_a_constant_is_recorded() {
    let mut talk = Talk::new();
    assert_snapshot!(talk.client(&[parse("s", CONSTANT), describe_statement("s"), sync()].concat()), @r#"
record 1 started: select '{1}'::checked[] from orders
to server: P[s·select '{1}'::checked[] from orders] D[Ss] S[]
"#);
    let answers = [parse_complete(), parameter_description(), row_description(&[(0, 0, 1009)]), ready(b'I')];
    assert_snapshot!(talk.server(&answers.concat()), @r#"
to client: 1[] t[] T[c]
record 1 prepared: 0 rows, 0 bytes
to client: Z[I]
"#);
    // The server may read it again.
    assert_snapshot!(talk.client(&[describe_statement("s"), sync()].concat()), @r#"
record 2 started: select '{1}'::checked[] from orders
to server: D[Ss] S[]
"#);
    assert_snapshot!(talk.client(&[bind("", "s"), execute(""), sync()].concat()), @r#"
record 3 started: select '{1}'::checked[] from orders
to server: B[s]
to server instead: D[P]
to server: E[] S[]
"#);
}

#[test]
fn a_parse_that_reads_none_is_not() {
    let told = Talk::new().client(&[parse("s", "select id + 1 from orders"), sync()].concat());
    assert_eq!(told, "to server: P[s·select id + 1 from orders] S[]");
}

#[test]
fn what_is_executed_in_one_go_is_one_execution() {
    let mut talk = Talk::new();
    let sent = [
        parse("", CONSTANT),
        describe_statement(""),
        bind("", ""),
        describe_portal(""),
        execute(""),
        bind("", ""),
        describe_portal(""),
        execute(""),
        sync(),
    ];
    assert_snapshot!(talk.client(&sent.concat()), @r#"
record 1 started: select '{1}'::checked[] from orders
to server: P[select '{1}'::checked[] from orders] D[S] B[] D[P] E[]
record 2 started: select '{1}'::checked[] from orders
to server: B[] D[P] E[] S[]
"#);
    let described = row_description(&[(0, 0, 1009)]);
    let run = [bind_complete(), described.clone(), data_row(&["{1}"]), complete("SELECT 1")].concat();
    let answers = [parse_complete(), parameter_description(), described, run.clone(), run, ready(b'I')];
    assert_snapshot!(talk.server(&answers.concat()), @r#"
to client: 1[] t[] T[c] 2[] T[c] D[{1}]
record 1 completed: 1 rows, 9 bytes
to client: C[SELECT 1] 2[] T[c] D[{1}]
record 2 completed: 1 rows, 9 bytes
to client: C[SELECT 1] Z[I]
"#);
}

#[test]
fn a_portal_that_nothing_executes_ends_with_its_section() {
    let mut talk = Talk::new();
    let sent = [query("begin"), parse("", "select id from orders"), bind("p", ""), sync()];
    assert_snapshot!(talk.client(&sent.concat()), @r#"
record 1 started: begin
to server: Q[begin] P[select id from orders]
record 2 started: select id from orders
to server: B[p] S[]
"#);
    let begun = [complete("BEGIN"), ready(b'T'), parse_complete(), bind_complete(), ready(b'T')];
    assert_snapshot!(talk.server(&begun.concat()), @r#"
record 1 completed: 0 rows, 0 bytes
to client: C[BEGIN] Z[T] 1[] 2[]
record 2 prepared: 0 rows, 0 bytes
to client: Z[T]
"#);
    assert_snapshot!(talk.client(&[execute("p"), sync()].concat()), @r#"
to server instead: D[Pp]
record 3 started: select id from orders
to server: E[p] S[]
"#);
}

#[test]
fn what_fails_where_it_begins_has_failed_and_what_follows_is_skipped() {
    let mut talk = Talk::new();
    let sent = [
        parse("", CONSTANT),
        bind("", ""),
        execute(""),
        parse("s", "select 'other' from orders"),
        bind("p", "s"),
        sync(),
    ];
    talk.client(&sent.concat());
    assert_snapshot!(talk.server(&[parse_complete(), error("22P02", "no number")].concat()), @r#"
to client: 1[]
record 1 failed 22P02: 0 rows, 0 bytes
record 2 skipped: 0 rows, 0 bytes
to client: E[SERROR·VERROR·C22P02·Mno number]
"#);
    assert_snapshot!(talk.server(&ready(b'I')), @"to client: Z[I]");
    assert_eq!(talk.lost(), "");
}

#[test]
fn what_nothing_has_executed_when_the_connection_is_lost_is_lost() {
    let mut talk = Talk::new();
    talk.client(&[parse("", "select id from orders"), bind("", "")].concat());
    talk.server(&[parse_complete(), bind_complete()].concat());
    assert_snapshot!(talk.lost(), @"record 1 lost: 0 rows, 0 bytes");
}

/// A session whose client has sent `one` so often that nothing more may begin, and the server has done it all.
fn full(talk: &mut Talk, one: &[u8], times: usize) {
    let (step, actions) = talk.step_client(&one.repeat(times));
    step.unwrap();
    let records = actions.iter().filter(|action| matches!(action, Action::Record(_))).count();
    assert_eq!(records, times, "one of them was refused");
    talk.server(&parse_complete().repeat(times));
}

#[test]
fn a_client_that_begins_too_many_is_told_and_goes_on_after_a_sync() {
    let mut talk = Talk::new();
    full(&mut talk, &parse("", CONSTANT), BEGUN_MAX);
    assert_snapshot!(talk.client(&parse("", CONSTANT)), @"to server instead: D[Srefused by Picket 0000000000000007]");
    assert_snapshot!(talk.server(&error("26000", &talk.replacement())), @"to client instead: E[SERROR·VERROR·C54000·Mtoo many statements are prepared or bound, and not executed·DPicket keeps at most 16384 of them between two Syncs, and of their texts 32 MiB.·HExecute them, or send a Sync before more.]");
    assert_snapshot!(talk.client(&[bind("", ""), sync()].concat()), @"to server: S[]");
    let (_, actions) = talk.step_server(&ready(b'I'));
    assert_eq!(actions.len(), BEGUN_MAX + 1, "each has ended, before the client learns of it");
    assert_snapshot!(talk.client(&[bind("", ""), execute(""), sync()].concat()), @r#"
record 16385 started: select '{1}'::checked[] from orders
to server: B[]
to server instead: D[P]
to server: E[] S[]
"#);
}

#[test]
fn a_bind_or_describe_that_has_no_room_is_told_and_an_execute_makes_some() {
    let mut talk = Talk::new();
    talk.client(&[parse("s", CONSTANT), bind("p", "s")].concat());
    talk.server(&[parse_complete(), bind_complete()].concat());
    full(&mut talk, &parse("", CONSTANT), BEGUN_MAX - 1);
    assert_snapshot!(talk.client(&[execute("p"), bind("q", "s")].concat()), @r#"
to server instead: D[Pp]
to server: E[p]
record 16385 started: select '{1}'::checked[] from orders
to server: B[q·s]
"#);
    assert_snapshot!(talk.client(&bind("r", "s")), @"to server instead: D[Srefused by Picket 0000000000000007]");
    assert_snapshot!(talk.client(&describe_statement("s")), @"to server instead: D[Srefused by Picket 0000000000000007]");
}

#[test]
fn what_is_pipelined_with_syncs_waits_for_room_instead() {
    let mut talk = Talk::new();
    let one = [parse("", CONSTANT), sync()].concat();
    let (step, _) = talk.step_client(&one.repeat(BEGUN_MAX));
    step.unwrap();
    assert_eq!(talk.client(&one), format!("needs replies, {} bytes unused", one.len()));
    talk.server(&[parse_complete(), ready(b'I')].concat());
    let told = talk.client(&one);
    assert!(told.contains("record 16385 started") && told.ends_with("S[]"), "{told}");
}

#[test]
fn the_bytes_of_what_began_are_bounded_too() {
    let mut talk = Talk::with_message_bytes_max(1 << 21);
    let text_bytes = 1 << 19;
    let long = format!("select 'x' from orders -- {}", "x".repeat(text_bytes));
    full(&mut talk, &parse("", &long), BEGUN_BYTES_MAX / text_bytes);
    let (_, actions) = talk.step_client(&parse("", &long));
    let [Action::SendToServer(instead)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(tags(instead), "D");
}
