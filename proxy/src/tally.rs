//! Counts executions by verdict and outcome. Each thread has a tally of its own, so that counting costs no other thread
//! anything; whoever reads adds them up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use session::Outcome;

/// The words for each.
pub(crate) const VERDICTS: [&str; 3] = ["allow", "observe", "refuse"];
pub(crate) const OUTCOMES: [&str; 5] = ["completed", "failed", "skipped", "lost", "prepared"];

/// One thread's counts, by verdict and outcome.
pub(crate) type Counts = [[u64; OUTCOMES.len()]; VERDICTS.len()];

/// One thread's. Only that thread writes.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Tally([[AtomicU64; OUTCOMES.len()]; VERDICTS.len()]);

/// Those of all threads.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<Vec<Arc<Tally>>>);

impl Tally {
    pub(crate) fn note(&self, is_refused: bool, is_observed: bool, outcome: &Outcome) {
        let verdict = if is_refused { 2 } else { usize::from(is_observed) };
        let outcome = match outcome {
            Outcome::Completed => 0,
            Outcome::Failed(_) => 1,
            Outcome::Skipped => 2,
            Outcome::Lost => 3,
            Outcome::Prepared => 4,
        };
        let Some(count) = self.0.get(verdict).and_then(|of_verdict| of_verdict.get(outcome)) else { return };
        count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

impl Tallies {
    /// A new one, which counts with the others.
    pub(crate) fn open(&self) -> Arc<Tally> {
        let tally = Arc::<Tally>::default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&tally));
        tally
    }

    pub(crate) fn sum(&self) -> Counts {
        let mut sum = Counts::default();
        for Tally(tally) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Arc::as_ref) {
            for (sum, counts) in sum.iter_mut().flatten().zip(tally.iter().flatten()) {
                *sum = sum.wrapping_add(counts.load(Ordering::Relaxed));
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_all_threads_are_added_up() {
        let tallies = Tallies::default();
        let (one, other) = (tallies.open(), tallies.open());
        one.note(false, false, &Outcome::Completed);
        other.note(false, false, &Outcome::Completed);
        other.note(false, true, &Outcome::Lost);
        one.note(true, true, &Outcome::Failed("42501".to_owned()));
        assert_eq!(tallies.sum(), [[2, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 1, 0, 0, 0]]);
    }
}
