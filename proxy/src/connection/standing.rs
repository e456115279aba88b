//! Has the provider say every now and then whether the token of a session still holds, and in which groups its user is.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::oidc::{Standing, Watched};

/// Why the token is good for no session any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    TakenBack,
    OtherGroups,
}

pub(super) struct Watch {
    watched: Box<Watched>,
    /// When the provider is asked next.
    due: Pin<Box<Sleep>>,
    asked: Option<oneshot::Receiver<Standing>>,
}

impl Watch {
    pub(super) fn of(watched: Box<Watched>) -> Self {
        let due = Box::pin(sleep_until(Instant::now() + watched.every()));
        Watch { watched, due, asked: None }
    }

    /// How long a statement goes on that runs then.
    pub(super) fn statement_grace(&self) -> Duration {
        self.watched.statement_grace()
    }

    /// Ready when the session must end. What the provider does not say changes nothing: the token ends by itself.
    pub(super) fn poll_lost(&mut self, cx: &mut Context<'_>) -> Poll<Lost> {
        loop {
            if let Some(asked) = &mut self.asked {
                let standing = ready!(Pin::new(asked).poll(cx));
                self.asked = None;
                self.due.as_mut().reset(Instant::now() + self.watched.every());
                match standing {
                    Ok(Standing::TakenBack) => return Poll::Ready(Lost::TakenBack),
                    Ok(Standing::Holds(Some(groups))) if groups != *self.watched.groups() => {
                        return Poll::Ready(Lost::OtherGroups);
                    }
                    Ok(Standing::Holds(_) | Standing::Unknown(_)) | Err(_) => {}
                }
            }
            ready!(self.due.as_mut().poll(cx));
            self.asked = Some(self.watched.ask());
        }
    }
}
