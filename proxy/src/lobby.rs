//! Counts connections that have not logged in yet. Where there are too many, the one that has been at it longest makes
//! room: whoever opens connections and then says little cannot lock others out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// Nobody is sent away who has been logging in for less: a rush of clients that log in quickly must not undo itself.
const GRACE: Duration = Duration::from_secs(2);

/// The connections that have not logged in yet.
#[derive(Debug, Default)]
pub(crate) struct Lobby {
    visitors: Mutex<Visitors>,
}

#[derive(Debug, Default)]
struct Visitors {
    next: u64,
    /// In the order in which they came.
    present: BTreeMap<u64, Present>,
}

#[derive(Debug)]
struct Present {
    since: Instant,
    _send_away: oneshot::Sender<()>,
}

/// One connection that has not logged in yet; dropping it makes room.
#[derive(Debug)]
pub(crate) struct Visit {
    lobby: Arc<Lobby>,
    number: u64,
    sent_away: oneshot::Receiver<()>,
}

impl Lobby {
    /// Lets a connection in; `None` where `most` are here and have only just come.
    pub(crate) fn enter(self: &Arc<Self>, most: usize, now: Instant) -> Option<Visit> {
        let mut visitors = self.lock();
        if most <= visitors.present.len() {
            let oldest = visitors.present.first_entry()?;
            if now.saturating_duration_since(oldest.get().since) < GRACE {
                return None;
            }
            oldest.remove();
        }
        let number = visitors.next;
        visitors.next += 1;
        let (send_away, sent_away) = oneshot::channel();
        visitors.present.insert(number, Present { since: now, _send_away: send_away });
        Some(Visit { lobby: Arc::clone(self), number, sent_away })
    }

    fn lock(&self) -> MutexGuard<'_, Visitors> {
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    /// Waits until this one must make room.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits.
    pub(crate) async fn must_leave(&mut self) {
        let _ = (&mut self.sent_away).await;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.lobby.lock().present.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room_once_it_has_had_its_time() {
        let lobby = Arc::<Lobby>::default();
        let start = Instant::now();
        let mut first = lobby.enter(2, start).unwrap();
        let second = lobby.enter(2, start).unwrap();
        assert!(lobby.enter(2, start + GRACE / 2).is_none());
        let mut third = lobby.enter(2, start + GRACE).unwrap();
        assert!(first.sent_away.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed));
        assert!(third.sent_away.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty));
        drop(first);
        drop(second);
        assert_eq!(lobby.lock().present.len(), 1);
    }
}
