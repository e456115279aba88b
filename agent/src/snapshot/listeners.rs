//! Finds the databases among those who listen on ports that nobody watches, and which of some suspects listen anywhere.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::local::LocalListener;
use super::{Found, Listener, Quest, Served, Socket, Suspect, holders};
use crate::act::owner;
use crate::asker::Asker;
use crate::discover::programs;
use crate::proc::{self, Proc};
use crate::track::nowhere;

/// One who listens, over TCP or on a UNIX socket.
struct Listening<'a> {
    namespace: u64,
    cookie: u64,
    inode: u32,
    local: SocketAddr,
    path: &'a str,
}

/// Of all listeners, `listening` and `locals`.
pub(super) fn find(
    listening: &[Socket],
    locals: &[LocalListener],
    ports: &BTreeSet<u16>,
    quest: &Quest,
    cgroup_mount: &Path,
) -> Found {
    let over_tcp = listening.iter().map(|it| {
        let Socket { namespace, cookie, inode, local, .. } = *it;
        Listening { namespace, cookie, inode, local, path: "" }
    });
    let on_sockets = locals.iter().map(|it| {
        let LocalListener { namespace, cookie, inode, port, path } = it;
        let (namespace, cookie, inode) = (*namespace, *cookie, *inode);
        Listening { namespace, cookie, inode, local: nowhere(*port), path }
    });
    let is_new = |it: &Listening<'_>| !ports.contains(&it.local.port()) && !quest.seen.contains(&it.cookie);
    let new: Vec<Listening<'_>> = over_tcp.chain(on_sockets).filter(is_new).collect();
    let wanted: HashSet<u32> = new.iter().map(|it| it.inode).filter(|inode| *inode != 0).collect();
    let (holders, problem) =
        if wanted.is_empty() { (HashMap::new(), None) } else { holders::holders_of(&wanted) };
    let mut asker = Asker::of_looks();
    let mut listeners: Vec<Listener> = new
        .into_iter()
        .filter_map(|Listening { namespace, inode, local, path, .. }| {
            let (pid, database) = database(holders.get(&inode)?, local.port(), &mut asker)?;
            let process = holders::describe(pid, cgroup_mount)?;
            let socket_path = path.to_owned();
            let is_in_reach = is_in_reach(pid, namespace);
            Some(Listener { namespace, local, socket_path, database, process, is_in_reach })
        })
        .collect();
    // Of one that listens on several addresses, the widest is told; on a UNIX socket everybody does besides.
    listeners.sort_by_key(|it| (!it.socket_path.is_empty(), !it.local.ip().is_unspecified(), it.local));
    let by_inode: HashMap<u32, SocketAddr> = listening.iter().map(|it| (it.inode, it.local)).collect();
    Found {
        listening: listening.iter().map(|it| it.cookie).chain(locals.iter().map(|it| it.cookie)).collect(),
        listeners,
        forwarding: forwarding(&quest.suspects, &by_inode),
        problem,
    }
}

/// Whether the process is in that namespace, and root made it.
fn is_in_reach(pid: u32, namespace: u64) -> bool {
    let file = File::open(Path::new("/proc").join(pid.to_string()).join("ns/net"));
    file.is_ok_and(|it| {
        it.metadata().is_ok_and(|it| it.ino() == namespace) && owner::is_root(&it).unwrap_or(false)
    })
}

/// Which process of which database listens there. Those that nobody is known to hold are told apart.
pub(crate) fn databases(served: &[Served]) -> (Vec<(Served, u32, &'static str)>, Vec<Served>) {
    let wanted: HashSet<u32> = served.iter().map(|it| it.inode).filter(|inode| *inode != 0).collect();
    let (holders, _) = holders::holders_of(&wanted);
    let (mut found, mut asker) = (Vec::new(), Asker::of_looks());
    for it in served {
        let pids = holders.get(&it.inode);
        let known = pids.and_then(|pids| database(pids, it.port, &mut asker));
        found.extend(known.map(|(pid, database)| (*it, pid, database)));
    }
    (found, served.iter().filter(|it| !holders.contains_key(&it.inode)).copied().collect())
}

/// The first among them that is a database. Its children hold the socket too, and so may who has handed it over.
fn database(pids: &[u32], port: u16, asker: &mut Asker) -> Option<(u32, &'static str)> {
    let those = pids.iter().filter_map(|pid| {
        let process = Proc::find(*pid).ok()??;
        let (executable, command) = names(&process);
        let folder = Arc::clone(process.folder());
        // Of one that lets nobody read it nothing is known.
        let line =
            || asker.ask(move || proc::command_line(&folder)).ok().and_then(Result::ok).unwrap_or_default();
        Some((process.started(), *pid, programs::database(&executable, &command, port, line)?))
    });
    those.min().map(|(_, pid, database)| (pid, database))
}

fn names(process: &Proc) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&process.executable().unwrap_or_default()), text(process.command()))
}

/// Which suspect's process listens where.
fn forwarding(suspects: &[Suspect], by_inode: &HashMap<u32, SocketAddr>) -> Vec<(usize, u32, SocketAddr)> {
    let wanted: HashSet<u32> = by_inode.keys().copied().filter(|inode| *inode != 0).collect();
    let mut forwarding = Vec::new();
    for (place, Suspect { pids, program }) in suspects.iter().enumerate() {
        for pid in pids {
            // A pid may be another's by now.
            let Ok(Some(process)) = Proc::find(*pid) else { continue };
            let (executable, command) = names(&process);
            if programs::name(&executable, &command) != *program {
                continue;
            }
            let (mut looked, mut held) = (0, HashMap::new());
            // Whoever is gone, or cannot be asked, is only a bypass.
            if holders::look_into(*pid, &wanted, &mut looked, &mut held).is_ok() {
                let listens = held.keys().filter_map(|inode| Some((place, *pid, *by_inode.get(inode)?)));
                forwarding.extend(listens);
            }
        }
    }
    forwarding.sort();
    forwarding
}
