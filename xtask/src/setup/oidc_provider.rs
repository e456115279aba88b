//! Installs the OpenID Connect provider of the tests from npm, into a folder below the cache.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use e2e::oidc;

use crate::progress::Step;
use crate::run;

pub(super) fn by_hand() -> String {
    let folder = oidc::folder().map_or_else(|| "a folder".into(), |folder| folder.display().to_string());
    format!("oidc-provider: copy `e2e/clients/oidc` to `{folder}`, and run `npm ci --ignore-scripts` there")
}

/// The folder gets its name when it is whole.
pub(super) fn install() -> Result<()> {
    let folder = oidc::folder().context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    let parent = folder.parent().context("find the cache folder")?;
    fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
    let work =
        tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;
    let made = work.path().join("made");
    fs::create_dir(&made).context("create the folder of the provider")?;
    fs::write(made.join("package.json"), oidc::MANIFEST).context("write package.json")?;
    fs::write(made.join("package-lock.json"), oidc::LOCK).context("write package-lock.json")?;
    let step = Step::start("npm ci, in a folder of the cache (5 MB)");
    let mut npm = Command::new("npm");
    npm.current_dir(&made).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    npm.arg("--cache").arg(work.path().join("npm"));
    run::under(&step, &mut npm)?;
    // Of an older lock, if it is there.
    if folder.exists() {
        fs::remove_dir_all(&folder).context("remove the provider of an older set-up")?;
    }
    fs::rename(&made, &folder).context("put the provider in place")?;
    step.done();
    Ok(())
}
