//! `cargo xtask bench`: what can be measured today: pgbench through the proxy against direct, in the same rounds.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use e2e::engine::Engine;
use e2e::login::Login;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use serde_json::json;

use crate::progress::Step;
use crate::{repo, run, setup, test};

/// Measure Picket against a direct connection.
///
/// Builds the release programs, starts a throwaway PostgreSQL, engine and proxy, and runs `pgbench -S` through
/// the proxy and directly, one after the other in every round, in an order that alternates. What counts is the
/// ratio within a round: both sides see the same machine at nearly the same time.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rounds per protocol.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,

    /// Seconds of each single run.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,

    /// Clients at the same time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    clients: u32,

    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

const DATABASE: &str = "bench";
const PROTOCOLS: [&str; 3] = ["simple", "extended", "prepared"];

/// One round: transactions per second, first directly, then through the proxy.
struct Round {
    direct: f64,
    proxied: f64,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.proxied / self.direct
    }
}

pub(crate) fn command(args: &Args) -> Result<()> {
    setup::ensure()?;
    let mut build = test::cargo_command()?;
    run::shown(build.args(["build", "--release", "-p", "picket-proxy", "-p", "picket-engine"]))?;
    e2e::binaries::use_folder(repo::target_folder()?.join("release"))?;

    let step = Step::start("start PostgreSQL, engine and proxy, and fill the tables");
    let postgres = Postgres::start()?;
    let engine = Engine::start()?;
    let direct = postgres.superuser(DATABASE);
    postgres.administer("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    let programs = postgres::programs()?;
    run::output(&mut pgbench(&programs, &direct, &["-i", "-q", "-s", "1"]))?;
    let proxy = Proxy::start(ProxySettings {
        upstreams: vec![direct.clone()],
        users: vec![("bench".to_string(), postgres::password()?)],
        clickhouse_url: engine.url().to_string(),
        ledger_database: "picket".to_string(),
    })?;
    let proxied = proxy.login("bench", DATABASE)?;
    step.done();

    let mut results = Vec::new();
    for protocol in PROTOCOLS {
        let mut rounds = Vec::new();
        for number in 1..=args.rounds {
            let step = Step::start(format!("pgbench -S -M {protocol}, round {number} of {}", args.rounds));
            rounds.push(round(&programs, args, protocol, number, &direct, &proxied)?);
            step.done();
        }
        results.push((protocol, rounds));
    }
    if args.json { print_json(args, &results) } else { print_table(args, &results) }
}

/// Who goes first alternates, so that a machine that slows down does not favour one.
fn round(
    programs: &Path,
    args: &Args,
    protocol: &str,
    number: u32,
    direct: &Login,
    proxied: &Login,
) -> Result<Round> {
    let run = |login| transactions_per_second(programs, args, protocol, login);
    if number.is_multiple_of(2) {
        let proxied = run(proxied)?;
        Ok(Round { direct: run(direct)?, proxied })
    } else {
        let direct = run(direct)?;
        Ok(Round { direct, proxied: run(proxied)? })
    }
}

fn transactions_per_second(programs: &Path, args: &Args, protocol: &str, login: &Login) -> Result<f64> {
    let (clients, seconds) = (args.clients.to_string(), args.seconds.to_string());
    let options = ["-n", "-S", "-M", protocol, "-c", &clients, "-j", "2", "-T", &seconds];
    let said = run::output(&mut pgbench(programs, login, &options))?;
    if said.lines().any(|line| line.starts_with("number of failed transactions: ") && !line.contains(": 0 "))
    {
        bail!("pgbench counted failed transactions:\n{said}");
    }
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.with_context(|| format!("find the transactions per second in what pgbench printed:\n{said}"))
}

fn pgbench(programs: &Path, login: &Login, options: &[&str]) -> Command {
    let mut command = Command::new(programs.join("pgbench"));
    command
        .args(options)
        .args(["-h", "127.0.0.1", "-p", &login.port.to_string(), "-U", &login.user, &login.database])
        .env("PGPASSWORD", &login.password);
    command
}

fn median(rounds: &[Round]) -> f64 {
    let mut ratios: Vec<f64> = rounds.iter().map(Round::ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let upper = ratios.len() / 2;
    let lower = ratios.len().saturating_sub(1) / 2;
    match (ratios.get(lower), ratios.get(upper)) {
        (Some(lower), Some(upper)) => f64::midpoint(*lower, *upper),
        _ => f64::NAN,
    }
}

fn print_table(args: &Args, results: &[(&str, Vec<Round>)]) -> Result<()> {
    let Args { seconds, clients, .. } = args;
    println!("\npgbench -S, {clients} clients, {seconds} s per run; transactions per second");
    println!("{:<10} {:>5} {:>10} {:>10} {:>16}", "protocol", "round", "direct", "proxied", "proxied/direct");
    for (protocol, rounds) in results {
        for (index, round) in rounds.iter().enumerate() {
            let Round { direct, proxied } = round;
            println!(
                "{protocol:<10} {:>5} {direct:>10.0} {proxied:>10.0} {:>16.2}",
                index + 1,
                round.ratio()
            );
        }
        println!("{protocol:<10} {:>5} {:>10} {:>10} {:>16.2}", "", "", "median", median(rounds));
    }
    Ok(())
}

fn print_json(args: &Args, results: &[(&str, Vec<Round>)]) -> Result<()> {
    let Args { seconds, clients, .. } = args;
    let protocols: Vec<_> = results
        .iter()
        .map(|(protocol, rounds)| {
            let each: Vec<_> = rounds
                .iter()
                .map(|round| json!({"direct_tps": round.direct, "proxied_tps": round.proxied, "ratio": round.ratio()}))
                .collect();
            json!({"protocol": protocol, "rounds": each, "median_ratio": median(rounds)})
        })
        .collect();
    let all =
        json!({"benchmark": "pgbench -S", "clients": clients, "seconds": seconds, "protocols": protocols});
    println!("{}", serde_json::to_string_pretty(&all).context("write JSON")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_rounds_lies_between_the_middle_two() {
        let rounds = [0.5, 0.9, 0.7, 0.1].map(|proxied| Round { direct: 1.0, proxied });
        assert!((median(&rounds) - 0.6).abs() < 1e-9);
        assert!((median(&rounds[..3]) - 0.7).abs() < 1e-9);
    }
}
