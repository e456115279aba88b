//! A table that was made a moment ago is known by itself: nobody waits for all others to be read again, and what is done to it is recorded as
//! to any other. What more than that hangs on a table is known from the first result on.

use std::fmt::Write;

use anyhow::{Result, ensure};
use e2e::psql;

use crate::stack::{Stack, words};
use crate::statements::client::Client;

/// How often what needs no reading of the whole catalog is done.
const TIMES: usize = 20;

/// How often the server was asked for the whole catalog.
fn readings(stack: &Stack) -> Result<usize> {
    stack.count_logged("SELECT c.oid, n.nspname::text")
}

#[test]
fn what_is_done_to_a_table_that_was_just_made_is_recorded_by_its_path() -> Result<()> {
    let stack = Stack::start()?;
    let mut client = Client::connect(&stack.alice()?)?;
    client.first("CREATE TABLE quick (id int, v text)")?;
    let texts = [
        "INSERT INTO quick VALUES (1, 'x')",
        "UPDATE quick SET v = 'y' WHERE id = 1",
        "DELETE FROM quick WHERE id = 1",
    ];
    for text in texts {
        client.first(text)?;
    }
    client.first("ALTER TABLE quick RENAME TO quicker")?;
    client.first("INSERT INTO quicker VALUES (2, 'x')")?;
    client.first("CREATE TEMP TABLE passing (id int)")?;
    client.first("INSERT INTO passing VALUES (3)")?;
    for text in texts {
        assert_eq!(words(&stack.statement(text)?, "relations_written")?, ["public.quick"], "{text}");
    }
    let renamed = stack.statement("INSERT INTO quicker VALUES (2, 'x')")?;
    assert_eq!(words(&renamed, "relations_written")?, ["public.quicker"]);
    let passing = stack.statement("INSERT INTO passing VALUES (3)")?;
    let written = words(&passing, "relations_written")?;
    assert_eq!(written, ["pg_temp.passing"]);
    Ok(())
}

#[test]
fn a_table_that_was_just_made_is_read_without_all_others() -> Result<()> {
    let stack = Stack::start()?;
    let logs = format!("ALTER DATABASE {} SET log_statement = 'all'", stack.database);
    psql::run(&stack.superuser(), &logs)?.success()?;
    let mut client = Client::connect(&stack.alice()?)?;
    client.first("SELECT id FROM orders")?;
    let before = readings(&stack)?;
    for _ in 0..TIMES {
        client.first(
            "BEGIN; CREATE TEMP TABLE inner_one (id int, email text) ON COMMIT DROP; \
             INSERT INTO inner_one VALUES (1, 'in-clear'); SELECT id FROM inner_one; COMMIT",
        )?;
    }
    let more = readings(&stack)? - before;
    // From time to time all is read.
    ensure!(more < TIMES / 2, "{more} readings");
    let before = readings(&stack)?;
    for _ in 0..TIMES {
        client.first("CREATE TEMP TABLE one (id int, email text)")?;
        client.first("INSERT INTO one VALUES (1, 'in-clear')")?;
        assert_eq!(client.first("SELECT id, email FROM one")?, "1|***");
        client.first("DROP TABLE one")?;
    }
    let more = readings(&stack)? - before;
    ensure!(more < TIMES, "{more} readings");
    client.first("CREATE TEMP TABLE other (id int)")?;
    client.first("INSERT INTO other VALUES (1)")?;
    client.first("ALTER TABLE other ADD COLUMN last_name text DEFAULT 'in-clear'")?;
    assert_eq!(client.first("SELECT id, last_name FROM other")?, "1|***");
    Ok(())
}

