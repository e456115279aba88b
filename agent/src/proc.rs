//! What `/proc` says of a process. A folder that was opened stays that of its process: whoever gets its pid later is not
//! read in its place.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, fstat, open, openat, readlinkat, statat};
use rustix::io::Errno;

use ebpf_abi::NO_LOGIN;

/// More than any of the files has that are read here whole. Of arguments so many bytes are read.
pub(crate) const BYTES_MAX: usize = 4096;

/// A process that runs, or ran when this was opened.
#[derive(Debug)]
pub(crate) struct Proc {
    folder: Arc<OwnedFd>,
    stat: Stat,
}

/// Some fields of `proc_pid_stat(5)`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    command: Vec<u8>,
    parent: u32,
    started_ticks: u64,
}

impl Proc {
    /// The process with this pid; `None` where there is none.
    pub(crate) fn find(pid: u32) -> io::Result<Option<Self>> {
        let read = || {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let folder = open(format!("/proc/{pid}"), flags, Mode::empty())?;
            let bytes = read(&folder, "stat")?;
            Ok::<_, io::Error>((Arc::new(folder), bytes))
        };
        match read() {
            Ok((folder, bytes)) => {
                let stat = Stat::read(&bytes);
                let stat = stat.ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat is unreadable")))?;
                Ok(Some(Proc { folder, stat }))
            }
            // It may end while it is read.
            Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::NOENT | Errno::SRCH)) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// When it started, since the kernel started, in the ticks that the kernel tells it in.
    pub(crate) fn started(&self) -> Duration {
        of_ticks(self.stat.started_ticks)
    }

    /// Its `comm`.
    pub(crate) fn command(&self) -> &[u8] {
        &self.stat.command
    }

    /// The process that started it, or took it over; 0 where there is none.
    pub(crate) fn parent(&self) -> u32 {
        self.stat.parent
    }

    /// Who runs it.
    pub(crate) fn owner(&self) -> io::Result<u32> {
        Ok(fstat(&self.folder)?.st_uid)
    }

    /// Its folder in `/proc`, for [`arguments`].
    pub(crate) fn folder(&self) -> &Arc<OwnedFd> {
        &self.folder
    }

    /// The file that it runs, as it is called in the process's own file system; ends with ` (deleted)` where it is none
    /// any more. `None` where it is gone, or may not be asked.
    pub(crate) fn executable(&self) -> Option<Vec<u8>> {
        readlinkat(&self.folder, "exe", Vec::new()).ok().map(std::ffi::CString::into_bytes)
    }

    /// The inode of its network namespace (`namespaces(7)`); `None` where it is gone, or may not be asked.
    pub(crate) fn network_namespace(&self) -> Option<u32> {
        u32::try_from(statat(&*self.folder, "ns/net", AtFlags::empty()).ok()?.st_ino).ok()
    }

    /// Who logged in, whoever it acts as since; `None` where nobody did.
    pub(crate) fn login_uid(&self) -> Option<u32> {
        let text = String::from_utf8(read(&self.folder, "loginuid").ok()?).ok()?;
        text.trim().parse().ok().filter(|uid| *uid != NO_LOGIN)
    }
}

/// The file that a process runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// As [`Proc::executable`].
    pub(crate) path: Vec<u8>,
    /// Its inode as the kernel numbers it, which what `stat(2)` says is not everywhere (overlayfs).
    pub(crate) inode: u64,
    /// Number of the mount that it is on.
    pub(crate) mount: u32,
}

