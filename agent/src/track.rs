//! Turns events of both ends into one record per connection, and an alert where it came around the proxy. It is
//! pure: events, the time and a [`Witness`] go in, records come out.

mod found;
mod halves;
mod judge;
mod refused;
mod startup;
#[cfg(test)]
pub(crate) mod tests;
mod unix;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use audit::record::{
    AlertKind, AlertRecord, ConnectionClass, ConnectionRecord, Ending, Opening, ProcessFacts, Record,
    StartupFacts, UnixMicros,
};
use ebpf_abi::{Arguments, Closed, Endpoint, Opened, Process, Side, UnixTraffic};
use uuid::Uuid;

use self::found::Lately;
pub use self::found::Merged;
use self::halves::{Half, Halves};
use self::startup::{Early, Speech};
pub(crate) use self::unix::nowhere;
use crate::event::{self, Event};
use crate::sentence;

/// Connections that are open at the same time; beyond it the oldest is forgotten.
pub const OPEN_MAX: usize = 131_072;

/// What the tracker asks the host about.
pub trait Witness {
    /// Whether it is the process of a registered proxy.
    fn is_proxy(&mut self, process: &Process) -> bool;
    /// Whether a proxy is registered on this host: what connects to databases elsewhere must be it.
    fn has_proxy(&self) -> bool;
    /// Whether it is the address of a proxy elsewhere.
    fn is_proxy_address(&self, address: IpAddr) -> bool;
    /// Whether this host has this address, in whichever network namespace.
    fn is_own_address(&mut self, address: IpAddr) -> bool;
    /// Name of the rule that allows it around the proxy.
    fn rule_for(&mut self, arrival: &Arrival<'_>) -> Option<String>;
    /// What the ledger says of a process that connected, or was found, at that time since the kernel started.
    fn facts(&mut self, process: &Process, at_boot_ns: u64) -> ProcessFacts;
    /// What a process was started with, as the kernel programs told.
    fn hear(&mut self, _arguments: &Arguments) {}
    /// What was counted of a connection over a UNIX socket that is over now, by the cookie of the server's socket.
    fn unix_traffic(&mut self, _cookie: u64) -> UnixTraffic {
        [0; 3]
    }
    /// The time of day at a time since the kernel started.
    fn at(&self, boot_ns: u64) -> UnixMicros;
    /// A new version 7 UUID.
    fn alert_id(&mut self) -> Uuid;
}

/// A connection that the proxy did not make, as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// When it was established, or was found.
    pub at: UnixMicros,
    /// The client's address; `None` over a UNIX socket.
    pub client: Option<IpAddr>,
    /// The database's port.
    pub server_port: u16,
    /// Who asked for it or holds it; `None` for a client on another host.
    pub process: Option<&'a Process>,
}

/// Which host tells, since which start of its kernel.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name in the ledger.
    pub name: String,
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot_id: Uuid,
}

/// All connections that are open or wait for their other end.
#[derive(Debug)]
pub struct Tracker {
    host: Host,
    halves: Halves,
    /// By age. INVARIANT: holds the same connections as `ages`.
    open: BTreeMap<u64, Open>,
    /// The age of an open connection, by the cookie of the socket that tells of its end.
    ages: HashMap<u64, u64>,
    next_age: u64,
    forgotten: u64,
    /// Sockets that closed since a look began, and their other ends; `None` while nobody looks.
    ended_meanwhile: Option<HashSet<u64>>,
    /// A look has told what was open before.
    has_looked: bool,
    found_lately: Lately,
    /// Deadline and age of open connections that are not told yet: what their clients say is waited for.
    waiting: BTreeSet<(u64, u64)>,
    early: Early,
}

/// A connection whose opening was told, or waits for that.
#[derive(Debug)]
struct Open {
    record: ConnectionRecord,
    /// Since when it is known, in nanoseconds since the kernel started: earlier looks could not see it.
    since_boot_ns: u64,
    /// An earlier agent saw it, and no look has yet.
    is_restored: bool,
    /// When the last look that has seen it began; `None` where none has.
    in_sight_boot_ns: Option<u64>,
    /// No event will tell of its end.
    is_end_untold: bool,
    /// It is over a UNIX socket, and its bytes are counted from the first.
    is_counted: bool,
    /// When it is told at the latest; `None` where it was.
    tell_until: Option<u64>,
    speech: Speech,
}

impl Tracker {
    /// Knows no connection yet.
    pub fn new(host: Host) -> Self {
        Tracker {
            host,
            halves: Halves::default(),
            open: BTreeMap::new(),
            ages: HashMap::new(),
            next_age: 0,
            forgotten: 0,
            ended_meanwhile: None,
            has_looked: false,
            found_lately: Lately::default(),
            waiting: BTreeSet::new(),
            early: Early::default(),
        }
    }

