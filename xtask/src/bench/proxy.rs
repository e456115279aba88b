//! `cargo xtask bench proxy`: Picket beside PgBouncer, a bare relay and a direct connection, in the same rounds.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::value_parser;
use e2e::{binaries, postgres, wait};
use serde_json::json;

use super::field::{Field, NAMES};
use super::results::{Idle, Measured, Sample};
use super::workload::{Length, Workload};
use super::{machine, pgbouncer, plot, process, table, write};
use crate::progress::Step;
use crate::{repo, run, setup, test};

/// Measure the proxy beside PgBouncer, a bare relay and a direct connection.
///
/// Installs what is missing, builds the release programs, and starts a throwaway PostgreSQL, the ledger's engine and
/// the contenders: PgBouncer in session mode, a relay of one thread that looks at nothing, and Picket with everything
/// on (reading, judging, masks, recording, shipping). In every round each contender does the same work once; the order
/// rotates. What counts are the ratios within a round, since there all saw the same machine at nearly the same time;
/// the median of them is what is reported. CPU time is that of the contender's own process.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rounds of every workload.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,

    /// Seconds of each single run.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=600))]
    seconds: u32,

    /// Clients at the same time, in pgbench.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64], value_parser = value_parser!(u32).range(1..=1_000))]
    clients: Vec<u32>,

    /// Rows of the tables that are read whole.
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1..=100_000_000))]
    rows: u64,

    /// Connections that are opened and left idle, to see what memory they take.
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=1_000))]
    idle: u32,

    /// Only the workloads whose names contain this; idle connections are called `idle`.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// See that everything works, with unoptimised programs and little work: the numbers mean nothing.
    #[arg(long, conflicts_with_all = ["rounds", "seconds", "clients", "rows", "idle"])]
    quick: bool,

    /// Write everything that was measured to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Draw the result into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// How much of everything.
struct Extent {
    rounds: u32,
    length: Length,
    workloads: Vec<Workload>,
    rows: u64,
    idle: usize,
}

/// What was measured, and with what.
struct Report {
    measured: Vec<Measured>,
    idle: Option<Idle>,
}

/// How long many connections may take to open or to go; each costs a log-in on every side.
const CONNECTIONS_SECS_MAX: u64 = 300;

/// How long each contender reads rows in a round of `bench mask`.
const ROWS_SECS: u32 = 5;

/// What row-reader says when all of its connections are open.
const IDLE_WORDS: &str = "holding ";

impl Extent {
    fn quick() -> Self {
        Self { rounds: 1, length: Length::Few, workloads: Workload::one_of_each_kind(), rows: 1_000, idle: 5 }
    }
}

pub(crate) fn command(args: &Args) -> Result<()> {
    setup::ensure()?;
    let extent = if args.quick {
        Extent::quick()
    } else {
        let Args { rounds, seconds, clients, rows, idle, .. } = args;
        let workloads = Workload::all(clients);
        Extent {
            rounds: *rounds,
            length: Length::Seconds(*seconds),
            workloads,
            rows: *rows,
            idle: *idle as usize,
        }
    };
    build(args.quick)?;
    let with = versions()?;
    println!("{}\n{with}", machine::command_line());
    let report = measure(&extent, args.only.as_deref(), |text| print!("{text}"))?;
    if let Some(path) = &args.json {
        write(path, &json(&extent, &with, &report)?)?;
    }
    if let Some(path) = &args.svg {
        let caption = format!("{} rounds of {} s each; {with}", args.rounds, args.seconds);
        write(path, &plot::svg(&report.measured, &caption))?;
    }
    Ok(())
}

/// Builds the contenders, and has them found.
pub(super) fn build(quick: bool) -> Result<()> {
    let mut build = test::cargo_command()?;
    build.args(["build", "-p", "picket-proxy", "-p", "picket-engine", "-p", "yardstick"]);
    build.args((!quick).then_some("--release"));
    run::shown(&mut build)?;
    binaries::use_folder(repo::target_folder()?.join(if quick { "debug" } else { "release" }))
}

/// Many rows, in each way in which masks have to do with them; few, if nobody says how many. For `bench mask`.
pub(super) fn measure_rows(rounds: u32, rows: Option<u64>, tell: impl FnMut(&str)) -> Result<Vec<Measured>> {
    let length = if rows.is_some() { Length::Seconds(ROWS_SECS) } else { Length::Few };
    let rows = rows.unwrap_or(Extent::quick().rows);
    let extent = Extent { rounds, length, workloads: Workload::of_rows(), rows, idle: 0 };
    Ok(measure(&extent, None, tell)?.measured)
}

/// Every workload in all of its rounds, and then idle connections; `tell` gets each table once it is whole.
fn measure(extent: &Extent, only: Option<&str>, mut tell: impl FnMut(&str)) -> Result<Report> {
    let chosen = |name: &str| only.is_none_or(|only| name.contains(only));
    let workloads: Vec<&Workload> =
        extent.workloads.iter().filter(|workload| chosen(&workload.name())).collect();
    let with_idle = 0 < extent.idle && chosen("idle connections");
    ensure!(!workloads.is_empty() || with_idle, "no workload has that in its name");

    let step = Step::start("start PostgreSQL, the engine and the contenders, and fill the tables");
    let field = Field::start(extent.rows)?;
    step.done();
    let mut measured = Vec::new();
    for workload in workloads {
        let rounds = (0..extent.rounds)
            .map(|number| round(&field, workload, number, extent))
            .collect::<Result<Vec<_>>>()?;
        let (unit, cost_unit) = (workload.unit(), workload.cost_unit());
        let whole = Measured { workload: workload.name(), unit, cost_unit, rounds };
        tell(&table::measured(&whole));
        measured.push(whole);
    }
    let mut idle = None;
    if with_idle {
        let found = hold_idle(&field, extent.idle)?;
        tell(&table::idle(&found));
        idle = Some(found);
    }
    Ok(Report { measured, idle })
}

