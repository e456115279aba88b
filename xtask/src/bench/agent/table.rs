//! Results as tables in Markdown.

use std::fmt::Write;

use super::results::{Measured, Program, Rest, Sample, Storm, Told, ratio};
use super::stage::{DENY, NAMES, OBSERVE};
use crate::bench::table::known;

/// Ratios of each round, and medians.
pub(super) fn measured(all: &[Measured]) -> String {
    let mut text = String::from(
        "| workload | transactions per second without | observe ÷ without | each round | deny ÷ without | each round | \
         agent's CPU, µs each | ledger's CPU, µs each |\n| --- | --: | --: | --: | --: | --: | --: | --: |\n",
    );
    for it in all {
        let _ =
            write!(text, "| {} | {:.0} |", it.workload, known(it.median(|round| Some(round[0].per_second))));
        for contender in [OBSERVE, DENY] {
            let rounds: Vec<String> =
                it.rounds.iter().map(|round| format!("{:.2}", ratio(round, contender))).collect();
            let _ = write!(text, " {:.2} | {} |", known(it.speed(contender)), rounds.join(" "));
        }
        let cost = |of: fn(&Sample) -> Option<f64>| {
            let each = [OBSERVE, DENY].map(|c| format!("{:.1}", known(it.median(|round| of(&round[c])))));
            each.join(", ")
        };
        let _ = writeln!(
            text,
            " {} | {} |",
            cost(|sample| Some(sample.cost?.agent_us)),
            cost(|sample| Some(sample.cost?.ledger_us))
        );
    }
    let _ = writeln!(text, "\nCPU: {}, then {}.", NAMES[OBSERVE], NAMES[DENY]);
    text
}

pub(super) fn rest(all: &[Rest]) -> String {
    let mut text =
        String::from("| at rest | CPU, % of one core | memory (PSS), MiB |\n| --- | --: | --: |\n");
    for Rest { mode, cpu_percent, pss_kib } in all {
        let _ = writeln!(text, "| {mode} | {cpu_percent:.2} | {:.1} |", pss_kib / 1024.0);
    }
    text
}

/// Those that have run.
pub(super) fn programs(all: &[Program]) -> String {
    let mut text = String::from("| kernel program |");
    let names = all.first().map(|it| it.workloads.iter().map(|runs| &runs.workload)).into_iter().flatten();
    let mut columns = 0;
    for name in names {
        let _ = write!(text, " {name}: runs each | ns |");
        columns += 2;
    }
    let _ = writeln!(text, "\n| --- |{}", " --: |".repeat(columns));
    for Program { name, workloads } in all {
        if workloads.iter().all(|runs| runs.runs_each == 0.0) {
            continue;
        }
        let _ = write!(text, "| `{name}` |");
        for runs in workloads {
            let ns = if runs.ns.is_finite() { format!("{:.0}", runs.ns) } else { String::new() };
            let _ = write!(text, " {:.2} | {ns} |", runs.runs_each);
        }
        text.push('\n');
    }
    text
}

pub(super) fn storms(all: &[Storm]) -> String {
    let mut text = String::from(
        "| storm | connections per second | events per second | lost | connections | of these in the ledger | agent's CPU, \
         µs each | memory (PSS), MiB |\n| --- | --: | --: | --: | --: | --: | --: | --: |\n",
    );
    for it in all {
        let name = it.asked.map_or("as fast as it goes".to_owned(), |asked| format!("{asked:.0} per second"));
        let per_second = |count: u64| count as f64 / it.seconds;
        let _ = writeln!(
            text,
            "| {name} | {:.0} | {:.0} | {} | {} | {} | {:.1} | {:.1} |",
            per_second(it.connections),
            per_second(it.events),
            it.lost,
            it.connections,
            it.recorded,
            it.agent_us,
            it.pss_kib / 1024.0
        );
    }
    text
}

/// Of alerts.
pub(super) fn told(told: &[Told]) -> String {
    let mut text =
        "\n| a client around the proxy | connections | ms to the webhook, median | most |\n| --- | --: | --: | --: |\n".to_owned();
    for Told { client, connections, median_ms, most_ms } in told {
        let _ = writeln!(text, "| {client} | {connections} | {median_ms:.0} | {most_ms:.0} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::results::Runs;
    use super::super::results::tests::example;
    use super::*;

    #[test]
    fn a_workload_is_a_line_with_medians_and_rounds() {
        let text = measured(&[example()]);
        let line = "| a < b | 1000 | 0.99 | 0.99 0.97 1.01 | 0.90 | 0.90 0.80 0.95 | 2.0, 3.0 | 1.0, 1.0 |";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn a_program_that_never_ran_has_no_line() {
        let program = |name: &str, runs_each, ns| Program {
            name: name.to_owned(),
            workloads: vec![Runs { workload: "w".to_owned(), runs_each, ns }],
        };
        let text = programs(&[program("connect4", 1.0, 250.4), program("connect6", 0.0, f64::NAN)]);
        assert!(text.ends_with("| --- | --: | --: |\n| `connect4` | 1.00 | 250 |\n"), "{text}");
    }

    #[test]
    fn a_storm_tells_events_per_second_and_what_is_lost() {
        let text = storms(&[Storm {
            asked: None,
            seconds: 2.0,
            connections: 10,
            events: 40,
            lost: 1,
            recorded: 9,
            agent_us: 30.0,
            pss_kib: 2048.0,
        }]);
        assert!(text.ends_with("| as fast as it goes | 5 | 20 | 1 | 10 | 9 | 30.0 | 2.0 |\n"), "{text}");
    }
}
