//! Fetches a package from apt and unpacks it into a cache: installed it would bring a service that starts with the
//! machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::apt;
use crate::error::Unavailable;
use crate::progress::Step;
use crate::{repo, run};

/// Where it is, or will be.
pub(super) fn folder(package: &str) -> Option<PathBuf> {
    Some(repo::cache_folder()?.join(package))
}

/// Where it is, unpacked now where it was not.
pub(crate) fn unpack(package: &str, by_hand: &str) -> Result<PathBuf> {
    let folder = folder(package).context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    if !folder.is_dir() {
        install(package, by_hand)?;
    }
    Ok(folder)
}

pub(super) fn install(package: &str, by_hand: &str) -> Result<()> {
    if !apt::learn_about(package, by_hand)? {
        return Err(anyhow!(Unavailable(format!("apt knows no package `{package}`\n{by_hand}"))));
    }
    let folder = folder(package).context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    let parent = folder.parent().context("find the folder above it")?;
    fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
    // In the cache, so that the last step is a rename; removed with everything in it, come what may.
    let work =
        tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;
    let whole = work.path().join("whole");
    let step = Step::start(format!("fetch {package} from apt, and unpack it"));
    download(work.path(), package)?;
    for entry in fs::read_dir(work.path()).context("list the work folder")?.flatten() {
        if entry.path().extension().is_some_and(|end| end == "deb") {
            run::output(Command::new("dpkg-deb").arg("--extract").arg(entry.path()).arg(&whole))?;
        }
    }
    fs::rename(&whole, &folder).with_context(|| format!("put {package} in place"))?;
    step.done();
    Ok(())
}

fn download(folder: &Path, package: &str) -> Result<()> {
    let mut command = Command::new("apt-get");
    // Nobody else may write to the folder, not even apt's own user for downloads.
    command.args(["-o", "APT::Sandbox::User=root", "download", package]).args(libraries(package)?);
    run::output(command.current_dir(folder)).map(|_| ())
}

/// The packages of libraries that it needs and that are not installed.
fn libraries(package: &str) -> Result<Vec<String>> {
    let depends = run::output(Command::new("apt-cache").args(["depends", "--important", package]))?;
    let names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let is_library = |name: &&str| name.starts_with("lib") && !name.starts_with("libjs-");
    let missing = names.filter(|name| is_library(name) && !apt::is_installed(name));
    Ok(missing.map(str::to_string).collect())
}
