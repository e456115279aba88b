//! Finds the databases among those who listen on ports that nobody watches, and which of some suspects listen anywhere.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;
use std::path::Path;

use super::{Found, Listener, Quest, Served, Socket, Suspect, holders};
use crate::discover::programs;
use crate::proc::Proc;

/// Of all listeners, `listening`.
pub(super) fn find(listening: &[Socket], ports: &BTreeSet<u16>, quest: &Quest, cgroup_mount: &Path) -> Found {
    let is_new = |it: &&Socket| !ports.contains(&it.local.port()) && !quest.seen.contains(&it.cookie);
    let new: Vec<&Socket> = listening.iter().filter(is_new).collect();
    let wanted: HashSet<u32> = new.iter().map(|it| it.inode).filter(|inode| *inode != 0).collect();
    let (holders, problem) =
        if wanted.is_empty() { (HashMap::new(), None) } else { holders::holders_of(&wanted) };
    let mut listeners: Vec<Listener> = new
        .into_iter()
        .filter_map(|socket| {
            let (pid, database) = database(holders.get(&socket.inode)?, socket.local.port())?;
            let process = holders::describe(pid, cgroup_mount)?;
            Some(Listener { namespace: socket.namespace, local: socket.local, database, process })
        })
        .collect();
    // Of one that listens on several addresses, the widest is told.
    listeners.sort_by_key(|it| (!it.local.ip().is_unspecified(), it.local));
    let by_inode: HashMap<u32, SocketAddr> = listening.iter().map(|it| (it.inode, it.local)).collect();
    Found {
        listening: listening.iter().map(|it| it.cookie).collect(),
        listeners,
        forwarding: forwarding(&quest.suspects, &by_inode),
        problem,
    }
}

/// Which process of which database listens there. Those that nobody is known to hold are told apart.
pub(crate) fn databases(served: &[Served]) -> (Vec<(Served, u32, &'static str)>, Vec<Served>) {
    let wanted: HashSet<u32> = served.iter().map(|it| it.inode).filter(|inode| *inode != 0).collect();
    let (holders, _) = holders::holders_of(&wanted);
    let mut found = Vec::new();
    for it in served {
        let pids = holders.get(&it.inode);
        let known = pids.and_then(|pids| database(pids, it.port));
        found.extend(known.map(|(pid, database)| (*it, pid, database)));
    }
    (found, served.iter().filter(|it| !holders.contains_key(&it.inode)).copied().collect())
}

/// The first among them that is a database. Its children hold the socket too, and so may who has handed it over.
fn database(pids: &[u32], port: u16) -> Option<(u32, &'static str)> {
    let those = pids.iter().filter_map(|pid| {
        let process = Proc::find(*pid).ok()??;
        let (executable, command) = names(&process);
        Some((process.started(), *pid, programs::database(&executable, &command, port)?))
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
