//! Messages in an order that no driver has: what is legal is answered as by PostgreSQL, the rest ends the session.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{psql, wait};

use super::vitals::Vitals;
use crate::conversation::{Client, assert_same, extended, message, query};
use crate::raw::{
    self, GSSENC_REQUEST, PROTOCOL_3_0, SSL_REQUEST, authentication, byte, initial, log_in, plain, refusal,
    startup,
};
use crate::stack::Stack;

#[test]
fn what_is_legal_in_any_order_is_answered_as_by_the_server() -> Result<()> {
    let stack = Stack::start()?;
    let vitals = Vitals::take(&stack)?;
    let sync = || message(b'S', b"");
    let bind = message(b'B', b"\0nothing\0\0\0\0\0\0\0");
    let execute = message(b'E', b"nothing\0\0\0\0\0");
    let (flush, done, fail) = (message(b'H', b""), message(b'c', b""), message(b'f', b"no\0"));
    let data = message(b'd', b"1\n");
    let conversation = [
        ([bind.clone(), sync()].concat(), 1),
        ([execute.clone(), sync()].concat(), 1),
        ([message(b'D', b"Snothing\0"), sync()].concat(), 1),
        ([message(b'D', b"Pnothing\0"), sync()].concat(), 1),
        ([message(b'C', b"Snothing\0"), message(b'C', b"Pnothing\0"), sync()].concat(), 1),
        ([bind, extended("SELECT 1"), sync(), query("SELECT 1")].concat(), 2),
        ([flush.clone(), flush, sync(), sync()].concat(), 2),
        // Of a COPY that there is not.
        ([data.clone(), done.clone(), fail.clone(), query("SELECT 1")].concat(), 1),
        ([extended("SELECT 1"), data.clone(), done, fail, data, sync()].concat(), 1),
        ([query("BEGIN"), execute, sync(), query("SELECT 1"), query("ROLLBACK")].concat(), 4),
    ];
    assert_same(&stack, &conversation)?;
    vitals.assert_unharmed()
}

#[test]
fn what_is_no_message_of_a_client_ends_the_session() -> Result<()> {
    let stack = Stack::start()?;
    let vitals = Vitals::take(&stack)?;
    let login = stack.alice()?;
    let cancel = [&16_u32.to_be_bytes()[..], &80_877_102_u32.to_be_bytes(), &[0; 8]].concat();
    let wrong = [
        message(b'p', b"a password\0"),
        initial("SCRAM-SHA-256", b"n,,n=,r=nonce"),
        startup(PROTOCOL_3_0, &login, ""),
        SSL_REQUEST.to_vec(),
        GSSENC_REQUEST.to_vec(),
        cancel,
        // A server's.
        message(b'R', &[0; 4]),
        message(b'Z', b"I"),
        message(b'T', &[0; 2]),
        message(b'1', b""),
        message(b'K', &[0; 8]),
        message(b'N', b"\0"),
    ];
    for sent in wrong {
        let mut client = Client::connect(&login)?;
        client.stream.write_all(&sent)?;
        let (code, text) = refusal(&mut client.stream).with_context(|| sent.escape_ascii().to_string())?;
        assert_eq!(code, "08P01", "{}: {text}", sent.escape_ascii());
    }
    // What is a message, but not in a COPY.
    let mut client = Client::connect(&login)?;
    client.exchange(&query("CREATE TEMP TABLE numbers (number int)"), 1)?;
    client.stream.write_all(&query("COPY numbers FROM STDIN"))?;
    assert_eq!(raw::message(&mut client.stream)?.0, b'G');
    client.stream.write_all(&query("SELECT 1"))?;
    let (code, text) = refusal(&mut client.stream)?;
    assert_eq!(code, "08P01", "{text}");
    assert!(text.contains("during COPY"), "{text}");
    stack.proxy.wait_log("client_protocol_violation")?;
    vitals.assert_unharmed()
}

#[test]
fn before_the_log_in_only_what_leads_to_it_is_taken() -> Result<()> {
    let stack = Stack::start()?;
    let vitals = Vitals::take(&stack)?;
    let login = stack.alice()?;
    let start = startup(PROTOCOL_3_0, &login, "");
    // Instead of a password.
    for sent in
        [start.clone(), SSL_REQUEST.to_vec(), GSSENC_REQUEST.to_vec(), query("SELECT 1"), message(b'X', b"")]
    {
        let mut stream = plain(login.port)?;
        stream.write_all(&start)?;
        authentication(&mut stream, 10)?;
        stream.write_all(&sent)?;
        let (code, text) = refusal(&mut stream).with_context(|| sent.escape_ascii().to_string())?;
        assert_eq!(code, "08P01", "{}: {text}", sent.escape_ascii());
    }
    // Encryption that was refused is not asked for again; each kind once is what libpq does.
    for asked in [[SSL_REQUEST, SSL_REQUEST], [GSSENC_REQUEST, GSSENC_REQUEST]] {
        let mut stream = plain(login.port)?;
        stream.write_all(&asked[0])?;
        assert_eq!(byte(&mut stream)?, b'N');
        stream.write_all(&asked[1])?;
        assert_eq!(refusal(&mut stream)?.0, "08P01");
    }
    for asked in [[SSL_REQUEST, GSSENC_REQUEST], [GSSENC_REQUEST, SSL_REQUEST]] {
        let mut stream = plain(login.port)?;
        for one in asked {
            stream.write_all(&one)?;
            assert_eq!(byte(&mut stream)?, b'N');
        }
        log_in(&mut stream, PROTOCOL_3_0, &login)?;
    }
    vitals.assert_unharmed()
}

/// PostgreSQL looks at the state of the transaction before it looks at what an Execute runs (postgres.c,
/// exec_execute_message).
#[test]
fn a_failed_transaction_is_told_before_a_refusal() -> Result<()> {
    let stack = Stack::start()?;
    // Masked, it is refused in this encoding.
    let copy = "COPY orders TO STDOUT ENCODING 'SJIS'";
    let sync = message(b'S', b"");
    let prepare = [
        query("BEGIN"),
        message(b'P', format!("\0{copy}\0\0\0").as_bytes()),
        message(b'B', b"p\0\0\0\0\0\0\0\0"),
        sync.clone(),
    ]
    .concat();
    let (mut proxied, mut direct) = (Client::connect(&stack.alice()?)?, Client::connect(&stack.owner())?);
    assert_eq!(proxied.exchange(&prepare, 2)?, direct.exchange(&prepare, 2)?);
    let other = stack.alice()?;
    psql::run(&other, "ALTER TABLE orders ADD COLUMN email text")?.success()?;
    wait::until("the new column to be known", Duration::from_secs(60), || {
        Ok(psql::run(&other, copy)?.stderr.contains("copy-masked").then_some(()))
    })?;
    let failed = [query("SELECT 1/0"), message(b'E', b"p\0\0\0\0\0"), sync].concat();
    for answer in [proxied.exchange_bytes(&failed, 2)?, direct.exchange_bytes(&failed, 2)?] {
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.contains("C25P02") && answer.ends_with("\u{5}E"), "{}", answer.escape_default());
    }
    Ok(())
}
