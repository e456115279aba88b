//! What functions and blocks do with values is followed through their bodies: what they give back and write of sensitive ones is masked, and
//! what they only look up by such comes through.

use anyhow::Result;

use crate::leaks::{Values, assert_as_it_is, assert_attacks_fail, with_more};
use crate::stack::Stack;

const OBJECTS: &str = include_str!("leaks/bodies_objects.sql");
const ATTACKS: &str = include_str!("leaks/bodies.sql");

#[test]
fn what_bodies_give_and_write_of_values_is_masked() -> Result<()> {
    assert_attacks_fail(Values::Addresses, Stack::owner, OBJECTS, ATTACKS)
}

#[test]
fn what_bodies_give_and_write_of_values_without_a_form_is_masked() -> Result<()> {
    assert_attacks_fail(Values::Names, Stack::owner, OBJECTS, ATTACKS)
}

#[test]
fn what_bodies_only_look_up_by_values_comes_through() -> Result<()> {
    assert_as_it_is(include_str!("leaks/bodies_harmless.sql"), &with_more(Stack::owner, OBJECTS)?)
}
