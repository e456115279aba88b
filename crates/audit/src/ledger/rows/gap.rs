//! Rows of the table `gaps`.

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::{Leaf, Table};
use crate::record::{GapRecord, UnixMicros};

use super::{Chained, Place};

#[derive(Row, Serialize, Deserialize)]
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
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    writer_sequence: u64,
}

impl GapRow {
    pub(in crate::ledger) fn new(record: &GapRecord, place: Place) -> Self {
        GapRow {
            host: record.host.clone(),
            began_at: record.began_at,
            ended_at: record.ended_at,
            boot_id: record.boot_id,
            reason: record.reason.clone(),
            connections_continued: record.connections_continued,
            connections_ended: record.connections_ended,
            connections_found: record.connections_found,
            writer_id: place.writer,
            writer_sequence: place.sequence,
        }
    }
}

impl Chained for GapRow {
    const TABLE: Table = Table::Gaps;

    fn place(&self) -> Place {
        Place { writer: self.writer_id, sequence: self.writer_sequence }
    }

    fn at(&self) -> UnixMicros {
        self.began_at
    }

    fn about(&self) -> u128 {
        let mut leaf = Leaf::new("gaps, what");
        leaf.number("began_at", self.began_at.0).number("ended_at", self.ended_at.0).text("host", &self.host);
        leaf.half()
    }

    fn is_last(&self) -> bool {
        false
    }

    fn leaf(&self) -> u128 {
        let mut leaf = Leaf::new(Self::TABLE.name());
        leaf.text("host", &self.host)
            .number("began_at", self.began_at.0)
            .number("ended_at", self.ended_at.0)
            .id("boot_id", self.boot_id.as_u128())
            .text("reason", &self.reason)
            .number("connections_continued", self.connections_continued)
            .number("connections_ended", self.connections_ended)
            .number("connections_found", self.connections_found);
        leaf.half()
    }
}
