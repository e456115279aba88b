//! Finds the path of a cgroup by its id, which is the inode of its directory.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Paths that are remembered; beyond it all are looked up again. A cgroup's id is not used again while the kernel
/// runs, and moving one is not possible.
const PATHS_MAX: usize = 4096;
/// Directories that are looked through for one cgroup.
const VISITED_MAX: usize = 65_536;

#[derive(Debug)]
pub(super) struct Cgroups {
    mount: PathBuf,
    paths: HashMap<u64, String>,
}

impl Cgroups {
    pub(super) fn new(mount: PathBuf) -> Self {
        Cgroups { mount, paths: HashMap::new() }
    }

    /// Path below the mount of cgroup `id`, in which process `pid` was; empty where it is gone.
    pub(super) fn path(&mut self, pid: u32, id: u64) -> String {
        if let Some(known) = self.paths.get(&id) {
            return known.clone();
        }
        let Some(path) = self.path_of(pid, id).or_else(|| self.search(id)) else { return String::new() };
        if PATHS_MAX <= self.paths.len() {
            self.paths.clear();
        }
        self.paths.insert(id, path.clone());
        path
    }

    /// Where the process itself says it is, if that is the right cgroup.
    fn path_of(&self, pid: u32, id: u64) -> Option<String> {
        let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        let path = text.lines().find_map(|line| line.strip_prefix("0::"))?;
        let below = Path::new(path).strip_prefix("/").ok()?;
        let metadata = fs::metadata(self.mount.join(below)).ok()?;
        (metadata.ino() == id).then(|| path.to_owned())
    }

    fn search(&self, id: u64) -> Option<String> {
        if fs::metadata(&self.mount).ok()?.ino() == id {
            return Some("/".to_owned());
        }
        let mut folders = vec![self.mount.clone()];
        let mut visited = 0;
        while let Some(folder) = folders.pop() {
            visited += 1;
            if VISITED_MAX < visited {
                break;
            }
            // A cgroup may go while it is looked at.
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    continue;
                }
                if entry.ino() == id {
                    let below = entry.path().strip_prefix(&self.mount).ok()?.to_string_lossy().into_owned();
                    return Some(format!("/{below}"));
                }
                folders.push(entry.path());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_found_by_its_inode() {
        let mount = tempfile::tempdir().unwrap();
        let deep = mount.path().join("system.slice/postgresql.service");
        fs::create_dir_all(&deep).unwrap();
        let id = fs::metadata(&deep).unwrap().ino();
        let mut cgroups = Cgroups::new(mount.path().to_owned());
        assert_eq!(cgroups.path(u32::MAX, id), "/system.slice/postgresql.service");
        assert_eq!(cgroups.path(u32::MAX, fs::metadata(mount.path()).unwrap().ino()), "/");
        assert_eq!(cgroups.path(u32::MAX, u64::MAX), "");
    }
}
