//! Finds the cgroup v2 hierarchy of this host.

use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::LoadError;

/// `CGROUP2_SUPER_MAGIC` of the kernel's `include/uapi/linux/magic.h`.
const CGROUP2_MAGIC: u64 = 0x6367_7270;
const MOUNTS: &str = "/proc/mounts";

/// How far the kernel keeps root out of itself (`kernel_lockdown(7)`).
pub(super) const LOCKDOWN: &str = "/sys/kernel/security/lockdown";

/// Whether no program may read the kernel's memory.
pub(super) fn is_confidential() -> bool {
    fs::read_to_string(LOCKDOWN).is_ok_and(|levels| levels.contains("[confidentiality]"))
}

/// Where cgroup v2 is mounted.
pub fn cgroup_mount() -> Result<PathBuf, LoadError> {
    let mounts = fs::read_to_string(MOUNTS).map_err(|error| LoadError::Cgroup {
        path: PathBuf::from(MOUNTS),
        why: format!("it cannot be read: {error}"),
    })?;
    mount_in(&mounts).ok_or(LoadError::NoCgroup)
}

/// Says whether `path` is in a cgroup v2 hierarchy.
pub(super) fn check_cgroup(path: &Path) -> Result<(), LoadError> {
    let cannot = |why: String| LoadError::Cgroup { path: path.to_owned(), why };
    let found = rustix::fs::statfs(path).map_err(|error| cannot(error.to_string()))?;
    if u64::try_from(found.f_type).ok() != Some(CGROUP2_MAGIC) {
        return Err(cannot("it is no cgroup v2 directory".to_owned()));
    }
    Ok(())
}

/// Says whether all cgroups of this host are below `mount`: a cgroup namespace shows a part of them as the whole.
pub(super) fn check_whole(mount: &Path) -> Result<(), LoadError> {
    // All but the root have it (Documentation/admin-guide/cgroup-v2.rst of the kernel).
    if mount.join("cgroup.events").exists() {
        return Err(LoadError::PartOfCgroups { path: mount.to_owned() });
    }
    Ok(())
}

fn mount_in(mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let mut fields = line.split(' ');
        let (_, path, kind) = (fields.next()?, fields.next()?, fields.next()?);
        (kind == "cgroup2").then(|| unescaped(path))
    })
}

/// Spaces and the like are written as a backslash and three octal digits (`fstab(5)`).
fn unescaped(path: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(escaped) if byte == b'\\' => {
                bytes.push(escaped);
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_is_found_among_others() {
        let mounts = "proc /proc proc rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw 0 0\n\
                      cgroup2 /sys/fs/my\\040cgroup cgroup2 rw 0 0\n";
        assert_eq!(mount_in(mounts), Some(PathBuf::from("/sys/fs/my cgroup")));
        assert_eq!(mount_in("proc /proc proc rw 0 0"), None);
    }

    #[test]
    fn another_directory_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let error = check_cgroup(dir.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("it is no cgroup v2 directory; set `cgroup` to a cgroup v2 directory"),
            "{error}"
        );
    }
}
