//! What a writer has done since it began, as numbers.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Why attempts fail: ClickHouse does not answer, its user may not do this (a read-only one, a wrong password), there is no
/// such database or table, its tables are not those of this Picket, any other error of ClickHouse, somebody else answers, the
/// spool cannot be read.
pub const FAILURES: [&str; 7] =
    ["unreachable", "refused", "no_ledger", "other_schema", "error", "not_clickhouse", "spool"];

/// How a writer gets on.
#[derive(Debug)]
pub struct Progress {
    shipped: AtomicU64,
    failures: [AtomicU64; FAILURES.len()],
    shipped_at: Mutex<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        Progress {
            shipped: AtomicU64::default(),
            failures: Default::default(),
            shipped_at: Mutex::new(Instant::now()),
        }
    }
}

impl Progress {
    pub(super) fn shipped(&self, records: usize) {
        self.shipped.fetch_add(records as u64, Ordering::Relaxed);
        *self.shipped_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(super) fn failed(&self, why: &'static str) {
        let failures = FAILURES.iter().zip(&self.failures).find(|(failure, _)| **failure == why);
        if let Some((_, count)) = failures {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Records that the ledger has taken.
    pub fn records(&self) -> u64 {
        self.shipped.load(Ordering::Relaxed)
    }

    /// Attempts that have failed, for each of [`FAILURES`].
    pub fn failures(&self) -> [u64; FAILURES.len()] {
        self.failures.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// How long ago the ledger took something, or the writer began.
    pub fn since(&self) -> Duration {
        self.shipped_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}
