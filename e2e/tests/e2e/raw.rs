//! Bytes as no driver sends them, and answers as they come.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use e2e::login::Login;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};

/// How long an answer may take.
pub(crate) const ANSWER_SECS_MAX: u64 = 30;

pub(crate) const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];
pub(crate) const GSSENC_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x30];
pub(crate) const PROTOCOL_3_0: u32 = 0x0003_0000;
pub(crate) const PROTOCOL_3_2: u32 = 0x0003_0002;

pub(crate) fn plain(port: u16) -> Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(ANSWER_SECS_MAX)))?;
    Ok(stream)
}

pub(crate) fn byte(stream: &mut impl Read) -> Result<u8> {
    let mut one = [0];
    stream.read_exact(&mut one).context("read one byte")?;
    Ok(one[0])
}

pub(crate) fn sized(body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&len.to_be_bytes(), body].concat()
}

pub(crate) fn startup(version: u32, login: &Login, more: &str) -> Vec<u8> {
    let Login { user, database, .. } = login;
    let parameters = format!("user\0{user}\0database\0{database}\0{more}\0");
    sized(&[&version.to_be_bytes(), parameters.as_bytes()].concat())
}

pub(crate) fn password(body: &[u8]) -> Vec<u8> {
    [b"p", sized(body).as_slice()].concat()
}

/// One message: its type and body.
pub(crate) fn message(stream: &mut impl Read) -> Result<(u8, Vec<u8>)> {
    let tag = byte(stream)?;
    let mut len = [0; 4];
    stream.read_exact(&mut len).context("read a message's length")?;
    let mut body =
        vec![0; usize::try_from(u32::from_be_bytes(len))?.checked_sub(4).context("read a length")?];
    stream.read_exact(&mut body).context("read a message's body")?;
    Ok((tag, body))
}

/// The code and text of the error that must come next, and after which the connection must end.
pub(crate) fn refusal(stream: &mut impl Read) -> Result<(String, String)> {
    let (tag, body) = message(stream)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    assert_eq!(tag, b'E', "{body}");
    let field = |code: char| body.split('\0').find_map(|field| field.strip_prefix(code)).map(str::to_string);
    let mut rest = Vec::new();
    // A connection that is reset is over, too.
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.is_empty(), "it goes on after the error");
    Ok((field('C').context("find the code")?, field('M').context("find the message")?))
}

/// The first message of a log-in with SCRAM.
pub(crate) fn initial(mechanism: &str, message: &[u8]) -> Vec<u8> {
    password(&[mechanism.as_bytes(), b"\0", &len(message), message].concat())
}

pub(crate) fn len(message: &[u8]) -> [u8; 4] {
    u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// An `Authentication` request with this code: what follows the code.
pub(crate) fn authentication(stream: &mut impl Read, code: u32) -> Result<Vec<u8>> {
    let (tag, body) = message(stream)?;
    if tag != b'R' || !body.starts_with(&code.to_be_bytes()) {
        bail!("expected Authentication {code}, got {}: {}", char::from(tag), String::from_utf8_lossy(&body));
    }
    Ok(body[4..].to_vec())
}

/// Logs in without binding. What the client sent, and the body of BackendKeyData.
pub(crate) fn log_in(
    stream: &mut (impl Read + Write),
    version: u32,
    login: &Login,
) -> Result<([Vec<u8>; 2], Vec<u8>)> {
    stream.write_all(&startup(version, login, ""))?;
    authentication(stream, 10)?;
    let mut scram = ScramSha256::new(login.password.as_bytes(), ChannelBinding::unsupported());
    let first = initial("SCRAM-SHA-256", scram.message());
    stream.write_all(&first)?;
    scram.update(&authentication(stream, 11)?)?;
    let last = password(scram.message());
    stream.write_all(&last)?;
    scram.finish(&authentication(stream, 12)?)?;
    authentication(stream, 0)?;
    let mut key = Vec::new();
    loop {
        match message(stream)? {
            (b'K', body) => key = body,
            (b'Z', _) => return Ok(([first, last], key)),
            _ => {}
        }
    }
}
