//! What was recorded, as something that can be judged again.

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError, Page};

/// Statements that differ in constants only are one row, with one of their texts; what could not be read is a row for each
/// text.
const QUERY: &str = "SELECT ?fields FROM ( \
    SELECT \
        statement.principal AS principal, statement.database AS database, \
        session.authenticated_by AS authenticated_by, session.actor AS actor, session.kind AS kind, \
        session.groups AS groups, session.application_name AS application_name, \
        session.source AS source, session.environment AS environment, \
        toHour(statement.started_at) AS hour, toDayOfWeek(statement.started_at) AS weekday, \
        statement.fingerprint AS fingerprint, if(held.is_held = 1, 'hold', statement.verdict) AS verdict, \
        if(held.is_held = 1, held.rules, statement.rules) AS rules, \
        argMax(statement.text, statement.started_at) AS text, \
        argMax(statement.relations_read, statement.started_at) AS relations_read, \
        argMax(statement.relations_written, statement.started_at) AS relations_written, \
        argMax(statement.masked_columns, statement.started_at) AS masked_columns, \
        count() AS executions, max(statement.started_at) AS last_at \
    FROM ( \
        SELECT * FROM statements FINAL WHERE started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') \
    ) AS statement \
    LEFT ANY JOIN ( \
        SELECT session_id, authenticated_by, actor, kind, groups, application_name, environment, \
            replaceRegexpOne(IPv6NumToString(client_address), '^::ffff:', '') AS source \
        FROM sessions \
    ) AS session ON session.session_id = statement.session_id \
    LEFT ANY JOIN ( \
        SELECT session_id, sequence, rules, 1 AS is_held FROM approvals WHERE event IN ('asked', 'approved') \
    ) AS held ON held.session_id = statement.session_id AND held.sequence = statement.sequence \
    GROUP BY principal, database, authenticated_by, actor, kind, groups, application_name, source, environment, hour, weekday, \
        fingerprint, if(fingerprint = 0, statement.text, ''), verdict, rules \
    ) ORDER BY last_at DESC, text LIMIT {limit:UInt64}";

/// Executions by one user, from one place in one hour of the week, of statements that differ in constants only.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct RecordedRow {
    /// Who: the user of the proxy.
    pub principal: String,
    /// Where they ran.
    pub database: String,
    /// How the user had logged in; empty where the session is not in the ledger, as what follows.
    pub authenticated_by: String,
    /// Who acted for the user, as the identity provider names it.
    pub actor: String,
    /// What the user was.
    pub kind: String,
    /// The user's groups at that time.
    pub groups: Vec<String>,
    /// What the client called itself.
    pub application_name: String,
    /// Address of the client.
    pub source: String,
    /// What kind of place the database is.
    pub environment: String,
    /// UTC, 0 to 23.
    pub hour: u8,
    /// 1 is Monday.
    pub weekday: u8,
    /// `allow` or `refuse`; `hold` where somebody was asked, whatever came of it, or had given a grant that covers it.
    pub verdict: String,
    /// The rules that made the verdict.
    pub rules: Vec<String>,
    /// The newest of them.
    pub text: String,
    /// `schema.relation`.
    pub relations_read: Vec<String>,
    /// `schema.relation`.
    pub relations_written: Vec<String>,
    /// `schema.relation.column`.
    pub masked_columns: Vec<String>,
    /// How many they are.
    pub executions: u64,
    /// When the newest of them ran.
    pub last_at: UnixMicros,
}

impl Ledger {
    /// What was executed at or after `since`, the newest first, `limit` rows of it at most.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where ClickHouse cannot be asked.
    pub async fn recorded(
        &self,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<RecordedRow>, LedgerError> {
        let query = self.client.query(QUERY).param("since", since.0);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
