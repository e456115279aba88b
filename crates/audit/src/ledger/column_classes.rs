//! Rows of the table `column_classes`, and the question "which columns are sensitive, and how is that known?".

use std::time::Duration;

use clickhouse::Row;
use serde::Deserialize;

use crate::record::UnixMicros;

use super::{Ledger, LedgerError, Object, Page};

const NOW: &str = "SELECT since AS at, host, database, object, class, evidence, confidence, values_seen, values_of_class \
    FROM classified_columns WHERE {database:String} = '' OR database = {database:String} ORDER BY database, object LIMIT {limit:UInt64}";

const HISTORY: &str = "SELECT at, host, database, object, class, evidence, confidence, values_seen, values_of_class \
    FROM column_classes FINAL WHERE object = {object:String} OR startsWith(object, concat({object:String}, '.')) \
    ORDER BY at DESC, database, object LIMIT {limit:UInt64}";

/// What became known of one column.
#[derive(Clone, Debug, PartialEq, Eq, Row, Deserialize)]
pub struct ColumnClassRow {
    /// When.
    pub at: UnixMicros,
    /// The proxy's host.
    pub host: String,
    /// The database.
    pub database: String,
    /// `schema.relation.column`.
    pub object: String,
    /// What it holds; empty where it is gone, or not sensitive any more.
    pub class: String,
    /// What told it, as in [`ColumnClassRecord`](crate::record::ColumnClassRecord).
    pub evidence: String,
    /// How sure that is: `certain`, `high`, `medium` or `low`; empty where it was not told.
    pub confidence: String,
    /// Values of the column that were seen.
    pub values_seen: u32,
    /// How many of them have the form of the class.
    pub values_of_class: u32,
}

impl Ledger {
    /// Columns that are sensitive now, of `database` or, where that is empty, of all; `limit` of them at most.
    pub async fn classified_columns(
        &self,
        database: &str,
        limit: u32,
        within: Duration,
    ) -> Result<Page<ColumnClassRow>, LedgerError> {
        let query = self.client.query(NOW).param("database", database);
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }

    /// All that became known of a column, or of those of a relation, the newest first; `limit` rows at most.
    pub async fn column_history(
        &self,
        object: &Object,
        limit: u32,
        within: Duration,
    ) -> Result<Page<ColumnClassRow>, LedgerError> {
        let query = self.client.query(HISTORY).param("object", object.name());
        let rows = query.param("limit", u64::from(limit) + 1).fetch_all();
        Ok(Page::of(self.bounded(within, rows).await?, limit))
    }
}
