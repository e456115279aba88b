//! Transactions and scripts of every day, by somebody who may not see values: what is harmless comes through behind them as before.

use std::fmt::Write;

use anyhow::{Result, bail};
use e2e::psql;

use crate::laundering::{assert_stays_masked, run};
use crate::leaks::{Values, cases};
use crate::stack::Stack;

/// The table that most of them are about.
const ACCOUNTS: &str = "CREATE TABLE accounts_# (id int PRIMARY KEY, email text, full_name text, plan text, status text DEFAULT 'open', n int DEFAULT 0, created date DEFAULT '2020-01-01'); \
    INSERT INTO accounts_# VALUES (1, 'a1@b.example', 'Alice Stone', 'free', 'open', 1), (2, 'bob@b.example', 'Bob Stone', 'gold', 'open', 2), (3, 'cleo@b.example', 'Cleo Lane', 'free', 'closed', 3)";

/// What of it is harmless; a case may have dropped the last column.
const READS: &str = "SELECT id, plan, status, n, created FROM accounts_# ORDER BY id";

/// First what is there before, then what is done, then what reads more. `-- asks` begins one that asks something of masked values.
#[test]
fn what_is_harmless_comes_through_behind_transactions_of_every_day() -> Result<()> {
    let sections = "[policy]\nwithout = [\"no-disable-protection\", \"no-drop\", \"no-unfiltered-write\"]\n";
    let strict = Stack::start_with(&format!("max-probes-per-hour = 0\n{sections}"))?;
    let asking = Stack::start_with(sections)?;
    let mut all = Vec::new();
    for (number, case) in cases(include_str!("leaks/honest.sql")).enumerate() {
        let stack = if case.starts_with("-- asks") { &asking } else { &strict };
        let text = format!("\n{}", case.trim_start_matches("-- asks").trim_start_matches('\n'));
        let parts: Vec<&str> = text.split("\n---\n").collect();
        let [made, writes, reads] = parts.as_slice() else { bail!("a case without three parts: {case}") };
        let of = |text: &str| text.trim().replace('#', &number.to_string());
        psql::run(&stack.owner(), &of(ACCOUNTS))?.success()?;
        psql::run(&stack.owner(), &of(made))?.success()?;
        all.push((stack, of(writes), of(&format!("{READS}; {reads}"))));
    }
    // The tables are known, and nothing of them is masked.
    for (stack, _, reads) in &all {
        let accounts = reads.split(';').next().unwrap_or_default();
        assert_eq!(run(&stack.alice()?, accounts)?.stdout, run(&stack.owner(), accounts)?.stdout);
    }
    let (mut wrong, mut failed) = (String::new(), String::new());
    let mut look = |stack: &Stack, writes: &str, reads: &str, when: &str| -> Result<()> {
        let (through, direct) = (run(&stack.alice()?, reads)?, run(&stack.owner(), reads)?);
        if through.stdout != direct.stdout {
            writeln!(
                wrong,
                "{when}: {writes}\n{}{}instead of\n{}",
                through.stdout, through.stderr, direct.stdout
            )?;
        }
        Ok(())
    };
    for (stack, writes, reads) in &all {
        let done = run(&stack.alice()?, writes)?;
        let errors = if done.stderr.contains("ERROR") { done.stderr } else { String::new() };
        look(stack, &format!("{writes}\n{errors}"), reads, "at once")?;
        failed.extend(Some(format!("{writes}\n{errors}\n")).filter(|_| !errors.is_empty()));
    }
    for (stack, writes, reads) in &all {
        look(stack, writes, reads, "later")?;
    }
    assert!(wrong.is_empty() && failed.is_empty(), "{failed}\n{wrong}");
    Ok(())
}

/// What looks like these, and takes a value along.
#[test]
fn what_looks_like_such_and_takes_values_along_stays_masked() -> Result<()> {
    assert_stays_masked(Values::Names, include_str!("leaks/honest_not.sql"))
}
