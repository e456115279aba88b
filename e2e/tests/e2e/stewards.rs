//! Data stewards say what columns hold: it counts at once, for the column and no other, over renames and restarts, and is recorded.

use std::process::Output;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::proxy::scram_secret;
use e2e::{binaries, psql, wait};

use crate::driver::{block_on, connect};
use crate::reload::{RELOADED, reload};
use crate::stack::{Stack, text};

/// How long something may take to be seen.
const SEEN: Duration = Duration::from_secs(60);

/// Of bob and carol.
const PASSWORD: &str = "a password of stewards";

/// A stack with bob, who is a data steward, and carol, who is not.
fn stack(sections: &str) -> Result<Stack> {
    let secret = scram_secret(PASSWORD)?;
    Stack::start_with(&format!(
        "{sections}[approvals]\nsteward-group = \"stewards\"\n\
         [[user]]\nname = \"bob\"\ngroups = [\"stewards\"]\nscram-secret = \"{secret}\"\n\
         [[user]]\nname = \"carol\"\nscram-secret = \"{secret}\"\n"
    ))
}

fn console(stack: &Stack, user: &str, command: &str) -> Result<psql::Output> {
    psql::run(&stack.alice()?.as_user(user, PASSWORD).to_database("picket"), command)
}

/// bob says it.
fn says(stack: &Stack, column: &str, class: &str) -> Result<()> {
    let command = format!("CLASSIFY {} {column} AS {class} 'it''s a test'", stack.database);
    console(stack, "bob", &command)?.success()?;
    Ok(())
}

fn picket(stack: &Stack, args: &[&str]) -> Result<Output> {
    let conninfo = format!("host=127.0.0.1 port={} user=bob dbname=picket", stack.alice()?.port);
    let mut command = binaries::command("picket")?;
    command.args(["classify"]).args(args).args(["--on", &stack.database]);
    Ok(command.env("PICKET_CONSOLE", conninfo).env("PGPASSWORD", PASSWORD).output()?)
}

fn shown(stack: &Stack, query: &str) -> Result<String> {
    Ok(psql::run(&stack.alice()?, query)?.success()?.trim().to_owned())
}

fn make(stack: &Stack, sql: &str) -> Result<()> {
    psql::run(&stack.owner(), sql)?.success()?;
    Ok(())
}

/// Waits until alice is shown that.
fn comes(stack: &Stack, query: &str, answer: &str) -> Result<()> {
    wait::until(format!("{query} to say {answer}"), SEEN, || {
        Ok((shown(stack, query)? == answer).then_some(()))
    })
}

#[test]
fn what_a_steward_says_counts_at_once_and_over_renames_and_restarts() -> Result<()> {
    let mut stack = stack("")?;
    make(
        &stack,
        "CREATE TABLE parts (id int, email text, plain text); INSERT INTO parts VALUES (1, 'ann@shop.org', 'blue')",
    )?;
    let query = "SELECT email, plain FROM parts";
    comes(&stack, query, "a***@***.org|blue")?;
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let prepared = client.prepare(query).await?;
        let row = client.query_one(&prepared, &[]).await?;
        assert_ne!(row.get::<_, &str>(0), "ann@shop.org");
        let output = picket(&stack, &["set", "public.parts.email", "none", "--reason", "part numbers"])?;
        ensure!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "it counts from now on\n");
        // The session goes on, and so does the statement that it has prepared.
        let row = client.query_one(&prepared, &[]).await?;
        assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("ann@shop.org", "blue"));
        says(&stack, "public.parts.plain", "credential")?;
        let row = client.query_one(&prepared, &[]).await?;
        assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("ann@shop.org", "***"));
        anyhow::Ok(())
    })?;
    assert_eq!(shown(&stack, query)?, "ann@shop.org|***");

    let raised =
        format!("SELECT * FROM alerts FINAL WHERE kind = 'reclassified' AND message LIKE '%{}%'", "email");
    let alert = stack.ledger.wait_row("the alert", &raised)?;
    let expected =
        format!("bob says of public.parts.email in {} that it is `none`: part numbers", stack.database);
    assert_eq!(text(&alert, "message")?, expected);
    let history = |object: &str, class: &str| {
        format!(
            "SELECT * FROM column_classes FINAL WHERE object = '{object}' AND class = '{class}' AND evidence = 'correction by bob'"
        )
    };
    stack.ledger.wait_row("what is known of it", &history("public.parts.email", ""))?;
    stack.ledger.wait_row("what is known of the other", &history("public.parts.plain", "credential"))?;

    make(
        &stack,
        "ALTER TABLE parts RENAME COLUMN email TO mail; ALTER TABLE parts RENAME COLUMN plain TO dull",
    )?;
    let query = "SELECT mail, dull FROM parts";
    comes(&stack, query, "ann@shop.org|***")?;
    stack.proxy.stop()?;
    stack.proxy.restart()?;
    comes(&stack, query, "ann@shop.org|***")?;

    // What Picket finds counts again: at once, and what it has found before.
    says(&stack, "public.parts.mail", "auto")?;
    says(&stack, "public.parts.dull", "auto")?;
    comes(&stack, query, "a***@***.org|blue")?;
    let output = picket(&stack, &["set", "public.parts.mail", "auto", "--reason", "once more"])?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(1) && told.contains("nothing was said of public.parts.mail"),
        "{told}"
    );
    Ok(())
}

