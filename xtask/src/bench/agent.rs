//! `cargo xtask bench agent`: what it costs a database that the agent watches it, and how much the agent can see.

mod alert;
mod plot;
mod programs;
mod rest;
mod results;
mod stage;
mod storm;
mod table;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::value_parser;
use e2e::{binaries, postgres};
use serde_json::json;

use self::results::{Measured, Program, Rest, Sample, Storm, Told};
use self::stage::{NAMES, Stage};
use super::workload::{Length, pgbench};
use super::{machine, write};
use crate::progress::Step;
use crate::{ebpf, repo, run, setup, test};

/// Measure what the agent costs a database that it watches.
///
/// Installs what is missing, compiles the kernel programs, builds the release programs, and starts a throwaway PostgreSQL
/// and the ledger's engine. In every round pgbench does the same work directly on PostgreSQL without an agent, with one that
/// observes, and with one that refuses whom no rule allows (pgbench is allowed by one); the order rotates. What counts are
/// the ratios within a round, since there all saw the same machine at nearly the same time; the median of them is what is
/// reported. Then the agent's CPU time and memory at rest, how long each kernel program takes by the kernel's own count,
/// a storm of short connections: how many events come per second, and how many are lost; and how soon a webhook is told of who went
/// around the proxy.
///
/// Needs root, as the agent does.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rounds of every workload.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,

    /// Seconds of each single run.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=600))]
    seconds: u32,

    /// Clients at the same time, in `pgbench -S`.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32], value_parser = value_parser!(u32).range(1..=90))]
    clients: Vec<u32>,

    /// See that everything works, with unoptimised programs and little work: the numbers mean nothing.
    #[arg(long, conflicts_with_all = ["rounds", "seconds", "clients"])]
    quick: bool,

    /// Write everything that was measured to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Draw the ratios into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Clients that connect for every transaction.
const CHURN_CLIENTS: u32 = 4;

/// How much of everything.
struct Extent {
    rounds: u32,
    length: Length,
    clients: Vec<u32>,
    /// Of the agent at rest, and of a storm.
    seconds: u32,
    /// Alerts of each kind.
    alerts: usize,
}

/// What pgbench does.
struct Workload {
    name: String,
    options: &'static [&'static str],
    clients: u32,
}

/// All that was measured.
struct Report {
    measured: Vec<Measured>,
    rest: Vec<Rest>,
    programs: Vec<Program>,
    storms: Vec<Storm>,
    told: Vec<Told>,
}

impl Extent {
    fn quick() -> Self {
        Self { rounds: 1, length: Length::Few, clients: vec![2], seconds: 1, alerts: 2 }
    }

    fn workloads(&self) -> Vec<Workload> {
        let plain = |clients: &u32| {
            let some = if *clients == 1 { "1 client".to_owned() } else { format!("{clients} clients") };
            Workload { name: format!("pgbench -S, {some}"), options: &["-S"], clients: *clients }
        };
        let mut all: Vec<Workload> = self.clients.iter().map(plain).collect();
        let name = format!("pgbench -S -C, {CHURN_CLIENTS} clients");
        all.push(Workload { name, options: &["-S", "-C"], clients: CHURN_CLIENTS });
        all
    }
}

pub(crate) fn command(args: &Args) -> Result<()> {
    ensure!(
        repo::is_root(),
        "the agent loads kernel programs: run `cargo xtask bench agent` as root, or through sudo"
    );
    setup::ensure()?;
    ebpf::build()?;
    let mut build = test::cargo_command()?;
    build.args(["build", "-p", "picket-agent", "-p", "picket-engine"]);
    let extent = if args.quick {
        Extent::quick()
    } else {
        build.arg("--release");
        let Args { rounds, seconds, clients, .. } = args;
        Extent {
            rounds: *rounds,
            length: Length::Seconds(*seconds),
            clients: clients.clone(),
            seconds: *seconds,
            alerts: 20,
        }
    };
    run::shown(&mut build)?;
    let folder = if args.quick { "debug" } else { "release" };
    binaries::use_folder(repo::target_folder()?.join(folder))?;

    let server =
        run::output(std::process::Command::new(postgres::programs()?.join("postgres")).arg("--version"))?;
    let server = server.split(" (Debian").next().unwrap_or_default().trim().to_owned();
    let with = format!("Picket {}, {server}, {}", machine::commit()?, machine::machine());
    println!("{}\n{with}\n", machine::command_line());
    let report = measure(&extent, |text| println!("{text}"))?;
    if let Some(path) = &args.json {
        write(path, &format!("{:#}\n", json(&extent, &with, &report)))?;
    }
    if let Some(path) = &args.svg {
        let caption = format!("{} rounds of {} s each; {with}", args.rounds, args.seconds);
        write(path, &plot::svg(&report.measured, &caption))?;
    }
    Ok(())
}