/// Who goes first rotates, so that a machine that slows down favours nobody.
fn round(field: &Field, workload: &Workload, number: u32, extent: &Extent) -> Result<[Sample; NAMES.len()]> {
    let step = Step::start(format!("{}, round {} of {}", workload.name(), number + 1, extent.rounds));
    let mut samples = [None; NAMES.len()];
    for turn in 0..NAMES.len() {
        let contender = (turn + number as usize) % NAMES.len();
        step.note(NAMES[contender]);
        let sample = workload.measure(field, contender, extent.length);
        samples[contender] =
            Some(sample.with_context(|| format!("measure {}: {}", NAMES[contender], workload.name()))?);
    }
    step.done();
    let [Some(a), Some(b), Some(c), Some(d)] = samples else { unreachable!("every contender had its turn") };
    Ok([a, b, c, d])
}

fn hold_idle(field: &Field, connections: usize) -> Result<Idle> {
    let mut pss_kib_per_connection = [None; NAMES.len()];
    for (contender, name) in NAMES.iter().enumerate() {
        let Some(proxy) = field.proxy(contender)? else { continue };
        let step = Step::start(format!("{connections} idle connections through {name}"));
        wait_for_backends(field, |backends| backends <= 2)?;
        field.settle()?;
        let before = process::pss_kib(proxy)?;
        let login = field.login(contender)?;
        let mut holder = Command::new(binaries::find("row-reader")?)
            .args(["--port", &login.port.to_string(), "--user", &login.user, "--database", &login.database])
            .args(["hold", &connections.to_string()])
            .env("PGPASSWORD", &login.password)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start row-reader")?;
        let mut line = String::new();
        let stdout = holder.stdout.take().context("take its standard output")?;
        BufReader::new(stdout).read_line(&mut line).context("wait for the connections")?;
        let after = field.settle().and_then(|()| process::pss_kib(proxy));
        // Ends with its standard input.
        drop(holder.stdin.take());
        holder.wait().context("wait for row-reader")?;
        ensure!(
            line.starts_with(IDLE_WORDS),
            "row-reader could not open {connections} connections to {name}"
        );
        if let Some(kib) = pss_kib_per_connection.get_mut(contender) {
            *kib = Some((after? - before) / connections as f64);
        }
        step.done();
    }
    Ok(Idle { connections, pss_kib_per_connection })
}

fn wait_for_backends(field: &Field, few: impl Fn(usize) -> bool) -> Result<()> {
    wait::until("connections to end", Duration::from_secs(CONNECTIONS_SECS_MAX), || {
        Ok(few(field.backends()?).then_some(()))
    })
}

/// What was measured on what, in one line.
pub(super) fn versions() -> Result<String> {
    let server = run::output(Command::new(postgres::programs()?.join("postgres")).arg("--version"))?;
    let server = server.replace("postgres (PostgreSQL) ", "PostgreSQL ");
    let server = server.split(" (").next().unwrap_or_default().trim().to_string();
    Ok(format!("Picket {}, {server}, {}, {}", machine::commit()?, pgbouncer::version()?, machine::machine()))
}

fn json(extent: &Extent, with: &str, report: &Report) -> Result<String> {
    let medians: Vec<_> = report
        .measured
        .iter()
        .map(|measured| {
            let of = |ratio: fn(&Measured, usize) -> Option<f64>| {
                let each = NAMES
                    .iter()
                    .enumerate()
                    .map(|(c, name)| ((*name).to_string(), ratio(measured, c).into()));
                serde_json::Value::Object(each.collect())
            };
            json!({
                "workload": measured.workload,
                "speed_to_pgbouncer": of(Measured::speed),
                "cpu_to_pgbouncer": of(Measured::cost),
                "added_latency_to_relay": measured.added_latency(),
            })
        })
        .collect();
    let all = json!({
        "command": machine::command_line(),
        "with": with,
        "rounds": extent.rounds,
        "length": format!("{:?}", extent.length),
        "contenders": NAMES,
        "medians": medians,
        "measured": report.measured,
        "idle": report.idle,
    });
    serde_json::to_string_pretty(&all).context("write JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::field::{PGBOUNCER, PICKET, RELAY};

    #[test]
    fn a_quick_run_measures_every_contender_in_every_workload() {
        let mut told = String::new();
        let extent = Extent::quick();
        let report = measure(&extent, None, |text| told.push_str(text)).unwrap();
        assert_eq!(report.measured.len(), Workload::one_of_each_kind().len());
        for measured in &report.measured {
            assert!(told.contains(&measured.workload), "{told}");
            for contender in [PGBOUNCER, RELAY, PICKET] {
                let speed = measured.speed(contender);
                assert!(
                    speed.is_some_and(|speed| 0.0 < speed),
                    "{} of {contender}: {speed:?}",
                    measured.workload
                );
            }
            assert!(measured.rounds.iter().flatten().filter(|sample| sample.cost.is_some()).count() == 3);
        }
        // So few connections may fit into memory that the process had already.
        let idle = report.idle.unwrap().pss_kib_per_connection;
        assert_eq!(idle.map(|kib| kib.is_some()), [false, true, true, true]);
    }
}