    /// Takes in one event at `now_boot_ns`.
    pub fn on_event(
        &mut self,
        event: &Event,
        now_boot_ns: u64,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) {
        match event {
            Event::Opened(opened) => self.on_opened(*opened, now_boot_ns, witness, out),
            Event::Closed(closed) => self.on_closed(closed, witness, out),
            Event::UnixOpened(opened) => self.on_unix_opened(opened, witness, out),
            Event::UnixClosed(closed) => self.on_unix_closed(closed, witness, out),
            Event::Refused(refused) => self.on_refused(refused, witness, out),
            Event::UnixRefused(refused) => self.on_unix_refused(refused, witness, out),
            Event::Startup(startup) => self.on_startup(startup, witness, out),
            Event::Arguments(arguments) => witness.hear(arguments),
        }
    }

    /// Tells of connections whose other end did not show up in time, or whose client said nothing.
    pub fn on_time(&mut self, now_boot_ns: u64, witness: &mut impl Witness, out: &mut Vec<Record>) {
        while let Some(half) = self.halves.take_overdue(now_boot_ns) {
            // Where an address of this host stands for another one, both ends are here, and only the client's is the same at both.
            let is_own = |server: &Endpoint| witness.is_own_address(event::socket_address(server).ip());
            match self.halves.take_translated(&half, is_own) {
                Some(other) => self.tell_pair(half, other, witness, out),
                None => self.tell_alone(half, witness, out),
            }
        }
        self.tell_silent(now_boot_ns, witness, out);
    }

    /// Whether connections wait for their other end, or for what their clients say: [`Tracker::on_time`] tells of them.
    pub fn waits(&self) -> bool {
        0 < self.halves.len() || !self.waiting.is_empty()
    }

    /// Tells of all connections that still wait: nobody will read its event.
    pub fn on_stop(&mut self, witness: &mut impl Witness, out: &mut Vec<Record>) {
        self.on_time(u64::MAX, witness, out);
    }

    /// Connections open at the moment.
    pub fn open(&self) -> u64 {
        (self.open.len() + self.halves.len()) as u64
    }

