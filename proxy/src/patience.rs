//! Wakes a session that has rested for too long: idle, or idle within a transaction. How long that is, and what a rest
//! is, is the business of `session`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use session::{Resting, Rests};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::Limits;

/// Watches one session's rests.
#[derive(Debug)]
pub(crate) struct Patience {
    rests: Rests,
    /// Times are told as what has passed since.
    begin: Instant,
    /// Never later than the present rest's end; setting it anew at each rest would cost more than looking twice.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (idle, in_transaction) = (limits.client_idle_timeout, limits.idle_transaction_timeout);
        Patience::of(session::Patience { idle, in_transaction })
    }

    fn of(patience: session::Patience) -> Self {
        Patience { rests: Rests::new(patience), begin: Instant::now(), alarm: None }
    }

    /// Notes what the session does. Call it whenever that may have changed.
    pub(crate) fn note(&mut self, resting: Option<Resting>) {
        self.rests.note(resting, || self.begin.elapsed());
    }

    /// Whether the present rest has lasted too long; says which rest.
    pub(crate) fn poll_runs_out(&mut self, cx: &mut Context<'_>) -> Poll<Resting> {
        let Some((end, resting)) = self.rests.too_long_at() else { return Poll::Pending };
        let end = self.begin + end;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if end < alarm.deadline() {
            alarm.as_mut().reset(end);
        }
        loop {
            ready!(alarm.as_mut().poll(cx));
            if end <= alarm.deadline() {
                return Poll::Ready(resting);
            }
            alarm.as_mut().reset(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn patience(idle: u64, in_transaction: u64) -> Patience {
        let [idle, in_transaction] = [idle, in_transaction].map(|secs| Some(Duration::from_secs(secs)));
        Patience::of(session::Patience { idle, in_transaction })
    }

    async fn runs_out(patience: &mut Patience) -> Resting {
        poll_fn(|cx| patience.poll_runs_out(cx)).await
    }

    /// Seconds of waiting until patience runs out, if it does within 100.
    async fn secs(patience: &mut Patience) -> Option<(u64, Resting)> {
        let start = Instant::now();
        let resting = timeout(Duration::from_secs(100), runs_out(patience)).await.ok()?;
        Some((start.elapsed().as_secs(), resting))
    }

    #[tokio::test(start_paused = true)]
    async fn each_rest_has_its_own_time_and_work_has_none() {
        let mut patience = patience(30, 10);
        patience.note(Some(Resting::Idle));
        assert_eq!(secs(&mut patience).await, Some((30, Resting::Idle)));
        patience.note(None);
        assert_eq!(secs(&mut patience).await, None);
        patience.note(Some(Resting::InTransaction));
        tokio::time::advance(Duration::from_secs(4)).await;
        patience.note(Some(Resting::InTransaction));
        assert_eq!(secs(&mut patience).await, Some((6, Resting::InTransaction)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_rest_begins_anew_whenever_the_alarm_was_set() {
        let mut patience = patience(30, 10);
        patience.note(Some(Resting::Idle));
        assert!(timeout(Duration::from_secs(20), runs_out(&mut patience)).await.is_err());
        patience.note(None);
        patience.note(Some(Resting::Idle));
        assert_eq!(secs(&mut patience).await, Some((30, Resting::Idle)));
    }
}
