//! A clock that is set, back or forward, while daemons record: it is told, and nothing is lost, doubled or out of order.

use std::process::Stdio;

use anyhow::{Context, Result};
use e2e::faketime::FakeTime;
use e2e::psql::{self, Session};
use e2e::{binaries, port};

use crate::stack::{Stack, number, text};

const HOUR: i64 = 3_600;

#[test]
fn a_clock_that_is_set_back_is_told_and_no_record_is_lost_doubled_or_ends_before_it_began() -> Result<()> {
    let admin = port::free()?;
    let mut stack = Stack::start_with(&format!("[admin]\nlisten = \"127.0.0.1:{admin}\"\n"))?;
    let time = FakeTime::new()?;
    stack.proxy.kill()?;
    stack.proxy.set_env(time.env());
    stack.proxy.restart()?;
    let mut session = Session::start(&stack.alice()?)?;
    session.ask("SELECT 'clock', 1;")?;
    for (at, seconds) in [(2, -HOUR), (3, -2 * HOUR), (4, HOUR), (5, 0)] {
        // It runs while the clock is set.
        let running = format!("SELECT pg_sleep(3), 'clock over', {at}");
        let mut running =
            psql::command(&stack.alice()?)?.args(["-qc", &running]).stdout(Stdio::null()).spawn()?;
        let begun = format!("SELECT 1 FROM statements FINAL WHERE text LIKE '%clock over'', {at}'");
        stack.ledger.wait_row("the statement that runs", &begun)?;
        time.set(seconds)?;
        session.ask(&format!("SELECT 'clock', {at};"))?;
        running.wait()?;
        let seen = format!(
            "SELECT count() AS n FROM alerts FINAL WHERE kind = 'clock_stepped' HAVING n >= {}",
            at - 1
        );
        stack.ledger.wait_row("the alert", &seen)?;
    }
    drop(session);
    let messages = stack
        .ledger
        .rows("SELECT message FROM alerts FINAL WHERE kind = 'clock_stepped' ORDER BY written_at")?;
    let messages: Vec<_> = messages.iter().map(|row| text(row, "message")).collect::<Result<_>>()?;
    let set = |message: &&str, how: &str| message.contains(how);
    assert_eq!(messages.len(), 4, "{messages:?}");
    for (message, how) in
        messages.iter().zip(["back by 3600", "back by 3600", "forward by 10800", "back by 3600"])
    {
        assert!(set(message, how), "{how}: {message}");
    }
    let metrics =
        ureq::get(&format!("http://127.0.0.1:{admin}/metrics")).call()?.into_body().read_to_string()?;
    assert_eq!(crate::admin::value(&metrics, "picket_proxy_clock_steps_total")?, 4.0);

    // All are there once, in the order in which they ran, and none ends before it began.
    let rows = stack.ledger.wait_rows(
        "nine statements",
        "SELECT session_id, sequence, text, count() AS times, min(started_at <= finished_at) AS forward FROM statements FINAL \
         WHERE text LIKE '%clock%' AND finished_at IS NOT NULL GROUP BY ALL ORDER BY session_id, sequence",
        |rows| rows.len() == 9,
    )?;
    for row in &rows {
        assert_eq!((number(row, "times")?, number(row, "forward")?), (1, 1), "{row}");
    }
    let in_order: Vec<_> =
        rows.iter().filter_map(|row| row["text"].as_str()?.strip_prefix("SELECT 'clock', ")).collect();
    assert_eq!(in_order, ["1", "2", "3", "4", "5"]);
    let ends = "SELECT count() AS n FROM sessions FINAL WHERE ended_at IS NOT NULL HAVING n >= 5";
    stack.ledger.wait_row("the sessions' ends", ends)?;
    let backwards = "SELECT count() AS n FROM sessions FINAL WHERE ended_at < started_at";
    assert_eq!(number(&stack.ledger.rows(backwards)?[0], "n")?, 0);

    // The chain is as whole as ever.
    stack.proxy.stop()?;
    let verified = binaries::command("picket")?
        .args(["--clickhouse-url", stack.ledger.url(), "--database", stack.ledger.database(), "verify"])
        .output()
        .context("run picket")?;
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    Ok(())
}
