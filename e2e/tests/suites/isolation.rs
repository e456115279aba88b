//! The isolation tests: several sessions whose steps interleave, and that ask PostgreSQL who waits for whom.

use anyhow::Result;

use crate::stage::{Stage, failed};

#[test]
fn the_isolation_tests_see_no_proxy() -> Result<()> {
    let stage = Stage::start()?;
    let (input, output) = (stage.input("isolation")?, stage.output()?);
    let schedule = input.join("isolation_schedule");
    let options = ["--dbname=isolation_regression", &format!("--schedule={}", schedule.display())];
    let printed = stage.run_schedule("pg_isolation_regress", &input, &output, &options)?;
    assert!(failed(&printed, &schedule)?.is_empty(), "{printed}");
    Ok(())
}
