//! What code writes and gives that runs without being called by its name stays sensitive: behind operators, casts, checks, policies, indexes,
//! defaults of domains. Whether it was there before, or was made a moment ago.

use anyhow::Result;

use crate::laundering::assert_stays_masked;
use crate::leaks::{Values, assert_as_it_is, assert_attacks_fail, with_more};
use crate::stack::Stack;

const UNSHOWN: &str = include_str!("leaks/unshown.sql");

fn assert_known_code_tells_nothing(values: Values) -> Result<()> {
    let (objects, attacks) = (include_str!("leaks/implied_objects.sql"), include_str!("leaks/implied.sql"));
    assert_attacks_fail(values, Stack::owner, objects, attacks)
}

#[test]
fn what_code_writes_that_nobody_calls_stays_masked() -> Result<()> {
    assert_known_code_tells_nothing(Values::Addresses)
}

#[test]
fn what_code_writes_of_what_has_no_form_stays_masked() -> Result<()> {
    assert_known_code_tells_nothing(Values::Names)
}

fn assert_classes_tell_nothing(values: Values) -> Result<()> {
    let (objects, attacks) = (include_str!("leaks/classes_objects.sql"), include_str!("leaks/classes.sql"));
    assert_attacks_fail(values, Stack::superuser, objects, attacks)
}

#[test]
fn what_operator_classes_and_ranges_write_stays_masked() -> Result<()> {
    assert_classes_tell_nothing(Values::Addresses)
}

#[test]
fn what_they_write_of_what_has_no_form_stays_masked() -> Result<()> {
    assert_classes_tell_nothing(Values::Names)
}

#[test]
fn what_operator_classes_write_of_nothing_sensitive_comes_through_as_it_is() -> Result<()> {
    let stack = with_more(Stack::superuser, include_str!("leaks/classes_harmless_objects.sql"))?;
    assert_as_it_is(include_str!("leaks/classes_harmless.sql"), &stack)
}

#[test]
fn what_no_catalog_shows_yet_launders_nothing() -> Result<()> {
    assert_stays_masked(Values::Addresses, UNSHOWN)
}

#[test]
fn what_no_catalog_shows_yet_launders_nothing_that_has_no_form() -> Result<()> {
    assert_stays_masked(Values::Names, UNSHOWN)
}

#[test]
fn what_code_writes_of_nothing_sensitive_comes_through_as_it_is() -> Result<()> {
    let stack = with_more(Stack::owner, include_str!("leaks/implied_harmless_objects.sql"))?;
    assert_as_it_is(include_str!("leaks/implied_harmless.sql"), &stack)
}
