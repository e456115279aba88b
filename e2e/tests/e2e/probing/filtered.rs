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
