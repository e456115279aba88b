//! The sessions that are open on this proxy, so that somebody who may can end one.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use uuid::Uuid;

/// Who has ended a session, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Killed {
    pub(crate) by: String,
    /// May be empty.
    pub(crate) reason: String,
}

/// All that are open. As many as there are places for sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<Uuid, oneshot::Sender<Killed>>>);

/// One of them; dropping it takes it out.
#[derive(Debug)]
pub(crate) struct Present {
    sessions: Arc<Sessions>,
    id: Uuid,
    killed: oneshot::Receiver<Killed>,
}

impl Sessions {
    pub(crate) fn enter(self: &Arc<Self>, id: Uuid) -> Present {
        let (kill, killed) = oneshot::channel();
        self.lock().insert(id, kill);
        Present { sessions: Arc::clone(self), id, killed }
    }

    /// Has a session end; `false` where there is none.
    pub(crate) fn kill(&self, id: Uuid, killed: Killed) -> bool {
        let kill = self.lock().remove(&id);
        kill.is_some_and(|kill| kill.send(killed).is_ok())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, oneshot::Sender<Killed>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Present {
    /// Whether somebody has ended it by now.
    pub(crate) fn killed(&mut self) -> Option<Killed> {
        self.killed.try_recv().ok()
    }

    /// Wakes when somebody ends it; it is not polled after that.
    pub(crate) fn poll_killed(&mut self, cx: &mut Context<'_>) -> Poll<Killed> {
        match Pin::new(&mut self.killed).poll(cx) {
            Poll::Ready(Ok(killed)) => Poll::Ready(killed),
            // Nobody can end it any more.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.sessions.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_ended_once_and_forgotten_when_it_is_over() {
        let sessions = Arc::<Sessions>::default();
        let killed = Killed { by: "bob".to_owned(), reason: "no".to_owned() };
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (mut ended, mut other) = (sessions.enter(first), sessions.enter(second));
        assert!(sessions.kill(first, killed.clone()) && !sessions.kill(first, killed.clone()));
        assert_eq!((ended.killed(), other.killed()), (Some(killed.clone()), None));
        drop((ended, other));
        assert!(sessions.lock().is_empty() && !sessions.kill(second, killed));
    }
}
