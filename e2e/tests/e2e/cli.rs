//! `picket`: the questions that people ask, answered from the ledger.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::binaries;
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::port;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::psql;
use e2e::scratch::Scratch;
use e2e::shop::Shop;
use serde_json::Value;

use crate::stack::{Stack, USER, number, text};

/// A record is in the ledger within seconds, and the tail looks every second.
const LINE_WITHIN: Duration = Duration::from_secs(60);

pub(crate) fn picket(url: &str, args: &[&str]) -> Result<Output> {
    binaries::command("picket")?.args(["--clickhouse-url", url]).args(args).output().context("run picket")
}

pub(crate) fn rows(output: &Output) -> Result<Vec<Value>> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&stdout).with_context(|| format!("read the JSON: {stdout}"))
}

#[test]
fn who_wants_to_end_a_connection_where_no_agent_is_is_told_where() -> Result<()> {
    let folder = Scratch::new("cli")?;
    let alone = folder.join("picket");
    fs::copy(binaries::find("picket")?, &alone).context("copy the program")?;
    let words = ["connections", "kill", "10.0.0.7:40112", "--reason", "stolen"];
    let output = Command::new(&alone).args(words).env("PATH", folder.path()).output().context("run it")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains("no picket-agent is installed here") && said.contains("run this there"), "{said}");
    Ok(())
}

#[test]
fn who_touched_names_who_what_and_how_many_rows() -> Result<()> {
    let postgres = Postgres::start()?;
    let shop = Shop::create_roles(&postgres)?;
    shop.create_database(&postgres, "shop")?;
    let engine = Engine::start()?;
    let proxy = Proxy::start(ProxySettings {
        groups: Vec::new(),
        upstreams: vec![shop.owner(&postgres, "shop")],
        users: vec![(USER.to_string(), postgres::password()?)],
        clickhouse_url: engine.url().to_string(),
        ledger_database: "picket".to_string(),
    })?;
    let alice = proxy.login(USER, "shop")?;
    for statement in [
        "SELECT email FROM users",
        "UPDATE users SET email = lower(email) WHERE id <= 8",
        "DROP TABLE users",
        "SELECT title FROM products",
    ] {
        psql::run(&alice, statement)?;
    }
    let ledger = Ledger::new(engine.url(), "picket");
    let done = "SELECT text FROM statements FINAL WHERE finished_at IS NOT NULL";
    ledger.wait_rows("four statements", done, |rows| rows.len() == 4)?;

    let ask =
        |object| rows(&picket(engine.url(), &["who-touched", object, "--since", "1h", "--format", "json"])?);
    let found = ask("public.users.email")?;
    assert_eq!(found.len(), 3, "{found:?}");
    // Newest first: dropping the table would have taken the column too, so it shows who tried.
    for (row, (verdict, outcome, count)) in
        found.iter().zip([("refuse", "failed", 0), ("allow", "completed", 8), ("allow", "completed", 8)])
    {
        assert_eq!(text(row, "principal")?, USER);
        assert_eq!(text(row, "verdict")?, verdict);
        assert_eq!(text(row, "outcome")?, outcome);
        assert_eq!(number(row, "rows")?, count);
    }
    let found = ask("public.users")?;
    assert_eq!(found.len(), 3, "the refused DROP TABLE touched the table too: {found:?}");
    let found = ask("public.nothing")?;
    assert!(found.is_empty(), "{found:?}");

    let table = picket(engine.url(), &["who-touched", "public.users.email", "--format", "table"])?;
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains(USER), "{table}");
    let csv = picket(engine.url(), &["who-touched", "public.users.email", "--format", "csv"])?;
    assert_eq!(String::from_utf8_lossy(&csv.stdout).lines().count(), 4, "a header and three rows");
    Ok(())
}

#[test]
fn a_clickhouse_that_does_not_answer_is_named_with_its_address() -> Result<()> {
    let url = format!("http://127.0.0.1:{}", port::free()?);
    for question in [["who-touched", "public.users"].as_slice(), &["bypasses"]] {
        let output = picket(&url, question)?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{stderr}");
        assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
        assert!(stderr.contains(&url), "{stderr}");
    }
    Ok(())
}

#[test]
fn a_time_span_that_cannot_be_read_is_a_matter_of_usage() -> Result<()> {
    let output = picket("http://127.0.0.1:1", &["bypasses", "--since", "yesterdayish"])?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("yesterdayish"), "{stderr}");
    Ok(())
}

