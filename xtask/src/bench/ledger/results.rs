//! What was measured.

use serde::Serialize;

use crate::bench::results::median;

#[derive(Debug, Serialize)]
pub(super) struct Loaded {
    pub(super) versions: String,
    pub(super) statements: u64,
    pub(super) ledger_rows_per_second: f64,
    pub(super) postgres_rows_per_second: f64,
    pub(super) ledger_bytes_each: f64,
    pub(super) postgres_bytes_each: f64,
}

/// One question, and how long both took.
#[derive(Debug, Serialize)]
pub(super) struct Answered {
    pub(super) question: &'static str,
    pub(super) rows: usize,
    pub(super) rounds: Vec<Round>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Round {
    pub(super) ledger_ms: f64,
    pub(super) postgres_ms: f64,
}

impl Round {
    /// How many times as long PostgreSQL takes.
    pub(super) fn ratio(self) -> f64 {
        self.postgres_ms / self.ledger_ms
    }
}

impl Answered {
    /// The median of what `of` says of each round.
    pub(super) fn median(&self, of: impl Fn(Round) -> f64) -> f64 {
        median(self.rounds.iter().map(|round| of(*round)).collect()).unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn example() -> Answered {
        let round = |ledger_ms, postgres_ms| Round { ledger_ms, postgres_ms };
        Answered {
            question: "who < what",
            rows: 3,
            rounds: vec![round(2.0, 30.0), round(1.0, 40.0), round(4.0, 20.0)],
        }
    }

    #[test]
    fn medians_are_of_rounds() {
        let it = example();
        assert_eq!((it.median(|round| round.ledger_ms), it.median(Round::ratio)), (2.0, 15.0));
    }
}
