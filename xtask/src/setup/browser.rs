//! Installs what drives a browser in tests (`playwright-core` from npm), into a folder below the cache.

use anyhow::Result;
use e2e::browser;

use super::npm::Packages;

fn packages() -> Packages {
    Packages {
        folder: browser::folder(),
        source: "e2e/clients/browser",
        manifest: browser::MANIFEST,
        lock: browser::LOCK,
        megabytes: 3,
    }
}

pub(super) fn by_hand() -> String {
    packages().by_hand("playwright-core")
}

pub(super) fn install() -> Result<()> {
    packages().install()
}
