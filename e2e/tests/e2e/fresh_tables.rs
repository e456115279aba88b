//! What was made a moment ago is masked too, however busy the reader of the catalog is.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use bytes::BytesMut;
use e2e::processes::{self, Paused};
use e2e::{psql, wait};
use postgres_protocol::message::frontend;

use crate::conversation::Client;
use crate::stack::Stack;

/// Tables that are made and read at once.
const TABLES: u32 = 100;

#[test]
fn a_table_that_was_just_made_is_masked_while_others_alter_theirs() -> Result<()> {
    let stack = Stack::start()?;
    let login = stack.alice()?;
    psql::run(&login, "CREATE TABLE busy (id int)")?.success()?;
    // Each has the catalog read, and not so often that readings queue: one that has begun before a table is there ends
    // when somebody has asked for it already.
    let altering: String = (0..150)
        .map(|number| {
            let (fill, pause) = (10 + number % 90, f64::from(number % 17) / 1e3);
            format!("ALTER TABLE busy SET (fillfactor = {fill});\nSELECT pg_sleep({pause});\n")
        })
        .collect();
    let making: String = (0..TABLES)
        .map(|number| {
            format!(
                "CREATE TABLE fresh_{number} (email text); INSERT INTO fresh_{number} VALUES ('in-clear');\n\
                 SELECT email FROM fresh_{number};\n"
            )
        })
        .collect();
    let shown = thread::scope(|scope| -> Result<String> {
        let altering = scope.spawn(|| psql::run_with(&login, &["-q"], &altering)?.success());
        let shown = psql::run_with(&login, &["-q", "-v", "ON_ERROR_STOP=1"], &making)?.success()?;
        altering.join().map_err(|_| anyhow!("altering panicked"))?.context("alter")?;
        Ok(shown)
    })?;
    assert_eq!(shown.matches("***").count(), TABLES as usize, "{shown}");
    assert!(!shown.contains("in-clear"), "{shown}");
    Ok(())
}

/// Pauses the server's process that the catalog is read by. The proxy lets it go when it is not needed.
fn pause_reader(stack: &Stack, client: &mut Client) -> Result<Paused> {
    const READER: &str = "SELECT pid FROM pg_stat_activity \
        WHERE application_name = 'picket-proxy catalog' AND datname = current_database()";
    wait::until("the reader of the catalog", Duration::from_secs(60), || {
        alter(client, 1)?;
        let Ok(pid) = stack.truth(READER)?.parse() else { return Ok(None) };
        let paused = processes::pause(pid)?;
        let is_there = stack.truth(READER)? == pid.to_string();
        Ok(is_there.then_some(paused))
    })
}

/// Alters a table so many times, each in a transaction of its own.
fn alter(client: &mut Client, times: usize) -> Result<()> {
    let mut messages = BytesMut::new();
    for number in 0..times {
        frontend::query(&format!("ALTER TABLE busy SET (fillfactor = {})", 10 + number), &mut messages)?;
    }
    client.exchange(&messages, times)?;
    Ok(())
}

#[test]
fn alterations_while_the_catalog_is_read_share_the_next_reading() -> Result<()> {
    let stack = Stack::start()?;
    // Of this database's sessions only; tests share the log.
    let logs = format!("ALTER DATABASE {} SET log_statement = 'all'", stack.database);
    psql::run(&stack.superuser(), &logs)?.success()?;
    psql::run(&stack.owner(), "CREATE TABLE busy (id int)")?.success()?;
    let readings = || stack.count_logged("SELECT c.oid, n.nspname::text");
    let mut client = Client::connect(&stack.alice()?)?;
    let paused = pause_reader(&stack, &mut client)?;
    let before = readings()?;
    alter(&mut client, 30)?;
    drop(paused);
    // What the catalog does not show yet waits for a reading that begins after all of them.
    let mut messages = BytesMut::new();
    frontend::query("CREATE TABLE fresh (id int); SELECT * FROM fresh", &mut messages)?;
    client.exchange(&messages, 1)?;
    // The one that was going on, one for all alterations, one for the table.
    let more = readings()? - before;
    assert!((1..=3).contains(&more), "{more} readings");
    Ok(())
}

/// What a table has that nobody has looked at is told by the keys of its documents, also where they are taken out of it.
#[test]
fn keys_of_documents_of_a_table_that_is_not_committed_tell_what_stands_behind_them() -> Result<()> {
    let stack = Stack::start()?;
    let made = "BEGIN; CREATE TABLE papers (id int, data jsonb); INSERT INTO papers VALUES (1, '{\"lastName\": \"alicecanary\", \"plan\": \"gold\"}')";
    for (taken, expected) in [
        ("data ->> 'lastName'", "***"),
        ("data -> 'lastName'", ""),
        ("jsonb_extract_path_text(data, 'lastName')", "***"),
        ("data ->> 'plan'", "gold"),
    ] {
        let text = format!(
            "{made}; SELECT 'is ' || coalesce(q.v::text, '') FROM (SELECT {taken} AS v FROM papers) q; ROLLBACK"
        );
        let direct = psql::run(&stack.owner(), &text)?.success()?;
        assert!(direct.contains("alicecanary") || expected == "gold", "{text}: {direct}");
        let text = format!("{made}; SELECT {taken} FROM papers; ROLLBACK");
        let through = psql::run(&stack.alice()?, &text)?.success()?;
        assert!(!through.contains("alicecanary") && through.contains(expected), "{text}: {through}");
    }
    Ok(())
}
