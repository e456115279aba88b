//! `cargo xtask suites`: test suites of drivers and frameworks in Python, directly and through the proxy.

mod differences;
mod list;
mod outcomes;
mod pgadmin;
mod run;
mod table;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use self::list::{Extent, SUITES, Suite};
use crate::{run as programs, setup, test};

/// Run test suites of drivers and frameworks in Python, directly and through the proxy.
///
/// Installs what is missing, builds the programs, and starts for each suite two throwaway PostgreSQL servers, one of
/// them behind a proxy that reads, judges, masks and records everything and refuses nothing. The suite runs to both at
/// the same time. Then the outcome of each test is compared. Tests with two outcomes run again, since some of them depend
/// on the machine's speed; what counts is the better outcome of each way. A difference that docs/compatibility.md does
/// not explain is a failure, and so is one that it explains and that is not seen; a test that passes only through the proxy
/// is none. Last, the ledger must hold what the
/// suite did: nothing went around the proxy.
///
/// `pgadmin` is no suite of tests: pgAdmin opens all that it shows of a server, as somebody who may not see values, and what
/// it shows is compared. It is installed (200 MB) when it runs, and is not among what `cargo xtask test` runs.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The suites to run; all of them if none is named.
    #[arg(value_name = "NAME", value_parser = list::names())]
    names: Vec<String>,

    /// Only what `cargo xtask test` runs of them.
    #[arg(long)]
    daily: bool,

    /// Keep the output of every run, and the outcome of every test, in this folder.
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
}

pub(crate) fn command(args: &Args) -> Result<()> {
    setup::ensure()?;
    programs::shown(test::cargo_command()?.args(["build", "--workspace", "--bins"]))?;
    let is_chosen = |suite: &str| args.names.is_empty() || args.names.iter().any(|name| name == suite);
    let logs = args.logs.as_deref();
    run_each(
        SUITES.iter().filter(|suite| is_chosen(suite.name)),
        if args.daily { Extent::Daily } else { Extent::All },
        logs,
    )?;
    if is_chosen(pgadmin::NAME) && !args.daily {
        println!("pgadmin: {} lines, the same but for what is hidden", pgadmin::compare(logs)?);
    }
    Ok(())
}

/// Runs those that every change must pass, with programs that are built.
pub(crate) fn run_daily() -> Result<()> {
    run_each(SUITES.iter(), Extent::Daily, None)
}

/// One that fails does not keep the others from running.
fn run_each<'a>(suites: impl Iterator<Item = &'a Suite>, extent: Extent, logs: Option<&Path>) -> Result<()> {
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for suite in suites.filter(|suite| extent == Extent::All || suite.daily.is_some()) {
        match run::suite(suite, extent, logs) {
            Ok(report) => {
                failures.extend(report.failures.iter().map(|failure| format!("{}: {failure}", suite.name)));
                rows.push((suite, report));
            }
            Err(error) => failures.push(format!("{}: {error:#}", suite.name)),
        }
    }
    if !rows.is_empty() {
        print!("{}", table::text(&rows));
    }
    if !failures.is_empty() {
        bail!("not as docs/compatibility.md says:\n{}", failures.join("\n"));
    }
    Ok(())
}
