//! Rows of the table `sessions`.

use std::net::Ipv6Addr;

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::{Leaf, Table};
use crate::record::{SessionRecord, UnixMicros};

use super::{BEGUN, Chained, Place, about, as_ipv6, version};

#[derive(Row, Serialize, Deserialize)]
pub(in crate::ledger) struct SessionRow {
    #[serde(with = "clickhouse::serde::uuid")]
    session_id: Uuid,
    version: u8,
    host: String,
    started_at: UnixMicros,
    ended_at: Option<UnixMicros>,
    end_reason: String,
    principal: String,
    authenticated_by: String,
    actor: String,
    kind: String,
    groups: Vec<String>,
    database: String,
    database_role: String,
    environment: String,
    application_name: String,
    application_names: Vec<String>,
    client_address: Ipv6Addr,
    client_port: u16,
    upstream_local_address: Ipv6Addr,
    upstream_local_port: u16,
    upstream_address: Ipv6Addr,
    upstream_port: u16,
    upstream_cookie: u64,
    backend_pid: i32,
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    writer_sequence: u64,
}

impl SessionRow {
    pub(in crate::ledger) fn new(record: &SessionRecord, place: Place) -> Self {
        SessionRow {
            session_id: record.session_id,
            version: version(record.ended_at.is_some()),
            host: record.host.clone(),
            started_at: record.started_at,
            ended_at: record.ended_at,
            end_reason: record.end_reason.clone(),
            principal: record.principal.clone(),
            authenticated_by: record.authenticated_by.clone(),
            actor: record.actor.clone(),
            kind: record.kind.clone(),
            groups: record.groups.clone(),
            database: record.database.clone(),
            database_role: record.database_role.clone(),
            environment: record.environment.clone(),
            application_name: record.application_name.clone(),
            application_names: record.application_names.clone(),
            client_address: as_ipv6(record.client),
            client_port: record.client.port(),
            upstream_local_address: as_ipv6(record.upstream_local),
            upstream_local_port: record.upstream_local.port(),
            upstream_address: as_ipv6(record.upstream),
            upstream_port: record.upstream.port(),
            upstream_cookie: record.upstream_cookie,
            backend_pid: record.backend_pid,
            writer_id: place.writer,
            writer_sequence: place.sequence,
        }
    }
}

impl Chained for SessionRow {
    const TABLE: Table = Table::Sessions;

    fn place(&self) -> Place {
        Place { writer: self.writer_id, sequence: self.writer_sequence }
    }

    fn at(&self) -> UnixMicros {
        self.started_at
    }

    fn about(&self) -> u128 {
        about(Self::TABLE, self.started_at, self.session_id, 0)
    }

    fn is_last(&self) -> bool {
        self.version != BEGUN
    }

    fn leaf(&self) -> u128 {
        let mut leaf = Leaf::new(Self::TABLE.name());
        leaf.id("session_id", self.session_id.as_u128())
            .number("version", self.version)
            .text("host", &self.host)
            .number("started_at", self.started_at.0)
            .optional("ended_at", self.ended_at.map(|at| at.0))
            .text("end_reason", &self.end_reason)
            .text("principal", &self.principal)
            .text("authenticated_by", &self.authenticated_by)
            .text("actor", &self.actor)
            .text("kind", &self.kind)
            .list("groups", &self.groups)
            .text("database", &self.database)
            .text("database_role", &self.database_role)
            .text("environment", &self.environment)
            .text("application_name", &self.application_name)
            .list("application_names", &self.application_names)
            .id("client_address", self.client_address)
            .number("client_port", self.client_port)
            .id("upstream_local_address", self.upstream_local_address)
            .number("upstream_local_port", self.upstream_local_port)
            .id("upstream_address", self.upstream_address)
            .number("upstream_port", self.upstream_port)
            .number("upstream_cookie", self.upstream_cookie)
            .number("backend_pid", self.backend_pid);
        leaf.half()
    }
}
