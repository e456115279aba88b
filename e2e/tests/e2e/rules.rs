//! Results that rules give whoever writes show no value that is computed from sensitive ones.

use anyhow::Result;
use e2e::psql;

use crate::leaks::{assert_as_it_is, assert_no_leak, shows_canary, with_objects};
use crate::stack::Stack;

fn with_rules() -> Result<Stack> {
    let stack = with_objects("")?;
    psql::run(&stack.owner(), include_str!("leaks/rules_objects.sql"))?.success()?;
    Ok(stack)
}

#[test]
fn results_of_rules_show_nothing() -> Result<()> {
    let stack = with_rules()?;
    assert_no_leak(include_str!("leaks/rules.sql"), &stack.superuser(), &stack.alice()?, shows_canary)
}

#[test]
fn what_rules_show_of_nothing_sensitive_comes_through() -> Result<()> {
    assert_as_it_is(include_str!("leaks/rules_harmless.sql"), &with_rules()?)
}