impl Program {
    /// That of the process with this folder; `None` where it is gone, or may not be asked. A file server may be waited for.
    pub(crate) fn of(folder: &OwnedFd) -> Option<Self> {
        let file = openat(folder, "exe", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
        let of_fd = |what| format!("/proc/self/{what}/{}", file.as_raw_fd());
        let path = readlinkat(CWD, of_fd("fd"), Vec::new()).ok()?.into_bytes();
        let info = fs::read_to_string(of_fd("fdinfo")).ok()?;
        let number = |name| info.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        let mount = u32::try_from(number("mnt_id:")?).ok()?;
        // Before Linux 5.14 it is not said.
        let inode = number("ino:").or_else(|| fstat(&file).ok().map(|it| it.st_ino))?;
        Some(Program { path, inode, mount })
    }
}

fn of_ticks(ticks: u64) -> Duration {
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_secs(ticks / per_second)
        + Duration::from_secs(ticks % per_second) / u32::try_from(per_second).unwrap_or(u32::MAX)
}

/// A moment since the kernel started, as far as ticks tell it.
pub(crate) fn in_ticks(since_boot: Duration) -> Duration {
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    let ticks = since_boot.as_nanos() * u128::from(per_second) / 1_000_000_000;
    of_ticks(u64::try_from(ticks).unwrap_or(u64::MAX))
}

/// What the process of this folder was started with, or says that it was: each argument with a zero behind it. Waits for the process's
/// memory.
pub(crate) fn arguments(folder: &OwnedFd) -> io::Result<Vec<u8>> {
    read(folder, "cmdline")
}

/// The same up to what no command line is longer than that is looked through.
pub(crate) fn command_line(folder: &OwnedFd) -> io::Result<Vec<u8>> {
    const BYTES_MAX: usize = 1 << 20;
    read_up_to(BYTES_MAX, folder, "cmdline")
}

impl Stat {
    /// The second field is the command in parentheses, which may hold anything.
    fn read(bytes: &[u8]) -> Option<Self> {
        const PARENT_AFTER_COMMAND: usize = 4 - 3;
        const STARTED_AFTER_COMMAND: usize = 22 - 3;
        let open = bytes.iter().position(|byte| *byte == b'(')?;
        let close = bytes.iter().rposition(|byte| *byte == b')')?;
        let command = bytes.get(open + 1..close)?.to_vec();
        let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
        let field = |number| rest.split_whitespace().nth(number);
        let (parent, started_ticks) = (field(PARENT_AFTER_COMMAND)?, field(STARTED_AFTER_COMMAND)?);
        Some(Stat { command, parent: parent.parse().ok()?, started_ticks: started_ticks.parse().ok()? })
    }
}

fn read(folder: &OwnedFd, name: &str) -> io::Result<Vec<u8>> {
    read_up_to(BYTES_MAX, folder, name)
}

fn read_up_to(bytes_max: usize, folder: &OwnedFd, name: &str) -> io::Result<Vec<u8>> {
    let file = File::from(openat(folder, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?);
    let mut bytes = Vec::new();
    file.take(bytes_max as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_command_with_parentheses_is_no_trouble() {
        let stat = b"12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        let expected = Stat { command: b"a) b (c".to_vec(), parent: 1, started_ticks: 4711 };
        assert_eq!(Stat::read(stat), Some(expected));
        for other in [&b"12 (a"[..], b"", b")(", b"12 (a) S 1 2"] {
            assert_eq!(Stat::read(other), None);
        }
    }

    #[test]
    fn this_process_is_found() {
        let me = Proc::find(std::process::id()).unwrap().unwrap();
        let now = Duration::from_nanos(crate::moment::Clock.now_boot_ns());
        assert!(me.started() <= now && now - me.started() < Duration::from_secs(3600), "{me:?} {now:?}");
        assert_eq!(me.parent(), std::os::unix::process::parent_id());
        let executable = std::env::current_exe().unwrap();
        assert_eq!(me.executable().unwrap(), executable.as_os_str().as_bytes());
        let program = Program::of(me.folder()).unwrap();
        assert_eq!((program.path, program.inode != 0), (me.executable().unwrap(), true));
        assert!(Proc::find(u32::MAX).unwrap().is_none());
    }

    #[test]
    fn of_a_process_that_is_gone_nothing_is_read() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let it = Proc::find(child.id()).unwrap().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((it.executable(), it.login_uid(), Program::of(it.folder())), (None, None, None));
    }
}
