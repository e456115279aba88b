//! Connections that processes of this host, or clients on other hosts, were refused, or would have been. There is nothing to pair: nobody else has
//! heard of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use audit::record::{
    AlertKind, AlertRecord, ConnectionClass, ConnectionRecord, Ending, Evidence, Opening, Record,
    StartupFacts,
};
use ebpf_abi::Refused;

use super::{Arrival, Tracker, Witness};
use crate::{event, sentence};

impl Tracker {
    pub(super) fn on_refused(
        &mut self,
        refused: &Refused,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) {
        let at = witness.at(refused.at_boot_ns);
        let server = event::socket_address(&refused.server);
        let client = (refused.client.port != 0).then(|| event::socket_address(&refused.client));
        let process = client.is_none().then_some(&refused.process);
        let from = client.map(|client| client.ip());
        let arrival = Arrival { at, client: from, server_port: server.port(), process };
        // The kernel programs know of a proxy that has just started, or of a rule, a moment later than it is so.
        let is_proxy = match (process, from) {
            (Some(process), _) => witness.is_proxy(process),
            (None, from) => from.is_some_and(|from| witness.is_proxy_address(from)),
        };
        let mistake = match is_proxy {
            true => Some("it is the registered proxy".to_owned()),
            false => witness.rule_for(&arrival).map(|rule| format!("rule `{rule}` allows it")),
        };
        // The kernel chooses a process's own address later.
        let nowhere = match server.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let record = ConnectionRecord {
            host: self.host.name.clone(),
            boot_id: self.host.boot_id,
            cookie: refused.client_cookie,
            client_cookie: refused.client_cookie,
            opened_at: at,
            opening: Opening::Seen,
            closed_at: Some(at),
            ending: Ending::Seen,
            client: client.unwrap_or(SocketAddr::new(nowhere, 0)),
            server,
            socket_path: String::new(),
            class: ConnectionClass::Bypass,
            evidence: Evidence::None,
            rule: String::new(),
            process: process.map(|process| witness.facts(process, refused.at_boot_ns)),
            startup: StartupFacts::default(),
            bytes_to_server: 0,
            bytes_to_client: 0,
        };
        let is_denied = refused.is_denied != 0;
        out.push(Record::Alert(AlertRecord {
            alert_id: witness.alert_id(),
            raised_at: at,
            host: self.host.name.clone(),
            kind: if is_denied { AlertKind::Denied } else { AlertKind::WouldDeny },
            message: sentence::refused(&record, is_denied, mistake.as_deref()),
            connection: Some(record),
        }));
    }
}
