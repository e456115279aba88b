//! Installs clients of Node.js from npm, with a Node.js of their own, into a folder below the cache.

use anyhow::Result;
use e2e::node_clients;

use super::npm::Packages;

fn packages() -> Packages {
    Packages {
        folder: node_clients::folder(),
        source: "e2e/clients/node",
        manifest: node_clients::MANIFEST,
        lock: node_clients::LOCK,
        megabytes: 80,
    }
}

pub(super) fn by_hand() -> String {
    packages().by_hand("Node.js clients")
}

pub(super) fn install() -> Result<()> {
    packages().install()
}
