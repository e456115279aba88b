//! Turns the kernel's time since its start into time of day.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use audit::record::UnixMicros;
use rustix::time::{ClockId, clock_gettime};

/// As the kernel programs tell times.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Reads the clocks of this host.
#[derive(Clone, Copy, Debug)]
pub struct Clock;

impl Clock {
    /// Nanoseconds since the kernel started, time asleep included: the clock of the kernel programs.
    pub fn now_boot_ns(self) -> u64 {
        let now = clock_gettime(ClockId::Boottime);
        u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
    }

    /// Now.
    pub fn now(self) -> UnixMicros {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMicros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// What time of day it was at that time since the kernel started, by the clock as it is set now.
    pub fn at(self, boot_ns: u64) -> UnixMicros {
        let ago_ns = i128::from(self.now_boot_ns()) - i128::from(boot_ns);
        let micros = i128::from(self.now().0) - ago_ns / 1000;
        UnixMicros(i64::try_from(micros).unwrap_or(0))
    }
}
