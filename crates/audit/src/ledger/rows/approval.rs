//! Rows of the table `approvals`.

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::{Leaf, Table};
use crate::record::{ApprovalRecord, UnixMicros};

use super::{Chained, Place};

#[derive(Row, Serialize, Deserialize)]
pub(in crate::ledger) struct ApprovalRow {
    at: UnixMicros,
    host: String,
    #[serde(with = "clickhouse::serde::uuid")]
    request_id: Uuid,
    event: String,
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
    request_reason: String,
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    writer_sequence: u64,
}

impl ApprovalRow {
    pub(in crate::ledger) fn new(record: &ApprovalRecord, place: Place) -> Self {
        let ApprovalRecord { at, host, request_id, event, session_id, sequence, .. } = record.clone();
        let ApprovalRecord { principal, database, text, rules, groups, by, reason, .. } = record.clone();
        let request_reason = record.request_reason.clone();
        let event = event.word().to_owned();
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
            request_reason,
            writer_id: place.writer,
            writer_sequence: place.sequence,
        }
    }
}

impl Chained for ApprovalRow {
    const TABLE: Table = Table::Approvals;

    fn place(&self) -> Place {
        Place { writer: self.writer_id, sequence: self.writer_sequence }
    }

    fn at(&self) -> UnixMicros {
        self.at
    }

    fn about(&self) -> u128 {
        let mut leaf = Leaf::new("approvals, what");
        leaf.number("at", self.at.0)
            .id("request_id", self.request_id.as_u128())
            .text("event", &self.event)
            .text("by", &self.by);
        leaf.half()
    }

    fn is_last(&self) -> bool {
        false
    }

    fn leaf(&self) -> u128 {
        let mut leaf = Leaf::new(Self::TABLE.name());
        leaf.number("at", self.at.0)
            .text("host", &self.host)
            .id("request_id", self.request_id.as_u128())
            .text("event", &self.event)
            .id("session_id", self.session_id.as_u128())
            .number("sequence", self.sequence)
            .text("principal", &self.principal)
            .text("database", &self.database)
            .text("text", &self.text)
            .list("rules", &self.rules)
            .list("groups", &self.groups)
            .text("by", &self.by)
            .text("reason", &self.reason)
            .text("request_reason", &self.request_reason);
        leaf.half()
    }
}
