//! Installs what a lock file of npm names into a folder below the cache.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::progress::Step;
use crate::run;

/// Packages that are installed together.
pub(super) struct Packages {
    /// Where they go.
    pub(super) folder: Option<PathBuf>,
    /// Where the repository has their manifest and lock.
    pub(super) source: &'static str,
    pub(super) manifest: &'static str,
    pub(super) lock: &'static str,
    /// What is downloaded, in MB.
    pub(super) megabytes: u32,
}

impl Packages {
    /// How to do it by hand.
    pub(super) fn by_hand(&self, name: &str) -> String {
        let folder =
            self.folder.as_ref().map_or_else(|| "a folder".into(), |folder| folder.display().to_string());
        format!("{name}: copy `{}` to `{folder}`, and run `npm ci --ignore-scripts` there", self.source)
    }

    /// The folder gets its name when it is whole.
    pub(super) fn install(&self) -> Result<()> {
        let folder = self.folder.as_ref().context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
        let parent = folder.parent().context("find the cache folder")?;
        fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
        let work =
            tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;
        let made = work.path().join("made");
        fs::create_dir(&made).context("create the folder of the packages")?;
        fs::write(made.join("package.json"), self.manifest).context("write package.json")?;
        fs::write(made.join("package-lock.json"), self.lock).context("write package-lock.json")?;
        let step = Step::start(format!("npm ci, in a folder of the cache ({} MB)", self.megabytes));
        let mut npm = Command::new("npm");
        npm.current_dir(&made).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        npm.arg("--cache").arg(work.path().join("npm"));
        run::under(&step, &mut npm)?;
        // Of an older lock, if it is there.
        if folder.exists() {
            fs::remove_dir_all(folder).context("remove what an older set-up installed")?;
        }
        fs::rename(&made, folder).context("put the packages in place")?;
        step.done();
        Ok(())
    }
}
