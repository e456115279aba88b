//! Ends of connections that wait for the event of their other end, which may come from another processor a little
//! later, or never where it is on another host.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::net::Ipv6Addr;
use std::time::Duration;

use audit::record::ProcessFacts;
use ebpf_abi::{Closed, Endpoint, Opened, Side};

use super::Witness;
use super::startup::Speech;
use crate::moment::nanos;

/// How long an end waits for the other one.
pub(super) const PAIR_WAIT: Duration = Duration::from_millis(250);
/// How much later the server's end may come. Where its queue is full, the server asks again, `tcp_synack_retries` (5)
/// times in 63 s, and for the client the connection is established all the same.
const LATE_WAIT: Duration = Duration::from_secs(64);
/// Ends that wait at the same time; beyond it the oldest waits no longer.
pub(super) const HALVES_MAX: usize = 65_536;

/// One end of a connection.
#[derive(Clone, Debug)]
pub(super) struct Half {
    pub(super) opened: Opened,
    /// A short connection may close while it waits.
    pub(super) closed: Option<Closed>,
    /// Whose it is, read at once: a quick process may be gone when the wait is over.
    pub(super) facts: Option<ProcessFacts>,
    /// Whether that is the registered proxy, known at once too: its pid file may be gone when the wait is over.
    pub(super) is_proxy: bool,
    /// What the client has said meanwhile, where it is the server's end.
    pub(super) speech: Speech,
}

/// What both ends of a connection have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pair {
    client: ([u8; 16], u16),
    server: ([u8; 16], u16),
    /// Each network namespace has loopback addresses of its own. Other addresses join namespaces.
    netns_cookie: u64,
}

/// Ends of one side with the same address and port of the client.
#[derive(Clone, Copy, Debug, Default)]
struct Alike {
    count: u32,
    last: Option<Pair>,
}

#[derive(Debug, Default)]
pub(super) struct Halves {
    /// INVARIANT: holds the same halves as `cookies`.
    waiting: HashMap<(Pair, bool), Half>,
    cookies: HashMap<u64, (Pair, bool)>,
    /// By the client's address and port: servers' ends that wait, and clients'.
    by_client: HashMap<([u8; 16], u16), [Alike; 2]>,
    /// By deadline, with the half's cookie. Halves that found their other end leave their entry behind.
    deadlines: VecDeque<(u64, u64)>,
    /// Clients' ends that were told alone.
    late: HashMap<Pair, Half>,
    /// By deadline. Ends that were found late leave their entry behind.
    late_deadlines: VecDeque<(u64, Pair)>,
}

impl Half {
    pub(super) fn new(opened: Opened, witness: &mut impl Witness) -> Self {
        let is_known = opened.side == Side::Client && opened.process.pid != 0;
        let facts = is_known.then(|| witness.facts(&opened.process, opened.at_boot_ns));
        let is_proxy = is_known && witness.is_proxy(&opened.process);
        Half { opened, closed: None, facts, is_proxy, speech: Speech::default() }
    }

    pub(super) fn is_client(&self) -> bool {
        self.opened.side == Side::Client
    }
}

impl Halves {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Cookies of all that wait.
    pub(super) fn cookies(&self) -> impl Iterator<Item = u64> {
        self.cookies.keys().copied()
    }

    /// No end that waits is older.
    pub(super) fn oldest_boot_ns(&mut self) -> Option<u64> {
        while let Some((_, cookie)) = self.deadlines.front()
            && !self.cookies.contains_key(cookie)
        {
            self.deadlines.pop_front();
        }
        self.deadlines.front().map(|(deadline, _)| deadline.saturating_sub(nanos(PAIR_WAIT)))
    }

    pub(super) fn take_other_end(&mut self, opened: &Opened) -> Option<Half> {
        self.take((pair(opened), opened.side != Side::Client))
    }

    /// The client's end that waited in vain, for a server's that comes late.
    pub(super) fn take_late(&mut self, server: &Opened) -> Option<Half> {
        self.late.remove(&pair(server))
    }

