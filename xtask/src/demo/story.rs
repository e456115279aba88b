//! What the demo shows, step by step, and the check that each step showed what it promised.

use std::io::{IsTerminal, Write, stdout};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::psql::{self, Session};
use e2e::{binaries, shop, wait};
use serde_json::Value;

use super::parts::{DATABASE, Parts, USER};
use crate::run;

/// How long records may take until the ledger has them.
const ARRIVAL_SECS_MAX: u64 = 30;

const SELECT: &str = "SELECT id, name, email FROM users ORDER BY id LIMIT 4;";
const UPDATE: &str = "UPDATE users SET city = 'Oxford' WHERE email LIKE '%@example.org';";
const DROP: &str = "DROP TABLE users CASCADE;";
const COUNT: &str = "SELECT count(*) FROM users;";
const AROUND: &str = "SELECT name, email FROM users ORDER BY id LIMIT 2;";

pub(super) fn tell(parts: &Parts) -> Result<()> {
    through_the_proxy(parts)?;
    around_the_proxy(parts)?;
    who_touched(parts)?;
    who_went_around(parts)
}

fn through_the_proxy(parts: &Parts) -> Result<()> {
    chapter(
        "1. A session through the proxy",
        "Alice uses psql as always; only the port is the proxy's. The proxy knows her, and logs in to PostgreSQL\n\
         with credentials of its own: a role that owns every table.",
    );
    println!("$ psql '{}'", parts.alice.conninfo());
    let mut session = Session::start(&parts.alice)?;

    remark("Nobody configured anything: a column that is named like an e-mail address comes back masked.");
    let answer = ask(&mut session, SELECT)?;
    ensure!(answer.contains("Ada Byron"), "promised rows, but the select printed:\n{answer}");
    ensure!(answer.contains("(4 rows)"), "promised four rows, but the select printed:\n{answer}");
    ensure!(
        !["ada@example.com", "alan.stone@", "barbara@", "edsger@"].iter().any(|email| answer.contains(email)),
        "promised masked e-mails, but one came back in clear"
    );

    remark("Changes work, and are recorded with the number of rows.");
    let answer = ask(&mut session, UPDATE)?;
    ensure!(answer == "UPDATE 3", "promised `UPDATE 3`, but psql printed:\n{answer}");

    remark("DROP TABLE is refused before PostgreSQL could do it, although the role behind the proxy might.");
    let answer = ask(&mut session, DROP)?;
    for part in ["ERROR:", "DETAIL:", "HINT:"] {
        ensure!(answer.contains(part), "promised a refusal with `{part}`, but psql printed:\n{answer}");
    }

    remark("The session lives on, in the same connection, and the table is still there.");
    let answer = ask(&mut session, COUNT)?;
    ensure!(
        answer.lines().any(|line| line.trim() == shop::CUSTOMERS.to_string()),
        "promised that all {} rows are there, but psql printed:\n{answer}",
        shop::CUSTOMERS
    );
    println!("{DATABASE}=> \\q");
    session.quit()?;
    Ok(())
}

fn around_the_proxy(parts: &Parts) -> Result<()> {
    chapter(
        "2. Somebody goes around",
        "A second psql dials PostgreSQL's own port with a database password. No proxy is in its way: nothing is\n\
         masked. But the agent sees the connection in the kernel.",
    );
    println!("$ psql '{}' -c \"{AROUND}\"", parts.staff.conninfo());
    let answer = psql::run_with(&parts.staff, &["-c", AROUND], "")?.success()?;
    println!("{}", answer.trim_end());
    ensure!(answer.contains("ada@example.com"), "promised e-mails in clear, but psql printed:\n{answer}");
    Ok(())
}

fn who_touched(parts: &Parts) -> Result<()> {
    chapter(
        "3. Who touched the e-mail addresses?",
        "Proxy and agent wrote their records to the ledger, in ClickHouse. One question is answered from it:",
    );
    let args = ["who-touched", "public.users.email", "--since", "1h"];
    let rows = wait_for_rows(parts, &args, |rows| rows.len() >= 2)?;
    show_picket(parts, &args)?;
    let all = Value::Array(rows).to_string();
    ensure!(all.contains(USER), "promised that `{USER}` is named, but the ledger says: {all}");
    ensure!(all.contains("public.users.email"), "promised the masked column, but the ledger says: {all}");
    Ok(())
}

fn who_went_around(parts: &Parts) -> Result<()> {
    chapter(
        "4. Who went around?",
        "The agent told the proxy's own connections from the others by the process that opened them. The one that\n\
         did not come through the proxy raised an alert with process, user and address:",
    );
    let args = ["bypasses", "--since", "1h"];
    let rows = wait_for_rows(parts, &args, |rows| !rows.is_empty())?;
    show_picket(parts, &args)?;
    let all = Value::Array(rows.clone()).to_string();
    ensure!(rows.len() == 1, "promised one bypass, but the ledger says: {all}");
    for part in ["psql", "127.0.0.1"] {
        ensure!(all.contains(part), "promised `{part}` in the alert, but the ledger says: {all}");
    }
    Ok(())
}

/// Sends a statement and prints the exchange as it looks to a person at psql.
fn ask(session: &mut Session, statement: &str) -> Result<String> {
    println!("{DATABASE}=> {statement}");
    let answer = session.ask(statement)?;
    println!("{answer}");
    Ok(answer)
}

/// Asks the command line tool itself until the ledger holds what the step promises.
fn wait_for_rows(parts: &Parts, args: &[&str], enough: impl Fn(&[Value]) -> bool) -> Result<Vec<Value>> {
    let bound = Duration::from_secs(ARRIVAL_SECS_MAX);
    let mut last = String::new();
    let found = wait::until(format!("records for `picket {}`", args.join(" ")), bound, || {
        let mut command = picket(parts, args)?;
        // Until the migrations are applied there is nothing to ask.
        let Ok(text) = run::output(command.args(["--format", "json"])) else { return Ok(None) };
        let rows = serde_json::from_str::<Vec<Value>>(&text).context("read the JSON of `picket`")?;
        last = text;
        Ok(enough(&rows).then_some(rows))
    });
    found.with_context(|| format!("`picket` last printed: {last}"))
}

fn show_picket(parts: &Parts, args: &[&str]) -> Result<()> {
    println!("$ picket {}", args.join(" "));
    stdout().flush().context("write to the terminal")?;
    run::shown(&mut picket(parts, args)?)
}

fn picket(parts: &Parts, args: &[&str]) -> Result<Command> {
    let mut command = binaries::command("picket")?;
    command.args(args).env("PICKET_CLICKHOUSE_URL", parts.ledger.url());
    Ok(command)
}

fn chapter(title: &str, text: &str) {
    println!("\n{}\n{text}\n", bold(title));
}

fn remark(text: &str) {
    println!("\n-- {text}");
}

fn bold(text: &str) -> String {
    if stdout().is_terminal() { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_string() }
}
