//! Clients that are never done with logging in: `client-login-timeout-secs` ends them, however they stall.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::vitals::Vitals;
use crate::certificates::{Authority, tls_section};
use crate::raw::{PROTOCOL_3_0, SSL_REQUEST, authentication, byte, plain, startup};
use crate::stack::Stack;

const LIMIT: &str = "client-login-timeout-secs = 1\n";

/// How long a client waits for an answer before it sends the next byte.
const PACE: Duration = Duration::from_millis(20);

/// Bytes that are sent at most until the proxy must have had enough: far more than the limit has time for.
const BYTES_MAX: usize = 2_000;

/// Sends one byte after the other until the proxy speaks or closes: everything that it said.
fn drip(stream: &mut TcpStream, bytes: impl Iterator<Item = u8>) -> Result<Vec<u8>> {
    stream.set_read_timeout(Some(PACE))?;
    for byte in bytes.take(BYTES_MAX) {
        let _ = stream.write_all(&[byte]);
        let mut said = vec![0; 1_024];
        match stream.read(&mut said) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error).context("read what the proxy says"),
            Ok(count) => {
                said.truncate(count);
                return Ok(said);
            }
        }
    }
    bail!("{BYTES_MAX} bytes were sent one by one, and nothing was said")
}

#[test]
fn a_start_up_or_a_password_byte_by_byte_is_ended_by_the_limit() -> Result<()> {
    let stack = Stack::start_with(LIMIT)?;
    let vitals = Vitals::take(&stack)?;
    // A packet of the longest length that there is, and a message of it.
    let packet = || {
        9_999_u32.to_be_bytes().into_iter().chain(PROTOCOL_3_0.to_be_bytes()).chain(std::iter::repeat(b'x'))
    };
    let mut stream = plain(stack.proxy.port())?;
    let said = drip(&mut stream, packet())?;
    assert!(String::from_utf8_lossy(&said).contains("`client-login-timeout-secs`"), "{said:?}");

    let mut stream = plain(stack.proxy.port())?;
    stream.write_all(&startup(PROTOCOL_3_0, &stack.alice()?, ""))?;
    authentication(&mut stream, 10)?;
    let password = b"p".iter().copied().chain(1_000_u32.to_be_bytes()).chain(std::iter::repeat(b'x'));
    let said = drip(&mut stream, password)?;
    assert!(String::from_utf8_lossy(&said).contains("`client-login-timeout-secs`"), "{said:?}");
    vitals.assert_unharmed()
}

#[test]
fn a_handshake_that_stalls_is_ended_by_the_limit() -> Result<()> {
    let authority = Authority::new()?;
    let section = tls_section("allow", &authority.server("127.0.0.1")?, "");
    let stack = Stack::start_with(&format!("{LIMIT}{section}"))?;
    let vitals = Vitals::take(&stack)?;
    // The head of a handshake record of 512 bytes, of which few come: asked for, and at once.
    let start = [0x16, 3, 1, 2, 0, 1, 0];
    for asks in [true, false] {
        let mut stream = plain(stack.proxy.port())?;
        if asks {
            stream.write_all(&SSL_REQUEST)?;
            assert_eq!(byte(&mut stream)?, b'S');
        }
        stream.write_all(&start)?;
        let mut said = Vec::new();
        let read = stream.read_to_end(&mut said);
        assert!(!matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock), "it does not end");
        // At most an alert (RFC 8446, 6): there is no encryption to say more over.
        assert!(said.is_empty() || said.starts_with(&[21]), "{said:?}");
    }
    stack.proxy.wait_log("no log-in within 1 s")?;
    vitals.assert_unharmed()
}