/// What is not told by the columns of a table alone.
#[test]
fn what_hangs_on_a_table_that_was_just_made_is_known_at_its_first_result() -> Result<()> {
    let stack = Stack::start()?;
    let owner = stack.owner();
    psql::run(
        &owner,
        "CREATE TABLE kept (id int, last_name text); INSERT INTO kept VALUES (1, 'alicecanary'); \
         CREATE TABLE parted (id int, last_name text) PARTITION BY RANGE (id); \
         CREATE TYPE known_by AS (last_name text); \
         CREATE DOMAIN word AS text; \
         CREATE TABLE telling (id int, note text); \
         CREATE FUNCTION tells() RETURNS trigger LANGUAGE plpgsql \
             AS 'BEGIN INSERT INTO telling SELECT id, last_name FROM kept; RETURN NEW; END'",
    )?
    .success()?;
    let mut client = Client::connect(&stack.alice()?)?;
    assert_eq!(client.first("SELECT last_name FROM kept")?, "***");
    let cases = [
        ("CREATE VIEW new AS SELECT last_name AS v FROM kept", "SELECT v FROM new"),
        ("CREATE VIEW new AS SELECT lower(last_name) AS v FROM kept", "SELECT v FROM new"),
        ("CREATE MATERIALIZED VIEW new AS SELECT last_name AS v FROM kept", "SELECT v FROM new"),
        (
            "CREATE TABLE new (v text); COMMENT ON COLUMN new.v IS 'last name'; INSERT INTO new VALUES ('alicecanary')",
            "SELECT v FROM new",
        ),
        (
            "CREATE TABLE new () INHERITS (kept); INSERT INTO new VALUES (2, 'alicecanary')",
            "SELECT last_name FROM new",
        ),
        (
            "CREATE TABLE new PARTITION OF parted FOR VALUES FROM (0) TO (9); INSERT INTO new VALUES (2, 'alicecanary')",
            "SELECT last_name FROM new",
        ),
        ("CREATE TABLE new OF known_by; INSERT INTO new VALUES ('alicecanary')", "SELECT last_name FROM new"),
        (
            "CREATE TABLE new (last_name text, v text GENERATED ALWAYS AS (last_name || '') STORED); INSERT INTO new VALUES ('alicecanary')",
            "SELECT v FROM new",
        ),
        (
            "CREATE TABLE new (id int, v known_by); INSERT INTO new VALUES (1, ROW('alicecanary'))",
            "SELECT v FROM new",
        ),
        (
            "CREATE TABLE new (id int, v known_by[]); INSERT INTO new VALUES (1, ARRAY[ROW('alicecanary')::known_by])",
            "SELECT v FROM new",
        ),
        (
            "CREATE TABLE new (last_name word); INSERT INTO new VALUES ('alicecanary')",
            "SELECT last_name FROM new",
        ),
        ("CREATE TABLE new (last_name text); INSERT INTO new VALUES ('alicecanary')", "SELECT new FROM new"),
        (
            "CREATE TABLE new (id int); CREATE TRIGGER tells AFTER INSERT ON new FOR EACH ROW EXECUTE FUNCTION tells()",
            "SELECT id FROM new; INSERT INTO new VALUES (1); SELECT note FROM telling",
        ),
    ];
    let mut wrong = String::new();
    for (made, read) in cases {
        psql::run(&owner, made)?.success()?;
        for text in read.split("; ") {
            let answer = client.ask(text)?;
            if answer.rows.iter().any(|row| row.contains("alicecanary")) || answer.error.is_some() {
                writeln!(wrong, "{made}: {text}: {answer:?}")?;
            }
        }
        let kind = match made.split_whitespace().nth(1) {
            Some("VIEW") => "VIEW",
            Some("MATERIALIZED") => "MATERIALIZED VIEW",
            _ => "TABLE",
        };
        psql::run(&owner, &format!("DROP {kind} new CASCADE"))?.success()?;
    }
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// What a table says of its rows counts from the first result on.
#[test]
fn conditions_on_a_table_that_was_just_made_are_known_to_be_true_of_each_row() -> Result<()> {
    let stack = Stack::start()?;
    let mut client = Client::connect(&stack.alice()?)?;
    for (made, condition) in [
        ("id int PRIMARY KEY", "id IS NOT NULL"),
        ("id serial PRIMARY KEY", "id > 0"),
        ("id int NOT NULL, v varchar(3)", "id >= -2147483648"),
    ] {
        client.first(&format!("CREATE TABLE filled ({made})"))?;
        client.first("SELECT id FROM filled")?;
        let answer = client.ask(&format!("DELETE FROM filled WHERE {condition}"))?;
        let error = answer.error.unwrap_or_default();
        ensure!(error.contains("no-unfiltered-write"), "{made}: {condition}: {error}");
        psql::run(&stack.owner(), "DROP TABLE filled")?.success()?;
    }
    Ok(())
}
