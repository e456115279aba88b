//! Who saw sensitive values as they are stands in the ledger, whichever way they came.

use anyhow::{Context, Result};
use e2e::psql;

use crate::reload::{RELOADED, reload};
use crate::stack::{Stack, text, words};

/// What somebody who may see values runs, and what of it must be recorded as shown.
const SHOWN: [(&str, &[&str]); 19] = [
    ("SELECT id, email FROM users", &["public.users.email email"]),
    ("TABLE users", &["public.users.email email"]),
    ("SELECT upper(email) FROM users", &["(upper) derived"]),
    ("SELECT email || '' AS x, email FROM users", &["(x) derived", "public.users.email email"]),
    ("SELECT u FROM users AS u", &["(u) derived"]),
    ("SELECT to_jsonb(u) FROM users AS u", &["(to_jsonb) derived"]),
    ("SELECT (SELECT max(email) FROM users) AS y", &["(y) derived"]),
    ("SELECT email FROM users UNION SELECT 'a'", &["(email) derived"]),
    ("WITH w AS (SELECT email AS e FROM users) SELECT e FROM w", &["public.users.email email"]),
    ("SELECT e FROM seen", &["public.seen.e derived"]),
    ("SELECT leak()", &["(leak) derived"]),
    ("UPDATE users SET city = city WHERE id = 1 RETURNING email", &["public.users.email email"]),
    ("FETCH 2 FROM c", &["public.users.email email"]),
    ("EXECUTE p", &["(lower) derived"]),
    ("COPY users TO STDOUT", &["public.users.email email"]),
    ("COPY (SELECT * FROM seen) TO STDOUT", &["public.seen.e derived"]),
    ("COPY (SELECT email FROM users) TO STDOUT (FORMAT binary)", &["public.users.email email"]),
    ("COPY (SELECT leak()) TO STDOUT", &["(leak) derived"]),
    ("EXPLAIN SELECT email FROM users", &[]),
];

/// What shows nothing.
const HARMLESS: [&str; 4] = [
    "SELECT id FROM users",
    "SELECT count(*) FROM users WHERE email = 'ada@example.com'",
    "SELECT quantity FROM orders",
    "COPY orders TO STDOUT",
];

fn shown(stack: &Stack, statement: &str) -> Result<Vec<String>> {
    let row = stack.statement(statement)?;
    assert_eq!(text(&row, "outcome")?, "completed", "{statement}");
    let (columns, classes) = (words(&row, "revealed_columns")?, words(&row, "revealed_classes")?);
    assert_eq!(columns.len(), classes.len(), "{row}");
    assert!(words(&row, "masked_columns")?.is_empty(), "{row}");
    let mut shown: Vec<_> =
        columns.iter().zip(classes).map(|(column, class)| format!("{column} {class}")).collect();
    shown.sort();
    Ok(shown)
}

#[test]
fn whatever_way_values_are_shown_it_is_recorded() -> Result<()> {
    let mut stack = Stack::start()?;
    psql::run(
        &stack.owner(),
        "CREATE VIEW seen AS SELECT id, email AS e FROM users;
        CREATE FUNCTION leak() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT max(email) FROM users; END",
    )?
    .success()?;
    let masked = "SELECT email FROM users WHERE id = 1";
    psql::run(&stack.alice()?, masked)?.success()?;
    let row = stack.statement(masked)?;
    assert_eq!(words(&row, "masked_columns")?, ["public.users.email"]);
    assert!(words(&row, "revealed_columns")?.is_empty(), "{row}");

    reload(&mut stack, RELOADED, |text| {
        text.replace("name = \"alice\"\n", "name = \"alice\"\ngroups = [\"reveal\"]\n")
    })?;
    let open = "BEGIN;\nDECLARE c CURSOR FOR SELECT email FROM users;\nPREPARE p AS SELECT lower(email) FROM users;\n";
    let all = SHOWN.iter().map(|(text, _)| *text).chain(HARMLESS);
    let script: String = all.map(|text| format!("{text};\n")).collect();
    psql::run_with(&stack.alice()?, &["-At"], &format!("{open}{script}"))?.success()?;
    let harmless = HARMLESS.map(|statement| (statement, [].as_slice()));
    let mut wrong = Vec::new();
    for (statement, expected) in SHOWN.into_iter().chain(harmless) {
        let recorded = shown(&stack, statement)?;
        // Once all values are searched, nobody has to mask anything of a COPY, and nobody asks for its columns.
        let undescribed: Vec<_> = expected.iter().map(|column| column.replace("(leak)", "(copy)")).collect();
        if recorded != expected && recorded != undescribed {
            wrong.push(format!("{statement}: {recorded:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let select = "SELECT principal, application_name, class, sum(rows) AS rows FROM revealed_access \
        WHERE object = 'public.users.email' GROUP BY ALL";
    let row = stack.ledger.wait_row("who saw addresses", select)?;
    assert_eq!((text(&row, "principal")?, text(&row, "class")?), ("alice", "email"));
    row.get("rows").and_then(serde_json::Value::as_u64).filter(|rows| 8 < *rows).context("find rows")?;
    Ok(())
}

#[test]
fn a_copy_of_whoever_may_see_all_of_it_fails_as_without_the_proxy() -> Result<()> {
    let mut stack = Stack::start_with("[policy.mode]\nno-disable-protection = \"observe\"\n")?;
    // Values of tables with policies of rows are not looked at.
    let made = "CREATE TABLE kept (a int, b text); ALTER TABLE kept ENABLE ROW LEVEL SECURITY";
    psql::run(&stack.superuser(), made)?.success()?;
    reload(&mut stack, RELOADED, |text| {
        text.replace("name = \"alice\"\n", "name = \"alice\"\ngroups = [\"reveal\"]\n")
    })?;
    // What asks for its columns first would be told of the policies.
    let copy = "SET row_security = off;\nCOPY kept TO STDOUT;\n";
    for login in [stack.owner(), stack.alice()?] {
        let output = psql::run_with(&login, &["-At"], copy)?;
        anyhow::ensure!(output.stderr.contains("permission denied for table kept"), "{}", output.stderr);
    }
    Ok(())
}
