//! What was measured, by kind of statement.

use std::fmt::Write;

use anyhow::{Context, Result};
use serde::Serialize;

/// The steps, in the order in which the benchmark tells them.
pub(super) const STEPS: [&str; 6] =
    ["skeleton", "PostgreSQL's grammar", "walk", "fingerprint", "second reader", "judge"];

/// What stands for all kinds together.
const ALL: &str = "all";

#[derive(Debug, Default)]
pub(super) struct Results {
    /// In the order in which they came, all together last.
    pub(super) kinds: Vec<Kind>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Kind {
    pub(super) kind: String,
    pub(super) statements: usize,
    unreadable: usize,
    /// Read by PostgreSQL's grammar alone.
    alone: usize,
    disagrees: usize,
    cold_us_median: f64,
    cold_us_p99: f64,
    cached_us_median: f64,
    cached_us_p99: f64,
    /// In the order of `STEPS`, of the sum of all.
    pub(super) shares: [f64; STEPS.len()],
    #[serde(skip)]
    lines: Vec<[u64; STEPS.len() + 2]>,
}

impl Results {
    /// Reads what the benchmark printed: a line for each statement with its kind, what came of it, and nanoseconds.
    pub(super) fn parse(told: &str) -> Result<Self> {
        let mut results = Results::default();
        let mut all = Kind { kind: ALL.to_string(), ..Kind::default() };
        for line in told.lines() {
            let mut fields = line.split('\t');
            let (kind, outcome) =
                fields.next().zip(fields.next()).with_context(|| format!("read the line `{line}`"))?;
            let times: Vec<u64> = fields.map(str::parse).collect::<Result<_, _>>().context("read a time")?;
            let times = times.try_into().ok().with_context(|| format!("count the times in `{line}`"))?;
            let at = results.kinds.iter().position(|known| known.kind == kind).unwrap_or_else(|| {
                results.kinds.push(Kind { kind: kind.to_string(), ..Kind::default() });
                results.kinds.len() - 1
            });
            results.kinds[at].add(outcome, times);
            all.add(outcome, times);
        }
        results.kinds.sort_by_key(|kind| std::cmp::Reverse(kind.statements));
        results.kinds.push(all);
        results.kinds.iter_mut().for_each(Kind::sum);
        Ok(results)
    }

    /// Statements that were measured.
    pub(super) fn count(&self) -> usize {
        self.kinds.last().map_or(0, |all| all.statements)
    }
}

impl Kind {
    fn add(&mut self, outcome: &str, times: [u64; STEPS.len() + 2]) {
        self.statements += 1;
        self.unreadable += usize::from(outcome == "unreadable");
        self.alone += usize::from(outcome == "alone");
        self.disagrees += usize::from(outcome == "disagrees");
        self.lines.push(times);
    }

    fn sum(&mut self) {
        let of = |step: usize| -> Vec<u64> { self.lines.iter().map(|times| times[step]).collect() };
        let (cold, cached) = (of(STEPS.len()), of(STEPS.len() + 1));
        let sums: [u64; STEPS.len()] = std::array::from_fn(|step| of(step).iter().sum());
        let all: u64 = sums.iter().sum();
        self.cold_us_median = quantile_us(cold.clone(), 50);
        self.cold_us_p99 = quantile_us(cold, 99);
        self.cached_us_median = quantile_us(cached.clone(), 50);
        self.cached_us_p99 = quantile_us(cached, 99);
        self.shares = sums.map(|sum| sum as f64 / all.max(1) as f64);
    }

    fn readable(&self) -> usize {
        self.statements - self.unreadable
    }

    /// Time of the median statement that a session has not seen, in microseconds.
    pub(super) fn cold_us(&self) -> f64 {
        self.cold_us_median
    }
}

/// The value below which so many percent are, in microseconds.
fn quantile_us(mut nanoseconds: Vec<u64>, percent: usize) -> f64 {
    nanoseconds.sort_unstable();
    let at = nanoseconds.len() * percent / 100;
    let last = nanoseconds.len().saturating_sub(1);
    nanoseconds.get(at.min(last)).map_or(0.0, |value| *value as f64 / 1_000.0)
}

/// As a table in Markdown.
pub(super) fn table(results: &Results) -> String {
    let mut text = String::from(
        "| kind | statements | read | second reader too | disagrees | cold µs | p99 | cached µs | p99 |",
    );
    for step in STEPS {
        let _ = write!(text, " {step} |");
    }
    let _ = writeln!(text, "\n| --- |{}", " --: |".repeat(8 + STEPS.len()));
    for kind in &results.kinds {
        let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        let _ = write!(
            text,
            "| {} | {} | {:.1} % | {:.1} % | {} | {:.1} | {:.1} | {:.2} | {:.2} |",
            kind.kind,
            kind.statements,
            percent(kind.readable(), kind.statements),
            percent(kind.readable() - kind.alone, kind.readable()),
            kind.disagrees,
            kind.cold_us_median,
            kind.cold_us_p99,
            kind.cached_us_median,
            kind.cached_us_p99
        );
        for share in kind.shares {
            let _ = write!(text, " {:.0} % |", 100.0 * share);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Three statements of two kinds.
    pub(crate) fn example() -> Results {
        let told = "SELECT\tagrees\t0\t500\t300\t100\t100\t0\t1200\t100\n\
            SELECT\tdisagrees\t0\t500\t300\t100\t100\t0\t3200\t300\n\
            DO\tunreadable\t0\t1000\t0\t0\t0\t0\t1000\t100\n";
        Results::parse(told).unwrap()
    }

    #[test]
    fn kinds_are_summed_and_all_come_last() {
        let results = example();
        let names: Vec<_> = results.kinds.iter().map(|kind| kind.kind.as_str()).collect();
        assert_eq!((names, results.count()), (vec!["SELECT", "DO", "all"], 3));
        let select = &results.kinds[0];
        assert_eq!((select.disagrees, select.cold_us_median, select.cached_us_p99), (1, 3.2, 0.3));
        assert_eq!(select.shares, [0.0, 0.5, 0.3, 0.1, 0.1, 0.0]);
        assert!(Results::parse("SELECT\tagrees\t1\n").is_err());
    }

    #[test]
    fn a_table_has_a_line_for_each_kind() {
        let text = table(&example());
        let line = text.lines().find(|line| line.starts_with("| DO ")).unwrap();
        assert!(line.starts_with("| DO | 1 | 0.0 % | 0.0 % | 0 | 1.0 | 1.0 | 0.10 |"), "{line}");
    }
}
