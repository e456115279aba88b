//! Installs a validator of OpenAPI descriptions from PyPI, into a folder below the cache.

use anyhow::Result;
use e2e::openapi;

use super::pip::Packages;

fn packages() -> Packages {
    Packages {
        folder: openapi::folder(),
        name: "openapi-spec-validator",
        source: "e2e/clients/openapi/requirements.txt",
        lock: openapi::LOCK,
        option: "--only-binary=:all:",
    }
}

pub(super) fn by_hand() -> String {
    packages().by_hand()
}

pub(super) fn install() -> Result<()> {
    packages().install()
}
