//! The question "who touched this?".

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError, Object, Page};

const QUERY: &str = "SELECT ?fields FROM who_touched \
    WHERE object = {object:String} AND at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') \
    ORDER BY at DESC, session_id, sequence DESC LIMIT {limit:UInt64}";

/// One execution that touched an object: a row of the view `who_touched`.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct WhoTouchedRow {
    /// When it was judged.
    pub at: UnixMicros,
    /// Who: the user of the proxy.
    pub principal: String,
    /// What the client called itself; empty where the session is not in the ledger.
    pub application_name: String,
    /// Address and port of the client; empty where the session is not in the ledger.
    pub client: String,
    /// Where it ran.
    pub database: String,
    /// What kind of place that is, such as `production`; empty where nobody said.
    pub environment: String,
    /// What was touched.
    pub object: String,
    /// `read`, `write` or `read+write`.
    pub access: String,
    /// What the statement does.
    pub effects: Vec<String>,
    /// `allow` or `refuse`.
    pub verdict: String,
    /// The rules that made the verdict.
    pub rules: Vec<String>,
    /// 1 where it, or a column of it, was masked in the result.
    pub masked: u8,
    /// When it ended.
    pub finished_at: Option<UnixMicros>,
    /// How it ended; empty where it has not.
    pub outcome: String,
    /// Rows returned or changed.
    pub rows: u64,
    /// Bytes of rows that the database sent.
    pub bytes: u64,
    /// The error that ended it.
    pub sqlstate: String,
    /// The whole statement.
    pub text: String,
    /// Its session.
    #[serde(with = "clickhouse::serde::uuid")]
    pub session_id: Uuid,
    /// Its number in the session.
    pub sequence: u64,
}

impl Ledger {
    /// Executions that touched `object` at or after `since`, the newest first, `limit` of them at most.
    pub async fn who_touched(
        &self,
        object: &Object,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<WhoTouchedRow>, LedgerError> {
        let query = self.client.query(QUERY).param("object", object.name()).param("since", since.0);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
