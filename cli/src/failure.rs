//! Why there is no answer, the mend, and the exit code.

use std::io;

use anyhow::{Context, anyhow};
use audit::config::ConfigError;
use audit::ledger::LedgerError;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const UNAVAILABLE: u8 = 69;
const NO_RIGHTS: u8 = 77;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) error: anyhow::Error,
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let (code, mend) = match error {
            LedgerError::Unreachable { .. } => {
                (UNAVAILABLE, "is it running? set --clickhouse-url or PICKET_CLICKHOUSE_URL")
            }
            LedgerError::NotClickHouse { .. } => {
                (UNAVAILABLE, "set --clickhouse-url or PICKET_CLICKHOUSE_URL")
            }
            LedgerError::RefusesUser { .. } => {
                (NO_RIGHTS, "set PICKET_CLICKHOUSE_USER and PICKET_CLICKHOUSE_PASSWORD")
            }
            LedgerError::NoLedger { .. } => (
                UNAVAILABLE,
                "a proxy or an agent makes it when it starts, and so does `picket migrate`; name another one with --database",
            ),
            LedgerError::OtherSchema { .. } => {
                (FAILED, "use the `picket` of the same version as proxy and agents")
            }
            LedgerError::OtherMigration { .. } | LedgerError::Answer { .. } => {
                return Failure { code: FAILED, error: error.into() };
            }
        };
        Failure { code, error: anyhow!("{error}; {mend}") }
    }
}

impl From<ConfigError> for Failure {
    /// The configuration is made of options here.
    fn from(error: ConfigError) -> Self {
        let option = match error.key {
            "clickhouse.url" => "--clickhouse-url (or PICKET_CLICKHOUSE_URL)",
            "clickhouse.database" => "--database",
            "clickhouse.cluster" => "--cluster (or PICKET_CLICKHOUSE_CLUSTER)",
            "clickhouse.user" => "PICKET_CLICKHOUSE_USER",
            other => other,
        };
        Failure { code: USAGE, error: anyhow!("{option} must be {}, got {}", error.allowed, error.got) }
    }
}

impl Failure {
    /// What was asked does not answer.
    pub(crate) fn unavailable(error: anyhow::Error) -> Self {
        Failure { code: UNAVAILABLE, error }
    }

    /// Who asks may not.
    pub(crate) fn no_rights(error: anyhow::Error) -> Self {
        Failure { code: NO_RIGHTS, error }
    }

    /// What was given cannot be used.
    pub(crate) fn usage(error: anyhow::Error) -> Self {
        Failure { code: USAGE, error }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure { code: FAILED, error }
    }
}

/// A reader that has seen enough, such as `head`, is no failure.
pub(crate) fn unless_reader_left(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other.context("write the answer")?),
    }
}
