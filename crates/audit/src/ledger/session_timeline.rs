//! The question "what happened in this session?".

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError, Page};

const QUERY: &str = "SELECT ?fields FROM session_timeline WHERE session_id = {session:UUID} \
    ORDER BY event = 'end' DESC, at DESC, sequence DESC LIMIT {limit:UInt64}";

/// One event of a session: a row of the view `session_timeline`.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct EventRow {
    /// The session.
    #[serde(with = "clickhouse::serde::uuid")]
    pub session_id: Uuid,
    /// When it happened; for a statement, when it was judged.
    pub at: UnixMicros,
    /// `start`, `statement` or `end`.
    pub event: String,
    /// A statement's number in the session; 0 for start and end.
    pub sequence: u64,
    /// Who: the user of the proxy.
    pub principal: String,
    /// The database.
    pub database: String,
    /// What the statement does.
    pub effects: Vec<String>,
    /// Relations and columns that it touched.
    pub objects: Vec<String>,
    /// `allow` or `refuse`; empty for start and end.
    pub verdict: String,
    /// The rules that made the verdict.
    pub rules: Vec<String>,
    /// Columns whose values were masked in the result.
    pub masked_columns: Vec<String>,
    /// When the statement ended.
    pub finished_at: Option<UnixMicros>,
    /// How long it took; at the end, how long the session lasted.
    pub duration_seconds: Option<f64>,
    /// How the statement ended; empty where it has not.
    pub outcome: String,
    /// Rows returned or changed.
    pub rows: u64,
    /// Bytes of rows that the database sent.
    pub bytes: u64,
    /// The error that ended it.
    pub sqlstate: String,
    /// The statement; at the start how the principal came, at the end why.
    pub text: String,
    /// What a statement's parameters were bound to, as that is recorded.
    pub parameters: Vec<String>,
    /// Values of the result that were masked.
    pub masked_values: u64,
}

impl Ledger {
    /// What happened in session `id`, the newest first, `limit` events at most.
    pub async fn session_timeline(
        &self,
        id: Uuid,
        limit: u32,
        within: Duration,
    ) -> Result<Page<EventRow>, LedgerError> {
        let query = self.client.query(QUERY).param("session", id.to_string());
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
