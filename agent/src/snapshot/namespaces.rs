//! Goes through the network namespaces of this host: those that a process lives in, those that have a name, and those that are hidden.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::hidden::{Hidden, Search};
use super::local::{Local, LocalListener};
use super::{Reach, Socket, diag, local};

/// Namespaces that are entered in one look.
const NAMESPACES_MAX: usize = 4096;
/// Processes that are asked for theirs.
const PROCESSES_MAX: usize = 4 << 20;
/// Sockets that are kept of one look.
const SOCKETS_MAX: usize = 1 << 20;
/// Listeners that are looked at; on any host fewer listen.
const LISTENING_MAX: usize = 65_536;
/// Directories below a cgroup that are gone through.
const CGROUPS_MAX: usize = 65_536;
/// Its inode is another one in each namespace, and no right is needed to ask for it of any process (`proc_pid_net(5)`).
const OF_THREAD: &str = "/proc/thread-self/net/tcp";
/// The namespace itself.
const OWN: &str = "/proc/thread-self/ns/net";
/// Where `ip netns` gives them names.
const NAMED: &str = "/run/netns";

/// What was seen in one round.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) sockets: Vec<Socket>,
    /// Whoever listens, on whichever port.
    pub(super) listening: Vec<Socket>,
    /// Connections over UNIX sockets.
    pub(super) locals: Vec<Local>,
    /// Databases that listen on UNIX sockets, whichever number those have.
    pub(super) local_listening: Vec<LocalListener>,
    pub(super) problems: BTreeSet<String>,
    /// Why not all of those were seen.
    pub(super) unix_problems: BTreeSet<String>,
    /// By the inode of [`OF_THREAD`] within.
    entered: HashSet<u64>,
    /// Why not; another process may open the way.
    refused: HashMap<u64, Errno>,
    is_partial: bool,
}

impl Seen {
    pub(super) fn reach(&self) -> Reach {
        match self.problems.is_empty() {
            true => Reach::Whole,
            false if self.is_partial => Reach::Partial,
            false => Reach::Fenced,
        }
    }

    pub(super) fn unix_reach(&self) -> Reach {
        if self.unix_problems.is_empty() { self.reach() } else { Reach::Partial }
    }

    fn fails(&mut self, problem: String) {
        self.problems.insert(problem);
        self.is_partial = true;
    }
}

/// Lists the sockets of every namespace. The calling thread is in another one afterwards.
pub(super) fn visit(ports: &BTreeSet<u16>, hidden: &Search, seen: &mut Seen) {
    // Without the right to enter others, this one is seen all the same.
    list(ports, seen);
    let mut processes = 0;
    for (entry, _) in fs::read_dir("/proc").into_iter().flatten().flatten().zip(0..PROCESSES_MAX) {
        if entry.file_name().to_str().is_none_or(|name| name.parse::<u32>().is_err()) {
            continue;
        }
        processes += 1;
        // It may have ended meanwhile.
        let Ok(place) = fs::metadata(entry.path().join("net/tcp")) else { continue };
        if !seen.entered.contains(&place.ino()) {
            match enter(&entry.path().join("ns/net")) {
                Ok(()) => list(ports, seen),
                Err(Errno::NOENT | Errno::SRCH) => {}
                Err(error) => _ = seen.refused.insert(place.ino(), error),
            }
        }
        if NAMESPACES_MAX < seen.entered.len() + seen.refused.len() {
            seen.fails(format!("there are more than {NAMESPACES_MAX} network namespaces"));
            return;
        }
    }
    if processes == 0 {
        seen.fails("processes cannot be listed; mount /proc".to_owned());
    }
    // There is no such folder where nobody has named one, and nobody need live in one that has a name.
    for entry in fs::read_dir(NAMED).into_iter().flatten().flatten().take(NAMESPACES_MAX) {
        match enter(&entry.path()) {
            Ok(()) => list(ports, seen),
            // It is gone, or is no namespace.
            Err(Errno::NOENT | Errno::INVAL) => {}
            Err(error) => _ = seen.problems.insert(refused(error)),
        }
    }
    for namespace in hidden.open() {
        match move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)) {
            Ok(()) => list(ports, seen),
            Err(error) => _ = seen.problems.insert(refused(error)),
        }
    }
    let still = seen.refused.iter().filter(|(place, _)| !seen.entered.contains(place));
    let problems: Vec<String> = still.map(|(_, error)| refused(*error)).collect();
    seen.problems.extend(problems);
}

