//! The question "who was there, and what did they do?", in one row for each session.

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError, Page, Whose};

/// Sessions that began, ended or executed something in the time; what they did before it is not counted. One that is not in the
/// ledger, because its record is still on the way or was lost, is shown by what it executed.
const QUERY: &str = "SELECT ?fields FROM ( \
    SELECT \
        if(session.known, session.session_id, statement.session_id) AS session_id, \
        if(session.known, session.started_at, statement.first_at) AS started_at, \
        session.ended_at AS ended_at, session.end_reason AS end_reason, \
        if(session.known, session.principal, statement.principal) AS principal, \
        session.authenticated_by AS authenticated_by, session.application_name AS application_name, session.client AS client, \
        if(session.known, session.database, statement.database) AS database, \
        session.database_role AS database_role, session.environment AS environment, \
        statement.statements AS statements, statement.refused AS refused, statement.masked AS masked, \
        statement.rows AS rows, statement.bytes AS bytes, statement.last_at AS last_at \
    FROM ( \
        SELECT true AS known, *, \
            concat( \
                if(startsWith(IPv6NumToString(client_address), '::ffff:'), \
                    substring(IPv6NumToString(client_address), 8), \
                    concat('[', IPv6NumToString(client_address), ']')), \
                ':', toString(client_port)) AS client \
        FROM sessions FINAL \
    ) AS session \
    FULL JOIN ( \
        SELECT session_id, any(principal) AS principal, any(database) AS database, \
            min(started_at) AS first_at, toNullable(max(started_at)) AS last_at, \
            count() AS statements, countIf(verdict != 'allow') AS refused, countIf(notEmpty(masked_columns)) AS masked, \
            sum(rows) AS rows, sum(bytes) AS bytes \
        FROM statements FINAL \
        WHERE started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') \
        GROUP BY session_id \
    ) AS statement ON statement.session_id = session.session_id \
    WHERE session.started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') \
        OR ifNull(session.ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC'), false) \
        OR statement.statements > 0 \
    ) WHERE ({principal:String} = '' OR principal = {principal:String}) \
        AND ({database:String} = '' OR database = {database:String}) \
    ORDER BY started_at DESC, session_id LIMIT {limit:UInt64}";

/// One session, and what it did in the time that was asked for.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct SessionSummaryRow {
    /// The session.
    #[serde(with = "clickhouse::serde::uuid")]
    pub session_id: Uuid,
    /// When the client was authenticated; its first execution where the session is not in the ledger.
    pub started_at: UnixMicros,
    /// When it ended.
    pub ended_at: Option<UnixMicros>,
    /// Why it ended; empty where it has not, or never told.
    pub end_reason: String,
    /// Who: the user of the proxy.
    pub principal: String,
    /// How the principal was authenticated; empty where the session is not in the ledger.
    pub authenticated_by: String,
    /// What the client called itself at its start.
    pub application_name: String,
    /// Address and port of the client.
    pub client: String,
    /// The database that was asked for.
    pub database: String,
    /// The role that the proxy uses there.
    pub database_role: String,
    /// What kind of place that is; empty where nobody said.
    pub environment: String,
    /// How many statements it executed, refused ones too.
    pub statements: u64,
    /// How many of them were refused.
    pub refused: u64,
    /// In how many columns were masked.
    pub masked: u64,
    /// Rows returned or changed.
    pub rows: u64,
    /// Bytes of rows that the database sent.
    pub bytes: u64,
    /// When it executed the newest of them.
    pub last_at: Option<UnixMicros>,
}

impl Ledger {
    /// Sessions of `whose` that began, ended or executed something at or after `since`, the newest first, `limit` at most.
    pub async fn sessions(
        &self,
        whose: &Whose,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<SessionSummaryRow>, LedgerError> {
        let query = whose.restrict(self.client.query(QUERY)).param("since", since.0);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
