//! What was measured. Only ratios within a round count: there all contenders saw the same machine.

use serde::Serialize;

use super::stage::{NAMES, WITHOUT};
use crate::bench::results::median;

/// One contender in one round.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Sample {
    /// Transactions.
    pub(super) per_second: f64,
    /// Without an agent there is none.
    pub(super) cost: Option<Cost>,
}

/// CPU time for each transaction, of the agent's process and of the ledger's; the kernel programs' time is the client's
/// and the server's.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Cost {
    pub(super) agent_us: f64,
    pub(super) ledger_us: f64,
}

/// All rounds of one workload.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) workload: String,
    /// In the order of `stage::NAMES`.
    pub(super) rounds: Vec<[Sample; NAMES.len()]>,
}

/// The agent while nobody connects.
#[derive(Debug, Serialize)]
pub(super) struct Rest {
    pub(super) mode: &'static str,
    /// Of one core.
    pub(super) cpu_percent: f64,
    pub(super) pss_kib: f64,
}

/// A kernel program, by the kernel's own count.
#[derive(Debug, Serialize)]
pub(super) struct Program {
    pub(super) name: String,
    /// In the order of the workloads.
    pub(super) workloads: Vec<Runs>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Runs {
    pub(super) workload: String,
    /// For each transaction.
    pub(super) runs_each: f64,
    /// For each run; not a number where there was none.
    pub(super) ns: f64,
}

/// Many short connections.
#[derive(Debug, Serialize)]
pub(super) struct Storm {
    /// How many were to come per second; `None` means as many as can.
    pub(super) asked: Option<f64>,
    pub(super) seconds: f64,
    pub(super) connections: u64,
    /// What the agent says that it took in, and that it lost.
    pub(super) events: u64,
    pub(super) lost: u64,
    /// How many of the connections the ledger knows with their ends.
    pub(super) recorded: u64,
    /// Of the agent for each connection.
    pub(super) agent_us: f64,
    /// Of the agent afterwards.
    pub(super) pss_kib: f64,
}

/// Alerts of one kind of client.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    pub(super) client: &'static str,
    pub(super) connections: usize,
    /// From before the `connect` to the end of the webhook's request.
    pub(super) median_ms: f64,
    pub(super) most_ms: f64,
}

impl Measured {
    /// The median over the rounds of what `of` makes of each.
    pub(super) fn median(&self, of: impl Fn(&[Sample; NAMES.len()]) -> Option<f64>) -> Option<f64> {
        median(self.rounds.iter().filter_map(of).collect())
    }

    /// How many times as fast as without an agent.
    pub(super) fn speed(&self, contender: usize) -> Option<f64> {
        self.median(|round| Some(ratio(round, contender)))
    }
}

pub(super) fn ratio(round: &[Sample; NAMES.len()], contender: usize) -> f64 {
    round[contender].per_second / round[WITHOUT].per_second
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::stage::{DENY, OBSERVE};
    use super::*;

    pub(crate) fn example() -> Measured {
        let cost = |agent_us| Some(Cost { agent_us, ledger_us: 1.0 });
        let round = |observe, deny| {
            [
                Sample { per_second: 1_000.0, cost: None },
                Sample { per_second: observe, cost: cost(2.0) },
                Sample { per_second: deny, cost: cost(3.0) },
            ]
        };
        Measured {
            workload: "a < b".to_owned(),
            rounds: vec![round(990.0, 900.0), round(970.0, 800.0), round(1_010.0, 950.0)],
        }
    }

    #[test]
    fn ratios_are_taken_within_rounds_and_then_their_median() {
        let it = example();
        assert_eq!((it.speed(OBSERVE), it.speed(DENY)), (Some(0.99), Some(0.9)));
        assert_eq!(it.median(|round| Some(round[DENY].cost?.agent_us)), Some(3.0));
        assert_eq!(it.median(|round| Some(round[WITHOUT].cost?.agent_us)), None);
    }
}
