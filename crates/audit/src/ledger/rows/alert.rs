//! Rows of the table `alerts`.

use std::net::Ipv6Addr;

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::{Leaf, Table};
use crate::record::{AlertRecord, UnixMicros};

use super::{Chained, Place, about, as_ipv6};

#[derive(Row, Serialize, Deserialize)]
pub(in crate::ledger) struct AlertRow {
    #[serde(with = "clickhouse::serde::uuid")]
    alert_id: Uuid,
    raised_at: UnixMicros,
    host: String,
    kind: String,
    message: String,
    #[serde(with = "clickhouse::serde::uuid::option")]
    boot_id: Option<Uuid>,
    cookie: u64,
    opened_at: Option<UnixMicros>,
    client_address: Ipv6Addr,
    client_port: u16,
    server_address: Ipv6Addr,
    server_port: u16,
    process_pid: Option<u32>,
    process_command: String,
    process_uid: Option<u32>,
    process_user: String,
    process_cgroup: String,
    socket_path: String,
    process_executable: String,
    process_started_at: Option<UnixMicros>,
    process_login_uid: Option<u32>,
    process_login_user: String,
    process_unit: String,
    process_container: String,
    process_pod: String,
    process_parents: Vec<String>,
    process_network_namespace: Option<u32>,
    process_arguments: Vec<String>,
    process_arguments_hash: String,
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    writer_sequence: u64,
}

impl AlertRow {
    pub(in crate::ledger) fn new(record: &AlertRecord, place: Place) -> Self {
        let connection = record.connection.as_ref();
        let process = connection.and_then(|connection| connection.process.as_ref());
        let facts = process.cloned().unwrap_or_default();
        let client = connection.map(|connection| connection.client);
        let server = connection.map(|connection| connection.server);
        AlertRow {
            alert_id: record.alert_id,
            raised_at: record.raised_at,
            host: record.host.clone(),
            kind: record.kind.name().to_owned(),
            message: record.message.clone(),
            boot_id: connection.map(|connection| connection.boot_id),
            cookie: connection.map(|connection| connection.cookie).unwrap_or_default(),
            opened_at: connection.map(|connection| connection.opened_at),
            client_address: client.map_or(Ipv6Addr::UNSPECIFIED, as_ipv6),
            client_port: client.map(|client| client.port()).unwrap_or_default(),
            server_address: server.map_or(Ipv6Addr::UNSPECIFIED, as_ipv6),
            server_port: server.map(|server| server.port()).unwrap_or_default(),
            process_pid: process.map(|process| process.pid),
            process_command: facts.command,
            process_uid: process.map(|process| process.uid),
            process_user: facts.user,
            process_cgroup: facts.cgroup,
            socket_path: connection.map(|connection| connection.socket_path.clone()).unwrap_or_default(),
            process_executable: facts.executable,
            process_started_at: facts.started_at,
            process_login_uid: facts.login_uid,
            process_login_user: facts.login_user,
            process_unit: facts.unit,
            process_container: facts.container,
            process_pod: facts.pod,
            process_parents: facts.parents,
            process_network_namespace: facts.network_namespace,
            process_arguments: facts.arguments,
            process_arguments_hash: facts.arguments_hash,
            writer_id: place.writer,
            writer_sequence: place.sequence,
        }
    }
}

impl Chained for AlertRow {
    const TABLE: Table = Table::Alerts;

    fn place(&self) -> Place {
        Place { writer: self.writer_id, sequence: self.writer_sequence }
    }

    fn at(&self) -> UnixMicros {
        self.raised_at
    }

    fn about(&self) -> u128 {
        about(Self::TABLE, self.raised_at, self.alert_id, 0)
    }

    fn is_last(&self) -> bool {
        true
    }

    fn leaf(&self) -> u128 {
        let mut leaf = Leaf::new(Self::TABLE.name());
        leaf.id("alert_id", self.alert_id.as_u128())
            .number("raised_at", self.raised_at.0)
            .text("host", &self.host)
            .text("kind", &self.kind)
            .text("message", &self.message)
            .id("boot_id", self.boot_id.map_or(0, |id| id.as_u128()))
            .number("cookie", self.cookie)
            .optional("opened_at", self.opened_at.map(|at| at.0))
            .id("client_address", self.client_address)
            .number("client_port", self.client_port)
            .id("server_address", self.server_address)
            .number("server_port", self.server_port)
            .optional("process_pid", self.process_pid)
            .text("process_command", &self.process_command)
            .optional("process_uid", self.process_uid)
            .text("process_user", &self.process_user)
            .text("process_cgroup", &self.process_cgroup)
            .text("socket_path", &self.socket_path)
            .text("process_executable", &self.process_executable)
            .optional("process_started_at", self.process_started_at.map(|at| at.0))
            .optional("process_login_uid", self.process_login_uid)
            .text("process_login_user", &self.process_login_user)
            .text("process_unit", &self.process_unit)
            .text("process_container", &self.process_container)
            .text("process_pod", &self.process_pod)
            .list("process_parents", &self.process_parents)
            .optional("process_network_namespace", self.process_network_namespace)
            .list("process_arguments", &self.process_arguments)
            .text("process_arguments_hash", &self.process_arguments_hash);
        leaf.half()
    }
}
