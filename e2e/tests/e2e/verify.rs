//! `picket verify` with all parts real: an honest ledger is whole whatever dies in between, and what somebody does to its
//! rows is named.

use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::binaries;
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::psql;
use e2e::wait;
use serde_json::Value;

use crate::stack::{Stack, number, text};

/// A statement that an attacker would rather not have run.
const SECRET: &str = "SELECT email FROM users WHERE id = 7";

fn verify(stack: &Stack, options: &[&str]) -> Result<Output> {
    let ledger = &stack.ledger;
    binaries::command("picket")?
        .args(["--clickhouse-url", ledger.url(), "--database", ledger.database(), "verify"])
        .args(options)
        .output()
        .context("run picket")
}

/// Files of the proxy's spool, as arguments.
fn spool(stack: &Stack, file: &str) -> Result<String> {
    let folder: PathBuf = stack.proxy.config().parent().context("find the proxy's folder")?.join("spool");
    Ok(folder.join(file).display().to_string())
}

/// With all that the writer can give.
fn verify_with_all(stack: &Stack) -> Result<Output> {
    let (key, noted) = (spool(stack, "signing.key.pub")?, spool(stack, "checkpoints")?);
    verify(stack, &["--public-key", &key, "--checkpoints", &noted, "--format", "json"])
}

/// What was found: kind and table.
fn found(output: &Output) -> Result<Vec<String>> {
    let report = report(output)?;
    let findings = report["findings"].as_array().context("find the findings")?;
    findings.iter().map(|found| Ok(format!("{} {}", text(found, "kind")?, text(found, "table")?))).collect()
}

fn report(output: &Output) -> Result<Value> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&stdout)
        .with_context(|| format!("read {stdout}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let is_whole = report["whole"] == true;
    assert_eq!(output.status.code(), Some(i32::from(!is_whole)), "{report}");
    Ok(report)
}

/// Waits until every record that was made is under a checkpoint: the session that ended is the last.
fn settle(ledger: &Ledger, sessions: u64) -> Result<()> {
    let select = format!(
        "SELECT countIf(ended_at IS NOT NULL AND writer_sequence <= (SELECT max(last_sequence) FROM checkpoints)) AS n \
         FROM sessions FINAL HAVING n >= {sessions}"
    );
    ledger.wait_row("the sessions' ends", &select).map(|_| ())
}

fn run(stack: &Stack, numbers: std::ops::Range<u32>) -> Result<()> {
    let script: String = numbers.map(|number| format!("SELECT {number};\n")).collect();
    psql::run_with(&stack.alice()?, &["-q", "-v", "ON_ERROR_STOP=1"], &script)?.success()?;
    Ok(())
}

#[test]
fn an_honest_ledger_is_whole_after_proxy_and_engine_were_killed_under_load() -> Result<()> {
    let mut engine = Engine::start()?;
    let mut stack = Stack::start_with_ledger_at(Some(engine.url()))?;
    let mut statements = 0;
    for _ in 0..3 {
        // Batches are on their way while each of them dies.
        run(&stack, 0..400)?;
        stack.proxy.kill()?;
        stack.proxy.restart()?;
        run(&stack, 0..400)?;
        engine.kill()?;
        run(&stack, 0..50)?;
        engine.restart()?;
        statements += 850;
    }
    let begun = psql::run(&stack.alice()?, SECRET)?;
    begun.success()?;
    statements += 1;
    let done = format!(
        "SELECT count() AS n FROM statements FINAL WHERE finished_at IS NOT NULL HAVING n >= {statements}"
    );
    stack.ledger.wait_row("all statements", &done)?;
    let whole = wait::until("a ledger that is whole", Duration::from_secs(60), || {
        let report = report(&verify_with_all(&stack)?)?;
        ensure!(report["whole"] == true, "{report:#}");
        let chain = &report["chains"][0];
        // What was shipped last may be under a checkpoint that is not noted yet.
        let is_settled = chain["unproven"] == 0 && chain["noted"] == chain["last"];
        Ok(is_settled.then_some(report))
    })?;
    assert_eq!(whole["chains"].as_array().map(Vec::len), Some(1), "one spool, one chain: {whole:#}");
    let chain = &whole["chains"][0];
    assert_eq!(number(chain, "first")?, 1);
    assert_eq!(number(chain, "whole")? + number(chain, "completed")?, number(chain, "last")?, "{whole:#}");
    assert!(statements <= number(chain, "last")?, "{whole:#}");
    stack.ledger.change("OPTIMIZE TABLE statements FINAL")?;
    stack.ledger.change("OPTIMIZE TABLE sessions FINAL")?;
    assert_eq!(found(&verify_with_all(&stack)?)?, [""; 0], "merges take nothing away that is missed");
    Ok(())
}

#[test]
fn whoever_changes_the_ledger_is_found() -> Result<()> {
    let attacks = [
        ("ALTER TABLE statements UPDATE text = 'SELECT 1' WHERE text = '@'", "changed statements"),
        ("ALTER TABLE statements DELETE WHERE text = '@'", "missing statements"),
        ("ALTER TABLE sessions UPDATE principal = 'bob' WHERE 1", "changed sessions"),
        (
            "INSERT INTO statements SELECT * REPLACE ('mallory' AS principal, sequence + 100 AS sequence) FROM statements WHERE text = '@'",
            "inserted statements",
        ),
        (
            "INSERT INTO statements (session_id, sequence, started_at, text, principal) SELECT session_id, 99, now64(6), 'DROP TABLE users', \
             'bob' FROM sessions LIMIT 1",
            "unchained statements",
        ),
        (
            "ALTER TABLE checkpoints DELETE WHERE first_sequence = (SELECT max(first_sequence) FROM checkpoints)",
            "cut checkpoints",
        ),
        (
            "ALTER TABLE checkpoints UPDATE moments = arrayReverse(moments) WHERE first_sequence = 1",
            "changed checkpoints",
        ),
    ];
    for (attack, expected) in attacks {
        let mut stack = Stack::start()?;
        run(&stack, 0..5)?;
        psql::run(&stack.alice()?, SECRET)?.success()?;
        run(&stack, 5..10)?;
        settle(&stack.ledger, 3)?;
        assert_eq!(stack.proxy.stop()?, 0);
        let honest = verify_with_all(&stack)?;
        assert_eq!(found(&honest)?, [""; 0], "{attack}");
        let attack = attack.replace('@', SECRET);
        stack.ledger.change(&attack)?;
        let after = found(&verify_with_all(&stack)?)?;
        assert!(after.iter().any(|found| found == expected), "{attack}: {after:?}");
    }
    Ok(())
}
