//! What clients say first. Whoever went around the proxy is told with it, so a bypass waits a little to be told.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use audit::record::{ConnectionClass, ConnectionRecord, Encryption, Record, StartupFacts};
use ebpf_abi::{Endpoint, Opened, REQUEST_BYTES, REQUESTS_MAX, Said, Startup};
use wire::startup::{First, split_first};

use super::{Tracker, Witness};
use crate::moment::nanos;
use crate::process::shown;

/// How long after its opening a connection is told at the latest, whether its client has said anything or not. With what an
/// alert takes to get away, it is there within two seconds.
const SPEECH_WAIT: Duration = Duration::from_millis(900);
/// What came before the opening that it belongs to. The kernel tells that next, or never: anybody may send such packets.
const EARLY_MAX: usize = 1024;
const EARLY_WAIT: Duration = Duration::from_secs(1);

/// What the client of one connection has said so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Speech {
    /// Requests for encryption, which it made one after the other.
    requests: Vec<Said>,
    facts: StartupFacts,
    is_over: bool,
}

impl Speech {
    /// That of a connection of which the beginning was not seen. TCP counts what came before; over a UNIX socket nobody does, and
    /// what comes may be the middle of anything.
    pub(super) fn late(record: &ConnectionRecord) -> Self {
        Speech { is_over: !record.socket_path.is_empty(), ..Speech::default() }
    }

    /// Takes in what it said. What the socket did not take comes again: the last of it holds.
    fn hear(&mut self, startup: &Startup) {
        let (place, offset) = (startup.offset / REQUEST_BYTES as u8, startup.offset % REQUEST_BYTES as u8);
        let place = usize::from(place);
        // What lies before it was not seen: it may be the middle of anything.
        if offset != 0 || self.requests.len() < place {
            return;
        }
        self.requests.truncate(place);
        (self.facts, self.is_over) = (StartupFacts::default(), true);
        let clear = if place == 0 { Encryption::None } else { Encryption::Refused };
        match (startup.said, self.requests.last()) {
            (said, _) if said.is_request() && place < REQUESTS_MAX as usize => {
                self.requests.push(said);
                self.is_over = false;
            }
            (Said::TlsRecord, None | Some(Said::SslRequest)) => self.facts.encryption = Encryption::Tls,
            (Said::GssToken, Some(Said::GssEncRequest)) => self.facts.encryption = Encryption::Gss,
            (Said::CancelRequest, _) => self.facts.encryption = clear,
            (Said::StartupMessage, _) => {
                let copied = startup.message.get(..usize::from(startup.copied)).unwrap_or_default();
                self.facts = StartupFacts { encryption: clear, ..asked_for(copied) };
            }
            _ => {}
        }
    }

    pub(super) fn facts(&self) -> &StartupFacts {
        &self.facts
    }

    /// Whether nothing more is to come before the connection is told.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }
}

/// What a `StartupMessage` asks for, as PostgreSQL reads it (`ProcessStartupPacket` of its `backend_startup.c`). Of one that is not
/// whole nothing is told: what comes later in it would hold.
fn asked_for(message: &[u8]) -> StartupFacts {
    let Ok(Some((First::Startup(startup), _))) = split_first(message) else { return StartupFacts::default() };
    let Ok(parameters) = startup.parameters() else { return StartupFacts::default() };
    let last = |wanted: &str| {
        let mut those = parameters.iter().rev().filter(|(name, _)| *name == wanted.as_bytes());
        those.next().map(|(_, value)| shown(value)).unwrap_or_default()
    };
    let database_role = last("user");
    let database = match last("replication").as_str() {
        "" | "database" | "false" | "off" | "no" | "0" => last("database"),
        // All of them are streamed.
        _ => {
            return StartupFacts {
                database_role,
                application_name: last("application_name"),
                ..StartupFacts::default()
            };
        }
    };
    StartupFacts {
        encryption: Encryption::Unknown,
        database: if database.is_empty() { database_role.clone() } else { database },
        database_role,
        application_name: last("application_name"),
    }
}

