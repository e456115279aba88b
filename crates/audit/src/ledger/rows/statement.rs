//! Rows of the table `statements`.

use clickhouse::Row;
use serde::Serialize;
use uuid::Uuid;

use crate::record::{Statement, StatementRecord, UnixMicros};

use super::version;

/// Borrows from its record: there are many.
#[derive(Row, Serialize)]
pub(in crate::ledger) struct StatementRow<'a> {
    #[serde(with = "clickhouse::serde::uuid")]
    session_id: Uuid,
    sequence: u64,
    version: u8,
    started_at: UnixMicros,
    finished_at: Option<UnixMicros>,
    principal: &'a str,
    database: &'a str,
    text: &'a str,
    fingerprint: u64,
    effects: &'a [String],
    relations_read: &'a [String],
    relations_written: &'a [String],
    columns: &'a [String],
    masked_columns: &'a [String],
    verdict: &'a str,
    rules: &'a [String],
    readers_disagree: &'a str,
    outcome: &'a str,
    rows: u64,
    bytes: u64,
    sqlstate: &'a str,
}

impl<'a> From<&'a StatementRecord> for StatementRow<'a> {
    fn from(record: &'a StatementRecord) -> Self {
        let statement: &Statement = &record.statement;
        StatementRow {
            session_id: record.session_id,
            sequence: record.sequence,
            version: version(record.finished_at.is_some()),
            started_at: record.started_at,
            finished_at: record.finished_at,
            principal: &record.principal,
            database: &record.database,
            text: record.text(),
            fingerprint: statement.fingerprint,
            effects: &statement.effects,
            relations_read: &statement.relations_read,
            relations_written: &statement.relations_written,
            columns: &statement.columns,
            masked_columns: &statement.masked_columns,
            verdict: &statement.verdict,
            rules: &statement.rules,
            readers_disagree: &statement.readers_disagree,
            outcome: record.outcome.name(),
            rows: record.rows,
            bytes: record.bytes,
            sqlstate: &record.sqlstate,
        }
    }
}
