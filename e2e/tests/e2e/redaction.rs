//! Values of sensitive columns are not in the trail: neither in the ledger, nor in the spool, nor in the log.

mod parameters;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use e2e::psql;

use crate::conversation::Client;
use crate::stack::{Stack, text};

/// What is recorded where the configuration says nothing.
const DEFAULTS: &str = "\n[record]\n";
/// What replaces the most.
const STRICT: &str = "\n[record]\nliterals = \"strict\"\ncomments = \"drop\"\n";

const TABLES: &str = "
    CREATE TABLE people (
        id int PRIMARY KEY, email text, full_name text, ssn text, card_number bigint, birth_date date, note text, doc jsonb, tags text[]
    );
    CREATE TABLE \"Odd\" (id int, \"e-mail\" text, flags bit(32), plain text);
    CREATE FUNCTION known(value text) RETURNS boolean LANGUAGE sql AS 'SELECT exists(SELECT FROM people WHERE full_name = value)';
    CREATE PROCEDURE enrol(value text) LANGUAGE sql AS 'INSERT INTO people (id, full_name) VALUES (999, value)';
    INSERT INTO people (id, email, full_name, doc) VALUES (1, 'ada@example.org', 'Ada Byron', '{\"firstName\": \"Ada\"}');";

/// Ways to say a value that must not be recorded: `@` is the value, which looks like nothing.
const WAYS: [&str; 62] = [
    "SELECT id FROM people WHERE full_name = '@'",
    "SELECT id FROM people WHERE full_name IN ('x', '@')",
    "SELECT id FROM people WHERE full_name = ANY ('{x,@}')",
    "SELECT id FROM people WHERE full_name = ANY (ARRAY['@'])",
    "SELECT id FROM people WHERE full_name LIKE '%@%'",
    "SELECT id FROM people WHERE full_name BETWEEN '@' AND 'zz'",
    "SELECT id FROM people WHERE (full_name, id) = ('@', 1)",
    "SELECT id FROM people WHERE '@' IN (SELECT full_name FROM people)",
    "SELECT id FROM people WHERE lower(full_name) = lower('@')",
    "SELECT id FROM people WHERE md5(full_name) = md5('@')",
    "SELECT id FROM people WHERE full_name = CASE WHEN id = 1 THEN '@' END",
    "SELECT id FROM people WHERE full_name = '@' || ' x'",
    "SELECT id FROM people WHERE note = md5('@')",
    "SELECT id FROM people WHERE full_name = '@'::varchar(40)",
    "SELECT id FROM people WHERE full_name = CAST('@' AS text)",
    "SELECT id FROM people WHERE full_name = text '@'",
    "SELECT id FROM people WHERE full_name = E'\\x@'",
    "SELECT id FROM people WHERE full_name = U&'\\0041@'",
    "SELECT id FROM people WHERE full_name = U&'!0041@' UESCAPE '!'",
    "SELECT id FROM people WHERE full_name = N'@'",
    "SELECT id FROM people WHERE full_name = $$@$$",
    "SELECT id FROM people WHERE full_name = $q$@$q$",
    "SELECT id FROM people WHERE full_name = 'x'\n'@'",
    "SELECT id FROM people WHERE full_name = '@' -- x",
    "SELECT id FROM people -- @",
    "SELECT id FROM people /* name='@' */",
    "/*@*/ SELECT id FROM people",
    "SELECT id FROM people /* a /* @ */ b */",
    "SELECT id FROM (SELECT full_name AS note, id FROM people) AS s WHERE note = '@'",
    "WITH w (note) AS (SELECT full_name FROM people) SELECT FROM w WHERE note = '@'",
    "SELECT id FROM people p JOIN LATERAL (SELECT p.full_name) AS l (plain) ON l.plain = '@'",
    "SELECT id FROM people WHERE doc = '{\"firstName\": \"@\"}'",
    "SELECT id FROM people WHERE doc @> '{\"x\": {\"lastName\": \"@\"}}'",
    "SELECT id FROM people WHERE doc ->> 'firstName' = '@'",
    "SELECT id FROM people WHERE doc #>> '{x,lastName}' = '@'",
    "SELECT id FROM people WHERE doc ? '@'",
    "SELECT '@'",
    "SELECT known('@')",
    "SELECT * FROM known('@')",
    "CALL enrol('@')",
    "VALUES ('@')",
    "INSERT INTO people (id, full_name) VALUES (2, '@')",
    "INSERT INTO people VALUES (3, NULL, '@')",
    "INSERT INTO people (id, full_name) SELECT 4, '@'",
    "INSERT INTO people (id, full_name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET full_name = '@'",
    "INSERT INTO people (id, tags[1]) VALUES (5, '@')",
    "UPDATE people SET full_name = '@' WHERE id = 1",
    "UPDATE people SET (full_name, ssn) = ('@', 'x') WHERE id = 1",
    "UPDATE people SET full_name = replace(full_name, '@', 'x') WHERE id = 1",
    "MERGE INTO people p USING (SELECT 1 AS i) s ON p.id = s.i WHEN MATCHED THEN UPDATE SET full_name = '@'",
    "DELETE FROM people WHERE full_name = '@'",
    "PREPARE a@ AS SELECT id FROM people WHERE full_name = $1; EXECUTE a@('@x')",
    "DECLARE c@ CURSOR WITH HOLD FOR SELECT id FROM people WHERE full_name = 'x@'",
    "EXPLAIN SELECT id FROM people WHERE full_name = '@'",
    "DO $$ BEGIN PERFORM 1 FROM people WHERE full_name = '@'; /* @ */ END $$",
    "CREATE FUNCTION made@() RETURNS text LANGUAGE sql AS $$ SELECT 'x@' $$",
    "SELECT id FROM people WHERE full_name = '@' AND",
    "SELEC '@' FROM people",
    "@ is the name of the person",
    "SELECT id FROM people WHERE full_name = 'open @",
    "SET app.name = '@'",
    "COMMENT ON TABLE people IS '@'",
];

