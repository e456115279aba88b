//! When the agent looks by itself: often while something goes on of which the kernel does not wake it, seldom at rest.

use std::time::{Duration, Instant};

/// The programs wake the agent for the first event of a burst only: it looks for the rest by itself …
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(50);
/// … and this often for what no event tells.
const ROUND_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Pace {
    look_at: Instant,
    round_at: Instant,
    /// Until then it looks often. INVARIANT: something that goes on is followed by a look no sooner than `LOOK_EVERY` after it: whom the
    /// programs did not wake for a moment after it has told by then.
    busy_until: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Pace { look_at: now, round_at: now, busy_until: now }
    }

    pub(super) fn look_at(&self) -> Instant {
        self.look_at
    }

    /// It looks now. Whether for what no event tells, too.
    pub(super) fn looks(&mut self, now: Instant) -> bool {
        let is_round = self.round_at <= now;
        if is_round {
            self.round_at = now + ROUND_EVERY;
        }
        self.look_at = if now < self.busy_until { now + LOOK_EVERY } else { self.round_at };
        is_round
    }

    /// Something goes on, or is waited for.
    pub(super) fn goes_on(&mut self, now: Instant) {
        self.busy_until = now + 2 * LOOK_EVERY;
        self.look_at = self.look_at.min(now + LOOK_EVERY);
    }

    /// More waits.
    pub(super) fn hurries(&mut self, now: Instant) {
        self.look_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When it looks in the first two seconds, in milliseconds, where something goes on at these; `*` where for everything.
    fn looks(goes_on_at: &[u64]) -> String {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut looks = Vec::new();
        for millis in 0..2_000 {
            let now = start + Duration::from_millis(millis);
            if pace.look_at() <= now {
                let star = if pace.looks(now) { "*" } else { "" };
                looks.push(format!("{millis}{star}"));
            }
            if goes_on_at.contains(&millis) {
                pace.goes_on(now);
            }
        }
        looks.join(" ")
    }

    #[test]
    fn at_rest_it_looks_twice_a_second() {
        assert_eq!(looks(&[]), "0* 500* 1000* 1500*");
    }

    #[test]
    fn what_goes_on_is_looked_after_at_once_and_once_more() {
        assert_eq!(looks(&[700]), "0* 500* 750 800 1000* 1500*");
        // Just before a look: what nobody is woken for may come just after it.
        assert_eq!(looks(&[999]), "0* 500* 1000* 1050 1100 1500*");
    }

    #[test]
    fn while_something_goes_on_it_looks_often_and_after_everything_no_more_than_at_rest() {
        let all: Vec<u64> = (0..1_000).collect();
        assert_eq!(
            looks(&all),
            "0* 50 100 150 200 250 300 350 400 450 500* 550 600 650 700 750 800 850 900 950 1000* 1050 1100 1500*"
        );
    }

    #[test]
    fn more_that_waits_is_taken_at_once() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert!(pace.looks(start));
        pace.hurries(start);
        assert!(pace.look_at() <= start && !pace.looks(start));
    }
}
