//! Installs drivers and frameworks in Python, and the sources of their test suites, into a folder below the cache.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use e2e::python_suites::{self, LOCK, PROJECTS};

use crate::progress::Step;
use crate::run;

pub(super) fn by_hand() -> String {
    let folder =
        python_suites::folder().map_or_else(|| "a folder".into(), |folder| folder.display().to_string());
    format!(
        "Python test suites: in `{folder}`, an environment `python` with `e2e/clients/python/requirements.txt`, a folder \
         with the unpacked source archive of each project, and last a copy of that file"
    )
}

/// The folder gets its name when it is whole.
pub(super) fn install() -> Result<()> {
    let folder = python_suites::folder().context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    let parent = folder.parent().context("find the cache folder")?;
    fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
    let work =
        tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;
    let made = work.path().join("made");
    fs::create_dir(&made).context("create the folder of the suites")?;
    let lock = made.join("requirements.txt");
    fs::write(&lock, LOCK).context("write requirements.txt")?;

    let step = Step::start("pip install asyncpg, pg8000, SQLAlchemy, Django and what tests them");
    run::under(&step, Command::new("python3").args(["-m", "venv"]).arg(made.join("python")))?;
    run::under(&step, pip(&made, "install").args(["--only-binary=:all:", "--requirement"]).arg(&lock))?;
    step.done();
    for (project, kept) in PROJECTS {
        let step = Step::start(format!("pip download {project}'s sources"));
        fetch(&step, work.path(), &made, project, kept)?;
        step.done();
    }
    // Of an older lock, if it is there.
    if folder.exists() {
        fs::remove_dir_all(&folder).context("remove the suites of an older set-up")?;
    }
    fs::rename(&made, &folder).context("put the suites in place")
}

fn fetch(step: &Step, work: &Path, made: &Path, project: &str, kept: &[&str]) -> Result<()> {
    let requirement = work.join(format!("{project}.txt"));
    fs::write(&requirement, python_suites::locked(project).collect::<Vec<_>>().join("\n"))
        .context("write the requirement")?;
    let mut download = pip(made, "download");
    // By name: what else pip fetches to look at the sources need not be compiled.
    download.args(["--no-deps", "--no-binary", project, "--dest"]).arg(work);
    run::under(step, download.arg("--requirement").arg(&requirement))?;
    let version = python_suites::version(project).context("find its version in the lock")?;
    let name = format!("{project}-{version}");
    let folder = made.join(project);
    fs::create_dir(&folder).context("create the folder of its sources")?;
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--file").arg(work.join(format!("{name}.tar.gz"))).arg("--directory");
    tar.arg(&folder).args(["--strip-components=1", "--no-same-owner"]);
    run::output(tar.args(kept.iter().map(|kept| format!("{name}/{kept}")))).map(|_| ())
}

/// `python -m pip`, since the environment's own scripts name the folder it was made in.
fn pip(made: &Path, task: &str) -> Command {
    let mut pip = Command::new(made.join("python/bin/python"));
    pip.args(["-m", "pip", task, "--quiet", "--disable-pip-version-check", "--require-hashes"]);
    pip
}
