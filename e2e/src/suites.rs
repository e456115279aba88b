//! Where PostgreSQL's own test programs are, which `cargo xtask setup` builds in the version of the server.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{cache, postgres};

/// The folder that was set up.
pub fn installed() -> Result<PathBuf> {
    let version = package().and_then(|package| version(&package));
    let folder = version.and_then(|version| folder(&version)).filter(|folder| is_complete(folder));
    folder.context("find PostgreSQL's own test programs; run `cargo xtask setup`")
}

/// The folder for a version of the server; `None` where there is no cache.
#[must_use]
pub fn folder(version: &str) -> Option<PathBuf> {
    Some(cache::folder()?.join("postgresql-tests").join(version))
}

/// The package of the server: `postgresql-15` for one in `/usr/lib/postgresql/15/bin`.
#[must_use]
pub fn package() -> Option<String> {
    let programs = postgres::programs().ok()?;
    let major = programs.parent()?.file_name()?.to_str()?;
    Some(format!("postgresql-{major}"))
}

/// The version of that package; `None` where the server did not come as one.
#[must_use]
pub fn version(package: &str) -> Option<String> {
    let asked =
        Command::new("dpkg-query").args(["--show", "--showformat=${Version}", package]).output().ok()?;
    let version = String::from_utf8(asked.stdout).ok()?.trim().to_string();
    (asked.status.success() && !version.is_empty()).then_some(version)
}

/// It is put in place whole, so one part of it tells.
fn is_complete(folder: &Path) -> bool {
    folder.join("pipeline/traces").is_dir()
}