/// All of it; `tell` gets each table once it is whole.
fn measure(extent: &Extent, mut tell: impl FnMut(&str)) -> Result<Report> {
    let step = Step::start("start PostgreSQL and the engine, and fill the tables");
    let mut stage = Stage::start()?;
    step.done();
    let mut measured = Vec::new();
    for workload in extent.workloads() {
        let rounds = (0..extent.rounds)
            .map(|number| round(&mut stage, &workload, number, extent))
            .collect::<Result<Vec<_>>>()?;
        measured.push(Measured { workload: workload.name, rounds });
    }
    tell(&table::measured(&measured));
    let rest = rest::measure(&mut stage, extent.seconds)?;
    tell(&table::rest(&rest));
    let programs = programs::measure(&mut stage, &extent.workloads(), extent.length)?;
    tell(&table::programs(&programs));
    let storms = storm::measure(&mut stage, extent.seconds)?;
    tell(&table::storms(&storms));
    let told = alert::measure(&mut stage, extent.alerts)?;
    tell(&table::told(&told));
    Ok(Report { measured, rest, programs, storms, told })
}

/// Who goes first rotates, so that a machine that slows down favours nobody.
fn round(
    stage: &mut Stage,
    workload: &Workload,
    number: u32,
    extent: &Extent,
) -> Result<[Sample; NAMES.len()]> {
    let step = Step::start(format!("{}, round {} of {}", workload.name, number + 1, extent.rounds));
    let mut samples = [None; NAMES.len()];
    for turn in 0..NAMES.len() {
        let contender = (turn + number as usize) % NAMES.len();
        step.note(NAMES[contender]);
        let sample = sample(stage, workload, contender, extent.length);
        samples[contender] =
            Some(sample.with_context(|| format!("measure {}: {}", NAMES[contender], workload.name))?);
    }
    step.done();
    let [Some(a), Some(b), Some(c)] = samples else { unreachable!("every contender had its turn") };
    Ok([a, b, c])
}

fn sample(stage: &mut Stage, workload: &Workload, contender: usize, length: Length) -> Result<Sample> {
    let agent = stage.agent(contender, None)?;
    let login = stage.login();
    let Some(mut agent) = agent else {
        let done = pgbench(&login, workload.options, workload.clients, length, None)?;
        return Ok(Sample { per_second: done.per_second, cost: None });
    };
    stage.settle(&agent)?;
    let before = stage.cpu(&agent)?;
    let done = pgbench(&login, workload.options, workload.clients, length, None)?;
    // What it left to be done is part of its cost.
    stage.settle(&agent)?;
    let cost = (stage.cpu(&agent)? - before).each(done.cost_units);
    let code = agent.stop()?;
    ensure!(code == 0, "the agent ended with {code}: {}", agent.log());
    Ok(Sample { per_second: done.per_second, cost: Some(cost) })
}

fn json(extent: &Extent, with: &str, report: &Report) -> serde_json::Value {
    let Report { measured, rest, programs, storms, told } = report;
    let medians: Vec<_> = measured
        .iter()
        .map(|it| {
            let ratios = [stage::OBSERVE, stage::DENY].map(|c| it.speed(c));
            json!({ "workload": it.workload, "observe_to_without": ratios[0], "deny_to_without": ratios[1] })
        })
        .collect();
    json!({
        "command": machine::command_line(),
        "with": with,
        "rounds": extent.rounds,
        "length": format!("{:?}", extent.length),
        "contenders": NAMES,
        "medians": medians,
        "measured": measured,
        "rest": rest,
        "programs": programs,
        "storms": storms,
        "told": told,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_measures_all_there_is() {
        let mut told = String::new();
        let report = measure(&Extent::quick(), |text| told.push_str(text)).unwrap();
        for it in &report.measured {
            assert!(told.contains(&it.workload), "{told}");
            let [without, observe, deny] = it.rounds[0];
            assert!(without.cost.is_none() && observe.cost.is_some() && deny.cost.is_some(), "{told}");
            assert!([stage::OBSERVE, stage::DENY].iter().all(|c| it.speed(*c).is_some_and(|it| 0.0 < it)));
        }
        assert!(report.rest.iter().all(|rest| 0.0 < rest.pss_kib), "{told}");
        // Each transaction of `-C` connects once, and PostgreSQL takes it in.
        let connects = report.programs.iter().find(|it| it.name == "connect4").unwrap();
        let churn = connects.workloads.last().unwrap();
        assert!(0.9 <= churn.runs_each && 0.0 < churn.ns, "{told}");
        let last = report.storms.last().unwrap();
        assert!(0 < last.connections && 2 * last.connections <= last.events + last.lost, "{told}");
        assert!(0 < last.lost || last.recorded == last.connections, "{told}");
        assert!(report.told.iter().all(|it| 0.0 < it.median_ms && it.median_ms <= it.most_ms), "{told}");
    }
}
