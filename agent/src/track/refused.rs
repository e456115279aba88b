//! Connections that processes of this host, or clients on other hosts, were refused, or would have been. There is nothing to pair: nobody else has
//! heard of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use audit::record::{
    AlertKind, AlertRecord, ConnectionClass, ConnectionRecord, Ending, Evidence, Opening, Record,
    StartupFacts,
};
use ebpf_abi::{Process, Refused, UnixRefused};

use super::unix::nowhere;
use super::{Arrival, Tracker, Witness};
use crate::{event, sentence};

/// What there is to say of it, whichever way it was asked for.
struct Asked<'a> {
    at_boot_ns: u64,
    is_denied: bool,
    client_cookie: u64,
    /// Where a client on another host came from.
    from: Option<SocketAddr>,
    server: SocketAddr,
    socket_path: String,
    /// Who asked, where that was a process of this host.
    process: Option<&'a Process>,
}

impl Tracker {
    pub(super) fn on_refused(
        &mut self,
        refused: &Refused,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) {
        let from = (refused.client.port != 0).then(|| event::socket_address(&refused.client));
        let asked = Asked {
            at_boot_ns: refused.at_boot_ns,
            is_denied: refused.is_denied != 0,
            client_cookie: refused.client_cookie,
            from,
            server: event::socket_address(&refused.server),
            socket_path: String::new(),
            process: from.is_none().then_some(&refused.process),
        };
        self.tell_refused(asked, witness, out);
    }

    pub(super) fn on_unix_refused(
        &mut self,
        refused: &UnixRefused,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) {
        let name = refused.path.get(..usize::from(refused.path_bytes)).unwrap_or(&refused.path);
        let asked = Asked {
            at_boot_ns: refused.at_boot_ns,
            is_denied: refused.is_denied != 0,
            client_cookie: refused.client_cookie,
            from: None,
            server: nowhere(refused.port),
            socket_path: event::socket_path(name),
            process: Some(&refused.process),
        };
        self.tell_refused(asked, witness, out);
    }

    fn tell_refused(&mut self, asked: Asked<'_>, witness: &mut impl Witness, out: &mut Vec<Record>) {
        let Asked { at_boot_ns, is_denied, client_cookie, from, server, socket_path, process } = asked;
        let at = witness.at(at_boot_ns);
        let address = from.map(|client| client.ip());
        let arrival = Arrival { at, client: address, server_port: server.port(), process };
        // The kernel programs know of a proxy that has just started, or of a rule, a moment later than it is so.
        let is_proxy = match (process, address) {
            (Some(process), _) => witness.is_proxy(process),
            (None, address) => address.is_some_and(|address| witness.is_proxy_address(address)),
        };
        let mistake = match is_proxy {
            true => Some("it is the registered proxy".to_owned()),
            false => witness.rule_for(&arrival).map(|rule| format!("rule `{rule}` allows it")),
        };
        // The kernel chooses a process's own address later.
        let unspecified = match server.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let record = ConnectionRecord {
            host: self.host.name.clone(),
            boot_id: self.host.boot_id,
            cookie: client_cookie,
            client_cookie,
            opened_at: at,
            opening: Opening::Seen,
            closed_at: Some(at),
            ending: Ending::Seen,
            client: from.unwrap_or(SocketAddr::new(unspecified, 0)),
            server,
            socket_path,
            class: ConnectionClass::Bypass,
            evidence: Evidence::None,
            rule: String::new(),
            process: process.map(|process| witness.facts(process, at_boot_ns)),
            startup: StartupFacts::default(),
            bytes_to_server: 0,
            bytes_to_client: 0,
        };
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

#[cfg(test)]
mod tests {
    use ebpf_abi::{Kind, PATH_BYTES};
    use zerocopy::IntoBytes;

    use super::super::tests::{Script, tracker};
    use super::*;
    use crate::event::Event;

    fn over_unix(name: &[u8], pid: u32, is_denied: u8) -> AlertRecord {
        let mut path = [0; PATH_BYTES];
        path[..name.len()].copy_from_slice(name);
        let refused = UnixRefused {
            kind: Kind::UnixRefused,
            is_denied,
            port: 5432,
            path_bytes: u8::try_from(name.len()).unwrap(),
            reserved: [0; 3],
            at_boot_ns: 5,
            client_cookie: 9,
            process: Process { pid, uid: 26, cgroup_id: 1, ..Process::UNKNOWN },
            path,
            reserved_end: [0; 4],
        };
        let event = Event::read(refused.as_bytes()).unwrap();
        let mut out = Vec::new();
        tracker().on_event(&event, 5, &mut Script, &mut out);
        match out.as_slice() {
            [Record::Alert(alert)] => alert.clone(),
            others => panic!("{others:?}"),
        }
    }

    #[test]
    fn over_a_unix_socket_the_path_is_told_and_nobody_has_an_address() {
        let alert = over_unix(b"/run/.s.PGSQL.5432", 6, 1);
        let said = "psql (pid 6, user postgres) was refused a connection to /run/.s.PGSQL.5432: no rule allows it around the proxy";
        assert_eq!((alert.kind, alert.message.as_str()), (AlertKind::Denied, said));
        let connection = alert.connection.unwrap();
        assert_eq!((connection.cookie, connection.client_cookie), (9, 9));
        assert_eq!((connection.client, connection.server), (nowhere(0), nowhere(5432)));
        assert_eq!(connection.closed_at, Some(connection.opened_at));
        // One that is in no file system.
        let alert = over_unix(b"\0run/.s.PGSQL.5432", 6, 0);
        assert_eq!(alert.kind, AlertKind::WouldDeny);
        assert_eq!(alert.connection.unwrap().socket_path, "@run/.s.PGSQL.5432");
    }

    #[test]
    fn a_refusal_that_was_a_mistake_is_said_to_be_one() {
        for (pid, why) in [(7, "it is the registered proxy"), (8, "rule `backup` allows it")] {
            let message = over_unix(b"/run/.s.PGSQL.5432", pid, 1).message;
            assert!(message.ends_with(&format!("{why}, which came too late")), "{message}");
        }
    }
}
