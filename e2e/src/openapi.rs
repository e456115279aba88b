//! `openapi-spec-validator` from PyPI: whether a description is OpenAPI, and answers are as it says.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::cache;

/// What pip installs, each with its hashes. `requirements.in` says how it was made.
pub const LOCK: &str = include_str!("../clients/openapi/requirements.txt");

const PROGRAM: &str = include_str!("../clients/openapi/validate.py");

/// Where it is, or will be.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(cache::folder()?.join("openapi"))
}

/// The Python that has it, where it has what the lock says.
#[must_use]
pub fn python() -> Option<PathBuf> {
    cache::python(folder()?, LOCK)
}

/// Checks the description, and each of `answers` by it: method, path as it is described, status, media type and body.
pub fn validate(description: &Value, answers: &[Value]) -> Result<()> {
    let mut child = Command::new(python().context("find openapi-spec-validator; run `cargo xtask setup`")?)
        .args(["-I", "-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start the validator")?;
    let given = json!({ "description": description, "answers": answers }).to_string();
    child.stdin.take().context("take its standard input")?.write_all(given.as_bytes())?;
    let output = child.wait_with_output().context("wait for the validator")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    Ok(())
}
