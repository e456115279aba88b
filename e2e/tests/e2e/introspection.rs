//! What tools ask the catalog comes through as it is, also where columns are masked for whoever asks: only values are hidden,
//! never the names, definitions and comments of what holds them.

use anyhow::{Result, ensure};
use e2e::introspection;
use e2e::login::Login;
use e2e::psql;

use crate::conversation::Client;
use crate::dump;
use crate::leaks::{cases, extended};
use crate::stack::Stack;

mod drivers;

const STATEMENTS: &str = include_str!("introspection/statements.sql");

/// How much they have to say at least, in lines.
const STATEMENTS_LINES_MIN: usize = 1500;
const COMMANDS_LINES_MIN: usize = 900;
const DUMP_LINES_MIN: usize = 500;

/// Objects of every kind that their owner can make, with sensitive columns at the bottom of them.
fn with_objects() -> Result<Stack> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), introspection::OBJECTS)?.success()?;
    let shown = psql::run(&stack.alice()?, "SELECT email, ssn FROM hr.people WHERE id = 100")?.success()?;
    ensure!(!shown.contains("canary") && !shown.contains("6701"), "nothing is masked: {shown}");
    Ok(stack)
}

/// As tools ask that keep the catalog in memory: whole rows of it, and what the server writes of them.
#[test]
fn statements_on_the_catalog_show_the_same() -> Result<()> {
    let stack = with_objects()?;
    let script: String = cases(STATEMENTS).map(|text| format!("{text};\n")).collect();
    let shown = |login: &Login| psql::run_with(login, &["-aA", "-v", "ON_ERROR_STOP=1"], &script)?.success();
    assert_same(&shown(&stack.owner())?, &shown(&stack.alice()?)?, STATEMENTS_LINES_MIN)
}

/// The same as JDBC's and Python's drivers ask, with what the server says of columns.
#[test]
fn statements_on_the_catalog_show_the_same_in_binary() -> Result<()> {
    let stack = with_objects()?;
    let [mut direct, mut through] = [Client::connect(&stack.owner())?, Client::connect(&stack.alice()?)?];
    for text in cases(STATEMENTS) {
        let messages = extended(text)?;
        let [direct, through] = [direct.exchange_bytes(&messages, 1)?, through.exchange_bytes(&messages, 1)?];
        let [direct, through] = [&direct, &through].map(|bytes| String::from_utf8_lossy(bytes));
        ensure!(direct == through, "{text}\n{direct}\n{through}");
    }
    Ok(())
}

#[test]
fn commands_of_psql_show_the_same() -> Result<()> {
    let stack = with_objects()?;
    let shown = |login: &Login| {
        let output = psql::run_with(login, &["-a"], include_str!("introspection/commands.psql"))?;
        anyhow::Ok(format!("{}\n{}", output.stdout, output.stderr))
    };
    assert_same(&shown(&stack.owner())?, &shown(&stack.alice()?)?, COMMANDS_LINES_MIN)
}

#[test]
fn a_dump_of_the_schema_is_the_same() -> Result<()> {
    let stack = with_objects()?;
    let dumped = |login: &Login| dump::text(login, &["--schema-only"]);
    assert_same(&dumped(&stack.owner())?, &dumped(&stack.alice()?)?, DUMP_LINES_MIN)
}

fn assert_same(direct: &str, through: &str, lines_min: usize) -> Result<()> {
    ensure!(lines_min <= direct.lines().count(), "it said little, {}:\n{direct}", direct.lines().count());
    ensure!(direct == through, "direct and through: {:#?}", first_difference(direct, through));
    Ok(())
}

/// The first line that differs, or the end of what is shorter.
fn first_difference<'a>(direct: &'a str, through: &'a str) -> [&'a str; 2] {
    let mut lines = direct.lines().zip(through.lines());
    let (direct, through) = lines.find(|(direct, through)| direct != through).unwrap_or_default();
    [direct, through]
}
