//! Results as text.

use std::fmt::Write;

use super::field::{DIRECT, NAMES, PGBOUNCER, PICKET, RELAY};
use super::results::{Idle, Measured};

pub(super) fn measured(measured: &Measured) -> String {
    let mut text = format!("\n{}: {} per second\n", measured.workload, measured.unit);
    let _ = write!(text, "{:>8}", "round");
    for name in NAMES {
        let _ = write!(text, " {name:>11}");
    }
    let _ = writeln!(text, "   Picket ÷ direct  ÷ PgBouncer     ÷ relay");
    for (index, round) in measured.rounds.iter().enumerate() {
        let _ = write!(text, "{:>8}", index + 1);
        for sample in round {
            let _ = write!(text, " {:>11.0}", sample.per_second);
        }
        let ratio = |to: usize| round[PICKET].per_second / round[to].per_second;
        let _ = writeln!(text, " {:>17.2} {:>12.2} {:>11.2}", ratio(DIRECT), ratio(PGBOUNCER), ratio(RELAY));
    }
    let _ = write!(text, "{:>8}", "median");
    for contender in 0..NAMES.len() {
        let _ = write!(text, " {:>11.0}", known(measured.median(|round| Some(round[contender].per_second))));
    }
    let ratio =
        |to: usize| known(measured.median(|round| Some(round[PICKET].per_second / round[to].per_second)));
    let _ = writeln!(text, " {:>17.2} {:>12.2} {:>11.2}", ratio(DIRECT), ratio(PGBOUNCER), ratio(RELAY));
    megabytes(measured, &mut text);
    costs(measured, &mut text);
    latencies(measured, &mut text);
    text
}

fn megabytes(measured: &Measured, text: &mut String) {
    let all: Vec<_> = NAMES
        .iter()
        .enumerate()
        .filter_map(|(contender, name)| {
            let median = measured.median(|round| round[contender].mb_per_second)?;
            Some(format!("{name} {median:.0}"))
        })
        .collect();
    if !all.is_empty() {
        let _ = writeln!(text, "  MB per second: {}", all.join("; "));
    }
}

fn costs(measured: &Measured, text: &mut String) {
    let _ = write!(text, "  CPU {} (user + system):", measured.cost_unit);
    for contender in [PGBOUNCER, RELAY, PICKET] {
        let of = |part: fn(super::results::Cost) -> f64| {
            known(measured.median(|round| round[contender].cost.map(part)))
        };
        let _ = write!(
            text,
            " {} {:.1} ({:.1} + {:.1});",
            NAMES[contender],
            of(|cost| cost.proxy()),
            of(|cost| cost.user),
            of(|cost| cost.system)
        );
    }
    let ledger = known(measured.median(|round| round[PICKET].cost.map(|cost| cost.ledger)));
    let _ = writeln!(
        text,
        " Picket's ledger {ledger:.1}; Picket ÷ PgBouncer {:.2}, relay ÷ PgBouncer {:.2}",
        known(measured.cost(PICKET)),
        known(measured.cost(RELAY))
    );
}

fn latencies(measured: &Measured, text: &mut String) {
    if measured.rounds.iter().any(|round| round[DIRECT].latency_us.is_none()) {
        return;
    }
    let _ = write!(text, "  median latency in µs:");
    for (contender, name) in NAMES.iter().enumerate() {
        let _ = write!(text, " {name} {:.0};", known(measured.median(|round| round[contender].latency_us)));
    }
    let _ = writeln!(text, " added by Picket ÷ added by relay {:.2}", known(measured.added_latency()));
}

pub(super) fn idle(idle: &Idle) -> String {
    let mut text = format!("\n{} idle connections: memory (PSS) for each, in KiB\n ", idle.connections);
    for (name, kib) in NAMES.iter().zip(idle.pss_kib_per_connection) {
        if let Some(kib) = kib {
            let _ = write!(text, " {name} {kib:.1};");
        }
    }
    text.push('\n');
    text
}

/// What could not be measured is not a number.
pub(super) fn known(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::tests::example;

    #[test]
    fn a_table_shows_rounds_medians_cpu_time_and_latency() {
        let text = measured(&example());
        let lines: Vec<&str> = text.lines().collect();
        let fields = |line: usize| lines[line].split_whitespace().collect::<Vec<_>>();
        assert_eq!(fields(3), ["1", "1000", "800", "800", "400", "0.40", "0.50", "0.50"]);
        assert_eq!(fields(5), ["median", "1000", "800", "800", "520", "0.52", "0.65", "0.65"]);
        assert!(text.contains("MB per second: direct 100; PgBouncer 80; bare relay 80; Picket 52"), "{text}");
        assert!(text.contains("Picket 40.0 (10.0 + 30.0);"), "{text}");
        assert!(text.contains("Picket ÷ PgBouncer 2.00"), "{text}");
        assert!(text.contains("direct 1000; PgBouncer 1250;"), "{text}");
    }
}
