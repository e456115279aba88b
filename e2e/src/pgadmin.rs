//! pgAdmin from PyPI, and a program that asks it for all that it shows of a server.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache;
use crate::login::Login;

/// What pip installs, each with its hashes. `requirements.in` and `overrides.txt` say how it was made.
pub const LOCK: &str = include_str!("../clients/pgadmin/requirements.txt");

const PROGRAM: &str = include_str!("../clients/pgadmin/walk.py");

/// Where it is, or will be.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(cache::folder()?.join("pgadmin"))
}

/// The Python that has it, where it has what the lock says.
#[must_use]
pub fn python() -> Option<PathBuf> {
    cache::python(folder()?, LOCK)
}

/// A command that prints all of it, a line for each value, and keeps what pgAdmin writes in `folder`.
#[must_use]
pub fn command(python: &Path, login: &Login, server_port: u16, folder: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-I", "-c", PROGRAM]).args([&login.port.to_string(), &login.user, &login.database]);
    command.arg(server_port.to_string());
    command.env("PGPASSWORD", &login.password).env("TMPDIR", folder).env("HOME", folder);
    command
}
