//! Finds the network namespaces that no process lives in and nobody has named: those of a single thread, and those that a descriptor, a mount or
//! a socket holds.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, fstat};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::holders::socket_inode;
use crate::act::owner;

/// Descriptors, threads and mounts that are looked at in one search.
const LOOKED_MAX: usize = 4 << 20;
/// Sockets that are asked about in one search; the others are in the next one.
const SOCKETS_MAX: usize = 65_536;
/// Namespaces that are found.
const FOUND_MAX: usize = 4096;
/// Ways into one of them: each may be gone by the time that it is taken.
const WAYS_MAX: usize = 4;
/// More than a file of mounts has.
const MOUNTS_BYTES_MAX: u64 = 16 << 20;
/// A search may take a fiftieth of the time …
const PAUSE_PER_SEARCH: u32 = 50;
/// … and is made this often whatever it takes.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// What is known of them from one look to the next.
#[derive(Clone, Debug, Default)]
pub struct Hidden(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    ways: Ways,
    /// In which namespace a socket is, which never changes. Of those that processes hold.
    sockets: HashMap<u32, u64>,
    /// `None` before the first one.
    search_at: Option<Instant>,
}

/// By the inode of the namespace that they lead to.
type Ways = HashMap<u64, Vec<Way>>;

#[derive(Clone, Debug)]
enum Way {
    Path(PathBuf),
    Socket { pid: u32, descriptor: i32, inode: u32 },
}

/// The namespaces that were found.
#[derive(Debug, Default)]
pub(super) struct Search {
    ways: Ways,
    /// Whether it was looked for them just now, everywhere.
    pub(super) is_thorough: bool,
    /// Why it could not be.
    pub(super) problem: Option<String>,
}

impl Hidden {
    /// Looks for them, where it is time to.
    pub(super) fn search(&self) -> Search {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let began = Instant::now();
        if known.search_at.is_some_and(|at| began < at) {
            return Search { ways: known.ways.clone(), ..Search::default() };
        }
        let mut round = Round::default();
        known.sockets = round.go(std::mem::take(&mut known.sockets));
        known.ways = round.ways();
        let now = Instant::now();
        known.search_at = Some(now + (PAUSE_PER_SEARCH * (now - began)).min(PAUSE_MAX));
        let problem = (LOOKED_MAX < round.looked || FOUND_MAX <= known.ways.len()).then(|| {
            "there is more than can be searched for network namespaces that no process lives in".to_owned()
        });
        let is_thorough = problem.is_none() && round.asked <= SOCKETS_MAX;
        Search { ways: known.ways.clone(), is_thorough, problem }
    }
}

impl Search {
    /// They, where the ways still lead there.
    pub(super) fn open(&self) -> impl Iterator<Item = OwnedFd> {
        self.ways.iter().filter_map(|(inode, ways)| {
            let is_it = |it: &OwnedFd| fstat(it).is_ok_and(|it| it.st_ino == *inode);
            ways.iter().filter_map(|way| way.open().ok()).find(is_it)
        })
    }
}

impl Way {
    fn open(&self) -> io::Result<OwnedFd> {
        match self {
            Way::Path(path) => Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?),
            Way::Socket { pid, descriptor, inode } => {
                of_socket(&descriptors(*pid).ok_or(io::ErrorKind::NotFound)?, *descriptor, *inode)
            }
        }
    }
}

/// One search.
#[derive(Default)]
struct Round {
    /// Those that processes live in.
    plain: HashSet<u64>,
    found: Ways,
    /// Threads come and go, and through namespaces.
    by_threads: Ways,
    /// Mount namespaces whose mounts were read.
    mounts: HashSet<u64>,
    looked: usize,
    asked: usize,
}

impl Round {
    /// Returns in which namespaces sockets are; of these it was known before. Whoever has gone meanwhile, or may not be asked, is passed over.
    fn go(&mut self, before: HashMap<u32, u64>) -> HashMap<u32, u64> {
        let mut sockets = HashMap::new();
        for (pid, process) in numbered(Path::new("/proc")) {
            if LOOKED_MAX < self.looked {
                break;
            }
            self.plain.extend(inode_of(&process.join("ns/net"), "net"));
            self.look_at_threads(pid, &process);
            self.look_at_descriptors(pid, &process, &before, &mut sockets);
            self.look_at_mounts(&process);
        }
        sockets
    }

    /// The ways that do not lead to where a process lives; those of threads come last.
    fn ways(&mut self) -> Ways {
        let mut ways = std::mem::take(&mut self.found);
        for (inode, by_threads) in self.by_threads.drain() {
            ways.entry(inode).or_default().extend(by_threads);
        }
        ways.retain(|inode, _| !self.plain.contains(inode));
        ways
    }

    /// Those of this process look for connections.
    fn look_at_threads(&mut self, pid: u32, process: &Path) {
        if pid == std::process::id() {
            return;
        }
        for (_, thread) in numbered(&process.join("task")).filter(|(thread, _)| *thread != pid) {
            self.looked += 1;
            let way = thread.join("ns/net");
            if let Some(inode) = inode_of(&way, "net") {
                note(&mut self.by_threads, &self.plain, inode, || Way::Path(way));
            }
        }
    }

