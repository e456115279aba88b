//! Why a session ended: the word for it in records, and what its client is told.

use std::io;

use audit::spool::SpoolError;
use daemon::with_causes;
use policy::PolicyError;
use session::{Resting, SessionError};
use thiserror::Error;

use super::standing::Lost;
use crate::catalog::MemoryError;
use crate::farewell::Farewell;
use crate::sessions::Killed;

/// Why a session ended.
#[derive(Debug, Error)]
pub(super) enum Ended {
    #[error("client said goodbye")]
    ClientTerminated,
    #[error("client went away")]
    ClientGone(#[source] io::Error),
    #[error("database went away")]
    ServerGone(#[source] io::Error),
    #[error(transparent)]
    Protocol(#[from] SessionError),
    #[error("cannot record")]
    NotRecorded(#[from] SpoolError),
    #[error("cannot remember")]
    NotRemembered(#[from] MemoryError),
    #[error("cannot judge")]
    NotJudged(#[from] PolicyError),
    #[error("client was idle for too long")]
    Idle(Resting),
    #[error("the token that it began with has expired")]
    TokenExpired,
    #[error("the token that it began with is good for nothing any more")]
    TokenLost(Lost),
    #[error("somebody has ended it")]
    Killed(Killed),
    #[error("proxy stops")]
    Stopped,
}

impl Ended {
    /// The word for it in records.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Ended::ClientTerminated => "client_terminated",
            Ended::ClientGone(_) => "client_gone",
            Ended::ServerGone(_) => "server_gone",
            Ended::Protocol(SessionError::Client { .. }) => "client_protocol_violation",
            Ended::Protocol(SessionError::Server { .. }) => "server_protocol_violation",
            Ended::Protocol(SessionError::AnswerTooLong { .. }) => "answer_too_long",
            Ended::NotRecorded(_) => "not_recorded",
            Ended::NotRemembered(_) => "not_remembered",
            Ended::NotJudged(_) => "not_judged",
            Ended::Idle(Resting::Idle) => "idle_timeout",
            Ended::Idle(Resting::InTransaction) => "idle_in_transaction_timeout",
            Ended::TokenExpired => "token_expired",
            Ended::TokenLost(Lost::TakenBack) => "token_revoked",
            Ended::TokenLost(Lost::OtherGroups) => "groups_changed",
            Ended::Killed(_) => "killed",
            Ended::Stopped => "proxy_stopped",
        }
    }

    /// What records have: of a session that somebody has ended, also who and why.
    pub(super) fn reason(&self) -> String {
        match self {
            Ended::Killed(Killed { by, reason }) if reason.is_empty() => format!("killed by {by}"),
            Ended::Killed(Killed { by, reason }) => format!("killed by {by}: {reason}"),
            other => other.kind().to_owned(),
        }
    }

    /// What the client is told, where it still listens.
    pub(super) fn farewell(&self) -> Option<Farewell> {
        match self {
            Ended::ClientTerminated | Ended::ClientGone(_) => None,
            Ended::ServerGone(_) => Some(
                Farewell::new("08006", "the database server closed the connection unexpectedly")
                    .detail("It ended, or the network between it and Picket did."),
            ),
            Ended::Protocol(error @ SessionError::AnswerTooLong { .. }) => Some(
                Farewell::new("54000", error.to_string())
                    .detail("Picket's limit is `max-message-bytes`.")
                    .hint("Ask for less of it at once, or have whoever runs Picket raise the limit."),
            ),
            Ended::Protocol(error) => Some(Farewell::new("08P01", error.to_string())),
            Ended::NotRecorded(error) => Some(not_recorded(error)),
            Ended::NotRemembered(error) => Some(
                Farewell::new(
                    "58030",
                    "Picket cannot remember what is sensitive, and so does not pass it on",
                )
                .detail(with_causes(error)),
            ),
            Ended::NotJudged(error) => Some(not_judged(error)),
            Ended::Idle(Resting::Idle) => Some(
                Farewell::new("57P05", "terminating connection due to idle-session timeout")
                    .detail("Picket's limit is `client-idle-timeout-secs`."),
            ),
            Ended::Idle(Resting::InTransaction) => Some(
                Farewell::new("25P03", "terminating connection due to idle-in-transaction timeout")
                    .detail("Picket's limit is `idle-transaction-timeout-secs`."),
            ),
            Ended::TokenExpired => Some(
                Farewell::new(
                    "57P01",
                    "terminating connection because the token that it began with has expired",
                )
                .hint("Get a new token of the identity provider, and connect again."),
            ),
            Ended::TokenLost(lost) => {
                let why = match lost {
                    Lost::TakenBack => "the identity provider has taken back the token that it began with",
                    Lost::OtherGroups => "the identity provider has other groups for its user now",
                };
                Some(
                    Farewell::new("57P01", format!("terminating connection because {why}"))
                        .hint("Get a new token of the identity provider, and connect again."),
                )
            }
            Ended::Killed(Killed { by, reason }) => Some(
                Farewell::new("57P01", format!("terminating connection because {by} has ended it"))
                    .detail(reason),
            ),
            Ended::Stopped => {
                Some(Farewell::new("57P01", "terminating connection because Picket is being stopped"))
            }
        }
    }
}

/// What a client is told when nobody can tell what it may do.
pub(super) fn not_judged(error: &PolicyError) -> Farewell {
    Farewell::new("58000", "Picket cannot tell what you may do, and so does not let you").detail(error)
}

/// What a client is told when its session or statement cannot be recorded.
pub(super) fn not_recorded(error: &SpoolError) -> Farewell {
    Farewell::new("58030", "Picket cannot record what you do, and so does not pass it on")
        .detail(error)
        .hint("Whoever runs Picket must make room in its spool, or bring ClickHouse back.")
}
