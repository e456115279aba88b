//! What a statement writes elsewhere stays sensitive there: within its session at once, for everybody after, and over a restart.

use std::fmt::Write;

use anyhow::{Context, Result};
use e2e::login::Login;
use e2e::psql::{self, Output};

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
