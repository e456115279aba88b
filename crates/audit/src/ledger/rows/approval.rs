//! Rows of the table `approvals`.

use clickhouse::Row;
use serde::Serialize;
use uuid::Uuid;

use crate::record::{ApprovalRecord, UnixMicros};

#[derive(Row, Serialize)]
pub(in crate::ledger) struct ApprovalRow {
    at: UnixMicros,
    host: String,
    #[serde(with = "clickhouse::serde::uuid")]
    request_id: Uuid,
    event: &'static str,
    #[serde(with = "clickhouse::serde::uuid")]
    session_id: Uuid,
    sequence: u64,
    principal: String,
    database: String,
    text: String,
    rules: Vec<String>,
    groups: Vec<String>,
    by: String,
    reason: String,
}

impl From<&ApprovalRecord> for ApprovalRow {
    fn from(record: &ApprovalRecord) -> Self {
        let ApprovalRecord { at, host, request_id, event, session_id, sequence, .. } = record.clone();
        let ApprovalRecord { principal, database, text, rules, groups, by, reason, .. } = record.clone();
        let event = event.word();
        ApprovalRow {
            at,
            host,
            request_id,
            event,
            session_id,
            sequence,
            principal,
            database,
            text,
            rules,
            groups,
            by,
            reason,
        }
    }
}
