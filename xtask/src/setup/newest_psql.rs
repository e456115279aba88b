//! Fetches psql of PostgreSQL 18 and all that it needs from Debian's next release, as apt does it and in folders of its own, and
//! unpacks it into the cache: nothing of it is installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use e2e::newest_psql::{self, PACKAGES, RELEASE};

use crate::progress::Step;
use crate::run;

/// What apt checks the release by.
pub(super) const KEYRING_PACKAGE: &str = "debian-archive-keyring";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const MIRROR: &str = "http://deb.debian.org/debian";

pub(super) fn by_hand() -> String {
    let folder =
        newest_psql::folder().map_or_else(|| "a folder".into(), |folder| folder.display().to_string());
    format!(
        "psql 18: the packages {} of Debian {RELEASE} and all that they need, each with `dpkg-deb --extract` into `{folder}`",
        PACKAGES.join(" and ")
    )
}

/// The folder gets its name when it is whole.
pub(super) fn install() -> Result<()> {
    let folder = newest_psql::folder().context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    let parent = folder.parent().context("find the cache folder")?;
    fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
    let work =
        tempfile::Builder::new().prefix(".part-").tempdir_in(parent).context("create a work folder")?;
    let step = Step::start(format!("fetch psql 18 of Debian {RELEASE} (40 MB), and unpack it"));
    let settings = prepare(work.path())?;
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("APT_CONFIG", &settings).args(["--yes", "--no-install-recommends"]);
        apt
    };
    run::under(&step, apt().arg("update"))?;
    run::under(&step, apt().args(["--download-only", "install"]).args(PACKAGES))?;
    let whole = work.path().join("whole");
    for entry in fs::read_dir(work.path().join("cache/archives")).context("list the packages")?.flatten() {
        if entry.path().extension().is_some_and(|end| end == "deb") {
            run::output(Command::new("dpkg-deb").arg("--extract").arg(entry.path()).arg(&whole))?;
        }
    }
    // A cache that is left from another time.
    let _ = fs::remove_dir_all(&folder);
    fs::rename(&whole, &folder).context("put psql 18 in place")?;
    step.done();
    Ok(())
}

/// Settings of an apt that knows this release alone, and of no package that is installed.
fn prepare(work: &Path) -> Result<std::path::PathBuf> {
    for folder in ["state/lists/partial", "cache/archives/partial", "none"] {
        fs::create_dir_all(work.join(folder)).context("create apt's folders")?;
    }
    let source = format!("deb [signed-by={KEYRING}] {MIRROR} {RELEASE} main\n");
    fs::write(work.join("sources.list"), source).context("write apt's sources")?;
    fs::write(work.join("state/status"), "").context("write apt's state")?;
    let at = |name: &str| work.join(name).display().to_string();
    let settings = work.join("apt.conf");
    let text = [
        ("Dir::State", at("state")),
        ("Dir::State::status", at("state/status")),
        ("Dir::Cache", at("cache")),
        ("Dir::Etc::sourcelist", at("sources.list")),
        ("Dir::Etc::sourceparts", at("none")),
        ("Dir::Etc::preferencesparts", at("none")),
        ("Dir::Etc::preferences", at("none/preferences")),
        ("Acquire::Languages", "none".to_string()),
        // Nobody else may write to the folder, not even apt's own user for downloads.
        ("APT::Sandbox::User", "root".to_string()),
    ]
    .map(|(key, value)| format!("{key} \"{value}\";\n"))
    .concat();
    fs::write(&settings, text).context("write apt's settings")?;
    Ok(settings)
}