#[test]
fn nobody_else_says_anything_and_nothing_odd_is_said() -> Result<()> {
    let mut stack = stack("[upstream.columns]\n\"public.parts.sku\" = \"none\"\n")?;
    make(
        &stack,
        "CREATE TABLE parts (id int, email text, sku text); CREATE TABLE \"a.b\" (c text); CREATE SCHEMA a; \
         CREATE TABLE \"public\".\"a\" (\"b.c\" text)",
    )?;
    let shop = stack.database.clone();
    let long = "x".repeat(501);
    for (user, command, why) in [
        (
            "carol",
            format!("CLASSIFY {shop} public.parts.email AS none 'x'"),
            "only somebody of stewards says",
        ),
        ("carol", format!("RESCAN {shop}"), "only somebody of stewards says"),
        ("bob", format!("CLASSIFY {shop} public.parts.email AS none"), "say why"),
        ("bob", format!("CLASSIFY {shop} public.parts.email AS none ' '"), "say why"),
        ("bob", format!("CLASSIFY {shop} public.parts.email AS none '{long}'"), "say why"),
        (
            "bob",
            format!("CLASSIFY {shop} public.parts.email AS mail 'x'"),
            "\"mail\" is no class: it is `email`, `phone`",
        ),
        ("bob", format!("CLASSIFY {shop} public.parts.email AS NONE 'x'"), "\"NONE\" is no class"),
        ("bob", format!("CLASSIFY {shop} parts.email AS none 'x'"), "no column \"parts.email\""),
        ("bob", format!("CLASSIFY {shop} public.parts AS none 'x'"), "no column \"public.parts\""),
        ("bob", format!("CLASSIFY {shop} email AS none 'x'"), "\"email\" names no column"),
        ("bob", format!("CLASSIFY {shop} public.parts.* AS none 'x'"), "\"public.parts.*\""),
        (
            "bob",
            format!("CLASSIFY {shop} public.parts.nothing AS none 'x'"),
            "no column \"public.parts.nothing\"",
        ),
        ("bob", format!("CLASSIFY {shop} pg_catalog.pg_authid.rolpassword AS none 'x'"), "no column"),
        ("bob", format!("CLASSIFY {shop} 'public.a.b.c' AS none 'x'"), "names no column"),
        ("bob", format!("CLASSIFY {shop} 'public.\"a.b\".c' AS none 'x'"), "no column \"public.a.b.c\""),
        (
            "bob",
            format!("CLASSIFY {shop} public.parts.sku AS email 'x'"),
            "`upstream.columns` of the configuration says",
        ),
        (
            "bob",
            format!("CLASSIFY {shop} public.parts.email AS auto 'x'"),
            "nothing was said of public.parts.email",
        ),
        (
            "bob",
            "CLASSIFY elsewhere public.parts.email AS none 'x'".to_owned(),
            "\"elsewhere\" is not in Picket's configuration",
        ),
        ("bob", "RESCAN elsewhere".to_owned(), "\"elsewhere\" is not in Picket's configuration"),
    ] {
        let output = console(&stack, user, &command)?;
        ensure!(output.code != 0 && output.stderr.contains(why), "{command}: {}", output.stderr);
    }
    assert!(
        !stack
            .ledger
            .rows("SELECT 1 AS n FROM alerts FINAL WHERE kind = 'reclassified'")
            .is_ok_and(|rows| !rows.is_empty())
    );
    reload(&mut stack, RELOADED, |text| {
        text.replace("steward-group = \"stewards\"", "kill-group = \"stewards\"")
    })?;
    let output = console(&stack, "bob", &format!("CLASSIFY {shop} public.parts.email AS none 'x'"))?;
    ensure!(output.stderr.contains("`approvals.steward-group` names no group"), "{}", output.stderr);
    Ok(())
}

