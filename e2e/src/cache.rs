//! Where `cargo xtask setup` keeps what it fetches.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder; `None` where the user has neither a cache nor a home.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("picket"))
}

/// The Python of the environment in this folder, where pip has installed there what the lock says.
#[must_use]
pub fn python(folder: PathBuf, lock: &str) -> Option<PathBuf> {
    let is_same = fs::read_to_string(folder.join("requirements.txt")).is_ok_and(|found| found == lock);
    is_same.then(|| folder.join("bin/python"))
}

/// Whether npm has installed in this folder what the lock says.
pub(crate) fn is_locked(folder: &Path, lock: &str) -> bool {
    fs::read_to_string(folder.join("package-lock.json")).is_ok_and(|found| found == lock)
}
