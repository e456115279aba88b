//! Rows of the table `connections`.

use std::net::Ipv6Addr;

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::{Leaf, Table};
use crate::record::{ConnectionClass, ConnectionRecord, Encryption, Ending, Evidence, Opening, UnixMicros};

use super::{Chained, Place, about, as_ipv6, version};

#[derive(Row, Serialize, Deserialize)]
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
    class: String,
    evidence: String,
    process_pid: Option<u32>,
    process_command: String,
    process_uid: Option<u32>,
    process_user: String,
    process_cgroup_id: u64,
    process_cgroup: String,
    bytes_to_server: u64,
    bytes_to_client: u64,
    opening: String,
    ending: String,
    rule: String,
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
    encryption: String,
    database_role: String,
    database: String,
    application_name: String,
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    writer_sequence: u64,
}

impl ConnectionRow {
    pub(in crate::ledger) fn new(record: &ConnectionRecord, place: Place) -> Self {
        let process = record.process.as_ref();
        let facts = process.cloned().unwrap_or_default();
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
            class: class(record.class).to_owned(),
            evidence: evidence(record.evidence).to_owned(),
            process_pid: process.map(|process| process.pid),
            process_command: facts.command,
            process_uid: process.map(|process| process.uid),
            process_user: facts.user,
            process_cgroup_id: facts.cgroup_id,
            process_cgroup: facts.cgroup,
            bytes_to_server: record.bytes_to_server,
            bytes_to_client: record.bytes_to_client,
            opening: opening(record.opening).to_owned(),
            ending: record.closed_at.map_or("", |_| ending(record.ending)).to_owned(),
            rule: record.rule.clone(),
            socket_path: record.socket_path.clone(),
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
            encryption: encryption(record.startup.encryption).to_owned(),
            database_role: record.startup.database_role.clone(),
            database: record.startup.database.clone(),
            application_name: record.startup.application_name.clone(),
            writer_id: place.writer,
            writer_sequence: place.sequence,
        }
    }
}

impl Chained for ConnectionRow {
    const TABLE: Table = Table::Connections;

    fn place(&self) -> Place {
        Place { writer: self.writer_id, sequence: self.writer_sequence }
    }

    fn at(&self) -> UnixMicros {
        self.opened_at
    }

    fn about(&self) -> u128 {
        about(Self::TABLE, self.opened_at, self.boot_id, self.cookie)
    }

    /// An agent that comes back may tell of a connection again.
    fn is_last(&self) -> bool {
        false
    }

    fn leaf(&self) -> u128 {
        let mut leaf = Leaf::new(Self::TABLE.name());
        leaf.id("boot_id", self.boot_id.as_u128())
            .number("cookie", self.cookie)
            .number("opened_at", self.opened_at.0)
            .number("version", self.version)
            .text("host", &self.host)
            .number("client_cookie", self.client_cookie)
            .optional("closed_at", self.closed_at.map(|at| at.0))
            .id("client_address", self.client_address)
            .number("client_port", self.client_port)
            .id("server_address", self.server_address)
            .number("server_port", self.server_port)
            .text("class", &self.class)
            .text("evidence", &self.evidence)
            .optional("process_pid", self.process_pid)
            .text("process_command", &self.process_command)
            .optional("process_uid", self.process_uid)
            .text("process_user", &self.process_user)
            .number("process_cgroup_id", self.process_cgroup_id)
            .text("process_cgroup", &self.process_cgroup)
            .number("bytes_to_server", self.bytes_to_server)
            .number("bytes_to_client", self.bytes_to_client)
            .text("opening", &self.opening)
            .text("ending", &self.ending)
            .text("rule", &self.rule)
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
            .text("process_arguments_hash", &self.process_arguments_hash)
            .text("encryption", &self.encryption)
            .text("database_role", &self.database_role)
            .text("database", &self.database)
            .text("application_name", &self.application_name);
        leaf.half()
    }
}

fn class(class: ConnectionClass) -> &'static str {
    match class {
        ConnectionClass::Proxied => "proxied",
        ConnectionClass::Bypass => "bypass",
        ConnectionClass::Allowed => "allowed",
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

/// As in older rows, nothing stands where nothing is known.
fn encryption(encryption: Encryption) -> &'static str {
    match encryption {
        Encryption::Unknown => "",
        Encryption::None => "none",
        Encryption::Refused => "refused",
        Encryption::Tls => "tls",
        Encryption::Gss => "gss",
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
