//! How long to wait before the next attempt, and whether an outage is news. It waits for nothing itself.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(100);
/// A ClickHouse that comes back is noticed soon: to try costs it nothing.
const UNREACHABLE_MAX: Duration = Duration::from_secs(5);
/// One that refuses is asked rarely: each attempt costs it work.
const REFUSED_MAX: Duration = Duration::from_secs(60);

/// Attempts that failed since the last success.
#[derive(Debug, Default)]
pub(super) struct BackOff {
    last: Option<Duration>,
    since: Option<Instant>,
    told: String,
}

impl BackOff {
    /// Counts a failure, and says how long to wait.
    pub(super) fn failed(&mut self, is_unreachable: bool) -> Duration {
        self.since.get_or_insert_with(Instant::now);
        let max = if is_unreachable { UNREACHABLE_MAX } else { REFUSED_MAX };
        let wait = self.last.map_or(FIRST, |last| last * 2).min(max);
        self.last = Some(wait);
        wait
    }

    /// Counts a success. How long the outage was, where there was one.
    pub(super) fn ended(&mut self) -> Option<Duration> {
        self.last = None;
        self.told.clear();
        self.since.take().map(|since| since.elapsed())
    }

    pub(super) fn is_in_outage(&self) -> bool {
        self.since.is_some()
    }

    /// Whether `reason` was not told yet in this outage.
    pub(super) fn is_news(&mut self, reason: &str) -> bool {
        let is_news = self.told != reason;
        reason.clone_into(&mut self.told);
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound_that_depends_on_the_reason() {
        let mut back_off = BackOff::default();
        assert_eq!(back_off.failed(true), Duration::from_millis(100));
        assert_eq!(back_off.failed(true), Duration::from_millis(200));
        assert_eq!((0..10).map(|_| back_off.failed(true)).max(), Some(Duration::from_secs(5)));
        assert_eq!((0..10).map(|_| back_off.failed(false)).max(), Some(Duration::from_secs(60)));
        assert!(back_off.ended().is_some() && back_off.ended().is_none());
        assert_eq!(back_off.failed(false), Duration::from_millis(100));
    }

    #[test]
    fn an_outage_is_news_once() {
        let mut back_off = BackOff::default();
        assert!(back_off.is_news("down") && !back_off.is_news("down") && back_off.is_news("full"));
        back_off.ended();
        assert!(back_off.is_news("down"));
    }
}
