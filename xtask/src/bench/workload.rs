//! What the contenders are made to do, and one measurement of one of them doing it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use e2e::binaries;
use e2e::login::Login;
use e2e::postgres;
use serde_json::Value;

use super::field::{Field, PICKET};
use super::process::{CpuTime, Pinned};
use super::results::{Cost, Sample};
use crate::run;

/// How long one run is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    Seconds(u32),
    /// A few transactions, or one statement, in whatever time: enough to see that it works.
    Few,
}

/// Transactions of each client where few are enough.
const FEW: &str = "5";

/// How much longer than it should a run may take, with its log-ins, until it is stuck.
const OVERTIME_SECS_MAX: u32 = 120;

/// Something to do, as fast as it goes.
#[derive(Clone, Debug)]
pub(super) enum Workload {
    /// `pgbench -S` with this protocol.
    Transactions { protocol: &'static str, clients: u32 },
    /// The same with one client, and everything on one core: what a transaction waits for.
    Latency { protocol: &'static str },
    /// `pgbench -S` with a new connection for every transaction.
    Churn { clients: u32 },
    /// A transaction that makes a table of its own, which nobody has seen before, fills it and reads it.
    Temporary { clients: u32 },
    /// A statement that returns many rows.
    Rows { what: &'static str, statement: &'static str },
}

pub(super) const PROTOCOLS: [&str; 3] = ["simple", "extended", "prepared"];

const TEMPORARY: &str = "\\set aid random(1, 100000)
BEGIN;
CREATE TEMPORARY TABLE found (id int, balance int) ON COMMIT DROP;
INSERT INTO found SELECT aid, abalance FROM pgbench_accounts WHERE aid = :aid;
SELECT balance FROM found;
COMMIT;
";

/// Rows are read and thrown away by a client that costs less than any proxy. All have six columns of about the same length.
const BULK: [(&str, &str); 4] = [
    ("SELECT of many rows", "SELECT * FROM things"),
    ("COPY of many rows", "COPY things TO STDOUT"),
    ("SELECT, three columns masked", "SELECT * FROM people"),
    ("SELECT, three columns scanned", "SELECT id, name, a || '', b || '', c || '', at FROM things"),
];

/// What else masks can have to do with many rows.
const MORE_BULK: [(&str, &str); 4] = [
    ("SELECT, one column masked", "SELECT id, name, email, at::text, at::text AS t, at FROM people"),
    (
        "COPY, one column masked",
        "COPY (SELECT id, name, email, at::text, at::text AS t, at FROM people) TO STDOUT",
    ),
    ("COPY, three columns masked", "COPY people TO STDOUT"),
    (
        "COPY, three columns scanned",
        "COPY (SELECT id, name, a || '', b || '', c || '', at FROM things) TO STDOUT",
    ),
];

impl Workload {
    pub(super) fn all(clients: &[u32]) -> Vec<Self> {
        let mut all = Vec::new();
        for protocol in PROTOCOLS {
            all.extend(clients.iter().map(|clients| Self::Transactions { protocol, clients: *clients }));
        }
        all.extend(["simple", "prepared"].map(|protocol| Self::Latency { protocol }));
        all.push(Self::Churn { clients: 4 });
        all.push(Self::Temporary { clients: 4 });
        all.extend(BULK.map(|(what, statement)| Self::Rows { what, statement }));
        all
    }

    /// Many rows in each way in which masks have to do with them.
    pub(super) fn of_rows() -> Vec<Self> {
        BULK.into_iter().chain(MORE_BULK).map(|(what, statement)| Self::Rows { what, statement }).collect()
    }

    /// Enough to see that all of it works.
    pub(super) fn one_of_each_kind() -> Vec<Self> {
        let [_, (_, copy), (what, statement), _] = BULK;
        vec![
            Self::Transactions { protocol: "extended", clients: 2 },
            Self::Latency { protocol: "prepared" },
            Self::Churn { clients: 2 },
            Self::Temporary { clients: 2 },
            Self::Rows { what: "COPY", statement: copy },
            Self::Rows { what, statement },
        ]
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Transactions { protocol, clients: 1 } => format!("pgbench -S {protocol}, 1 client"),
            Self::Transactions { protocol, clients } => format!("pgbench -S {protocol}, {clients} clients"),
            Self::Latency { protocol } => format!("pgbench -S {protocol}, 1 client, all on one core"),
            Self::Churn { clients } => format!("pgbench -S -C, {clients} clients"),
            Self::Temporary { clients } => format!("temporary tables, {clients} clients"),
            Self::Rows { what, .. } => (*what).to_string(),
        }
    }

    /// What is counted per second.
    pub(super) fn unit(&self) -> &'static str {
        if matches!(self, Self::Rows { .. }) { "rows" } else { "transactions" }
    }

