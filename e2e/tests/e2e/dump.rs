//! pg_dump under the rules as they are shipped: it works, and what it writes is masked or refused.

use std::process::{Command, Output};

use anyhow::{Context, Result};
use e2e::postgres;
use e2e::psql;

use crate::stack::Stack;

/// Runs pg_dump of Alice's database through the proxy.
fn dump(stack: &Stack, args: &[&str]) -> Result<Output> {
    let alice = stack.alice()?;
    let mut command = Command::new(postgres::programs()?.join("pg_dump"));
    command.args(args).arg("--dbname").arg(alice.conninfo());
    command.env("PGPASSWORD", &alice.password).env("LC_ALL", "C").output().context("run pg_dump")
}

#[test]
fn a_database_is_dumped_without_its_masked_values() -> Result<()> {
    let stack = Stack::start()?;
    let output = dump(&stack, &["--inserts"])?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("CREATE TABLE public.users"), "{text}");
    assert!(text.contains("'a***@***.com'"), "{text}");
    assert!(!text.contains("ada@example.com"), "{text}");
    assert_eq!(text.matches("INSERT INTO public.orders").count(), e2e::shop::ORDERS);
    Ok(())
}

#[test]
fn a_dump_copies_every_table_but_those_with_masked_columns() -> Result<()> {
    let stack = Stack::start()?;
    let output = dump(&stack, &["--exclude-table-data=users"])?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("COPY public.orders") && text.contains("Strainer"), "{text}");
    let refused = dump(&stack, &[])?;
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && error.contains("copy-masked"), "{error}");
    Ok(())
}

/// What pg_dump's statement looks up can be somebody's own; then it is the value that must be harmless.
#[test]
fn a_table_in_the_place_of_pg_settings_changes_nothing() -> Result<()> {
    let stack = Stack::start()?;
    let mut session = psql::Session::start(&stack.alice()?)?;
    for statement in [
        "CREATE TEMPORARY TABLE mine AS SELECT 'standard_conforming_strings' AS name, 'client_encoding' AS other;",
        "ALTER TABLE mine RENAME TO pg_settings;",
    ] {
        let said = session.ask(statement)?;
        assert!(!said.contains("ERROR"), "{statement}: {said}");
    }
    for (statement, answer) in [
        ("SELECT set_config(name, 'off', false) FROM pg_settings WHERE name <> 'x';", "lexing-settings"),
        ("SELECT set_config(other, 'big5', false) FROM pg_settings WHERE name <> 'x';", "lexing-settings"),
        (
            "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings;",
            "requires a Boolean value",
        ),
        ("SELECT set_config(other, 'view', false) FROM pg_settings;", "invalid value for parameter"),
    ] {
        let said = session.ask(statement)?;
        assert!(said.contains(answer), "{statement}: {said}");
    }
    let kept = session.ask("SHOW standard_conforming_strings;")?;
    assert!(kept.contains("on"), "{kept}");
    assert_eq!(session.quit()?, 0);
    Ok(())
}
