//! No record is lost or doubled, whatever is down or dies.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::engine::Engine;
use e2e::{psql, wait};

use crate::stack::Stack;

/// How long what waits may take to be delivered.
const ROOM_WAIT: Duration = Duration::from_secs(60);

/// Runs a statement for each number; the text tells them apart in the ledger.
fn run_statements(stack: &Stack, numbers: std::ops::Range<u32>) -> Result<()> {
    let script: String = numbers.map(|number| format!("SELECT 'statement', {number};\n")).collect();
    psql::run_with(&stack.alice()?, &["-q", "-v", "ON_ERROR_STOP=1"], &script)?.success()?;
    Ok(())
}

/// Every statement up to `count` is in the ledger, finished, once.
fn assert_all_recorded_once(stack: &Stack, count: usize) -> Result<()> {
    let select = "SELECT text, count() AS times FROM statements FINAL \
        WHERE text LIKE '%statement%' AND finished_at IS NOT NULL GROUP BY text";
    let rows = stack.ledger.wait_rows(format!("{count} statements"), select, |rows| rows.len() == count)?;
    for row in rows {
        assert_eq!(row["times"], 1, "{row}");
    }
    Ok(())
}

#[test]
fn a_ledger_that_is_not_there_is_told_and_its_records_arrive_later() -> Result<()> {
    let mut engine = Engine::absent()?;
    let stack = Stack::start_with_ledger_at(Some(engine.url()))?;
    run_statements(&stack, 0..20)?;
    stack.proxy.wait_log(engine.url())?;
    engine.restart()?;
    assert_all_recorded_once(&stack, 20)
}

#[test]
fn an_engine_that_dies_and_comes_back_loses_nothing() -> Result<()> {
    let mut engine = Engine::start()?;
    let stack = Stack::start_with_ledger_at(Some(engine.url()))?;
    run_statements(&stack, 0..20)?;
    assert_all_recorded_once(&stack, 20)?;
    // Records may be on their way at this very moment.
    run_statements(&stack, 20..40)?;
    engine.kill()?;
    run_statements(&stack, 40..60)?;
    engine.restart()?;
    run_statements(&stack, 60..80)?;
    assert_all_recorded_once(&stack, 80)
}

#[test]
fn a_proxy_that_is_killed_has_its_records_on_disk() -> Result<()> {
    let mut engine = Engine::absent()?;
    let mut stack = Stack::start_with_ledger_at(Some(engine.url()))?;
    run_statements(&stack, 0..20)?;
    stack.proxy.kill()?;
    stack.proxy.restart()?;
    run_statements(&stack, 20..40)?;
    engine.restart()?;
    assert_all_recorded_once(&stack, 40)
}

#[test]
fn a_statement_that_runs_when_the_proxy_dies_is_recorded_as_begun() -> Result<()> {
    let mut stack = Stack::start()?;
    let begun = "SELECT pg_sleep(600)";
    let mut session = psql::command(&stack.alice()?)?.args(["-c", begun]).stderr(Stdio::null()).spawn()?;
    let select = format!("SELECT * FROM statements FINAL WHERE text = '{begun}'");
    stack.ledger.wait_row("the statement that runs", &select)?;
    stack.proxy.kill()?;
    session.wait()?;
    let row = stack.ledger.wait_row("the statement that ran", &select)?;
    assert!(row["finished_at"].is_null(), "{row}");
    Ok(())
}

#[test]
fn a_proxy_that_is_asked_to_end_ships_what_it_has() -> Result<()> {
    let mut stack = Stack::start()?;
    // It tries for 5 s at its end, which would have to do for making the ledger too.
    run_statements(&stack, 0..1)?;
    assert_all_recorded_once(&stack, 1)?;
    run_statements(&stack, 1..20)?;
    assert_eq!(stack.proxy.stop()?, 0);
    let rows =
        stack.ledger.rows("SELECT count() AS n FROM statements FINAL WHERE finished_at IS NOT NULL")?;
    assert_eq!(rows.first().map(|row| row["n"].clone()), Some(20.into()), "{rows:?}");
    Ok(())
}

/// A file system of a size of its own; gone when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, size: &str) -> Result<Self> {
        let disk = Self(at.to_owned());
        disk.mount_with(&format!("size={size},mode=700"))?;
        Ok(disk)
    }

    fn grow(&self, size: &str) -> Result<()> {
        self.mount_with(&format!("remount,size={size}"))
    }

    fn mount_with(&self, options: &str) -> Result<()> {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&self.0).status();
        ensure!(mounted.context("start mount")?.success(), "mount a disk of its own for the spool");
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_left_by_what_the_ledger_takes() -> Result<()> {
    let mut engine = Engine::absent()?;
    let mut stack = Stack::start_with_ledger_at(Some(engine.url()))?;
    stack.proxy.kill()?;
    let config = stack.proxy.config();
    // Smaller than a segment.
    let _disk = Disk::mount(&config.parent().context("find the proxy's folder")?.join("spool"), "1m")?;
    stack.proxy.restart()?;
    let fill = |stack: &Stack| -> Result<()> {
        let text = "x".repeat(3_000);
        let script: String = (0..400).map(|number| format!("SELECT '{text}', {number};\n")).collect();
        let full = psql::run_with(&stack.alice()?, &["-q"], &script)?;
        assert!(full.stderr.contains("Picket cannot record what you do"), "{}", full.stderr);
        Ok(())
    };
    fill(&stack)?;
    // It starts on a disk that is full, to deliver what fills it.
    stack.proxy.kill()?;
    stack.proxy.restart()?;
    engine.restart()?;
    let works = || Ok(psql::run(&stack.alice()?, "SELECT 1")?.success().ok());
    wait::until("room in the spool", ROOM_WAIT, works)?;
    Ok(())
}

#[test]
fn a_full_disk_stops_statements_and_not_the_proxy() -> Result<()> {
    let engine = Engine::absent()?;
    let mut stack = Stack::start_with_ledger_at(Some(engine.url()))?;
    stack.proxy.kill()?;
    let config = stack.proxy.config();
    let disk = Disk::mount(&config.parent().context("find the proxy's folder")?.join("spool"), "1m")?;
    stack.proxy.restart()?;
    let pid = stack.proxy.pid()?;
    // Each text is recorded at its start and at its end; some are put through the map, some are written.
    for letters in [3_000, 100_000] {
        let text = "x".repeat(letters);
        let script: String = (0..400).map(|number| format!("SELECT '{text}', {number};\n")).collect();
        let full = psql::run_with(&stack.alice()?, &["-q"], &script)?;
        assert!(full.stderr.contains("Picket cannot record what you do"), "{}", full.stderr);
    }
    assert_eq!(stack.proxy.pid()?, pid, "it lives");
    disk.grow("32m")?;
    psql::run(&stack.alice()?, "SELECT 1")?.success()?;
    Ok(())
}
