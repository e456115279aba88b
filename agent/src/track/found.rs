//! Connections that were open before their events could be seen: taken over from an earlier agent, or found by a look,
//! each once whatever its events say meanwhile.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::net::SocketAddr;

use audit::record::{ConnectionClass, ConnectionRecord, Ending, Opening, Record, StartupFacts};
use ebpf_abi::{Opened, Side};

use super::startup::Speech;
use super::{Open, Tracker, Witness, judge};
use crate::event;
use crate::snapshot::{Bytes, Look, Reach, Standing};

/// A socket may be listed as established a little before the kernel programs are called for it.
const EVENT_LAG_NS: u64 = 1_000_000_000;

/// What became of the connections when a look came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Taken over from an earlier agent, and still open.
    pub continued: u64,
    /// Found gone.
    pub ended: u64,
    /// Found open.
    pub found: u64,
    /// Found open, and nobody could tell who holds it.
    pub unknown: u64,
    /// Told by events without its process, and found whose it is.
    pub resolved: u64,
}

/// Sockets that the last look found. Events of their opening may still come, and are none of another connection.
#[derive(Debug, Default)]
pub(super) struct Lately {
    /// A socket that connects anew keeps its cookie, and has other ends.
    ends: HashSet<(u64, SocketAddr, SocketAddr)>,
    until_boot_ns: u64,
}

impl Lately {
    pub(super) fn contains(&self, opened: &Opened) -> bool {
        let (client, server) = match opened.side {
            Side::Client => (&opened.local, &opened.remote),
            Side::Server => (&opened.remote, &opened.local),
        };
        let ends = (opened.cookie, event::socket_address(client), event::socket_address(server));
        opened.at_boot_ns <= self.until_boot_ns && self.ends.contains(&ends)
    }
}

impl Tracker {
    /// Takes a connection over that an earlier agent saw open, on the same start of the kernel.
    pub fn restore(&mut self, record: ConnectionRecord, witness: &mut impl Witness, out: &mut Vec<Record>) {
        let is_end_untold = record.opening == Opening::Found || !record.socket_path.is_empty();
        let open = Open {
            since_boot_ns: 0,
            is_restored: true,
            in_sight_boot_ns: None,
            is_end_untold,
            is_counted: false,
            tell_until: None,
            speech: Speech::late(&record),
            record,
        };
        self.keep_open(open, witness, out);
    }

    /// A look begins. Returns the cookies of sockets that it need not ask about.
    pub fn begin_look(&mut self) -> HashSet<u64> {
        self.ended_meanwhile = Some(HashSet::new());
        let mut known = self.known();
        for open in self.open.values().filter(|open| open.is_unresolved()) {
            known.remove(&open.record.cookie);
            known.remove(&open.record.client_cookie);
        }
        known
    }

    /// Nobody looks: it failed.
    pub fn abandon_look(&mut self) {
        self.ended_meanwhile = None;
    }

    /// Takes in what a look has seen. All events from before its end must have been taken in.
    pub fn on_look(&mut self, look: &Look, witness: &mut impl Witness, out: &mut Vec<Record>) -> Merged {
        let mut known = self.known();
        known.extend(self.ended_meanwhile.take().into_iter().flatten());
        let mut merged = Merged::default();
        self.has_looked = true;
        self.sweep(look, &mut merged, witness, out);
        self.found_lately =
            Lately { ends: HashSet::new(), until_boot_ns: look.ended_boot_ns.saturating_add(EVENT_LAG_NS) };
        for standing in &look.unknown {
            if known.contains(&standing.cookie) || known.contains(&standing.client_cookie) {
                merged.resolved += u64::from(self.resolve(standing, look, witness, out));
                continue;
            }
            let ends = |cookie| (cookie, standing.client, standing.server);
            self.found_lately.ends.extend([standing.cookie, standing.client_cookie].map(ends));
            merged.found += 1;
            let record = self.found(standing, look, witness);
            merged.unknown += u64::from(record.class == ConnectionClass::Unknown);
            let since_boot_ns = look.ended_boot_ns;
            let mut open = Open {
                since_boot_ns,
                is_restored: false,
                in_sight_boot_ns: Some(look.began_boot_ns),
                is_end_untold: true,
                is_counted: false,
                tell_until: None,
                speech: Speech::late(&record),
                record,
            };
            open.count(standing.bytes);
            self.announce(&open.record, witness, out);
            self.keep_open(open, witness, out);
        }
        merged
    }

    /// Whether the end of some connection, or whose it is, is told by nobody but a look.
    pub fn needs_looks(&self) -> bool {
        self.open.values().any(|open| open.is_end_untold || open.is_unresolved())
    }

    /// Everything that happened before this time, at most `now_boot_ns`, was told.
    pub fn told_until(&mut self, now_boot_ns: u64) -> u64 {
        let waiting = [self.halves.oldest_boot_ns(), self.oldest_waiting_boot_ns()];
        waiting.into_iter().flatten().fold(now_boot_ns, u64::min)
    }

    /// Records of all open connections that were told.
    pub fn open_records(&self) -> impl Iterator<Item = &ConnectionRecord> {
        let told = self.open.values().filter(|open| open.tell_until.is_none());
        told.map(|open| &open.record)
    }

