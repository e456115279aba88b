//! When a session ends that began with a token: a session that rests at once, one that does not when its statement has had
//! its time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::standing::Lost;
use crate::oidc::{self, Person};

pub(super) struct TokenEnd {
    /// Why it ends, where the token has not expired.
    pub(super) lost: Option<Lost>,
    rests_until: Instant,
    runs_until: Instant,
    /// Goes off at the first, and then at the second.
    alarm: Pin<Box<Sleep>>,
}

impl TokenEnd {
    pub(super) fn of(person: &Person) -> Self {
        let (now, now_secs) = (Instant::now(), oidc::now());
        let at = |secs: u64| now + Duration::from_secs(secs.saturating_sub(now_secs));
        TokenEnd::at(at(person.rests_until), at(person.runs_until))
    }

    fn at(rests_until: Instant, runs_until: Instant) -> Self {
        TokenEnd { lost: None, rests_until, runs_until, alarm: Box::pin(sleep_until(rests_until)) }
    }

    /// The token is good for nothing any more: a session that rests ends now, one that does not after `grace` at most.
    pub(super) fn comes_now(&mut self, lost: Lost, grace: Duration) {
        let now = Instant::now();
        if now < self.rests_until {
            self.lost = Some(lost);
        }
        self.rests_until = self.rests_until.min(now);
        self.runs_until = self.runs_until.min(now + grace);
        self.alarm.as_mut().reset(self.rests_until);
    }

    /// Whether a session ends now that rests, or does not.
    pub(super) fn has_come(&self, rests: bool) -> bool {
        let until = if rests { self.rests_until } else { self.runs_until };
        until <= Instant::now()
    }

    /// Wakes when that may have changed.
    pub(super) fn poll_comes(&mut self, rests: bool, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            if self.has_come(rests) {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(self.runs_until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn secs(end: &mut TokenEnd, rests: bool) -> u64 {
        let start = Instant::now();
        poll_fn(|cx| end.poll_comes(rests, cx)).await;
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_rests_ends_at_once_and_one_that_works_when_it_has_had_its_time() {
        let start = Instant::now();
        let end = || TokenEnd::at(start + Duration::from_secs(10), start + Duration::from_secs(40));
        let mut working = end();
        assert_eq!(secs(&mut end(), true).await, 10);
        assert!(!working.has_come(false) && working.has_come(true));
        assert_eq!(secs(&mut working, false).await, 30);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_taken_back_ends_sooner_and_never_later() {
        let start = Instant::now();
        let mut end = TokenEnd::at(start + Duration::from_secs(100), start + Duration::from_secs(140));
        end.comes_now(Lost::TakenBack, Duration::from_secs(20));
        assert!(end.has_come(true) && !end.has_come(false));
        assert_eq!((secs(&mut end, false).await, end.lost), (20, Some(Lost::TakenBack)));
        let mut late = TokenEnd::at(start, start + Duration::from_secs(30));
        late.comes_now(Lost::OtherGroups, Duration::from_secs(600));
        assert_eq!((secs(&mut late, false).await, late.lost), (10, None));
    }
}
