//! Clients that no driver is: what they send byte for byte, and that it gets them nowhere.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use e2e::wait;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::certificates::{Authority, tls_section};
use crate::raw::{
    ANSWER_SECS_MAX, GSSENC_REQUEST, PROTOCOL_3_0, PROTOCOL_3_2, SSL_REQUEST, authentication, byte, initial,
    log_in, message, password, plain, refusal, sized, startup,
};
use crate::stack::{Stack, USER};

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Shakes hands over `stream`, verifying the server.
fn encrypt(stream: TcpStream, authority: &Authority, alpn: bool) -> Result<Tls> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&authority.cert)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    if alpn {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from("127.0.0.1")?)?;
    Ok(StreamOwned::new(connection, stream))
}

/// Asks for TLS, and shakes hands.
fn negotiated(port: u16, authority: &Authority) -> Result<Tls> {
    let mut stream = plain(port)?;
    stream.write_all(&SSL_REQUEST)?;
    assert_eq!(byte(&mut stream)?, b'S');
    encrypt(stream, authority, false)
}

fn encrypted_stack() -> Result<(Authority, Stack)> {
    let authority = Authority::new()?;
    let stack = Stack::start_with(&tls_section("require", &authority.server("127.0.0.1")?, ""))?;
    Ok((authority, stack))
}

#[test]
fn what_comes_in_the_clear_behind_an_ssl_request_is_not_taken_for_encrypted() -> Result<()> {
    let (_authority, stack) = encrypted_stack()?;
    let login = stack.alice()?;
    let mut stream = plain(login.port)?;
    stream.write_all(&[&SSL_REQUEST[..], &startup(PROTOCOL_3_0, &login, "")].concat())?;
    let (code, text) = refusal(&mut stream)?;
    assert_eq!((code.as_str(), text.as_str()), ("08P01", "received unencrypted data after SSL request"));
    Ok(())
}

#[test]
fn encryption_is_asked_for_once_and_not_inside_itself() -> Result<()> {
    let (authority, stack) = encrypted_stack()?;
    let port = stack.alice()?.port;
    for inside in [SSL_REQUEST, GSSENC_REQUEST] {
        let mut tls = negotiated(port, &authority)?;
        tls.write_all(&inside)?;
        assert_eq!(refusal(&mut tls)?.0, "08P01");
    }
    let mut stream = plain(port)?;
    stream.write_all(&GSSENC_REQUEST)?;
    assert_eq!(byte(&mut stream)?, b'N');
    stream.write_all(&GSSENC_REQUEST)?;
    assert_eq!(refusal(&mut stream)?.0, "08P01");
    // Once each is what libpq does.
    let mut stream = plain(port)?;
    stream.write_all(&GSSENC_REQUEST)?;
    assert_eq!(byte(&mut stream)?, b'N');
    stream.write_all(&SSL_REQUEST)?;
    assert_eq!(byte(&mut stream)?, b'S');
    log_in(&mut encrypt(stream, &authority, false)?, PROTOCOL_3_0, &stack.alice()?)?;
    Ok(())
}

#[test]
fn direct_tls_must_name_the_protocol() -> Result<()> {
    let (authority, stack) = encrypted_stack()?;
    let login = stack.alice()?;
    log_in(&mut encrypt(plain(login.port)?, &authority, true)?, PROTOCOL_3_0, &login)?;
    let mut nameless = encrypt(plain(login.port)?, &authority, false)?;
    nameless.write_all(&startup(PROTOCOL_3_0, &login, ""))?;
    let (code, text) = refusal(&mut nameless)?;
    assert_eq!(code, "08P01");
    assert!(text.contains("without ALPN"), "{text}");
    Ok(())
}

#[test]
fn handshakes_that_never_end_hold_nobody_up() -> Result<()> {
    let (authority, stack) = encrypted_stack()?;
    let login = stack.alice()?;
    let mut stalled = Vec::new();
    for _ in 0..8 {
        let mut asked = plain(login.port)?;
        asked.write_all(&SSL_REQUEST)?;
        assert_eq!(byte(&mut asked)?, b'S');
        // The head of a handshake record of 512 bytes, of which few come.
        asked.write_all(&[0x16, 3, 1, 2, 0, 1, 0])?;
        let mut direct = plain(login.port)?;
        direct.write_all(&[0x16])?;
        stalled.push((asked, direct));
    }
    for _ in 0..4 {
        log_in(&mut negotiated(login.port, &authority)?, PROTOCOL_3_0, &login)?;
    }
    drop(stalled);
    // What is no TLS at all ends with an alert (type 21), not with a hanging connection.
    let mut nonsense = plain(login.port)?;
    nonsense.write_all(&SSL_REQUEST)?;
    assert_eq!(byte(&mut nonsense)?, b'S');
    nonsense.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
    let mut said = Vec::new();
    let _ = nonsense.read_to_end(&mut said);
    assert_eq!(said.first(), Some(&21), "{said:?}");
    Ok(())
}

