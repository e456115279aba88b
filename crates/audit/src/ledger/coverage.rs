//! The questions "how much came through the proxy?" and "when was nobody looking?".

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError, Page};

const COVERAGE: &str = "SELECT toString(coverage.day) AS day, host, server, connections, proxied, bypassed, allowed, allowed_by, unknown, bytes, \
        bytes_proxied, share, bytes_share \
    FROM coverage WHERE coverage.day >= toDate(fromUnixTimestamp64Micro({since:Int64}, 'UTC'), 'UTC') \
    ORDER BY coverage.day DESC, host, server LIMIT {limit:UInt64}";

const GAPS: &str = "SELECT ?fields FROM witness_gaps \
    WHERE ifNull(ended_at, now64(6, 'UTC')) >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') \
    ORDER BY began_at DESC, kind, host, session_id LIMIT {limit:UInt64}";

/// One database on one day: a row of the view `coverage`.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct CoverageRow {
    /// The day on which the connections were opened, in UTC.
    pub day: String,
    /// The host whose agent saw them.
    pub host: String,
    /// Address and port of the database.
    pub server: String,
    /// How many there were.
    pub connections: u64,
    /// Those that came through the proxy.
    pub proxied: u64,
    /// Those that went around it.
    pub bypassed: u64,
    /// Those that rules allow around it.
    pub allowed: u64,
    /// Names of these rules.
    pub allowed_by: Vec<String>,
    /// Those of which nobody can tell.
    pub unknown: u64,
    /// Bytes in both directions.
    pub bytes: u64,
    /// Those of connections through the proxy.
    pub bytes_proxied: u64,
    /// Part of the connections that came through the proxy, 0 to 1.
    pub share: f64,
    /// Part of the bytes; none where there were none.
    pub bytes_share: Option<f64>,
}

/// A hole in the kernel's account: a row of the view `witness_gaps`.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct WitnessGapRow {
    /// Until then nothing was missing.
    pub began_at: UnixMicros,
    /// From then on nothing is; none while it lasts.
    pub ended_at: Option<UnixMicros>,
    /// `away`, `events_lost`, `processes_lost`, `ends_unseen`, `degraded` or `unseen_session`.
    pub kind: String,
    /// The agent's host; for a session, the proxy's.
    pub host: String,
    /// The session that nobody saw; else nil.
    #[serde(with = "clickhouse::serde::uuid")]
    pub session_id: Uuid,
    /// What happened, in one sentence.
    pub message: String,
}

impl Ledger {
    /// How much came through the proxy on the days from `since` on, the newest first; `limit` rows at most.
    pub async fn coverage(
        &self,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<CoverageRow>, LedgerError> {
        let query = self.client.query(COVERAGE).param("since", since.0);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }

    /// Holes in the kernel's account that had not ended at `since`, the newest first; `limit` rows at most.
    pub async fn witness_gaps(
        &self,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<WitnessGapRow>, LedgerError> {
        let query = self.client.query(GAPS).param("since", since.0);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
