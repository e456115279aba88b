//! The throwaway parts themselves, before anything is built on them.

use anyhow::Result;
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::postgres::Postgres;
use e2e::psql::{self, Session};

#[test]
fn a_cluster_checks_passwords_and_is_gone_when_dropped() -> Result<()> {
    let postgres = Postgres::start()?;
    let login = postgres.superuser("postgres");
    assert_eq!(psql::run(&login, "SHOW password_encryption")?.success()?.trim(), "scram-sha-256");
    let refused = psql::run(&login.as_user("postgres", "wrong"), "SELECT 1")?;
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    let folder = postgres.folder().to_path_buf();
    drop(postgres);
    assert!(!folder.exists());
    assert_eq!(psql::run(&login, "SELECT 1")?.code, 2);
    Ok(())
}

#[test]
fn a_session_shows_errors_where_they_happened_and_goes_on() -> Result<()> {
    let postgres = Postgres::start()?;
    let mut session = Session::start(&postgres.superuser("postgres"))?;
    assert!(session.ask("SELECT 42 AS answer;")?.contains("42"));
    assert!(session.ask("SELECT 1 / 0;")?.starts_with("ERROR:"));
    assert_eq!(session.ask("CREATE TABLE t (a int);")?, "CREATE TABLE");
    assert_eq!(session.quit()?, 0);
    Ok(())
}

#[test]
fn an_engine_keeps_its_address_and_rows_over_a_crash() -> Result<()> {
    let mut engine = Engine::start()?;
    let url = engine.url().to_string();
    let ledger = Ledger::new(&url, "default");
    let version = ledger.rows("SELECT 1 AS one")?;
    assert_eq!(version.first().map(|row| row["one"].clone()), Some(1.into()));
    engine.kill()?;
    assert!(ledger.rows("SELECT 1 AS one").is_err());
    engine.restart()?;
    assert_eq!(engine.url(), url);
    ledger.wait_row("an answer", "SELECT 1 AS one")?;
    Ok(())
}
