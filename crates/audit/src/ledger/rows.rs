//! The rows that are written, one struct per table; fields are columns, and the comments on them are in `migrations`.

mod agent_health;
mod alert;
mod approval;
mod checkpoint;
mod column_class;
mod connection;
mod gap;
mod proxy_connection;
mod session;
mod statement;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use clickhouse::RowOwned;
use uuid::Uuid;

use crate::chain::{Entry, Leaf, Table};
use crate::record::UnixMicros;

pub(super) use self::agent_health::AgentHealthRow;
pub(super) use self::alert::AlertRow;
pub(super) use self::approval::ApprovalRow;
pub(super) use self::checkpoint::CheckpointRow;
pub(super) use self::column_class::ColumnClassWritten;
pub(super) use self::connection::ConnectionRow;
pub(super) use self::gap::GapRow;
pub(super) use self::proxy_connection::ProxyConnectionRow;
pub(super) use self::session::SessionRow;
pub(super) use self::statement::{StatementRow, Statements};

/// Version of a row about something that goes on.
const BEGUN: u8 = 0;
/// Version of a row about something that ended: it wins.
const ENDED: u8 = 1;

/// A place in the chain of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) writer: Uuid,
    pub(super) sequence: u64,
}

/// A row that is a record. What is written and what is read has the same hash by the same code.
pub(super) trait Chained: RowOwned {
    const TABLE: Table;

    fn place(&self) -> Place;

    /// When what it is about began: the column [`Table::moment`].
    fn at(&self) -> UnixMicros;

    /// Hash of what it is about: of two rows that have the same, ClickHouse may forget the earlier one.
    fn about(&self) -> u128;

    /// No later record is to take its place.
    fn is_last(&self) -> bool;

    /// Hash of all columns that a record fills.
    fn leaf(&self) -> u128;

    /// What a checkpoint has of it.
    fn entry(&self) -> Entry {
        let begun = if self.is_last() { 0 } else { self.about() };
        Entry { table: Self::TABLE, at: self.at(), leaf: self.leaf(), begun }
    }
}

/// What a row is about where that has an identity of its own and a number.
fn about(table: Table, at: UnixMicros, id: Uuid, number: u64) -> u128 {
    let mut leaf = Leaf::new(table.name());
    leaf.number("at", at.0).id("id", id.as_u128()).number("number", number);
    leaf.half()
}

fn version(has_ended: bool) -> u8 {
    if has_ended { ENDED } else { BEGUN }
}

/// The ledger has one type of address.
fn as_ipv6(address: SocketAddr) -> Ipv6Addr {
    match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}