/// Ways in which only the form of what is said tells that it is somebody's.
const FORMS: [&str; 6] = [
    "SELECT id FROM orders WHERE status = 'mail to @@example.org'",
    "UPDATE orders SET status = '@@example.org' WHERE id = 1",
    "SELECT id FROM people WHERE email = \"@@example.org\"",
    "SELECT id AS \"@@example.org\" FROM people",
    "SELECT id FROM people WHERE note = '@@example.org'",
    "SET application_name = 'x'; SET search_path = '@@example.org', public",
];

/// Ways to say a number: `@` is it.
const NUMBERS: [&str; 7] = [
    "SELECT id FROM people WHERE card_number = @",
    "SELECT id FROM people WHERE card_number = -@",
    "SELECT id FROM people WHERE card_number IN (1, @)",
    "SELECT id FROM people WHERE card_number::text = '@'",
    "INSERT INTO people (id, card_number) VALUES (6, @)",
    "SELECT abs(@)",
    "SELECT id FROM people WHERE card_number = @.5",
];

/// What stays as it is, because nobody's value is in it.
const STAYING: [&str; 9] = [
    "SELECT id FROM orders WHERE status = 'shipped' AND quantity > 150 ORDER BY 1 LIMIT 100",
    "SELECT id FROM orders WHERE status IN ('open', 'shipped') AND id BETWEEN 1000 AND 2000",
    "UPDATE orders SET status = 'open' WHERE id = 12345",
    "INSERT INTO orders (user_id, product_id, quantity, status) VALUES (1, 2, 700, 'returned')",
    "SELECT date_trunc('month', now()) - interval '90 days'",
    "SELECT id::varchar(200) FROM orders WHERE id = 4711",
    "SELECT relname FROM pg_catalog.pg_class WHERE relname ~ '^(people)$'",
    "SET statement_timeout = 60000",
    "SELECT count(*) FROM people WHERE email = '' OR email LIKE '%'",
];

/// Everything that `folder` holds, as one text.
fn held(folder: &Path) -> Result<String> {
    let mut all = String::new();
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        match path.is_dir() {
            true => all.push_str(&held(&path)?),
            false => all.push_str(&String::from_utf8_lossy(&fs::read(&path)?)),
        }
    }
    Ok(all)
}

/// Every row of every table of the ledger, as one text.
fn recorded(stack: &Stack) -> Result<String> {
    let tables = stack.ledger.rows("SELECT name FROM system.tables WHERE database = currentDatabase()")?;
    let mut all = String::new();
    for table in &tables {
        for row in stack.ledger.rows(&format!("SELECT * FROM `{}`", text(table, "name")?))? {
            all.push_str(&row.to_string());
            all.push('\n');
        }
    }
    Ok(all)
}

/// What each way says instead of its sign.
fn canary(number: usize) -> String {
    format!("Quax{number}zel")
}

fn number(number: usize) -> String {
    format!("{}", 7_340_211 + number * 10_007)
}

/// Runs the statements one by one, and waits until all of them are recorded.
fn run(stack: &Stack, statements: &[String]) -> Result<()> {
    for statement in statements {
        // Some of them fail, and are recorded all the same.
        psql::run_with(&stack.alice()?, &["-qAt", "-c", statement], "")?;
    }
    let last = "SELECT id FROM orders WHERE status = 'the last'";
    psql::run(&stack.alice()?, last)?.success()?;
    stack.statement(last).map(drop)
}

