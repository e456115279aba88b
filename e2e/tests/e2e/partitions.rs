//! In which partition a row is tells no value that is masked.

use anyhow::Result;
use e2e::psql;

use crate::leaks::{Values, assert_as_it_is, assert_attacks_fail, with_objects};
use crate::stack::Stack;

const OBJECTS: &str = include_str!("leaks/partitions_objects.sql");

#[test]
fn partitions_tell_nothing() -> Result<()> {
    assert_attacks_fail(Values::Addresses, Stack::owner, OBJECTS, include_str!("leaks/partitions.sql"))
}

#[test]
fn partitions_tell_nothing_that_has_no_form() -> Result<()> {
    assert_attacks_fail(Values::Names, Stack::owner, OBJECTS, include_str!("leaks/partitions.sql"))
}

#[test]
fn partitions_by_what_is_harmless_come_through_as_they_are() -> Result<()> {
    let stack = with_objects("")?;
    psql::run(&stack.owner(), OBJECTS)?.success()?;
    assert_as_it_is(include_str!("leaks/partitions_harmless.sql"), &stack)
}
