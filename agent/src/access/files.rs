//! Reads configuration files of a server as its own process sees them, and never waits for one: what is no regular file is not
//! opened, and what is too large is not read.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use audit::record::UnixMicros;
use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat2};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// PostgreSQL's own files have some kilobytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Entries of a folder of configuration files.
const ENTRIES_MAX: usize = 4096;

/// Where the paths of a server begin: containers have file systems of their own.
#[derive(Debug)]
pub(super) struct Root(OwnedFd);

/// Why a file was not read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum Unread {
    #[error("it is not there")]
    Missing,
    #[error("it cannot be read: {0}; files of others need CAP_DAC_READ_SEARCH")]
    Refused(Errno),
    #[error("it is no regular file")]
    NoFile,
    #[error("it is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
}

/// What tells that somebody has written a file, whatever `touch` says since: its inode, and when the kernel last changed that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    inode: u64,
    changed_ns: i128,
}

/// Whose a file or folder is, and who may read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights {
    pub(super) owner: u32,
    group: u32,
    mode: u32,
}

impl Rights {
    fn of(stat: &Stat) -> Self {
        Rights { owner: stat.st_uid, group: stat.st_gid, mode: stat.st_mode }
    }

    /// Whether it may be read by whoever has the user and group of `folder`.
    pub(super) fn is_open_to(self, folder: Rights) -> bool {
        let Rights { owner, group, mode } = self;
        owner == folder.owner || mode & 0o004 != 0 || (group == folder.group && mode & 0o040 != 0)
    }
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) rights: Rights,
    pub(super) modified_at: UnixMicros,
    pub(super) stamp: Stamp,
}

impl Root {
    /// This agent's own.
    pub(super) fn of_host() -> Result<Self, Errno> {
        Self::open("/")
    }

    /// That of a process; needs CAP_SYS_PTRACE for another user's.
    pub(super) fn of_process(pid: u32) -> Result<Self, Errno> {
        Self::open(&format!("/proc/{pid}/root"))
    }

    fn open(path: &str) -> Result<Self, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(path, flags, Mode::empty()).map(Root)
    }

    /// The whole file.
    pub(super) fn read(&self, path: &Path) -> Result<Text, Unread> {
        // Found without being opened: a device or a queue would notice.
        let (found, stat) = self.find(path)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Unread::NoFile);
        }
        let mut bytes = Vec::new();
        let file = reopen(&found, OFlags::NONBLOCK)?;
        File::from(file)
            .take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Unread::Refused(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
        if FILE_BYTES_MAX < bytes.len() as u64 {
            return Err(Unread::TooLarge);
        }
        Ok(Text {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            rights: Rights::of(&stat),
            modified_at: UnixMicros(stat.st_mtime * 1_000_000 + stat.st_mtime_nsec as i64 / 1000),
            stamp: Stamp {
                inode: stat.st_ino,
                changed_ns: i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec),
            },
        })
    }

    /// The files of a folder that PostgreSQL includes: `*.conf` that are not hidden, by their names.
    pub(super) fn list(&self, folder: &Path) -> Result<Vec<PathBuf>, Unread> {
        let (found, _) = self.find(folder)?;
        let entries = Dir::new(reopen(&found, OFlags::DIRECTORY)?).map_err(Unread::Refused)?;
        let mut names = Vec::new();
        for entry in entries.take(ENTRIES_MAX) {
            let name = entry.map_err(Unread::Refused)?.file_name().to_bytes().to_vec();
            if name.ends_with(b".conf") && !name.starts_with(b".") {
                names.push(name);
            }
        }
        names.sort();
        Ok(names.into_iter().map(|name| folder.join(OsString::from_vec(name))).collect())
    }

    /// Whose it is.
    pub(super) fn rights(&self, path: &Path) -> Result<Rights, Unread> {
        Ok(Rights::of(&self.find(path)?.1))
    }

    /// Names the folder: its inode.
    pub(super) fn inode(&self, path: &Path) -> Result<u64, Unread> {
        Ok(self.find(path)?.1.st_ino)
    }

    /// Links are followed as that process would, and never out of its root.
    fn find(&self, path: &Path) -> Result<(OwnedFd, Stat), Unread> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let found = openat2(&self.0, path, flags, Mode::empty(), ResolveFlags::IN_ROOT).map_err(unread)?;
        let stat = fstat(&found).map_err(unread)?;
        Ok((found, stat))
    }
}

fn reopen(found: &OwnedFd, flags: OFlags) -> Result<OwnedFd, Unread> {
    let path = format!("/proc/self/fd/{}", found.as_raw_fd());
    let flags = flags | OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map_err(unread)
}

fn unread(error: Errno) -> Unread {
    match error {
        Errno::NOENT | Errno::NOTDIR => Unread::Missing,
        error => Unread::Refused(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_regular_files_that_are_not_too_large_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let (root, path) = (Root::of_host().unwrap(), |name: &str| dir.path().join(name));
        fs::write(path("a"), "text").unwrap();
        assert_eq!(root.read(&path("a")).unwrap().text, "text");
        assert!(Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
        symlink("/dev/zero", path("zero")).unwrap();
        symlink(path("loop"), path("loop")).unwrap();
        fs::File::create(path("large")).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
        let error = |name: &str| root.read(&path(name)).unwrap_err();
        assert_eq!(
            [error("fifo"), error("zero"), error(".")],
            [Unread::NoFile, Unread::NoFile, Unread::NoFile]
        );
        assert_eq!([error("none"), error("a/b")], [Unread::Missing, Unread::Missing]);
        assert_eq!([error("large"), error("loop")], [Unread::TooLarge, Unread::Refused(Errno::LOOP)]);
    }

    #[test]
    fn a_file_that_was_written_and_written_back_has_another_stamp() {
        let dir = tempfile::tempdir().unwrap();
        let (root, path) = (Root::of_host().unwrap(), dir.path().join("a"));
        fs::write(&path, "a").unwrap();
        let before = root.read(&path).unwrap();
        let times = fs::FileTimes::new().set_modified(fs::metadata(&path).unwrap().modified().unwrap());
        // The kernel's clock of files ticks some hundred times a second.
        while root.read(&path).unwrap().stamp == before.stamp {
            fs::write(&path, "b").unwrap();
            fs::write(&path, "a").unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
        }
        assert_eq!(root.read(&path).unwrap().modified_at, before.modified_at);
    }

    #[test]
    fn links_do_not_lead_out_of_the_root() {
        let dir = tempfile::tempdir().unwrap();
        let etc = dir.path().join("etc");
        fs::create_dir(&etc).unwrap();
        fs::write(etc.join("passwd"), "inside").unwrap();
        symlink("/etc/passwd", dir.path().join("link")).unwrap();
        symlink("../../../../../../etc/passwd", dir.path().join("up")).unwrap();
        let root = Root::open(dir.path().to_str().unwrap()).unwrap();
        for name in ["/link", "/up", "/../etc/passwd"] {
            assert_eq!(root.read(Path::new(name)).unwrap().text, "inside");
        }
    }

    #[test]
    fn of_a_folder_the_files_are_listed_that_postgresql_includes() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.conf", "a.conf", ".c.conf", "d.conf~", "e"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let listed = Root::of_host().unwrap().list(dir.path()).unwrap();
        assert_eq!(listed, ["a.conf", "b.conf"].map(|name| dir.path().join(name)));
    }
}
