//! Results that rules give whoever writes show no value that is computed from sensitive ones.

use std::time::Duration;

use anyhow::Result;
use e2e::wait;

use crate::leaks::{Values, assert_attacks_fail, cases, run, with_more};
use crate::stack::Stack;

const LOOKED: Duration = Duration::from_secs(60);

fn with_rules() -> Result<Stack> {
    with_more(Stack::owner, include_str!("leaks/rules_objects.sql"))
}

#[test]
fn results_of_rules_show_nothing() -> Result<()> {
    assert_rules_show_nothing(Values::Addresses)
}

#[test]
fn results_of_rules_show_nothing_that_has_no_form() -> Result<()> {
    assert_rules_show_nothing(Values::Names)
}

fn assert_rules_show_nothing(values: Values) -> Result<()> {
    let (objects, attacks) = (include_str!("leaks/rules_objects.sql"), include_str!("leaks/rules.sql"));
    assert_attacks_fail(values, Stack::owner, objects, attacks)
}

#[test]
fn what_rules_show_of_nothing_sensitive_comes_through() -> Result<()> {
    let stack = with_rules()?;
    // Beside a rule that reads something sensitive, what is computed is masked until values of the table have been looked at, and
    // while the catalog is read anew.
    for text in cases(include_str!("leaks/rules_harmless.sql")) {
        let direct = run(&stack.owner(), text)?;
        wait::until(format!("the same of {text}"), LOOKED, || {
            let through = run(&stack.alice()?, text)?;
            Ok((through.stdout == direct.stdout && through.stderr == direct.stderr).then_some(()))
        })?;
    }
    Ok(())
}
