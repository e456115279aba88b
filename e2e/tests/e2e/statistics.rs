//! What PostgreSQL keeps of the values of columns, to plan with, shows no more of them through views and functions than itself.

use anyhow::Result;
use e2e::psql;

use crate::leaks::{Values, assert_as_it_is, assert_attacks_fail, run, shows_canary, with_more};
use crate::stack::Stack;

fn with_statistics() -> Result<Stack> {
    with_more(Stack::superuser, include_str!("leaks/statistics_objects.sql"))
}

#[test]
fn views_and_functions_show_nothing_of_statistics() -> Result<()> {
    assert_statistics_show_nothing(Values::Addresses)
}

#[test]
fn views_and_functions_show_nothing_of_statistics_of_what_has_no_form() -> Result<()> {
    assert_statistics_show_nothing(Values::Names)
}

fn assert_statistics_show_nothing(values: Values) -> Result<()> {
    let (objects, attacks) =
        (include_str!("leaks/statistics_objects.sql"), include_str!("leaks/statistics.sql"));
    assert_attacks_fail(values, Stack::superuser, objects, attacks)
}

#[test]
fn what_views_show_of_statistics_that_is_no_value_comes_through() -> Result<()> {
    let stack = with_statistics()?;
    assert_as_it_is(include_str!("leaks/statistics_harmless.sql"), &stack)
}

#[test]
fn a_view_on_what_others_ask_shows_no_more_of_it() -> Result<()> {
    let stack = with_statistics()?;
    let mut other = psql::Session::start(&stack.superuser())?;
    other.expect("SELECT 'of alice.canary' AS x;", "canary")?;
    let text = "SELECT q FROM st_activity; SELECT upper(q) FROM st_activity";
    assert!(shows_canary(&run(&stack.superuser(), text)?));
    assert!(!shows_canary(&run(&stack.alice()?, text)?));
    other.quit()?;
    Ok(())
}

/// Another session's catalog was read before the view was there.
#[test]
fn a_view_on_statistics_that_is_new_shows_nothing_to_others() -> Result<()> {
    let stack = with_statistics()?;
    let mut reader = psql::Session::start(&stack.alice()?)?;
    reader.ask("SELECT 1;")?;
    let made = "CREATE VIEW fresh AS SELECT reverse(histogram_bounds::text) AS h FROM pg_stats; GRANT SELECT ON fresh TO PUBLIC";
    psql::run(&stack.superuser(), made)?.success()?;
    let told = reader.ask("SELECT h FROM fresh;")?;
    assert!(!told.contains("yranac") && told.contains("***"), "{told}");
    // Nor after it has become a view on them.
    let made = "CREATE VIEW later AS SELECT 'a'::text AS h";
    psql::run(&stack.alice()?, made)?.success()?;
    reader.expect("SELECT h FROM later;", "a")?;
    let made = "CREATE OR REPLACE VIEW later AS SELECT reverse(histogram_bounds::text) AS h FROM pg_stats";
    psql::run(&stack.alice()?, made)?.success()?;
    let told = reader.ask("SELECT h FROM later WHERE h <> '';")?;
    assert!(!told.contains("yranac") && told.contains("***"), "{told}");
    reader.quit()?;
    Ok(())
}
