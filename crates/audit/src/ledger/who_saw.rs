//! The question "who asked for this person?", by hashes of what is known of one.

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError, Page, Whose};

const QUERY: &str = "SELECT ?fields FROM who_saw \
    WHERE at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') \
        AND hasAny(values_given, {values:Array(UInt64)}) \
        AND ({principal:String} = '' OR principal = {principal:String}) \
        AND ({database:String} = '' OR database = {database:String}) \
    ORDER BY at DESC, session_id, sequence DESC LIMIT {limit:UInt64}";

/// One execution that was given a value: a row of the view `who_saw`.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct WhoSawRow {
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
    /// What the statement does.
    pub effects: Vec<String>,
    /// What it touches: relations and columns.
    pub objects: Vec<String>,
    /// `allow` or `refuse`.
    pub verdict: String,
    /// The rules that refused it or, where it was allowed, that only observe.
    pub rules: Vec<String>,
    /// How it ended; empty where it has not.
    pub outcome: String,
    /// Rows returned or changed.
    pub rows: u64,
    /// The error that ended it; empty where there was none.
    pub sqlstate: String,
    /// The statement as it is recorded.
    pub text: String,
    /// What its parameters were bound to, as that is recorded.
    pub parameters: Vec<String>,
    /// Its session.
    #[serde(with = "clickhouse::serde::uuid")]
    pub session_id: Uuid,
    /// Its number in the session.
    pub sequence: u64,
}

impl Ledger {
    /// Executions of `whose` at or after `since` that were given a value with one of these hashes, the newest first, `limit` rows at most.
    pub async fn who_saw(
        &self,
        values: &[u64],
        whose: &Whose,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<WhoSawRow>, LedgerError> {
        let query = whose.restrict(self.client.query(QUERY)).param("since", since.0);
        let rows = query.param("values", values).param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
