//! Where things are in this repository and on this machine. It looks, and changes nothing.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder that holds the workspace's manifest.
pub(crate) fn root() -> Result<PathBuf> {
    // cargo tells a program it runs where its manifest is; a binary started by hand was built there.
    let xtask = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = xtask.parent().context("find the folder above xtask")?;
    Ok(root.to_path_buf())
}

/// The cargo that runs this task, so that one toolchain builds everything.
pub(crate) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// The first file called `name` in the folders of `PATH`, then in `more`.
pub(crate) fn find_program(name: &str, more: &[PathBuf]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(more.iter().cloned())
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Where `cargo install` puts programs.
pub(crate) fn cargo_install_folder() -> Option<PathBuf> {
    let root = env::var_os("CARGO_INSTALL_ROOT").or_else(|| env::var_os("CARGO_HOME")).map(PathBuf::from);
    let root = root.or_else(|| home().map(|home| home.join(".cargo")))?;
    Some(root.join("bin"))
}

/// The user's home.
pub(crate) fn home() -> Option<PathBuf> {
    env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

/// Where what was fetched is kept.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").filter(|cache| !cache.is_empty()).map(PathBuf::from);
    let cache = cache.or_else(|| home().map(|home| home.join(".cache")))?;
    Some(cache.join("picket"))
}

/// Whether this process is root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// `path` relative to the repository where it lies in it; for messages.
pub(crate) fn shown(path: &Path) -> String {
    let inside = root().ok().and_then(|root| path.strip_prefix(root).ok().map(Path::to_path_buf));
    inside.unwrap_or_else(|| path.to_path_buf()).display().to_string()
}

/// The folder that cargo builds into: this program lies in `debug` or `release` below it.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let this = env::current_exe().context("find this program")?;
    let folder = this.ancestors().nth(2).context("find the folder that cargo builds into")?;
    Ok(folder.to_path_buf())
}
