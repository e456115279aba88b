//! Changing rows through the proxy: it works, and it is recorded with the number of rows.

use anyhow::Result;
use e2e::psql;

use crate::stack::{Stack, number, text, words};

#[test]
fn an_update_changes_rows_and_is_recorded_with_their_number() -> Result<()> {
    let stack = Stack::start()?;
    let update = "UPDATE users SET city = 'Oxford' WHERE email LIKE '%@example.org'";
    psql::run(&stack.alice()?, update)?.success()?;
    assert_eq!(stack.truth("SELECT count(*) FROM users WHERE city = 'Oxford'")?, "3");
    let row = stack.statement(update)?;
    assert_eq!(words(&row, "effects")?, ["update"]);
    assert_eq!(words(&row, "relations_written")?, ["public.users"]);
    assert_eq!(number(&row, "rows")?, 3);
    assert_eq!(text(&row, "verdict")?, "allow");
    Ok(())
}

#[test]
fn inserts_and_deletes_are_recorded_with_their_rows() -> Result<()> {
    let stack = Stack::start()?;
    let insert = "INSERT INTO products (title, price_cents) SELECT 'Tray', n FROM generate_series(1, 5) n";
    let delete = "DELETE FROM products WHERE title = 'Tray'";
    for (statement, effect) in [(insert, "insert"), (delete, "delete")] {
        psql::run(&stack.alice()?, statement)?.success()?;
        let row = stack.statement(statement)?;
        assert_eq!(words(&row, "effects")?, [effect]);
        assert_eq!(number(&row, "rows")?, 5);
    }
    Ok(())
}

#[test]
fn rows_that_are_copied_in_and_out_pass_unchanged() -> Result<()> {
    let stack = Stack::start()?;
    let script = "COPY products (title, price_cents) FROM STDIN;\nSaucer\t310\nSpoon\t120\n\\.\n\
        COPY (SELECT title, price_cents FROM products WHERE price_cents < 400 ORDER BY 1) TO STDOUT;\n";
    let copied = psql::run_with(&stack.alice()?, &["-qAt", "-v", "ON_ERROR_STOP=1"], script)?.success()?;
    assert_eq!(copied, "Saucer\t310\nSpoon\t120\n");
    Ok(())
}

#[test]
fn a_database_that_was_served_can_be_dropped() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.alice()?, "SELECT count(*) FROM products")?.success()?;
    // It waits 5 s at most for others to leave; the proxy's own look at the catalog must not be one of them for longer.
    stack.drop_database()
}
