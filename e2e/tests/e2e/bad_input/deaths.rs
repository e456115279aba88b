//! Partners that are killed in the middle of something.

use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::login::Login;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::{port, processes, psql, wait};

use super::vitals::Vitals;
use crate::conversation::{Client, query};
use crate::stack::{Stack, USER};

/// How long something may take to show in `pg_stat_activity`.
const SEEN_SECS_MAX: u64 = 30;

/// A result of a gigabyte, more than all the sockets on its way hold.
const LARGE: &str = "SELECT n, repeat('x', 1000) FROM generate_series(1, 1000000) AS n";

/// What the proxy may hold of a result that its client does not read.
const HELD_KIB_MAX: u64 = 4 << 10;

/// The backend that runs `sql`, once it waits for this.
fn backend(superuser: &Login, sql: &str, wait_event: &str) -> Result<u32> {
    let question = format!(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query = '{}' \
         AND wait_event = '{wait_event}'",
        sql.replace('\'', "''")
    );
    wait::until(format!("{wait_event} of the backend"), Duration::from_secs(SEEN_SECS_MAX), || {
        Ok(psql::run(superuser, &question)?.success()?.trim().parse().ok())
    })
}

/// A database of its own, which may be killed, and a proxy before it.
fn mortal() -> Result<(Postgres, Proxy)> {
    let postgres = Postgres::start()?;
    let proxy = Proxy::start(ProxySettings {
        groups: Vec::new(),
        upstreams: vec![postgres.superuser("postgres")],
        users: vec![(USER.to_string(), postgres::password()?)],
        clickhouse_url: format!("http://127.0.0.1:{}", port::free()?),
        ledger_database: "picket".to_string(),
    })?;
    Ok((postgres, proxy))
}

/// Everything that is left to read until the proxy closes, and the SQLSTATE of the error at its end, where there is one.
pub(super) fn read_to_end(client: &mut Client) -> Result<Option<String>> {
    let (mut chunk, mut tail) = (vec![0; 1 << 20], Vec::new());
    loop {
        let count = client.stream.read(&mut chunk).context("read to the end")?;
        if count == 0 {
            break;
        }
        tail.extend_from_slice(&chunk[..count]);
        let start = tail.len().saturating_sub(500);
        tail.drain(..start);
    }
    let text = String::from_utf8_lossy(&tail).into_owned();
    Ok(text.split("\0C").nth(1).and_then(|rest| rest.split('\0').next()).map(str::to_string))
}

#[test]
fn a_backend_or_a_cluster_killed_within_a_result_is_told_or_logged() -> Result<()> {
    let (mut postgres, proxy) = mortal()?;
    let (login, superuser) = (proxy.login(USER, "postgres")?, postgres.superuser("postgres"));
    let vitals = Vitals::of(&proxy, login.clone(), superuser.clone())?;
    for kills_all in [false, true] {
        let mut bystander = Client::connect(&login)?;
        let mut client = Client::connect(&login)?;
        client.stream.write_all(&query(LARGE))?;
        let backend = backend(&superuser, LARGE, "ClientWrite")?;
        match kills_all {
            false => processes::kill(backend),
            true => postgres.crash()?,
        }
        // The result may end within a row, behind which nothing can be said.
        let told = read_to_end(&mut client)?;
        assert!(told.is_none() || told.as_deref() == Some("08006"), "{told:?}");
        // Of another's death a session is told by the server (57P02), or by the proxy.
        let told = read_to_end(&mut bystander)?.context("expect the bystander to be told")?;
        assert!(["57P02", "57P01", "08006"].contains(&told.as_str()), "{told}");
        proxy.wait_log("server_gone")?;
        if kills_all {
            let refused = psql::run(&login, "SELECT 1")?;
            assert!(refused.stderr.contains("cannot reach the database"), "{}", refused.stderr);
            postgres.start_again()?;
        }
        vitals.assert_unharmed()?;
    }
    postgres.go_down()
}

#[test]
fn a_client_killed_within_a_copy_leaves_nothing() -> Result<()> {
    let stack = Stack::start()?;
    let vitals = Vitals::take(&stack)?;
    stack.truth("CREATE TABLE numbers (number int); ALTER TABLE numbers OWNER TO shop_owner")?;
    let copy_in = "COPY numbers FROM STDIN";
    let copy_out = "COPY (SELECT n, repeat('x', 1000) FROM generate_series(1, 1000000) AS n) TO STDOUT";
    // To the server that takes data, the end of it is an error.
    for (sql, waits, outcome) in [(copy_in, "ClientRead", "failed"), (copy_out, "ClientWrite", "lost")] {
        let mut command = psql::command(&stack.alice()?)?;
        let mut child = command
            .args(["-c", sql])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start psql")?;
        let mut stdin = child.stdin.take().context("take psql's standard input")?;
        if sql == copy_in {
            stdin.write_all(&b"1\n".repeat(100_000)).context("write rows")?;
        }
        backend(&stack.superuser(), sql, waits)?;
        child.kill().context("kill psql")?;
        child.wait().context("wait for psql")?;
        assert_eq!(stack.statement(sql)?["outcome"], outcome);
    }
    assert_eq!(stack.truth("SELECT count(*) FROM numbers")?, "0", "half a COPY was kept");
    vitals.assert_unharmed()
}

#[test]
fn a_result_that_nobody_reads_is_not_held_and_dies_with_its_client() -> Result<()> {
    let stack = Stack::start()?;
    let vitals = Vitals::take(&stack)?;
    let before = vitals.resident_kib()?;
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(&stack.alice()?)?;
        client.stream.write_all(&query(LARGE))?;
        clients.push(client);
    }
    let waiting = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE query = '{}' AND wait_event = 'ClientWrite' \
         AND datname = current_database()",
        LARGE.replace('\'', "''")
    );
    wait::until("the backends to wait", Duration::from_secs(SEEN_SECS_MAX), || {
        Ok((stack.truth(&waiting)? == "3").then_some(()))
    })?;
    let held = vitals.resident_kib()?;
    assert!(held < before + HELD_KIB_MAX, "{before} KiB became {held} KiB");
    drop(clients);
    vitals.assert_unharmed()
}

/// A cancel that reaches a server before it has begun does nothing, and the statement would run on for nobody.
#[test]
fn what_a_server_had_not_begun_when_its_session_ended_is_ended() -> Result<()> {
    let stack = Stack::start()?;
    let vitals = Vitals::take(&stack)?;
    let mut client = Client::connect(&stack.alice()?)?;
    client.stream.write_all(&query("SELECT 'idle'"))?;
    let backend = backend(&stack.superuser(), "SELECT 'idle'", "ClientRead")?;
    let paused = processes::pause(backend)?;
    let of_no_length = [b'Q', 0, 0, 0, 0];
    client.stream.write_all(&[&query("SELECT pg_sleep(600)")[..], &of_no_length].concat())?;
    assert_eq!(read_to_end(&mut client)?.as_deref(), Some("08P01"));
    wait::until("the cancel to reach the server", Duration::from_secs(SEEN_SECS_MAX), || {
        Ok(processes::awaits_interrupt(backend)?.then_some(()))
    })?;
    drop(paused);
    vitals.assert_unharmed()
}
