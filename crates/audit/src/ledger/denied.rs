//! The question "what was refused?".

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError, Page, Whose};

const QUERY: &str = "SELECT ?fields FROM denied \
    WHERE at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') \
        AND ({principal:String} = '' OR principal = {principal:String}) \
        AND ({database:String} = '' OR database = {database:String}) \
    ORDER BY at DESC, session_id, sequence DESC LIMIT {limit:UInt64}";

/// One refused execution: a row of the view `denied`.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct DeniedRow {
    /// When it was judged.
    pub at: UnixMicros,
    /// Who: the user of the proxy.
    pub principal: String,
    /// What the client called itself; empty where the session is not in the ledger.
    pub application_name: String,
    /// Address and port of the client; empty where the session is not in the ledger.
    pub client: String,
    /// Where it would have run.
    pub database: String,
    /// What kind of place that is, such as `production`; empty where nobody said.
    pub environment: String,
    /// The rules that refused it.
    pub rules: Vec<String>,
    /// What the statement would have done.
    pub effects: Vec<String>,
    /// What it would have touched: relations and columns.
    pub objects: Vec<String>,
    /// How it ended; empty where it has not.
    pub outcome: String,
    /// The error that the client was told.
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
    /// What was refused to `whose` at or after `since`, the newest first, `limit` rows at most.
    pub async fn denied(
        &self,
        whose: &Whose,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<DeniedRow>, LedgerError> {
        let query = whose.restrict(self.client.query(QUERY)).param("since", since.0);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
