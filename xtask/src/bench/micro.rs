//! `cargo xtask bench micro`: what cutting frames, reading and judging, a session's steps and records cost, in time and in instructions.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use e2e::scratch::Scratch;
use serde::Serialize;
use serde_json::{Value, json};

use super::{machine, write};
use crate::progress::Step;
use crate::{run, setup, test};

/// Measure cutting frames, reading and judging, the steps of a session, and records: nothing of the machine but its processor.
///
/// Builds the release benchmarks of `wire`, `session`, `mask` and `audit`. Criterion times each case; valgrind counts the
/// instructions of its repetitions, and of nothing before them. Instructions are the same in each run, but for the seeds
/// of hash tables: compare those. Time tells what they amount to.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the cases whose names contain this, or whose group is called so: wire, judge, session, audit.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// Only count instructions.
    #[arg(long)]
    untimed: bool,

    /// Write everything that was measured to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Keep valgrind's profiles in this folder, for callgrind_annotate.
    #[arg(long, value_name = "FOLDER")]
    profiles: Option<PathBuf>,
}

/// The groups of cases, each with the package that has it and the name of its benchmark there.
const BENCHMARKS: [(&str, &str, &str); 5] = [
    ("wire", "wire", "frames"),
    ("judge", "session", "judging"),
    ("mask", "mask", "detecting"),
    ("session", "session", "steps"),
    ("audit", "audit", "records"),
];

/// Repetitions that are counted.
const COUNTED: u32 = 2_000;

/// The function of `yardstick` that does them, as valgrind spells it.
const WITHIN: &str = "*yardstick*counted*";

/// One case, each number for one of its units.
#[derive(Debug, PartialEq, Serialize)]
struct Measured {
    group: &'static str,
    case: String,
    unit: String,
    /// `None` where nothing was timed.
    ns: Option<f64>,
    instructions: f64,
}

/// What a benchmark says of a case.
#[derive(Debug, PartialEq)]
struct Case<'a> {
    name: &'a str,
    unit: &'a str,
    units: u32,
}

pub(crate) fn command(args: &Args) -> Result<()> {
    setup::ensure()?;
    // What is changed while this runs is not measured.
    let with = format!("Picket {}, {}", machine::commit()?, machine::machine());
    let folder = Scratch::new("micro")?;
    if let Some(profiles) = &args.profiles {
        fs::create_dir_all(profiles).with_context(|| format!("create `{}`", profiles.display()))?;
    }
    let mut measured = Vec::new();
    let built = build()?;
    for (group, _, benchmark) in BENCHMARKS {
        let program = built.iter().find(|(name, _)| name == benchmark).map(|(_, program)| program);
        let program = program.with_context(|| format!("find `{benchmark}` among what cargo built"))?;
        let listed = run::output(Command::new(program).arg("cases"))?;
        for case in listed.lines().filter_map(Case::parse) {
            if !args.only.as_ref().is_none_or(|only| group == only || case.name.contains(only.as_str())) {
                continue;
            }
            let step = Step::start(format!("{group}: {}", case.name));
            let profile = args.profiles.as_ref().unwrap_or(&folder.path().to_path_buf()).clone();
            let name = format!("{group}-{}.callgrind", case.name.replace([' ', ','], "_"));
            let counted = instructions(program, case.name, &profile.join(name))?;
            let units = f64::from(case.units);
            let ns = match args.untimed {
                true => None,
                false => Some(nanoseconds(program, group, case.name, folder.path())? / units),
            };
            let instructions = counted / f64::from(COUNTED) / units;
            step.done();
            measured.push(Measured {
                group,
                case: case.name.to_string(),
                unit: case.unit.to_string(),
                ns,
                instructions,
            });
        }
    }
    ensure!(!measured.is_empty(), "no case has that in its name");
    println!("{}\n{with}\n\n{}", machine::command_line(), table(&measured));
    if let Some(path) = &args.json {
        let all = json!({ "command": machine::command_line(), "with": with, "measured": measured });
        let text = serde_json::to_string_pretty(&all).context("write JSON")?;
        write(path, &text)?;
    }
    Ok(())
}

/// Builds the benchmarks, and nothing that needs more than a few C files: their names, and where they are.
fn build() -> Result<Vec<(String, PathBuf)>> {
    let mut arguments = vec!["bench", "--bench", "*", "--no-run"];
    arguments.extend(BENCHMARKS.iter().flat_map(|(_, package, _)| ["--package", package]));
    run::shown(test::cargo_command()?.args(&arguments))?;
    let told = run::output(test::cargo_command()?.args(&arguments).arg("--message-format=json"))?;
    Ok(told.lines().filter_map(benchmark).collect())
}

