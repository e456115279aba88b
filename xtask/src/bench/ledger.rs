//! `cargo xtask bench ledger`: what the ledger answers, and how fast, beside PostgreSQL with the same statements.

mod filled;
mod plot;
mod questions;
mod results;
mod table;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use e2e::binaries;
use e2e::scratch::Scratch;
use serde_json::json;

use self::filled::Filled;
use self::questions::QUESTIONS;
use self::results::{Answered, Round};
use super::{machine, write};
use crate::progress::Step;
use crate::{repo, run, setup, test};

/// Measure the ledger beside a table of PostgreSQL with the same statements and sensible indexes.
///
/// Makes statements of a company that does not exist, ships them with Picket's own writer into a throwaway engine of
/// ClickHouse, and copies them from there into a throwaway PostgreSQL whose table has its indexes from the beginning. Then
/// asks both ten questions, in turn, and holds that they give the same rows. Prints how fast rows came in, bytes on disk
/// for each statement, and the median time of each question with the ratio of every round.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many statements.
    #[arg(long, value_name = "COUNT", default_value_t = 50_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    statements: u64,

    /// Over how many days they are spread.
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,

    /// How often each question is asked.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Only see that it works, with unoptimised programs and few statements: the numbers mean nothing.
    #[arg(long)]
    quick: bool,

    /// Write what was measured to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Draw the times of the questions into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Statements, days and rounds where it only has to work.
const QUICK: (u64, u32, u32) = (20_000, 30, 1);

/// What PostgreSQL, its log of changes and the ledger take at most for one statement.
const DISK_BYTES_EACH: u64 = 1_000;

pub(crate) fn command(args: &Args) -> Result<()> {
    setup::ensure()?;
    let (statements, days, rounds) =
        if args.quick { QUICK } else { (args.statements, args.days, args.rounds) };
    ensure_space(statements)?;
    let mut build = test::cargo_command()?;
    build.args(["build", "-p", "picket-engine", "-p", "audit", "--bins", "--example", "ledger-filler"]);
    if !args.quick {
        build.arg("--release");
    }
    run::shown(&mut build)?;
    let folder = if args.quick { "debug" } else { "release" };
    binaries::use_folder(repo::target_folder()?.join(folder))?;

    let (filled, loaded) = Filled::fill(statements, days)?;
    let with = format!("Picket {}, {}", machine::commit()?, machine::machine());
    let asked = ask(&filled, rounds)?;
    println!("{}\n{with}\n{}\n", machine::command_line(), loaded.versions);
    println!("{}", table::text(&loaded, &asked));
    if let Some(path) = &args.json {
        let all =
            json!({ "command": machine::command_line(), "with": with, "loaded": loaded, "questions": asked });
        write(path, &format!("{all:#}\n"))?;
    }
    if let Some(path) = &args.svg {
        let caption = format!("{statements} statements over {days} days, {rounds} rounds; {with}");
        write(path, &plot::svg(&asked, &caption))?;
    }
    Ok(())
}

/// Asks each question of both in turn.
fn ask(filled: &Filled, rounds: u32) -> Result<Vec<Answered>> {
    let step = Step::start("ask both ten questions");
    let mut asked = Vec::with_capacity(QUESTIONS.len());
    for (number, question) in QUESTIONS.iter().enumerate() {
        let mut answered = Answered { question: question.text, rows: 0, rounds: Vec::new() };
        for _ in 0..rounds {
            let (ledger, ledger_ms) = filled.ask_ledger(question)?;
            let (postgres, postgres_ms) = filled.ask_postgres(question)?;
            let differs = ledger.lines().zip(postgres.lines()).find(|(one, other)| one != other);
            ensure!(ledger == postgres, "{}: the answers differ, first in {differs:?}", question.text);
            ensure!(!ledger.is_empty(), "{}: there must be rows", question.text);
            answered.rows = ledger.lines().count();
            answered.rounds.push(Round { ledger_ms, postgres_ms });
        }
        asked.push(answered);
        step.count(number + 1, QUESTIONS.len());
    }
    step.done();
    Ok(asked)
}

/// It would be a pity to find out after an hour.
fn ensure_space(statements: u64) -> Result<()> {
    let folder = Scratch::new("ledger-bench")?;
    let stat = rustix::fs::statvfs(folder.path())?;
    let (free, needed) = (stat.f_bavail * stat.f_frsize, statements * DISK_BYTES_EACH);
    let gigabytes = |bytes: u64| bytes.div_ceil(1_000_000_000);
    ensure!(
        needed <= free,
        "{statements} statements may take {} GB of disk in `{}`, where {} GB are free; give a smaller --statements, or a TMPDIR \
         with more",
        gigabytes(needed),
        folder.path().display(),
        gigabytes(free)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_has_both_answer_the_same() {
        let (statements, days, rounds) = QUICK;
        let (filled, loaded) = Filled::fill(statements, days).unwrap();
        assert!(loaded.ledger_bytes_each < loaded.postgres_bytes_each, "{loaded:?}");
        let asked = ask(&filled, rounds).unwrap();
        assert_eq!(asked.len(), QUESTIONS.len());
    }
}
