//! The same statements in both, and questions to them.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::postgres::Postgres;
use e2e::{binaries, psql};
use serde::Deserialize;
use serde_json::Value;

use super::questions::{QUESTIONS, Question};
use super::results::Loaded;
use crate::progress::Step;

const DATABASE: &str = "bench";

/// Its indexes are there from the beginning, as they would be where rows come in all the time.
const TABLE: &str = "CREATE TABLE statements (
    session_id uuid, sequence bigint, started_at timestamptz, finished_at timestamptz, principal text, database text,
    fingerprint bigint, text text, effects text[], relations_read text[], relations_written text[], columns text[],
    masked_columns text[], revealed_columns text[], objects text[], verdict text, rules text[], outcome text, rows bigint,
    bytes bigint, sqlstate text, PRIMARY KEY (session_id, sequence));
CREATE INDEX ON statements (started_at);
CREATE INDEX ON statements (principal, started_at);
CREATE INDEX ON statements USING gin (objects);
CREATE INDEX ON statements (started_at) WHERE verdict <> 'allow';
CREATE INDEX ON statements (started_at) WHERE revealed_columns <> '{}'";

/// In the order of the table's columns. Generated names need no quotes within an array.
const ROWS: &str = "WITH names -> concat('{', arrayStringConcat(names, ','), '}') AS list
    SELECT session_id, sequence, started_at, finished_at, principal, database, reinterpretAsInt64(fingerprint), text,
    list(effects), list(relations_read), list(relations_written), list(columns), list(masked_columns),
    list(revealed_columns), list(objects), verdict, list(rules), outcome, rows, bytes, sqlstate FROM statements FINAL
    WHERE toYYYYMM(started_at) = ";

/// Both, and the moments that questions are about.
pub(super) struct Filled {
    ledger: Ledger,
    postgres: Postgres,
    moments: Moments,
    _engine: Engine,
}

#[derive(Deserialize)]
struct Moments {
    day: String,
    week: String,
    session: String,
}

#[derive(Deserialize)]
struct Progress {
    statements: u64,
    seconds: f64,
}

