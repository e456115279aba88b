//! Messages that are longer than may be held pass, or are refused, without being held.

use insta::assert_snapshot;

use super::server::{error, parse_complete, ready};
use super::talk::{MESSAGE_BYTES_MAX, Talk, bind, execute, parse, query, sync};
use crate::{Action, Step};

/// More than a session may hold.
fn long() -> String {
    " ".repeat(MESSAGE_BYTES_MAX as usize + 1)
}

/// A Bind of `s` with one parameter that is too long to be held.
fn long_bind() -> Vec<u8> {
    let value = long();
    let mut body = b"\0s\0\0\0\0\x01".to_vec();
    body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
    body.extend(value.as_bytes());
    body.extend([0; 2]);
    let mut out = Vec::new();
    wire::compose::frame(&mut out, b'B', |out| out.extend(&body));
    out
}

/// Gives `sent` to the session in pieces. Returns what reaches the server, and the most bytes that were held back.
fn in_pieces(talk: &mut Talk, sent: &[u8], piece: usize) -> (Vec<u8>, usize) {
    let (mut held, mut forwarded, mut most) = (Vec::new(), Vec::new(), 0);
    for piece in sent.chunks(piece) {
        held.extend_from_slice(piece);
        let (step, actions) = talk.step_client(&held);
        for action in actions {
            match action {
                Action::ForwardToServer(range) => forwarded.extend_from_slice(&held[range]),
                Action::SendToServer(bytes) => forwarded.extend(bytes),
                _ => {}
            }
        }
        let Ok(Step::More(used)) = step else { panic!("{step:?}") };
        held.drain(..used);
        most = most.max(held.len());
    }
    assert!(held.is_empty());
    (forwarded, most)
}

#[test]
fn a_long_parameter_passes_in_pieces() {
    for piece in [1, 7, 1000] {
        let mut talk = Talk::new();
        talk.client(&[parse("s", "select 1"), sync()].concat());
        talk.server(&[parse_complete(), ready(b'I')].concat());
        let sent = [long_bind(), sync(), query("select 2")].concat();
        let (forwarded, held) = in_pieces(&mut talk, &sent, piece);
        assert_eq!(forwarded, sent);
        assert!(held < 64 + piece, "{held} bytes were held");
    }
}

#[test]
fn a_long_bind_of_an_unknown_name_is_not_sent() {
    let mut talk = Talk::new();
    let (forwarded, held) = in_pieces(&mut talk, &[long_bind(), sync()].concat(), 100);
    assert!(forwarded.len() < 64 && forwarded.ends_with(&sync()), "{}", forwarded.escape_ascii());
    assert!(held < 164, "{held} bytes were held");
}

#[test]
fn a_long_query_is_refused_in_its_place() {
    let mut talk = Talk::new();
    let sent = [query(&long()), query("select 1")].concat();
    assert_snapshot!(talk.client(&sent), @r#"
record 1 started: (statement of 65538 bytes), refused by unreadable
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
record 2 started: select 1
to server: Q[select 1]
"#);
    talk.client(&query(&long()));
    let text = talk.replacement();
    assert_snapshot!(talk.server(&[error("22P02", &text), ready(b'I')].concat()), @r#"
record 1 failed 54000: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C54000·MPicket refused this statement·DRule "unreadable": what cannot be read is not let through; the message has 65538 bytes, `max-message-bytes` is 65536.·HSend it in smaller statements, or the data as parameters or by COPY.]
to client: Z[I]
"#);
}

#[test]
fn a_long_query_is_not_held() {
    let (forwarded, held) = in_pieces(&mut Talk::new(), &query(&long()), 100);
    assert!(forwarded.starts_with(b"Q") && forwarded.len() < 100, "{}", forwarded.escape_ascii());
    assert!(held <= 100, "{held} bytes were held");
}

#[test]
fn a_long_parse_is_refused_and_the_pipeline_skipped() {
    let mut talk = Talk::new();
    let sent = [parse("s", &long()), bind("", "s"), execute(""), sync()].concat();
    talk.client(&sent);
    let text = talk.replacement();
    let told = talk.server(&[error("22P02", &text), ready(b'I')].concat());
    assert!(told.contains("C54000") && told.ends_with("to client: Z[I]"), "{told}");
    // What is skipped is thrown away, however long it is.
    talk.client(&parse("", "select 1"));
    talk.server(&error("42P01", "no such table"));
    assert_snapshot!(talk.client(&[long_bind(), sync()].concat()), @"to server: S[]");
}
