//! Tables and views as files, in the forms that ClickHouse itself writes. Nothing is held in memory but what has just come.

use std::time::Duration;

use bytes::Bytes;
use clickhouse::query::BytesCursor;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError};

/// What can be exported: a table or a view, whole rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Exported {
    /// What it is called where somebody asks for it.
    pub name: &'static str,
    /// What it has, in a line.
    pub about: &'static str,
    /// Where it is.
    source: &'static str,
    /// The column that says when.
    at: &'static str,
}

impl Exported {
    /// All of them. Tables have what was recorded, views what people ask.
    pub const ALL: &[Exported] = &[
        Exported::of("alerts", "Table: what somebody must know", "alerts FINAL", "raised_at"),
        Exported::of("agent-health", "Table: the agents' own accounts", "agent_health FINAL", "at"),
        Exported::of(
            "approvals",
            "Table: what happened to statements that waited for an approval",
            "approvals FINAL",
            "at",
        ),
        Exported::of("bypasses", "View: who went around the proxy", "bypasses", "at"),
        Exported::of("column-classes", "Table: what became known of columns", "column_classes FINAL", "at"),
        Exported::of(
            "connections",
            "Table: socket connections that the kernel saw",
            "connections FINAL",
            "opened_at",
        ),
        Exported::of("coverage", "View: how much came through the proxy, by day", "coverage", "day"),
        Exported::of("denied", "View: what was refused", "denied", "at"),
        Exported::of("gaps", "Table: times in which an agent saw nothing", "gaps FINAL", "began_at"),
        Exported::of("masked-access", "View: columns that were masked for somebody", "masked_access", "at"),
        Exported::of(
            "new-access",
            "View: the first time that somebody touched something",
            "new_access",
            "at",
        ),
        Exported::of(
            "proxy-connections",
            "Table: connections that proxies made and that are no session's",
            "proxy_connections FINAL",
            "started_at",
        ),
        Exported::of(
            "revealed-access",
            "View: sensitive columns that somebody saw as they are",
            "revealed_access",
            "at",
        ),
        Exported::of(
            "same-statements",
            "View: statements that differ in literals only, by who ran them",
            "same_statements",
            "last_at",
        ),
        Exported::of("sessions", "Table: sessions with the proxy", "sessions FINAL", "started_at"),
        Exported::of("session-timeline", "View: all events of all sessions", "session_timeline", "at"),
        Exported::of("statements", "Table: executions of statements", "statements FINAL", "started_at"),
        Exported::of(
            "unclaimed-connections",
            "View: connections from a proxy's address that no proxy says are its own",
            "unclaimed_connections",
            "opened_at",
        ),
        Exported::of("who-saw", "View: executions that were given values of people", "who_saw", "at"),
        Exported::of(
            "who-touched",
            "View: executions and the objects that they touched",
            "who_touched",
            "at",
        ),
        Exported::of(
            "witness-gaps",
            "View: where the kernel's account has holes",
            "witness_gaps",
            "began_at",
        ),
    ];

    const fn of(name: &'static str, about: &'static str, source: &'static str, at: &'static str) -> Self {
        Exported { name, about, source, at }
    }
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// An object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

impl ExportFormat {
    fn name(self) -> &'static str {
        match self {
            ExportFormat::JsonLines => "JSONEachRow",
            ExportFormat::Parquet => "Parquet",
        }
    }
}

/// The bytes of an export as they come.
pub struct Export {
    cursor: BytesCursor,
    ledger: Ledger,
}

impl Ledger {
    /// Rows of `what` from `since` on, the oldest first.
    pub fn export(
        &self,
        what: &Exported,
        since: UnixMicros,
        format: ExportFormat,
    ) -> Result<Export, LedgerError> {
        let Exported { source, at, .. } = what;
        // A day is compared with a day.
        let since_at = "fromUnixTimestamp64Micro({since:Int64}, 'UTC')";
        let from = if *at == "day" { format!("toDate({since_at}, 'UTC')") } else { since_at.to_owned() };
        // Views that put days together read no others where they are asked so.
        let of_days = match *source {
            "bypasses" | "unclaimed_connections" => format!("day >= toDate({since_at}, 'UTC') AND "),
            _ => String::new(),
        };
        let query = format!("SELECT * FROM {source} WHERE {of_days}{at} >= {from} ORDER BY {at}");
        let query = self.client.query(&query).param("since", since.0);
        let query = query
            // Moments as RFC 3339; whole numbers as JSON's.
            .with_setting("date_time_output_format", "iso")
            .with_setting("output_format_json_quote_64bit_integers", "0");
        let cursor =
            query.fetch_bytes(format.name()).map_err(|error| LedgerError::understand(error, &self.config))?;
        Ok(Export { cursor, ledger: self.clone() })
    }
}

impl Export {
    /// The next bytes; `None` at the end. An answer that breaks off is an error.
    pub async fn next(&mut self, within: Duration) -> Result<Option<Bytes>, LedgerError> {
        let Export { cursor, ledger } = self;
        ledger.bounded(within, cursor.next()).await
    }
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}
