//! A cgroup of its own for programs of a test: what an agent refuses there, it refuses nobody else on this machine. Root
//! makes it, itself or through sudo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};

/// Gone when it is dropped, where nobody is in it any more.
#[derive(Debug)]
pub struct Cgroup {
    folder: PathBuf,
}

impl Cgroup {
    /// Makes it.
    pub fn new() -> Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let mounts = fs::read_to_string("/proc/mounts").context("read the list of mounts")?;
        let fields = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mount = mounts.lines().map(fields).find(|it| it.get(2).is_some_and(|kind| kind == "cgroup2"));
        let mount = mount.context("find where cgroup v2 is mounted")?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(&mount[1]).join(format!("picket-e2e-{}-{number}", std::process::id()));
        as_root("mkdir \"$0\"", &folder)?;
        Ok(Self { folder })
    }

    /// Its directory.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Moves a process into it. Sockets that it makes from then on are of this cgroup.
    pub fn take(&self, pid: u32) -> Result<()> {
        as_root(&format!("echo {pid} > \"$0\"/cgroup.procs"), &self.folder)
    }

    /// What root's shell does to be in it.
    #[must_use]
    pub fn enter(&self) -> String {
        format!("echo $$ > '{}/cgroup.procs'", self.folder.display())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = as_root("rmdir \"$0\"", &self.folder);
    }
}

fn as_root(script: &str, folder: &Path) -> Result<()> {
    let is_root = rustix::process::geteuid().is_root();
    let words: &[&str] = if is_root { &["sh", "-c", script] } else { &["sudo", "-n", "sh", "-c", script] };
    let done = Command::new(words[0]).args(&words[1..]).arg(folder).output().context("start a shell")?;
    ensure!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr).trim());
    Ok(())
}
