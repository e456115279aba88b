//! Rules that only observe: what they speak against is forwarded as it came, and its record names them.

use insta::assert_snapshot;
use policy::Mode;
use wire::backend::tag::{BIND_COMPLETE, FUNCTION_CALL_RESPONSE, PARSE_COMPLETE};
use wire::compose::frame;

use super::server::{
    bind_complete, complete, data_row, error, no_data, parse_complete, ready, row_description,
};
use super::talk::{Talk, bind, call_of, describe_portal, execute, function_call, parse, query, sync};

fn empty(tag: u8) -> Vec<u8> {
    let mut out = Vec::new();
    frame(&mut out, tag, |_| {});
    out
}

#[test]
fn a_statement_against_an_observing_rule_is_forwarded_and_recorded() {
    let mut talk = Talk::observing(&["no-drop-table"]);
    assert_snapshot!(talk.client(&query("select 1; drop table users")), @r#"
record 1 started: select 1
record 2 started: drop table users, against no-drop-table
to server: Q[select 1; drop table users]
"#);
    let done = [
        row_description(&[(0, 0, 23)]),
        data_row(&["1"]),
        complete("SELECT 1"),
        complete("DROP TABLE"),
        ready(b'I'),
    ];
    assert_snapshot!(talk.server(&done.concat()), @r#"
to client: T[c] D[1]
record 1 completed: 1 rows, 7 bytes
to client: C[SELECT 1]
record 2 completed: 0 rows, 0 bytes
to client: C[DROP TABLE] Z[I]
"#);
}

/// Nobody knows how many statements it has, so everything up to ReadyForQuery is its answer; rows are masked as always.
#[test]
fn a_query_that_cannot_be_read_may_have_any_number_of_results() {
    let mut talk = Talk::observing(&["unreadable"]);
    assert_snapshot!(talk.client(&query("select newer syntax is here")), @r#"
record 1 started: select newer syntax is here, against unreadable
to server: Q[select newer syntax is here]
"#);
    let done = [
        row_description(&[(20000, 2, 25)]),
        data_row(&["bob@shop.org"]),
        complete("SELECT 1"),
        complete("UPDATE 3"),
        row_description(&[(20000, 1, 23)]),
        data_row(&["1"]),
        complete("SELECT 1"),
        ready(b'I'),
    ];
    assert_snapshot!(talk.server(&done.concat()), @r#"
to client: T[c···N ]
to client instead: D[b***@***.org]
to client: C[SELECT 1] C[UPDATE 3] T[c···N ] D[1] C[SELECT 1]
record 1 completed: 5 rows, 25 bytes, returned public.users.email public.users.id, masked public.users.email
to client: Z[I]
"#);
    assert_snapshot!(talk.client(&query("selec 1")), @r#"
record 2 started: selec 1, against unreadable
to server: Q[selec 1]
"#);
    assert_snapshot!(talk.server(&[error("42601", "syntax error at or near \"selec\""), ready(b'I')].concat()), @r#"
to client instead: E[SERROR·VERROR·C42601·Msyntax error at or near ***]
record 2 failed 42601: 0 rows, 0 bytes
to client: Z[I]
"#);
}

/// It may be a COPY, so what is sent behind it waits for its first reply.
#[test]
fn a_parse_that_cannot_be_read_is_recorded_before_it_is_sent() {
    let mut talk = Talk::observing(&["unreadable"]);
    let sent = [parse("", "select newer syntax is here"), bind("", ""), describe_portal(""), execute("")];
    assert_snapshot!(talk.client(&sent.concat()), @r#"
record 1 started: select newer syntax is here, against unreadable
to server: P[select newer syntax is here] B[] D[P] E[]
to server instead: H[]
"#);
    assert_snapshot!(talk.client(&sync()), @r#"
needs replies, 5 bytes unused
"#);
    let done = [
        empty(PARSE_COMPLETE),
        empty(BIND_COMPLETE),
        row_description(&[(20000, 2, 25)]),
        data_row(&["bob@shop.org"]),
        complete("SELECT 1"),
    ];
    assert_snapshot!(talk.server(&done.concat()), @r#"
to client: 1[] 2[] T[c···N ]
to client instead: D[b***@***.org]
record 1 completed: 1 rows, 18 bytes, returned public.users.email, masked public.users.email
to client: C[SELECT 1]
"#);
    assert_snapshot!(talk.client(&sync()), @r#"
to server: S[]
"#);
}

#[test]
fn a_name_that_was_not_seen_being_made_is_used_and_its_columns_are_asked_for() {
    let mut talk = Talk::observing(&["unknown-name"]);
    assert_snapshot!(talk.client(&[bind("", "p"), execute("")].concat()), @r#"
record 1 started: (prepared statement "p", made in a way that Picket has not seen), against unknown-name
to server: B[p]
to server instead: D[P]
to server: E[]
to server instead: H[]
"#);
    let done = [
        empty(BIND_COMPLETE),
        row_description(&[(20000, 2, 25)]),
        data_row(&["bob@shop.org"]),
        complete("SELECT 1"),
    ];
    assert_snapshot!(talk.server(&done.concat()), @r#"
to client: 2[]
to client instead: D[b***@***.org]
record 1 completed: 1 rows, 18 bytes, returned public.users.email, masked public.users.email
to client: C[SELECT 1]
"#);
    assert_snapshot!(talk.client(&execute("c")), @r#"
to server instead: D[Pc]
record 2 started: (portal "c", made in a way that Picket has not seen), against unknown-name
to server: E[c]
to server instead: H[]
"#);
    assert_snapshot!(talk.server(&error("34000", "portal \"c\" does not exist")), @r#"
record 2 skipped: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C34000·Mportal ***]
"#);
}

#[test]
fn a_fast_path_call_passes_with_its_answer() {
    let mut talk = Talk::observing(&["no-fast-path"]);
    assert_snapshot!(talk.client(&function_call()), @r#"
record 1 started: (fast-path call of pg_catalog.lo_creat, function 957), against no-fast-path
to server: F[]
"#);
    assert_snapshot!(talk.server(&[empty(FUNCTION_CALL_RESPONSE), ready(b'I')].concat()), @r#"
to client: V[]
record 1 completed: 0 rows, 0 bytes
to client: Z[I]
"#);
}

#[test]
fn a_fast_path_call_is_what_a_call_by_name_is() {
    let mut talk = Talk::observing(&["no-fast-path"]);
    assert_snapshot!(talk.client(&call_of(954)), @r#"
record 1 started: (fast-path call of pg_catalog.loread, function 954), against no-fast-path
to server: F[]
"#);
    let mut result = Vec::new();
    frame(&mut result, FUNCTION_CALL_RESPONSE, |out| out.extend_from_slice(b"\0\0\0\x0cbob@shop.org"));
    assert_snapshot!(talk.server(&[result.clone(), ready(b'I')].concat()), @r#"
to client instead: V[]
record 1 completed: 0 rows, 16 bytes, returned (call), masked (call)
to client: Z[I]
"#);
    let refused = talk.client(&call_of(2624));
    assert!(
        refused.contains("(fast-path call of pg_catalog.pg_read_file, function 2624), refused by no-"),
        "{refused}"
    );
    talk.server(&[error("22P02", &talk.replacement()), ready(b'I')].concat());
    let unknown = talk.client(&call_of(4711));
    assert!(unknown.contains("(fast-path call of function 4711), refused by no-fast-path"), "{unknown}");

    let mut talk = Talk::observing(&["no-fast-path"]);
    talk.set_policies("permit (principal, action == Picket::Action::\"reveal\", resource);");
    talk.client(&call_of(954));
    let shown = talk.server(&[result, ready(b'I')].concat());
    assert!(shown.contains("to client: V[") && shown.contains("returned (call), revealed (call)"), "{shown}");
}

/// What cannot be told apart from other text is unreadable, however it is written.
#[test]
fn a_setting_that_changes_how_text_is_read_makes_statements_unreadable_not_misread() {
    let mut talk = Talk::observing(&["lexing-settings", "unreadable"]);
    assert_snapshot!(talk.client(&query("set standard_conforming_strings = off")), @r#"
record 1 started: set standard_conforming_strings = off, against lexing-settings
to server: Q[set standard_conforming_strings = off]
"#);
    talk.server(&complete("SET"));
    talk.session.on_parameter(b"standard_conforming_strings", b"off");
    talk.server(&ready(b'I'));
    assert_snapshot!(talk.client(&query(r"select '\'', email from users --'")), @r#"
record 2 started: select '\'', email from users --', against unreadable
to server: Q[select '\'', email from users --']
"#);
}

/// What was prepared while a rule observed is judged anew once it is enforced, and the other way round.
#[test]
fn a_mode_that_changes_counts_from_the_next_execution_on() {
    let mut talk = Talk::observing(&["no-drop-table"]);
    let run = [bind("", "s"), execute(""), sync()].concat();
    talk.client(&[parse("s", "drop table users"), sync()].concat());
    talk.server(&[parse_complete(), ready(b'I')].concat());
    assert_snapshot!(talk.client(&run), @r#"
record 1 started: drop table users, against no-drop-table
to server: B[s]
to server instead: D[P]
to server: E[] S[]
"#);
    talk.server(&[bind_complete(), no_data(), complete("DROP TABLE"), ready(b'I')].concat());
    talk.set_mode("no-drop-table", Mode::Enforce);
    assert_snapshot!(talk.client(&run), @r#"
record 2 started: drop table users, refused by no-drop-table
to server instead: P[refused by Picket 0000000000000007·SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
to server instead: D[Srefused by Picket 0000000000000007]
to server: S[]
"#);
    assert_snapshot!(talk.client(&query("drop table users")), @r#"
record 3 started: drop table users, refused by no-drop-table
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
    talk.set_mode("no-drop-table", Mode::Observe);
    assert_snapshot!(talk.client(&query("drop table users")), @r#"
record 4 started: drop table users, against no-drop-table
to server: Q[drop table users]
"#);
}