#[test]
fn it_is_said_of_a_column_and_not_of_its_name() -> Result<()> {
    let stack = stack("")?;
    let made = "CREATE TABLE parts (id int, email text); INSERT INTO parts VALUES (1, 'ann@shop.org')";
    make(&stack, made)?;
    says(&stack, "public.parts.email", "none")?;
    let query = "SELECT email FROM parts";
    assert_eq!(shown(&stack, query)?, "ann@shop.org");
    // Another column of that name.
    make(
        &stack,
        "ALTER TABLE parts RENAME email TO old; ALTER TABLE parts ADD email text DEFAULT 'bea@shop.org'",
    )?;
    comes(&stack, "SELECT old, email FROM parts", "ann@shop.org|b***@***.org")?;
    // Another table of that name.
    make(&stack, &format!("DROP TABLE parts; {made}"))?;
    comes(&stack, query, "a***@***.org")?;
    // Another schema, and a temporary table of that name.
    says(&stack, "public.parts.email", "none")?;
    make(&stack, &format!("CREATE SCHEMA other; SET search_path = other; {made}"))?;
    comes(&stack, "SELECT p.email, o.email FROM parts p, other.parts o", "ann@shop.org|a***@***.org")?;
    let temporary = "CREATE TEMP TABLE parts (email text); INSERT INTO parts VALUES ('ann@shop.org'); SELECT email FROM parts";
    let output = psql::run(&stack.alice()?, temporary)?;
    ensure!(!output.stdout.contains("ann@shop.org"), "{}", output.stdout);
    Ok(())
}

#[test]
fn what_reads_the_column_keeps_its_own_class_and_what_is_said_spreads() -> Result<()> {
    let stack = stack("")?;
    make(
        &stack,
        "CREATE TABLE parts (id int, code text) PARTITION BY LIST (id); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
         INSERT INTO parts VALUES (1, 'blue'); CREATE VIEW all_parts AS SELECT code AS what FROM parts;
         CREATE FUNCTION code() RETURNS text LANGUAGE sql STABLE AS 'SELECT code FROM parts'",
    )?;
    comes(&stack, "SELECT code, (SELECT what FROM all_parts), code() FROM parts_1", "blue|blue|blue")?;
    says(&stack, "public.parts.code", "person_name")?;
    for query in [
        "SELECT code FROM parts",
        "SELECT code FROM parts_1",
        "SELECT what FROM all_parts",
        "SELECT code()",
        "SELECT upper(code) FROM parts",
        "SELECT string_agg(code, ',') FROM parts",
        "SELECT row_to_json(parts) FROM parts",
        "COPY parts_1 TO STDOUT",
        "TABLE all_parts",
    ] {
        let output = psql::run(&stack.alice()?, query)?;
        let all = output.stdout.to_lowercase();
        ensure!(!all.contains("blue"), "{query}: {}", output.stdout);
    }
    says(&stack, "public.parts.code", "none")?;
    assert_eq!(shown(&stack, "SELECT code FROM parts")?, "blue");
    assert_ne!(shown(&stack, "SELECT code FROM parts_1")?, "blue", "of this nothing was said");
    Ok(())
}

