//! Limits and time-outs of clients: each is named in a PostgreSQL error that the client really receives.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::{psql, wait};
use tokio_postgres::error::SqlState;

use crate::conversation::Client;
use crate::driver::{block_on, connect, server_error};
use crate::stack::Stack;

/// Everything that comes until the proxy closes, as text.
fn read_to_end(stream: &mut TcpStream) -> Result<String> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).context("bound the reads")?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received).context("read to the end")?;
    Ok(String::from_utf8_lossy(&received).into_owned())
}

#[test]
fn one_session_too_many_is_told_the_limit_and_gets_in_when_another_leaves() -> Result<()> {
    for (keys, key) in [
        ("max-connections = 2\n", "`max-connections`"),
        ("max-user-connections = 2\n", "`max-user-connections`"),
        ("max-db-connections = 2\n", "`max-db-connections`"),
    ] {
        let stack = Stack::start_with(keys)?;
        let login = stack.alice()?;
        block_on(async {
            let first = connect(&login).await?;
            let _second = connect(&login).await?;
            let third = connect(&login).await.err().context("expect the third to be refused")?;
            let error = server_error(&third)?;
            assert_eq!(error.code(), &SqlState::TOO_MANY_CONNECTIONS);
            assert!(error.detail().is_some_and(|detail| detail.contains(key)), "{error:?}");
            drop(first);
            let started = Instant::now();
            while connect(&login).await.is_err() {
                assert!(started.elapsed() < Duration::from_secs(30), "the place did not come back");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn a_session_that_is_idle_for_too_long_is_ended_and_one_at_work_is_not() -> Result<()> {
    let stack = Stack::start_with("client-idle-timeout-secs = 1\nidle-transaction-timeout-secs = 1\n")?;
    let out = psql::run(&stack.alice()?, "SELECT pg_sleep(2.5)")?;
    assert_eq!(out.code, 0, "{}", out.stderr);
    for (begin, code) in [("SELECT 1", "57P05"), ("BEGIN", "25P03")] {
        let mut client = Client::connect(&stack.alice()?)?;
        let mut message = bytes::BytesMut::new();
        postgres_protocol::message::frontend::query(begin, &mut message)?;
        client.write(&mut message)?;
        let told = read_to_end(&mut client.stream)?;
        assert!(told.contains(code) && told.contains("timeout"), "{told}");
    }
    Ok(())
}

#[test]
fn what_is_sent_behind_the_end_does_not_eat_the_reason() -> Result<()> {
    let stack = Stack::start()?;
    let mut client = Client::connect(&stack.alice()?)?;
    // No message, and behind it more than the sockets hold, from a client that writes all before it reads anything.
    client.stream.write_all(b"?\0\0\0\x04").context("write no message")?;
    client.stream.write_all(&vec![0; 32 << 20]).context("write on")?;
    let told = read_to_end(&mut client.stream)?;
    assert!(told.contains("08P01"), "{told}");
    Ok(())
}

#[test]
fn whoever_says_nothing_is_sent_away_and_locks_nobody_out() -> Result<()> {
    let stack = Stack::start_with("max-login-connections = 4\nclient-login-timeout-secs = 20\n")?;
    let port = stack.proxy.port();
    let mut silent = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.write_all(&[0])?;
        silent.push(stream);
    }
    let started = Instant::now();
    // The silent ones are let be for a moment, in which others are turned away.
    while psql::run(&stack.alice()?, "SELECT 1")?.code != 0 {
        assert!(started.elapsed() < Duration::from_secs(15), "nobody gets in");
    }
    let mut first = silent.remove(0);
    assert!(read_to_end(&mut first)?.contains("`max-login-connections`"));
    Ok(())
}

#[test]
fn a_log_in_that_takes_too_long_is_told_the_limit() -> Result<()> {
    let stack = Stack::start_with("client-login-timeout-secs = 1\n")?;
    let mut stream = TcpStream::connect(("127.0.0.1", stack.proxy.port()))?;
    let told = read_to_end(&mut stream)?;
    assert!(told.contains("`client-login-timeout-secs`"), "{told}");
    stream.shutdown(Shutdown::Both).ok();
    Ok(())
}

/// Linux runs the timer only where keep-alive is on.
#[test]
fn both_sockets_of_a_session_are_kept_alive_as_configured() -> Result<()> {
    let stack = Stack::start_with("tcp-keepidle-secs = 7000\n")?;
    let _client = Client::connect(&stack.alice()?)?;
    let shown = Command::new("ss")
        .args(["--tcp", "--numeric", "--options", "--processes", "--no-header"])
        .output()?;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let own = format!("pid={},", stack.proxy.pid()?);
    let sockets: Vec<&str> = shown.lines().filter(|line| line.contains(&own)).collect();
    let towards = |port: u16| {
        let end = format!(":{port} ");
        sockets.iter().filter(|line| line.contains(&end) && line.contains("timer:(keepalive,116min")).count()
    };
    assert_eq!((towards(stack.proxy.port()), 1 <= towards(stack.owner().port)), (1, true), "{shown}");
    Ok(())
}

#[test]
fn as_many_threads_as_the_file_says_serve_connections() -> Result<()> {
    let stack = Stack::start_with("threads = 3\n")?;
    let tasks = format!("/proc/{}/task", stack.proxy.pid()?);
    // A thread gives itself its name.
    wait::until("three threads for sessions", Duration::from_secs(10), || {
        let mut names = Vec::new();
        for thread in std::fs::read_dir(&tasks)? {
            names.push(std::fs::read_to_string(thread?.path().join("comm"))?);
        }
        Ok((names.iter().filter(|name| name.starts_with("sessions-")).count() == 3).then_some(()))
    })?;
    // Connections go from one thread to the next.
    for _ in 0..4 {
        psql::run(&stack.alice()?, "SELECT 1")?.success()?;
    }
    Ok(())
}
