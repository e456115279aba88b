//! What was measured. Only ratios within a round count: there all contenders saw the same machine.

use serde::Serialize;

use super::field::{DIRECT, NAMES, PGBOUNCER, PICKET, RELAY};

/// One contender in one round.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Sample {
    pub(super) per_second: f64,
    /// Of messages that the client read, where there are many.
    pub(super) mb_per_second: Option<f64>,
    /// The median, where single transactions were timed.
    pub(super) latency_us: Option<f64>,
    /// Of the process between client and server; a direct connection has none.
    pub(super) cost: Option<Cost>,
}

/// CPU time for each unit of work.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Cost {
    pub(super) user: f64,
    pub(super) system: f64,
    /// Of the ledger's process, which takes in what was recorded.
    pub(super) ledger: f64,
}

impl Cost {
    pub(super) fn proxy(self) -> f64 {
        self.user + self.system
    }
}

/// All rounds of one workload.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) workload: String,
    pub(super) unit: &'static str,
    pub(super) cost_unit: &'static str,
    /// In the order of `field::NAMES`.
    pub(super) rounds: Vec<[Sample; NAMES.len()]>,
}

/// Memory of each contender's process for each idle connection.
#[derive(Debug, Serialize)]
pub(super) struct Idle {
    pub(super) connections: usize,
    /// In the order of `field::NAMES`; a direct connection has no process between.
    pub(super) pss_kib_per_connection: [Option<f64>; NAMES.len()],
}

impl Measured {
    /// Median over the rounds of what `of` makes of each.
    pub(super) fn median(&self, of: impl Fn(&[Sample; NAMES.len()]) -> Option<f64>) -> Option<f64> {
        median(self.rounds.iter().filter_map(of).collect())
    }

    /// How many times as fast as PgBouncer.
    pub(super) fn speed(&self, contender: usize) -> Option<f64> {
        self.median(|round| Some(round[contender].per_second / round[PGBOUNCER].per_second))
    }

    /// How many times PgBouncer's CPU time the contender's own process takes.
    pub(super) fn cost(&self, contender: usize) -> Option<f64> {
        self.median(|round| Some(round[contender].cost?.proxy() / round[PGBOUNCER].cost?.proxy()))
    }

    /// Latency that Picket adds, as a multiple of what the bare relay adds. Noise can make the relay faster than
    /// nothing; such a round says nothing.
    pub(super) fn added_latency(&self) -> Option<f64> {
        self.median(|round| {
            let direct = round[DIRECT].latency_us?;
            let (picket, relay) = (round[PICKET].latency_us? - direct, round[RELAY].latency_us? - direct);
            (0.0 < relay).then_some(picket / relay)
        })
    }
}

/// The middle of the numbers that are numbers.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let (lower, upper) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    Some(f64::midpoint(*values.get(lower)?, *values.get(upper)?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two rounds in which the relay is as fast as PgBouncer and Picket is slower.
    pub(crate) fn example() -> Measured {
        let sample = |per_second, cpu: f64| Sample {
            per_second,
            mb_per_second: Some(per_second / 10.0),
            latency_us: Some(1e6 / per_second),
            cost: (0.0 < cpu).then_some(Cost { user: cpu * 0.25, system: cpu * 0.75, ledger: 1.0 }),
        };
        let round = |picket| [sample(1_000.0, 0.0), sample(800.0, 20.0), sample(800.0, 16.0), picket];
        Measured {
            workload: "example".to_string(),
            unit: "transactions",
            cost_unit: "µs per transaction",
            rounds: vec![round(sample(400.0, 30.0)), round(sample(640.0, 50.0))],
        }
    }

    #[test]
    fn ratios_are_taken_within_rounds_and_then_their_median() {
        let measured = example();
        assert_eq!(measured.speed(PICKET), Some(0.65));
        assert_eq!(measured.speed(DIRECT), Some(1.25));
        assert_eq!(measured.cost(PICKET), Some(2.0));
        assert_eq!(measured.cost(DIRECT), None);
        let added = measured.added_latency().unwrap();
        assert!((added - f64::midpoint(6.0, 2.25)).abs() < 1e-9, "{added}");
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(vec![0.5, 1.0, 0.75, 0.0]), Some(0.625));
        assert_eq!(median(vec![0.5, 1.0, 0.75]), Some(0.75));
        assert_eq!(median(vec![f64::NAN]), None);
    }
}
