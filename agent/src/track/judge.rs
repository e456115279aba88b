//! Decides how a connection came, and says so in a sentence.

use std::net::IpAddr;

use audit::record::{ConnectionClass, ConnectionRecord, Evidence, Opening};
use ebpf_abi::Process;

use super::Witness;
use crate::snapshot::{Look, Reach, Standing};

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

/// It was open before the agent looked: whoever holds it now is taken for who asked for it. Returns also that process.
pub(super) fn by_look(
    standing: &Standing,
    look: &Look,
    witness: &mut impl Witness,
) -> (Judgement, Option<Process>) {
    let unknown = (ConnectionClass::Unknown, Evidence::None);
    if standing.client_cookie == 0 {
        let judgement = by_address(standing.client.ip(), witness);
        // Its other end may be in a network namespace of this host that could not be seen.
        let is_sure = judgement.0 == ConnectionClass::Proxied || look.reach == Reach::Whole;
        return (if is_sure { judgement } else { unknown }, None);
    }
    let stranger = standing.holders.iter().find(|process| !witness.is_proxy(process)).copied();
    let process = stranger.or(standing.holders.first().copied());
    let judgement = match (standing.is_served_here, stranger, process) {
        (false, ..) if look.reach == Reach::Whole => elsewhere(),
        (false, ..) => unknown,
        (true, Some(_), _) => (ConnectionClass::Bypass, Evidence::None),
        (true, None, Some(_)) => (ConnectionClass::Proxied, Evidence::Holder),
        // A process that could not be asked may hold it.
        (true, None, None) if !look.are_holders_whole => unknown,
        // A socket may be on its way from one process to another, or be hidden.
        (true, None, None) => (ConnectionClass::Bypass, Evidence::None),
    };
    (judgement, process)
}

/// One sentence that names process, user and addresses.
pub(super) fn bypass_message(record: &ConnectionRecord) -> String {
    let (client, server) = (record.client, record.server);
    let (connected, since) = match record.opening {
        Opening::Seen => ("connected", ""),
        Opening::Found => ("is connected", ", since before the agent looked"),
    };
    let Some(process) = &record.process else {
        return format!("{client} {connected} to {server} around the proxy{since}");
    };
    let user = match process.user.as_str() {
        "" => format!("uid {}", process.uid),
        name => format!("user {name}"),
    };
    let (command, pid) = (&process.command, process.pid);
    format!("{command} (pid {pid}, {user}) {connected} to {server} from {client} around the proxy{since}")
}
