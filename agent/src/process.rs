//! Says of a process what the ledger wants: the names behind the kernel's numbers, and what `/proc` knows besides. It is
//! read when the opening of its connection is: of a process that is gone by then, or has become another program, only what the kernel told is
//! known. That is when it started, in which network namespace it was, who started it and who logged in, what its file is called, and what it was
//! started with.

mod arguments;
mod cgroups;
mod heard;
mod place;
mod secrets;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use audit::record::{ProcessFacts, UnixMicros};
use ebpf_abi::{self as abi, NO_LOGIN, Process};

use self::arguments::Told;
pub use self::arguments::{Arguments, ArgumentsKey};
use self::cgroups::Cgroups;
use self::place::Place;
use crate::asker::Asker;
use crate::moment::{Clock, nanos};
use crate::proc::{self, Proc, Program};

/// Users whose names are remembered; beyond it all are looked up again.
const USERS_MAX: usize = 4096;
/// Parents of parents that are told.
const PARENTS_MAX: usize = 8;
/// The kernel tells starts in hundredths of a second; in them, the same process started at the same moment.
const START_MICROS: i64 = 10_000;

/// Looks names up, and remembers them.
#[derive(Debug)]
pub struct Processes {
    cgroups: Cgroups,
    users: HashMap<u32, String>,
    arguments: Arguments,
    asker: Asker,
}

impl Processes {
    /// Names cgroups below `cgroup_mount`, and tells `arguments`.
    pub fn new(cgroup_mount: PathBuf, arguments: Arguments) -> Self {
        let cgroups = Cgroups::new(cgroup_mount);
        Processes { cgroups, users: HashMap::new(), arguments, asker: Asker::new() }
    }

    /// What the ledger says of `process`, which connected, or held a connection, at `at_boot_ns`.
    pub fn facts(&mut self, process: &Process, at_boot_ns: u64) -> ProcessFacts {
        let cgroup = self.cgroup(process);
        let Place { unit, container, pod } = Place::of(&cgroup);
        // Whoever has got its pid since is another one, which the kernel's word tells also within the tick in which both started.
        let is_it = |it: &Proc| told_start(process).is_none_or(|told| told == it.started());
        let running = same(process.pid, Duration::from_nanos(at_boot_ns)).filter(is_it);
        let running = running.as_ref();
        let told_login = Some(process.login_uid).filter(|uid| *uid != NO_LOGIN);
        let login_uid = told_login.or_else(|| running.and_then(Proc::login_uid));
        let path = running.and_then(|it| self.path_of_program(it, process));
        let folder = running.filter(|_| path.is_some()).map(Proc::folder);
        let Told { arguments, hash: arguments_hash, executable } =
            self.arguments.of(folder, process, &mut self.asker);
        ProcessFacts {
            pid: process.pid,
            command: shown(until_zero(&process.command)),
            uid: process.uid,
            user: self.user(process.uid),
            cgroup_id: process.cgroup_id,
            cgroup,
            executable: path.filter(|path| !path.is_empty()).map_or(executable, |path| shown(&path)),
            started_at: running.map(Proc::started).or_else(|| told_start(process)).map(started_at),
            login_uid,
            login_user: login_uid.map(|uid| self.user(uid)).unwrap_or_default(),
            unit,
            container,
            pod,
            parents: running.map_or_else(|| parents_as_told(process), parents),
            // That of the `connect`, where the kernel told it: the process may have gone to another since.
            network_namespace: Some(process.network_namespace)
                .filter(|inode| *inode != 0)
                .or_else(|| running.and_then(Proc::network_namespace)),
            arguments,
            arguments_hash,
        }
    }

    /// The file that it runs, where that is still the one that it ran within its `connect`, as far as the kernel told; empty where it may not be asked.
    fn path_of_program(&mut self, running: &Proc, process: &Process) -> Option<Vec<u8>> {
        if process.executable_inode == 0 {
            return Some(running.executable().unwrap_or_default());
        }
        let folder = Arc::clone(running.folder());
        let program = self.asker.ask(move || Program::of(&folder)).ok().flatten()?;
        let is_same = (program.inode, program.mount) == (process.executable_inode, process.executable_mount);
        is_same.then_some(program.path)
    }

    /// The kernel programs told what a process was started with.
    pub fn hear(&mut self, told: &abi::Arguments) {
        self.arguments.hear(told);
    }

    /// Whether arguments of somebody were not read since that was asked last.
    pub(crate) fn take_untold_arguments(&mut self) -> bool {
        self.arguments.take_untold()
    }

