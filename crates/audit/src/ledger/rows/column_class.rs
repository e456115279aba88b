//! Rows of the table `column_classes`, as they are written.

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::{Leaf, Table};
use crate::record::{ColumnClassRecord, UnixMicros};

use super::{Chained, Place};

#[derive(Row, Serialize, Deserialize)]
pub(in crate::ledger) struct ColumnClassWritten {
    at: UnixMicros,
    host: String,
    database: String,
    object: String,
    class: String,
    evidence: String,
    confidence: String,
    values_seen: u32,
    values_of_class: u32,
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    writer_sequence: u64,
}

impl ColumnClassWritten {
    pub(in crate::ledger) fn new(record: &ColumnClassRecord, place: Place) -> Self {
        let ColumnClassRecord {
            at,
            host,
            database,
            object,
            class,
            evidence,
            confidence,
            values_seen,
            values_of_class,
        } = record.clone();
        ColumnClassWritten {
            at,
            host,
            database,
            object,
            class,
            evidence,
            confidence,
            values_seen,
            values_of_class,
            writer_id: place.writer,
            writer_sequence: place.sequence,
        }
    }
}

impl Chained for ColumnClassWritten {
    const TABLE: Table = Table::ColumnClasses;

    fn place(&self) -> Place {
        Place { writer: self.writer_id, sequence: self.writer_sequence }
    }

    fn at(&self) -> UnixMicros {
        self.at
    }

    fn about(&self) -> u128 {
        let mut leaf = Leaf::new("column_classes, what");
        leaf.number("at", self.at.0)
            .text("database", &self.database)
            .text("object", &self.object)
            .text("host", &self.host);
        leaf.half()
    }

    fn is_last(&self) -> bool {
        false
    }

    fn leaf(&self) -> u128 {
        let mut leaf = Leaf::new(Self::TABLE.name());
        leaf.number("at", self.at.0)
            .text("host", &self.host)
            .text("database", &self.database)
            .text("object", &self.object)
            .text("class", &self.class)
            .text("evidence", &self.evidence)
            .text("confidence", &self.confidence)
            .number("values_seen", self.values_seen)
            .number("values_of_class", self.values_of_class);
        leaf.half()
    }
}