    /// Connections that were forgotten because too many were open.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn on_opened(&mut self, opened: Opened, now: u64, witness: &mut impl Witness, out: &mut Vec<Record>) {
        // A socket that is connected to itself is no database's.
        if self.found_lately.contains(&opened) || opened.local == opened.remote {
            return;
        }
        let mut this = Half::new(opened, witness);
        if opened.side == Side::Server {
            this.speech = self.early.take(&opened);
        }
        if let Some(other) = self.halves.take_other_end(&opened) {
            self.tell_pair(this, other, witness, out);
            return;
        }
        if opened.side == Side::Server
            && let Some(client) = self.halves.take_late(&opened)
            && self.ages.contains_key(&client.opened.cookie)
        {
            // The client's end was told as going elsewhere, and stays so: whose it is counts here.
            self.tell(this, Some(Some(client)), witness, out);
            return;
        }
        if let Some(pushed_out) = self.halves.keep(this, now) {
            self.tell_alone(pushed_out, witness, out);
        }
    }

    fn on_closed(&mut self, closed: &Closed, witness: &mut impl Witness, out: &mut Vec<Record>) {
        if let Some(ended) = &mut self.ended_meanwhile {
            ended.insert(closed.cookie);
        }
        if self.halves.close(closed) {
            return;
        }
        if let Some(open) = self.take_ended(closed.cookie, witness, out) {
            out.push(Record::Connection(open.closed(closed, witness)));
        }
    }

    /// The open connection whose end this socket tells; it is told that it was opened. What is not known here is the other end of a pair,
    /// or was opened before the agent started.
    fn take_ended(&mut self, cookie: u64, witness: &mut impl Witness, out: &mut Vec<Record>) -> Option<Open> {
        let age = self.ages.remove(&cookie)?;
        let mut open = self.open.remove(&age)?;
        self.tell_late(age, &mut open, witness, out);
        if let Some(ended) = &mut self.ended_meanwhile
            && open.record.client_cookie != 0
        {
            ended.insert(open.record.client_cookie);
        }
        Some(open)
    }

    fn tell_alone(&mut self, half: Half, witness: &mut impl Witness, out: &mut Vec<Record>) {
        if half.is_client() {
            self.tell(half, None, witness, out);
        } else {
            self.tell(half, Some(None), witness, out);
        }
    }

    fn tell_pair(&mut self, one: Half, other: Half, witness: &mut impl Witness, out: &mut Vec<Record>) {
        let (client, server) = if one.is_client() { (one, other) } else { (other, one) };
        self.tell(server, Some(Some(client)), witness, out);
    }

    /// `teller` tells of the connection's end. It is the server's half where that is here (`Some`), with the
    /// client's half where that is here too.
    fn tell(
        &mut self,
        teller: Half,
        served_here: Option<Option<Half>>,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) {
        let (client_end, server_end) = match teller.is_client() {
            true => (teller.opened.local, teller.opened.remote),
            false => (teller.opened.remote, teller.opened.local),
        };
        let client_half = served_here.as_ref().map_or(Some(&teller), Option::as_ref);
        let process = client_half.map(|half| half.opened.process).filter(|process| process.pid != 0);
        let client = event::socket_address(&client_end);
        let server = event::socket_address(&server_end);
        let opened_at = witness.at(teller.opened.at_boot_ns);
        let arrival = Arrival {
            at: opened_at,
            client: Some(client.ip()),
            server_port: server.port(),
            process: process.as_ref(),
        };
        let is_proxy = client_half.is_some_and(|half| half.is_proxy);
        let judge::Judgement { class, evidence, rule } = match &served_here {
            None => judge::leaving(&arrival, server.ip(), is_proxy, witness),
            Some(Some(_)) => judge::by_process(&arrival, is_proxy, witness),
            Some(None) => judge::by_address(&arrival, witness),
        };
        // Whose sessions the ledger has needs no other account of them.
        let startup = match class {
            ConnectionClass::Proxied => StartupFacts::default(),
            _ => teller.speech.facts().clone(),
        };
        let record = ConnectionRecord {
            host: self.host.name.clone(),
            boot_id: self.host.boot_id,
            cookie: teller.opened.cookie,
            client_cookie: client_half.map_or(0, |half| half.opened.cookie),
            opened_at,
            opening: Opening::Seen,
            closed_at: None,
            ending: Ending::Seen,
            client,
            server,
            socket_path: String::new(),
            class,
            evidence,
            rule,
            process: client_half.and_then(|half| half.facts.clone()),
            startup,
            bytes_to_server: 0,
            bytes_to_client: 0,
        };
        let since_boot_ns = teller.opened.at_boot_ns;
        // What a client says is heard at the server's end.
        let tell_until = match (&served_here, teller.closed) {
            (Some(_), None) => startup::tell_until(&record, &teller.speech, since_boot_ns),
            (None, _) | (_, Some(_)) => None,
        };
        if tell_until.is_none() {
            self.announce(&record, witness, out);
        }
        let open = Open {
            record,
            since_boot_ns,
            is_restored: false,
            in_sight_boot_ns: None,
            is_end_untold: teller.opened.end_untold != 0,
            is_counted: false,
            tell_until,
            speech: teller.speech,
        };
        match teller.closed {
            Some(closed) => out.push(Record::Connection(open.closed(&closed, witness))),
            None => self.keep_open(open, witness, out),
        }
    }

    /// Tells of an opening, and raises the alert where it came around the proxy.
    fn announce(&self, record: &ConnectionRecord, witness: &mut impl Witness, out: &mut Vec<Record>) {
        out.push(Record::Connection(record.clone()));
        if record.class == ConnectionClass::Bypass {
            out.push(Record::Alert(AlertRecord {
                alert_id: witness.alert_id(),
                raised_at: record.opened_at,
                host: self.host.name.clone(),
                kind: AlertKind::Bypass,
                message: sentence::bypass(record),
                connection: Some(record.clone()),
            }));
        }
    }

    fn keep_open(&mut self, open: Open, witness: &mut impl Witness, out: &mut Vec<Record>) {
        if OPEN_MAX <= self.open.len()
            && let Some((age, mut oldest)) = self.open.pop_first()
        {
            self.ages.remove(&oldest.record.cookie);
            self.forgotten += 1;
            self.tell_late(age, &mut oldest, witness, out);
        }
        let age = self.next_age;
        self.next_age += 1;
        // A socket that is connected again keeps its cookie. The end of its first connection was lost.
        if let Some(earlier) = self.ages.insert(open.record.cookie, age) {
            self.forgotten += 1;
            if let Some(mut open) = self.open.remove(&earlier) {
                self.tell_late(earlier, &mut open, witness, out);
            }
        }
        if let Some(deadline) = open.tell_until {
            self.waiting.insert((deadline, age));
        }
        self.open.insert(age, open);
    }
}

impl Open {
    /// Whether events came without the process that asked for it: whoever holds it is asked about.
    fn is_unresolved(&self) -> bool {
        let ConnectionRecord { opening, class, client_cookie, socket_path, .. } = &self.record;
        let is_of_this_host = *client_cookie != 0 || !socket_path.is_empty();
        *opening == Opening::Seen && *class == ConnectionClass::Unknown && is_of_this_host
    }

    /// Whether its end is told by the socket that asked for it: where the database is elsewhere.
    fn is_told_by_client(&self) -> bool {
        self.record.cookie == self.record.client_cookie
    }

    fn closed(self, closed: &Closed, witness: &impl Witness) -> ConnectionRecord {
        let asked = self.is_told_by_client();
        let (received, sent) = (event::data_received(closed), event::data_sent(closed, asked));
        let (bytes_to_server, bytes_to_client) = if asked { (sent, received) } else { (received, sent) };
        // The clock may have been set back meanwhile.
        let closed_at = Some(witness.at(closed.at_boot_ns).max(self.record.opened_at));
        ConnectionRecord { closed_at, bytes_to_server, bytes_to_client, ..self.record }
    }
}
