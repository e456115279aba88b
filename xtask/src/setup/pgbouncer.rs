//! Fetches PgBouncer from apt and unpacks it into a cache: installed as a package it would bring a service that starts
//! with the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::apt;
use crate::error::Unavailable;
use crate::progress::Step;
use crate::{repo, run};

pub(super) const BY_HAND: &str = "PgBouncer: install it so that `pgbouncer` is on the PATH";

/// A PgBouncer that can be run.
pub(crate) struct PgBouncer {
    pub(crate) program: PathBuf,
    /// What it loads, where this machine does not have it anyway.
    pub(crate) libraries: Vec<PathBuf>,
}

/// The one of this machine, else the one in the cache.
pub(crate) fn find() -> Option<PgBouncer> {
    if let Some(program) = repo::find_program("pgbouncer", &[]) {
        return Some(PgBouncer { program, libraries: Vec::new() });
    }
    let folder = folder()?;
    let program = folder.join("usr/sbin/pgbouncer");
    if !program.is_file() {
        return None;
    }
    let mut libraries = Vec::new();
    for triple in fs::read_dir(folder.join("usr/lib")).into_iter().flatten().flatten() {
        libraries
            .extend(fs::read_dir(triple.path()).into_iter().flatten().flatten().map(|entry| entry.path()));
    }
    libraries.retain(|library| library.to_string_lossy().contains(".so"));
    Some(PgBouncer { program, libraries })
}

fn folder() -> Option<PathBuf> {
    Some(repo::cache_folder()?.join("pgbouncer"))
}

pub(super) fn install() -> Result<()> {
    if !apt::learn_about("pgbouncer", BY_HAND)? {
        return Err(anyhow!(Unavailable(format!("apt knows no package `pgbouncer`\n{BY_HAND}"))));
    }
    let folder = folder().context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    let parent = folder.parent().context("find the folder above it")?;
    fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
    // In the cache, so that the last step is a rename; removed with everything in it, come what may.
    let work =
        tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;
    let whole = work.path().join("whole");
    let step = Step::start("fetch PgBouncer from apt, and unpack it");
    download(work.path(), &libraries()?)?;
    for entry in fs::read_dir(work.path()).context("list the work folder")?.flatten() {
        if entry.path().extension().is_some_and(|end| end == "deb") {
            run::output(Command::new("dpkg-deb").arg("--extract").arg(entry.path()).arg(&whole))?;
        }
    }
    fs::rename(&whole, &folder).context("put PgBouncer in place")?;
    step.done();
    Ok(())
}

/// The packages of libraries that PgBouncer needs and that are not installed.
fn libraries() -> Result<Vec<String>> {
    let depends = run::output(Command::new("apt-cache").args(["depends", "--important", "pgbouncer"]))?;
    let names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let missing = names.filter(|name| name.starts_with("lib") && !apt::is_installed(name));
    Ok(missing.map(str::to_string).collect())
}

fn download(folder: &Path, libraries: &[String]) -> Result<()> {
    let mut command = Command::new("apt-get");
    // Nobody else may write to the folder, not even apt's own user for downloads.
    command.args(["-o", "APT::Sandbox::User=root", "download", "pgbouncer"]).args(libraries);
    run::output(command.current_dir(folder)).map(|_| ())
}
