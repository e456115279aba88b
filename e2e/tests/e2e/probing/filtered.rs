//! Policies say by which values that are hidden somebody may search.

use std::fs;

use anyhow::{Context, Result, ensure};
use e2e::binaries;
use e2e::psql;
use e2e::scratch::Scratch;

use crate::stack::{Stack, text, words};

const POLICIES: &str = r#"
@rule("searches-by-email")
permit (principal, action == Picket::Action::"filter", resource == Picket::Class::"email") when { principal.name == "alice" };

@rule("nobody-searches") @reason("nobody searches by {name}") @hint("Ask the registry.")
forbid (principal, action == Picket::Action::"filter", resource == Picket::Class::"national_id");
"#;

const PEOPLE: &str = "\
    CREATE TABLE people (id int PRIMARY KEY, email text, ssn int, date_of_birth date); \
    INSERT INTO people VALUES (1, 'ada@shop.org', 67010001, '1950-01-01')";

#[test]
fn what_is_permitted_is_not_counted_and_what_is_forbidden_refused() -> Result<()> {
    let folder = Scratch::new("filtered")?;
    let file = folder.join("team.cedar");
    fs::write(&file, POLICIES).context("write the policies")?;
    let checked =
        binaries::command("picket")?.args(["policy", "check", "--policies"]).arg(folder.path()).output()?;
    ensure!(
        checked.status.success(),
        "{}{}",
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr)
    );
    let keys = "max-probes-per-hour = 2\nmax-sliding-probes-per-hour = 1\n";
    let stack = Stack::start_with(&format!("{keys}[policy]\ndir = {:?}\n", folder.path()))?;
    psql::run(&stack.owner(), PEOPLE)?.success()?;
    let alice = stack.alice()?;
    for letter in 'a'..='h' {
        let found = psql::run(&alice, &format!("SELECT id, email FROM people WHERE email LIKE '{letter}%'"))?
            .success()?;
        ensure!(!found.contains("ada@shop.org"), "{found}");
    }
    for refused in [
        "SELECT id FROM people WHERE ssn > 5",
        "SELECT id FROM people WHERE email LIKE 'a%' AND ssn::text LIKE '67%'",
        "SELECT count(*) FILTER (WHERE ssn % 2 = 0) FROM people",
        "SELECT id FROM people WHERE ssn = 67010001",
        "SELECT id FROM people WHERE ssn IN (67010001, 67010002)",
        "SELECT p.id FROM people p JOIN people q ON p.ssn = q.ssn AND q.id = 1",
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM people WHERE ssn > 5) THEN RAISE NOTICE 'it is'; END IF; END $$",
    ] {
        let output = psql::run(&alice, refused)?;
        ensure!(output.stderr.contains("42501"), "{refused}: {}{}", output.stdout, output.stderr);
        ensure!(
            output.stderr.contains("Rule \"nobody-searches\": nobody searches by national_id"),
            "{}",
            output.stderr
        );
        ensure!(output.stderr.contains("HINT:  Ask the registry."), "{}", output.stderr);
    }
    let row = stack.statement("SELECT id FROM people WHERE ssn > 5")?;
    assert_eq!((text(&row, "verdict")?, words(&row, "rules")?), ("refuse", vec!["nobody-searches"]));
    for passes in [
        "SELECT id FROM people WHERE email = 'ada@shop.org' AND date_of_birth = '1950-01-01'",
        "SELECT id, ssn FROM people ORDER BY ssn",
        "UPDATE people SET ssn = 67010002 WHERE id = 1",
        "SELECT count(ssn) FROM people",
    ] {
        psql::run(&alice, passes)?.success()?;
    }
    // Of what nothing is said, it is counted.
    for month in 1..=2 {
        psql::run(&alice, &format!("SELECT id FROM people WHERE date_of_birth < '1960-{month:02}-01'"))?
            .success()?;
    }
    let third = psql::run(&alice, "SELECT id FROM people WHERE date_of_birth < '1960-03-01'")?;
    ensure!(third.stderr.contains("max-sliding-probes-per-hour"), "{}", third.stderr);
    Ok(())
}

/// Who searches by addresses is told no more by comparing whole ones in another way.
const NO_ADDRESSES: &str = r#"
@rule("nobody-looks-up") @reason("nobody searches by {name}")
forbid (principal, action == Picket::Action::"filter", resource == Picket::Class::"email");
"#;

const CUSTOMERS: &str = "\
    CREATE TYPE contact AS (label text, email text, plan text); \
    CREATE TABLE cust (id int, c contact); INSERT INTO cust VALUES (1, ('a', 'bob@shop.org', 'gold')); \
    CREATE TABLE people (id int PRIMARY KEY, email text UNIQUE, name text); INSERT INTO people VALUES (1, 'ada@shop.org', 'Ada'); \
    CREATE TABLE done (n int); INSERT INTO done VALUES (1); \
    CREATE FUNCTION look(e text) RETURNS bool LANGUAGE sql AS 'select exists (select 1 from people where email = e)'; \
    CREATE FUNCTION teq(a text, b text) RETURNS int LANGUAGE plpgsql AS 'begin if a = b then raise notice ''yes''; end if; return 1; end'; \
    CREATE FUNCTION shout(a text) RETURNS text LANGUAGE plpgsql AS 'begin return upper(a); end'";

