//! Rows of the table `statements` as they are read again.

use clickhouse::Row;
use serde::Deserialize;
use uuid::Uuid;

use crate::chain::{Leaf, Table};
use crate::ledger::rows::{BEGUN, Chained, Place, about};
use crate::record::UnixMicros;

use super::{CommonColumns, OwnColumns, common_hash, leaf};

#[derive(Row, Deserialize)]
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
    normalised: String,
    effects: Vec<String>,
    relations_read: Vec<String>,
    relations_written: Vec<String>,
    columns: Vec<String>,
    masked_columns: Vec<String>,
    revealed_columns: Vec<String>,
    revealed_classes: Vec<String>,
    objects: Vec<String>,
    verdict: String,
    rules: Vec<String>,
    readers_disagree: String,
    outcome: String,
    rows: u64,
    bytes: u64,
    sqlstate: String,
    values_given: Vec<u64>,
    parameters: Vec<String>,
    masked_values: u64,
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    writer_sequence: u64,
}

impl Chained for StatementRow {
    const TABLE: Table = Table::Statements;

    fn place(&self) -> Place {
        Place { writer: self.writer_id, sequence: self.writer_sequence }
    }

    fn at(&self) -> UnixMicros {
        self.started_at
    }

    fn about(&self) -> u128 {
        about(Self::TABLE, self.started_at, self.session_id, self.sequence)
    }

    fn is_last(&self) -> bool {
        self.version != BEGUN
    }

    fn leaf(&self) -> u128 {
        let common = CommonColumns {
            fingerprint: self.fingerprint,
            effects: &self.effects,
            relations_read: &self.relations_read,
            relations_written: &self.relations_written,
            columns: &self.columns,
            masked_columns: &self.masked_columns,
            revealed_columns: &self.revealed_columns,
            revealed_classes: &self.revealed_classes,
            objects: &self.objects,
            verdict: &self.verdict,
            rules: &self.rules,
            readers_disagree: &self.readers_disagree,
            normalised: &self.normalised,
        };
        let own = OwnColumns {
            session_id: self.session_id,
            sequence: self.sequence,
            version: self.version,
            started_at: self.started_at,
            finished_at: self.finished_at,
            principal: &self.principal,
            database: &self.database,
            text: &self.text,
            outcome: &self.outcome,
            rows: self.rows,
            bytes: self.bytes,
            masked_values: self.masked_values,
            sqlstate: &self.sqlstate,
            values_given: self.values_given.iter().copied(),
            parameters: &self.parameters,
        };
        leaf(&mut Leaf::new(""), own, &common_hash(&common))
    }
}
