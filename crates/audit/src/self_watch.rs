//! What a daemon tells of itself: that the clock of its records was set, and that a part of its spool is unreadable.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

use crate::record::{AlertKind, AlertRecord, Record, UnixMicros};
use crate::spool::Spool;

/// How often it is worth a look.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A clock that is this far off within one look was set; programs that keep the time move it by less.
const STEP_MIN_MICROS: i64 = 500_000;

/// Looks after the clock and the spool of one daemon.
#[derive(Debug)]
pub struct SelfWatch {
    host: String,
    spool: Arc<Spool>,
    pace: Pace,
    clock_steps: Arc<AtomicU64>,
}

/// How far the time of day is ahead of the time since the kernel started, which nobody sets.
#[derive(Debug, Default)]
struct Pace(Option<i64>);

impl SelfWatch {
    /// `host`: who tells it.
    pub fn new(host: &str, spool: Arc<Spool>) -> Self {
        let mut watch =
            SelfWatch { host: host.to_owned(), spool, pace: Pace::default(), clock_steps: Arc::default() };
        watch.step();
        watch
    }

    /// How often the clock was set.
    pub fn clock_steps(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.clock_steps)
    }

    /// Looks for as long as the daemon runs, and records what it finds.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a look and its record are one step.
    pub async fn run(mut self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            let alerts = self.look();
            if let Err(error) = self.spool.append(&alerts) {
                tracing::error!(error = &error as &dyn std::error::Error, "an alert was not recorded");
            }
        }
    }

    /// What has come about since the last look, as alerts to record.
    pub fn look(&mut self) -> Vec<Record> {
        let mut alerts = Vec::new();
        if let Some((at, step)) = self.step() {
            self.clock_steps.fetch_add(1, Ordering::Relaxed);
            alerts.push(self.alert(AlertKind::ClockStepped, at, stepped(&self.host, step)));
        }
        for path in self.spool.newly_set_aside() {
            alerts.push(self.alert(AlertKind::SpoolDamaged, now(), damaged(&self.host, &path)));
        }
        alerts
    }

    fn step(&mut self) -> Option<(UnixMicros, i64)> {
        let at = now();
        let step = self.pace.look(at, since_boot_micros());
        step.map(|step| (at, step))
    }

    fn alert(&self, kind: AlertKind, raised_at: UnixMicros, message: String) -> Record {
        tracing::error!("{message}");
        Record::Alert(AlertRecord {
            alert_id: Uuid::now_v7(),
            raised_at,
            host: self.host.clone(),
            kind,
            message,
            connection: None,
        })
    }
}

impl Pace {
    /// By how many microseconds the clock was set since the last look, below zero where it was set back.
    fn look(&mut self, at: UnixMicros, since_boot_micros: i64) -> Option<i64> {
        let ahead = at.0.saturating_sub(since_boot_micros);
        let before = self.0.replace(ahead)?;
        let step = ahead.saturating_sub(before);
        (STEP_MIN_MICROS <= step.saturating_abs()).then_some(step)
    }
}

fn stepped(host: &str, step_micros: i64) -> String {
    let seconds = step_micros.unsigned_abs() as f64 / 1e6;
    let (whither, what) = if step_micros < 0 {
        ("back", "moments come twice in what it records")
    } else {
        ("forward", "what it records has a hole")
    };
    format!(
        "the clock of {host} was set {whither} by {seconds:.1} s: {what}, and what ran meanwhile has a wrong duration; \
         `sequence` keeps the order within a session, `written_at` is ClickHouse's own clock"
    )
}

fn damaged(host: &str, path: &Path) -> String {
    format!(
        "a part of the spool of {host} cannot be read, and what was recorded there is missing in the ledger: `{}` is \
         kept for whoever looks into that, its other records are delivered; look at that disk",
        path.display()
    )
}

fn now() -> UnixMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMicros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Time asleep included.
fn since_boot_micros() -> i64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_clock_that_is_set_is_told_once_and_one_that_is_kept_never() {
        let mut pace = Pace::default();
        let mut look = |at: i64, since_boot: i64| pace.look(UnixMicros(at), since_boot);
        assert_eq!(look(1_000 * SECOND, 0), None);
        // Kept to the time by 0.5 ms within a second, as a daemon of NTP does.
        assert_eq!(look(1_001 * SECOND + 500, SECOND), None);
        // Asleep for an hour: both have gone on.
        assert_eq!(look(4_601 * SECOND, 3_601 * SECOND), None);
        assert_eq!(look(1_001 * SECOND, 3_602 * SECOND), Some(-3_601 * SECOND));
        assert_eq!(look(1_002 * SECOND, 3_603 * SECOND), None);
        assert_eq!(look(4_603 * SECOND, 3_604 * SECOND), Some(3_600 * SECOND));
        assert_eq!(look(0, 3_605 * SECOND), Some(-4_604 * SECOND));
        assert_eq!(look(i64::MAX, 3_606 * SECOND), Some(i64::MAX - SECOND));
    }

    #[test]
    fn alerts_say_what_it_means() {
        assert_eq!(
            stepped("db1", -3_600 * SECOND),
            "the clock of db1 was set back by 3600.0 s: moments come twice in what it records, and what ran meanwhile \
             has a wrong duration; `sequence` keeps the order within a session, `written_at` is ClickHouse's own clock"
        );
        assert_eq!(
            stepped("db1", 700_000),
            "the clock of db1 was set forward by 0.7 s: what it records has a hole, and what ran meanwhile has a wrong \
             duration; `sequence` keeps the order within a session, `written_at` is ClickHouse's own clock"
        );
    }
}
