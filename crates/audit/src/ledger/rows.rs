//! The rows that are written, one struct per table; fields are columns, and the comments on them are in `migrations`.

mod agent_health;
mod alert;
mod approval;
mod connection;
mod gap;
mod session;
mod statement;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

pub(super) use self::agent_health::AgentHealthRow;
pub(super) use self::alert::AlertRow;
pub(super) use self::approval::ApprovalRow;
pub(super) use self::connection::ConnectionRow;
pub(super) use self::gap::GapRow;
pub(super) use self::session::SessionRow;
pub(super) use self::statement::Statements;

/// Version of a row about something that goes on.
const BEGUN: u8 = 0;
/// Version of a row about something that ended: it wins.
const ENDED: u8 = 1;

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
