//! Says of a process what the ledger wants: the names behind the kernel's numbers. Names are looked up when its
//! connection is told, so those of a process that is gone may be unknown.

mod cgroups;

use std::collections::HashMap;
use std::path::PathBuf;

use audit::record::ProcessFacts;
use ebpf_abi::Process;

use self::cgroups::Cgroups;

/// Users whose names are remembered; beyond it all are looked up again.
const USERS_MAX: usize = 4096;

/// Looks names up, and remembers them.
#[derive(Debug)]
pub struct Processes {
    cgroups: Cgroups,
    users: HashMap<u32, String>,
}

impl Processes {
    /// Names cgroups below `cgroup_mount`.
    pub fn new(cgroup_mount: PathBuf) -> Self {
        Processes { cgroups: Cgroups::new(cgroup_mount), users: HashMap::new() }
    }

    /// What the ledger says of `process`.
    pub fn facts(&mut self, process: &Process) -> ProcessFacts {
        ProcessFacts {
            pid: process.pid,
            command: command(&process.command),
            uid: process.uid,
            user: self.user(process.uid),
            cgroup_id: process.cgroup_id,
            cgroup: self.cgroup(process),
        }
    }

    /// Path of its cgroup; empty where that is gone.
    pub(crate) fn cgroup(&mut self, process: &Process) -> String {
        self.cgroups.path(process.pid, process.cgroup_id)
    }

    fn user(&mut self, uid: u32) -> String {
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

/// A process may call itself anything: what could spoil a line of a report is replaced.
fn command(comm: &[u8]) -> String {
    let end = comm.iter().position(|byte| *byte == 0).unwrap_or(comm.len());
    let text = String::from_utf8_lossy(comm.get(..end).unwrap_or_default());
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_end_at_their_zero_and_hold_no_controls() {
        assert_eq!(command(b"psql\0garbage\0\0\0\0"), "psql");
        assert_eq!(command(b"0123456789abcdef"), "0123456789abcdef");
        assert_eq!(command(b"a\nb\x1b[31m\0"), "a\u{fffd}b\u{fffd}[31m");
    }

    #[test]
    fn root_has_a_name_and_nobody_else_gets_it() {
        let mut processes = Processes::new(PathBuf::from("/nowhere"));
        assert_eq!(processes.user(0), "root");
        assert_eq!(processes.user(4_000_000_000), "");
    }
}
