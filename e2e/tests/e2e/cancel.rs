//! Cancelling a statement through the proxy, as Ctrl-C in psql and as a driver does it.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::psql;
use e2e::wait;
use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use crate::driver::{block_on, connect, server_error};
use crate::stack::Stack;

/// Far longer than any test waits: only a cancel ends it in time.
const SLEEP: &str = "SELECT pg_sleep(600)";

fn wait_until_it_runs(stack: &Stack) -> Result<()> {
    let running = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = '{SLEEP}' \
        AND datname = current_database()"
    );
    wait::until("the statement to run", Duration::from_secs(30), || {
        Ok((stack.truth(&running)? == "1").then_some(()))
    })
}

#[test]
fn ctrl_c_in_psql_cancels_the_statement() -> Result<()> {
    let stack = Stack::start()?;
    let mut command = psql::command(&stack.alice()?)?;
    let child = command.args(["-c", SLEEP]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    wait_until_it_runs(&stack)?;
    let pid = Pid::from_raw(i32::try_from(child.id())?).context("read psql's process id")?;
    kill_process(pid, Signal::INT)?;
    let output = child.wait_with_output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("canceling statement due to user request"), "{stderr}");
    Ok(())
}

#[test]
fn a_driver_s_cancel_ends_the_statement_and_leaves_the_session() -> Result<()> {
    let stack = Stack::start()?;
    block_on(async {
        let client = Arc::new(connect(&stack.alice()?).await?);
        let cancel = client.cancel_token();
        let sleeper = Arc::clone(&client);
        let slept = tokio::spawn(async move { sleeper.query(SLEEP, &[]).await });
        tokio::task::block_in_place(|| wait_until_it_runs(&stack))?;
        cancel.cancel_query(NoTls).await.context("send the cancel request")?;
        let error = slept.await?.err().context("expect the statement to be cancelled")?;
        assert_eq!(server_error(&error)?.code(), &SqlState::QUERY_CANCELED);
        let one: i32 = client.query_one("SELECT 1", &[]).await?.get(0);
        assert_eq!(one, 1);
        Ok(())
    })
}