#[test]
fn what_statements_say_of_people_is_not_recorded() -> Result<()> {
    let mut stack = Stack::start_with(STRICT)?;
    psql::run(&stack.owner(), TABLES)?.success()?;
    let words = WAYS.iter().chain(&FORMS).enumerate().map(|(at, way)| match FORMS.contains(way) {
        true => way.replacen("@@", &format!("{}@", canary(at)), 1),
        false => way.replace("doc @>", "doc \u{1}>").replace('@', &canary(at)).replace('\u{1}', "@"),
    });
    let numbers = NUMBERS.iter().enumerate().map(|(at, way)| way.replace('@', &number(at)));
    let mut statements: Vec<String> = words.chain(numbers).collect();
    // Over the extended protocol, and in data.
    statements.extend(STAYING.map(str::to_owned));
    run(&stack, &statements)?;
    let copied = format!("COPY people (id, full_name) FROM STDIN;\n7\t{}\n\\.\n", canary(900));
    psql::run_with(&stack.alice()?, &["-qAt"], &copied)?.success()?;
    parameters::ask(
        &mut Client::connect(&stack.alice()?)?,
        "SELECT id FROM people WHERE full_name = $1",
        &[&canary(901)],
    )?;
    run(&stack, &[])?;

    let ledger = recorded(&stack)?;
    for staying in STAYING {
        let as_json = serde_json::Value::from(staying).to_string();
        assert!(ledger.contains(&as_json), "`{staying}` is not recorded as it is");
    }
    stack.proxy.stop()?;
    let folder = stack.proxy.config().parent().context("find the proxy's folder")?.to_owned();
    let held = held(&folder)?;
    let key = fs::read_to_string(folder.join("spool/record.key"))?;
    let mut leaks = Vec::new();
    for (what, all) in [("ledger", &ledger), ("folder", &held)] {
        let canaries = (0..WAYS.len() + FORMS.len()).chain([900, 901]).map(canary);
        for said in canaries.chain((0..NUMBERS.len()).map(number)) {
            let names = ["made", "a", "c"].map(|name| format!("{name}{said}"));
            let without_names = names.iter().fold(all.clone(), |all, name| all.replace(name, ""));
            // What unquoted names are folded to.
            let without_names =
                names.iter().fold(without_names, |all, name| all.replace(&name.to_lowercase(), ""));
            if let Some(at) = without_names.find(&said) {
                let from = without_names.floor_char_boundary(at.saturating_sub(200));
                leaks.push(format!("{what}: {}", &without_names[from..at + said.len()]));
            }
        }
    }
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n\n"));
    assert!(!ledger.contains(key.trim()), "the key is in the ledger");
    assert!(!stack.proxy.log().contains(key.trim()), "the key is in the log");
    Ok(())
}

/// Hashes that the text of the one statement with this in it has.
fn hashes(stack: &Stack, within: &str) -> Result<Vec<String>> {
    let select = format!(
        "SELECT text, values_given FROM statements FINAL WHERE text LIKE '%{within}%' AND finished_at IS NOT NULL"
    );
    let row = stack.ledger.wait_row(within, &select)?;
    let all: Vec<String> = text(&row, "text")?
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '#')
        .filter_map(|word| word.strip_prefix('#').or_else(|| word.strip_prefix("0x")))
        .map(str::to_owned)
        .collect();
    let given = row.get("values_given").map(ToString::to_string).unwrap_or_default();
    for hash in &all {
        let number = u64::from_str_radix(hash, 16)?;
        if !given.contains(&number.to_string()) {
            bail!("{hash} of {row} is not among its values");
        }
    }
    Ok(all)
}

#[test]
fn the_same_value_has_the_same_hash_however_it_is_said() -> Result<()> {
    let stack = Stack::start_with(DEFAULTS)?;
    psql::run(&stack.owner(), TABLES)?.success()?;
    let statements = [
        "SELECT id AS s1 FROM people WHERE email = 'ada@example.org'",
        "SELECT id AS s1 FROM people WHERE email = 'ADA@example.org '",
        "SELECT id AS s2 FROM people WHERE lower(email) = $$ada@example.org$$",
        "INSERT INTO people (id, email) VALUES (70, E'ada\\x40example.org')",
        "UPDATE people SET email = 'ada@example.org' WHERE id = 70",
        "SELECT id AS s3 FROM people WHERE card_number = 4111111111111111",
        "SELECT id AS s4 FROM people WHERE card_number::text = '4111 1111 1111 1111'",
        "SELECT id AS s5 FROM people WHERE email = 'ada@example.com'",
    ];
    run(&stack, &statements.map(str::to_owned))?;
    let rows = stack.ledger.rows("SELECT DISTINCT text FROM statements WHERE text LIKE '%s1%'")?;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let mail = hashes(&stack, "AS s2 ")?;
    assert_eq!(mail.len(), 1);
    assert!(rows[0].to_string().contains(&mail[0]), "{rows:?}");
    assert_eq!(hashes(&stack, "INSERT INTO people")?, mail);
    assert_eq!(hashes(&stack, "UPDATE people")?, mail);
    let card = hashes(&stack, "AS s3 ")?;
    assert_eq!(hashes(&stack, "AS s4 ")?, card);
    assert_ne!(hashes(&stack, "AS s5 ")?, mail);
    Ok(())
}

