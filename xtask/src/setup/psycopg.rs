//! Installs psycopg with its own libpq from PyPI into a Python environment below the cache folder.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use e2e::psycopg;

use crate::progress::Step;
use crate::run;

pub(super) fn by_hand() -> String {
    let folder = psycopg::folder().map_or_else(|| "a folder".into(), |folder| folder.display().to_string());
    let version = psycopg::VERSION;
    format!(
        "psycopg: `python3 -m venv {folder}`, then `{folder}/bin/pip install \"psycopg[binary]=={version}\"`"
    )
}

/// The folder gets its name when it is whole: an environment that was left half done is made anew.
pub(super) fn install() -> Result<()> {
    let folder = psycopg::folder().context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    let parent = folder.parent().context("find the cache folder")?;
    fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
    let work =
        tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;
    let made = work.path().join("venv");
    let package = format!("psycopg[binary]=={}", psycopg::VERSION);
    let step = Step::start(format!("pip install {package}"));
    run::under(&step, Command::new("python3").args(["-m", "venv"]).arg(&made))?;
    // `python -m pip`, since the environment's own scripts name the folder it was made in.
    let mut pip = Command::new(made.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary=:all:",
        &package,
    ]);
    run::under(&step, &mut pip)?;
    fs::rename(&made, &folder).context("put the environment in place")?;
    step.done();
    Ok(())
}