impl Filled {
    pub(super) fn fill(statements: u64, days: u32) -> Result<(Self, Loaded)> {
        let engine = Engine::start()?;
        let ledger = Ledger::new(engine.url(), "picket");
        let ledger_seconds = ship(&engine, statements, days)?;
        let moments = moments(&ledger)?;
        for question in &QUESTIONS {
            // It would be a pity to find out after all of them were copied.
            ask(&ledger, &moments, question)?;
        }
        let postgres = Postgres::start_with(&["timezone=UTC", "shared_buffers=1GB", "max_wal_size=8GB"])?;
        postgres.administer("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
        postgres.administer(DATABASE, TABLE)?;
        let postgres_seconds = copy(&ledger, &postgres, statements)?;
        postgres.administer(DATABASE, "VACUUM ANALYZE statements")?;
        let number = |select: &str| -> Result<f64> {
            let row = ledger.rows(select)?.pop();
            row.as_ref().and_then(|row| row["number"].as_f64()).with_context(|| format!("read `{select}`"))
        };
        let ledger_bytes = number(
            "SELECT sum(bytes_on_disk) AS number FROM system.parts \
            WHERE active AND database = 'picket' AND table IN ('statements', 'access_days')",
        )?;
        let version = ledger.rows("SELECT version() AS version")?.pop().unwrap_or(Value::Null);
        let ask = |sql: &str| postgres.administer(DATABASE, sql);
        let postgres_bytes: f64 =
            ask("SELECT pg_total_relation_size('statements')")?.trim().parse().context("read a size")?;
        let count = ask("SELECT count(*) FROM statements")?;
        ensure!(count.trim() == statements.to_string(), "PostgreSQL has {} statements", count.trim());
        let per = |total: f64| total / statements as f64;
        let loaded = Loaded {
            versions: format!(
                "ClickHouse {}, PostgreSQL {}",
                version["version"].as_str().unwrap_or_default(),
                ask("SHOW server_version")?.trim()
            ),
            statements,
            ledger_rows_per_second: statements as f64 / ledger_seconds,
            postgres_rows_per_second: statements as f64 / postgres_seconds,
            ledger_bytes_each: per(ledger_bytes),
            postgres_bytes_each: per(postgres_bytes),
        };
        Ok((Self { ledger, postgres, moments, _engine: engine }, loaded))
    }

    /// Lines of the answer, and milliseconds.
    pub(super) fn ask_ledger(&self, question: &Question) -> Result<(String, f64)> {
        let started = Instant::now();
        let text = ask(&self.ledger, &self.moments, question)?;
        Ok((text, started.elapsed().as_secs_f64() * 1_000.0))
    }

    /// The same; psql tells the time, without that of its own start.
    pub(super) fn ask_postgres(&self, question: &Question) -> Result<(String, f64)> {
        let sql = self.moments.put_into(question.postgres);
        let args = ["-qAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", "\\timing on", "-c", &sql];
        let told = psql::run_with(&self.postgres.superuser(DATABASE), &args, "")?.success()?;
        let (text, time) = told.rsplit_once("Time: ").context("find the time that psql tells")?;
        let taken = time.split_whitespace().next().and_then(|ms| ms.parse().ok());
        Ok((text.trim_end().to_string(), taken.context("read the time that psql tells")?))
    }
}

fn moments(ledger: &Ledger) -> Result<Moments> {
    let moments = "SELECT toString(max(started_at) - INTERVAL 1 DAY) AS day, \
        toString(max(started_at) - INTERVAL 7 DAY) AS week, \
        toString(argMax(session_id, (started_at, sequence))) AS session FROM statements";
    let moments = ledger.rows(moments)?.pop().context("ask for the newest statement")?;
    serde_json::from_value(moments).context("read the moments")
}

/// Lines of the ledger's answer.
fn ask(ledger: &Ledger, moments: &Moments, question: &Question) -> Result<String> {
    let mut text = String::new();
    let mut answer = ledger.read(&moments.put_into(question.ledger), "TabSeparatedRaw")?;
    answer.read_to_string(&mut text).context("read an answer")?;
    Ok(text.trim_end().to_string())
}

impl Moments {
    fn put_into(&self, query: &str) -> String {
        query.replace("{day}", &self.day).replace("{week}", &self.week).replace("{session}", &self.session)
    }
}

/// Picket's own writer ships them; seconds.
fn ship(engine: &Engine, statements: u64, days: u32) -> Result<f64> {
    let step = Step::start(format!("ship {statements} statements into the ledger"));
    let mut fill = binaries::command("examples/ledger-filler")?;
    fill.args(["--url", engine.url(), "--statements", &statements.to_string()]);
    let mut child =
        fill.args(["--hours", &(u64::from(days) * 24).to_string()]).stdout(Stdio::piped()).spawn()?;
    let mut last = Progress { statements: 0, seconds: 0.0 };
    for line in BufReader::new(child.stdout.take().context("read what it tells")?).lines() {
        last = serde_json::from_str(&line?).context("read what it tells")?;
        step.count(usize::try_from(last.statements)?, usize::try_from(statements)?);
    }
    ensure!(child.wait()?.success() && last.statements == statements, "the ledger must be filled");
    step.done();
    Ok(last.seconds)
}

/// `COPY` takes them as the ledger gives them, a month after the other: one query has a bound of memory. Seconds.
fn copy(ledger: &Ledger, postgres: &Postgres, statements: u64) -> Result<f64> {
    let step = Step::start("copy them into PostgreSQL");
    let started = Instant::now();
    let mut child = psql::command(&postgres.superuser(DATABASE))?
        .args(["-q", "-v", "ON_ERROR_STOP=1", "-c", "COPY statements FROM STDIN"])
        .stdin(Stdio::piped())
        .spawn()
        .context("start psql")?;
    let mut to = child.stdin.take().context("write to psql")?;
    let mut copied = 0;
    for month in
        ledger.rows("SELECT DISTINCT toYYYYMM(started_at) AS month FROM statements ORDER BY month")?
    {
        let select = format!("{ROWS}{}", month["month"]);
        let mut from = BufReader::with_capacity(1 << 20, ledger.read(&select, "TabSeparated")?);
        loop {
            let some = from.fill_buf().context("read statements")?;
            if some.is_empty() {
                break;
            }
            to.write_all(some).context("write to psql")?;
            copied += some.iter().filter(|byte| **byte == b'\n').count();
            let taken = some.len();
            from.consume(taken);
            step.count(copied, usize::try_from(statements)?);
        }
    }
    drop(to);
    ensure!(child.wait()?.success(), "PostgreSQL must take the statements");
    step.done();
    Ok(started.elapsed().as_secs_f64())
}
