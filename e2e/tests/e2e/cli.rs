//! `picket`: the questions that people ask, answered from the ledger.

use std::process::Output;

use anyhow::{Context, Result};
use e2e::binaries;
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::port;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::psql;
use e2e::shop::Shop;
use serde_json::Value;

use crate::stack::{USER, number, text};

fn picket(url: &str, args: &[&str]) -> Result<Output> {
    binaries::command("picket")?.args(["--clickhouse-url", url]).args(args).output().context("run picket")
}

fn rows(output: &Output) -> Result<Vec<Value>> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&stdout).with_context(|| format!("read the JSON: {stdout}"))
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
        "UPDATE users SET email = lower(email) WHERE id > 0",
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
