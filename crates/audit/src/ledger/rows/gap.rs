//! Rows of the table `gaps`.

use clickhouse::Row;
use serde::Serialize;
use uuid::Uuid;

use crate::record::{GapRecord, UnixMicros};

#[derive(Row, Serialize)]
pub(in crate::ledger) struct GapRow {
    host: String,
    began_at: UnixMicros,
    ended_at: UnixMicros,
    #[serde(with = "clickhouse::serde::uuid")]
    boot_id: Uuid,
    reason: String,
    connections_continued: u64,
    connections_ended: u64,
    connections_found: u64,
}

impl From<&GapRecord> for GapRow {
    fn from(record: &GapRecord) -> Self {
        GapRow {
            host: record.host.clone(),
            began_at: record.began_at,
            ended_at: record.ended_at,
            boot_id: record.boot_id,
            reason: record.reason.clone(),
            connections_continued: record.connections_continued,
            connections_ended: record.connections_ended,
            connections_found: record.connections_found,
        }
    }
}
