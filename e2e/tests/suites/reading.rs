//! Every statement of PostgreSQL's regression tests is read: docs/reading.md says what comes of it, and is held to that.

mod class;
mod count;
mod server;
mod table;

use std::thread;

use anyhow::{Context, Result, ensure};
use e2e::regression;

use self::count::{Counts, count};
use e2e::document;

#[test]
fn what_is_read_of_the_regression_tests_is_what_the_document_says() -> Result<()> {
    let own = regression::of_the_server()?;
    let newer = regression::of_a_newer_version()?;
    let counted = thread::Builder::new()
        .stack_size(sql::READ_STACK_BYTES)
        .spawn(move || [count(&own), count(&newer)])
        .context("start a thread")?
        .join();
    let Ok([mut own, newer]) = counted else { anyhow::bail!("reading panicked") };
    let answers = server::ask(&own)?;
    own.unexplained.extend(answers.taken.iter().filter(|text| !class::is_taken(text)).cloned());
    own.server = Some(answers);
    explained(&own)?;
    explained(&newer)?;
    let made = table::write(&own, &newer);

    // A machine may have another minor release, whose tests differ: what is explained still holds for them.
    let other = |tables: &str| !tables.contains(&format!("PostgreSQL {}:", own.version));
    document::hold("docs/reading.md", "suites reading", &made, |tables| tables == made || other(tables))?;
    Ok(())
}

/// Whatever is not read, or read differently, is of a class that somebody has explained.
fn explained(counts: &Counts) -> Result<()> {
    ensure!(counts.unexplained.is_empty(), "nobody has explained this:\n{}", counts.unexplained.join("\n"));
    Ok(())
}
