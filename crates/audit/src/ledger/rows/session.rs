//! Rows of the table `sessions`.

use std::net::Ipv6Addr;

use clickhouse::Row;
use serde::Serialize;
use uuid::Uuid;

use crate::record::{SessionRecord, UnixMicros};

use super::{as_ipv6, version};

#[derive(Row, Serialize)]
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
}

impl From<&SessionRecord> for SessionRow {
    fn from(record: &SessionRecord) -> Self {
        SessionRow {
            session_id: record.session_id,
            version: version(record.ended_at.is_some()),
            host: record.host.clone(),
            started_at: record.started_at,
            ended_at: record.ended_at,
            end_reason: record.end_reason.clone(),
            principal: record.principal.clone(),
            authenticated_by: record.authenticated_by.clone(),
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
        }
    }
}
