//! pg_dump under the rules as they are shipped: it works, and what it writes is masked or refused.

use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use e2e::login::Login;
use e2e::postgres;
use e2e::psql;
use e2e::scratch::Scratch;

use crate::stack::Stack;

/// Runs pg_dump of Alice's database through the proxy.
fn dump(stack: &Stack, args: &[&str]) -> Result<Output> {
    dump_as(&stack.alice()?, args)
}

fn dump_as(login: &Login, args: &[&str]) -> Result<Output> {
    let mut command = Command::new(postgres::programs()?.join("pg_dump"));
    command.args(args).arg("--dbname").arg(login.conninfo());
    command.env("PGPASSWORD", &login.password).env("LC_ALL", "C").output().context("run pg_dump")
}

/// A dump without the word that nobody can guess, and that is another in each.
pub(crate) fn text(login: &Login, args: &[&str]) -> Result<String> {
    let output = dump_as(login, args)?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let is_guarded = |line: &&str| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict ");
    Ok(text.lines().filter(is_guarded).collect::<Vec<_>>().join("\n"))
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

/// Whoever may not see values can take a database away all the same, in each of pg_dump's forms.
#[test]
fn a_masked_dump_can_be_restored() -> Result<()> {
    let stack = Stack::start()?;
    let folder = Scratch::new("dump")?;
    let more = "CREATE TABLE people (id int, email varchar(15), \"Phone\" text, twice int GENERATED ALWAYS AS (id * 2) STORED, ssn int, ip inet);
        INSERT INTO people VALUES (1, 'ada@example.com'::varchar(15), E'+49 30\\t1234', DEFAULT, 5, '203.0.113.77'), (2, NULL, '', DEFAULT, NULL, NULL);";
    psql::run(&stack.owner(), more)?.success()?;
    for (number, form) in ["custom", "tar", "plain"].into_iter().enumerate() {
        let path = folder.join(form);
        let path = path.to_str().context("a path in UTF-8")?;
        let dumped = dump(&stack, &["--no-owner", "--format", form, "--file", path])?;
        assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
        let name = format!("{}_again_{number}", stack.database);
        psql::run(&stack.superuser(), &format!("CREATE DATABASE {name}"))?.success()?;
        let again = stack.superuser().to_database(&name);
        if form == "plain" {
            psql::run_with(&again, &["-q", "-v", "ON_ERROR_STOP=1", "-f", path], "")?.success()?;
        } else {
            let mut restore = Command::new(postgres::programs()?.join("pg_restore"));
            restore.args(["--exit-on-error", "--no-owner", "--dbname", &again.conninfo(), path]);
            let restored = restore.env("PGPASSWORD", &again.password).output().context("run pg_restore")?;
            assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
        }
        let users = psql::run(&again, "SELECT id, email, city FROM users ORDER BY id LIMIT 2")?.success()?;
        assert_eq!(users, "1|a***@***.com|London\n2|a***@***.org|Cambridge\n");
        let people = psql::run(&again, "SELECT * FROM people ORDER BY id")?.success()?;
        assert_eq!(people, "1|a***@***.com|+** *****34|2||203.0.113.0\n2|||4||\n");
        let counts = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM orders), (SELECT sum(price_cents) FROM products)";
        let (direct, restored) = (psql::run(&stack.owner(), counts)?, psql::run(&again, counts)?);
        assert_eq!(direct.success()?, restored.success()?);
    }
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
