//! What ClickHouse's answers mean for whoever must mend it.

use std::error::Error as _;

use clickhouse::error::Error as ClientError;
use thiserror::Error;

use crate::config::ClickHouseConfig;

/// An answer may be a whole web page.
const REASON_LETTERS_MAX: usize = 300;

/// Why the ledger does not answer, or does not take records.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// Nobody answers.
    #[error("cannot reach ClickHouse at {url}: {reason}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// The user may not do this, or the password is wrong.
    #[error("ClickHouse at {url} refuses user `{user}`: {reason}")]
    RefusesUser {
        /// Where.
        url: String,
        /// Who.
        user: String,
        /// Why.
        reason: String,
    },
    /// The database or its tables are not there.
    #[error("ClickHouse at {url} has no ledger in database `{database}`: {reason}")]
    NoLedger {
        /// Where.
        url: String,
        /// In which database.
        database: String,
        /// What is missing.
        reason: String,
    },
    /// The tables have other columns.
    #[error("the ledger in database `{database}` has another schema than this Picket: {reason}")]
    OtherSchema {
        /// In which database.
        database: String,
        /// What is different.
        reason: String,
    },
    /// A migration was applied that is not this Picket's.
    #[error(
        "migration {number} `{name}` was applied to database `{database}` with another text (checksum \
         {applied:#010x}, here {here:#010x}); use the Picket that made this ledger, or another \
         `clickhouse.database`"
    )]
    OtherMigration {
        /// In which database.
        database: String,
        /// Its number.
        number: u32,
        /// Its name.
        name: String,
        /// Checksum of the text that was applied.
        applied: u32,
        /// Checksum of this Picket's.
        here: u32,
    },
    /// Any other error of ClickHouse.
    #[error("ClickHouse at {url} answers with error {code}: {reason}")]
    Answer {
        /// Where.
        url: String,
        /// ClickHouse's number of it.
        code: u32,
        /// Its text.
        reason: String,
    },
    /// Somebody else listens there.
    #[error("{url} answers, but not as ClickHouse does: {reason}")]
    NotClickHouse {
        /// Where.
        url: String,
        /// The answer.
        reason: String,
    },
}

impl LedgerError {
    /// What is wrong, as one of [`FAILURES`](crate::writer::FAILURES).
    pub(crate) fn failure(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::RefusesUser { .. } => "refused",
            Self::NoLedger { .. } => "no_ledger",
            Self::OtherSchema { .. } | Self::OtherMigration { .. } => "other_schema",
            Self::Answer { .. } => "error",
            Self::NotClickHouse { .. } => "not_clickhouse",
        }
    }

    /// Finds out what `error` means.
    pub(super) fn understand(error: ClientError, config: &ClickHouseConfig) -> Self {
        let url = config.url.clone();
        match error {
            ClientError::TimedOut => Self::Unreachable { url, reason: "no answer in time".to_owned() },
            ClientError::Network(_) => Self::Unreachable { url, reason: innermost(&error) },
            ClientError::SchemaMismatch(reason) => {
                Self::OtherSchema { database: config.database.clone(), reason: one_line(&reason) }
            }
            ClientError::BadResponse(text) => Self::understand_answer(&text, config),
            other => Self::NotClickHouse { url, reason: one_line(&other.to_string()) },
        }
    }

    fn understand_answer(text: &str, config: &ClickHouseConfig) -> Self {
        let url = config.url.clone();
        let Some((code, reason)) = split_code(text) else {
            return Self::NotClickHouse { url, reason: one_line(text) };
        };
        let reason = one_line(reason);
        let database = config.database.clone();
        match code {
            // READONLY, UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, ACCESS_DENIED, AUTHENTICATION_FAILED
            164 | 192..=194 | 497 | 516 => Self::RefusesUser { url, user: config.user.clone(), reason },
            // UNKNOWN_TABLE, UNKNOWN_DATABASE
            60 | 81 => Self::NoLedger { url, database, reason },
            // NO_SUCH_COLUMN_IN_TABLE, ILLEGAL_COLUMN (one that cannot be inserted into), UNKNOWN_IDENTIFIER
            16 | 44 | 47 => Self::OtherSchema { database, reason },
            code => Self::Answer { url, code, reason },
        }
    }
}

/// Splits `Code: 60. DB::Exception: what` into number and text.
fn split_code(text: &str) -> Option<(u32, &str)> {
    let rest = text.trim_start().strip_prefix("Code: ")?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (code, rest) = rest.split_at_checked(end)?;
    let rest = rest.trim_start_matches('.').trim_start();
    Some((code.parse().ok()?, rest.strip_prefix("DB::Exception:").unwrap_or(rest)))
}

/// The first line of `text`, short, without ClickHouse's version.
fn one_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let line = line.split(" (version ").next().unwrap_or_default().trim().trim_end_matches('.');
    match line.char_indices().nth(REASON_LETTERS_MAX) {
        _ if line.is_empty() => "nothing".to_owned(),
        None => line.to_owned(),
        Some((end, _)) => format!("{} …", line.get(..end).unwrap_or_default()),
    }
}

/// The client wraps the cause in phrases of its own, which help nobody.
fn innermost(error: &ClientError) -> String {
    let causes = std::iter::successors(error.source(), |error| (**error).source());
    causes.last().map_or_else(|| error.to_string(), |cause| cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(text: &str) -> String {
        let config = ClickHouseConfig::default();
        LedgerError::understand(ClientError::BadResponse(text.to_owned()), &config).to_string()
    }

    #[test]
    fn an_answer_says_what_is_wrong() {
        assert_eq!(
            understood(
                "Code: 60. DB::Exception: Unknown table expression identifier 'x'. (UNKNOWN_TABLE) (version 26.7.2.1)"
            ),
            "ClickHouse at http://127.0.0.1:8123 has no ledger in database `picket`: Unknown table expression \
             identifier 'x'. (UNKNOWN_TABLE)"
        );
        assert_eq!(
            understood(
                "Code: 516. DB::Exception: default: Authentication failed: password is incorrect.\nIf you use…"
            ),
            "ClickHouse at http://127.0.0.1:8123 refuses user `default`: default: Authentication failed: password \
             is incorrect"
        );
        assert_eq!(
            understood(
                "Code: 164. DB::Exception: reader: Cannot execute query in readonly mode. (READONLY) (version 26.7.2.1)"
            ),
            "ClickHouse at http://127.0.0.1:8123 refuses user `default`: reader: Cannot execute query in readonly mode. \
             (READONLY)"
        );
        assert_eq!(
            understood("<html>\n<title>404"),
            "http://127.0.0.1:8123 answers, but not as ClickHouse does: <html>"
        );
        assert_eq!(
            understood("Code: 243"),
            "ClickHouse at http://127.0.0.1:8123 answers with error 243: nothing"
        );
        assert_eq!(understood(""), "http://127.0.0.1:8123 answers, but not as ClickHouse does: nothing");
    }

    #[test]
    fn a_long_answer_is_cut() {
        assert!(understood(&"é".repeat(5_000)).chars().count() < 400);
    }
}
