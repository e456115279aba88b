//! A ClickHouse that answers and takes nothing: statements go on, everybody is told why, and nothing is lost.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::engine::Engine;
use e2e::{binaries, port, psql, wait};

use crate::admin::value;
use crate::stack::Stack;

/// How long something may take to be seen.
const SEEN: Duration = Duration::from_secs(60);

/// A proxy whose ledger is in an engine of its own, and its metrics.
struct Told {
    engine: Engine,
    stack: Stack,
    admin: u16,
}

impl Told {
    fn start() -> Result<Self> {
        let (engine, admin) = (Engine::start()?, port::free()?);
        let sections = format!("[admin]\nlisten = \"127.0.0.1:{admin}\"\n");
        let stack = Stack::start_with_ledger_and(engine.url(), &sections)?;
        Ok(Told { engine, stack, admin })
    }

    fn metric(&self, name: &str) -> Result<f64> {
        let url = format!("http://127.0.0.1:{}/metrics", self.admin);
        let text = ureq::get(&url).call().context("ask for metrics")?.into_body().read_to_string()?;
        value(&text, name)
    }

    fn wait_metric(&self, name: &str) -> Result<()> {
        wait::until(name, SEEN, || Ok((0.0 < self.metric(name)?).then_some(())))
    }

    fn run(&self, number: u32) -> Result<()> {
        psql::run(&self.stack.alice()?, &format!("SELECT 'statement', {number}"))?.success()?;
        Ok(())
    }

    fn assert_recorded(&self, count: usize) -> Result<()> {
        let select = "SELECT text, count() AS times FROM statements FINAL \
            WHERE text LIKE '%statement%' AND finished_at IS NOT NULL GROUP BY text";
        let rows =
            self.stack.ledger.wait_rows(format!("{count} statements"), select, |rows| rows.len() == count)?;
        assert!(rows.iter().all(|row| row["times"] == 1), "{rows:?}");
        Ok(())
    }
}

#[test]
fn a_ledger_that_is_read_only_is_told_and_takes_all_once_it_takes_anything() -> Result<()> {
    let mut told = Told::start()?;
    told.run(0)?;
    told.assert_recorded(1)?;
    told.engine.stop()?;
    told.engine.restart_read_only()?;
    told.run(1)?;
    let why = "refuses user `default`: default: Cannot execute query in readonly mode";
    told.stack.proxy.wait_log(why)?;
    told.wait_metric("picket_proxy_ledger_failures_total{reason=\"refused\"}")?;
    assert!(1.0 <= told.metric("picket_proxy_spool_records")?);
    // A proxy that starts there goes on too, and whoever asks has answers.
    told.stack.proxy.kill()?;
    told.stack.proxy.restart()?;
    told.run(2)?;
    told.stack.proxy.wait_log(why)?;
    let ledger = &told.stack.ledger;
    let picket = |what: &str| {
        let mut command = binaries::command("picket")?;
        command.args(["--clickhouse-url", ledger.url(), "--database", ledger.database(), what]);
        command.output().context("run picket")
    };
    let sessions = picket("sessions")?;
    assert!(sessions.status.success(), "{}", String::from_utf8_lossy(&sessions.stderr));
    let migrated = picket("migrate")?;
    let said = String::from_utf8_lossy(&migrated.stderr).into_owned();
    assert!(migrated.status.code() == Some(77) && said.contains("readonly mode"), "{migrated:?}");
    told.engine.stop()?;
    told.engine.restart()?;
    told.assert_recorded(3)
}

#[test]
fn a_ledger_of_another_schema_is_told_and_takes_all_once_it_is_mended() -> Result<()> {
    let told = Told::start()?;
    told.run(0)?;
    told.assert_recorded(1)?;
    let alter = |what: &str| {
        let sql = format!("ALTER TABLE {}.statements {what}", told.stack.ledger.database());
        ureq::post(told.engine.url()).send(&sql).with_context(|| sql.clone()).map(|_| ())
    };
    alter("DROP COLUMN readers_disagree")?;
    told.run(1)?;
    told.stack.proxy.wait_log("has another schema than this Picket")?;
    told.wait_metric("picket_proxy_ledger_failures_total{reason=\"other_schema\"}")?;
    alter("ADD COLUMN readers_disagree String")?;
    told.assert_recorded(2)
}

#[test]
fn a_segment_that_was_damaged_is_told_as_an_alert_and_a_metric() -> Result<()> {
    let (mut engine, admin) = (Engine::absent()?, port::free()?);
    let sections = format!("[admin]\nlisten = \"127.0.0.1:{admin}\"\n");
    let stack = Stack::start_with_ledger_and(engine.url(), &sections)?;
    let mut told = Told { engine: Engine::absent()?, stack, admin };
    for number in 0..20 {
        told.run(number)?;
    }
    told.stack.proxy.kill()?;
    let spool = told.stack.proxy.config().parent().context("find the proxy's folder")?.join("spool");
    damage(&spool)?;
    told.stack.proxy.restart()?;
    assert_eq!(told.metric("picket_proxy_spool_segments_set_aside")?, 1.0);
    engine.restart()?;
    let alert = told
        .stack
        .ledger
        .wait_row("the alert", "SELECT message FROM alerts FINAL WHERE kind = 'spool_damaged'")?;
    let message = alert["message"].as_str().context("find the message")?;
    assert!(message.contains("cannot be read") && message.contains(".broken"), "{message}");
    // One record is gone, and its neighbours are not.
    let select = "SELECT count() AS n FROM statements FINAL WHERE text LIKE '%statement%' HAVING n >= 19";
    told.stack.ledger.wait_row("the others", select)?;
    // It is told once, and counted for as long as it is there.
    told.stack.proxy.kill()?;
    told.stack.proxy.restart()?;
    assert_eq!(told.metric("picket_proxy_spool_segments_set_aside")?, 1.0);
    told.run(20)?;
    told.stack.ledger.wait_row(
        "the next",
        "SELECT 1 FROM statements FINAL WHERE text = 'SELECT ''statement'', 20' AND finished_at IS NOT NULL",
    )?;
    let count =
        told.stack.ledger.rows("SELECT count() AS n FROM alerts FINAL WHERE kind = 'spool_damaged'")?;
    assert_eq!(count[0]["n"], 1);
    Ok(())
}

/// Turns over a bit in the middle of the segment with the most in it.
fn damage(spool: &Path) -> Result<()> {
    let files = std::fs::read_dir(spool).context("list the spool")?.flatten().map(|entry| entry.path());
    let segments = files.filter(|path| path.extension().is_some_and(|end| end == "segment"));
    let mut segments: Vec<_> = segments
        .filter_map(|path| Some((std::fs::read(&path).ok()?, path)))
        .map(|(bytes, path)| {
            let len = bytes.iter().rposition(|byte| *byte != 0).unwrap_or_default();
            (len, bytes, path)
        })
        .collect();
    segments.sort_by_key(|(len, ..)| *len);
    let (len, mut bytes, path) = segments.pop().context("find a segment")?;
    let middle = bytes.get_mut(len / 2).context("find its middle")?;
    *middle ^= 1;
    std::fs::write(path, bytes).context("damage it")
}
