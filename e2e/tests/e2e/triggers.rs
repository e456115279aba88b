//! What triggers that are there already write elsewhere stays sensitive, also where they compute what they run.

use std::fmt::Write;

use anyhow::{Result, bail};
use e2e::psql;

use crate::laundering::{parts, run};
use crate::leaks::{assert_as_it_is, cases, shows_canary, with_objects};
use crate::reload::{RELOADED, reload};
use crate::stack::Stack;

fn with_triggers() -> Result<Stack> {
    let stack = with_objects("")?;
    psql::run(&stack.superuser(), "CREATE EXTENSION hstore")?.success()?;
    psql::run(&stack.owner(), include_str!("leaks/triggers_objects.sql"))?.success()?;
    Ok(stack)
}

#[test]
fn what_triggers_write_elsewhere_stays_masked() -> Result<()> {
    let (direct, stack) = (with_triggers()?, with_triggers()?);
    let mut wrong = String::new();
    for case in cases(include_str!("leaks/triggers.sql")) {
        let (writes, reads) = parts(case)?;
        let written = run(&direct.owner(), writes)?;
        let shown = run(&direct.owner(), reads)?;
        if !shows_canary(&shown) {
            bail!("is no attack: {case}\n{}{}{}", written.stderr, shown.stdout, shown.stderr);
        }
        let (written, shown) = (run(&stack.alice()?, writes)?, run(&stack.alice()?, reads)?);
        if shows_canary(&written) || shows_canary(&shown) {
            writeln!(wrong, "leaks: {case}\n{}{}", shown.stdout, shown.stderr)?;
        }
        if written.stderr.contains("Picket refused") || shown.stderr.contains("Picket refused") {
            writeln!(wrong, "is refused: {case}\n{}{}", written.stderr, shown.stderr)?;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

#[test]
fn what_an_application_sets_going_is_masked_for_others() -> Result<()> {
    const MAY_SEE: &str = "name = \"alice\"\ngroups = [\"reveal\"]\n";
    let mut stack = with_triggers()?;
    reload(&mut stack, RELOADED, |text| text.replace("name = \"alice\"\n", MAY_SEE))?;
    for case in cases(include_str!("leaks/triggers.sql")) {
        run(&stack.alice()?, parts(case)?.0)?;
    }
    reload(&mut stack, RELOADED, |text| text.replace(MAY_SEE, "name = \"alice\"\n"))?;
    for case in cases(include_str!("leaks/triggers.sql")) {
        let (_, reads) = parts(case)?;
        assert!(shows_canary(&run(&stack.owner(), reads)?), "{case}");
        let shown = run(&stack.alice()?, reads)?;
        assert!(!shows_canary(&shown), "{case}\n{}{}", shown.stdout, shown.stderr);
    }
    // Numbers among what triggers write are not hidden for that.
    let numbers = run(&stack.alice()?, "SELECT n FROM g2_log")?;
    assert_eq!(numbers.stdout.trim(), "2");
    Ok(())
}

#[test]
fn what_triggers_write_of_nothing_sensitive_comes_through_as_it_is() -> Result<()> {
    assert_as_it_is(include_str!("leaks/triggers_harmless.sql"), &with_triggers()?)
}
