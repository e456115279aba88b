//! What is written elsewhere of a part of a value stays one: where it is compared, and where a key that it refers to is taken away.

use std::time::Duration;

use anyhow::Result;
use e2e::psql;
use e2e::wait::until;

use crate::stack::Stack;

const PEOPLE: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, full_name text, email text, phone text); \
    INSERT INTO people VALUES (1, 'Anna Miller', 'anna@shop.org', '1'), (2, 'Zoe Young', 'zoe@shop.org', '2'); \
    CREATE TABLE dict (dn int, dc text); INSERT INTO dict SELECT n, chr(n) FROM generate_series(32, 126) n; \
    CREATE TABLE own (id int, full_name text, email text); CREATE TABLE copied (id int, a text); CREATE TABLE short (id int, full_name \"char\"); \
    CREATE TABLE whole (id int, full_name text); CREATE VIEW over_own AS SELECT id, full_name AS n FROM own; CREATE TABLE again (id int, full_name text); \
    CREATE TABLE merged (id int, full_name text)";

/// What writes letters into columns that have classes of their own, and what compares them.
const LETTERS: [(&str, &str); 6] = [
    (
        "INSERT INTO own SELECT id, left(full_name, 1), substr(full_name, 2, 1) FROM people",
        "SELECT count(*) FROM dict JOIN own ON dc = full_name",
    ),
    (
        "MERGE INTO merged m USING people p ON m.id = p.id WHEN NOT MATCHED THEN INSERT VALUES (p.id, left(p.full_name, 1))",
        "SELECT count(*) FROM dict JOIN merged ON dc = full_name",
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

/// Letters that are known by other names than that of the table that others refer to, and what has its rows meet others.
const OTHER_NAMES: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, full_name text); INSERT INTO people VALUES (1, 'Anna Miller'), (2, 'Zoe Young'); \
    CREATE TABLE letters (c text PRIMARY KEY, n int); INSERT INTO letters SELECT chr(n), n FROM generate_series(65, 90) n; \
    CREATE TABLE refers (id int, full_name text REFERENCES letters ON UPDATE CASCADE ON DELETE CASCADE); \
    CREATE VIEW seen AS SELECT c AS k, n FROM letters; CREATE VIEW seen_again AS SELECT * FROM seen; \
    CREATE TABLE above (c text, n int); CREATE TABLE below (PRIMARY KEY (c)) INHERITS (above); INSERT INTO below SELECT * FROM letters; \
    CREATE TABLE refers_below (id int, c text REFERENCES below ON DELETE CASCADE); \
    CREATE TABLE parted (c text PRIMARY KEY, n int) PARTITION BY LIST (c); CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('A'); \
    CREATE TABLE parted_rest PARTITION OF parted DEFAULT; INSERT INTO parted SELECT * FROM letters; \
    CREATE TABLE refers_parted (id int, c text REFERENCES parted ON DELETE CASCADE); \
    CREATE TABLE free (id int, c text); CREATE TABLE some_letters (c text PRIMARY KEY); INSERT INTO some_letters VALUES ('A'), ('B'); \
    CREATE TABLE unchecked (id int, c text); \
    CREATE TABLE by_letter (id int, c text) PARTITION BY LIST (c); CREATE TABLE into_parts (id int, c text) PARTITION BY LIST (c); CREATE TABLE others (id int, c text); \
    CREATE TABLE plans (id int PRIMARY KEY, name text UNIQUE); INSERT INTO plans VALUES (1, 'a'), (2, 'b'), (3, 'c'); CREATE VIEW all_plans AS SELECT id AS plan, name FROM plans; \
    CREATE TABLE visits (id int, plan int, at date, full_name text); INSERT INTO visits SELECT id, 1, '2024-01-05', full_name FROM people; \
    ALTER TABLE visits ADD FOREIGN KEY (plan) REFERENCES plans ON DELETE CASCADE; \
    CREATE TABLE by_month (id int, plan int, at date, full_name text) PARTITION BY RANGE (at)";

#[test]
fn keys_have_other_names_and_tell_no_more_by_these() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 0\n")?;
    psql::run(&stack.owner(), OTHER_NAMES)?.success()?;
    let alice = stack.alice()?;
    for into in ["refers", "refers_below", "refers_parted", "free", "unchecked", "others"] {
        let letters = format!("INSERT INTO {into} SELECT id, left(full_name, 1) FROM people");
        psql::run(&alice, &letters)?.success()?;
    }
    let by_owner = "ALTER TABLE unchecked ADD CONSTRAINT of_some FOREIGN KEY (c) REFERENCES some_letters NOT VALID; ALTER TABLE into_parts ATTACH PARTITION others DEFAULT";
    psql::run(&stack.owner(), by_owner)?.success()?;
    until("the partition's letters", Duration::from_secs(30), || {
        let shown = psql::run(&alice, "SELECT c FROM into_parts")?.success()?;
        Ok(shown.contains("***").then_some(()))
    })?;
    let mut wrong = Vec::new();
    for text in [
        "DELETE FROM letters WHERE n BETWEEN 70 AND 80",
        "DELETE FROM seen WHERE n BETWEEN 70 AND 80",
        "DELETE FROM seen_again WHERE k = 'B'",
        "UPDATE seen SET k = k || 'x' WHERE n > 70",
        "WITH gone AS (DELETE FROM seen WHERE n > 80 RETURNING n) SELECT count(*) FROM gone",
        "DELETE FROM above WHERE n BETWEEN 70 AND 80",
        "DELETE FROM parted_rest WHERE n BETWEEN 70 AND 80",
        "DELETE FROM parted_a WHERE c = 'A'",
        "INSERT INTO letters VALUES ('B') ON CONFLICT (c) DO UPDATE SET c = excluded.c || '2'",
        "INSERT INTO seen VALUES ('B') ON CONFLICT (k) DO UPDATE SET k = excluded.k || '2'",
        "ALTER TABLE parted DETACH PARTITION parted_a",
        "ALTER TABLE free ADD FOREIGN KEY (c) REFERENCES some_letters (c)",
        "ALTER TABLE free ADD CONSTRAINT of_some FOREIGN KEY (c) REFERENCES some_letters NOT VALID",
        "ALTER TABLE unchecked VALIDATE CONSTRAINT of_some",
        "ALTER TABLE by_letter ATTACH PARTITION free FOR VALUES IN ('A', 'B')",
        "CREATE TABLE part_a PARTITION OF into_parts FOR VALUES IN ('A')",
        "DO $$ BEGIN DELETE FROM seen WHERE n BETWEEN 70 AND 80; END $$",
    ] {
        let asked = psql::run(&alice, text)?;
        if !asked.stderr.contains("max-probes-per-hour") {
            wrong.push(format!("{text}\n{}{}", asked.stdout, asked.stderr));
        }
    }
    // Keys that are no values, or whole ones.
    for text in [
        "DELETE FROM all_plans WHERE plan = 3",
        "UPDATE all_plans SET name = 'd' WHERE plan = 2",
        "INSERT INTO plans VALUES (2, 'd') ON CONFLICT (id) DO UPDATE SET id = excluded.id, name = excluded.name",
        "INSERT INTO letters VALUES ('B', 3) ON CONFLICT (c) DO UPDATE SET c = excluded.c, n = excluded.n",
        "UPDATE letters SET n = n + 1 WHERE n > 0",
        "UPDATE parted_a SET n = 0 WHERE n > 0",
        "ALTER TABLE visits ADD CONSTRAINT again FOREIGN KEY (plan) REFERENCES plans NOT VALID",
        "ALTER TABLE visits VALIDATE CONSTRAINT again",
        "ALTER TABLE by_month ATTACH PARTITION visits FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
        "CREATE TABLE february PARTITION OF by_month FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
        "ALTER TABLE by_month DETACH PARTITION february",
        "CREATE TABLE rest PARTITION OF by_letter DEFAULT",
    ] {
        let done = psql::run(&alice, text)?;
        if done.stderr.contains("ERROR") {
            wrong.push(format!("{text}\n{}{}", done.stdout, done.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
