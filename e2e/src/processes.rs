//! What Linux tells of other processes: their children, their open files, their memory.

use std::fs;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

/// The processes that `pid` has started and that have not ended.
pub fn children(pid: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc").context("list the processes")?.flatten() {
        let Ok(child) = entry.file_name().to_string_lossy().parse() else { continue };
        if stat(child).is_some_and(|(_, parent)| parent == pid) {
            children.push(child);
        }
    }
    Ok(children)
}

/// Whether it has not ended.
#[must_use]
pub fn runs(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z')
}

/// Ends it at once (SIGKILL). One that has ended already is no error.
pub fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Has it pause (SIGSTOP) until what is returned is dropped.
pub fn pause(pid: u32) -> Result<Paused> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("read the process id")?;
    kill_process(pid, Signal::STOP).context("pause the process")?;
    Ok(Paused(pid))
}

/// Whether a SIGINT waits for it, as where it pauses.
pub fn awaits_interrupt(pid: u32) -> Result<bool> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("read its status")?;
    let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:")).context("find its signals")?;
    let pending = u64::from_str_radix(pending.trim(), 16).context("read its signals")?;
    Ok(pending & 1 << (Signal::INT.as_raw() - 1) != 0)
}

/// A process that pauses.
#[derive(Debug)]
pub struct Paused(Pid);

impl Drop for Paused {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

/// How many files it has open, sockets among them.
pub fn open_files(pid: u32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd")).context("list the process's files")?.count())
}

/// How much memory it holds, in KiB.
pub fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("read the process's memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse().ok());
    number.context("find its resident memory")
}

/// Its state, and the process that started it.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may hold anything, also parentheses.
    let mut fields = stat.rsplit(')').next()?.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_parent_until_it_ends() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let own = std::process::id();
        assert!(children(own).unwrap().contains(&child.id()) && runs(child.id()));
        kill(child.id());
        child.wait().unwrap();
        assert!(!children(own).unwrap().contains(&child.id()) && !runs(child.id()));
        assert!(0 < open_files(own).unwrap() && 0 < resident_kib(own).unwrap());
    }
}
