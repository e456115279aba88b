//! Finds the processes that hold a socket, by its inode in their descriptors.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use ebpf_abi::{COMMAND_BYTES, Process};
use rustix::io::Errno;

use super::Standing;
use crate::privileges;

/// Processes that are told of for one socket: forks of a server may share it by the hundred.
const HOLDERS_MAX: usize = 16;
/// Processes that are looked at.
const PROCESSES_MAX: usize = 4 << 20;
/// Descriptors that are looked at.
const DESCRIPTORS_MAX: usize = 16 << 20;

/// Adds the holders of the clients' sockets. Returns why not every process could be asked, where that is so.
pub(super) fn fill_in(connections: &mut [Standing], cgroup_mount: &Path) -> Option<String> {
    let wanted: HashSet<u32> =
        connections.iter().map(|it| it.client_inode).filter(|inode| *inode != 0).collect();
    if wanted.is_empty() {
        return None;
    }
    let (holders, problem) = holders_of(&wanted);
    let mut known: HashMap<u32, Option<Process>> = HashMap::new();
    for connection in connections {
        for pid in holders.get(&connection.client_inode).into_iter().flatten() {
            let process = known.entry(*pid).or_insert_with(|| describe(*pid, cgroup_mount));
            let network_namespace = connection.network_namespace;
            connection.holders.extend(process.map(|process| Process { network_namespace, ..process }));
        }
    }
    problem
}

pub(super) fn holders_of(wanted: &HashSet<u32>) -> (HashMap<u32, Vec<u32>>, Option<String>) {
    let (mut holders, mut problem, mut looked) = (HashMap::<u32, Vec<u32>>::new(), None, 0);
    for (entry, _) in fs::read_dir("/proc").into_iter().flatten().flatten().zip(0..PROCESSES_MAX) {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Err(error) = look_into(pid, wanted, &mut looked, &mut holders)
            && !is_gone(&error)
        {
            problem.get_or_insert_with(|| {
                format!(
                    "the descriptors of process {pid} cannot be read: {error}: who holds connections from before the agent is not known of \
                     all; {}",
                    privileges::mend_of_asking()
                )
            });
        }
        if DESCRIPTORS_MAX < looked {
            let problem = format!("processes have more than {DESCRIPTORS_MAX} descriptors");
            return (holders, Some(problem));
        }
    }
    (holders, problem)
}

/// Adds to `holders` which of the `wanted` sockets the process holds.
pub(super) fn look_into(
    pid: u32,
    wanted: &HashSet<u32>,
    looked: &mut usize,
    holders: &mut HashMap<u32, Vec<u32>>,
) -> io::Result<()> {
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        *looked += 1;
        let link = match fs::read_link(entry?.path()) {
            Ok(link) => link,
            // It was closed meanwhile.
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(error),
        };
        let Some(inode) = socket_inode(&link).filter(|inode| wanted.contains(inode)) else { continue };
        let pids = holders.entry(inode).or_default();
        if pids.len() < HOLDERS_MAX && !pids.contains(&pid) {
            pids.push(pid);
        }
    }
    Ok(())
}

fn is_gone(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::SRCH))
}

/// `socket:[4711]` of `proc_pid_fd(5)`.
pub(super) fn socket_inode(link: &Path) -> Option<u32> {
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// What the kernel programs would say of it.
pub(super) fn describe(pid: u32, cgroup_mount: &Path) -> Option<Process> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let uid = uid.split_whitespace().next()?.parse().ok()?;
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    let mut command = [0; COMMAND_BYTES];
    for (to, from) in command.iter_mut().zip(name.strip_suffix(b"\n").unwrap_or(&name)) {
        *to = *from;
    }
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let path = text.lines().find_map(|line| line.strip_prefix("0::/"));
    let folder = path.and_then(|path| fs::metadata(cgroup_mount.join(path)).ok());
    let cgroup_id = folder.map_or(0, |folder| folder.ino());
    // What it tells besides is asked of `/proc` too.
    Some(Process { pid, uid, cgroup_id, command, ..Process::UNKNOWN })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_its_socket() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let inode = u32::try_from(rustix::fs::fstat(&listener).unwrap().st_ino).unwrap();
        let (holders, _) = holders_of(&HashSet::from([inode]));
        assert_eq!(holders.get(&inode), Some(&vec![std::process::id()]));
        let me = describe(std::process::id(), Path::new("/nowhere")).unwrap();
        assert_eq!((me.pid, me.uid), (std::process::id(), rustix::process::getuid().as_raw()));
        assert_ne!(me.command[0], 0);
    }
}
