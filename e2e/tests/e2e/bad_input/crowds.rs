//! Ten thousand clients that come and go at every point of the log-in, and right after it.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result};
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};

use super::vitals::Vitals;
use crate::conversation::{Client, query};
use crate::raw::{PROTOCOL_3_0, SSL_REQUEST, authentication, initial, password, plain, startup};
use crate::stack::Stack;

/// Clients before memory is measured, and then.
const FIRST: usize = 2_000;
const CROWD: usize = 10_000;

/// Of so many clients one logs in: that costs both sides the work of SCRAM.
const LOGS_IN: usize = 250;

/// What the crowd may add to the proxy's memory.
const MORE_KIB_MAX: u64 = 4 << 10;

/// One client that comes and goes; where it goes, `number` decides.
fn visit(stack: &Stack, number: usize) -> Result<()> {
    let login = stack.alice()?;
    if number.is_multiple_of(LOGS_IN) {
        let mut client = Client::connect(&login)?;
        if number.is_multiple_of(2 * LOGS_IN) {
            client.stream.write_all(&query("SELECT * FROM orders"))?;
        }
        return Ok(());
    }
    let mut stream = plain(login.port)?;
    let start = startup(PROTOCOL_3_0, &login, "");
    match number % 7 {
        0 => {}
        1 => stream.write_all(&start[..9])?,
        2 => {
            stream.write_all(&SSL_REQUEST)?;
            stream.read_exact(&mut [0])?;
        }
        3 => stream.write_all(&start)?,
        4 => drop(asked(&mut stream, &start)?),
        5 => drop(answered(&mut stream, &start)?),
        _ => {
            // A proof that is none, in the right form.
            let nonce = answered(&mut stream, &start)?;
            let proof = "A".repeat(43) + "=";
            stream.write_all(&password(format!("c=biws,r={nonce},p={proof}").as_bytes()))?;
            let mut said = Vec::new();
            stream.read_to_end(&mut said)?;
            assert!(String::from_utf8_lossy(&said).contains("28P01"), "{}", said.escape_ascii());
        }
    }
    Ok(())
}

/// Up to the request for a password.
fn asked(stream: &mut TcpStream, start: &[u8]) -> Result<Vec<u8>> {
    stream.write_all(start)?;
    authentication(stream, 10)
}

/// Up to the server's challenge: the nonce in it.
fn answered(stream: &mut TcpStream, start: &[u8]) -> Result<String> {
    asked(stream, start)?;
    let scram = ScramSha256::new(b"", ChannelBinding::unsupported());
    stream.write_all(&initial("SCRAM-SHA-256", scram.message()))?;
    let challenge = String::from_utf8(authentication(stream, 11)?).context("read the challenge")?;
    let nonce = challenge.split(',').find_map(|field| field.strip_prefix("r="));
    Ok(nonce.context("find the nonce")?.to_string())
}

#[test]
fn ten_thousand_that_come_and_go_leave_nothing() -> Result<()> {
    // A seventh of them guesses.
    let stack = Stack::start_with("max-failed-logins-per-user = 0\nmax-failed-logins-per-address = 0\n")?;
    let vitals = Vitals::take(&stack)?;
    (0..FIRST).try_for_each(|number| visit(&stack, number))?;
    vitals.assert_unharmed()?;
    let before = vitals.resident_kib()?;
    (0..CROWD).try_for_each(|number| visit(&stack, number))?;
    vitals.assert_unharmed()?;
    let after = vitals.resident_kib()?;
    assert!(after < before + MORE_KIB_MAX, "{before} KiB became {after} KiB");
    Ok(())
}
