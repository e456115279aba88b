//! The data directory: readable by its owner only, locked, with the configuration that the engine reads at its start.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use daemon::{Failure, Kind};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

const LOCK: &str = "picket-engine.lock";
const CONFIG: &str = include_str!("config.xml");
const USERS: &str = include_str!("users.xml");

/// ClickHouse's setting `readonly`: nothing may be changed but settings, which clients send with their questions.
const READS_ONLY: &str = "2";

/// A data directory that is ours while this lives.
#[derive(Debug)]
pub(crate) struct Home {
    dir: PathBuf,
    _lock: File,
}

impl Home {
    /// Makes the directory where it is missing, takes its lock and writes the configuration.
    pub(crate) fn open(dir: &Path, is_read_only: bool) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            let kind = match error.kind() {
                io::ErrorKind::PermissionDenied => Kind::NoRights,
                _ => Kind::BadConfig,
            };
            let mend = match kind {
                Kind::NoRights => "give a directory this user may write",
                _ => "give a directory that can be made and written",
            };
            kind.says(format!("use `{}` as data directory: {error}; {mend}", dir.display()))
        };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        let dir = dir.canonicalize().map_err(failed)?;
        refuse_others_files(&dir).map_err(failed)??;
        std::fs::set_permissions(&dir, Permissions::from_mode(0o700)).map_err(failed)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(dir.join(LOCK))
            .map_err(failed)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(Kind::Unavailable.says(format!(
                    "use `{}` as data directory: another picket-engine runs on it; stop that one or give another \
                     directory",
                    dir.display()
                )));
            }
            Err(error) => return Err(failed(error.into())),
        }
        let home = Home { dir, _lock: lock };
        let users = home.dir.join("users.xml");
        let config = CONFIG.replace("{users}", &escaped(&users.display().to_string()));
        let readonly = if is_read_only { READS_ONLY } else { "0" };
        std::fs::write(&users, USERS.replace("{readonly}", readonly)).map_err(failed)?;
        std::fs::write(home.config(), config).map_err(failed)?;
        Ok(home)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.dir.join("config.xml")
    }
}

/// A directory that is not empty and was never ours is somebody else's: it would be closed to them.
fn refuse_others_files(dir: &Path) -> io::Result<Result<(), Failure>> {
    let ours = dir.join(LOCK).exists() || dir.read_dir()?.next().is_none();
    Ok(if ours {
        Ok(())
    } else {
        Err(Kind::BadConfig.says(format!(
            "use `{}` as data directory: it holds files of somebody else; give an empty directory or a new name",
            dir.display()
        )))
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
