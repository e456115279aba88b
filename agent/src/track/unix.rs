//! Connections over UNIX sockets. One event tells of both ends, and another one of the end, or a look does.

use std::net::{Ipv6Addr, SocketAddr};

use audit::record::{ConnectionRecord, Ending, Opening, Record, StartupFacts};
use ebpf_abi::{UnixClosed, UnixOpened};

use super::startup::{self, Speech};
use super::{Arrival, Open, Tracker, Witness, judge};
use crate::event;

/// Nobody has an address over a UNIX socket.
pub(crate) fn nowhere(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))
}

impl Tracker {
    /// Before the first look it may be the first byte that is seen of a connection from before the agent.
    pub(super) fn on_unix_opened(
        &mut self,
        opened: &UnixOpened,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) {
        let is_known = |cookie| self.ages.contains_key(&cookie);
        // A look or an earlier agent has told it; the end that asked may have a name of its own.
        if is_known(opened.cookie) || is_known(opened.client_cookie) {
            return;
        }
        let opened_at = witness.at(opened.at_boot_ns);
        let process = Some(opened.process).filter(|process| process.pid != 0);
        let arrival =
            Arrival { at: opened_at, client: None, server_port: opened.port, process: process.as_ref() };
        // Where another process sends, the one that connected may have ended, and who has its pid now be another.
        let is_sender = opened.process.started_boot_ns != 0;
        let is_proxy = process.as_ref().is_some_and(|it| is_sender && witness.is_proxy(it));
        let judge::Judgement { class, evidence, rule } = judge::by_process(&arrival, is_proxy, witness);
        let alive_boot_ns = if is_sender { opened.at_boot_ns } else { 0 };
        let name = opened.path.get(..usize::from(opened.path_bytes)).unwrap_or(&opened.path);
        let record = ConnectionRecord {
            host: self.host.name.clone(),
            boot_id: self.host.boot_id,
            cookie: opened.cookie,
            client_cookie: opened.client_cookie,
            opened_at,
            opening: if self.has_looked { Opening::Seen } else { Opening::Found },
            closed_at: None,
            ending: Ending::Seen,
            client: nowhere(0),
            server: nowhere(opened.port),
            socket_path: event::socket_path(name),
            class,
            evidence,
            rule,
            process: process.map(|process| witness.facts(&process, alive_boot_ns)),
            startup: StartupFacts::default(),
            bytes_to_server: 0,
            bytes_to_client: 0,
        };
        let since_boot_ns = opened.at_boot_ns;
        let is_heard = self.has_looked && opened.is_heard != 0;
        let speech = if is_heard { Speech::default() } else { Speech::late(&record) };
        let tell_until = startup::tell_until(&record, &speech, since_boot_ns);
        if tell_until.is_none() {
            self.announce(&record, witness, out);
        }
        let open = Open {
            record,
            since_boot_ns,
            is_restored: false,
            in_sight_boot_ns: None,
            is_end_untold: opened.end_untold != 0,
            is_counted: self.has_looked,
            tell_until,
            speech,
        };
        self.keep_open(open, witness, out);
    }

    pub(super) fn on_unix_closed(
        &mut self,
        closed: &UnixClosed,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) {
        if let Some(ended) = &mut self.ended_meanwhile {
            ended.insert(closed.cookie);
        }
        let Some(mut open) = self.take_ended(closed.cookie, witness, out) else { return };
        open.count_local(witness);
        // The clock may have been set back meanwhile.
        let closed_at = Some(witness.at(closed.at_boot_ns).max(open.record.opened_at));
        out.push(Record::Connection(ConnectionRecord { closed_at, ..open.record }));
    }
}

impl Open {
    /// Takes what was counted of it over a UNIX socket: it is over. Returns when its server last did something with it, where that is known.
    pub(super) fn count_local(&mut self, witness: &mut impl Witness) -> Option<u64> {
        if !self.is_counted {
            return None;
        }
        let [to_server, to_client, last_boot_ns] = witness.unix_traffic(self.record.cookie);
        (self.record.bytes_to_server, self.record.bytes_to_client) = (to_server, to_client);
        (last_boot_ns != 0).then_some(last_boot_ns)
    }
}
