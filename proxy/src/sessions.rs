//! The sessions that are open on this proxy, so that somebody who may can end one.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use audit::record::UnixMicros;
use tokio::sync::oneshot;
use uuid::Uuid;

/// One session, as it is shown.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) id: Uuid,
    pub(crate) started_at: UnixMicros,
    /// Who it is, and who acts for that person; empty where nobody does.
    pub(crate) principal: String,
    pub(crate) actor: String,
    pub(crate) application: String,
    pub(crate) client: String,
    pub(crate) database: String,
    pub(crate) environment: String,
}

/// Who has ended a session, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Killed {
    pub(crate) by: String,
    /// May be empty.
    pub(crate) reason: String,
}

/// All that are open. As many as there are places for sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<BTreeMap<Uuid, Open>>);

#[derive(Debug)]
struct Open {
    about: Arc<About>,
    kill: oneshot::Sender<Killed>,
}

/// One of them; dropping it takes it out.
#[derive(Debug)]
pub(crate) struct Present {
    sessions: Arc<Sessions>,
    id: Uuid,
    killed: oneshot::Receiver<Killed>,
    /// How often the session had been woken when `killed` was polled last.
    wakes: Option<u64>,
}

impl Sessions {
    pub(crate) fn enter(self: &Arc<Self>, about: About) -> Present {
        let (id, (kill, killed)) = (about.id, oneshot::channel());
        self.lock().insert(id, Open { about: Arc::new(about), kill });
        Present { sessions: Arc::clone(self), id, killed, wakes: None }
    }

    /// Has a session end; `false` where there is none.
    pub(crate) fn kill(&self, id: Uuid, killed: Killed) -> bool {
        let open = self.lock().remove(&id);
        open.is_some_and(|open| open.kill.send(killed).is_ok())
    }

    /// Those that nobody has ended, the oldest first: identifiers are of version 7.
    pub(crate) fn all(&self) -> Vec<Arc<About>> {
        self.lock().values().map(|open| Arc::clone(&open.about)).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Present {
    /// Whether somebody has ended it by now.
    pub(crate) fn killed(&mut self) -> Option<Killed> {
        self.killed.try_recv().ok()
    }

    /// Wakes when somebody ends it; it is not polled after that. As long as nobody has woken the session it has not come.
    pub(crate) fn poll_killed(&mut self, wakes: u64, cx: &mut Context<'_>) -> Poll<Killed> {
        if self.wakes.replace(wakes) == Some(wakes) {
            return Poll::Pending;
        }
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

    fn about(id: Uuid) -> About {
        let text = String::new;
        About {
            id,
            started_at: UnixMicros(0),
            principal: text(),
            actor: text(),
            application: text(),
            client: text(),
            database: text(),
            environment: text(),
        }
    }

    #[test]
    fn one_is_ended_once_and_forgotten_when_it_is_over() {
        let sessions = Arc::<Sessions>::default();
        let killed = Killed { by: "bob".to_owned(), reason: "no".to_owned() };
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (mut ended, mut other) = (sessions.enter(about(first)), sessions.enter(about(second)));
        assert!(sessions.kill(first, killed.clone()) && !sessions.kill(first, killed.clone()));
        assert_eq!((ended.killed(), other.killed()), (Some(killed.clone()), None));
        assert_eq!(sessions.all().iter().map(|about| about.id).collect::<Vec<_>>(), [second]);
        drop((ended, other));
        assert!(sessions.lock().is_empty() && !sessions.kill(second, killed));
    }
}
