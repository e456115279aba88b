//! Installs Slack's types and Microsoft's parser of cards from npm, into a folder below the cache.

use anyhow::Result;
use e2e::shapes;

use super::npm::Packages;

fn packages() -> Packages {
    Packages {
        folder: shapes::folder(),
        source: "e2e/clients/shapes",
        manifest: shapes::MANIFEST,
        lock: shapes::LOCK,
        megabytes: 8,
    }
}

pub(super) fn by_hand() -> String {
    packages().by_hand("packages of Slack and Teams")
}

pub(super) fn install() -> Result<()> {
    packages().install()
}