#[test]
fn a_session_is_shown_with_what_was_allowed_refused_and_masked() -> Result<()> {
    let stack = Stack::start()?;
    let statements = ["SELECT email FROM users", "DROP TABLE users", "SELECT title FROM products LIMIT 3"];
    psql::run_with(&stack.alice()?, &["-q"], &(statements.join(";\n") + ";\n"))?;
    stack
        .ledger
        .wait_row("the end of the session", "SELECT * FROM sessions FINAL WHERE ended_at IS NOT NULL")?;
    let done = "SELECT sequence FROM statements FINAL WHERE finished_at IS NOT NULL";
    stack.ledger.wait_rows("its statements", done, |rows| rows.len() == statements.len())?;
    let ask = |args: &[&str]| {
        let ledger = ["--database", stack.ledger.database()];
        picket(stack.ledger.url(), &[ledger.as_slice(), args].concat())
    };

    let sessions =
        rows(&ask(&["sessions", "--principal", USER, "--on", &stack.database, "--format", "json"])?)?;
    let [session] = sessions.as_slice() else { panic!("one session: {sessions:?}") };
    let counts = ["statements", "refused", "masked", "rows"].map(|key| session[key].as_u64());
    assert_eq!(counts, [Some(3), Some(1), Some(1), Some(11)], "{session}");
    assert_eq!(text(session, "end_reason")?, "client_terminated");

    let denied = rows(&ask(&["denied", "--format", "json"])?)?;
    let [denial] = denied.as_slice() else { panic!("one denial: {denied:?}") };
    assert_eq!((text(denial, "text")?, text(denial, "sqlstate")?), ("DROP TABLE users", "42501"));
    assert_eq!(denial["rules"], serde_json::json!(["no-drop-table"]));
    assert_eq!(denial["session_id"], session["session_id"]);
    assert_eq!(text(denial, "client")?, text(session, "client")?);
    assert_eq!(rows(&ask(&["denied", "--principal", "nobody", "--format", "json"])?)?, Vec::<Value>::new());

    let id = text(session, "session_id")?;
    let timeline = rows(&ask(&["session", "show", id, "--format", "json"])?)?;
    let told: Vec<_> = timeline
        .iter()
        .map(|row| {
            (row["event"].as_str(), row["verdict"].as_str(), row["outcome"].as_str(), row["rows"].as_u64())
        })
        .collect();
    let expected = [
        (Some("start"), Some(""), Some(""), Some(0)),
        (Some("statement"), Some("allow"), Some("completed"), Some(8)),
        (Some("statement"), Some("refuse"), Some("failed"), Some(0)),
        (Some("statement"), Some("allow"), Some("completed"), Some(3)),
        (Some("end"), Some(""), Some(""), Some(0)),
    ];
    assert_eq!(told, expected, "{timeline:?}");
    assert_eq!(timeline[1]["masked_columns"], serde_json::json!(["public.users.email"]));
    let table = ask(&["session", "show", id])?;
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("refuse (no-drop-table)") && table.contains("scram-sha-256 from "), "{table}");

    let unknown = ask(&["session", "show", "00000000-0000-0000-0000-000000000000"])?;
    assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(0), 0));
    assert_eq!(ask(&["session", "show", "x"])?.status.code(), Some(2));
    Ok(())
}

/// Reads lines of `output` until one has `part`; a tail that never shows it ends with the bound.
fn line_with(lines: &Receiver<String>, part: &str) -> Result<String> {
    let end = Instant::now() + LINE_WITHIN;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let line = lines.recv_timeout(left).with_context(|| format!("wait for a line with `{part}`"))?;
        if line.contains(part) {
            return Ok(line);
        }
    }
}

#[test]
fn the_tail_goes_on_with_what_comes() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.alice()?, "SELECT 'before'")?.success()?;
    stack.statement("SELECT 'before'")?;
    let mut tail = binaries::command("picket")?
        .args(["--clickhouse-url", stack.ledger.url(), "--database", stack.ledger.database(), "tail", "-f"])
        .stdout(Stdio::piped())
        .spawn()
        .context("run picket")?;
    let stdout = tail.stdout.take().context("take its output")?;
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    let shown = || -> Result<()> {
        assert!(line_with(&lines, "'before'")?.contains("completed after"));
        psql::run(&stack.alice()?, "SELECT 'after'")?.success()?;
        line_with(&lines, "'after'")?;
        psql::run(&stack.alice()?, "DROP TABLE users")?;
        assert!(line_with(&lines, "DROP TABLE users")?.contains("refuse (no-drop-table)"));
        Ok(())
    }();
    tail.kill()?;
    tail.wait()?;
    shown?;
    // What was shown once is not shown again.
    let again: Vec<String> = lines.iter().filter(|line| line.contains("'before'")).collect();
    assert!(again.is_empty(), "{again:?}");
    Ok(())
}

#[test]
fn an_export_can_be_read_back() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.alice()?, "SELECT email FROM users")?.success()?;
    stack.statement("SELECT email FROM users")?;
    let ledger = ["--database", stack.ledger.database()];
    let export = ["export", "statements", "--format", "parquet"];
    let output = picket(stack.ledger.url(), &[ledger, export[..2].try_into()?].concat())?;
    assert_eq!(output.stdout.iter().filter(|&&byte| byte == b'\n').count(), 1);
    let output = picket(stack.ledger.url(), &[ledger.as_slice(), &export].concat())?;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    ureq::post(stack.ledger.url())
        .query("database", stack.ledger.database())
        .send("CREATE TABLE restored AS statements")
        .context("make a table")?;
    ureq::post(stack.ledger.url())
        .query("database", stack.ledger.database())
        .query("query", "INSERT INTO restored FORMAT Parquet")
        .send(output.stdout.as_slice())
        .context("read the file back")?;
    let same = "SELECT * FROM statements FINAL INTERSECT SELECT * FROM restored";
    let row = stack.ledger.wait_row("the row as it was", same)?;
    assert_eq!(text(&row, "text")?, "SELECT email FROM users");
    Ok(())
}
