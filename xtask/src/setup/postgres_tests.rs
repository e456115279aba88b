//! Builds the test programs of the installed PostgreSQL from its distribution's source package, once. Server, psql and
//! tests must be of the same version: tests of another minor release expect other answers.

mod sources;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, anyhow};
use e2e::suites;

use crate::error::Unavailable;
use crate::progress::Step;
use crate::run;

/// What builds it. The upstream archive of newer versions has no output of bison and flex in it.
pub(super) const BUILD_PACKAGES: &[&str] = &["bison", "dpkg-dev", "flex", "make", "perl"];

/// What is built, in this order: a folder of the source tree and the targets in it.
const TARGETS: [(&str, &[&str]); 7] = [
    ("src/backend", &["generated-headers"]),
    ("src/port", &["all"]),
    ("src/common", &["all"]),
    ("src/interfaces/libpq", &["all"]),
    ("src/test/regress", &["pg_regress", "regress.so"]),
    ("src/test/isolation", &["all"]),
    ("src/test/modules/libpq_pipeline", &["all"]),
];

/// What is kept of the source tree: where it lies there, and below which folder it is kept.
const KEPT: [(&str, &str); 16] = [
    ("src/test/regress/pg_regress", "bin"),
    ("src/test/isolation/isolationtester", "bin"),
    ("src/test/isolation/pg_isolation_regress", "bin"),
    ("src/test/modules/libpq_pipeline/libpq_pipeline", "bin"),
    ("src/test/regress/regress.so", "lib"),
    ("contrib/spi/refint.so", "lib"),
    ("contrib/spi/autoinc.so", "lib"),
    ("src/test/regress/sql", "regress"),
    ("src/test/regress/expected", "regress"),
    ("src/test/regress/data", "regress"),
    ("src/test/regress/parallel_schedule", "regress"),
    ("src/test/regress/resultmap", "regress"),
    ("src/test/isolation/specs", "isolation"),
    ("src/test/isolation/expected", "isolation"),
    ("src/test/isolation/isolation_schedule", "isolation"),
    ("src/test/modules/libpq_pipeline/traces", "pipeline"),
];

pub(super) fn is_installed() -> bool {
    suites::installed().is_ok()
}

pub(super) fn by_hand() -> String {
    "PostgreSQL's own test programs: they are built from the source package of the server that is installed; put one on \
     this machine that your package sources still have (`apt-get install --only-upgrade postgresql-NN`)"
        .to_string()
}

pub(super) fn install() -> Result<()> {
    let unavailable = |reason: String| anyhow!(Unavailable(format!("{reason}\n{}", by_hand())));
    let package = suites::package().context("find the package of the PostgreSQL server")?;
    let version = suites::version(&package).context("find the version of the PostgreSQL server")?;
    let folder = suites::folder(&version).context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    let parent = folder.parent().context("find the cache folder")?;
    fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
    let work =
        tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;

    let address = address_of(&package, &version)?.ok_or_else(|| {
        unavailable(format!("no package source of this machine has {package} {version} any more"))
    })?;
    sources::write(&address, &work.path().join("sources"))?;
    fetch(work.path(), &package, &version)?;
    let tree = work.path().join("tree");
    unpack(work.path(), &tree)?;
    build(&tree)?;
    let kept = work.path().join("kept");
    keep(&tree, &kept)?;
    // Left by a run that was interrupted, if it is there: it was found incomplete.
    if folder.exists() {
        fs::remove_dir_all(&folder).context("remove what an interrupted set-up left")?;
    }
    fs::rename(&kept, &folder).context("put the test programs in place")
}

/// The address of the package source that has this version.
fn address_of(package: &str, version: &str) -> Result<Option<String>> {
    let offered = run::output(Command::new("apt-cache").args(["madison", package]))?;
    Ok(offered.lines().find_map(|line| address_in(line, version)).map(str::to_string))
}

/// The address in a line such as `p | 15.1 | http://host/debian bookworm/main amd64 Packages`.
fn address_in<'a>(line: &'a str, version: &str) -> Option<&'a str> {
    let mut fields = line.split('|').map(str::trim);
    let (_, offered, place) = (fields.next()?, fields.next()?, fields.next()?);
    place.split_whitespace().next().filter(|_| offered == version)
}

/// apt works in folders of its own: the system's sources and lists stay as they are, and no rights are needed.
fn fetch(work: &Path, package: &str, version: &str) -> Result<()> {
    let step = Step::start(format!("apt-get source {package} {version} (24 MB)"));
    for folder in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(work.join(folder)).context("create apt's folders")?;
    }
    let apt = || {
        let mut command = Command::new("apt-get");
        command.current_dir(work);
        for (name, value) in [
            ("Dir::Etc::sourcelist", Path::new("/dev/null")),
            ("Dir::Etc::sourceparts", &work.join("sources")),
            ("Dir::State::lists", &work.join("lists")),
            ("Dir::Cache", &work.join("cache")),
        ] {
            command.arg("-o").arg(format!("{name}={}", value.display()));
        }
        // As whoever runs this: the folder is not open to apt's own user.
        command.args(["-o", "APT::Sandbox::User=root"]);
        command
    };
    run::under(&step, apt().arg("update"))?;
    run::under(&step, apt().args(["source", "--download-only", &format!("{package}={version}")]))?;
    step.done();
    Ok(())
}

fn unpack(work: &Path, tree: &Path) -> Result<()> {
    let step = Step::start("unpack it");
    let entries = fs::read_dir(work).context("list the work folder")?;
    let mut files = entries.flatten().map(|entry| entry.path());
    let description = files.find(|path| path.extension().is_some_and(|end| end == "dsc"));
    let description = description.context("find the description of the source package")?;
    // apt has checked its signature.
    let mut unpack = Command::new("dpkg-source");
    unpack.current_dir(work).args(["--no-check", "-x"]).arg(description).arg(tree);
    run::under(&step, &mut unpack)?;
    step.done();
    Ok(())
}

fn build(tree: &Path) -> Result<()> {
    let step = Step::start("build PostgreSQL's test programs (about a minute)");
    let mut configure = Command::new("./configure");
    configure.current_dir(tree).args(["--quiet", "--without-readline", "--without-zlib", "--without-icu"]);
    run::under(&step, &mut configure)?;
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    let spi: (&str, &[&str]) = ("contrib/spi", &["refint.so", "autoinc.so"]);
    for (folder, targets) in TARGETS.into_iter().chain([spi]) {
        let mut make = Command::new("make");
        make.current_dir(tree).args(["--silent", "-C", folder, &format!("-j{jobs}")]).args(targets);
        run::under(&step, &mut make)?;
    }
    step.done();
    Ok(())
}

fn keep(tree: &Path, kept: &Path) -> Result<()> {
    for (from, to) in KEPT {
        let to = kept.join(to);
        fs::create_dir_all(&to).context("create the folder of the test programs")?;
        run::output(Command::new("cp").arg("-R").arg(tree.join(from)).arg(to))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_the_address_of_who_offers_it() {
        let line =
            "postgresql-15 | 15.18-0+deb12u1 | http://deb.debian.org/debian bookworm/main amd64 Packages";
        assert_eq!(address_in(line, "15.18-0+deb12u1"), Some("http://deb.debian.org/debian"));
        assert_eq!(address_in(line, "15.20-0+deb12u1"), None);
    }
}
