//! Installs the OpenID Connect provider of the tests from npm, into a folder below the cache.

use anyhow::Result;
use e2e::oidc;

use super::npm::Packages;

fn packages() -> Packages {
    Packages {
        folder: oidc::folder(),
        source: "e2e/clients/oidc",
        manifest: oidc::MANIFEST,
        lock: oidc::LOCK,
        megabytes: 5,
    }
}

pub(super) fn by_hand() -> String {
    packages().by_hand("oidc-provider")
}

pub(super) fn install() -> Result<()> {
    packages().install()
}
