//! Connections that processes of this host were refused, or would have been. There is nothing to pair: nobody else has
//! heard of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use audit::record::{
    AlertKind, AlertRecord, ConnectionClass, ConnectionRecord, Ending, Evidence, Opening, Record,
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
        let process = &refused.process;
        let arrival = Arrival { at, client: None, server_port: server.port(), process: Some(process) };
        // The kernel programs know of a proxy that has just started, or of a rule, a moment later than it is so.
        let mistake = match witness.is_proxy(process) {
            true => Some("it is the registered proxy".to_owned()),
            false => witness.rule_for(&arrival).map(|rule| format!("rule `{rule}` allows it")),
        };
        // The kernel chooses the client's address later.
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
            client: SocketAddr::new(nowhere, 0),
            server,
            socket_path: String::new(),
            class: ConnectionClass::Bypass,
            evidence: Evidence::None,
            rule: String::new(),
            process: Some(witness.facts(process, refused.at_boot_ns)),
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