    /// What CPU time is given for.
    pub(super) fn cost_unit(&self) -> &'static str {
        if matches!(self, Self::Rows { .. }) { "ms per 100 MB" } else { "µs per transaction" }
    }

    /// Measures one contender once.
    pub(super) fn measure(&self, field: &Field, contender: usize, length: Length) -> Result<Sample> {
        let login = field.login(contender)?;
        let (proxy, ledger) = (field.proxy(contender)?, field.ledger()?);
        let pinned = match self {
            Self::Latency { .. } => Some(Pinned::to_first_core(&field.on_the_path()?)?),
            _ => None,
        };
        let cpu = || -> Result<Option<(CpuTime, CpuTime)>> {
            proxy.map(|proxy| Ok((CpuTime::of(proxy)?, CpuTime::of(ledger)?))).transpose()
        };
        let before = cpu()?;
        let done = self.perform(field, &login, length)?;
        drop(pinned);
        if contender == PICKET {
            // What it left to be done is part of its cost.
            field.settle()?;
        }
        let cost = match (before, cpu()?) {
            (Some((proxy_before, ledger_before)), Some((proxy, ledger))) => {
                let (proxy, ledger) = (proxy - proxy_before, ledger - ledger_before);
                Some(Cost {
                    user: proxy.user_us / done.cost_units,
                    system: proxy.system_us / done.cost_units,
                    ledger: ledger.all_us() / done.cost_units,
                })
            }
            _ => None,
        };
        let Done { per_second, mb_per_second, latency_us, cost_units: _ } = done;
        Ok(Sample { per_second, mb_per_second, latency_us, cost })
    }

    fn perform(&self, field: &Field, login: &Login, length: Length) -> Result<Done> {
        match self {
            Self::Transactions { protocol, clients } => {
                pgbench(login, &["-S", "-M", protocol], *clients, length, None)
            }
            Self::Latency { protocol } => {
                pgbench(login, &["-S", "-M", protocol], 1, length, Some(field.folder.path()))
            }
            Self::Churn { clients } => pgbench(login, &["-S", "-C"], *clients, length, None),
            Self::Temporary { clients } => {
                let script = field.folder.path().join("temporary.sql");
                fs::write(&script, TEMPORARY).context("write what pgbench runs")?;
                pgbench(login, &["-f", &script.to_string_lossy()], *clients, length, None)
            }
            Self::Rows { statement, .. } => read_rows(login, statement, length),
        }
    }
}

impl Length {
    fn seconds(self) -> u32 {
        match self {
            Self::Seconds(seconds) => seconds,
            Self::Few => 0,
        }
    }

    /// `program`, ended where it is stuck.
    fn bounded(self, program: &Path) -> Command {
        let mut command = Command::new("timeout");
        command.arg((self.seconds() + OVERTIME_SECS_MAX).to_string()).arg(program);
        command
    }
}

/// What was done, in the units that a workload counts.
pub(super) struct Done {
    pub(super) per_second: f64,
    mb_per_second: Option<f64>,
    latency_us: Option<f64>,
    /// Transactions, or 100 KB: so that µs for each are ms for 100 MB.
    pub(super) cost_units: f64,
}

