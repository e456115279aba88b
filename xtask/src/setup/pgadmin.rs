//! Installs pgAdmin from PyPI, into a folder below the cache, when it is asked for: nothing else needs it, and it is large.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use e2e::pgadmin;

use crate::progress::Step;
use crate::run;

/// The Python that has it. The folder gets its name when it is whole.
pub(crate) fn install() -> Result<PathBuf> {
    if let Some(python) = pgadmin::python() {
        return Ok(python);
    }
    let folder = pgadmin::folder().context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    let parent = folder.parent().context("find the cache folder")?;
    fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
    let work =
        tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;
    let made = work.path().join("made");
    let step = Step::start("pip install pgadmin4 (200 MB)");
    run::under(&step, Command::new("python3").args(["-m", "venv"]).arg(&made))?;
    let lock = made.join("requirements.txt");
    fs::write(&lock, pgadmin::LOCK).context("write requirements.txt")?;
    // `python -m pip`, since the environment's own scripts name the folder it was made in. The lock leaves out some that it names.
    let mut pip = Command::new(made.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
    run::under(&step, pip.args(["--no-deps", "--requirement"]).arg(&lock))?;
    step.done();
    // Of an older lock, if it is there.
    if folder.exists() {
        fs::remove_dir_all(&folder).context("remove pgAdmin of an older set-up")?;
    }
    fs::rename(&made, &folder).context("put pgAdmin in place")?;
    pgadmin::python().context("find it where it was put")
}
