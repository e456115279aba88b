//! Reading through the proxy: what comes back masked, what does not, and what is recorded.

use anyhow::Result;
use e2e::psql;

use crate::stack::{Stack, USER, number, text, words};

/// E-mail addresses of the shop, as they must not appear.
const IN_CLEAR: [&str; 3] = ["ada@example.com", "alan.stone@example.org", "barbara@example.net"];

fn assert_masked(rows: &str) {
    for email in IN_CLEAR {
        assert!(!rows.contains(email), "`{email}` came back in clear:\n{rows}");
    }
}

#[test]
fn emails_come_back_masked_and_the_rest_as_it_is() -> Result<()> {
    let stack = Stack::start()?;
    let rows =
        psql::run(&stack.alice()?, "SELECT id, name, email FROM users ORDER BY id LIMIT 3")?.success()?;
    assert_masked(&rows);
    let shown: Vec<Vec<&str>> = rows.lines().map(|row| row.split('|').collect()).collect();
    assert_eq!(shown.len(), 3, "{rows}");
    let clear = ["1|Ada Byron", "2|Alan Stone", "3|Barbara Lind"];
    for (row, clear) in shown.iter().zip(clear) {
        assert_eq!(row[..2].join("|"), clear);
        assert!(!row[2].is_empty(), "a masked value is shown, not left out: {rows}");
    }
    Ok(())
}

#[test]
fn a_masked_column_is_masked_under_any_name_and_place() -> Result<()> {
    let stack = Stack::start()?;
    for select in [
        "SELECT * FROM users ORDER BY id LIMIT 3",
        "SELECT email AS harmless FROM users ORDER BY id LIMIT 3",
        "SELECT o.id, u.email x FROM orders o JOIN users u ON u.id = o.user_id ORDER BY u.id, o.id LIMIT 12",
        "TABLE users",
        "WITH u AS (SELECT * FROM users) SELECT email FROM u ORDER BY id LIMIT 3",
        "SELECT 1; SELECT email FROM users ORDER BY id LIMIT 3; SELECT 2",
        "UPDATE users SET city = city WHERE id < 4 RETURNING email",
    ] {
        let rows = psql::run(&stack.alice()?, select)?.success()?;
        assert!(!rows.trim().is_empty(), "`{select}` gave no rows");
        assert_masked(&rows);
    }
    Ok(())
}

#[test]
fn results_without_masked_columns_are_the_database_s_own() -> Result<()> {
    let stack = Stack::start()?;
    let select = "SELECT o.*, p.title, NULL, '', ARRAY[1,2], '{\"a\": 1}'::json FROM orders o \
        JOIN products p ON p.id = o.product_id ORDER BY o.id";
    let proxied = psql::run(&stack.alice()?, select)?.success()?;
    let direct = psql::run(&stack.owner(), select)?.success()?;
    assert_eq!(proxied, direct);
    Ok(())
}

#[test]
fn null_emails_stay_null() -> Result<()> {
    let stack = Stack::start()?;
    stack.truth(
        "CREATE TABLE leads (email text); ALTER TABLE leads OWNER TO shop_owner; \
        INSERT INTO leads VALUES (NULL), ('zoe@example.com')",
    )?;
    let select = "SELECT email IS NULL, email FROM leads ORDER BY 1 DESC";
    let rows = psql::run(&stack.alice()?, select)?.success()?;
    assert_eq!(rows.lines().next(), Some("t|"), "{rows}");
    assert!(!rows.contains("zoe@example.com"), "{rows}");
    Ok(())
}

#[test]
fn a_select_is_recorded_with_who_what_rows_and_masked_columns() -> Result<()> {
    let stack = Stack::start()?;
    let select = "SELECT id, email FROM users WHERE city <> 'Nuenen'";
    psql::run(&stack.alice()?, select)?.success()?;
    let row = stack.statement(select)?;
    assert_eq!(text(&row, "principal")?, USER);
    assert_eq!(text(&row, "database")?, stack.database);
    assert_eq!(text(&row, "verdict")?, "allow");
    assert_eq!(text(&row, "sqlstate")?, "");
    assert_eq!(words(&row, "effects")?, ["select"]);
    assert_eq!(words(&row, "relations_read")?, ["public.users"]);
    assert_eq!(words(&row, "masked_columns")?, ["public.users.email"]);
    assert!(words(&row, "columns")?.contains(&"public.users.email"), "{row}");
    assert_eq!((number(&row, "rows")?, number(&row, "masked_values")?), (7, 7));
    assert!(number(&row, "bytes")? > 0, "{row}");
    Ok(())
}

#[test]
fn a_statement_that_fails_is_recorded_with_its_sqlstate() -> Result<()> {
    let stack = Stack::start()?;
    let select = "SELECT 1 / (id - id) FROM users";
    let output = psql::run(&stack.alice()?, select)?;
    assert!(output.stderr.contains("22012"), "{}", output.stderr);
    let row = stack.statement(select)?;
    assert_eq!(text(&row, "sqlstate")?, "22012");
    assert_eq!(text(&row, "verdict")?, "allow");
    Ok(())
}

#[test]
fn a_session_is_recorded_from_its_start_to_its_end() -> Result<()> {
    let stack = Stack::start()?;
    let mut session = psql::Session::start(&stack.alice()?)?;
    session.ask("SELECT 1;")?;
    let row = stack.ledger.wait_row("the session", "SELECT * FROM sessions FINAL WHERE ended_at IS NULL")?;
    assert_eq!(text(&row, "principal")?, USER);
    assert_eq!(text(&row, "authenticated_by")?, "scram-sha-256");
    assert_eq!(text(&row, "database_role")?, e2e::shop::OWNER);
    assert_eq!(text(&row, "application_name")?, "psql");
    assert!(number(&row, "upstream_cookie")? > 0, "{row}");
    for name in ["nightly job", "psql", "ünïcode", "nightly job"] {
        session.ask(&format!("SET application_name = '{name}';"))?;
    }
    session.quit()?;
    let ended = "SELECT * FROM sessions FINAL WHERE ended_at IS NOT NULL";
    let row = stack.ledger.wait_row("the session's end", ended)?;
    assert_eq!(text(&row, "application_name")?, "psql");
    // The server reports what it made of a name that is not ASCII.
    let reported = stack.truth("SET application_name = 'ünïcode'; SHOW application_name")?;
    assert_eq!(words(&row, "application_names")?, ["nightly job", &reported]);
    Ok(())
}
