//! Who touched an object, person by person: a lookup in what `access_days` has, however long ago it was.

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;

use super::{Ledger, LedgerError, Object, Page};
use crate::record::UnixMicros;

/// Whole days are asked for: the first may have begun before `since`.
const QUERY: &str = "SELECT principal, database, uniqExact(day) AS days, min(access_days.first_at) AS first_at, \
        max(access_days.last_at) AS last_at, max(access_days.read) AS read, max(access_days.written) AS written, \
        max(access_days.masked) AS masked, max(access_days.revealed) AS revealed, max(access_days.refused) AS refused, \
        arraySort(groupUniqArrayArray(access_days.effects)) AS effects \
    FROM access_days \
    WHERE object = {object:String} AND day >= toDate(fromUnixTimestamp64Micro({since:Int64}, 'UTC'), 'UTC') \
    GROUP BY principal, database ORDER BY last_at DESC, principal, database LIMIT {limit:UInt64}";

/// One principal who touched an object of one database, or tried to.
#[derive(Clone, Debug, PartialEq, Row, Deserialize)]
pub struct PersonRow {
    /// Who: the user of the proxy.
    pub principal: String,
    /// Where.
    pub database: String,
    /// On how many days, in UTC.
    pub days: u64,
    /// The first time.
    pub first_at: UnixMicros,
    /// The last time.
    pub last_at: UnixMicros,
    /// 1 where something read it that was allowed.
    pub read: u8,
    /// 1 where something wrote it that was allowed.
    pub written: u8,
    /// 1 where it, or a column of it, was masked in a result.
    pub masked: u8,
    /// 1 where it, or a column of it, is sensitive and was shown as it is.
    pub revealed: u8,
    /// 1 where something was refused that would have touched it.
    pub refused: u8,
    /// What those statements do, by name.
    pub effects: Vec<String>,
}

impl Ledger {
    /// Who touched `object` on the day of `since` or later, whoever did last first, `limit` of them at most.
    pub async fn people(
        &self,
        object: &Object,
        since: UnixMicros,
        limit: u32,
        within: Duration,
    ) -> Result<Page<PersonRow>, LedgerError> {
        let query = self.client.query(QUERY).param("object", object.name()).param("since", since.0);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
