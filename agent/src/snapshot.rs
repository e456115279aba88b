//! Looks at the connections that are open now, in every network namespace: those from before the agent, and those
//! whose events were lost. It judges nothing: the tracker tells what it knows already from what is found.

mod diag;
pub(crate) mod ending;
mod hidden;
mod holders;
mod listeners;
mod local;
mod namespaces;
mod netlink;
mod pairs;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::thread;

use ebpf_abi::{Process, TcpState};
use tokio::sync::oneshot;

pub use self::hidden::Hidden;
pub(crate) use self::listeners::databases;
use self::local::Local;
use self::namespaces::Seen;
use crate::moment::Clock;
use crate::track::nowhere;

/// Where to look, and what is known there.
#[derive(Clone, Debug, Default)]
pub struct Lookout {
    /// Ports of databases.
    pub ports: BTreeSet<u16>,
    /// Where cgroup v2 is mounted.
    pub cgroup_mount: PathBuf,
    /// Looks only at sockets of this cgroup and those below; `None` means all.
    pub cgroup: Option<PathBuf>,
    /// Network namespaces that no process lives in.
    pub hidden: Hidden,
}

/// One end of a connection, or a listener, as the kernel lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    pub(crate) cookie: u64,
    /// Inode of its network namespace.
    pub(crate) namespace: u64,
    pub(crate) state: TcpState,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    /// What its descriptors are called by; 0 where no process has one.
    pub(crate) inode: u32,
    /// Where the kernel tells it.
    pub(crate) cgroup_id: Option<u64>,
    pub(crate) bytes: Bytes,
}

/// The kernel's counts of one end: a SYN or FIN counts as one byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// What it received.
    pub received: u64,
    /// What it sent and the other end acknowledged.
    pub acked: u64,
}

/// A connection that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Cookie of the server's socket, or of the client's where the server is elsewhere.
    pub cookie: u64,
    /// Cookie of the client's socket where the client is here, else 0.
    pub client_cookie: u64,
    /// The client's end.
    pub client: SocketAddr,
    /// The database's end.
    pub server: SocketAddr,
    /// What the database's UNIX socket is bound to; empty over TCP.
    pub socket_path: String,
    /// Whether the database's end is here.
    pub is_served_here: bool,
    /// What the socket of `cookie` has counted.
    pub bytes: Bytes,
    /// Processes that hold the client's socket.
    pub holders: Vec<Process>,
    /// What that socket is called by in their descriptors.
    pub client_inode: u32,
    /// Inode of the network namespace that it is in; 0 where the client is elsewhere.
    pub network_namespace: u32,
    /// Nobody holds the client's socket because it was closed, maybe while this was looked for.
    pub is_client_closed: bool,
}

impl Listener {
    /// Where it listens, in words.
    pub fn place(&self) -> String {
        if self.socket_path.is_empty() { self.local.to_string() } else { self.socket_path.clone() }
    }
}

impl Standing {
    /// The client's address; `None` over a UNIX socket.
    pub fn client_address(&self) -> Option<IpAddr> {
        self.socket_path.is_empty().then_some(self.client.ip())
    }

    fn local(local: Local) -> Self {
        Standing {
            cookie: local.cookie,
            client_cookie: local.client_cookie,
            client: nowhere(0),
            server: nowhere(local.port),
            socket_path: local.path,
            is_served_here: true,
            bytes: Bytes::default(),
            holders: Vec::new(),
            client_inode: local.client_inode,
            network_namespace: u32::try_from(local.namespace).unwrap_or(0),
            is_client_closed: false,
        }
    }

    /// Whether its client's end is here, and no process has it.
    fn is_unheld(&self) -> bool {
        self.holders.is_empty() && (self.client_cookie != 0 || !self.socket_path.is_empty())
    }
}

/// How much a look has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Less than there is: what was not seen may be open all the same.
    #[default]
    Partial,
    /// All of some network namespaces: what was seen before, and is not now, is gone.
    Fenced,
    /// All of every network namespace.
    Whole,
}

/// What a look is asked besides connections.
#[derive(Clone, Debug, Default)]
pub struct Quest {
    /// Cookies of listeners that were looked at before.
    pub seen: HashSet<u64>,
    /// Who may pass connections on.
    pub suspects: Vec<Suspect>,
}

/// Who may pass connections on.
#[derive(Clone, Debug, Default)]
pub struct Suspect {
    /// Its process, and those that may listen for it.
    pub pids: Vec<u32>,
    /// The program that they run.
    pub program: String,
}

/// A database that listens where nobody watches.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Inode of its network namespace.
    pub namespace: u64,
    /// Where it listens; over a UNIX socket nowhere, with the number in the socket's name.
    pub local: SocketAddr,
    /// What its UNIX socket is bound to; empty over TCP.
    pub socket_path: String,
    /// Which database it is.
    pub database: &'static str,
    /// Who listens.
    pub process: Process,
    /// Whether that is in a network namespace that root made: in one of a user's any port is free.
    pub is_in_reach: bool,
}

/// Somebody listens on a watched port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Names the socket.
    pub cookie: u64,
    /// What it is called by in descriptors.
    pub inode: u32,
    /// On which port.
    pub port: u16,
}

/// The answer to a [`Quest`].
#[derive(Debug, Default)]
pub struct Found {
    /// Cookies of all that listen.
    pub listening: HashSet<u64>,
    /// Databases that were not looked at before.
    pub listeners: Vec<Listener>,
    /// Suspects, by their place in the quest, with the process that listens and where.
    pub forwarding: Vec<(usize, u32, SocketAddr)>,
    /// Why not everybody could be asked.
    pub problem: Option<String>,
}

