//! What texts make that code runs by EXECUTE is masked like what a statement makes: at once, and by whatever name it has by then.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use e2e::psql::{self, Output};

use crate::laundering::run;
use crate::leaks::{Values, cases, shows_canary, with_objects_of};

#[test]
fn what_executed_texts_make_stays_masked() -> Result<()> {
    assert_made_is_masked(Values::Addresses)
}

#[test]
fn what_executed_texts_make_of_what_has_no_form_stays_masked() -> Result<()> {
    assert_made_is_masked(Values::Names)
}

fn assert_made_is_masked(values: Values) -> Result<()> {
    let (direct, stack) = (with_objects_of(values, "")?, with_objects_of(values, "")?);
    let texts = values.of(include_str!("leaks/executed.sql"));
    let mut wrong = String::new();
    for case in cases(&texts) {
        let (makes, reads) = case.split_once("\n---\n").with_context(|| format!("no parts: {case}"))?;
        let shown = run(&direct.owner(), &format!("BEGIN; {makes}; {reads}; COMMIT"))?;
        ensure!(shows_canary(&shown), "is no attack: {makes}\n{}{}", shown.stdout, shown.stderr);
        let mut look = |when: &str, output: Result<Output>| -> Result<()> {
            let output = output?;
            if shows_canary(&output) {
                writeln!(wrong, "leaks {when}: {case}\n{}{}", output.stdout, output.stderr)?;
            }
            if output.stderr.contains("Picket refused") {
                writeln!(wrong, "is refused {when}: {case}\n{}", output.stderr)?;
            }
            Ok(())
        };
        // Each statement of `reads` alone: an error ends a string.
        for read in reads.split("; ") {
            let alice = stack.alice()?;
            look("in one string", psql::run(&alice, &format!("{makes}; {read}; SELECT 1 / 0")))?;
            look("in one transaction", psql::run(&alice, &format!("BEGIN; {makes}; {read}; ROLLBACK")))?;
        }
        let alice = stack.alice()?;
        look("within", run(&alice, &format!("BEGIN; {makes}; {reads}; ROLLBACK")))?;
        look("behind", run(&alice, &format!("{makes}; {reads}")))?;
        look("after", run(&stack.alice()?, reads))?;
    }
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// Numbers have no form either.
#[test]
fn numbers_that_executed_texts_make_stay_masked() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let makes = "DO $$ BEGIN EXECUTE 'CREATE FUNCTION xn() RETURNS int LANGUAGE sql AS \
        ''SELECT 777000 + ascii(last_name) FROM people WHERE id = 1'''; END $$";
    let reads = "SELECT xn()";
    let all = [
        psql::run(&stack.alice()?, &format!("{makes}; {reads}; SELECT 1 / 0"))?,
        psql::run(&stack.alice()?, &format!("BEGIN; {makes}; {reads}; ROLLBACK"))?,
        run(&stack.alice()?, &format!("BEGIN; {makes}; {reads}; ROLLBACK"))?,
        run(&stack.alice()?, &format!("{makes}; {reads}"))?,
        run(&stack.alice()?, reads)?,
    ];
    for output in all {
        ensure!(!output.stdout.contains("777097"), "{}{}", output.stdout, output.stderr);
    }
    ensure!(psql::run(&stack.owner(), reads)?.success()?.contains("777097"));
    Ok(())
}
