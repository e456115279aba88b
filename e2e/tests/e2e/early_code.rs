//! Code that PostgreSQL runs before anything is executed: while it reads constants, plans, and takes parameters.
//! Whatever it does, a record is there.

use anyhow::Result;
use bytes::BytesMut;
use e2e::psql;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;
use serde_json::Value;

use crate::conversation::Client;
use crate::stack::{Stack, text, words};

/// `effects` gets a row whenever `leave_trace` runs; the functions around it say that they change nothing.
const CODE: &str = "SET ROLE shop_owner; \
    CREATE TABLE effects (at timestamptz DEFAULT clock_timestamp()); \
    CREATE FUNCTION leave_trace() RETURNS boolean LANGUAGE plpgsql VOLATILE AS \
        'BEGIN INSERT INTO effects DEFAULT VALUES; RETURN true; END'; \
    CREATE FUNCTION constant(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN leave_trace(); END'; \
    CREATE DOMAIN checked AS int CHECK (leave_trace()); \
    CREATE TABLE wide (id int); INSERT INTO wide VALUES (1)";

pub(crate) fn parse(name: &str, sql: &str, messages: &mut BytesMut) -> Result<()> {
    Ok(frontend::parse(name, sql, [], messages)?)
}

pub(crate) fn bind(statement: &str, values: &[&str], messages: &mut BytesMut) -> Result<()> {
    let none: [i16; 0] = [];
    let fill = |value: &&str, out: &mut BytesMut| {
        out.extend_from_slice(value.as_bytes());
        Ok(IsNull::No)
    };
    frontend::bind("", statement, none, values, fill, none, messages)
        .map_err(|_| anyhow::anyhow!("write a Bind message"))
}

fn effects(stack: &Stack) -> Result<String> {
    stack.truth("SELECT count(*) FROM effects")
}

/// All finished executions of exactly this text, once there are `count`.
fn records(stack: &Stack, sql: &str, count: usize) -> Result<Vec<Value>> {
    let quoted = sql.replace('\'', "\\'");
    let select = format!(
        "SELECT * FROM statements FINAL WHERE text = '{quoted}' AND finished_at IS NOT NULL ORDER BY sequence"
    );
    stack.ledger.wait_rows(format!("{count} records of `{sql}`"), &select, |rows| rows.len() == count)
}

#[test]
fn what_a_bind_runs_while_it_plans_is_recorded() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.superuser(), CODE)?.success()?;
    let mut client = Client::connect(&stack.alice()?)?;
    let sql = "SELECT constant(1) FROM wide";
    let mut messages = BytesMut::new();
    parse("", sql, &mut messages)?;
    bind("", &[], &mut messages)?;
    frontend::sync(&mut messages);
    assert_eq!(client.exchange(&messages, 1)?, "parsed bound ready:I");
    assert_ne!(effects(&stack)?, "0", "planning ran nothing");
    let record = stack.statement(sql)?;
    assert_eq!(text(&record, "outcome")?, "prepared", "{record}");
    assert!(words(&record, "relations_read")?.contains(&"public.wide"), "{record}");
    Ok(())
}

#[test]
fn what_a_bind_runs_to_take_parameters_is_recorded() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.superuser(), CODE)?.success()?;
    let mut client = Client::connect(&stack.alice()?)?;
    let sql = "SELECT $1::checked";
    let mut messages = BytesMut::new();
    parse("s", sql, &mut messages)?;
    frontend::sync(&mut messages);
    assert_eq!(client.exchange(&messages, 1)?, "parsed ready:I");
    assert_eq!(effects(&stack)?, "0");
    messages.clear();
    bind("s", &["1"], &mut messages)?;
    frontend::sync(&mut messages);
    assert_eq!(client.exchange(&messages, 1)?, "bound ready:I");
    assert_ne!(effects(&stack)?, "0", "the parameter ran nothing");
    assert_eq!(text(&stack.statement(sql)?, "outcome")?, "prepared");
    Ok(())
}

#[test]
fn what_a_parse_runs_to_read_constants_is_recorded() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.superuser(), CODE)?.success()?;
    let mut client = Client::connect(&stack.alice()?)?;
    let sql = "SELECT '{1}'::checked[], id FROM wide";
    let mut messages = BytesMut::new();
    parse("s", sql, &mut messages)?;
    frontend::sync(&mut messages);
    assert_eq!(client.exchange(&messages, 1)?, "parsed ready:I");
    let parsed = effects(&stack)?;
    assert_ne!(parsed, "0", "the constant ran nothing");
    assert_eq!(text(&stack.statement(sql)?, "outcome")?, "prepared");
    // A definition that changes makes the server read the statement again, where it is only described.
    psql::run(&stack.owner(), "ALTER TABLE wide ADD COLUMN more int")?.success()?;
    messages.clear();
    frontend::describe(b'S', "s", &mut messages)?;
    frontend::sync(&mut messages);
    assert_eq!(client.exchange(&messages, 1)?, "columns:2 ready:I");
    assert_ne!(effects(&stack)?, parsed, "the description ran nothing");
    let records = records(&stack, sql, 2)?;
    assert!(records.iter().all(|record| record["outcome"] == "prepared"), "{records:?}");
    Ok(())
}

/// Drivers prepare, describe and run in one go or in two; each execution is one record.
#[test]
fn an_execution_that_was_prepared_with_it_is_one_record() -> Result<()> {
    let stack = Stack::start()?;
    let mut client = Client::connect(&stack.alice()?)?;
    let sql = "SELECT 'once', id FROM users";
    let mut messages = BytesMut::new();
    parse("s", sql, &mut messages)?;
    frontend::describe(b'S', "s", &mut messages)?;
    for _ in 0..2 {
        bind("s", &[], &mut messages)?;
        frontend::describe(b'P', "", &mut messages)?;
        frontend::execute("", 1, &mut messages)?;
    }
    frontend::sync(&mut messages);
    client.exchange(&messages, 1)?;
    let records = records(&stack, sql, 2)?;
    assert!(records.iter().all(|record| record["outcome"] == "completed"), "{records:?}");
    Ok(())
}

/// What fails before it is executed has failed: it may have run code.
#[test]
fn an_execution_fails_with_its_bind() -> Result<()> {
    let stack = Stack::start()?;
    let mut client = Client::connect(&stack.alice()?)?;
    let sql = "SELECT $1::int";
    let mut messages = BytesMut::new();
    parse("", sql, &mut messages)?;
    bind("", &["no number"], &mut messages)?;
    frontend::execute("", 0, &mut messages)?;
    frontend::sync(&mut messages);
    assert_eq!(client.exchange(&messages, 1)?, "parsed error ready:I");
    let record = stack.statement(sql)?;
    assert_eq!((text(&record, "outcome")?, text(&record, "sqlstate")?), ("failed", "22P02"), "{record}");
    Ok(())
}
