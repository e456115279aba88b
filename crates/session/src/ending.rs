//! When a session is ended though both of its sides are there: it rests for too long, or the proxy stops. Pure: whoever
//! has a clock passes the time in, as what has passed since a moment of its choice.

use std::time::Duration;

use crate::state::{Resting, Session};

/// How long a session may rest; `None` for as long as it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// Outside of a transaction.
    pub idle: Option<Duration>,
    /// Within one.
    pub in_transaction: Option<Duration>,
}

/// What all sessions are asked to do, each step more than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// To go on.
    #[default]
    No,
    /// To end when they rest outside of a transaction.
    WhenIdle,
    /// To end.
    Now,
}

/// One session's rests.
#[derive(Debug)]
pub struct Rests {
    patience: Patience,
    /// The present one, and when it began.
    present: Option<(Resting, Duration)>,
}

impl Rests {
    /// Of a session that has not rested yet.
    pub fn new(patience: Patience) -> Self {
        Rests { patience, present: None }
    }

    /// Notes what the session does. Call it whenever that may have changed; it asks for the time where a rest begins that
    /// may become too long.
    pub fn note(&mut self, resting: Option<Resting>, now: impl FnOnce() -> Duration) {
        if self.present.map(|(resting, _)| resting) != resting && self.patience != Patience::default() {
            self.present = resting.map(|resting| (resting, now()));
        }
    }

    /// When the present rest will have lasted too long, and which it is.
    pub fn too_long_at(&self) -> Option<(Duration, Resting)> {
        let (resting, since) = self.present?;
        let most = match resting {
            Resting::Idle => self.patience.idle,
            Resting::InTransaction => self.patience.in_transaction,
        };
        Some((since.checked_add(most?)?, resting))
    }
}

impl Session {
    /// Whether a session that is asked this ends now. One that is asked to drain breaks nothing off.
    pub fn obeys(&self, stop: Stop) -> bool {
        match stop {
            Stop::No => false,
            Stop::WhenIdle => self.resting == Some(Resting::Idle),
            Stop::Now => true,
        }
    }
}