    fn look_at_descriptors(
        &mut self,
        pid: u32,
        process: &Path,
        before: &HashMap<u32, u64>,
        sockets: &mut HashMap<u32, u64>,
    ) {
        let mut held = None;
        for (number, path) in numbered(&process.join("fd")) {
            self.looked += 1;
            let Ok(link) = fs::read_link(&path) else { continue };
            if let Some(inode) = named_inode(&link, "net") {
                note(&mut self.found, &self.plain, inode, || Way::Path(path));
                continue;
            }
            let Some(socket) = socket_inode(&link) else { continue };
            let Ok(descriptor) = i32::try_from(number) else { continue };
            let known = sockets.get(&socket).or_else(|| before.get(&socket)).copied();
            let namespace = known.or_else(|| {
                self.asked += 1;
                let held = held.get_or_insert_with(|| descriptors(pid)).as_ref();
                let held = held.filter(|_| self.asked <= SOCKETS_MAX)?;
                Some(fstat(of_socket(held, descriptor, socket).ok()?).ok()?.st_ino)
            });
            let Some(namespace) = namespace else { continue };
            sockets.insert(socket, namespace);
            note(&mut self.found, &self.plain, namespace, || Way::Socket { pid, descriptor, inode: socket });
        }
    }

    fn look_at_mounts(&mut self, process: &Path) {
        let is_new = inode_of(&process.join("ns/mnt"), "mnt").is_some_and(|inode| self.mounts.insert(inode));
        let Some(file) = File::open(process.join("mountinfo")).ok().filter(|_| is_new) else { return };
        let mut text = Vec::new();
        if file.take(MOUNTS_BYTES_MAX).read_to_end(&mut text).is_err() {
            return;
        }
        for line in text.split(|byte| *byte == b'\n') {
            self.looked += 1;
            if let Some((inode, place)) = mounted(line) {
                note(&mut self.found, &self.plain, inode, || Way::Path(process.join("root").join(place)));
            }
        }
    }
}

fn note(ways: &mut Ways, plain: &HashSet<u64>, inode: u64, way: impl FnOnce() -> Way) {
    if plain.contains(&inode) || (FOUND_MAX <= ways.len() && !ways.contains_key(&inode)) {
        return;
    }
    let ways = ways.entry(inode).or_default();
    if ways.len() < WAYS_MAX {
        ways.push(way());
    }
}

/// What is called by numbers in a folder of `/proc`.
fn numbered(folder: &Path) -> impl Iterator<Item = (u32, PathBuf)> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
}

/// Of the namespace of this kind that a link leads to.
fn inode_of(link: &Path, kind: &str) -> Option<u64> {
    named_inode(&fs::read_link(link).ok()?, kind)
}

/// `net:[4026531840]` of `namespaces(7)`.
fn named_inode(name: &Path, kind: &str) -> Option<u64> {
    name.to_str()?.strip_prefix(kind)?.strip_prefix(":[")?.strip_suffix(']')?.parse().ok()
}

/// The network namespace that a line of `proc_pid_mountinfo(5)` says is mounted, and where, below the process's root.
fn mounted(line: &[u8]) -> Option<(u64, PathBuf)> {
    let mut fields = line.split(|byte| *byte == b' ');
    let (root, place) = (fields.nth(3)?, fields.next()?);
    let inode = named_inode(Path::new(std::str::from_utf8(root).ok()?), "net")?;
    Some((inode, PathBuf::from(OsString::from_vec(unescaped(place.strip_prefix(b"/")?)))))
}

/// Blanks, tabs, ends of lines and backslashes are a backslash and three octal digits there.
fn unescaped(mut text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    while let Some((first, rest)) = text.split_first() {
        let digits = rest.first_chunk::<3>().and_then(|it| std::str::from_utf8(it).ok());
        let escaped = digits.filter(|_| *first == b'\\').and_then(|it| u8::from_str_radix(it, 8).ok());
        plain.push(escaped.unwrap_or(*first));
        text = if escaped.is_some() { rest.get(3..).unwrap_or_default() } else { rest };
    }
    plain
}

/// What the descriptors of a process are taken from.
fn descriptors(pid: u32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(i32::try_from(pid).ok()?)?, PidfdFlags::empty()).ok()
}

/// The network namespace of the socket with this inode, which a process holds.
fn of_socket(process: &OwnedFd, descriptor: i32, inode: u32) -> io::Result<OwnedFd> {
    let socket = pidfd_getfd(process, descriptor, PidfdGetfdFlags::empty())?;
    // It may be another one by now.
    if fstat(&socket)?.st_ino != u64::from(inode) {
        return Err(io::ErrorKind::NotFound.into());
    }
    owner::of_socket(socket.as_fd())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_network_namespaces_are_read() {
        let read = |line: &str| {
            mounted(line.as_bytes()).map(|(inode, place)| format!("{inode} {}", place.display()))
        };
        let line = "36 25 0:4 net:[4026532177] /run/my\\040netns/a\\134b rw shared:9 - nsfs nsfs rw";
        assert_eq!(read(line).as_deref(), Some("4026532177 run/my netns/a\\b"));
        for other in [
            "",
            "36 25 0:4 mnt:[4026532177] /run/a rw - nsfs nsfs rw",
            "36 25 8:1 / / rw - ext4 /dev/sda1 rw",
            "36 25 0:4 net:[x] /run/a rw - nsfs nsfs rw",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_search_is_thorough_and_the_next_one_waits() {
        let hidden = Hidden::default();
        let first = hidden.search();
        assert!(first.is_thorough && first.problem.is_none(), "{first:?}");
        let own = fs::metadata("/proc/self/ns/net").unwrap();
        assert!(!first.ways.contains_key(&std::os::unix::fs::MetadataExt::ino(&own)), "{first:?}");
        hidden.0.lock().unwrap().search_at = Some(Instant::now() + PAUSE_MAX);
        assert!(!hidden.search().is_thorough);
    }
}
