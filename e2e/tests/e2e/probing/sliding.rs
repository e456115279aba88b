//! What is asked again and again with constants that slide is a search for a value: it is cut off and told at once. What applications ask
//! again and again is not.

use anyhow::{Result, ensure};
use e2e::login::Login;
use e2e::psql;
use serde_json::Value;
use tokio_postgres::types::ToSql;

use crate::driver::{block_on, connect, server_error};
use crate::stack::{Stack, text};

/// Few of one shape, and far more of any.
const LIMITS: &str = "max-probes-per-hour = 1000\nmax-sliding-probes-per-hour = 5\n";

/// The first slides from nothing.
const ANSWERED: usize = 1 + 5;

const RULE: &str = "max-sliding-probes-per-hour";

/// How much later than the statement that is refused an alert may be raised, in milliseconds.
const LATE_MS_MAX: i64 = 1_000;

const PEOPLE: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, email text, full_name text, ssn int, date_of_birth date, city text); \
    INSERT INTO people SELECT n, 'person' || n || '@shop.org', 'Person ' || n, 100000 + n, date '1950-01-01' + 365 * n, 'London' \
        FROM generate_series(1, 50) n";

fn start() -> Result<Stack> {
    let stack = Stack::start_with(LIMITS)?;
    psql::run(&stack.owner(), PEOPLE)?.success()?;
    Ok(stack)
}

/// How many of these are answered. Each other is refused for sliding.
fn answered(login: &Login, statements: impl IntoIterator<Item = String>) -> Result<usize> {
    let mut answered = 0;
    for statement in statements {
        let output = psql::run(login, &statement)?;
        match output.code {
            0 => answered += 1,
            _ => ensure!(
                output.stderr.contains(RULE) && output.stderr.contains("42501"),
                "{statement}: {}",
                output.stderr
            ),
        }
    }
    Ok(answered)
}

/// The alerts, with how much later they were raised than the first statement was refused.
fn alerts(stack: &Stack, count: usize) -> Result<Vec<Value>> {
    let refused = format!("SELECT min(started_at) FROM statements FINAL WHERE has(rules, '{RULE}')");
    let select = format!(
        "SELECT message, dateDiff('millisecond', ({refused}), raised_at) AS later FROM alerts FINAL WHERE kind = 'probing' ORDER BY raised_at"
    );
    stack.ledger.wait_rows("the alert", &select, |rows| rows.len() == count)
}

#[test]
fn a_search_by_letters_is_cut_off_and_told_at_once() -> Result<()> {
    let stack = start()?;
    let alice = stack.alice()?;
    let like = |letter: char| format!("SELECT id FROM people WHERE email LIKE '{letter}%'");
    assert_eq!(answered(&alice, ('a'..='o').map(like))?, ANSWERED);
    let alerts = alerts(&stack, 1)?;
    let later = alerts[0]["later"].as_i64().or_else(|| alerts[0]["later"].as_str()?.parse().ok());
    ensure!(later.is_some_and(|later| later.abs() <= LATE_MS_MAX), "{alerts:?}");
    let message = text(&alerts[0], "message")?;
    ensure!(
        message.starts_with("alice searches for values that are masked: more than 5 questions"),
        "{message}"
    );
    ensure!(message.contains(&stack.database), "{message}");
    // Others may go on, and so may she with something else.
    psql::run(&alice, "SELECT id FROM people WHERE email LIKE '%miller%'")?.success()?;
    psql::run(&alice, "SELECT count(*) FROM people WHERE ssn > 5")?.success()?;
    Ok(())
}

#[test]
fn each_shape_of_a_search_is_cut_off() -> Result<()> {
    let stack = start()?;
    let alice = stack.alice()?;
    let halves = |from: u32| (0..12).map(move |step| from + (from >> step));
    let searches: [Vec<String>; 7] = [
        halves(100_000).map(|ssn| format!("SELECT count(*) FROM people WHERE ssn > {ssn}")).collect(),
        (1..=12)
            .map(|month| format!("SELECT id FROM people WHERE id = 7 AND date_of_birth < '1960-{month:02}-15'"))
            .collect(),
        (1..=12).map(|at| format!("SELECT substr(email, {at}, 1) = 'p' FROM people WHERE id = 7")).collect(),
        ["", "p", "pe", "per", "pers", "perso", "person", "person7", "person7@", "person7@s"]
            .map(|begin| format!("SELECT 1 FROM people WHERE starts_with(email, '{begin}')"))
            .into(),
        ('a'..='l')
            .map(|letter| {
                format!(
                    "DO $$ BEGIN IF EXISTS (SELECT 1 FROM people WHERE id = 1 AND email ~ '^{letter}') THEN RAISE NOTICE 'it is'; END IF; END $$"
                )
            })
            .collect(),
        ('a'..='l')
            .map(|letter| format!("PREPARE p AS SELECT id FROM people WHERE full_name > $1; EXECUTE p('{letter}')"))
            .collect(),
        (0..12)
            .map(|bits| format!("SELECT id, sum(1) FILTER (WHERE length(email) & {} > 0) FROM people GROUP BY id", 1 << bits))
            .collect(),
    ];
    for search in &searches {
        // PREPARE is a question too, without a constant.
        let prepared = usize::from(search[0].starts_with("PREPARE"));
        assert_eq!(answered(&alice, search.iter().cloned())?, ANSWERED - prepared, "{search:?}");
    }
    alerts(&stack, searches.len())?;
    Ok(())
}

