//! What a writer has done since it began, as numbers.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How a writer gets on.
#[derive(Debug)]
pub struct Progress {
    shipped: AtomicU64,
    failures: AtomicU64,
    shipped_at: Mutex<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        Progress {
            shipped: AtomicU64::default(),
            failures: AtomicU64::default(),
            shipped_at: Mutex::new(Instant::now()),
        }
    }
}

impl Progress {
    pub(super) fn shipped(&self, records: usize) {
        self.shipped.fetch_add(records as u64, Ordering::Relaxed);
        *self.shipped_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Records that the ledger has taken.
    pub fn records(&self) -> u64 {
        self.shipped.load(Ordering::Relaxed)
    }

    /// Attempts that have failed.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// How long ago the ledger took something, or the writer began.
    pub fn since(&self) -> Duration {
        self.shipped_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}
