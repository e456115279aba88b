//! The question "what runs now?", asked again and again.

use std::time::Duration;

use crate::record::UnixMicros;

use super::{EventRow, Ledger, LedgerError, Page, Whose};

/// An execution as `session_timeline` has it, without that view's other events.
macro_rules! executions {
    ($condition:literal) => {
        concat!(
            "SELECT ?fields FROM ( SELECT session_id, started_at AS at, 'statement' AS event, sequence, principal, database, \
                effects, objects, verdict, rules, masked_columns, finished_at, \
                if(isNull(finished_at), NULL, (toUnixTimestamp64Micro(assumeNotNull(finished_at)) \
                    - toUnixTimestamp64Micro(started_at)) / 1000000) AS duration_seconds, \
                outcome, rows, bytes, sqlstate, text, parameters, masked_values \
            FROM statements FINAL \
            WHERE started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') \
                AND ({principal:String} = '' OR principal = {principal:String}) \
                AND ({database:String} = '' OR database = {database:String}) \
                AND ",
            $condition,
            " ) ORDER BY at DESC, session_id, sequence DESC LIMIT {limit:UInt64}"
        )
    };
}

/// Only of the time that has as many is everything read: the beginnings lie in their order, and one of a person is found by two columns.
/// An execution has two rows at most.
const NEWEST: &str = executions!(
    "started_at >= (SELECT min(started_at) FROM ( \
        SELECT started_at FROM statements \
        WHERE started_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') \
            AND ({principal:String} = '' OR principal = {principal:String}) \
            AND ({database:String} = '' OR database = {database:String}) \
        ORDER BY started_at DESC LIMIT {versions:UInt64}))"
);

/// By ClickHouse's own clock, so that no other clock has a say.
const ARRIVED: &str = executions!("written_at >= now64(6) - toIntervalSecond({window:UInt32})");

impl Ledger {
    /// The newest executions of `whose` that began at or after `since`, `limit` at most.
    pub async fn newest(
        &self,
        whose: &Whose,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<EventRow>, LedgerError> {
        let query = whose.restrict(self.client.query(NEWEST)).param("since", since.0);
        let more = u64::from(limit) + 1;
        let rows = query.param("limit", more).param("versions", 2 * more).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }

    /// Those of which something has reached the ledger in the last `window_secs`, when they began or when they ended.
    pub async fn arrived(
        &self,
        whose: &Whose,
        since: UnixMicros,
        window_secs: u32,
        limit: u32,
        within: Duration,
    ) -> Result<Page<EventRow>, LedgerError> {
        let query =
            whose.restrict(self.client.query(ARRIVED)).param("since", since.0).param("window", window_secs);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
