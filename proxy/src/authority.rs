//! What somebody who has proven who they are may see and do. The console and the HTTP interface are two doors to the same: both
//! ask here, and neither decides by itself.

use std::sync::Arc;

use policy::Approver;
use thiserror::Error;
use uuid::Uuid;

use crate::config::Config;
use crate::connection::Shared;
use crate::naming;
use crate::oidc::{self, Person};
use crate::sessions::{About, Killed};

/// Letters of a reason for which a session is ended.
const KILL_LETTERS_MAX: usize = 500;

/// A person who may answer.
#[derive(Debug)]
pub(crate) struct Somebody {
    pub(crate) user: String,
    /// Of somebody whom the identity provider knows: what its token says.
    person: Option<Person>,
}

/// Whoever approves is a person, not what acts for one.
#[derive(Debug, Error)]
#[error("{actor} acts for {user} by this token")]
pub(crate) struct ActsForAnother {
    pub(crate) actor: String,
    pub(crate) user: String,
}

/// Why a session is not ended.
#[derive(Debug, Error)]
pub(crate) enum KillError {
    #[error("nobody may end sessions here: `approvals.kill-group` names no group")]
    NoGroup,
    #[error("only somebody of {0} may end sessions")]
    NotOfGroup(String),
    #[error("a reason has {KILL_LETTERS_MAX} letters at most")]
    LongReason,
    #[error("no session \"{0}\" is open on this proxy")]
    Unknown(String),
    #[error("several sessions end in \"{0}\"")]
    Ambiguous(String),
}

impl Somebody {
    /// Whoever has logged in so.
    pub(crate) fn admit(user: String, person: Option<Person>) -> Result<Self, ActsForAnother> {
        match person {
            Some(Person { actor, .. }) if !actor.is_empty() => Err(ActsForAnother { actor, user }),
            person => Ok(Somebody { user, person }),
        }
    }

    /// Whether the identity provider says who it is.
    pub(crate) fn is_of_provider(&self) -> bool {
        self.person.is_some()
    }

    /// Whether the token is over with which it has logged in.
    pub(crate) fn has_ended(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.rests_until <= oidc::now())
    }

    /// Who answers. Groups are those of this moment, or of the token.
    pub(crate) fn approver(&self, config: &Config) -> Approver {
        let groups = match &self.person {
            Some(person) => person.groups.clone(),
            None => config.users.get(&self.user).map(|user| user.groups.clone()).unwrap_or_default(),
        };
        Approver { user: self.user.clone(), groups }
    }
}

/// Whether `somebody` may end sessions, and see those of others.
fn may_kill(somebody: &Approver, config: &Config) -> Result<(), KillError> {
    let group = config.approvals.as_ref().and_then(|approvals| approvals.kill_group.as_ref());
    let group = group.ok_or(KillError::NoGroup)?;
    somebody.groups.contains(group).then_some(()).ok_or_else(|| KillError::NotOfGroup(group.clone()))
}

/// Ends the session of this UUID, or of which this is the end.
pub(crate) fn kill(
    shared: &Shared,
    config: &Config,
    somebody: &Approver,
    session: &str,
    reason: String,
) -> Result<Uuid, KillError> {
    may_kill(somebody, config)?;
    if KILL_LETTERS_MAX < reason.chars().count() {
        return Err(KillError::LongReason);
    }
    let named = || session.chars().take(KILL_LETTERS_MAX).collect();
    let none = || KillError::Unknown(named());
    let open = shared.sessions.all();
    let mut called = open.iter().filter(|about| naming::is_called(about.id, session));
    let id = match (called.next(), called.next()) {
        (None, _) => return Err(none()),
        (Some(about), None) => about.id,
        (Some(_), Some(_)) => return Err(KillError::Ambiguous(named())),
    };
    let killed = Killed { by: somebody.user.clone(), reason };
    shared.sessions.kill(id, killed).then_some(id).ok_or_else(none)
}

/// The sessions that `somebody` may see, the oldest first: all, where they may be ended, or else their own.
pub(crate) fn sessions_seen_by(shared: &Shared, config: &Config, somebody: &Approver) -> Vec<Arc<About>> {
    let sees_all = may_kill(somebody, config).is_ok();
    let mut sessions = shared.sessions.all();
    sessions.retain(|session| sees_all || session.principal == somebody.user);
    sessions
}
