//! How a session is shown in a list of them.

use audit::ledger::SessionSummaryRow;
use serde::Serialize;

use super::Shown;
use super::moment;
use super::origin;
use super::place;
use super::table::Cell;

#[derive(Debug, Serialize)]
pub(crate) struct Session {
    session_id: String,
    started_at: String,
    ended_at: Option<String>,
    end_reason: String,
    principal: String,
    authenticated_by: String,
    application_name: String,
    client: String,
    database: String,
    database_role: String,
    environment: String,
    statements: u64,
    refused: u64,
    masked: u64,
    rows: u64,
    bytes: u64,
    last_at: Option<String>,
    #[serde(skip)]
    started_at_short: String,
}

impl From<SessionSummaryRow> for Session {
    fn from(row: SessionSummaryRow) -> Self {
        Session {
            session_id: row.session_id.to_string(),
            started_at: moment::exact(row.started_at),
            started_at_short: moment::short(row.started_at),
            ended_at: row.ended_at.map(moment::exact),
            end_reason: row.end_reason,
            principal: row.principal,
            authenticated_by: row.authenticated_by,
            application_name: row.application_name,
            client: row.client,
            database: row.database,
            database_role: row.database_role,
            environment: row.environment,
            statements: row.statements,
            refused: row.refused,
            masked: row.masked,
            rows: row.rows,
            bytes: row.bytes,
            last_at: row.last_at.map(moment::exact),
        }
    }
}

impl Shown for Session {
    const KEYS: &'static [&'static str] = &[
        "session_id",
        "started_at",
        "ended_at",
        "end_reason",
        "principal",
        "authenticated_by",
        "application_name",
        "client",
        "database",
        "database_role",
        "environment",
        "statements",
        "refused",
        "masked",
        "rows",
        "bytes",
        "last_at",
    ];
    const HEADINGS: &'static [&'static str] = &[
        "session",
        "began (UTC)",
        "who",
        "from",
        "database",
        "statements",
        "refused",
        "masked",
        "rows",
        "end",
    ];

    fn cells(&self) -> Vec<Cell> {
        let refused = self.refused.to_string();
        vec![
            Cell::unbroken(self.session_id.as_str()),
            Cell::plain(self.started_at_short.as_str()),
            Cell::plain(self.principal.as_str()),
            Cell::plain(origin(&self.application_name, &self.client)),
            Cell::plain(place(&self.database, &self.environment)),
            Cell::plain(self.statements.to_string()),
            if self.refused == 0 { Cell::plain(refused) } else { Cell::bad(refused) },
            Cell::plain(self.masked.to_string()),
            Cell::plain(self.rows.to_string()),
            // A proxy that was killed tells no end either.
            Cell::plain(if self.ended_at.is_some() { self.end_reason.as_str() } else { "not known" }),
        ]
    }
}
