//! Conversations replayed, and random ones compared with what a server without a proxy would have answered.

mod again;
mod asking;
mod begun;
mod copy;
mod copy_out;
mod endings;
mod forgetting;
mod given;
mod interleavings;
mod large;
mod leaving;
mod made;
mod naming;
mod no_sql;
mod observing;
mod probing;
mod put_back;
mod recorded;
mod replication;
mod server;
mod sightings;
mod talk;
mod temporary;

use insta::assert_snapshot;
use talk::{Talk, bind, describe_portal, execute, parse, query, sync};
use wire::compose::frame;

use self::server::{complete, data_row, error, ready, row_description};
use crate::Resting;

#[test]
fn a_record_comes_before_what_it_records_and_rows_are_masked() {
    let mut talk = Talk::new();
    assert_snapshot!(talk.client(&query("select id, email from users")), @r#"
record 1 started: select id, email from users
to server: Q[select id, email from users]
"#);
    let rows =
        [row_description(&[(20000, 1, 23), (20000, 2, 25)]), data_row(&["1", "bob@shop.org"])].concat();
    assert_snapshot!(talk.server(&rows), @r#"
to client: T[c···N ··············c···N ]
to client instead: D[1····b***@***.org]
"#);
    assert_snapshot!(talk.server(&[complete("SELECT 1"), ready(b'I')].concat()), @r#"
record 1 completed: 1 rows, 23 bytes, returned public.users.id public.users.email, masked public.users.email
to client: C[SELECT 1] Z[I]
"#);
}

#[test]
fn rows_without_masks_pass_in_one_run() {
    let mut talk = Talk::new();
    talk.client(&query("select id from users"));
    let result = [
        row_description(&[(20000, 1, 23)]),
        data_row(&["1"]),
        data_row(&["2"]),
        complete("SELECT 2"),
        ready(b'I'),
    ];
    assert_snapshot!(talk.server(&result.concat()), @r#"
to client: T[c···N ] D[1] D[2]
record 1 completed: 2 rows, 14 bytes, returned public.users.id
to client: C[SELECT 2] Z[I]
"#);
}

/// A masked row that arrives in pieces is one row, however often its beginning was looked at.
#[test]
fn rows_are_counted_once() {
    let mut talk = Talk::new();
    talk.client(&query("select email from users"));
    talk.server(&row_description(&[(20000, 2, 25)]));
    let row = data_row(&["bob@shop.org"]);
    talk.server(&row[..8]);
    talk.server(&row[..12]);
    talk.server(&row);
    assert_snapshot!(talk.server(&[complete("SELECT 1"), ready(b'I')].concat()), @r#"
record 1 completed: 1 rows, 18 bytes, returned public.users.email, masked public.users.email
to client: C[SELECT 1] Z[I]
"#);
}

#[test]
fn a_refused_statement_is_replaced_and_its_error_says_why() {
    let mut talk = Talk::new();
    assert_snapshot!(talk.client(&query("select 1; drop table users; select 2")), @r#"
record 1 started: select 1
record 2 started: drop table users, refused by no-drop-table
to server instead: Q[select 1;  SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
    let text = talk.replacement();
    let failed =
        [row_description(&[(0, 0, 23)]), data_row(&["1"]), complete("SELECT 1"), error("22P02", &text)];
    assert_snapshot!(talk.server(&failed.concat()), @r#"
to client: T[c] D[1]
record 1 completed: 1 rows, 7 bytes
to client: C[SELECT 1]
record 2 failed 42501: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C42501·MPicket refused this statement·DRule "no-drop-table": tables are not dropped through Picket.·HRename it out of the way (ALTER TABLE ... RENAME TO ...), or ask an administrator of the database to drop it.]
"#);
    assert_snapshot!(talk.server(&ready(b'E')), @"to client: Z[E]");
}

#[test]
fn in_a_failed_transaction_the_server_answers_itself() {
    let mut talk = Talk::new();
    talk.client(&query("drop table users"));
    assert_snapshot!(talk.server(&[error("25P02", "aborted"), ready(b'E')].concat()), @r#"
record 1 failed 25P02: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C25P02·Maborted]
to client: Z[E]
"#);
}

#[test]
fn a_pipeline_after_a_refusal_is_skipped_up_to_sync() {
    let mut talk = Talk::new();
    let pipeline =
        [parse("", "drop table users"), bind("", ""), execute(""), sync(), parse("", "select 1"), sync()];
    assert_snapshot!(talk.client(&pipeline.concat()), @r#"
record 1 started: drop table users, refused by no-drop-table
to server instead: P[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
to server instead: D[Srefused by Picket 0000000000000007]
to server instead: D[Srefused by Picket 0000000000000007]
to server: S[] P[select 1] S[]
"#);
    let text = talk.replacement();
    assert_snapshot!(talk.server(&[error("22P02", &text), ready(b'I')].concat()), @r#"
record 1 failed 42501: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C42501·MPicket refused this statement·DRule "no-drop-table": tables are not dropped through Picket.·HRename it out of the way (ALTER TABLE ... RENAME TO ...), or ask an administrator of the database to drop it.]
to client: Z[I]
"#);
}

#[test]
fn nobody_executes_without_the_columns_being_known() {
    let mut talk = Talk::new();
    talk.client(&[parse("s", "select email from users"), sync()].concat());
    talk.server(&[server::parse_complete(), ready(b'I')].concat());
    assert_snapshot!(talk.client(&[bind("", "s"), execute(""), sync()].concat()), @r#"
record 1 started: select email from users
to server: B[s]
to server instead: D[P]
to server: E[] S[]
"#);
    let answers = [
        server::bind_complete(),
        row_description(&[(20000, 2, 25)]),
        data_row(&["bob@shop.org"]),
        complete("SELECT 1"),
        ready(b'I'),
    ];
    assert_snapshot!(talk.server(&answers.concat()), @r#"
to client: 2[]
to client instead: D[b***@***.org]
record 1 completed: 1 rows, 18 bytes, returned public.users.email, masked public.users.email
to client: C[SELECT 1] Z[I]
"#);
    // The client that asks just before gets its answer, and nothing is asked twice.
    assert_snapshot!(talk.client(&[bind("", "s"), describe_portal(""), execute(""), sync()].concat()), @r#"
record 2 started: select email from users
to server: B[s] D[P] E[] S[]
"#);
}

/// What a portal runs can be replaced after it was described: a cursor or a prepared statement of the same name.
#[test]
fn an_earlier_description_does_not_count() {
    let mut talk = Talk::new();
    talk.client(
        &[query("begin"), parse("f", "fetch 2 from k"), bind("p", "f"), describe_portal("p"), sync()]
            .concat(),
    );
    assert_snapshot!(talk.client(&[query("close k"), query("declare k cursor for select email from users")].concat()), @r#"
record 3 started: close k
to server: Q[close k]
record 4 started: declare k cursor for select email from users
to server: Q[declare k cursor for select email from users]
"#);
    let answers = [
        complete("BEGIN"),
        ready(b'T'),
        server::parse_complete(),
        server::bind_complete(),
        row_description(&[(20001, 1, 23)]),
        ready(b'T'),
        complete("CLOSE CURSOR"),
        ready(b'T'),
        complete("DECLARE CURSOR"),
        ready(b'T'),
    ];
    talk.server(&answers.concat());
    assert_snapshot!(talk.client(&[execute("p"), sync()].concat()), @r#"
to server instead: D[Pp]
record 5 started: fetch 2 from k
to server: E[p] S[]
"#);
    let rows = [row_description(&[(20000, 2, 25)]), data_row(&["bob@shop.org"])].concat();
    assert_snapshot!(talk.server(&rows), @"to client instead: D[b***@***.org]");
}

#[test]
fn a_new_relation_waits_for_the_catalog_and_is_scanned_if_it_stays_unknown() {
    let mut talk = Talk::new();
    talk.client(&query("select * from fresh"));
    let rows = [row_description(&[(30000, 1, 25)]), data_row(&["a@b.org"]), data_row(&["plain"])].concat();
    assert_snapshot!(talk.server(&rows), @"needs catalog, 61 bytes unused");
    talk.catalog_version += 1;
    assert_snapshot!(talk.server(&rows), @r#"
to client: T[c···u0]
to client instead: D[a***@**] D[plain]
"#);
}

#[test]
fn values_of_which_only_the_name_is_known_are_scanned_for_what_their_form_tells() {
    let mut talk = Talk::new();
    talk.add_note_to_orders();
    talk.client(&query("select note, 1.2, lower(note), id from orders"));
    let described = row_description(&[(20001, 2, 25), (0, 0, 1700), (0, 0, 25), (20001, 1, 23)]);
    let rows =
        [described, data_row(&["a@b.org", "1.2", "by a@b.org", "7"]), data_row(&["1.2.3.4", "1", "", "7"])];
    assert_snapshot!(talk.server(&rows.concat()), @r#"
to client: T[c···N!··············c···················c···················c···N!]
to client instead: D[a***@**····1.2····by a***@**····7] D[1.2.3.4····1········7]
"#);
}

/// A definition in a dump is no value, whichever other table is new.
#[test]
fn what_execute_shows_is_scanned_only_where_it_reads_what_nobody_has_looked_at() {
    let mut talk = Talk::new();
    talk.add_note_to_orders();
    let calm = "select pg_catalog.pg_get_expr(conbin, conrelid) from pg_catalog.pg_constraint";
    let notes = "select lower(note) from orders";
    for (name, text, shown) in [("calm", calm, "D[a@b.org]"), ("notes", notes, "D[a***@**]")] {
        talk.client(&query(&format!("prepare {name} as {text}")));
        talk.server(&[complete("PREPARE"), ready(b'I')].concat());
        talk.client(&query(&format!("execute {name}")));
        let rows =
            [row_description(&[(0, 0, 25)]), data_row(&["a@b.org"]), complete("SELECT 1"), ready(b'I')];
        let told = talk.server(&rows.concat());
        assert!(told.contains(shown), "{name}: {told}");
    }
}

#[test]
fn what_is_found_to_be_sensitive_while_a_statement_runs_hides_what_it_computes() {
    let mut talk = Talk::new();
    for (masked, shown) in [(false, "D[9]"), (true, "D[***]"), (true, "D[***]")] {
        talk.client(&query("select id::text || '' from orders"));
        if masked {
            talk.mask_orders();
        }
        let rows = [row_description(&[(0, 0, 25)]), data_row(&["9"]), complete("SELECT 1"), ready(b'I')];
        let told = talk.server(&rows.concat());
        assert!(told.contains(shown), "{told}");
    }
}

#[test]
fn where_the_catalog_does_not_hold_everything_is_as_unknown() {
    let mut talk = Talk::new();
    let orders =
        [row_description(&[(20001, 1, 25)]), data_row(&["a@b.org"]), complete("SELECT 1"), ready(b'I')];
    for (holds, shown) in [(true, "D[a@b.org]"), (false, "D[a***@**]"), (true, "D[a@b.org]")] {
        talk.set_catalog_holds(holds);
        talk.client(&query("select id from orders"));
        let told = talk.server(&orders.concat());
        assert!(told.contains(shown), "{told}");
        assert!(told.contains("returned public.orders.id"), "{told}");
    }
}

#[test]
fn names_that_were_not_judged_are_not_run() {
    let mut talk = Talk::new();
    assert_snapshot!(talk.client(&[bind("", "made by PREPARE"), sync()].concat()), @r#"
to server instead: D[Srefused by Picket 0000000000000007]
to server: S[]
"#);
    let text = talk.replacement();
    assert_snapshot!(talk.server(&[error("26000", &text), ready(b'I')].concat()), @r#"
to client instead: E[SERROR·VERROR·C26000·Mprepared statement "made by PREPARE" does not exist·DRule "unknown-name": Picket has not seen how this session made that prepared statement.·HWhat PREPARE makes is run by EXECUTE, what DECLARE makes by FETCH. What a function made before policies changed must be made again.]
to client: Z[I]
"#);
    talk.client(&[parse("s", "select 1"), sync(), query("deallocate all")].concat());
    talk.server(&[server::parse_complete(), ready(b'I'), complete("DEALLOCATE ALL"), ready(b'I')].concat());
    assert_snapshot!(talk.client(&[bind("", "s"), sync()].concat()), @r#"
to server instead: D[Srefused by Picket 0000000000000007]
to server: S[]
"#);
}

#[test]
fn a_failed_parse_leaves_the_name_as_it_was() {
    let mut talk = Talk::new();
    talk.client(&[parse("s", "select id from users"), sync()].concat());
    talk.server(&[server::parse_complete(), ready(b'I')].concat());
    talk.client(&[parse("s", "select email from users"), bind("", "s"), execute(""), sync()].concat());
    talk.server(&[error("42P05", "prepared statement \"s\" already exists"), ready(b'I')].concat());
    assert_snapshot!(talk.client(&[bind("", "s"), execute(""), sync()].concat()), @r#"
record 2 started: select id from users
to server: B[s]
to server instead: D[P]
to server: E[] S[]
"#);
}

/// An Execute that a newer catalog refuses is one that a failed transaction refuses before that (postgres.c,
/// exec_execute_message).
#[test]
fn a_failed_transaction_comes_before_what_is_refused_in_it() {
    let mut talk = Talk::new();
    let text = "copy orders to stdout (format csv, encoding 'SJIS')";
    let bound = [query("begin"), parse("", text), bind("p", ""), sync()].concat();
    talk.client(&bound);
    let answers =
        [complete("BEGIN"), ready(b'T'), server::parse_complete(), server::bind_complete(), ready(b'T')];
    talk.server(&answers.concat());
    talk.mask_orders();
    assert_snapshot!(talk.client(&[execute("p"), sync()].concat()), @r#"
record 3 started: copy orders to stdout (format csv, encoding 'SJIS'), refused by copy-masked
to server instead: P[refused by Picket 0000000000000007·SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
to server: S[]
"#);
    assert_snapshot!(talk.server(&[error("25P02", "aborted"), ready(b'E')].concat()), @r#"
record 3 failed 25P02: 0 rows, 0 bytes
to client: E[SERROR·VERROR·C25P02·Maborted] Z[E]
"#);
}

#[test]
fn fast_path_calls_are_refused_like_a_query() {
    let mut talk = Talk::new();
    assert_snapshot!(talk.client(b"F\0\0\0\x0e\0\0\x03\xe8\0\0\0\0\0\0"), @r#"
record 1 started: (fast-path call of function 1000), refused by no-fast-path
to server instead: F[*·······"refused by Picket 0000000000000007]
"#);
    let text = talk.replacement();
    assert_snapshot!(talk.server(&[error("22P02", &text), ready(b'I')].concat()), @r#"
record 1 failed 42501: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C42501·MPicket refused this statement·DRule "no-fast-path": a fast-path call names a function by number and shows no statement.·HCall the function in a SELECT.]
to client: Z[I]
"#);
}

#[test]
fn settings_that_change_lexing_make_texts_unreadable() {
    let mut talk = Talk::new();
    talk.session.on_parameter(b"standard_conforming_strings", b"off");
    assert_snapshot!(talk.client(&query(r"select '\'; drop table users; --'")), @r#"
record 1 started: select '\'; drop table users; --', refused by unreadable
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
    talk.session.on_parameter(b"standard_conforming_strings", b"on");
    talk.session.on_parameter(b"client_encoding", b"SJIS");
    assert_snapshot!(talk.client(&query("select 'é'")), @r#"
record 2 started: select 'é', refused by unreadable
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
}

/// RESET ALL goes back to what a session began with, and the next text may be on its way by then.
#[test]
fn a_session_that_began_in_another_encoding_reads_no_other_letters() {
    let mut talk = Talk::new();
    talk.session.on_parameter(b"client_encoding", b"LATIN1");
    talk.session.on_parameter(b"client_encoding", b"UTF8");
    assert!(talk.client(&query("select 'é'")).contains("refused by unreadable"));
    let mut talk = Talk::new();
    assert!(talk.client(&query("select 1")).contains("record 1 started"));
    talk.session.on_parameter(b"client_encoding", b"LATIN1");
    assert!(talk.client(&query("select 'é'")).contains("refused by unreadable"));
    talk.session.on_parameter(b"client_encoding", b"UTF8");
    assert!(!talk.client(&query("select 'é'")).contains("refused"));
}

#[test]
fn what_is_not_the_protocol_ends_the_session() {
    assert_snapshot!(Talk::new().client(b"?\0\0\0\x04"), @"error: protocol violation by the client: unexpected message `?`");
    assert_snapshot!(Talk::new().client(b"Q\0\0\0\x02"), @"error: protocol violation by the client: message `Q` has the impossible length 2");
    assert_snapshot!(Talk::new().client(b"Q\x7f\xff\xff\xff"), @"error: protocol violation by the client: message `Q` of 2147483643 bytes is longer than the limit of 1073741818");
    assert_snapshot!(Talk::new().client(b"Q\0\0\0\x08abc\x01"), @"error: protocol violation by the client: message ends inside `query`");
    assert_snapshot!(Talk::new().server(&complete("SELECT 1")), @"error: protocol violation by the server: the end of a statement that was not running");
    assert_snapshot!(Talk::new().server(&data_row(&["1"])), @"error: protocol violation by the server: rows that nobody asked for");
    assert_snapshot!(Talk::new().server(&ready(b'I')), @"error: protocol violation by the server: ReadyForQuery that was not due");
}

#[test]
fn what_was_running_when_the_connection_was_lost_is_told() {
    let mut talk = Talk::new();
    talk.client(&query("select 1; select 2"));
    assert_snapshot!(talk.lost(), @r#"
record 1 lost: 0 rows, 0 bytes
record 2 lost: 0 rows, 0 bytes
"#);
}

/// What the server may not answer ends the session; whatever was started ends with it all the same.
#[test]
fn an_answer_that_is_not_due_loses_no_record() {
    for answer in [ready(b'I'), server::bind_complete(), server::no_data()] {
        let mut talk = Talk::new();
        talk.client(&[parse("", "select 1"), bind("", ""), execute("")].concat());
        let due =
            [server::parse_complete(), server::bind_complete(), row_description(&[(0, 0, 23)])].concat();
        talk.server(&due);
        assert!(talk.server(&answer).starts_with("error: protocol violation by the server"));
        assert_eq!(talk.lost(), "record 1 lost: 0 rows, 0 bytes");
    }
}

#[test]
fn a_text_that_differs_in_literals_is_recorded_as_it_is_and_masked_alike() {
    let mut talk = Talk::new();
    let described = row_description(&[(20000, 2, 25)]);
    for (id, name) in [(1, "'a'"), (222, "'it''s'")] {
        let text = format!("select email from users where id = {id} and email <> {name}");
        let client = talk.client(&query(&text));
        assert!(client.contains(&format!("started: {text}\n")), "{client}");
        talk.server(&described);
        let rows = talk.server(&[data_row(&["bob@shop.org"]), complete("SELECT 1"), ready(b'I')].concat());
        assert!(rows.contains("b***@***.org") && rows.contains("masked public.users.email"), "{rows}");
    }
}

#[test]
fn a_session_rests_from_ready_for_query_to_the_next_message() {
    let mut talk = Talk::new();
    assert_eq!(talk.session.resting(), Some(Resting::Idle));
    talk.client(&query("begin")[..3]);
    assert_eq!(talk.session.resting(), Some(Resting::Idle), "a part of a message is no message");
    talk.client(&[query("begin"), query("select 1")].concat());
    talk.server(&[complete("BEGIN"), ready(b'T')].concat());
    assert_eq!(talk.session.resting(), None, "the second Query is not answered");
    talk.server(&[row_description(&[(0, 0, 23)]), complete("SELECT 0"), ready(b'T')].concat());
    assert_eq!(talk.session.resting(), Some(Resting::InTransaction));
    talk.client(&parse("", "select 1"));
    talk.server(b"1\0\0\0\x04");
    assert_eq!(talk.session.resting(), None, "a pipeline rests after its Sync only");
    talk.client(&sync());
    talk.server(&ready(b'E'));
    assert_eq!(talk.session.resting(), Some(Resting::InTransaction));
}

#[test]
fn the_proxy_s_own_error_stands_between_messages_and_not_behind_the_server_s_last() {
    let mut talk = Talk::new();
    talk.client(&query("select id from users"));
    talk.server(&row_description(&[(20000, 1, 23)]));
    let row = data_row(&["1"]);
    talk.server(&row[..8]);
    assert!(!talk.session.may_be_told(), "half a row is with the client");
    talk.server(&row[8..]);
    assert!(talk.session.may_be_told());
    let mut fatal = Vec::new();
    frame(&mut fatal, b'E', |out| out.extend_from_slice(b"SFATAL\0VFATAL\0C57P01\0Mgone\0\0"));
    talk.server(&fatal);
    assert!(!talk.session.may_be_told());
}

#[test]
fn another_name_of_the_session_is_recorded() {
    let mut talk = Talk::new();
    talk.client(&query("set application_name = 'nightly'"));
    let mut told = Vec::new();
    frame(&mut told, wire::backend::tag::PARAMETER_STATUS, |out| {
        out.extend_from_slice(b"application_name\0nightly\0")
    });
    assert_snapshot!(talk.server(&[told, complete("SET"), ready(b'I')].concat()), @r#"
record the name nightly
to client: S[application_name·nightly]
record 1 completed: 0 rows, 0 bytes
to client: C[SET] Z[I]
"#);
}
