//! What a statement writes elsewhere stays sensitive there: within its session at once, for everybody after, and over a restart.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::login::Login;
use e2e::psql::{self, Output};
use e2e::wait;

use crate::leaks::{Values, cases, shows_canary, with_objects_of};
use crate::stack::Stack;

/// Rules that are about other things than masks, and that some of it breaks.
const OBSERVED: &str = "[policy.mode]\nno-unfiltered-write = \"observe\"\n";

const LAUNDERING: &str = include_str!("leaks/laundering.sql");

/// What writes, and what reads it afterwards in another session.
pub(crate) fn parts(case: &str) -> Result<(&str, &str)> {
    case.split_once("\n---\n").context("a case without a second part")
}

/// Runs a text in a session of its own, one statement after the other.
pub(crate) fn run(login: &Login, text: &str) -> Result<Output> {
    let output = psql::run_with(login, &["-At"], &format!("{};", text.replace("; ", ";\n")))?;
    Ok(Output { stderr: output.stderr.lines().filter(|line| !line.starts_with("LINE ")).collect(), ..output })
}

#[test]
fn what_is_written_elsewhere_stays_masked() -> Result<()> {
    assert_stays_masked(Values::Addresses, LAUNDERING)
}

#[test]
fn what_has_no_form_stays_masked_where_it_is_written() -> Result<()> {
    assert_stays_masked(Values::Names, LAUNDERING)
}

#[test]
fn what_is_copied_on_from_a_new_table_stays_masked() -> Result<()> {
    assert_stays_masked(Values::Names, include_str!("leaks/told.sql"))
}

#[test]
fn what_has_a_form_and_is_copied_on_from_a_new_table_stays_masked() -> Result<()> {
    assert_stays_masked(Values::Addresses, include_str!("leaks/told.sql"))
}

/// Of cases that each write something elsewhere, and read it afterwards.
pub(crate) fn assert_stays_masked(values: Values, all: &str) -> Result<()> {
    let (direct, mut stack) = (with_objects_of(values, "")?, with_objects_of(values, OBSERVED)?);
    let (mut wrong, mut count) = (String::new(), 0);
    let mut look = |stack: &Stack, text: &str, when: &str| -> Result<()> {
        let output = run(&stack.alice()?, text)?;
        if output.stderr.contains("Picket refused") {
            writeln!(wrong, "is refused: {text}\n{}{}", output.stdout, output.stderr)?;
        }
        // What the case itself says is no value.
        if shows_canary(&output) && !text.contains("canary") {
            writeln!(wrong, "leaks {when}: {text}\n{}{}", output.stdout, output.stderr)?;
        }
        Ok(())
    };
    let mut attacks = Vec::new();
    let all = values.of(all);
    for case in cases(&all) {
        count += 1;
        let (writes, reads) = parts(case)?;
        let mut seen = run(&direct.owner(), writes)?;
        let shown = run(&direct.owner(), reads)?;
        seen.stdout.push_str(&shown.stdout);
        if !shows_canary(&seen) {
            anyhow::bail!("is no attack: {case}\n{}{}{}", seen.stdout, seen.stderr, shown.stderr);
        }
        look(&stack, writes, "at once")?;
        look(&stack, reads, "after")?;
        attacks.push(reads);
    }
    stack.proxy.stop()?;
    stack.proxy.restart()?;
    for reads in attacks {
        look(&stack, reads, "after a restart")?;
    }
    assert!(wrong.is_empty(), "of {count}:\n{wrong}");
    Ok(())
}

/// What is certain to be in a temporary table says nothing of a lasting one that has its name.
#[test]
fn what_is_written_into_a_temporary_table_leaves_the_lasting_one_of_its_name_alone() -> Result<()> {
    let (direct, stack) = (with_objects_of(Values::Names, "")?, with_objects_of(Values::Names, "")?);
    for (number, writes) in [
        "CREATE TEMP TABLE plain AS SELECT last_name AS note FROM people",
        "SELECT last_name AS note INTO TEMP plain FROM people",
        "CREATE TEMP TABLE plain (note text); INSERT INTO pg_temp.plain SELECT last_name FROM people",
    ]
    .into_iter()
    .enumerate()
    {
        let of = |text: &str| text.replace("plain", &format!("plain_{number}"));
        let made = of("CREATE TABLE plain (note text); INSERT INTO plain VALUES ('harmless')");
        psql::run(&direct.owner(), &made)?.success()?;
        psql::run(&stack.owner(), &made)?.success()?;
        let reads = of("SELECT note FROM plain");
        // What is new has the catalog read again.
        assert_eq!(psql::run(&stack.alice()?, &reads)?.success()?, "harmless\n");
        for reads in [
            "SELECT note FROM plain",
            "SELECT upper(note) FROM plain",
            "SELECT upper(note) FROM pg_temp.plain",
        ] {
            let text = of(&format!("{writes}; {reads}"));
            assert!(shows_canary(&run(&direct.owner(), &text)?), "is no attack: {text}");
            for shown in [run(&stack.alice()?, &text)?, psql::run(&stack.alice()?, &text)?] {
                assert!(!shows_canary(&shown) && shown.stdout.contains("***"), "{text}: {shown:?}");
            }
        }
        assert_eq!(psql::run(&stack.alice()?, &reads)?.success()?, "harmless\n", "{writes}");
        // As soon as a catalog is without the temporary tables.
        let mut again = 0;
        wait::until("the lasting table alone", Duration::from_secs(30), || {
            again += 1;
            let new =
                of(&format!("CREATE TABLE plain_new_{again} (id int); SELECT * FROM plain_new_{again}"));
            run(&stack.alice()?, &new)?;
            let shown = psql::run(&stack.alice()?, &of("SELECT upper(note) FROM plain"))?.success()?;
            Ok((shown == "HARMLESS\n").then_some(()))
        })?;
    }
    Ok(())
}
