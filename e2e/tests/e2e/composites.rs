//! Records of composite types and whole rows are masked field by field, in each format, and stay what PostgreSQL reads again.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{psql, wait};

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
    CREATE VIEW seen_clients AS SELECT c AS of, id FROM clients; CREATE VIEW seen_twice AS SELECT s.of FROM seen_clients s;
    CREATE MATERIALIZED VIEW kept_clients AS SELECT c FROM clients;
"#;

/// How long values may take to be looked at.
const LOOK_WAIT: Duration = Duration::from_secs(90);

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
        "SELECT of FROM seen_clients",
        "SELECT * FROM seen_twice",
        "SELECT c FROM kept_clients",
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
    let made = "DROP VIEW seen_persons; \
        CREATE VIEW made_clients AS SELECT q.c FROM (SELECT ROW(email, NULL, 1, NULL)::contact AS c FROM persons) q";
    psql::run(&stack.owner(), made)?.success()?;
    let alice = stack.alice()?;
    for text in [
        "SELECT cs FROM clients WHERE id = 1",
        "SELECT ROW(label, email) FROM persons",
        "SELECT ROW(label, email, 1, NULL)::contact FROM persons",
        "SELECT (SELECT p FROM persons p)",
        "SELECT q FROM (SELECT * FROM persons) q",
        "SELECT array_agg(c) FROM clients",
        "SELECT c FROM made_clients",
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

/// Records that statements put together, with what is shown of them.
const PUT_TOGETHER_HERE: [(&str, &str); 8] = [
    ("SELECT ROW(label, email) FROM persons", r#"("x, y",)"#),
    ("SELECT (p.id, lower(p.email), p.n) FROM persons p", "(1,,1.50)"),
    ("SELECT ROW(label, email, 1, NULL)::contact FROM persons", r#"("x, y",,1,)"#),
    ("SELECT ROW(p.*, 5) FROM persons p", r#"(1,"x, y",,,1.50,5)"#),
    ("SELECT q FROM (SELECT id, label, email FROM persons) q", r#"(1,"x, y",)"#),
    ("SELECT q FROM (SELECT * FROM persons) q", r#"(1,"x, y",,,1.50)"#),
    ("SELECT ROW(id, ROW(email, 1), ROW(label)) FROM persons", r#"(1,,"(""x, y"")")"#),
    ("WITH w AS (SELECT label AS a, email AS b FROM persons) SELECT ROW(a, b) FROM w", r#"("x, y",)"#),
];

/// Fields whose values come from where their names do not say, or of rows that something else may be called like.
const PUT_TOGETHER_OTHERWISE: [&str; 6] = [
    "SELECT q FROM (SELECT label, id FROM persons) q, (SELECT ROW(email, id) AS q FROM persons) s",
    "SELECT p FROM (SELECT email AS label, label AS email FROM persons) p",
    "SELECT ROW(q.*) FROM (SELECT email AS label FROM persons) q",
    "SELECT q FROM (SELECT label, email FROM persons UNION ALL SELECT email, label FROM persons) q",
    "SELECT ROW(a) FROM (SELECT email FROM persons) q (a)",
    "SELECT ROW(label, (SELECT email FROM persons), id)::contact FROM (SELECT label, 1 AS id, 2 AS n FROM persons) z",
];

#[test]
fn records_that_are_put_together_are_masked_by_their_fields() -> Result<()> {
    let stack = with_records()?;
    let alice = stack.alice()?;
    for (text, shown) in PUT_TOGETHER_HERE {
        let direct = psql::run(&stack.owner(), text)?.success()?;
        ensure!(direct.contains("canary"), "{text} is no attack: {direct}");
        let through = psql::run(&alice, text)?.success()?;
        ensure!(through.trim() == shown, "{text}: {through}");
        for shown in ["text", "csv", "binary"].map(|format| run_copied(&alice, text, format)) {
            let shown = shown?.stdout;
            ensure!(!shown.contains("canary"), "{text} leaks: {shown}");
            ensure!(
                shown.contains("x, y") || shown.contains("1.50") || !text.contains("label"),
                "{text}: {shown}"
            );
        }
        let binary = run_binary(&alice, text)?.stdout;
        ensure!(!binary.contains("canary"), "{text} leaks: {binary}");
    }
    for text in PUT_TOGETHER_OTHERWISE {
        let through = psql::run(&alice, text)?;
        ensure!(!through.stdout.contains("canary"), "{text} leaks: {through:?}");
    }
    Ok(())
}

/// Names of persons have no form: a sample of the fields tells.
#[test]
fn fields_of_records_are_looked_at_as_columns_are() -> Result<()> {
    let stack = Stack::start()?;
    let made = "CREATE TYPE tn AS (c1 text, plan text); CREATE TABLE tn1 (id int, n tn); \
        INSERT INTO tn1 SELECT i, ROW((ARRAY['Peter', 'Maria', 'Anna', 'Thomas', 'Laura', 'Susan', 'Daniel'])[1 + i % 7] || ' ' || \
            (ARRAY['Smith', 'Brown', 'Miller', 'Jones', 'Wilson'])[1 + i % 5], 'gold')::tn FROM generate_series(1, 60) i";
    psql::run(&stack.owner(), made)?.success()?;
    let alice = stack.alice()?;
    wait::until("names in records", LOOK_WAIT, || {
        let shown = psql::run(&alice, "SELECT n FROM tn1 WHERE id = 1")?.success()?;
        Ok((shown.trim() == "(***,gold)").then_some(()))
    })
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

#[test]
fn records_in_arrays_are_masked_field_by_field() -> Result<()> {
    let stack = with_records()?;
    let more = r#"INSERT INTO clients (id, cs) VALUES
        (6, ARRAY[('a "b", {c\d}', '"eve canary"@example.org', 8, NULL)::contact, NULL]), (7, '{}'), (8, '{NULL}'),
        (9, '[0:0]={"(x,bob.canary@example.org,1,)"}')"#;
    psql::run(&stack.owner(), more)?.success()?;
    let alice = stack.alice()?;
    let read = "SELECT cs FROM clients WHERE cs IS NOT NULL ORDER BY id";
    let through = psql::run(&alice, read)?.success()?;
    let lines: Vec<&str> = through.lines().collect();
    ensure!(lines.first() == Some(&r#"{"(plain,a***@***.org,7,)"}"#), "{through}");
    ensure!(
        lines
            .get(1)
            .is_some_and(|line| line.starts_with(r#"{"(\"a \"\"b\"\", {c\\\\d}\","#)
                && line.ends_with(r#",8,)",NULL}"#)),
        "{through}"
    );
    ensure!(lines.get(2..) == Some(&["{}", "{NULL}", r#"[0:0]={"(x,b***@***.org,1,)"}"#]), "{through}");
    for line in lines {
        ensure!(stack.truth(&format!("SELECT '{line}'::contact[] IS NOT NULL"))? == "t", "{line}");
    }
    for shown in ["text", "csv", "binary"]
        .map(|format| run_copied(&alice, read, format))
        .into_iter()
        .chain([run_binary(&alice, read)])
    {
        let shown = shown?.stdout;
        ensure!(!shown.contains("canary") && shown.contains("plain"), "{shown}");
    }
    let whole = psql::run(&alice, "COPY clients TO STDOUT")?.success()?;
    ensure!(!whole.contains("canary") && whole.matches("plain").count() == 2, "{whole}");
    Ok(())
}

/// What is added to an array of records that stays one is hidden as it was.
#[test]
fn an_array_that_gets_elements_is_what_it_was() -> Result<()> {
    let stack = with_records()?;
    let alice = stack.alice()?;
    for text in [
        "UPDATE clients SET cs = array_append(cs, ROW('more', 'new.canary@example.org', 1, NULL)::contact) WHERE id = 1",
        "UPDATE clients SET cs = cs || ROW('much', 'new.canary@example.org', 1, NULL)::contact WHERE id = 1",
        "INSERT INTO clients (id, cs) SELECT 10, cs FROM clients WHERE id = 1",
    ] {
        psql::run(&alice, text)?.success()?;
    }
    for (id, text) in [(1, "cs"), (10, "cs"), (1, "c")] {
        let shown = psql::run(&alice, &format!("SELECT {text} FROM clients WHERE id = {id}"))?.success()?;
        ensure!(!shown.contains("canary") && shown.contains("(plain,a***@***.org,7"), "{shown}");
        ensure!(text == "c" || shown.contains("more") && shown.contains("much"), "{shown}");
    }
    Ok(())
}

/// Ways to put a value into a field that is harmless of a record in an array, each with the id of the row.
const PUT_INTO_ARRAYS: [(u8, &str); 8] = [
    (
        31,
        "INSERT INTO clients (id, cs) SELECT 31, ARRAY[ROW(split_part(email, '@', 1), NULL, 1, NULL)::contact] FROM persons",
    ),
    (1, "UPDATE clients SET cs[1].label = (SELECT split_part(email, '@', 1) FROM persons) WHERE id = 1"),
    (
        1,
        "UPDATE clients SET cs = array_append(cs, ROW(split_part((cs[1]).email, '@', 1), NULL, 1, NULL)::contact) WHERE id = 1",
    ),
    (
        1,
        "UPDATE clients SET cs = cs || (SELECT array_agg(ROW(split_part(email, '@', 1), NULL, 1, NULL)::contact) FROM persons) WHERE id = 1",
    ),
    (
        1,
        "CREATE SCHEMA own; CREATE FUNCTION own.array_append(contact[], contact) RETURNS contact[] LANGUAGE sql AS $$SELECT ARRAY[ROW(split_part($1[1].email, '@', 1), NULL, 1, NULL)::contact]$$; \
         SET search_path = own, pg_catalog, public; UPDATE clients SET cs = array_append(cs, ROW('x', NULL, 1, NULL)::contact) WHERE id = 1; RESET search_path",
    ),
    (
        1,
        "CREATE SCHEMA own; CREATE FUNCTION own.turn(contact[], contact) RETURNS contact[] LANGUAGE sql AS $$SELECT ARRAY[ROW(split_part($1[1].email, '@', 1), NULL, 1, NULL)::contact]$$; \
         CREATE OPERATOR own.|| (leftarg = contact[], rightarg = contact, function = own.turn); \
         SET search_path = own, pg_catalog, public; UPDATE clients SET cs = cs || ROW('x', NULL, 1, NULL)::contact WHERE id = 1; RESET search_path",
    ),
    (
        34,
        "DO $$ DECLARE r contact[]; BEGIN SELECT ARRAY[ROW(split_part(email, '@', 1), NULL, 1, NULL)::contact] INTO r FROM persons; INSERT INTO clients (id, cs) VALUES (34, r); END $$",
    ),
    (
        35,
        "BEGIN; CREATE TEMP TABLE t ON COMMIT DROP AS SELECT ARRAY[ROW(split_part(email, '@', 1), NULL, 1, NULL)::contact] AS cs FROM persons; \
         INSERT INTO clients (id, cs) SELECT 35, cs FROM t; COMMIT",
    ),
];

#[test]
fn what_is_put_together_in_an_array_is_hidden_in_each_field() -> Result<()> {
    for (id, written) in PUT_INTO_ARRAYS {
        let stack = with_records()?;
        let alice = stack.alice()?;
        psql::run(&alice, written)?.success().with_context(|| written.to_owned())?;
        let read = format!("SELECT cs FROM clients WHERE id = {id}");
        let direct = psql::run(&stack.owner(), &read)?.success()?;
        ensure!(direct.contains("(ada.canary"), "{written}: {direct}");
        let through = psql::run(&alice, &read)?.success()?;
        ensure!(!through.contains("canary"), "{written}: {through}");
    }
    Ok(())
}
