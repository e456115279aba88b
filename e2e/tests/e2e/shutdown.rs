//! The proxy's own end: sessions finish what they are at, for a bounded time.

use std::io::Read;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::BytesMut;
use e2e::psql;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use rustix::process::Signal;

use crate::conversation::Client;
use crate::stack::Stack;

/// The session is ended, and its client told why.
fn assert_told(client: &mut Client) -> Result<()> {
    let mut received = Vec::new();
    client.stream.read_to_end(&mut received).context("read to the end")?;
    let told = String::from_utf8_lossy(&received);
    assert!(told.contains("57P01") && told.contains("Picket is being stopped"), "{told}");
    Ok(())
}

#[test]
fn sigterm_lets_a_transaction_end_and_takes_nobody_new() -> Result<()> {
    let mut stack = Stack::start()?;
    let login = stack.alice()?;
    let mut idle = Client::connect(&login)?;
    let mut at_work = psql::Session::start(&login)?;
    at_work.ask("BEGIN;")?;
    at_work.ask("UPDATE users SET city = 'Rome' WHERE id = 1;")?;
    stack.proxy.signal(Signal::TERM)?;
    assert_told(&mut idle)?;
    assert_ne!(psql::run(&login, "SELECT 1")?.code, 0, "a new session was let in");
    assert_eq!(at_work.ask("SELECT city FROM users WHERE id = 1;")?.lines().nth(2), Some(" Rome"));
    at_work.ask("COMMIT;")?;
    assert_eq!(stack.proxy.wait_end()?, 0);
    assert_eq!(stack.truth("SELECT city FROM users WHERE id = 1")?, "Rome");
    let rows = stack.ledger.rows(
        "SELECT count() AS n FROM sessions FINAL WHERE end_reason = 'proxy_stopped' AND ended_at IS NOT NULL",
    )?;
    assert_eq!(rows.first().map(|row| row["n"].clone()), Some(2.into()), "{rows:?}");
    Ok(())
}

#[test]
fn a_transaction_that_does_not_end_is_ended_when_the_wait_is_over() -> Result<()> {
    let mut stack = Stack::start_with("shutdown-wait-secs = 1\n")?;
    let mut at_work = Client::connect(&stack.alice()?)?;
    let mut begin = BytesMut::new();
    frontend::query("BEGIN", &mut begin)?;
    at_work.write(&mut begin)?;
    while !matches!(at_work.read()?, Message::ReadyForQuery(_)) {}
    stack.proxy.signal(Signal::TERM)?;
    assert_told(&mut at_work)?;
    assert_eq!(stack.proxy.wait_end()?, 0);
    Ok(())
}

#[test]
fn a_second_sigterm_or_one_sigint_ends_at_once() -> Result<()> {
    for signals in [[Signal::TERM, Signal::TERM].as_slice(), &[Signal::INT]] {
        let mut stack = Stack::start_with("shutdown-wait-secs = 600\n")?;
        let mut at_work = psql::Session::start(&stack.alice()?)?;
        at_work.ask("BEGIN;")?;
        let started = Instant::now();
        for (count, signal) in signals.iter().enumerate() {
            stack.proxy.signal(*signal)?;
            if count + 1 < signals.len() {
                stack.proxy.wait_log("stopping")?;
            }
        }
        assert_eq!(stack.proxy.wait_end()?, 0);
        assert!(started.elapsed() < Duration::from_secs(15));
    }
    Ok(())
}
