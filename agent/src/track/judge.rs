//! Decides how a connection came, and says so in a sentence.

use std::net::IpAddr;

use audit::record::{ConnectionClass, ConnectionRecord, Evidence};
use ebpf_abi::Process;

use super::Witness;

type Judgement = (ConnectionClass, Evidence);

/// The database is on another host, whose own agent judges.
pub(super) fn elsewhere() -> Judgement {
    (ConnectionClass::Outgoing, Evidence::None)
}

/// Both ends are here: only the registered proxy's own process may connect, whatever its address.
pub(super) fn by_process(process: Option<&Process>, witness: &mut impl Witness) -> Judgement {
    match process {
        Some(process) if witness.is_proxy(process) => (ConnectionClass::Proxied, Evidence::Kernel),
        _ => (ConnectionClass::Bypass, Evidence::None),
    }
}

/// The client is elsewhere.
pub(super) fn by_address(client: IpAddr, witness: &impl Witness) -> Judgement {
    if witness.is_proxy_address(client) {
        (ConnectionClass::Proxied, Evidence::Address)
    } else {
        (ConnectionClass::Bypass, Evidence::None)
    }
}

/// One sentence that names process, user and addresses.
pub(super) fn bypass_message(record: &ConnectionRecord) -> String {
    let (client, server) = (record.client, record.server);
    let Some(process) = &record.process else {
        return format!("{client} connected to {server} around the proxy");
    };
    let user = match process.user.as_str() {
        "" => format!("uid {}", process.uid),
        name => format!("user {name}"),
    };
    let (command, pid) = (&process.command, process.pid);
    format!("{command} (pid {pid}, {user}) connected to {server} from {client} around the proxy")
}