#[test]
fn what_is_kept_is_as_the_configuration_says() -> Result<()> {
    let said = "SELECT id FROM people WHERE full_name = 'Ada Byron' /* app */";
    for (section, recorded) in [
        ("literals = \"keep\"\ncomments = \"keep\"\n", said),
        ("literals = \"drop\"\ncomments = \"drop\"\n", "SELECT id FROM people WHERE full_name = '?' /*...*/"),
        (
            "literals = \"keep\"\ncomments = \"drop\"\n",
            "SELECT id FROM people WHERE full_name = 'Ada Byron' /*...*/",
        ),
    ] {
        let stack = Stack::start_with(&format!("\n[record]\n{section}"))?;
        psql::run(&stack.owner(), TABLES)?.success()?;
        psql::run(&stack.alice()?, said)?.success()?;
        stack.statement(recorded)?;
    }
    Ok(())
}

/// What stays by default though nobody knows what it is tied to: nothing sensitive is in reach, and nothing looks like it.
const FREE: [&str; 6] = [
    "SELECT 'Quax total', 4711",
    "SELECT id, 'Quax shown' FROM orders WHERE id = 4711",
    "SELECT CASE WHEN status = 'open' THEN 'Quax waits' ELSE 'Quax done' END FROM orders",
    "SELECT upper('Quax label') /* dashboard 17 */ FROM orders LIMIT 5",
    "SELECT /* report of the quarter */ count(*) FROM orders",
    "SELECT repeat('Quax', 3) AS status FROM orders WHERE quantity > abs(150)",
];

/// What does not stay by default: `@` is a value that looks like nothing.
const BOUND: [&str; 14] = [
    "SELECT id FROM people WHERE full_name = '@'",
    "SELECT '@' FROM people",
    "SELECT id FROM people WHERE md5(full_name) = md5('@')",
    "SELECT known('@')",
    "SELECT * FROM known('@')",
    "CALL enrol('@')",
    "SELECT id FROM orders WHERE status = (SELECT '@' FROM people LIMIT 1)",
    "SELECT id FROM people /* @ */",
    "PREPARE p@ AS SELECT id FROM people WHERE full_name = $1; EXECUTE p@('@x')",
    "ALTER ROLE nobody PASSWORD '@'",
    "SET app.token = '@'",
    "SELECT set_config('app.token', '@', false)",
    "CREATE TABLE made@ (email text); INSERT INTO made@ VALUES ('@x')",
    "SELECT id FROM nowhere WHERE name = '@'",
];

/// Ways to say what its form alone tells, where nothing sensitive is in reach.
const FOUND: [&str; 5] = [
    "SELECT 'quaxmail@example.org'",
    "SELECT 4111111111111111",
    "SELECT id FROM orders WHERE status = 'DE89370400440532013000'",
    "SELECT id FROM orders /* quaxmail@example.org */",
    "SELECT 'host=h password=quaxsecret99'",
];

#[test]
fn by_default_what_reaches_nothing_sensitive_stays_as_it_was_written() -> Result<()> {
    let stack = Stack::start_with(DEFAULTS)?;
    psql::run(&stack.owner(), TABLES)?.success()?;
    let bound = BOUND.iter().enumerate().map(|(at, way)| way.replace('@', &canary(at)));
    let all = FREE.iter().chain(&STAYING).chain(&FOUND).map(|way| (*way).to_owned());
    run(&stack, &all.chain(bound).collect::<Vec<_>>())?;
    let ledger = recorded(&stack)?;
    for staying in FREE.iter().chain(&STAYING) {
        let as_json = serde_json::Value::from(*staying).to_string();
        assert!(ledger.contains(&as_json), "`{staying}` is not recorded as it is");
    }
    let mut without_names = ledger;
    for at in 0..BOUND.len() {
        for name in ["made", "p"].map(|name| format!("{name}{}", canary(at))) {
            without_names = without_names.replace(&name, "").replace(&name.to_lowercase(), "");
        }
    }
    let secrets = ["quaxmail", "4111111111111111", "DE8937040044", "quaxsecret99"].map(str::to_owned);
    let leaks: Vec<String> =
        (0..BOUND.len()).map(canary).chain(secrets).filter(|said| without_names.contains(said)).collect();
    assert!(leaks.is_empty(), "in the ledger: {leaks:?}");
    Ok(())
}
