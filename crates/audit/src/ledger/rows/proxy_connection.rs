//! Rows of the table `proxy_connections`.

use std::net::Ipv6Addr;

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::{Leaf, Table};
use crate::record::{ProxyConnectionRecord, UnixMicros};

use super::{Chained, Place, as_ipv6};

#[derive(Row, Serialize, Deserialize)]
pub(in crate::ledger) struct ProxyConnectionRow {
    host: String,
    started_at: UnixMicros,
    purpose: String,
    database: String,
    upstream_local_address: Ipv6Addr,
    upstream_local_port: u16,
    upstream_address: Ipv6Addr,
    upstream_port: u16,
    upstream_cookie: u64,
    #[serde(with = "clickhouse::serde::uuid")]
    writer_id: Uuid,
    writer_sequence: u64,
}

impl ProxyConnectionRow {
    pub(in crate::ledger) fn new(record: &ProxyConnectionRecord, place: Place) -> Self {
        ProxyConnectionRow {
            host: record.host.clone(),
            started_at: record.started_at,
            purpose: record.purpose.word().to_owned(),
            database: record.database.clone(),
            upstream_local_address: as_ipv6(record.upstream_local),
            upstream_local_port: record.upstream_local.port(),
            upstream_address: as_ipv6(record.upstream),
            upstream_port: record.upstream.port(),
            upstream_cookie: record.upstream_cookie,
            writer_id: place.writer,
            writer_sequence: place.sequence,
        }
    }
}

impl Chained for ProxyConnectionRow {
    const TABLE: Table = Table::ProxyConnections;

    fn place(&self) -> Place {
        Place { writer: self.writer_id, sequence: self.writer_sequence }
    }

    fn at(&self) -> UnixMicros {
        self.started_at
    }

    fn about(&self) -> u128 {
        let mut leaf = Leaf::new("proxy_connections, what");
        leaf.number("started_at", self.started_at.0)
            .text("host", &self.host)
            .id("upstream_local_address", self.upstream_local_address)
            .number("upstream_local_port", self.upstream_local_port)
            .id("upstream_address", self.upstream_address)
            .number("upstream_port", self.upstream_port)
            .number("upstream_cookie", self.upstream_cookie);
        leaf.half()
    }

    fn is_last(&self) -> bool {
        false
    }

    fn leaf(&self) -> u128 {
        let mut leaf = Leaf::new(Self::TABLE.name());
        leaf.text("host", &self.host)
            .number("started_at", self.started_at.0)
            .text("purpose", &self.purpose)
            .text("database", &self.database)
            .id("upstream_local_address", self.upstream_local_address)
            .number("upstream_local_port", self.upstream_local_port)
            .id("upstream_address", self.upstream_address)
            .number("upstream_port", self.upstream_port)
            .number("upstream_cookie", self.upstream_cookie);
        leaf.half()
    }
}
