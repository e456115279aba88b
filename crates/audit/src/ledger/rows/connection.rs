//! Rows of the table `connections`.

use std::net::Ipv6Addr;

use clickhouse::Row;
use serde::Serialize;
use uuid::Uuid;

use crate::record::{ConnectionClass, ConnectionRecord, Ending, Evidence, Opening, UnixMicros};

use super::{as_ipv6, version};

#[derive(Row, Serialize)]
pub(in crate::ledger) struct ConnectionRow {
    #[serde(with = "clickhouse::serde::uuid")]
    boot_id: Uuid,
    cookie: u64,
    opened_at: UnixMicros,
    version: u8,
    host: String,
    client_cookie: u64,
    closed_at: Option<UnixMicros>,
    client_address: Ipv6Addr,
    client_port: u16,
    server_address: Ipv6Addr,
    server_port: u16,
    class: &'static str,
    evidence: &'static str,
    process_pid: Option<u32>,
    process_command: String,
    process_uid: Option<u32>,
    process_user: String,
    process_cgroup_id: u64,
    process_cgroup: String,
    bytes_to_server: u64,
    bytes_to_client: u64,
    opening: &'static str,
    ending: &'static str,
}

impl From<&ConnectionRecord> for ConnectionRow {
    fn from(record: &ConnectionRecord) -> Self {
        let process = record.process.as_ref();
        ConnectionRow {
            boot_id: record.boot_id,
            cookie: record.cookie,
            opened_at: record.opened_at,
            version: version(record.closed_at.is_some()),
            host: record.host.clone(),
            client_cookie: record.client_cookie,
            closed_at: record.closed_at,
            client_address: as_ipv6(record.client),
            client_port: record.client.port(),
            server_address: as_ipv6(record.server),
            server_port: record.server.port(),
            class: class(record.class),
            evidence: evidence(record.evidence),
            process_pid: process.map(|process| process.pid),
            process_command: process.map(|process| process.command.clone()).unwrap_or_default(),
            process_uid: process.map(|process| process.uid),
            process_user: process.map(|process| process.user.clone()).unwrap_or_default(),
            process_cgroup_id: process.map(|process| process.cgroup_id).unwrap_or_default(),
            process_cgroup: process.map(|process| process.cgroup.clone()).unwrap_or_default(),
            bytes_to_server: record.bytes_to_server,
            bytes_to_client: record.bytes_to_client,
            opening: opening(record.opening),
            ending: record.closed_at.map_or("", |_| ending(record.ending)),
        }
    }
}

fn class(class: ConnectionClass) -> &'static str {
    match class {
        ConnectionClass::Proxied => "proxied",
        ConnectionClass::Bypass => "bypass",
        ConnectionClass::Outgoing => "outgoing",
        ConnectionClass::Unknown => "unknown",
    }
}

fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Kernel => "kernel",
        Evidence::Holder => "holder",
        Evidence::Address => "address",
        Evidence::None => "none",
    }
}

fn opening(opening: Opening) -> &'static str {
    match opening {
        Opening::Seen => "seen",
        Opening::Found => "found",
    }
}

fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Seen => "seen",
        Ending::Away => "away",
        Ending::Missed => "missed",
    }
}