/// One benchmark's program. Where it only has to work, with the whole workspace: then nothing is built that tests do not
/// build.
pub(super) fn program(package: &str, benchmark: &str, quick: bool) -> Result<PathBuf> {
    let arguments: &[&str] = match quick {
        true => &["test", "--workspace", "--bench", benchmark, "--no-run"],
        false => &["bench", "--package", package, "--bench", benchmark, "--no-run"],
    };
    run::shown(test::cargo_command()?.args(arguments))?;
    let told = run::output(test::cargo_command()?.args(arguments).arg("--message-format=json"))?;
    let found = told.lines().filter_map(self::benchmark).find(|(name, _)| name == benchmark);
    found.map(|(_, program)| program).with_context(|| format!("find `{benchmark}` among what cargo built"))
}

/// The benchmark that a line of cargo's messages tells of.
fn benchmark(line: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let text = |pointer| message.pointer(pointer).and_then(Value::as_str);
    let is_benchmark = text("/target/kind/0")? == "bench";
    is_benchmark.then(|| Some((text("/target/name")?.to_string(), text("/executable")?.into()))).flatten()
}

impl<'a> Case<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split('\t');
        let case = Case { name: fields.next()?, unit: fields.next()?, units: fields.next()?.parse().ok()? };
        fields.next().is_none().then_some(case)
    }
}

/// The instructions of all repetitions of a case that count.
fn instructions(program: &Path, case: &str, profile: &Path) -> Result<f64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind"]).arg(format!("--toggle-collect={WITHIN}"));
    valgrind.arg(format!("--callgrind-out-file={}", profile.display())).arg(program);
    run::output(valgrind.args(["repeat", case, &COUNTED.to_string()]))?;
    let text = fs::read_to_string(profile).with_context(|| format!("read `{}`", profile.display()))?;
    let sum = total(&text).with_context(|| format!("find the sum in `{}`", profile.display()))?;
    ensure!(sum > 0.0, "valgrind did not see `{WITHIN}` in `{}`", program.display());
    Ok(sum)
}

/// The sum in a profile of callgrind's.
fn total(profile: &str) -> Option<f64> {
    profile.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
}

/// How long criterion found that the work takes, once.
fn nanoseconds(program: &Path, group: &str, case: &str, folder: &Path) -> Result<f64> {
    let mut criterion = Command::new(program);
    criterion.env("CRITERION_HOME", folder).args(["--bench", "--exact", &format!("{group}/{case}")]);
    run::output(&mut criterion)?;
    let path = folder.join(group).join(case).join("new/estimates.json");
    let text = fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
    let estimates: Value = serde_json::from_str(&text).context("read criterion's estimates")?;
    let median = estimates.pointer("/median/point_estimate").and_then(Value::as_f64);
    median.context("find the median among criterion's estimates")
}

fn table(measured: &[Measured]) -> String {
    let mut text = format!("{:<8} {:<45} {:>12} {:>14}   for each\n", "", "", "ns", "instructions");
    for Measured { group, case, unit, ns, instructions } in measured {
        let ns = ns.map_or_else(String::new, |ns| format!("{ns:.1}"));
        let _ = writeln!(text, "{group:<8} {case:<45} {ns:>12} {instructions:>14.1}   {unit}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_a_line_of_three_fields() {
        let case = Case { name: "1,000 rows", unit: "row", units: 1_000 };
        assert_eq!(Case::parse("1,000 rows\trow\t1000"), Some(case));
        assert_eq!(Case::parse("1,000 rows\trow\tmany"), None);
        assert_eq!(Case::parse("running 0 tests"), None);
    }

    #[test]
    fn the_benchmark_is_found_among_what_cargo_tells() {
        let told = |kind: &str| {
            format!(r#"{{"target":{{"kind":["{kind}"],"name":"frames"}},"executable":"/t/frames-1"}}"#)
        };
        assert_eq!(benchmark(&told("bench")), Some(("frames".to_string(), "/t/frames-1".into())));
        assert_eq!(benchmark(&told("bin")), None);
        assert_eq!(benchmark("Compiling wire"), None);
    }

    #[test]
    fn the_sum_of_a_profile_is_found() {
        assert_eq!(total("events: Ir\nfn=(1) main\n12 345\n\ntotals: 67890\n"), Some(67_890.0));
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn a_table_shows_each_case_for_one_of_its_units() {
        let (group, case, unit) = ("session", "simple".to_string(), "transaction".to_string());
        let text = table(&[Measured { group, case, unit, ns: Some(812.34), instructions: 4_321.0 }]);
        let fields: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(fields, ["session", "simple", "812.3", "4321.0", "transaction"]);
    }
}
