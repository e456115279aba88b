//! One side goes before the other: what was asked for is still done and answered, and nothing is left running for
//! nobody.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::BytesMut;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::{port, wait};
use postgres_protocol::message::frontend;

use crate::conversation::Client;
use crate::raw;
use crate::stack::{Stack, USER};

fn query(text: &str) -> Result<BytesMut> {
    let mut buffer = BytesMut::new();
    frontend::query(text, &mut buffer)?;
    Ok(buffer)
}

/// Everything that comes until the other side closes, as text.
fn read_to_end(client: &mut Client) -> Result<String> {
    let mut received = Vec::new();
    client.stream.read_to_end(&mut received).context("read to the end")?;
    Ok(String::from_utf8_lossy(&received).into_owned())
}

fn wait_for(stack: &Stack, what: &str, count: &str, sql: &str) -> Result<()> {
    wait::until(what, Duration::from_secs(30), || Ok((stack.truth(sql)? == count).then_some(())))
}

#[test]
fn a_query_followed_by_a_half_close_is_answered() -> Result<()> {
    let stack = Stack::start()?;
    for login in [stack.staff(), stack.alice()?] {
        let mut client = Client::connect(&login)?;
        client.write(&mut query("SELECT pg_sleep(0.3), 'the' || ' answer'")?)?;
        client.stream.shutdown(Shutdown::Write)?;
        let answer = read_to_end(&mut client)?;
        assert!(answer.contains("the answer") && answer.contains("SELECT 1"), "{answer}");
    }
    Ok(())
}

#[test]
fn a_query_followed_by_a_goodbye_is_answered_and_executed() -> Result<()> {
    let stack = Stack::start()?;
    for (login, city) in [(stack.owner(), "Rome"), (stack.alice()?, "Oslo")] {
        let mut client = Client::connect(&login)?;
        let mut both =
            query(&format!("UPDATE users SET city = '{city}' WHERE id = 1 AND pg_sleep(0.3) IS NOT NULL"))?;
        frontend::terminate(&mut both);
        client.write(&mut both)?;
        let answer = read_to_end(&mut client)?;
        assert!(answer.contains("UPDATE 1"), "{answer}");
        assert_eq!(stack.truth("SELECT city FROM users WHERE id = 1")?, city);
    }
    // And where nobody waits for the answer.
    let mut client = Client::connect(&stack.alice()?)?;
    let mut both = query("UPDATE users SET city = 'Bern' WHERE id = 1 AND pg_sleep(0.3) IS NOT NULL")?;
    frontend::terminate(&mut both);
    client.write(&mut both)?;
    drop(client);
    wait_for(&stack, "the update", "Bern", "SELECT city FROM users WHERE id = 1")
}

#[test]
fn a_statement_whose_client_is_gone_is_cancelled() -> Result<()> {
    let stack = Stack::start_with("client-connection-check-secs = 1\n")?;
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(600)' \
        AND datname = current_database()";
    let mut client = Client::connect(&stack.alice()?)?;
    client.write(&mut query("SELECT pg_sleep(600)")?)?;
    wait_for(&stack, "the statement to run", "1", running)?;
    drop(client);
    wait_for(&stack, "the statement to end", "0", running)?;
    let row = stack.statement("SELECT pg_sleep(600)")?;
    assert_eq!(row["outcome"], "lost", "{row}");
    Ok(())
}

#[test]
fn a_database_that_dies_is_told_as_a_lost_connection() -> Result<()> {
    let mut postgres = Postgres::start()?;
    let login = postgres.superuser("postgres");
    let proxy = Proxy::start(ProxySettings {
        groups: Vec::new(),
        upstreams: vec![login],
        users: vec![(USER.to_string(), postgres::password()?)],
        clickhouse_url: format!("http://127.0.0.1:{}", port::free()?),
        ledger_database: "picket".to_string(),
    })?;
    let mut client = Client::connect(&proxy.login(USER, "postgres")?)?;
    client.stream.write_all(&query("SELECT pg_backend_pid()::text || ' is the backend'")?)?;
    let mut received = Vec::new();
    let pid = wait::until("the backend's process id", Duration::from_secs(30), || {
        let mut chunk = [0; 1024];
        let count = client.stream.read(&mut chunk)?;
        received.extend_from_slice(chunk.get(..count).unwrap_or_default());
        let told = String::from_utf8_lossy(&received).into_owned();
        let pid = told.split(" is the backend").next().filter(|head| head.len() < told.len());
        Ok(pid
            .and_then(|head| head.rsplit(|letter: char| !letter.is_ascii_digit()).next())
            .map(str::to_owned))
    })?;
    let pid = rustix::process::Pid::from_raw(pid.parse()?).context("read the backend's process id")?;
    rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
    let told = read_to_end(&mut client)?;
    assert!(told.contains("08006"), "{told}");
    postgres.go_down()
}

/// As node-postgres does where it is told to end while it connects: an error would find nobody who takes it.
#[test]
fn who_says_goodbye_first_is_told_nothing() -> Result<()> {
    let stack = Stack::start()?;
    for port in [stack.proxy.port(), stack.superuser().port] {
        let mut stream = raw::plain(port)?;
        stream.write_all(b"X\0\0\0\x04")?;
        let mut told = Vec::new();
        stream.read_to_end(&mut told)?;
        assert!(told.is_empty(), "{}", told.escape_ascii());
    }
    Ok(())
}