/// What a look has seen.
#[derive(Debug, Default)]
pub struct Look {
    /// When it began, in nanoseconds since the kernel started.
    pub began_boot_ns: u64,
    /// When it ended.
    pub ended_boot_ns: u64,
    /// Open connections of which none of the ends was known.
    pub unknown: Vec<Standing>,
    /// Every end that is open, known or not.
    pub alive: HashMap<u64, Bytes>,
    /// How much was seen.
    pub reach: Reach,
    /// How much of connections over UNIX sockets.
    pub unix_reach: Reach,
    /// Whether it was looked everywhere: else what was not seen may be open in a network namespace that no process lives in.
    pub is_thorough: bool,
    /// Whether every process was asked what it holds: else nobody may hold what somebody holds.
    pub are_holders_whole: bool,
    /// What could not be seen, and the mend.
    pub problems: Vec<String>,
    /// Who listens on watched ports, and on UNIX sockets of their numbers.
    pub served: Vec<Served>,
    /// Who listens elsewhere, where that was asked.
    pub found: Option<Found>,
}

impl Lookout {
    /// Cookies of the UNIX sockets of databases that listen, whichever number those have, in the network namespace of this process.
    pub(crate) fn local_listeners() -> HashSet<u64> {
        namespaces::local_listeners()
    }

    /// Looks, on a thread of its own: it enters other network namespaces. `known` are cookies of sockets.
    pub fn look(&self, known: HashSet<u64>, quest: Option<Quest>) -> io::Result<oneshot::Receiver<Look>> {
        let (tell, told) = oneshot::channel();
        let lookout = self.clone();
        thread::Builder::new().name("look".to_owned()).spawn(move || {
            // Where nobody waits any more, the agent ends.
            let _ = tell.send(lookout.look_here(&known, quest.as_ref()));
        })?;
        Ok(told)
    }

    /// What is listed twice is open; what is listed in neither is not. A list is no picture: the kernel goes from
    /// socket to socket while connections come and go.
    fn look_here(&self, known: &HashSet<u64>, quest: Option<&Quest>) -> Look {
        let began_boot_ns = Clock.now_boot_ns();
        let cgroups = self.cgroup.as_deref().map(namespaces::cgroups_below);
        let hidden = self.hidden.search();
        let (mut first, mut second) = (Seen::default(), Seen::default());
        for seen in [&mut first, &mut second] {
            namespaces::visit(&self.ports, &hidden, seen);
            if let Some(cgroups) = &cgroups {
                let is_within =
                    |it: &Socket| it.cgroup_id.is_none_or(|cgroup_id| cgroups.contains(&cgroup_id));
                seen.sockets.retain(is_within);
                seen.listening.retain(is_within);
            }
        }
        let mut alive: HashMap<u64, Bytes> = HashMap::new();
        let ends = first.sockets.iter().chain(&second.sockets);
        alive.extend(ends.filter(|it| it.state != TcpState::LISTEN).map(|it| (it.cookie, it.bytes)));
        alive.extend(first.locals.iter().chain(&second.locals).map(|it| (it.cookie, Bytes::default())));
        let mut unknown = pairs::standing(&self.ports, &first.sockets, &second.sockets);
        let still: HashSet<u64> = second.locals.iter().map(|it| it.cookie).collect();
        let standing = first.locals.iter().filter(|it| still.contains(&it.cookie));
        unknown.extend(standing.cloned().map(Standing::local));
        unknown.retain(|it| !known.contains(&it.cookie) && !known.contains(&it.client_cookie));
        let nobody_knows = holders::fill_in(&mut unknown, &self.cgroup_mount);
        let are_holders_whole = nobody_knows.is_none();
        if unknown.iter().any(Standing::is_unheld) {
            let mut last = Seen::default();
            namespaces::visit(&self.ports, &hidden, &mut last);
            note_closed(&mut unknown, &last);
        }
        let Seen { listening, local_listening, .. } = &second;
        let found = quest
            .map(|quest| listeners::find(listening, local_listening, &self.ports, quest, &self.cgroup_mount));
        let served = listening.iter().map(|it| (it.cookie, it.inode, it.local.port()));
        let served = served.chain(local_listening.iter().map(|it| (it.cookie, it.inode, it.port)));
        let served = served.map(|(cookie, inode, port)| Served { cookie, inode, port });
        let served = served.filter(|it| self.ports.contains(&it.port)).collect();
        let mut problems: Vec<String> = first.problems.union(&second.problems).cloned().collect();
        problems.extend(first.unix_problems.union(&second.unix_problems).cloned());
        problems.extend(nobody_knows.into_iter().chain(hidden.problem));
        Look {
            began_boot_ns,
            ended_boot_ns: Clock.now_boot_ns(),
            unknown,
            alive,
            reach: first.reach().min(second.reach()),
            unix_reach: first.unix_reach().min(second.unix_reach()),
            is_thorough: hidden.is_thorough,
            are_holders_whole,
            problems,
            served,
            found,
        }
    }
}

/// Tells those whose client has closed its end, which nobody can hold any more, from those that somebody hides.
fn note_closed(connections: &mut [Standing], now: &Seen) {
    if now.reach() == Reach::Partial {
        return;
    }
    let sockets: HashMap<u64, &Socket> = now.sockets.iter().map(|it| (it.cookie, it)).collect();
    let locals: HashMap<u64, &Local> = now.locals.iter().map(|it| (it.cookie, it)).collect();
    for connection in connections.iter_mut().filter(|it| it.is_unheld()) {
        connection.is_client_closed = if connection.socket_path.is_empty() {
            let client = sockets.get(&connection.client_cookie);
            client.is_none_or(|client| client.inode == 0 && client.state != TcpState::ESTABLISHED)
        } else {
            locals.get(&connection.cookie).is_none_or(|local| local.client_inode == 0)
        };
    }
}