/// Each says whether there is such an address.
const LOOKED_UP: [&str; 15] = [
    "SELECT n FROM done WHERE 'ada@shop.org' IN (SELECT email FROM people)",
    "SELECT n FROM done WHERE 'ada@shop.org' = ANY (SELECT email FROM people)",
    "SELECT n FROM done WHERE 'ada@shop.org' = (SELECT email FROM people)",
    "SELECT n FROM done WHERE (1, 'ada@shop.org') IN (SELECT id, email FROM people)",
    "SELECT 1 WHERE EXISTS (SELECT id, email FROM people INTERSECT SELECT 1, 'ada@shop.org')",
    "SELECT count(*) FROM (SELECT email FROM people EXCEPT SELECT 'ada@shop.org') q",
    "SELECT count(*) FROM (SELECT email FROM people UNION SELECT 'ada@shop.org') q",
    "SELECT n FROM done NATURAL JOIN (SELECT 1 AS n, email FROM people) p JOIN (VALUES ('ada@shop.org')) v (email) USING (email)",
    "DO $$BEGIN IF EXISTS (SELECT 1 FROM people WHERE email = 'ada@shop.org') THEN RAISE NOTICE 'yes'; END IF; END$$",
    "DO $$BEGIN PERFORM 1 FROM people WHERE email = 'ada@shop.org'; IF FOUND THEN UPDATE done SET n = 7 WHERE n = 1; END IF; END$$",
    "SELECT look('ada@shop.org')",
    "SELECT teq(email, 'ada@shop.org') FROM people",
    "BEGIN; CREATE TEMP TABLE pe (i int, email text UNIQUE); INSERT INTO pe SELECT id, email FROM people; \
        INSERT INTO pe VALUES (1, 'ada@shop.org') ON CONFLICT DO NOTHING RETURNING i; ROLLBACK",
    "SELECT id FROM cust WHERE (c).email = 'bob@shop.org'",
    "SELECT id FROM cust WHERE c::text LIKE '%bob%'",
];

/// These compare no address.
const NOT_LOOKED_UP: [&str; 11] = [
    "SELECT id, email FROM people ORDER BY email",
    "SELECT n FROM done WHERE n IN (SELECT id FROM people)",
    "SELECT id, email FROM people UNION ALL SELECT id, email FROM people",
    "SELECT id, name FROM people INTERSECT SELECT 1, 'Ada'",
    "INSERT INTO people VALUES (1, 'eve@shop.org', 'Eve') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id",
    "SELECT id FROM cust WHERE (c).label = 'a'",
    "SELECT id FROM cust WHERE (c).plan LIKE 'go%'",
    "SELECT id, c FROM cust WHERE c IS NOT NULL",
    "SELECT shout(email), teq(name, 'Ada') FROM people",
    "DO $$BEGIN IF EXISTS (SELECT 1 FROM people WHERE name = 'Ada') THEN RAISE NOTICE 'yes'; END IF; END$$",
    "SELECT q.id FROM (SELECT id, email FROM people) q WHERE q.id IN (SELECT n FROM done)",
];

#[test]
fn whoever_may_not_search_compares_whole_values_nowhere() -> Result<()> {
    let folder = Scratch::new("looked-up")?;
    fs::write(folder.join("team.cedar"), NO_ADDRESSES).context("write the policies")?;
    let stack = Stack::start_with(&format!("[policy]\ndir = {:?}\n", folder.path()))?;
    psql::run(&stack.owner(), CUSTOMERS)?.success()?;
    let alice = stack.alice()?;
    let mut wrong = Vec::new();
    for text in LOOKED_UP {
        // Each has an answer, and may have another where there is no such address.
        let told = |text: &str| -> Result<String> {
            let told =
                psql::run(&stack.owner(), &format!("BEGIN; {text}; SELECT sum(n) FROM done; ROLLBACK"))?;
            Ok(format!("{}{}", told.stdout, told.stderr))
        };
        let other = text.replace("ada@", "eva@").replace("bob", "rob");
        ensure!(told(text)? != told(&other)?, "{text} tells nothing");
        let asked = psql::run(&alice, text)?;
        if !asked.stderr.contains("nobody searches by email") {
            wrong.push(format!("{text}: {}{}", asked.stdout, asked.stderr));
        }
    }
    for text in NOT_LOOKED_UP {
        let asked = psql::run(&alice, text)?;
        if asked.code != 0 {
            wrong.push(format!("{text}: {}{}", asked.stdout, asked.stderr));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
