//! Tables and views as files, in the forms that ClickHouse itself writes. Nothing is held in memory but what has just come.

use std::time::Duration;

use bytes::Bytes;
use clickhouse::query::BytesCursor;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError};

/// What can be exported: a table or a view, whole rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exported {
    /// What somebody must know.
    Alerts,
    /// The agents' own accounts.
    AgentHealth,
    /// What happened to statements that waited for an approval.
    Approvals,
    /// Who went around the proxy.
    Bypasses,
    /// What became known of columns.
    ColumnClasses,
    /// Socket connections that the kernel saw.
    Connections,
    /// How much came through the proxy, by day; from the begin of the day on.
    Coverage,
    /// What was refused.
    Denied,
    /// Times in which an agent saw nothing.
    Gaps,
    /// Columns that were masked for somebody.
    MaskedAccess,
    /// The first time that somebody touched something.
    NewAccess,
    /// Sessions with the proxy.
    Sessions,
    /// All events of all sessions.
    SessionTimeline,
    /// Executions of statements.
    Statements,
    /// Executions and the objects that they touched.
    WhoTouched,
    /// Where the kernel's account has holes.
    WitnessGaps,
}

impl Exported {
    /// Where it is, and the column that says when.
    fn source(self) -> (&'static str, &'static str) {
        match self {
            Exported::Alerts => ("alerts FINAL", "raised_at"),
            Exported::AgentHealth => ("agent_health FINAL", "at"),
            Exported::Approvals => ("approvals FINAL", "at"),
            Exported::Bypasses => ("bypasses", "at"),
            Exported::ColumnClasses => ("column_classes FINAL", "at"),
            Exported::Connections => ("connections FINAL", "opened_at"),
            Exported::Coverage => ("coverage", "day"),
            Exported::Denied => ("denied", "at"),
            Exported::Gaps => ("gaps FINAL", "began_at"),
            Exported::MaskedAccess => ("masked_access", "at"),
            Exported::NewAccess => ("new_access", "at"),
            Exported::Sessions => ("sessions FINAL", "started_at"),
            Exported::SessionTimeline => ("session_timeline", "at"),
            Exported::Statements => ("statements FINAL", "started_at"),
            Exported::WhoTouched => ("who_touched", "at"),
            Exported::WitnessGaps => ("witness_gaps", "began_at"),
        }
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
        what: Exported,
        since: UnixMicros,
        format: ExportFormat,
    ) -> Result<Export, LedgerError> {
        let (source, at) = what.source();
        // A day is compared with a day.
        let since_at = "fromUnixTimestamp64Micro({since:Int64}, 'UTC')";
        let from = if at == "day" { format!("toDate({since_at}, 'UTC')") } else { since_at.to_owned() };
        let query = format!("SELECT * FROM {source} WHERE {at} >= {from} ORDER BY {at}");
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
