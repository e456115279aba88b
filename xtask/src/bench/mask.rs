//! `cargo xtask bench mask`: what the detectors of sensitive values find, and how fast, beside Presidio's recognisers; and what masks
//! cost where many rows are read.

mod plot;
mod results;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::value_parser;
use e2e::scratch::Scratch;
use serde_json::json;

use self::results::{Found, Record, Results};
use super::field::NAMES;
use super::{machine, micro, proxy, write};
use crate::progress::Step;
use crate::{run, setup};

/// Measure the detectors of sensitive values beside Presidio's pattern recognisers, and what masks cost.
///
/// First SELECT and COPY of many rows, with no, one and three masked columns and with three that are searched for sensitive
/// values, beside PgBouncer, a bare relay and a direct connection (as `bench proxy` does it): rows and MB per second.
///
/// Then it draws a labelled corpus: values of every class, bare and in sentences, from Faker or until python-stdnum says that a
/// number is one; and harmless values that look like them. Both see every value and are held to the labels: precision,
/// recall and F1 of each class, and how many harmless values of each kind are taken for something. Names of persons have no form, and are
/// told of columns: of 24 countries, among columns of companies, places and the like. In every round both go
/// through the corpus on one thread, one after the other, and who is first changes; what counts is the ratio within a
/// round.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Values of each kind.
    #[arg(long, default_value_t = 60, value_parser = value_parser!(u32).range(1..=10_000))]
    values: u32,

    /// What the corpus is drawn by: the same number draws the same values.
    #[arg(long, default_value_t = 1)]
    seed: u32,

    /// Rows of the tables that are read whole.
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1..=100_000_000))]
    rows: u64,

    /// Rounds in which all are timed.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,

    /// Only see that it works, with an unoptimised program and few values: the numbers mean nothing.
    #[arg(long, conflicts_with_all = ["values", "rows", "rounds"])]
    quick: bool,

    /// Write what was measured to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Draw F1 of each class into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Draw what masks cost into this file.
    #[arg(long, value_name = "FILE")]
    rows_svg: Option<PathBuf>,

    /// Write each value that was missed or wrongly found to this file.
    #[arg(long, value_name = "FILE")]
    mistakes: Option<PathBuf>,
}

/// How much of everything.
struct Extent {
    values: u32,
    seed: u32,
    rounds: u32,
    quick: bool,
}

/// How long the detectors go through the corpus in a round, again and again.
const TIMED_MS: u32 = 2_000;

/// Values of a column at least, so that it can be told what they are.
const COLUMN_VALUES_MIN: u32 = 40;

/// The programs in Python; `corpus.py` imports the next two.
const PROGRAMS: [(&str, &str); 5] = [
    ("columns.py", include_str!("mask/columns.py")),
    ("corpus.py", include_str!("mask/corpus.py")),
    ("positives.py", include_str!("mask/positives.py")),
    ("harmless.py", include_str!("mask/harmless.py")),
    ("presidio.py", include_str!("mask/presidio.py")),
];

pub(crate) fn command(args: &Args) -> Result<()> {
    setup::ensure()?;
    let with = format!("Picket {}, {}", machine::commit()?, machine::machine());
    let extent = match args.quick {
        true => Extent::QUICK,
        false => Extent { values: args.values, seed: args.seed, rounds: args.rounds, quick: false },
    };
    proxy::build(args.quick)?;
    let with_rows = proxy::versions()?;
    println!("{}\n{with_rows}", machine::command_line());
    let rows =
        proxy::measure_rows(extent.rounds, (!args.quick).then_some(args.rows), |text| print!("{text}"))?;
    let results = measure(&extent)?;
    println!("\n{}\n\n{}", results.with, results.table());
    if let Some(path) = &args.json {
        let rows = json!({ "with": with_rows, "contenders": NAMES, "measured": rows });
        let all =
            json!({ "command": machine::command_line(), "with": with, "results": results, "rows": rows });
        write(path, &(serde_json::to_string_pretty(&all).context("write JSON")? + "\n"))?;
    }
    if let Some(path) = &args.rows_svg {
        write(
            path,
            &super::plot::svg(&rows, &format!("{} rounds of {} rows; {with_rows}", extent.rounds, args.rows)),
        )?;
    }
    if let Some(path) = &args.svg {
        write(path, &plot::svg(&results, &format!("{} values; {with}", results.values)))?;
    }
    args.mistakes.as_ref().map_or(Ok(()), |path| write(path, &results.mistakes.join("\n")))
}

