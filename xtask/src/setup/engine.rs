//! Fetches the ClickHouse engine: one npm package of a fixed version, checked by hash before it is unpacked.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::error::Unavailable;
use crate::progress::Step;
use crate::{repo, run};

pub(super) const PACKAGE: &str = "@chdb/lib-linux-x64-gnu@26.7.3-stable.1";
const VERSION: &str = "26.7.3";
const SHA512: &str = "5cff7b98caa7739b59a4a432c11f0dedc2d3b073624e61ebdf4a42e66ce8de35\
    a6ba48ca9f62016bad1cd81fe059435cb858ce3235a8a2b408082a81563e70a7";
const LIBRARY: &str = "libchdb.so";
/// The library is put in place whole, so its size tells whether it is the one.
const LIBRARY_BYTES: u64 = 566_330_096;

/// Where the engine's library is, or will be.
pub(crate) fn library() -> Option<PathBuf> {
    if let Some(chosen) = env::var_os("PICKET_ENGINE_LIB") {
        return Some(PathBuf::from(chosen));
    }
    Some(folder()?.join(LIBRARY))
}

fn folder() -> Option<PathBuf> {
    Some(repo::cache_folder()?.join("engine").join(VERSION))
}

/// Whether the library is there: whole, or one that the user chose.
pub(super) fn is_installed() -> bool {
    let Some(library) = library() else { return false };
    let chosen = env::var_os("PICKET_ENGINE_LIB").is_some();
    fs::metadata(library).is_ok_and(|found| chosen || found.len() == LIBRARY_BYTES)
}

pub(super) fn by_hand() -> String {
    format!(
        "ClickHouse engine: `npm pack {PACKAGE}`, unpack `package/{LIBRARY}` from it, and set PICKET_ENGINE_LIB to \
         that file"
    )
}

pub(super) fn install() -> Result<()> {
    if env::consts::ARCH != "x86_64" {
        return Err(anyhow!(Unavailable(format!(
            "the ClickHouse engine exists as an npm package for x86-64 only, and this is {}; run a ClickHouse \
             server and set PICKET_CLICKHOUSE_URL to its address",
            env::consts::ARCH
        ))));
    }
    if let Some(chosen) = env::var_os("PICKET_ENGINE_LIB") {
        let chosen = PathBuf::from(chosen);
        let text = format!(
            "PICKET_ENGINE_LIB names `{}`, which is not there; unset it or mend it",
            chosen.display()
        );
        return Err(anyhow!(Unavailable(text)));
    }
    let folder = folder().context("find a cache folder: set HOME or XDG_CACHE_HOME")?;
    fs::create_dir_all(&folder).with_context(|| format!("create `{}`", folder.display()))?;
    // In the target folder, so that the last step is a rename; removed with everything in it, come what may.
    let work =
        tempfile::Builder::new().prefix(".part-").tempdir_in(&folder).context("create a work folder")?;

    let archive = fetch(work.path())?;
    check(&archive)?;
    let library = unpack(&archive, work.path())?;
    fs::rename(&library, folder.join(LIBRARY)).context("put the library in place")
}

fn fetch(work: &Path) -> Result<PathBuf> {
    let step = Step::start(format!("npm pack {PACKAGE} (180 MB)"));
    let mut npm = Command::new("npm");
    npm.current_dir(work).args(["pack", PACKAGE, "--ignore-scripts", "--cache", ".npm"]);
    run::under(&step, &mut npm)?;
    step.done();
    let entries = fs::read_dir(work).context("list the work folder")?;
    let mut files = entries.flatten().map(|entry| entry.path());
    files
        .find(|path| path.extension().is_some_and(|end| end == "tgz"))
        .context("find the archive that npm fetched")
}

fn check(archive: &Path) -> Result<()> {
    let step = Step::start("check its SHA-512");
    let sum = run::output(Command::new("sha512sum").arg(archive))?;
    if sum.split_whitespace().next() != Some(SHA512) {
        bail!("the archive of {PACKAGE} does not have the expected SHA-512; nothing was unpacked");
    }
    step.done();
    Ok(())
}

fn unpack(archive: &Path, work: &Path) -> Result<PathBuf> {
    let step = Step::start(format!("unpack {LIBRARY} (570 MB)"));
    let inside = format!("package/{LIBRARY}");
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(archive).arg("-C").arg(work).args(["--no-same-owner", &inside]);
    run::under(&step, &mut tar)?;
    let library = work.join(inside);
    let bytes = fs::metadata(&library).context("look at the unpacked library")?.len();
    if bytes != LIBRARY_BYTES {
        bail!("`{LIBRARY}` has {bytes} bytes, expected {LIBRARY_BYTES}; nothing was installed");
    }
    step.done();
    Ok(library)
}
