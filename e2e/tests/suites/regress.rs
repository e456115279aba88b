//! `pg_regress`: PostgreSQL's regression tests.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::stage::{Stage, failed};

/// Its table `users` has a column `email`, which is masked.
const MASKED: &str = "rangefuncs";

/// The only lines of it that differ: what is expected, and what is seen.
const MASKED_ROWS: [(&str, &str); 4] = [
    ("id|1|email|11|t|10|1", "id|1|***|11|t|10|1"),
    ("id2|2|email2|12|t|11|2", "id2|2|***|12|t|11|2"),
    ("id|1|email|11|t|10|1", "id|1|***|11|t|10|1"),
    ("id2|2|email2|12|t|11|2", "id2|2|***|12|t|11|2"),
];

#[test]
fn the_regression_tests_see_no_proxy_but_masks() -> Result<()> {
    let stage = Stage::start()?;
    let (input, output) = (stage.input("regress")?, stage.output()?);
    let schedule = input.join("parallel_schedule");
    let options =
        ["--dbname=regression", "--max-concurrent-tests=20", &format!("--schedule={}", schedule.display())];
    let printed = stage.run_schedule("pg_regress", &input, &output, &options)?;
    let differences = fs::read_to_string(output.join("regression.diffs")).unwrap_or_default();
    assert_eq!(failed(&printed, &schedule)?, [MASKED], "{printed}\n{differences}");

    let expected = rows(&input.join("expected/rangefuncs.out"))?;
    let seen = rows(&output.join("results/rangefuncs.out"))?;
    assert_eq!(expected.len(), seen.len(), "{differences}");
    let pairs = expected.iter().zip(&seen).filter(|(expected, seen)| expected != seen);
    let pairs: Vec<_> = pairs.map(|(expected, seen)| (expected.as_str(), seen.as_str())).collect();
    assert_eq!(pairs, MASKED_ROWS, "{differences}");
    Ok(())
}

/// Lines without their padding, which follows the width of the values; without rules under headers.
fn rows(file: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(file).with_context(|| format!("read `{}`", file.display()))?;
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('-') || line.contains(|letter| letter != '-' && letter != '+'));
    Ok(lines.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>().join("|")).collect())
}