#[test]
fn a_search_with_parameters_is_cut_off() -> Result<()> {
    let stack = start()?;
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let numbers: Vec<i32> = (0..12).map(|step| 100_000 + (4096 >> step)).collect();
        let letters: Vec<String> = ('a'..='l').map(String::from).collect();
        let numbers: Vec<&(dyn ToSql + Sync)> = numbers.iter().map(|number| number as _).collect();
        let letters: Vec<&(dyn ToSql + Sync)> = letters.iter().map(|letter| letter as _).collect();
        for (select, values) in [
            ("SELECT id FROM people WHERE ssn < $1", numbers),
            ("SELECT id FROM people WHERE email < $1", letters),
        ] {
            let statement = client.prepare(select).await?;
            let mut answered = 0;
            for value in values {
                match client.query(&statement, &[value]).await {
                    Ok(_) => answered += 1,
                    Err(error) => {
                        let said = server_error(&error)?;
                        ensure!(said.detail().is_some_and(|detail| detail.contains(RULE)), "{said:?}");
                    }
                }
            }
            assert_eq!(answered, ANSWERED, "{select}");
        }
        Ok(())
    })
}

/// Each of these goes on for as long as it did.
#[test]
fn what_applications_ask_is_not_cut_off() -> Result<()> {
    const TIMES: usize = 20;
    let stack = start()?;
    let alice = stack.alice()?;
    let cities =
        ["London", "Paris", "Vienna", "Madrid", "Oslo", "Athens", "Dublin", "Warsaw", "Lisbon", "Prague"];
    let benign: [Vec<String>; 9] = [
        (0..TIMES).map(|n| format!("SELECT id FROM people WHERE email = 'person{n}@shop.org'")).collect(),
        (0..TIMES).map(|n| format!("SELECT id FROM people WHERE lower(email) = lower('Person{n}@shop.org')")).collect(),
        (0..TIMES).map(|n| format!("SELECT id FROM people WHERE email IN ('a{n}', 'b{n}') AND ssn = {n}")).collect(),
        // The same question again and again.
        (0..TIMES).map(|_| "SELECT count(*) FROM people WHERE date_of_birth < '1970-01-01'".to_owned()).collect(),
        // About one row after the other, or one page.
        (0..TIMES).map(|n| format!("SELECT id FROM people WHERE id = {n} AND date_of_birth < '1970-01-01'")).collect(),
        (0..TIMES)
            .map(|n| format!("SELECT id FROM people WHERE date_of_birth < '1970-01-01' ORDER BY id LIMIT 5 OFFSET {}", 5 * n))
            .collect(),
        (0..TIMES)
            .map(|n| format!("SELECT id FROM people WHERE date_of_birth < '1970-01-01' AND id > {n} ORDER BY id LIMIT 5"))
            .collect(),
        // Words that somebody looks for.
        ["smith", "miller", "garcia", "jones", "kowalski", "nguyen", "rossi", "dubois", "andersen", "ivanova"]
            .map(|name| format!("SELECT id FROM people WHERE full_name ILIKE '%{name}%'"))
            .into(),
        cities.map(|city| format!("SELECT id FROM people WHERE city LIKE '{city}%' AND id < 9")).into(),
    ];
    for statements in benign {
        for statement in statements {
            psql::run(&alice, &statement)?.success()?;
        }
    }
    ensure!(
        stack.ledger.rows("SELECT * FROM alerts FINAL WHERE kind = 'probing'")?.is_empty(),
        "there is an alert"
    );
    block_on(async {
        let client = connect(&alice).await?;
        let statement = client.prepare("SELECT id FROM people WHERE email = $1").await?;
        for number in 0..TIMES {
            let email = format!("person{number}@shop.org");
            assert_eq!(client.query(&statement, &[&email]).await?.len(), usize::from(0 < number));
        }
        let statement =
            client.prepare("SELECT id FROM people WHERE id = $1 AND email LIKE 'person%'").await?;
        for number in 1..=20_i32 {
            assert_eq!(client.query(&statement, &[&number]).await?.len(), 1);
        }
        Ok(())
    })
}

/// Of any shape: as many as there may be, and then somebody is told at once too.
#[test]
fn who_asks_too_much_of_any_kind_is_told_at_once() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 3\n")?;
    let alice = stack.alice()?;
    for column in ["email", "lower(email)", "upper(email)", "email || ''"] {
        psql::run(&alice, &format!("SELECT id FROM users WHERE {column} LIKE 'a%'"))?;
    }
    let alert =
        stack.ledger.wait_row("the alert", "SELECT message FROM alerts FINAL WHERE kind = 'probing'")?;
    let message = text(&alert, "message")?;
    ensure!(
        message.starts_with("alice asks about values that are masked: more than 3 questions"),
        "{message}"
    );
    Ok(())
}