pub(super) fn pgbench(
    login: &Login,
    options: &[&str],
    clients: u32,
    length: Length,
    log: Option<&Path>,
) -> Result<Done> {
    let (jobs, clients) = (clients.min(2).to_string(), clients.to_string());
    let mut command = length.bounded(&postgres::programs()?.join("pgbench"));
    command.args(["-n", "-c", &clients, "-j", &jobs]).args(options);
    match length {
        Length::Seconds(seconds) => command.arg("-T").arg(seconds.to_string()),
        Length::Few => command.args(["-t", FEW]),
    };
    let prefix = log.map(|folder| folder.join("latency"));
    if let Some(prefix) = &prefix {
        command.arg("-l").arg(format!("--log-prefix={}", prefix.display()));
    }
    command
        .args(["-h", "127.0.0.1", "-p", &login.port.to_string(), "-U", &login.user, &login.database])
        .env("PGPASSWORD", &login.password);
    let said = run::output(&mut command)?;
    if number(&said, "number of failed transactions: ").is_some_and(|failed| failed > 0.0) {
        bail!("pgbench counted failed transactions:\n{said}");
    }
    let find =
        |what| number(&said, what).with_context(|| format!("find `{what}` in what pgbench printed:\n{said}"));
    let (per_second, cost_units) = (find("tps = ")?, find("number of transactions actually processed: ")?);
    let latency_us = log.map(median_latency_us).transpose()?;
    Ok(Done { per_second, mb_per_second: None, latency_us, cost_units })
}

/// The number after `what` at the beginning of a line.
fn number(text: &str, what: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(what))?;
    rest.split([' ', '/']).next()?.parse().ok()
}

/// Reads, and removes, pgbench's log of transactions; the third field is the time of one in µs.
fn median_latency_us(folder: &Path) -> Result<f64> {
    let mut times = Vec::new();
    for entry in fs::read_dir(folder).context("list the folder of pgbench's log")? {
        let path = entry.context("list the folder of pgbench's log")?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("latency.")) {
            let text = fs::read_to_string(&path).context("read pgbench's log")?;
            times.extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok()));
            fs::remove_file(&path).context("remove pgbench's log")?;
        }
    }
    super::results::median(times).context("find a transaction in pgbench's log")
}

fn read_rows(login: &Login, statement: &str, length: Length) -> Result<Done> {
    let mut command = length.bounded(&binaries::find("row-reader")?);
    command
        .args(["--port", &login.port.to_string(), "--user", &login.user, "--database", &login.database])
        .args(["read", statement, "--seconds", &length.seconds().to_string()])
        .env("PGPASSWORD", &login.password);
    let said = run::output(&mut command)?;
    let said: Value = serde_json::from_str(&said).context("read what row-reader printed")?;
    let find =
        |key: &str| said.get(key).and_then(Value::as_f64).with_context(|| format!("find `{key}` in {said}"));
    let (rows, bytes, seconds) = (find("rows")?, find("bytes")?, find("seconds")?);
    let mb_per_second = Some(bytes / 1e6 / seconds);
    Ok(Done { per_second: rows / seconds, mb_per_second, latency_us: None, cost_units: bytes / 1e5 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_what_pgbench_prints() {
        let said = "number of transactions actually processed: 1234\nnumber of transactions actually processed: 1\n\
            number of failed transactions: 0 (0.000%)\ntps = 617.25 (without initial connection time)\n";
        assert_eq!(number(said, "tps = "), Some(617.25));
        assert_eq!(number(said, "number of failed transactions: "), Some(0.0));
        assert_eq!(
            number(
                "number of transactions actually processed: 7/10\n",
                "number of transactions actually processed: "
            ),
            Some(7.0)
        );
    }

    #[test]
    fn the_median_latency_is_that_of_the_third_field_and_the_log_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("latency.77");
        fs::write(&log, "0 1 90 0 1700000000 1\n0 2 70 0 1700000000 2\n0 3 4000 0 1700000000 3\n").unwrap();
        assert_eq!(median_latency_us(folder.path()).unwrap(), 90.0);
        assert!(!log.exists());
    }
}
