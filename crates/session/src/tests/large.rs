//! Messages that are longer than may be held pass, or are refused, without being held.

use insta::assert_snapshot;

use wire::compose::frame;

use super::server::{complete, data_row, error, parse_complete, ready, row_description};
use super::talk::{MESSAGE_BYTES_MAX, Talk, bind, execute, parse, query, sync};
use crate::{Action, SessionError, Step};

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

/// What reaches the client of `sent` by the server in pieces, and the most bytes that were held back.
fn answered_in_pieces(talk: &mut Talk, sent: &[u8], piece: usize) -> (Vec<u8>, usize) {
    let (mut held, mut forwarded, mut most) = (Vec::new(), Vec::new(), 0);
    for piece in sent.chunks(piece) {
        held.extend_from_slice(piece);
        let (step, actions) = talk.step_server(&held);
        for action in actions {
            match action {
                Action::ForwardToClient(range) => forwarded.extend_from_slice(&held[range]),
                Action::SendToClient(bytes) => forwarded.extend(bytes),
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

/// It could be held, but nobody would read it.
#[test]
fn a_text_longer_than_is_read_is_not_held() {
    let text = " ".repeat(sql::STATEMENT_BYTES_MAX + 1);
    let mut talk = Talk::with_message_bytes_max(64 << 20);
    let (forwarded, held) = in_pieces(&mut talk, &query(&text), 100);
    assert!(forwarded.starts_with(b"Q") && forwarded.len() < 100, "{}", forwarded.escape_ascii());
    assert!(held <= 100, "{held} bytes were held");
    let told = talk.server(&[error("22P02", &talk.replacement_in(&forwarded)), ready(b'I')].concat());
    assert!(told.contains("C54000") && told.contains("more than 16777216 is not read"), "{told}");
    // Where that is only observed, it is held, recorded and sent.
    let mut talk = Talk::observing(&["unreadable"]);
    talk.session = crate::Session::new(super::talk::NONCE, 64 << 20);
    let (forwarded, _) = in_pieces(&mut talk, &query(&text), 1 << 20);
    assert_eq!(forwarded, query(&text));
}

/// As PostgreSQL has it: what carries no data has at most 10,000 bytes.
#[test]
fn a_long_message_that_carries_no_data_ends_the_session_at_its_header() {
    for tag in [b'D', b'E', b'C', b'S', b'H', b'c', b'f', b'X'] {
        let header = [&[tag][..], &10_001_u32.to_be_bytes()].concat();
        let told = Talk::new().client(&header);
        assert!(told.contains("is longer than the limit of 9996"), "{told}");
    }
}

/// A second SSLRequest or start-up packet is no message, and what would be its length is none.
#[test]
fn whatever_is_no_message_is_told_at_its_first_byte() {
    for first in [0, b'p', b'R', b'Z', b'T', 0xff] {
        let told = Talk::new().client(&[first]);
        assert!(told.contains("unexpected message"), "{told}");
    }
}

#[test]
fn a_masked_row_that_is_too_long_ends_the_session_with_a_reason_of_its_own() {
    let mut talk = Talk::new();
    talk.client(&query("select email from users"));
    talk.server(&row_description(&[(20000, 2, 25)]));
    let (step, actions) = talk.step_server(&data_row(&[&long()])[..100]);
    assert!(matches!(step, Err(SessionError::AnswerTooLong { limit: MESSAGE_BYTES_MAX, .. })), "{step:?}");
    assert!(actions.is_empty());
    assert!(talk.session.may_be_told(), "the client can be told");
}

#[test]
fn a_long_notice_is_not_held() {
    let mut talk = Talk::new();
    talk.client(&query("select id from orders"));
    for tag in [b'N', b't'] {
        let mut notice = Vec::new();
        frame(&mut notice, tag, |out| out.extend(long().into_bytes()));
        let (forwarded, held) = answered_in_pieces(&mut talk, &notice, 100);
        assert_eq!(forwarded, notice);
        assert!(held < 100, "{held} bytes were held");
    }
}

#[test]
fn a_long_error_passes_and_is_recorded() {
    let mut talk = Talk::new();
    talk.client(&query("select id from orders"));
    let sent = [error("P0001", &long()), ready(b'I')].concat();
    let (forwarded, held) = answered_in_pieces(&mut talk, &sent, 100);
    assert_eq!(forwarded, sent);
    assert!(held < 2_000, "{held} bytes were held");
    assert!(!talk.session.is_owed_replies());
    assert_eq!(talk.lost(), "", "its end was recorded");
}

#[test]
fn a_long_error_that_can_show_values_is_cut() {
    let mut talk = Talk::new();
    talk.client(&query("select id from users"));
    let mut notice = error("01000", &format!("\"{}\"", long()));
    notice[0] = b'N';
    let sent = [notice, error("P0001", &format!("\"{}\"", long())), ready(b'I')].concat();
    let (forwarded, held) = answered_in_pieces(&mut talk, &sent, 100);
    let text = String::from_utf8_lossy(&forwarded);
    assert!(text.matches("(hidden by Picket").count() == 2 && text.ends_with("Z\0\0\0\u{5}I"), "{text}");
    assert!(forwarded.len() < 300 && held < 2_000, "{held} bytes were held");
}

#[test]
fn a_result_of_as_many_columns_as_there_can_be_is_described() {
    let mut talk = Talk::new();
    talk.client(&query("select 1"));
    let mut description = Vec::new();
    frame(&mut description, b'T', |out| {
        out.extend_from_slice(&1_664_u16.to_be_bytes());
        for _ in 0..1_664 {
            wire::compose::cstr(out, &[b'c'; 63]);
            out.extend_from_slice(&[0; 18]);
        }
    });
    let sent = [description, complete("SELECT 0"), ready(b'I')].concat();
    assert_eq!(answered_in_pieces(&mut talk, &sent, 1_000).0, sent);
}
