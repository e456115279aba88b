//! Installs a validator of OpenAPI descriptions from PyPI, into a folder below the cache.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use e2e::openapi;

use crate::progress::Step;
use crate::run;

pub(super) fn by_hand() -> String {
    let folder = openapi::folder().map_or_else(|| "a folder".into(), |folder| folder.display().to_string());
    format!(
        "openapi-spec-validator: `python3 -m venv {folder}`, `{folder}/bin/python -m pip install --requirement \
         e2e/clients/openapi/requirements.txt`, and last a copy of that file in the folder"
    )
}

/// The folder gets its name when it is whole.
pub(super) fn install() -> Result<()> {
    let folder = openapi::folder().context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    let parent = folder.parent().context("find the cache folder")?;
    fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
    let work =
        tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;
    let made = work.path().join("made");
    let step = Step::start("pip install openapi-spec-validator");
    run::under(&step, Command::new("python3").args(["-m", "venv"]).arg(&made))?;
    let lock = made.join("requirements.txt");
    fs::write(&lock, openapi::LOCK).context("write requirements.txt")?;
    // `python -m pip`, since the environment's own scripts name the folder it was made in.
    let mut pip = Command::new(made.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
    run::under(&step, pip.args(["--only-binary=:all:", "--requirement"]).arg(&lock))?;
    step.done();
    // Of an older lock, if it is there.
    if folder.exists() {
        fs::remove_dir_all(&folder).context("remove the validator of an older set-up")?;
    }
    fs::rename(&made, &folder).context("put the validator in place")
}
