//! Rows of the table `agent_health`.

use clickhouse::Row;
use serde::Serialize;
use uuid::Uuid;

use crate::record::{AgentHealthRecord, UnixMicros};

#[derive(Row, Serialize)]
pub(in crate::ledger) struct AgentHealthRow {
    host: String,
    #[serde(with = "clickhouse::serde::uuid")]
    boot_id: Uuid,
    at: UnixMicros,
    state: String,
    events_submitted: u64,
    events_lost: u64,
    connections_open: u64,
}

impl From<&AgentHealthRecord> for AgentHealthRow {
    fn from(record: &AgentHealthRecord) -> Self {
        AgentHealthRow {
            host: record.host.clone(),
            boot_id: record.boot_id,
            at: record.at,
            state: record.state.clone(),
            events_submitted: record.events_submitted,
            events_lost: record.events_lost,
            connections_open: record.connections_open,
        }
    }
}
