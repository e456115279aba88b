//! What `/proc` says of a process that a pid file names.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

/// A process that runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    /// Who runs it.
    pub(super) owner: u32,
    /// When it started, since the kernel started.
    pub(super) started: Duration,
}

/// The process with this pid; `None` where there is none.
pub(super) fn find(pid: u32) -> io::Result<Option<Running>> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let stat = match std::fs::read(folder.join("stat")) {
        Ok(stat) => stat,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // The process ended while it was read.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let owner = match folder.metadata() {
        Ok(metadata) => metadata.uid(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let stat = String::from_utf8_lossy(&stat);
    let ticks =
        start_ticks(&stat).ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat is unreadable")))?;
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    let started = Duration::from_secs(ticks / per_second)
        + Duration::from_secs(ticks % per_second) / u32::try_from(per_second).unwrap_or(u32::MAX);
    Ok(Some(Running { owner, started }))
}

/// Field 22 of `proc_pid_stat(5)`. The second one is the command in parentheses, which may hold anything.
fn start_ticks(stat: &str) -> Option<u64> {
    const AFTER_COMMAND: usize = 22 - 3;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(AFTER_COMMAND)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_parentheses_is_no_trouble() {
        let stat = "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(start_ticks(stat), Some(4711));
        assert_eq!(start_ticks("12 (a"), None);
    }

    #[test]
    fn this_process_is_found() {
        let me = find(std::process::id()).unwrap().unwrap();
        let now = Duration::from_nanos(crate::moment::Clock.now_boot_ns());
        assert!(me.started <= now && now - me.started < Duration::from_secs(3600), "{me:?} {now:?}");
        assert!(find(u32::MAX).unwrap().is_none());
    }
}
