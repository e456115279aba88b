//! Names that mean something else since a moment ago, or within a transaction alone: what is computed from them is masked.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Result, bail};
use e2e::psql::{self, Session};
use e2e::wait;

use crate::laundering::run;
use crate::leaks::{Values, cases, shows_canary, with_objects, with_objects_of};

/// What is there before, what moves it, and what reads it afterwards.
fn parts(case: &str) -> Result<[&str; 3]> {
    match case.split("\n---\n").collect::<Vec<_>>().try_into() {
        Ok(parts) => Ok(parts),
        Err(_) => bail!("a case without three parts: {case}"),
    }
}

#[test]
fn what_moves_names_is_seen_at_once() -> Result<()> {
    assert_moves_are_seen(Values::Addresses)
}

#[test]
fn what_moves_names_of_what_has_no_form_is_seen_at_once() -> Result<()> {
    assert_moves_are_seen(Values::Names)
}

fn assert_moves_are_seen(values: Values) -> Result<()> {
    let (direct, stack) = (with_objects_of(values, "")?, with_objects_of(values, "")?);
    let moved = values.of(include_str!("leaks/moved.sql"));
    let cases: Vec<_> = cases(&moved).map(parts).collect::<Result<_>>()?;
    for [before, moves, reads] in &cases {
        psql::run(&direct.owner(), before)?.success()?;
        psql::run(&stack.owner(), before)?.success()?;
        let shown = run(&direct.owner(), &format!("BEGIN; {moves}; {reads}; COMMIT"))?;
        assert!(shows_canary(&shown), "is no attack: {moves}\n{}{}", shown.stdout, shown.stderr);
    }
    let mut wrong = String::new();
    for [_, moves, reads] in &cases {
        for (when, text) in [
            ("within", format!("BEGIN; {moves}; {reads}; ROLLBACK")),
            ("behind", format!("{moves}; {reads}")),
            ("after", (*reads).to_owned()),
        ] {
            let output = run(&stack.alice()?, &text)?;
            if shows_canary(&output) {
                writeln!(wrong, "leaks {when}: {text}\n{}{}", output.stdout, output.stderr)?;
            }
            if output.stderr.contains("Picket refused") {
                writeln!(wrong, "is refused: {text}\n{}", output.stderr)?;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

#[test]
fn who_waits_for_another_transaction_sees_nothing_of_what_it_moves() -> Result<()> {
    let stack = with_objects("")?;
    let mut mover = Session::start(&stack.alice()?)?;
    mover.expect("BEGIN;", "BEGIN")?;
    mover.expect("ALTER TABLE secrets RENAME COLUMN phone TO x;", "ALTER TABLE")?;
    let alice = stack.alice()?;
    let reader = std::thread::spawn(move || psql::run(&alice, "SELECT upper(x), id + 1 FROM secrets"));
    wait::until("somebody to wait for the lock", Duration::from_secs(20), || {
        let waiting =
            psql::run(&stack.owner(), "SELECT count(*) FROM pg_locks WHERE NOT granted")?.success()?;
        Ok((waiting.trim() != "0").then_some(()))
    })?;
    mover.expect("COMMIT;", "COMMIT")?;
    let Ok(output) = reader.join() else { bail!("the reader panicked") };
    // Until a catalog shows it, nobody knows what else is computed from.
    let shown = output?.success()?;
    assert!(["***|\n", "***|2\n"].contains(&shown.as_str()), "{shown}");
    assert_eq!(mover.quit()?, 0);
    Ok(())
}

#[test]
fn who_waits_for_another_transaction_writes_nothing_in_clear_that_it_moves() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let mut mover = Session::start(&stack.alice()?)?;
    mover.expect("BEGIN;", "BEGIN")?;
    mover.expect("ALTER TABLE people RENAME COLUMN last_name TO x;", "ALTER TABLE")?;
    let alice = stack.alice()?;
    let writer =
        std::thread::spawn(move || psql::run(&alice, "INSERT INTO visits SELECT id, id, x FROM people"));
    wait::until("somebody to wait for the lock", Duration::from_secs(20), || {
        let waiting =
            psql::run(&stack.owner(), "SELECT count(*) FROM pg_locks WHERE NOT granted")?.success()?;
        Ok((waiting.trim() != "0").then_some(()))
    })?;
    mover.expect("COMMIT;", "COMMIT")?;
    let Ok(output) = writer.join() else { bail!("the writer panicked") };
    output?.success()?;
    let reads = "SELECT note FROM visits";
    assert!(shows_canary(&run(&stack.owner(), reads)?));
    let shown = run(&stack.alice()?, reads)?;
    assert!(!shows_canary(&shown), "{}", shown.stdout);
    assert_eq!(mover.quit()?, 0);
    Ok(())
}

#[test]
fn what_moves_nothing_sensitive_is_shown_as_it_is() -> Result<()> {
    let stack = with_objects("")?;
    let text = "BEGIN; CREATE TEMP TABLE t (n int, v text); INSERT INTO t VALUES (1, 'a'); SELECT n * 2, upper(v) FROM t; \
        ALTER TABLE visits ADD COLUMN more text; SELECT id * 2, upper(note) FROM visits; \
        CREATE VIEW seen AS SELECT id AS i, note AS n FROM visits; SELECT i * 2, upper(n) FROM seen; \
        ALTER TABLE people RENAME COLUMN email TO x; SELECT id * 2, upper(note) FROM visits; ROLLBACK; \
        CREATE VIEW seen AS SELECT id AS i, note AS n FROM visits; SELECT i * 2, upper(n) FROM seen";
    let shown = run(&stack.alice()?, text)?;
    assert!(!shown.stdout.contains("***"), "{}{}", shown.stdout, shown.stderr);
    assert_eq!(shown.stdout.matches("4|SECOND").count(), 4, "{}{}", shown.stdout, shown.stderr);
    Ok(())
}
