//! `pg_regress`: PostgreSQL's regression tests.

use std::fs;

use anyhow::Result;

use crate::stage::{Stage, failed};

#[test]
fn the_regression_tests_see_no_proxy() -> Result<()> {
    let stage = Stage::start()?;
    let (input, output) = (stage.input("regress")?, stage.output()?);
    let schedule = input.join("parallel_schedule");
    let options =
        ["--dbname=regression", "--max-concurrent-tests=20", &format!("--schedule={}", schedule.display())];
    let printed = stage.run_schedule("pg_regress", &input, &output, &options)?;
    let differences = fs::read_to_string(output.join("regression.diffs")).unwrap_or_default();
    assert_eq!(failed(&printed, &schedule)?, Vec::<String>::new(), "{printed}\n{differences}");
    Ok(())
}
