//! How many and how long: the keys of the limits and time-outs, what they may be, and what they are by default. Names
//! that PgBouncer has are PgBouncer's.

use std::time::Duration;

use daemon::config::Refused;
use session::Questions;
use toml::Spanned;

use super::within;

/// Bounds on what clients can take.
#[cfg_attr(test, derive(Default))]
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Sessions at once.
    pub(crate) max_connections: usize,
    /// Sessions at once of one user; a user's own number goes before it.
    pub(crate) max_user_connections: usize,
    /// Sessions at once with one database.
    pub(crate) max_db_connections: usize,
    /// Databases at once that come by a wildcard.
    pub(crate) max_wildcard_databases: usize,
    /// Connections at once that have not logged in yet.
    pub(crate) max_login_connections: usize,
    /// Longest message that is held in memory.
    pub(crate) max_message_bytes: u32,
    /// Longest text that is read on the thread of its session; longer ones are read beside, so that others go on.
    pub(crate) long_statement_bytes: usize,
    /// How long such a text may take.
    pub(crate) long_statement_timeout: Duration,
    /// Questions that a user may ask within an hour about values that it may not see.
    pub(crate) max_probes: Questions,
    /// Wrong passwords and tokens of one address in a minute, and of one user; 0 where there is no limit.
    pub(crate) max_failed_logins_per_address: u32,
    pub(crate) max_failed_logins_per_user: u32,
    /// How long a client may take to log in.
    pub(crate) client_login_timeout: Duration,
    /// How long a session may be idle outside of a transaction.
    pub(crate) client_idle_timeout: Option<Duration>,
    /// How long a session may be idle within a transaction.
    pub(crate) idle_transaction_timeout: Option<Duration>,
    /// How long a statement goes on whose client closed its connection, or its half of it.
    pub(crate) client_connection_check: Option<Duration>,
}

/// The keys as they are written.
pub(super) struct Written {
    pub(super) max_connections: Option<Spanned<usize>>,
    pub(super) max_user_connections: Option<Spanned<usize>>,
    pub(super) max_db_connections: Option<Spanned<usize>>,
    pub(super) max_wildcard_databases: Option<Spanned<usize>>,
    pub(super) max_login_connections: Option<Spanned<usize>>,
    pub(super) max_message_bytes: Option<Spanned<u32>>,
    pub(super) long_statement_bytes: Option<Spanned<usize>>,
    pub(super) long_statement_timeout_secs: Option<Spanned<u64>>,
    pub(super) max_probes_per_hour: Option<Spanned<u32>>,
    pub(super) max_sliding_probes_per_hour: Option<Spanned<u32>>,
    pub(super) max_failed_logins_per_address: Option<Spanned<u32>>,
    pub(super) max_failed_logins_per_user: Option<Spanned<u32>>,
    pub(super) client_login_timeout_secs: Option<Spanned<u64>>,
    pub(super) client_idle_timeout_secs: Option<Spanned<u64>>,
    pub(super) idle_transaction_timeout_secs: Option<Spanned<u64>>,
    pub(super) client_connection_check_secs: Option<Spanned<u64>>,
}

/// Most sessions that can be configured; each takes two sockets.
pub(super) const CONNECTIONS_MAX: usize = 100_000;

/// Most questions about masked values that can be configured.
const PROBES_MAX: u32 = 1_000_000_000;

/// Questions about masked values within an hour where nothing is configured, and those of one shape whose constants slide: fewer than it
/// takes to find a number of six digits by halves.
const PROBES: u32 = 300;
const SLIDING_PROBES: u32 = 16;

/// Most wrong passwords and tokens in a minute that can be configured.
const FAILED_LOGINS_MAX: u32 = 1_000_000;

/// Longest time that reading a text can be given.
const LONG_STATEMENT_SECS_MAX: u64 = 600;

/// Longest time that can be configured: a week.
const SECS_MAX: u64 = 7 * 24 * 60 * 60;

impl Written {
    pub(super) fn check(self) -> Result<Limits, Refused> {
        let some = |secs: u64| (secs != 0).then(|| Duration::from_secs(secs));
        let max_connections = within("max-connections", self.max_connections, 1..=CONNECTIONS_MAX, 1_000)?;
        let share = |key, written| within(key, written, 1..=CONNECTIONS_MAX, max_connections);
        Ok(Limits {
            max_connections,
            max_user_connections: share("max-user-connections", self.max_user_connections)?,
            max_db_connections: share("max-db-connections", self.max_db_connections)?,
            max_wildcard_databases: within(
                "max-wildcard-databases",
                self.max_wildcard_databases,
                1..=CONNECTIONS_MAX,
                100,
            )?,
            max_login_connections: within(
                "max-login-connections",
                self.max_login_connections,
                1..=CONNECTIONS_MAX,
                256,
            )?,
            max_message_bytes: within(
                "max-message-bytes",
                self.max_message_bytes,
                1 << 16..=1 << 30,
                64 << 20,
            )?,
            long_statement_bytes: within(
                "long-statement-bytes",
                self.long_statement_bytes,
                1_024..=sql::STATEMENT_BYTES_MAX,
                1 << 16,
            )?,
            long_statement_timeout: Duration::from_secs(within(
                "long-statement-timeout-secs",
                self.long_statement_timeout_secs,
                0..=LONG_STATEMENT_SECS_MAX,
                10,
            )?),
            max_probes: Questions {
                any: within("max-probes-per-hour", self.max_probes_per_hour, 0..=PROBES_MAX, PROBES)?,
                sliding: within(
                    "max-sliding-probes-per-hour",
                    self.max_sliding_probes_per_hour,
                    0..=PROBES_MAX,
                    SLIDING_PROBES,
                )?,
            },
            max_failed_logins_per_address: within(
                "max-failed-logins-per-address",
                self.max_failed_logins_per_address,
                0..=FAILED_LOGINS_MAX,
                60,
            )?,
            max_failed_logins_per_user: within(
                "max-failed-logins-per-user",
                self.max_failed_logins_per_user,
                0..=FAILED_LOGINS_MAX,
                10,
            )?,
            client_login_timeout: Duration::from_secs(within(
                "client-login-timeout-secs",
                self.client_login_timeout_secs,
                1..=SECS_MAX,
                60,
            )?),
            client_idle_timeout: some(within(
                "client-idle-timeout-secs",
                self.client_idle_timeout_secs,
                0..=SECS_MAX,
                0,
            )?),
            idle_transaction_timeout: some(within(
                "idle-transaction-timeout-secs",
                self.idle_transaction_timeout_secs,
                0..=SECS_MAX,
                0,
            )?),
            client_connection_check: some(within(
                "client-connection-check-secs",
                self.client_connection_check_secs,
                0..=SECS_MAX,
                10,
            )?),
        })
    }
}
