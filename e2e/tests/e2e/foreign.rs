//! A column of a foreign table is of the class that its name tells where its values are.

use anyhow::Result;
use e2e::psql;

use crate::leaks::{Values, assert_as_it_is, assert_no_leak, shows_canary, with_objects_of};
use crate::stack::Stack;

fn with_foreign_tables(values: Values) -> Result<Stack> {
    let stack = with_objects_of(values, "")?;
    let owner = stack.owner();
    let objects = values
        .of(include_str!("leaks/foreign_objects.sql"))
        .replace("PORT", &owner.port.to_string())
        .replace("DATABASE", &owner.database)
        .replace("USER'", &format!("{}'", owner.user))
        .replace("PASSWORD", &owner.password);
    psql::run(&stack.superuser(), &objects)?.success()?;
    Ok(stack)
}

#[test]
fn names_of_columns_elsewhere_tell_what_is_in_them() -> Result<()> {
    for values in [Values::Addresses, Values::Names] {
        let stack = with_foreign_tables(values)?;
        let attacks = values.of(include_str!("leaks/foreign.sql"));
        assert_no_leak(&attacks, &stack.superuser(), &stack.alice()?, shows_canary)?;
    }
    Ok(())
}

#[test]
fn other_columns_of_foreign_tables_come_through() -> Result<()> {
    assert_as_it_is(include_str!("leaks/foreign_harmless.sql"), &with_foreign_tables(Values::Addresses)?)
}
