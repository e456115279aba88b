//! Installs Presidio, which the detectors are measured beside, with what the corpus is drawn from, into a folder below the
//! cache.

use std::path::PathBuf;

use anyhow::Result;
use e2e::cache;

use super::pip::Packages;

/// What pip installs, each with its hashes. `requirements.in` says how it was made.
const LOCK: &str = include_str!("presidio/requirements.txt");

/// The Python that has it, where it has what the lock says.
pub(crate) fn python() -> Option<PathBuf> {
    cache::python(folder()?, LOCK)
}

fn folder() -> Option<PathBuf> {
    Some(cache::folder()?.join("presidio"))
}

fn packages() -> Packages {
    Packages {
        folder: folder(),
        name: "Presidio, Faker and python-stdnum",
        source: "xtask/src/setup/presidio/requirements.txt",
        lock: LOCK,
        option: "--only-binary=:all:",
    }
}

pub(super) fn by_hand() -> String {
    packages().by_hand()
}

pub(super) fn install() -> Result<()> {
    packages().install()
}