#[test]
fn a_client_that_was_not_shown_the_bound_log_in_is_warned() -> Result<()> {
    let (authority, stack) = encrypted_stack()?;
    let login = stack.alice()?;
    let mut tls = negotiated(login.port, &authority)?;
    tls.write_all(&startup(PROTOCOL_3_0, &login, ""))?;
    assert_eq!(authentication(&mut tls, 10)?, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
    let scram = ScramSha256::new(login.password.as_bytes(), ChannelBinding::unrequested());
    tls.write_all(&initial("SCRAM-SHA-256", scram.message()))?;
    let (code, text) = refusal(&mut tls)?;
    assert_eq!((code.as_str(), text.as_str()), ("08P01", "SCRAM channel binding negotiation error"));
    Ok(())
}

#[test]
fn a_log_in_bound_to_another_certificate_proves_nothing() -> Result<()> {
    let (authority, stack) = encrypted_stack()?;
    let login = stack.alice()?;
    let mut tls = negotiated(login.port, &authority)?;
    tls.write_all(&startup(PROTOCOL_3_0, &login, ""))?;
    authentication(&mut tls, 10)?;
    // As if somebody between had shown the client another certificate.
    let binding = ChannelBinding::tls_server_end_point(vec![7; 32]);
    let mut scram = ScramSha256::new(login.password.as_bytes(), binding);
    tls.write_all(&initial("SCRAM-SHA-256-PLUS", scram.message()))?;
    scram.update(&authentication(&mut tls, 11)?)?;
    tls.write_all(&password(scram.message()))?;
    assert_eq!(refusal(&mut tls)?.0, "28P01");
    Ok(())
}

#[test]
fn a_log_in_that_was_overheard_cannot_be_said_again() -> Result<()> {
    let stack = Stack::start()?;
    let login = stack.alice()?;
    let ([first, last], _) = log_in(&mut plain(login.port)?, PROTOCOL_3_0, &login)?;
    let mut thief = plain(login.port)?;
    thief.write_all(&startup(PROTOCOL_3_0, &login, ""))?;
    authentication(&mut thief, 10)?;
    thief.write_all(&first)?;
    authentication(&mut thief, 11)?;
    thief.write_all(&last)?;
    let (code, text) = refusal(&mut thief)?;
    assert_eq!(code, "28P01");
    assert!(text.contains(USER), "{text}");
    Ok(())
}

#[test]
fn protocol_versions_are_negotiated_down_to_what_is_spoken() -> Result<()> {
    let stack = Stack::start()?;
    let login = stack.alice()?;
    for (asked, more, spoken, unknown) in [
        (0x0003_0001, "", PROTOCOL_3_0, ""),
        (0x0003_270f, "_pq_.test_protocol_negotiation\0\0", PROTOCOL_3_2, "_pq_.test_protocol_negotiation\0"),
        (PROTOCOL_3_2, "_pq_.x\x001\0", PROTOCOL_3_2, "_pq_.x\0"),
    ] {
        let mut stream = plain(login.port)?;
        stream.write_all(&startup(asked, &login, more))?;
        let (tag, body) = message(&mut stream)?;
        let count = u32::from(!unknown.is_empty());
        assert_eq!(tag, b'v', "{asked:x}");
        assert_eq!(body, [&spoken.to_be_bytes()[..], &count.to_be_bytes(), unknown.as_bytes()].concat());
        authentication(&mut stream, 10)?;
    }
    for (version, secret_bytes) in [(PROTOCOL_3_0, 4), (PROTOCOL_3_2, 32)] {
        let (_, key) = log_in(&mut plain(login.port)?, version, &login)?;
        assert_eq!(key.len(), 4 + secret_bytes);
    }
    Ok(())
}

#[test]
fn a_long_cancel_key_works_inside_tls_and_the_connection_closes_when_it_was_delivered() -> Result<()> {
    const SLEEP: &str = "SELECT pg_sleep(602)";
    let (authority, stack) = encrypted_stack()?;
    let login = stack.alice()?;
    let running =
        format!("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = '{SLEEP}'");
    let mut session = negotiated(login.port, &authority)?;
    let (_, key) = log_in(&mut session, PROTOCOL_3_2, &login)?;
    for direct in [false, true] {
        session.write_all(&[b"Q", sized(format!("{SLEEP}\0").as_bytes()).as_slice()].concat())?;
        wait::until("the statement to run", Duration::from_secs(ANSWER_SECS_MAX), || {
            Ok((stack.truth(&running)? == "1").then_some(()))
        })?;
        let mut cancel = match direct {
            true => encrypt(plain(login.port)?, &authority, true)?,
            false => negotiated(login.port, &authority)?,
        };
        let mut wrong = key.clone();
        wrong[35] ^= 1;
        let mut ignored = negotiated(login.port, &authority)?;
        ignored.write_all(&sized(&[&80_877_102_u32.to_be_bytes(), wrong.as_slice()].concat()))?;
        let _ = ignored.read_to_end(&mut Vec::new());
        assert_eq!(stack.truth(&running)?, "1");
        cancel.write_all(&sized(&[&80_877_102_u32.to_be_bytes(), key.as_slice()].concat()))?;
        let mut said = Vec::new();
        let _ = cancel.read_to_end(&mut said);
        assert!(said.is_empty());
        loop {
            match message(&mut session)? {
                (b'E', body) => assert!(String::from_utf8_lossy(&body).contains("57014")),
                (b'Z', _) => break,
                _ => {}
            }
        }
    }
    Ok(())
}
