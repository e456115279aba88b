//! The question "who saw sensitive values as they are?".

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError, Page, Whose};

const QUERY: &str = "SELECT ?fields FROM revealed_access \
    WHERE at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') \
        AND ({principal:String} = '' OR principal = {principal:String}) \
        AND ({database:String} = '' OR database = {database:String}) \
        AND ({class:String} = '' OR class = {class:String}) \
    ORDER BY at DESC, session_id, sequence DESC, object LIMIT {limit:UInt64}";

/// One column that one execution showed: a row of the view `revealed_access`.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct RevealedRow {
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
    /// `schema.relation.column`, or the label of what is computed, in parentheses.
    pub object: String,
    /// What it holds, such as `email`.
    pub class: String,
    /// How it ended; empty where it has not.
    pub outcome: String,
    /// Rows returned or changed.
    pub rows: u64,
    /// The whole statement.
    pub text: String,
    /// Its session.
    #[serde(with = "clickhouse::serde::uuid")]
    pub session_id: Uuid,
    /// Its number in the session.
    pub sequence: u64,
}

impl Ledger {
    /// What `whose` executions showed of this class, or of any where it is empty, at or after `since`, the newest first, `limit`
    /// rows at most.
    pub async fn revealed(
        &self,
        whose: &Whose,
        class: &str,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<RevealedRow>, LedgerError> {
        let query = whose.restrict(self.client.query(QUERY)).param("since", since.0).param("class", class);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