#[test]
fn what_is_written_there_meanwhile_is_not_forgotten() -> Result<()> {
    let mut stack = stack("[policy.mode]\nno-unfiltered-write = \"observe\"\n")?;
    make(
        &stack,
        "CREATE TABLE people (id int, surname text); INSERT INTO people VALUES (1, 'Winterbottom');
         CREATE TABLE parts (id int, label text); INSERT INTO parts VALUES (1, 'blue')",
    )?;
    let query = "SELECT label FROM parts ORDER BY id";
    comes(&stack, query, "blue")?;
    says(&stack, "public.parts.label", "none")?;
    shown(&stack, "INSERT INTO parts SELECT 2, surname FROM people")?;
    shown(&stack, "INSERT INTO parts SELECT 2, surname FROM people")?;
    ensure!(shown(&stack, query)?.contains("Winterbottom"), "a steward has said that nothing is in it");
    stack.proxy.stop()?;
    stack.proxy.restart()?;
    ensure!(shown(&stack, query)?.contains("Winterbottom"), "it is still said");
    says(&stack, "public.parts.label", "auto")?;
    ensure!(!shown(&stack, query)?.contains("Winterbottom"), "it is known what was written");
    Ok(())
}

#[test]
fn a_rescan_looks_at_what_was_looked_at_already() -> Result<()> {
    let stack = stack("")?;
    make(
        &stack,
        "CREATE TABLE parts (id int, label text); INSERT INTO parts SELECT n, 'blue' FROM generate_series(1, 60) n",
    )?;
    let query = "SELECT label FROM parts ORDER BY id DESC LIMIT 1";
    comes(&stack, query, "blue")?;
    make(&stack, "UPDATE parts SET label = 'ann' || id || '@shop.org'")?;
    let output = picket(&stack, &["rescan"])?;
    ensure!(output.status.success(), "{output:?}");
    let known = "SELECT * FROM column_classes FINAL WHERE object = 'public.parts.label' AND class = 'email' AND evidence = 'values'";
    stack.ledger.wait_row("what values tell", known)?;
    ensure!(!shown(&stack, query)?.contains("ann60@"), "it is masked");
    // They are looked at again, and tell the same: nothing else is what told it.
    for _ in 0..2 {
        let output = picket(&stack, &["rescan"])?;
        ensure!(output.status.success(), "{output:?}");
    }
    make(&stack, "CREATE TABLE later (email text)")?;
    shown(&stack, "SELECT email FROM later")?;
    stack.ledger.wait_row(
        "what came later",
        "SELECT * FROM column_classes FINAL WHERE object = 'public.later.email'",
    )?;
    stack.ledger.wait_row("still the same", &known.replace("column_classes FINAL", "classified_columns"))?;
    Ok(())
}

#[test]
fn what_cannot_be_looked_at_again_is_as_it_was() -> Result<()> {
    let stack = stack("")?;
    make(
        &stack,
        "CREATE TABLE parts (id int, label text); INSERT INTO parts SELECT n, 'blue' FROM generate_series(1, 200) n;
         INSERT INTO parts VALUES (201, 'ann@shop.org')",
    )?;
    // One of many is no e-mail column: its values are not searched any more.
    let query = "SELECT label FROM parts WHERE id = 201";
    comes(&stack, query, "ann@shop.org")?;
    let mut alice = psql::Session::start(&stack.alice()?)?;
    alice.ask("BEGIN; LOCK TABLE parts IN ACCESS EXCLUSIVE MODE;")?;
    // What is asked for is read behind what was looked at before.
    for _ in 0..2 {
        let output = picket(&stack, &["rescan"])?;
        ensure!(output.status.success(), "{output:?}");
    }
    let shown = alice.ask(&format!("{query};"))?;
    ensure!(shown.contains("ann@shop.org"), "{shown}");
    alice.ask("ROLLBACK;")?;
    Ok(())
}
