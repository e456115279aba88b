//! Results that rules give whoever writes show no value that is computed from sensitive ones.

use std::time::Duration;

use anyhow::Result;
use e2e::wait;

use crate::leaks::{assert_as_it_is, assert_no_leak, run, shows_canary, with_more};
use crate::stack::Stack;

const LOOKED: Duration = Duration::from_secs(60);

fn with_rules() -> Result<Stack> {
    with_more(Stack::owner, include_str!("leaks/rules_objects.sql"))
}

#[test]
fn results_of_rules_show_nothing() -> Result<()> {
    let stack = with_rules()?;
    assert_no_leak(include_str!("leaks/rules.sql"), &stack.superuser(), &stack.alice()?, shows_canary)
}

#[test]
fn what_rules_show_of_nothing_sensitive_comes_through() -> Result<()> {
    let (stack, update) = (with_rules()?, "UPDATE noting SET n = 2 WHERE n = 1 RETURNING upper(note)");
    // Beside a rule that reads something sensitive, what is computed is masked until values of the table have been looked at.
    wait::until("looks at values", LOOKED, || {
        Ok(run(&stack.alice()?, update)?.stdout.contains("A\n").then_some(()))
    })?;
    assert_as_it_is(include_str!("leaks/rules_harmless.sql"), &stack)
}
