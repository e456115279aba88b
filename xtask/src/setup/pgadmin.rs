//! Installs pgAdmin from PyPI, into a folder below the cache, when it is asked for: nothing else needs it, and it is large.

use std::path::PathBuf;

use anyhow::{Context, Result};
use e2e::pgadmin;

use super::pip::Packages;

/// The Python that has it.
pub(crate) fn install() -> Result<PathBuf> {
    if let Some(python) = pgadmin::python() {
        return Ok(python);
    }
    let packages = Packages {
        folder: pgadmin::folder(),
        name: "pgadmin4 (200 MB)",
        source: "e2e/clients/pgadmin/requirements.txt",
        lock: pgadmin::LOCK,
        // The lock leaves out some that it names.
        option: "--no-deps",
    };
    packages.install()?;
    pgadmin::python().context("find it where it was put")
}
