//! What is written elsewhere of a part of a value stays one: where it is compared, and where a key that it refers to is taken away.

use anyhow::Result;
use e2e::psql;

use crate::stack::Stack;

const PEOPLE: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, full_name text, email text, phone text); \
    INSERT INTO people VALUES (1, 'Anna Miller', 'anna@shop.org', '1'), (2, 'Zoe Young', 'zoe@shop.org', '2'); \
    CREATE TABLE dict (dn int, dc text); INSERT INTO dict SELECT n, chr(n) FROM generate_series(32, 126) n; \
    CREATE TABLE own (id int, full_name text, email text); CREATE TABLE copied (id int, a text); CREATE TABLE short (id int, full_name \"char\"); \
    CREATE TABLE whole (id int, full_name text); CREATE VIEW over_own AS SELECT id, full_name AS n FROM own; CREATE TABLE again (id int, full_name text)";

/// What writes letters into columns that have classes of their own, and what compares them.
const LETTERS: [(&str, &str); 5] = [
    (
        "INSERT INTO own SELECT id, left(full_name, 1), substr(full_name, 2, 1) FROM people",
        "SELECT count(*) FROM dict JOIN own ON dc = full_name",
    ),
    ("SELECT 1", "SELECT count(*) FROM dict JOIN over_own ON dc = n"),
    (
        "INSERT INTO again SELECT id, full_name FROM own",
        "SELECT count(*) FROM dict JOIN again ON dc = full_name",
    ),
    (
        "INSERT INTO copied SELECT id, full_name FROM people; UPDATE copied SET a = left(a, 1) WHERE id > 0",
        "SELECT count(*) FROM dict JOIN copied ON dc = a",
    ),
    (
        "INSERT INTO short SELECT id, full_name FROM people",
        "SELECT count(*) FROM dict JOIN short ON dc = full_name::text",
    ),
];

#[test]
fn letters_under_names_of_whole_values_are_letters() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 20\n")?;
    psql::run(&stack.owner(), PEOPLE)?.success()?;
    let alice = stack.alice()?;
    psql::run(&alice, "INSERT INTO whole SELECT id, initcap(full_name) FROM people")?.success()?;
    let mut wrong = Vec::new();
    for (written, told) in LETTERS {
        psql::run(&alice, written)?.success()?;
        assert_ne!(psql::run(&stack.owner(), told)?.success()?.trim(), "0", "{told}");
        let asked = psql::run(&alice, told)?;
        if !asked.stderr.contains("max-probes-per-hour") {
            wrong.push(format!("{told}\n{}{}", asked.stdout, asked.stderr));
        }
    }
    for text in [
        "SELECT count(*) FROM whole JOIN people USING (full_name)",
        "SELECT count(*) FROM people WHERE full_name = 'Anna Miller'",
        "SELECT count(*) FROM dict JOIN people ON full_name = dc",
    ] {
        psql::run(&alice, text)?.success()?;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Tables of letters and of whole values, and what refers to them.
const KEYS: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, full_name text, email text UNIQUE); INSERT INTO people VALUES (1, 'Anna Miller', 'anna@shop.org'), (2, 'Zoe Young', 'zoe@shop.org'); \
    CREATE TABLE letters (c text PRIMARY KEY, n int); INSERT INTO letters SELECT chr(n), n FROM generate_series(65, 90) n; \
    CREATE TABLE refers (id int, c text REFERENCES letters ON UPDATE CASCADE); \
    CREATE TABLE gone (c text PRIMARY KEY); INSERT INTO gone SELECT c FROM letters; CREATE TABLE goes (id int, c text REFERENCES gone ON DELETE CASCADE); \
    CREATE TABLE pairs (c text, n int, PRIMARY KEY (c, n)); INSERT INTO pairs SELECT c, 0 FROM letters; \
    CREATE TABLE two (id int, c text, n int, FOREIGN KEY (c, n) REFERENCES pairs ON UPDATE CASCADE); \
    CREATE TABLE mails (id int, email text REFERENCES people (email)); INSERT INTO mails VALUES (1, 'anna@shop.org'); \
    CREATE TABLE plans (id int PRIMARY KEY); INSERT INTO plans VALUES (1), (2); CREATE TABLE visits (id int, plan int REFERENCES plans); INSERT INTO visits VALUES (1, 1)";

#[test]
fn keys_that_are_taken_away_do_not_say_which_values_refer_to_them() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 2\n")?;
    psql::run(&stack.owner(), KEYS)?.success()?;
    let alice = stack.alice()?;
    let letters = "INSERT INTO refers SELECT id, left(full_name, 1) FROM people; INSERT INTO goes SELECT id, left(full_name, 1) FROM people; INSERT INTO two SELECT id, left(full_name, 1), 0 FROM people";
    psql::run(&alice, letters)?.success()?;
    let mut wrong = Vec::new();
    for text in [
        "DELETE FROM letters WHERE c <> '#'",
        "DELETE FROM letters WHERE n < 70",
        "UPDATE letters SET c = c || 'x' WHERE n > 0",
        "UPDATE pairs SET n = ascii(c) WHERE n = 0",
        "DELETE FROM gone WHERE c > 'B'",
        "DO $$ BEGIN DELETE FROM gone WHERE c > 'B'; END $$",
    ] {
        let asked = psql::run(&alice, text)?;
        if !asked.stderr.contains("max-probes-per-hour") {
            wrong.push(format!("{text}\n{}{}", asked.stdout, asked.stderr));
        }
    }
    // One by one, as other questions.
    for (text, is_asked) in [
        ("DELETE FROM letters WHERE c = 'A'", true),
        ("DELETE FROM gone WHERE c = 'B'", true),
        ("DELETE FROM gone WHERE c = 'C'", false),
    ] {
        let asked = psql::run(&alice, text)?;
        if asked.stderr.contains("max-probes-per-hour") == is_asked || asked.stderr.contains("refers") {
            wrong.push(format!("{text}\n{}{}", asked.stdout, asked.stderr));
        }
    }
    let whole = psql::run(&alice, "DELETE FROM people WHERE id > 0")?;
    if !whole.stderr.contains("ERROR") || ["anna", "mails"].iter().any(|told| whole.stderr.contains(told)) {
        wrong.push(whole.stderr);
    }
    let harmless = psql::run(&alice, "DELETE FROM plans WHERE id > 0")?;
    if !harmless.stderr.contains("Key (id)=(1) is still referenced from table \"visits\"") {
        wrong.push(harmless.stderr);
    }
    psql::run(&alice, "UPDATE letters SET n = n + 1 WHERE n > 0; DELETE FROM plans WHERE id = 2")?
        .success()?;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