/// Until when it is waited for what the client of a connection says; `None` where it is not.
pub(super) fn tell_until(record: &ConnectionRecord, speech: &Speech, since_boot_ns: u64) -> Option<u64> {
    let is_waited_for =
        matches!(record.class, ConnectionClass::Bypass | ConnectionClass::Allowed) && !speech.is_over;
    is_waited_for.then(|| since_boot_ns.saturating_add(nanos(SPEECH_WAIT)))
}

/// Speech that came with the packet that opened its connection, which the kernel tells first. In order of time.
#[derive(Debug, Default)]
pub(super) struct Early(VecDeque<(u64, [Endpoint; 2], Speech)>);

impl Early {
    fn hear(&mut self, startup: &Startup) {
        let ends = [startup.client, startup.server];
        if let Some((.., speech)) = self.0.iter_mut().find(|(_, those, _)| *those == ends) {
            speech.hear(startup);
            return;
        }
        if EARLY_MAX <= self.0.len() {
            self.0.pop_front();
        }
        let mut speech = Speech::default();
        speech.hear(startup);
        self.0.push_back((startup.at_boot_ns, ends, speech));
    }

    /// That of the connection whose server's end opened.
    pub(super) fn take(&mut self, server: &Opened) -> Speech {
        let ends = [server.remote, server.local];
        let at = self.0.iter().position(|(_, those, _)| *those == ends);
        at.and_then(|at| self.0.remove(at)).map(|(.., speech)| speech).unwrap_or_default()
    }

    pub(super) fn forget(&mut self, now_boot_ns: u64) {
        let wait = nanos(EARLY_WAIT);
        while self.0.front().is_some_and(|(at, ..)| at.saturating_add(wait) <= now_boot_ns) {
            self.0.pop_front();
        }
    }
}

impl Tracker {
    pub(super) fn on_startup(
        &mut self,
        startup: &Startup,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) {
        if startup.cookie == 0 {
            self.early.hear(startup);
            return;
        }
        if let Some(speech) = self.halves.speech(startup.cookie) {
            speech.hear(startup);
            return;
        }
        let Some(age) = self.ages.get(&startup.cookie).copied() else { return };
        let Some(open) = self.open.get_mut(&age) else { return };
        // Whose sessions the ledger has needs no other account of them.
        let is_proxied = open.record.class == ConnectionClass::Proxied;
        // Over a UNIX socket nothing comes twice.
        let is_late = !open.record.socket_path.is_empty() && open.speech.is_over();
        if is_proxied || is_late {
            return;
        }
        open.speech.hear(startup);
        let facts = open.speech.facts();
        let is_news = open.record.startup != *facts;
        open.record.startup.clone_from(facts);
        if open.tell_until.is_some() {
            if open.speech.is_over() {
                self.tell_waiting(age, witness, out);
            }
        } else if is_news {
            // The alert is out; whoever asks the ledger learns it.
            out.push(Record::Connection(open.record.clone()));
        }
    }

    /// Tells of connections whose clients have said nothing, or not all, in time.
    pub(super) fn tell_silent(
        &mut self,
        now_boot_ns: u64,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) {
        self.early.forget(now_boot_ns);
        while let Some((deadline, age)) = self.waiting.first().copied()
            && deadline <= now_boot_ns
        {
            self.tell_waiting(age, witness, out);
        }
    }

    /// Tells of a connection that waited for what its client says.
    fn tell_waiting(&mut self, age: u64, witness: &mut impl Witness, out: &mut Vec<Record>) {
        let Some(open) = self.open.get_mut(&age) else { return };
        if let Some(deadline) = open.tell_until.take() {
            self.waiting.remove(&(deadline, age));
            let record = open.record.clone();
            self.announce(&record, witness, out);
        }
    }

    /// The same of one that is open no more.
    pub(super) fn tell_late(
        &mut self,
        age: u64,
        open: &mut super::Open,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) {
        if let Some(deadline) = open.tell_until.take() {
            self.waiting.remove(&(deadline, age));
            self.announce(&open.record, witness, out);
        }
    }

    /// No connection that waits to be told opened earlier.
    pub(super) fn oldest_waiting_boot_ns(&self) -> Option<u64> {
        self.waiting.first().map(|(deadline, _)| deadline.saturating_sub(nanos(SPEECH_WAIT)))
    }
}
