//! What was made a moment ago is masked too, however busy the reader of the catalog is.

use std::thread;

use anyhow::{Context, Result, anyhow};
use e2e::psql;

use crate::stack::Stack;

/// Tables that are made and read at once.
const TABLES: u32 = 100;

#[test]
fn a_table_that_was_just_made_is_masked_while_others_alter_theirs() -> Result<()> {
    let stack = Stack::start()?;
    let login = stack.alice()?;
    psql::run(&login, "CREATE TABLE busy (id int)")?.success()?;
    // Each has the catalog read, and not so often that readings queue: one that has begun before a table is there ends
    // when somebody has asked for it already.
    let altering: String = (0..150)
        .map(|number| {
            let (fill, pause) = (10 + number % 90, f64::from(number % 17) / 1e3);
            format!("ALTER TABLE busy SET (fillfactor = {fill});\nSELECT pg_sleep({pause});\n")
        })
        .collect();
    let making: String = (0..TABLES)
        .map(|number| {
            format!(
                "CREATE TABLE fresh_{number} (email text); INSERT INTO fresh_{number} VALUES ('in-clear');\n\
                 SELECT email FROM fresh_{number};\n"
            )
        })
        .collect();
    let shown = thread::scope(|scope| -> Result<String> {
        let altering = scope.spawn(|| psql::run_with(&login, &["-q"], &altering)?.success());
        let shown = psql::run_with(&login, &["-q", "-v", "ON_ERROR_STOP=1"], &making)?.success()?;
        altering.join().map_err(|_| anyhow!("altering panicked"))?.context("alter")?;
        Ok(shown)
    })?;
    assert_eq!(shown.matches("***").count(), TABLES as usize, "{shown}");
    assert!(!shown.contains("in-clear"), "{shown}");
    Ok(())
}
