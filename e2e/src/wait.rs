//! Waits for a condition, never for a length of time, and always with a bound.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Between two looks at a condition.
const LOOK_MS: u64 = 20;

/// Set by whoever catches Ctrl-C: every wait of the process then ends with an error.
pub static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Looks until `look` finds something, at most for `bound`; `what` completes "waited for".
pub fn until<T>(
    what: impl Display,
    bound: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if INTERRUPTED.load(Ordering::Relaxed) {
            bail!("interrupted while waiting for {what}");
        }
        if bound < started.elapsed() {
            bail!("waited {} s for {what} in vain", bound.as_secs());
        }
        thread::sleep(Duration::from_millis(LOOK_MS));
    }
}
