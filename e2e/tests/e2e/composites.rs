//! Records of composite types and whole rows are masked field by field, in each format, and stay what PostgreSQL reads again.

use anyhow::{Context, Result, ensure};
use e2e::psql;

use crate::leaks::{run_binary, run_copied};
use crate::stack::Stack;

/// Records with signs that are written between quotes, with NULLs and with nothing.
const OBJECTS: &str = r#"
    CREATE TYPE contact AS (label text, email text, n int, seen date);
    CREATE TABLE clients (id int, c contact, cs contact[], note text);
    INSERT INTO clients VALUES
        (1, ('plain', 'ada.canary@example.org', 7, '2024-01-01'), ARRAY[('plain', 'ada.canary@example.org', 7, NULL)::contact], 'a'),
        (2, ('a "b", (c\d)', '"eve canary"@example.org', 8, NULL), NULL, 'b'),
        (3, (NULL, NULL, NULL, NULL), NULL, 'c'), (4, NULL, NULL, 'd'), (5, ('', '', 0, 'infinity'), NULL, '');
    CREATE TABLE persons (id int, label text, email text, born_on date, n numeric(6, 2));
    INSERT INTO persons VALUES (1, 'x, y', 'ada.canary@example.org', '1815-12-10', 1.50);
    CREATE VIEW seen_persons AS SELECT id, label, email, upper(email) AS loud FROM persons;
"#;

fn with_records() -> Result<Stack> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), OBJECTS)?.success()?;
    Ok(stack)
}

