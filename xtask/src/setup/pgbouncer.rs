//! PgBouncer of this machine, or unpacked from its package.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::unpacked;
use crate::repo;

pub(super) const BY_HAND: &str = "PgBouncer: install it so that `pgbouncer` is on the PATH";

/// A PgBouncer that can be run.
pub(crate) struct PgBouncer {
    pub(crate) program: PathBuf,
    /// What it loads, where this machine does not have it anyway.
    pub(crate) libraries: Vec<PathBuf>,
}

/// The one of this machine, else the one in the cache.
pub(crate) fn find() -> Option<PgBouncer> {
    if let Some(program) = repo::find_program("pgbouncer", &[]) {
        return Some(PgBouncer { program, libraries: Vec::new() });
    }
    let folder = folder()?;
    let program = folder.join("usr/sbin/pgbouncer");
    if !program.is_file() {
        return None;
    }
    let mut libraries = Vec::new();
    for triple in fs::read_dir(folder.join("usr/lib")).into_iter().flatten().flatten() {
        libraries
            .extend(fs::read_dir(triple.path()).into_iter().flatten().flatten().map(|entry| entry.path()));
    }
    libraries.retain(|library| library.to_string_lossy().contains(".so"));
    Some(PgBouncer { program, libraries })
}

fn folder() -> Option<PathBuf> {
    unpacked::folder("pgbouncer")
}

pub(super) fn install() -> Result<()> {
    unpacked::install("pgbouncer", BY_HAND)
}
