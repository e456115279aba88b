//! psycopg from PyPI, which brings the newest libpq with it: what Debian's does not know yet.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache;
use crate::login::Login;

/// The version that set-up installs; its libpq is PostgreSQL 18's.
pub const VERSION: &str = "3.3.9";

/// The folder of the Python that has it, or will have it.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(cache::folder()?.join(format!("psycopg-{VERSION}")))
}

/// That Python. The folder is put in place whole, so its being there is enough.
#[must_use]
pub fn python() -> Option<PathBuf> {
    folder().map(|folder| folder.join("bin/python")).filter(|python| python.is_file())
}

/// Connects with libpq's settings in `conninfo` beside those of `login`, runs `script` with the connection as `db`, and
/// returns what it printed, or the error that ended it.
pub fn run(login: &Login, conninfo: &str, script: &str) -> Result<Result<String, String>> {
    prepare_and_run(login, conninfo, &format!("db = psycopg.connect(sys.argv[1], autocommit=True)\n{script}"))
}

/// The same of a script that connects by itself, to `sys.argv[1]`.
pub fn prepare_and_run(login: &Login, conninfo: &str, script: &str) -> Result<Result<String, String>> {
    let python = python().context("find psycopg; run `cargo xtask setup`")?;
    let program = format!("import psycopg, sys\n{script}");
    let mut command = Command::new(python);
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    let output = command
        .args(["-I", "-c", &program, &format!("{} connect_timeout=30 {conninfo}", login.conninfo())])
        .env("PGPASSWORD", &login.password)
        .output()
        .context("run psycopg")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
    match output.status.code() {
        Some(0) => Ok(Ok(text(&output.stdout))),
        Some(1) => Ok(Err(text(&output.stderr))),
        _ => bail!("psycopg ended with {}", output.status),
    }
}
