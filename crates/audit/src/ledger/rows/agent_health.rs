//! Rows of the table `agent_health`.

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::{Leaf, Table};
use crate::record::{AgentHealthRecord, UnixMicros};

use super::{Chained, Place};

#[derive(Row, Serialize, Deserialize)]
pub(in crate::ledger) struct AgentHealthRow {
    host: String,
    #[serde(with = "clickhouse::serde::uuid")]
    boot_id: Uuid,
    at: UnixMicros,
    state: String,
    events_submitted: u64,
    events_lost: u64,
    connections_open: u64,
    unix_problem: String,
    processes_lost: u64,
    ends_unseen: u64,
    acts: String,
    denied: u64,
    heartbeat_secs: u32,
    degraded: Vec<String>,
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    writer_sequence: u64,
}

impl AgentHealthRow {
    pub(in crate::ledger) fn new(record: &AgentHealthRecord, place: Place) -> Self {
        AgentHealthRow {
            host: record.host.clone(),
            boot_id: record.boot_id,
            at: record.at,
            state: record.state.clone(),
            events_submitted: record.events_submitted,
            events_lost: record.events_lost,
            connections_open: record.connections_open,
            unix_problem: record.unix_problem.clone(),
            processes_lost: record.processes_lost,
            ends_unseen: record.ends_unseen,
            acts: record.acts.clone(),
            denied: record.denied,
            heartbeat_secs: record.heartbeat_secs,
            degraded: record.degraded.clone(),
            writer_id: place.writer,
            writer_sequence: place.sequence,
        }
    }
}

impl Chained for AgentHealthRow {
    const TABLE: Table = Table::AgentHealth;

    fn place(&self) -> Place {
        Place { writer: self.writer_id, sequence: self.writer_sequence }
    }

    fn at(&self) -> UnixMicros {
        self.at
    }

    fn about(&self) -> u128 {
        let mut leaf = Leaf::new("agent_health, what");
        leaf.number("at", self.at.0)
            .text("host", &self.host)
            .id("boot_id", self.boot_id.as_u128())
            .text("state", &self.state);
        leaf.half()
    }

    fn is_last(&self) -> bool {
        false
    }

    fn leaf(&self) -> u128 {
        let mut leaf = Leaf::new(Self::TABLE.name());
        leaf.text("host", &self.host)
            .id("boot_id", self.boot_id.as_u128())
            .number("at", self.at.0)
            .text("state", &self.state)
            .number("events_submitted", self.events_submitted)
            .number("events_lost", self.events_lost)
            .number("connections_open", self.connections_open)
            .text("unix_problem", &self.unix_problem)
            .number("processes_lost", self.processes_lost)
            .number("ends_unseen", self.ends_unseen)
            .text("acts", &self.acts)
            .number("denied", self.denied)
            .number("heartbeat_secs", self.heartbeat_secs)
            .list("degraded", &self.degraded);
        leaf.half()
    }
}