    /// The only other end with the same address and port of the client, where the client went to an address that is this host's (`is_own`). Ends
    /// on loopback belong to a namespace.
    pub(super) fn take_translated(
        &mut self,
        half: &Half,
        is_own: impl FnOnce(&Endpoint) -> bool,
    ) -> Option<Half> {
        let Pair { client, netns_cookie, .. } = pair(&half.opened);
        let [servers, clients] = *self.by_client.get(&client)?;
        let (same, other) = if half.is_client() { (clients, servers) } else { (servers, clients) };
        let is_only = netns_cookie == 0 && (same.count, other.count) == (0, 1);
        let key = (other.last.filter(|_| is_only)?, !half.is_client());
        let client = if half.is_client() { half } else { self.waiting.get(&key)? };
        is_own(&client.opened.remote).then(|| self.take(key))?
    }

    /// Keeps an end, and returns one that must wait no longer for it.
    pub(super) fn keep(&mut self, half: Half, now_boot_ns: u64) -> Option<Half> {
        let opened = &half.opened;
        let key = (pair(opened), half.is_client());
        // The same addresses again, or the same socket: the earlier connection is over.
        let mut earlier = self.take(key);
        if earlier.is_none() {
            earlier = self.cookies.get(&opened.cookie).copied().and_then(|key| self.take(key));
        }
        while earlier.is_none() && HALVES_MAX <= self.waiting.len() {
            let (_, cookie) = self.deadlines.pop_front()?;
            earlier = self.cookies.get(&cookie).copied().and_then(|key| self.take(key));
        }
        self.deadlines.push_back((now_boot_ns.saturating_add(nanos(PAIR_WAIT)), opened.cookie));
        self.cookies.insert(opened.cookie, key);
        let alike = &mut self.by_client.entry(key.0.client).or_default()[usize::from(key.1)];
        *alike = Alike { count: alike.count + 1, last: Some(key.0) };
        self.waiting.insert(key, half);
        earlier
    }

    /// Notes that a waiting end closed; `false` where it does not wait.
    pub(super) fn close(&mut self, closed: &Closed) -> bool {
        let half = self.cookies.get(&closed.cookie).and_then(|key| self.waiting.get_mut(key));
        half.map(|half| half.closed = Some(*closed)).is_some()
    }

    /// What the client of a waiting end has said.
    pub(super) fn speech(&mut self, cookie: u64) -> Option<&mut Speech> {
        let half = self.cookies.get(&cookie).and_then(|key| self.waiting.get_mut(key));
        half.map(|half| &mut half.speech)
    }

    pub(super) fn take_overdue(&mut self, now_boot_ns: u64) -> Option<Half> {
        while let Some((deadline, pair)) = self.late_deadlines.front()
            && (*deadline <= now_boot_ns || HALVES_MAX <= self.late_deadlines.len())
        {
            self.late.remove(pair);
            self.late_deadlines.pop_front();
        }
        loop {
            let (deadline, cookie) = *self.deadlines.front()?;
            if now_boot_ns < deadline {
                return None;
            }
            self.deadlines.pop_front();
            if let Some(half) = self.cookies.get(&cookie).copied().and_then(|key| self.take(key)) {
                if half.is_client() {
                    let pair = pair(&half.opened);
                    self.late_deadlines.push_back((now_boot_ns.saturating_add(nanos(LATE_WAIT)), pair));
                    self.late.insert(pair, half.clone());
                }
                return Some(half);
            }
        }
    }

    fn take(&mut self, key: (Pair, bool)) -> Option<Half> {
        let half = self.waiting.remove(&key)?;
        self.cookies.remove(&half.opened.cookie);
        if let Entry::Occupied(mut known) = self.by_client.entry(key.0.client) {
            let ends = known.get_mut();
            ends[usize::from(key.1)].count -= 1;
            if ends.iter().all(|alike| alike.count == 0) {
                known.remove();
            }
        }
        Some(half)
    }
}

fn pair(opened: &Opened) -> Pair {
    let (client, server) = match opened.side {
        Side::Client => (&opened.local, &opened.remote),
        Side::Server => (&opened.remote, &opened.local),
    };
    let is_loopback = Ipv6Addr::from(server.address).to_canonical().is_loopback();
    let end = |end: &Endpoint| (end.address, end.port);
    Pair {
        client: end(client),
        server: end(server),
        netns_cookie: if is_loopback { opened.netns_cookie } else { 0 },
    }
}