/// Cookies of the UNIX sockets of databases that listen in the calling thread's namespace; none where they cannot be listed.
pub(super) fn local_listeners() -> HashSet<u64> {
    let (mut locals, mut listening) = (Vec::new(), Vec::new());
    // A look says why.
    let _ = local::list(&BTreeSet::new(), 0, &mut locals, &mut listening);
    listening.into_iter().map(|it| it.cookie).collect()
}

/// Asks in one namespace after the other, until one has an answer. The calling thread is in another one afterwards.
pub(super) fn ask_each<T>(hidden: &Hidden, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let mut asked = HashSet::new();
    let mut ask_here = || {
        let place = fs::metadata(OF_THREAD).ok()?.ino();
        asked.insert(place).then(&mut ask).flatten()
    };
    if let Some(answer) = ask_here() {
        return Some(answer);
    }
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().take(PROCESSES_MAX);
    let processes =
        processes.filter(|it| it.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok()));
    let named = fs::read_dir(NAMED).into_iter().flatten().flatten().take(NAMESPACES_MAX).map(|it| it.path());
    // Who has ended meanwhile, or may not be followed, is passed over.
    let answer = processes
        .map(|it| it.path().join("ns/net"))
        .chain(named)
        .find_map(|path| enter(&path).ok().and_then(|()| ask_here()));
    answer.or_else(|| {
        let hidden = hidden.search();
        hidden.open().find_map(|namespace| {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).ok()?;
            ask_here()
        })
    })
}

fn refused(error: Errno) -> String {
    format!(
        "a network namespace cannot be entered: {error}; grant CAP_SYS_ADMIN and CAP_SYS_PTRACE to see connections of \
         containers from before the agent"
    )
}

fn enter(path: &Path) -> Result<(), Errno> {
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
}

/// Lists the sockets of the namespace that the calling thread is in, once.
fn list(ports: &BTreeSet<u16>, seen: &mut Seen) {
    let place = match fs::metadata(OF_THREAD) {
        Ok(place) => place.ino(),
        Err(error) => return seen.fails(format!("{OF_THREAD} cannot be read: {error}; mount /proc")),
    };
    if !seen.entered.insert(place) {
        return;
    }
    let namespace = match fs::metadata(OWN) {
        Ok(namespace) => namespace.ino(),
        Err(error) => return seen.fails(format!("{OWN} cannot be read: {error}")),
    };
    if let Err(error) = diag::list(ports, namespace, &mut seen.sockets, &mut seen.listening) {
        seen.fails(error.to_string());
    }
    if let Err(error) = local::list(ports, namespace, &mut seen.locals, &mut seen.local_listening) {
        seen.unix_problems.insert(error.to_string());
    }
    if SOCKETS_MAX < seen.locals.len() {
        seen.locals.truncate(SOCKETS_MAX);
        seen.unix_problems.insert(format!("more than {SOCKETS_MAX} connections are over UNIX sockets"));
    }
    seen.listening.truncate(LISTENING_MAX);
    seen.local_listening.truncate(LISTENING_MAX);
    if SOCKETS_MAX < seen.sockets.len() {
        seen.sockets.truncate(SOCKETS_MAX);
        seen.fails(format!("more than {SOCKETS_MAX} sockets have watched ports"));
    }
}

/// Ids of `cgroup` and all below.
pub(super) fn cgroups_below(cgroup: &Path) -> HashSet<u64> {
    let mut ids: HashSet<u64> = fs::metadata(cgroup).map(|metadata| metadata.ino()).into_iter().collect();
    let mut folders = vec![cgroup.to_owned()];
    while let Some(folder) = folders.pop()
        && ids.len() < CGROUPS_MAX
    {
        // A cgroup may go while it is looked at.
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                ids.insert(entry.ino());
                folders.push(entry.path());
            }
        }
    }
    ids
}
