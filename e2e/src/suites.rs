//! Where PostgreSQL's own test programs are, which `cargo xtask setup` builds in the version of the server.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::postgres;

/// Names their folder, for tests that run as another user than the one who set up.
pub const VARIABLE: &str = "PICKET_POSTGRES_TESTS";

/// The folder that was set up.
pub fn installed() -> Result<PathBuf> {
    let chosen = env::var_os(VARIABLE).map(PathBuf::from);
    let folder = chosen.or_else(|| folder(&version(&package()?)?)).filter(|folder| is_complete(folder));
    folder.context("find PostgreSQL's own test programs; run `cargo xtask setup`")
}

/// The folder for a version of the server; `None` where there is no cache.
#[must_use]
pub fn folder(version: &str) -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("picket/postgresql-tests").join(version))
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
