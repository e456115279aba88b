//! Installs what a lock of pip names, each with its hashes, into an environment of its own below the cache.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::progress::Step;
use crate::run;

/// Packages that are installed together.
pub(super) struct Packages {
    /// Where their environment goes.
    pub(super) folder: Option<PathBuf>,
    /// What they are called, and how much is downloaded if that is much.
    pub(super) name: &'static str,
    /// Where the repository has their lock.
    pub(super) source: &'static str,
    pub(super) lock: &'static str,
    /// What pip is told besides.
    pub(super) option: &'static str,
}

impl Packages {
    /// How to do it by hand.
    pub(super) fn by_hand(&self) -> String {
        let folder =
            self.folder.as_ref().map_or_else(|| "a folder".into(), |folder| folder.display().to_string());
        let Packages { name, source, .. } = self;
        format!(
            "{name}: `python3 -m venv {folder}`, `{folder}/bin/python -m pip install --requirement {source}`, and last a copy of \
             that file in the folder"
        )
    }

    /// The folder gets its name when it is whole.
    pub(super) fn install(&self) -> Result<()> {
        let folder = self.folder.as_ref().context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
        let parent = folder.parent().context("find the cache folder")?;
        fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
        let work =
            tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;
        let made = work.path().join("made");
        let step = Step::start(format!("pip install {}", self.name));
        run::under(&step, Command::new("python3").args(["-m", "venv"]).arg(&made))?;
        let lock = made.join("requirements.txt");
        fs::write(&lock, self.lock).context("write requirements.txt")?;
        // `python -m pip`, since the environment's own scripts name the folder it was made in.
        let mut pip = Command::new(made.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
        run::under(&step, pip.args([self.option, "--requirement"]).arg(&lock))?;
        step.done();
        // Of an older lock, if it is there.
        if folder.exists() {
            fs::remove_dir_all(folder).context("remove what an older set-up installed")?;
        }
        fs::rename(&made, folder).context("put the packages in place")
    }
}
