//! COPY TO STDOUT of what is masked: the server is asked for its columns, and its data is rewritten.

use insta::assert_snapshot;

use super::server::{
    bind_complete, close_complete, complete, copy_data, copy_done, copy_out, error, no_data, parse_complete,
    ready, row_description,
};
use super::talk::{Talk, bind, execute, parse, query, sync};

/// What the server says before the data of a COPY that came as a Query, of a relation with these columns.
fn asked(columns: &[(u32, i16, u32)]) -> Vec<u8> {
    let closed = close_complete();
    let parameters = b"t\0\0\0\x06\0\0".to_vec();
    let described =
        [closed.clone(), closed.clone(), parse_complete(), parameters, row_description(columns), closed];
    [described.concat(), parse_complete(), bind_complete()].concat()
}

const USERS: [(u32, i16, u32); 2] = [(20000, 1, 23), (20000, 2, 25)];

#[test]
fn the_server_is_asked_for_the_columns_in_the_same_transaction() {
    let mut talk = Talk::new();
    assert_snapshot!(talk.client(&query("copy users to stdout")), @r#"
record 1 started: copy users to stdout
to server instead: C[S] C[Spicket copy] P[picket copy·SELECT * FROM ONLY "users"] D[Spicket copy] C[Spicket copy] P[picket copy·copy users to stdout] B[picket copy·picket copy] E[picket copy] C[Ppicket copy] C[Spicket copy] S[]
"#);
    assert_snapshot!(talk.server(&asked(&USERS)), @"");
    let data = [copy_out(2), copy_data(b"1\tbob@shop.org\n2\t"), copy_data(b"a@b.c\n"), copy_done()].concat();
    assert_snapshot!(talk.server(&data), @r#"
to client: H[]
to client instead: d[1·b***@***.org] d[2·a***@***.c]
to client: c[]
"#);
    let end = [complete("COPY 2"), close_complete(), close_complete(), ready(b'I')].concat();
    assert_snapshot!(talk.server(&end), @r#"
record 1 completed: 2 rows, 23 bytes, returned public.users.id public.users.email, masked public.users.email
to client: C[COPY 2]
to client: Z[I]
"#);
    // What came as a Query took the unnamed statement away, and the portal is the server's no more.
    assert_snapshot!(talk.client(&query("select 1")), @r#"
record 2 started: select 1
to server: Q[select 1]
"#);
}

#[test]
fn in_the_extended_protocol_it_is_asked_right_before() {
    let mut talk = Talk::new();
    let sent = [
        parse("", "copy (select id, email e from users) to stdout (format csv)"),
        bind("", ""),
        execute(""),
        sync(),
    ];
    assert_snapshot!(talk.client(&sent.concat()), @r#"
to server: P[copy (select id, email e from users) to stdout (format csv)]
record 1 started: copy (select id, email e from users) to stdout (format csv)
to server: B[]
to server instead: D[P]
to server instead: C[Spicket copy] P[picket copy·      select id, email e from users] D[Spicket copy] C[Spicket copy]
to server: E[] S[]
"#);
    let answers = [parse_complete(), bind_complete(), no_data(), close_complete(), parse_complete()];
    let described = [b"t\0\0\0\x06\0\0".to_vec(), row_description(&USERS), close_complete()];
    assert_snapshot!(talk.server(&[answers.concat(), described.concat()].concat()), @"to client: 1[] 2[]");
    let data = [copy_out(2), copy_data(b"1,bob@shop.org\n"), copy_done(), complete("COPY 1"), ready(b'I')];
    assert_snapshot!(talk.server(&data.concat()), @r#"
to client: H[]
to client instead: d[1,b***@***.org]
to client: c[]
record 1 completed: 1 rows, 15 bytes, returned public.users.id public.users.email, masked public.users.email
to client: C[COPY 1] Z[I]
"#);
}

#[test]
fn of_what_nobody_has_to_mask_all_that_is_sensitive_counts_as_seen() {
    let copied = |text: &str| {
        let mut talk = Talk::revealing();
        talk.client(&query(text));
        let data = [copy_out(1), copy_data(b"1\n"), copy_done(), complete("COPY 1"), ready(b'I')];
        let told = talk.server(&data.concat());
        told.lines().find(|line| line.starts_with("record 1 completed")).unwrap().to_owned()
    };
    let seen = "record 1 completed: 1 rows, 2 bytes, returned public.users.email, revealed public.users.email (email)";
    for text in [
        "copy users to stdout",
        "copy users (id) to stdout",
        "copy (select u.* from users u where id = 1) to stdout",
        "copy (with w as (select * from users) select 1 from w) to stdout (format csv)",
    ] {
        assert_eq!(copied(text), seen, "{text}");
    }
    for text in ["copy orders to stdout", "copy (select 1) to stdout"] {
        assert_eq!(copied(text), "record 1 completed: 1 rows, 2 bytes", "{text}");
    }
}

#[test]
fn columns_are_those_that_are_named() {
    let mut talk = Talk::new();
    talk.client(&query("copy orders to stdout"));
    talk.server(
        &[copy_out(1), copy_data(b"bob@shop.org\n"), copy_done(), complete("COPY 1"), ready(b'I')].concat(),
    );
    // Where the numbers do not fit, nothing is shown.
    talk.client(&query("copy users to stdout"));
    talk.server(&asked(&USERS));
    assert_snapshot!(talk.server(&[copy_out(3), copy_data(b"1\tbob@shop.org\tx\n")].concat()), @r#"
to client: H[]
to client instead: d[\N·\N·\N]
"#);
}

#[test]
fn what_is_not_there_is_told_as_the_statement_s_own_error() {
    let mut talk = Talk::new();
    talk.client(&query("copy renamed to stdout"));
    let mut said = error("42P01", "relation \"renamed\" does not exist");
    // With a place, which is none in the client's text.
    said.splice(said.len() - 1.., *b"P15\0\0");
    let len = u32::try_from(said.len() - 1).unwrap();
    said[1..5].copy_from_slice(&len.to_be_bytes());
    assert_snapshot!(talk.server(&[close_complete(), close_complete(), said, ready(b'I')].concat()), @r#"
record 1 failed 42P01: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C42P01·Mrelation "renamed" does not exist]
to client: Z[I]
"#);
}

#[test]
fn what_cannot_be_masked_is_refused() {
    for text in [
        "select 1; copy users to stdout",
        "copy users to stdout; copy users to stdout",
        "copy users to stdout (format arrow)",
        "copy users to stdout encoding 'SJIS'",
        "copy users to '/tmp/users'",
    ] {
        let told = Talk::new().client(&query(text));
        assert!(told.contains("refused by") && told.contains("copy-masked"), "{text}: {told}");
    }
    for text in [
        "copy orders to stdout",
        "copy (select 1) to stdout",
        "copy users from stdin",
        "select 1; copy orders to stdout",
        "copy users to stdout",
        "copy (select c from users u(a, c)) to stdout",
        "copy renamed to stdout",
        "copy pg_temp.t to stdout",
    ] {
        let told = Talk::new().client(&query(text));
        assert!(!told.contains("refused by"), "{text}: {told}");
    }
    let mut talk = Talk::new();
    talk.session.on_parameter(b"client_encoding", b"SJIS");
    let told = talk.client(&query("copy users to stdout"));
    assert!(told.contains("refused by copy-masked"), "{told}");
    let told = Talk::new().client(&query("copy users to stdout encoding 'latin-1'"));
    assert!(!told.contains("refused by copy-masked"), "{told}");
}

#[test]
fn data_that_is_not_what_was_asked_for_is_not_forwarded() {
    for data in [
        [copy_out(2), copy_data(b"1\n")].concat(),
        [copy_out(2), copy_data(b"1\tbob@shop.org"), copy_done()].concat(),
        b"H\0\0\0\x07\x01\0\0".to_vec(),
    ] {
        let mut talk = Talk::new();
        talk.client(&query("copy users to stdout"));
        talk.server(&asked(&USERS));
        let told = talk.server(&data);
        assert!(told.contains("error: protocol violation by the server") && !told.contains("bob"), "{told}");
    }
    // Without an answer to the question nobody knows.
    let mut talk = Talk::new();
    talk.client(&query("copy users to stdout"));
    assert!(talk.server(&copy_out(2)).starts_with("error: protocol violation by the server"));
}
