//! psql of PostgreSQL 18 with its module for OAuth, which most distributions do not have yet: Debian's next release has, and
//! its packages are unpacked with the C library they are made for.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache;
use crate::login::Login;

/// Packages of Debian, and the release that has them.
pub const PACKAGES: [&str; 2] = ["postgresql-client-18", "libpq-oauth"];
/// The release.
pub const RELEASE: &str = "forky";

const PROGRAM: &str = "usr/lib/postgresql/18/bin/psql";
const MODULE: &str = "usr/lib/x86_64-linux-gnu/libpq-oauth-18.so";
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";
const LOADER: &str = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";

/// Where it is unpacked, or will be.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(cache::folder()?.join("psql-18"))
}

/// The folder, where it has all that is needed.
#[must_use]
pub fn installed() -> Option<PathBuf> {
    folder().filter(|folder| [PROGRAM, MODULE, LOADER].iter().all(|file| folder.join(file).is_file()))
}

/// It, for `login`, with more of libpq's settings; it trusts `authority` for the provider.
pub fn command(login: &Login, conninfo: &str, authority: &Path) -> Result<Command> {
    let folder = installed().context("find psql of PostgreSQL 18; run `cargo xtask setup`")?;
    let mut command = Command::new(folder.join(LOADER));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command
        .arg("--library-path")
        .arg(folder.join(LIBRARIES))
        .arg(folder.join(PROGRAM))
        .arg(format!("{} connect_timeout=30 {conninfo}", login.conninfo()))
        .args(["--no-psqlrc", "--no-password"])
        // It takes authorities for the provider in its debugging mode only.
        .env("PGOAUTHDEBUG", "UNSAFE")
        .env("PGOAUTHCAFILE", authority)
        .env("LC_ALL", "C.UTF-8");
    Ok(command)
}