impl Extent {
    const QUICK: Extent = Extent { values: 2, seed: 1, rounds: 1, quick: true };
}

fn measure(extent: &Extent) -> Result<Results> {
    let python = setup::presidio().context("find Presidio; run `cargo xtask setup`")?;
    let detectors = micro::program("mask", "detecting", extent.quick)?;
    let folder = Scratch::new("mask")?;
    for (name, text) in PROGRAMS {
        fs::write(folder.join(name), text).with_context(|| format!("write {name}"))?;
    }
    let run_python = |name: &str, args: &[&str]| {
        // Its compiled modules would be written beside the programs of whoever comes next.
        run::output(Command::new(&python).args(["-B", "-W", "ignore"]).arg(folder.join(name)).args(args))
    };
    let corpus = run_python("corpus.py", &[&extent.seed.to_string(), &extent.values.to_string()])?;
    let records = Record::read_all(&corpus)?;
    let file = folder.join("corpus");
    fs::write(&file, &corpus).context("write the corpus")?;

    let file = file.to_string_lossy();
    let milliseconds = if extent.quick { "1".to_string() } else { TIMED_MS.to_string() };
    let ours = || run::output(Command::new(&detectors).args(["corpus", &*file, &milliseconds]));
    let presidio = || run_python("presidio.py", &[&*file]);
    let mut rounds = Vec::new();
    for number in 0..extent.rounds {
        let step =
            Step::start(format!("{} values, round {} of {}", records.len(), number + 1, extent.rounds));
        let (ours, presidio) = match number % 2 {
            0 => (ours()?, presidio()?),
            _ => {
                let presidio = presidio()?;
                (ours()?, presidio)
            }
        };
        rounds.push((Found::parse(&ours)?, Found::parse(&presidio)?));
        step.done();
    }
    ensure!(
        rounds
            .iter()
            .all(|(ours, presidio)| [ours, presidio].iter().all(|found| found.each.len() == records.len())),
        "not every value was looked at"
    );
    let columns = run_python(
        "columns.py",
        &[&extent.seed.to_string(), &extent.values.max(COLUMN_VALUES_MIN).to_string()],
    )?;
    let drawn = folder.join("columns");
    fs::write(&drawn, &columns).context("write the columns")?;
    let told = run::output(Command::new(&detectors).arg("columns").arg(&drawn))?;
    let with = versions(&python)?;
    Results::new(&records, &rounds, with).with_columns(&columns, &told)
}

/// What the corpus and the recognisers come from.
fn versions(python: &Path) -> Result<String> {
    const PACKAGES: [&str; 4] = ["presidio-analyzer", "phonenumbers", "faker", "python-stdnum"];
    const TELL: &str = "import importlib.metadata as m, sys; print(', '.join(f'{p} {m.version(p)}' for p in sys.argv[1:]) + \
        f', Python {sys.version.split()[0]}')";
    let told = run::output(Command::new(python).args(["-c", TELL]).args(PACKAGES))?;
    Ok(told.trim().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_reads_rows_in_every_way() {
        let mut told = String::new();
        let measured = proxy::measure_rows(1, None, |text| told.push_str(text)).unwrap();
        assert_eq!(measured.len(), 8, "{told}");
        for measured in &measured {
            let samples = &measured.rounds[0];
            assert!(samples.iter().all(|sample| sample.mb_per_second.is_some_and(|mb| 0.0 < mb)), "{told}");
        }
    }

    #[test]
    fn a_quick_run_holds_both_to_every_class() {
        let results = measure(&Extent::QUICK).unwrap();
        assert_eq!(results.classes.len(), 14, "{}", results.table());
        let names = results.classes.iter().find(|class| class.class == "person_name").unwrap();
        assert!(0 < names.ours.found && names.ours.wrong == 0, "{}", results.table());
        assert!(results.speeds.iter().all(|speed| 0.0 < speed.ours && 0.0 < speed.presidio));
        let email = results.classes.iter().find(|class| class.class == "email").unwrap();
        assert_eq!((email.ours.found, email.ours.missed), (4, 0), "{}", results.table());
        assert!(email.presidio.found > 0 && results.harmless.len() > 15, "{}", results.table());
    }
}