#[test]
fn fields_are_masked_and_the_rest_of_a_record_stays() -> Result<()> {
    let stack = with_records()?;
    let alice = stack.alice()?;
    let through = psql::run(&alice, "SELECT c FROM clients ORDER BY id")?.success()?;
    let lines: Vec<&str> = through.lines().collect();
    ensure!(lines.first() == Some(&"(plain,a***@***.org,7,2024-01-01)"), "{through}");
    ensure!(
        lines.get(1).is_some_and(|line| line.starts_with(r#"("a ""b"", (c\\d)","#) && line.ends_with(",8,)")),
        "{through}"
    );
    ensure!(lines.get(2..4) == Some(&["(,,,)", ""]), "{through}");
    ensure!(lines.get(4).is_some_and(|line| line.ends_with(",0,infinity)")), "{through}");
    // What is masked is a record again.
    for line in lines.iter().filter(|line| !line.is_empty()) {
        let read =
            format!("SELECT ('{}'::contact).n IS NULL OR ('{0}'::contact).n >= 0", line.replace('\'', "''"));
        ensure!(stack.truth(&read)? == "t", "{line}");
    }
    for text in [
        "SELECT p FROM persons p",
        "SELECT persons FROM persons",
        "SELECT s FROM seen_persons s",
        "SELECT c, id FROM clients ORDER BY id",
        "DECLARE k CURSOR WITH HOLD FOR SELECT c FROM clients ORDER BY id; FETCH ALL FROM k",
        "INSERT INTO clients (id, c) SELECT 9, c FROM clients WHERE id = 1 RETURNING c",
    ] {
        let direct = psql::run(&stack.owner(), &format!("BEGIN; {text}; ROLLBACK"))?.success()?;
        ensure!(direct.contains("canary"), "{text} is no attack: {direct}");
        let through = psql::run(&alice, &format!("BEGIN; {text}; ROLLBACK"))?.success()?;
        ensure!(!through.to_lowercase().contains("canary"), "{text} leaks: {through}");
        let is_whole = through.contains("x, y") || through.contains("plain");
        ensure!(is_whole, "{text} shows nothing: {through}");
    }
    for text in ["COPY clients (c) TO STDOUT", "COPY clients TO STDOUT (FORMAT csv)"] {
        let direct = psql::run(&stack.owner(), text)?.success()?;
        ensure!(direct.contains("canary"), "{text} is no attack: {direct}");
        let through = psql::run(&alice, text)?.success()?;
        ensure!(!through.contains("canary") && through.contains("plain"), "{text}: {through}");
    }
    for (text, format) in ["SELECT c FROM clients", "SELECT p FROM persons p"]
        .iter()
        .flat_map(|text| ["text", "csv", "binary"].map(|format| (text, format)))
    {
        let direct = run_copied(&stack.owner(), text, format)?.stdout;
        ensure!(direct.contains("canary"), "{text} in {format} is no attack: {direct}");
        let through = run_copied(&alice, text, format)?.stdout;
        ensure!(!through.contains("canary"), "{text} in {format} leaks: {through}");
        ensure!(through.contains("plain") || through.contains("x, y"), "{text} in {format}: {through}");
    }
    let through = psql::run(&alice, "SELECT p FROM persons p")?.success()?;
    ensure!(through.trim() == r#"(1,"x, y",a***@***.org,,1.50)"#, "{through}");
    for text in ["SELECT c FROM clients", "SELECT p FROM persons p"] {
        let through = run_binary(&alice, text)?.stdout;
        ensure!(!through.contains("canary"), "{text}: {through}");
        ensure!(through.contains("plain") || through.contains("x, y"), "{text}: {through}");
    }
    Ok(())
}

#[test]
fn what_is_no_record_of_a_known_type_is_not_shown() -> Result<()> {
    let stack = with_records()?;
    psql::run(&stack.owner(), "DROP VIEW seen_persons")?.success()?;
    let alice = stack.alice()?;
    for text in [
        "SELECT cs FROM clients WHERE id = 1",
        "SELECT ROW(label, email) FROM persons",
        "SELECT ROW(label, email, 1, NULL)::contact FROM persons",
        "SELECT (SELECT p FROM persons p)",
        "SELECT q FROM (SELECT * FROM persons) q",
        "SELECT array_agg(c) FROM clients",
        "BEGIN; ALTER TABLE persons DROP COLUMN label; ALTER TABLE persons ADD label text; SELECT p FROM persons p; ROLLBACK",
        "BEGIN; ALTER TYPE contact DROP ATTRIBUTE label, ADD ATTRIBUTE other text; SELECT c FROM clients; ROLLBACK",
    ] {
        let direct = psql::run(&stack.owner(), text)?.success()?;
        ensure!(direct.contains("canary"), "{text} is no attack: {direct}");
        let through = psql::run(&alice, text)?;
        ensure!(!through.stdout.contains("canary"), "{text} leaks: {through:?}");
    }
    Ok(())
}

/// What is put together in a record can be in any field.
#[test]
fn what_is_written_into_a_record_stays_hidden_in_it() -> Result<()> {
    let stack = with_records()?;
    let alice = stack.alice()?;
    let copied = "INSERT INTO clients (id, c) SELECT 20, c FROM clients WHERE id = 1";
    psql::run(&alice, copied)?.success()?;
    let through = psql::run(&alice, "SELECT c FROM clients WHERE id = 20")?.success()?;
    ensure!(through.trim() == "(plain,a***@***.org,7,2024-01-01)", "{through}");
    Ok(())
}

/// Ways to put a value into a field that is harmless, each with the id of the row.
const PUT_TOGETHER: [(u8, &str); 8] = [
    (21, "INSERT INTO clients (id, c) SELECT 21, ROW(email, NULL, 1, NULL)::contact FROM persons"),
    (22, "INSERT INTO clients (id, c.label) SELECT 22, reverse(email) FROM persons"),
    (1, "UPDATE clients SET c.label = (SELECT email FROM persons) WHERE id = 1"),
    (
        23,
        "INSERT INTO clients (id, c) SELECT 23, q.c FROM (SELECT ROW(email, NULL, 1, NULL)::contact AS c FROM persons) q",
    ),
    (
        24,
        "WITH q AS (SELECT ROW(email, NULL, 1, NULL)::contact AS c FROM persons) INSERT INTO clients (id, c) SELECT 24, c FROM q",
    ),
    (
        25,
        "BEGIN; CREATE TEMP TABLE t ON COMMIT DROP AS SELECT ROW(email, NULL, 1, NULL)::contact AS c FROM persons; \
        INSERT INTO clients (id, c) SELECT 25, c FROM t; COMMIT",
    ),
    (
        26,
        "BEGIN; CREATE VIEW v AS SELECT ROW(email, NULL, 1, NULL)::contact AS c FROM persons; INSERT INTO clients (id, c) SELECT 26, c FROM v; COMMIT",
    ),
    (
        27,
        "DO $$ DECLARE r contact; BEGIN SELECT email INTO r.label FROM persons; INSERT INTO clients (id, c) VALUES (27, r); END $$",
    ),
];

/// Each with a type of its own: one that has something in it once has it for good.
#[test]
fn what_is_put_together_is_hidden_in_each_field() -> Result<()> {
    for (id, written) in PUT_TOGETHER {
        let stack = with_records()?;
        let alice = stack.alice()?;
        psql::run(&alice, written)?.success().with_context(|| written.to_owned())?;
        let read = format!("SELECT c FROM clients WHERE id = {id}");
        let direct = psql::run(&stack.owner(), &read)?.success()?;
        ensure!(direct.contains("canary") || direct.contains("yranac"), "{written}: {direct}");
        let through = psql::run(&alice, &read)?.success()?;
        ensure!(!through.contains("canary") && !through.contains("yranac"), "{written}: {through}");
    }
    Ok(())
}