    /// The open connection with this cookie, or from this address and port.
    pub fn named(&self, name: &str) -> Result<ConnectionRecord, String> {
        let (cookie, client) = (name.parse::<u64>().ok(), name.parse::<SocketAddr>().ok());
        if cookie.is_none() && client.is_none() {
            return Err(format!(
                "a connection is named by its client's address and port, such as 10.0.0.9:40000, or by its cookie, got `{name}`"
            ));
        }
        let is_it = |it: &&ConnectionRecord| {
            cookie.is_some_and(|cookie| cookie == it.cookie || (cookie != 0 && cookie == it.client_cookie))
                || client.is_some_and(|client| it.socket_path.is_empty() && client == it.client)
        };
        let mut those = self.open.values().map(|open| &open.record).filter(is_it);
        match (those.next(), those.next()) {
            (Some(it), None) => Ok(it.clone()),
            (None, _) => Err(format!("no connection that is open has the name {name}")),
            (Some(one), Some(other)) => Err(format!(
                "more than one connection has the name {name}: name it by its cookie, such as {} or {}",
                one.cookie, other.cookie
            )),
        }
    }

    /// Cookies of both ends of all connections.
    fn known(&self) -> HashSet<u64> {
        let ends = self.open.values().flat_map(|open| [open.record.cookie, open.record.client_cookie]);
        let mut known: HashSet<u64> = ends.chain(self.halves.cookies()).collect();
        // It stands for an end on another host.
        known.remove(&0);
        known
    }

    /// Ends what a look did not see any more.
    fn sweep(&mut self, look: &Look, merged: &mut Merged, witness: &mut impl Witness, out: &mut Vec<Record>) {
        let mut gone = Vec::new();
        for (age, open) in &mut self.open {
            if let Some(bytes) = look.alive.get(&open.record.cookie) {
                merged.continued += u64::from(open.is_restored);
                (open.is_restored, open.in_sight_boot_ns) = (false, Some(look.began_boot_ns));
                open.count(*bytes);
                continue;
            }
            let reach = if open.record.socket_path.is_empty() { look.reach } else { look.unix_reach };
            let is_in_reach = match reach {
                Reach::Whole => true,
                Reach::Fenced => open.in_sight_boot_ns.is_some(),
                Reach::Partial => false,
            };
            if look.is_thorough && is_in_reach && open.since_boot_ns < look.began_boot_ns {
                gone.push(*age);
            }
        }
        for age in gone {
            let Some(mut open) = self.open.remove(&age) else { continue };
            self.ages.remove(&open.record.cookie);
            self.tell_late(age, &mut open, witness, out);
            // Over a UNIX socket its server has learned of the end, or made it, right after it had received or sent something.
            let last_boot_ns =
                open.count_local(witness).map(|last| last.max(open.in_sight_boot_ns.unwrap_or(0)));
            let ended_boot_ns = last_boot_ns.map_or(look.ended_boot_ns, |last| last.min(look.ended_boot_ns));
            merged.ended += 1;
            let ending = if open.is_restored { Ending::Away } else { Ending::Missed };
            let closed_at = Some(witness.at(ended_boot_ns).max(open.record.opened_at));
            out.push(Record::Connection(ConnectionRecord { closed_at, ending, ..open.record }));
        }
    }

    /// Tells a connection again whose process no event told, now that a look knows who holds it.
    fn resolve(
        &mut self,
        standing: &Standing,
        look: &Look,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) -> bool {
        let open = self.ages.get(&standing.cookie).and_then(|age| self.open.get_mut(age));
        let Some(open) = open.filter(|open| open.is_unresolved()) else { return false };
        let (judge::Judgement { class, evidence, rule }, process) =
            judge::by_look(standing, open.record.opened_at, look, witness);
        if class == ConnectionClass::Unknown {
            return false;
        }
        let process = process.map(|process| witness.facts(&process, look.ended_boot_ns));
        let record = &mut open.record;
        (record.class, record.evidence, record.rule, record.process) = (class, evidence, rule, process);
        if class == ConnectionClass::Proxied {
            record.startup = StartupFacts::default();
        }
        let record = record.clone();
        self.announce(&record, witness, out);
        true
    }

    fn found(&self, standing: &Standing, look: &Look, witness: &mut impl Witness) -> ConnectionRecord {
        let opened_at = witness.at(look.ended_boot_ns);
        let (judge::Judgement { class, evidence, rule }, process) =
            judge::by_look(standing, opened_at, look, witness);
        ConnectionRecord {
            host: self.host.name.clone(),
            boot_id: self.host.boot_id,
            cookie: standing.cookie,
            client_cookie: standing.client_cookie,
            opened_at,
            opening: Opening::Found,
            closed_at: None,
            ending: Ending::Seen,
            client: standing.client,
            server: standing.server,
            socket_path: standing.socket_path.clone(),
            class,
            evidence,
            rule,
            process: process.map(|process| witness.facts(&process, look.ended_boot_ns)),
            startup: StartupFacts::default(),
            bytes_to_server: 0,
            bytes_to_client: 0,
        }
    }
}

impl Open {
    /// Notes what its socket has counted until now: should its end be missed, that is what is known. One that waits for
    /// the other end's FIN without a process has no counts any more.
    fn count(&mut self, Bytes { received, acked }: Bytes) {
        let (to_server, to_client) = if self.is_told_by_client() {
            // The SYN that it sent is no data.
            (acked.saturating_sub(1), received)
        } else {
            (received, acked)
        };
        let ConnectionRecord { bytes_to_server, bytes_to_client, .. } = &mut self.record;
        (*bytes_to_server, *bytes_to_client) =
            (to_server.max(*bytes_to_server), to_client.max(*bytes_to_client));
    }
}
