//! Rows of the table `column_classes`.

use clickhouse::Row;
use serde::Serialize;

use crate::record::{ColumnClassRecord, UnixMicros};

#[derive(Row, Serialize)]
pub(in crate::ledger) struct ColumnClassRow {
    at: UnixMicros,
    host: String,
    database: String,
    object: String,
    class: String,
    evidence: String,
}

impl From<&ColumnClassRecord> for ColumnClassRow {
    fn from(record: &ColumnClassRecord) -> Self {
        let ColumnClassRecord { at, host, database, object, class, evidence } = record.clone();
        ColumnClassRow { at, host, database, object, class, evidence }
    }
}
