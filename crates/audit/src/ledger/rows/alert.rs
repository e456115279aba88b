//! Rows of the table `alerts`.

use std::net::Ipv6Addr;

use clickhouse::Row;
use serde::Serialize;
use uuid::Uuid;

use crate::record::{AlertKind, AlertRecord, UnixMicros};

use super::as_ipv6;

#[derive(Row, Serialize)]
pub(in crate::ledger) struct AlertRow {
    #[serde(with = "clickhouse::serde::uuid")]
    alert_id: Uuid,
    raised_at: UnixMicros,
    host: String,
    kind: &'static str,
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
}

impl From<&AlertRecord> for AlertRow {
    fn from(record: &AlertRecord) -> Self {
        let connection = record.connection.as_ref();
        let process = connection.and_then(|connection| connection.process.as_ref());
        let client = connection.map(|connection| connection.client);
        let server = connection.map(|connection| connection.server);
        AlertRow {
            alert_id: record.alert_id,
            raised_at: record.raised_at,
            host: record.host.clone(),
            kind: match record.kind {
                AlertKind::Bypass => "bypass",
                AlertKind::EventsLost => "events_lost",
                AlertKind::Gap => "gap",
                AlertKind::Probing => "probing",
            },
            message: record.message.clone(),
            boot_id: connection.map(|connection| connection.boot_id),
            cookie: connection.map(|connection| connection.cookie).unwrap_or_default(),
            opened_at: connection.map(|connection| connection.opened_at),
            client_address: client.map_or(Ipv6Addr::UNSPECIFIED, as_ipv6),
            client_port: client.map(|client| client.port()).unwrap_or_default(),
            server_address: server.map_or(Ipv6Addr::UNSPECIFIED, as_ipv6),
            server_port: server.map(|server| server.port()).unwrap_or_default(),
            process_pid: process.map(|process| process.pid),
            process_command: process.map(|process| process.command.clone()).unwrap_or_default(),
            process_uid: process.map(|process| process.uid),
            process_user: process.map(|process| process.user.clone()).unwrap_or_default(),
            process_cgroup: process.map(|process| process.cgroup.clone()).unwrap_or_default(),
        }
    }
}
