//! `pg_regress`: PostgreSQL's regression tests.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::stage::{Stage, failed};

#[test]
fn the_regression_tests_see_no_proxy() -> Result<()> {
    let stage = Stage::start()?;
    let (input, output) = (stage.input("regress")?, stage.output()?);
    add_answer(&input.join("expected"))?;
    let schedule = input.join("parallel_schedule");
    let options =
        ["--dbname=regression", "--max-concurrent-tests=20", &format!("--schedule={}", schedule.display())];
    let printed = stage.run_schedule("pg_regress", &input, &output, &options)?;
    let differences = fs::read_to_string(output.join("regression.diffs")).unwrap_or_default();
    assert_eq!(failed(&printed, &schedule)?, Vec::<String>::new(), "{printed}\n{differences}");
    Ok(())
}

/// A COPY that is described first (decision 26), of a table with policies that one may not read at all, says of two errors the other one
/// where `row_security` is off: a SELECT finds it first. Whether it is described depends on whether the catalog was read since.
fn add_answer(expected: &Path) -> Result<()> {
    const BEFORE: &str = "SET row_security TO OFF;\nCOPY copy_rel_to TO STDOUT WITH DELIMITER ','; --fail - permission denied\nERROR:  ";
    let text = fs::read_to_string(expected.join("rowsecurity.out")).context("read what is expected")?;
    let [answer, other] = [
        "permission denied for table copy_rel_to",
        "query would be affected by row-level security policy for table \"copy_rel_to\"",
    ]
    .map(|error| format!("{BEFORE}{error}\n"));
    ensure!(text.contains(&answer), "the test `rowsecurity` is another one");
    fs::write(expected.join("rowsecurity_9.out"), text.replace(&answer, &other)).context("add an answer")
}
