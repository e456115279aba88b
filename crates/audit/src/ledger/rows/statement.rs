//! Rows of the table `statements`.

use clickhouse::Row;
use serde::Serialize;
use uuid::Uuid;

use crate::record::{StatementRecord, UnixMicros};

use super::version;

#[derive(Row, Serialize)]
pub(in crate::ledger) struct StatementRow {
    #[serde(with = "clickhouse::serde::uuid")]
    session_id: Uuid,
    sequence: u64,
    version: u8,
    started_at: UnixMicros,
    finished_at: Option<UnixMicros>,
    principal: String,
    database: String,
    text: String,
    fingerprint: u64,
    effects: Vec<String>,
    relations_read: Vec<String>,
    relations_written: Vec<String>,
    columns: Vec<String>,
    masked_columns: Vec<String>,
    verdict: String,
    rules: Vec<String>,
    readers_disagree: String,
    outcome: String,
    rows: u64,
    bytes: u64,
    sqlstate: String,
}

impl From<&StatementRecord> for StatementRow {
    fn from(record: &StatementRecord) -> Self {
        StatementRow {
            session_id: record.session_id,
            sequence: record.sequence,
            version: version(record.finished_at.is_some()),
            started_at: record.started_at,
            finished_at: record.finished_at,
            principal: record.principal.clone(),
            database: record.database.clone(),
            text: record.text.clone(),
            fingerprint: record.fingerprint,
            effects: record.effects.clone(),
            relations_read: record.relations_read.clone(),
            relations_written: record.relations_written.clone(),
            columns: record.columns.clone(),
            masked_columns: record.masked_columns.clone(),
            verdict: record.verdict.clone(),
            rules: record.rules.clone(),
            readers_disagree: record.readers_disagree.clone(),
            outcome: record.outcome.clone(),
            rows: record.rows,
            bytes: record.bytes,
            sqlstate: record.sqlstate.clone(),
        }
    }
}
