//! `cargo xtask bench judge`: what it costs to read and judge PostgreSQL's own statements, step by step.

mod corpus;
mod plot;
mod results;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use e2e::scratch::Scratch;
use serde_json::json;

use self::results::{Results, table};
use super::{machine, micro, write};
use crate::progress::Step;
use crate::{run, setup};

/// Measure reading and judging over a corpus of statements.
///
/// Builds the release benchmark of `session`, and has it read and judge every distinct statement of PostgreSQL's
/// regression tests, and those that the rules are tested with: each step alone, then all of it as a session does for a
/// text that it does not know (cold) and for one that it knows (cached). Each time is the median of five. Prints, for every
/// kind of statement, how many can be read, how much of it the second reader reads too and where it disagrees, the
/// median and the 99th percentile of the times, and the share of each step.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only see that it works, with an unoptimised program and few statements: the numbers mean nothing.
    #[arg(long)]
    quick: bool,

    /// Write what was measured to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Draw the shares of the steps into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Of so many statements one is taken where it only has to work.
const QUICK_ONE_OF: usize = 200;

pub(crate) fn command(args: &Args) -> Result<()> {
    setup::ensure()?;
    let with = format!("Picket {}, {}", machine::commit()?, machine::machine());
    let one_of = if args.quick { QUICK_ONE_OF } else { 1 };
    let corpus = corpus::read(one_of)?;
    let folder = Scratch::new("judge")?;
    let file = folder.join("corpus");
    fs::write(&file, &corpus.texts).context("write the corpus")?;
    let program = micro::program("session", "judging", args.quick)?;

    let step = Step::start(format!("read and judge {} statements", corpus.count));
    let told = run::output(Command::new(program).arg("corpus").arg(&file))?;
    step.done();
    let results = Results::parse(&told)?;
    ensure!(results.count() == corpus.count, "{} of {} were measured", results.count(), corpus.count);
    println!("{}\n{with}\nPostgreSQL {}\n\n{}", machine::command_line(), corpus.version, table(&results));
    if let Some(path) = &args.json {
        let all = json!({
            "command": machine::command_line(),
            "with": with,
            "postgresql": corpus.version,
            "kinds": results.kinds,
        });
        let text = serde_json::to_string_pretty(&all).context("write JSON")?;
        write(path, &(text + "\n"))?;
    }
    if let Some(path) = &args.svg {
        let svg = plot::svg(&results, &format!("{} statements; {with}", corpus.count));
        write(path, &svg)?;
    }
    Ok(())
}
