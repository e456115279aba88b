//! Reads a pid file and believes it only where nobody but root or the proxy's own user can have written it, for the
//! process that runs now.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags};
use thiserror::Error;

use crate::proc::Proc;

/// A pid, a line end and some spaces.
const BYTES_MAX: u64 = 64;
/// Writable by group or by others.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// A process's start is told in hundredths of a second, and a file's time lags behind by one.
const START_SLACK: Duration = Duration::from_millis(100);

/// Why a pid file proves nothing.
#[derive(Debug, Error)]
pub(super) enum PidFileError {
    /// There is none.
    #[error("it is not there; start the proxy, or correct `proxy.pid-file`")]
    Missing,
    /// It or its process cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    /// It is a directory, a pipe …
    #[error("it is no regular file")]
    NoFile,
    /// Anybody could have written it.
    #[error("{what} can be written by others: its mode {mode:03o} must have no {WRITABLE_BY_OTHERS:03o}")]
    WritableByOthers {
        /// The file or its directory.
        what: &'static str,
        /// Its permissions.
        mode: u32,
    },
    /// It holds something else.
    #[error("it must hold a process id")]
    NoPid,
    /// Nobody runs under that pid.
    #[error("there is no process {0}, which it names; start the proxy again")]
    NoProcess(u32),
    /// Somebody else wrote it.
    #[error("{what} belongs to user {owner}, not to root nor to user {process_owner} of process {pid}")]
    WrongOwner {
        /// The file or its directory.
        what: &'static str,
        /// Its owner.
        owner: u32,
        /// Who runs the process.
        process_owner: u32,
        /// The process that it names.
        pid: u32,
    },
    /// The process that wrote it is gone.
    #[error(
        "it was written before process {0}, which it names, started: the pid is used again, or the clock was set; \
         start the proxy again"
    )]
    ReusedPid(u32),
}

/// The process that the file proves to be the proxy's, and when it started.
pub(super) fn proven_process(path: &Path) -> Result<(u32, Duration), PidFileError> {
    // `NONBLOCK`: a pipe in its place must not hold the agent up.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mut file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(descriptor) => File::from(descriptor),
        Err(rustix::io::Errno::NOENT) => return Err(PidFileError::Missing),
        Err(error) => return Err(PidFileError::Read(error.into())),
    };
    let metadata = file.metadata().map_err(PidFileError::Read)?;
    if !metadata.is_file() {
        return Err(PidFileError::NoFile);
    }
    let directory = path.parent().unwrap_or(path).metadata().map_err(PidFileError::Read)?;
    let mut text = String::new();
    (&mut file).take(BYTES_MAX).read_to_string(&mut text).map_err(|_| PidFileError::NoPid)?;
    let pid = text.trim().parse::<u32>().ok().filter(|pid| *pid != 0).ok_or(PidFileError::NoPid)?;

    let process = Proc::find(pid).map_err(PidFileError::Read)?.ok_or(PidFileError::NoProcess(pid))?;
    let process_owner = process.owner().map_err(PidFileError::Read)?;
    check_owner("it", &metadata, pid, process_owner)?;
    check_owner("its directory", &directory, pid, process_owner)?;
    let written = metadata.modified().map_err(PidFileError::Read)?;
    if written.checked_add(START_SLACK).is_none_or(|written| written < started(process.started())) {
        return Err(PidFileError::ReusedPid(pid));
    }
    Ok((pid, process.started()))
}

fn check_owner(
    what: &'static str,
    metadata: &Metadata,
    pid: u32,
    process_owner: u32,
) -> Result<(), PidFileError> {
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o777);
    if mode & WRITABLE_BY_OTHERS != 0 {
        return Err(PidFileError::WritableByOthers { what, mode });
    }
    if owner != 0 && owner != process_owner {
        return Err(PidFileError::WrongOwner { what, owner, process_owner, pid });
    }
    Ok(())
}

/// Time of day at a time since the kernel started, by the clock as it is set now.
fn started(since_boot: Duration) -> SystemTime {
    let now = Duration::from_nanos(crate::moment::Clock.now_boot_ns());
    SystemTime::now() - now.saturating_sub(since_boot)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// What a file of that text, mode and age (in seconds) proves.
    fn proves(text: &str, mode: u32, age_secs: u64) -> Result<u32, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("proxy.pid");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let written = SystemTime::now() - Duration::from_secs(age_secs);
        File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
        proven_process(&path).map(|(pid, _)| pid).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_proves_the_process_that_wrote_it() {
        let me = std::process::id();
        assert_eq!(proves(&format!("{me}\n"), 0o644, 0), Ok(me));
    }

    #[test]
    fn a_reused_pid_is_not_believed() {
        let error = proves(&std::process::id().to_string(), 0o644, 3600).unwrap_err();
        assert!(error.contains("the pid is used again"), "{error}");
    }

    #[test]
    fn others_cannot_register_themselves() {
        let error = proves(&std::process::id().to_string(), 0o666, 0).unwrap_err();
        assert_eq!(error, "it can be written by others: its mode 666 must have no 022");

        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o1777)).unwrap();
        let path = dir.path().join("proxy.pid");
        std::fs::write(&path, std::process::id().to_string()).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let error = proven_process(&path).unwrap_err().to_string();
        assert!(error.starts_with("its directory can be written by others"), "{error}");
    }

    #[test]
    fn what_proves_nothing_is_told() {
        assert_eq!(proves("", 0o644, 0).unwrap_err(), "it must hold a process id");
        assert_eq!(proves("12a", 0o644, 0).unwrap_err(), "it must hold a process id");
        assert_eq!(proves("0", 0o644, 0).unwrap_err(), "it must hold a process id");
        assert!(proves("4294967295", 0o644, 0).unwrap_err().starts_with("there is no process 4294967295"));
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(proven_process(dir.path()).unwrap_err().to_string(), "it is no regular file");
        let missing = proven_process(&dir.path().join("none")).unwrap_err();
        assert!(matches!(missing, PidFileError::Missing), "{missing}");
    }
}
