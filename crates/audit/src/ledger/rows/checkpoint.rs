//! Rows of the table `checkpoints`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::{Checkpoint, Entry, Head, PublicKey, Table};
use crate::record::UnixMicros;

#[derive(Row, Serialize, Deserialize)]
pub(in crate::ledger) struct CheckpointRow {
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    first_sequence: u64,
    last_sequence: u64,
    previous_newest_at: UnixMicros,
    newest_at: UnixMicros,
    previous_hash: String,
    hash: String,
    public_key: String,
    signature: String,
    tables: Vec<i8>,
    moments: Vec<UnixMicros>,
    leaves: Vec<u128>,
    begun: Vec<u128>,
}

impl From<&Checkpoint> for CheckpointRow {
    fn from(checkpoint: &Checkpoint) -> Self {
        let entries = checkpoint.entries.iter();
        CheckpointRow {
            writer_id: checkpoint.writer,
            first_sequence: checkpoint.first(),
            last_sequence: checkpoint.head().sequence,
            previous_newest_at: checkpoint.before.newest_at,
            newest_at: checkpoint.newest_at,
            previous_hash: STANDARD.encode(checkpoint.before.hash),
            hash: STANDARD.encode(checkpoint.hash),
            public_key: checkpoint.key.to_string(),
            signature: STANDARD.encode(checkpoint.signature),
            tables: entries.clone().map(|entry| entry.table.number()).collect(),
            moments: entries.clone().map(|entry| entry.at).collect(),
            leaves: entries.clone().map(|entry| entry.leaf).collect(),
            begun: entries.map(|entry| entry.begun).collect(),
        }
    }
}

impl CheckpointRow {
    /// `None` where no writer writes such a row.
    pub(in crate::ledger) fn checkpoint(&self) -> Option<Checkpoint> {
        let CheckpointRow { tables, moments, leaves, begun, .. } = self;
        let count = tables.len();
        let is_whole = [moments.len(), leaves.len(), begun.len()].iter().all(|len| *len == count);
        let sequence = self.first_sequence.checked_sub(1)?;
        if !is_whole || sequence.checked_add(count as u64)? != self.last_sequence {
            return None;
        }
        let entries = tables.iter().zip(moments).zip(leaves.iter().zip(begun));
        let entries = entries.map(|((table, at), (leaf, begun))| {
            Some(Entry { table: Table::of(*table)?, at: *at, leaf: *leaf, begun: *begun })
        });
        let hash = bytes(&self.previous_hash)?;
        Some(Checkpoint {
            writer: self.writer_id,
            before: Head { sequence, hash, newest_at: self.previous_newest_at },
            entries: entries.collect::<Option<_>>()?,
            newest_at: self.newest_at,
            hash: bytes(&self.hash)?,
            key: PublicKey(bytes(&self.public_key)?),
            signature: bytes(&self.signature)?,
        })
    }

    pub(in crate::ledger) fn first(&self) -> u64 {
        self.first_sequence
    }

    pub(in crate::ledger) fn last(&self) -> u64 {
        self.last_sequence
    }

    pub(in crate::ledger) fn newest_at(&self) -> UnixMicros {
        self.newest_at
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}
