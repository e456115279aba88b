//! Folders that are gone when the process is, even when it was killed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

/// One folder per fixture, below the one folder of this process. Removed when dropped.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// A new folder whose name begins with `what`. Other users may pass through it, so that PostgreSQL can
    /// reach its own folder in it.
    pub fn new(what: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::Builder::new()
            .prefix(&format!("{what}-{number}-"))
            .rand_bytes(4)
            .tempdir_in(base()?)
            .context("create a temporary folder")?;
        passable(folder.path())?;
        Ok(Self(folder))
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file or folder in it.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn passable(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o711)).context("open the temporary folder for others")
}

/// The folder of this process, made on first use together with the shell that removes it.
fn base() -> Result<&'static Path> {
    static BASE: OnceLock<Result<(PathBuf, Child), String>> = OnceLock::new();
    match BASE.get_or_init(|| make_base().map_err(|error| format!("{error:#}"))) {
        Ok((folder, _)) => Ok(folder),
        Err(error) => Err(anyhow!("{error}")),
    }
}

/// The shell reads from a pipe that only this process holds, so it wakes when this process is gone for whatever
/// reason. It tries again for a while, since servers that die with this process may still be writing. It stays
/// on one file system: nothing that is mounted below is any of its business.
fn make_base() -> Result<(PathBuf, Child)> {
    const SWEEP: &str = "trap '' INT TERM HUP; read -r _; for _ in 1 2 3 4 5 6 7 8 9 10; do \
        rm -rf --one-file-system -- \"$1\" 2>/dev/null && [ ! -e \"$1\" ] && exit 0; sleep 0.5; done";
    let folder =
        tempfile::Builder::new().prefix("picket-").tempdir().context("create a temporary folder")?.keep();
    passable(&folder)?;
    let sweeper = Command::new("sh")
        .args(["-c", SWEEP, "sh"])
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("start the shell that removes temporary folders")?;
    Ok((folder, sweeper))
}