    /// Path of its cgroup; empty where that is gone.
    pub(crate) fn cgroup(&mut self, process: &Process) -> String {
        self.cgroups.path(process.pid, process.cgroup_id)
    }

    pub(crate) fn user(&mut self, uid: u32) -> String {
        if let Some(known) = self.users.get(&uid) {
            return known.clone();
        }
        let user = uzers::get_user_by_uid(uid);
        let name = user.map_or_else(String::new, |user| user.name().to_string_lossy().into_owned());
        if USERS_MAX <= self.users.len() {
            self.users.clear();
        }
        self.users.insert(uid, name.clone());
        name
    }
}

/// The process of this pid, where it ran already at that time: one that started later has taken the pid over.
fn same(pid: u32, at_boot: Duration) -> Option<Proc> {
    // Whoever cannot be read is as one that is gone.
    Proc::find(pid).ok().flatten().filter(|it| it.started() <= at_boot)
}

fn started_at(started: Duration) -> UnixMicros {
    let UnixMicros(at) = Clock.at(nanos(started));
    UnixMicros(at - at.rem_euclid(START_MICROS))
}

/// What the kernel programs told of its start, as `/proc` would have.
fn told_start(process: &Process) -> Option<Duration> {
    (process.started_boot_ns != 0).then(|| proc::in_ticks(Duration::from_nanos(process.started_boot_ns)))
}

/// Who had started it, as the kernel programs told, and who started that one, where it still runs.
fn parents_as_told(process: &Process) -> Vec<String> {
    let Process { parent_pid, parent_command, .. } = process;
    let Some(started) = told_start(process).filter(|_| *parent_pid != 0) else { return Vec::new() };
    let parent = format!("{}[{parent_pid}]", shown(until_zero(parent_command)));
    let above = same(*parent_pid, started).map(|it| parents(&it)).unwrap_or_default();
    [parent].into_iter().chain(above).take(PARENTS_MAX).collect()
}

/// Who started it, and so on, as `command[pid]`. Nobody is younger than who it started.
fn parents(running: &Proc) -> Vec<String> {
    let (mut parents, mut parent, mut started) = (Vec::new(), running.parent(), running.started());
    while parents.len() < PARENTS_MAX && parent != 0 {
        let Some(it) = same(parent, started) else { break };
        parents.push(format!("{}[{parent}]", shown(it.command())));
        (parent, started) = (it.parent(), it.started());
    }
    parents
}

fn until_zero(comm: &[u8]) -> &[u8] {
    let end = comm.iter().position(|byte| *byte == 0).unwrap_or(comm.len());
    comm.get(..end).unwrap_or_default()
}

/// A process may call itself anything: what could spoil a line of a report is replaced.
pub(crate) fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn commands_end_at_their_zero_and_hold_no_controls() {
        let command = |comm| shown(until_zero(comm));
        assert_eq!(command(b"psql\0garbage\0\0\0\0"), "psql");
        assert_eq!(command(b"0123456789abcdef"), "0123456789abcdef");
        assert_eq!(command(b"a\nb\x1b[31m\0"), "a\u{fffd}b\u{fffd}[31m");
    }

    #[test]
    fn root_has_a_name_and_nobody_else_gets_it() {
        let mut processes = Processes::new(PathBuf::from("/nowhere"), Arguments::none());
        assert_eq!(processes.user(0), "root");
        assert_eq!(processes.user(4_000_000_000), "");
    }

    /// The pid of a process that has ended may be another's by the time that it is asked about.
    #[test]
    fn a_process_that_started_later_is_another_one() {
        let me = std::process::id();
        let process = Process { pid: me, ..Process::UNKNOWN };
        let mut processes = Processes::new(PathBuf::from("/nowhere"), Arguments::none());
        let now = processes.facts(&process, Clock.now_boot_ns());
        assert!(now.executable.contains("picket_agent") && now.started_at.is_some(), "{now:?}");
        assert_eq!(
            now.network_namespace.map(u64::from),
            Some(std::fs::metadata("/proc/self/ns/net").unwrap().ino())
        );
        let elsewhere = Process { network_namespace: 9, ..process };
        assert_eq!(processes.facts(&elsewhere, Clock.now_boot_ns()).network_namespace, Some(9));
        let (parent, pid) = (&now.parents[0], std::os::unix::process::parent_id());
        assert!(parent.ends_with(&format!("[{pid}]")) && now.parents.len() <= PARENTS_MAX, "{now:?}");
        let then = processes.facts(&process, 1);
        assert_eq!((then.executable.as_str(), then.started_at, then.login_uid), ("", None, None));
        assert_eq!((then.parents.len(), then.pid), (0, me));
    }
}
