//! How many names one session may give.

use insta::assert_snapshot;

use super::server::{close_complete, complete, parse_complete, ready};
use super::talk::{Talk, close_statement, parse, query, sync};
use crate::names::{NAMES_BYTES_MAX, NAMES_MAX};

const TEXT: &str = "select id from orders";

/// A session whose client has prepared `text` under so many names, and the server has done it.
fn with_names(mut talk: Talk, text: &str, count: usize) -> Talk {
    let all: Vec<u8> = (0..count).flat_map(|number| parse(&format!("s{number}"), text)).collect();
    let (step, actions) = talk.step_client(&[all, sync()].concat());
    step.unwrap();
    assert_eq!(actions.len(), 1, "one of them was refused");
    talk.server(&[parse_complete().repeat(count), ready(b'I')].concat());
    talk
}

#[test]
fn a_client_that_prepares_too_many_is_told_and_goes_on_when_it_closes_one() {
    let mut talk = with_names(Talk::new(), TEXT, NAMES_MAX);
    assert_snapshot!(talk.client(&parse("", TEXT)), @"to server: P[select id from orders]");
    talk.server(&parse_complete());
    assert_snapshot!(talk.client(&[parse("one more", TEXT), sync()].concat()), @r#"
to server instead: D[Srefused by Picket 0000000000000007]
to server: S[]
"#);
    let refused = super::server::error("26000", &talk.replacement());
    assert_snapshot!(talk.server(&[refused, ready(b'I')].concat()), @r#"
to client instead: E[SERROR·VERROR·C54000·Mtoo many prepared statements·DPicket keeps at most 16384 of them for a session, and of their texts 32 MiB.·HClose or deallocate those that are not used any more.]
to client: Z[I]
"#);
    talk.client(&[close_statement("s0"), sync()].concat());
    talk.server(&[close_complete(), ready(b'I')].concat());
    assert_snapshot!(talk.client(&[parse("one more", TEXT), sync()].concat()), @"to server: P[one more·select id from orders] S[]");
}

#[test]
fn names_that_are_taken_away_before_a_sync_make_room_when_that_is_answered() {
    let mut talk = with_names(Talk::new(), TEXT, NAMES_MAX);
    let one = parse("one more", TEXT);
    let told = talk.client(&[close_statement("s0"), sync(), one.clone()].concat());
    assert_eq!(told, format!("to server: C[Ss0] S[]\nneeds replies, {} bytes unused", one.len()));
    talk.server(&[close_complete(), ready(b'I')].concat());
    assert_snapshot!(talk.client(&one), @"to server: P[one more·select id from orders]");
}

#[test]
fn prepare_and_declare_count_too() {
    let mut talk = with_names(Talk::new(), TEXT, NAMES_MAX);
    assert_snapshot!(talk.client(&query("prepare one_more as select 1")), @r#"
record 1 started: prepare one_more as select 1, refused by limit
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
    let mut talk = Talk::new();
    talk.client(&query("begin"));
    talk.server(&[complete("BEGIN"), ready(b'T')].concat());
    for number in 0..NAMES_MAX {
        talk.step_client(&query(&format!("declare c{number} cursor for {TEXT}"))).0.unwrap();
        talk.server(&[complete("DECLARE CURSOR"), ready(b'T')].concat());
    }
    assert_snapshot!(talk.client(&query("declare one_more cursor for select 1")), @r#"
record 16386 started: declare one_more cursor for select 1, refused by limit
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
}

#[test]
fn the_bytes_of_what_has_a_name_are_bounded_too() {
    let text_bytes = 1 << 19;
    let long = format!("select id from orders -- {}", "x".repeat(text_bytes));
    let mut talk = with_names(Talk::with_message_bytes_max(1 << 21), &long, NAMES_BYTES_MAX / text_bytes);
    assert_snapshot!(talk.client(&parse("s", TEXT)), @"to server instead: D[Srefused by Picket 0000000000000007]");
    let refused = super::server::error("26000", &talk.replacement());
    talk.client(&[sync(), query("deallocate all")].concat());
    talk.server(&[refused, ready(b'I'), complete("DEALLOCATE ALL"), ready(b'I')].concat());
    assert_snapshot!(talk.client(&parse("s", TEXT)), @"to server: P[s·select id from orders]");
}
