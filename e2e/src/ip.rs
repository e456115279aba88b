//! iproute2: addresses and routes of this machine that a test needs for a while.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use rustix::process::geteuid;

/// Runs `ip` with these words, as root.
pub fn run(words: &[&str]) -> Result<()> {
    let sudo: &[&str] = if geteuid().is_root() { &[] } else { &["sudo", "-n"] };
    let words = [sudo, &["ip"], words].concat();
    let status = Command::new(words[0]).args(&words[1..]).status().context("run ip")?;
    ensure!(status.success(), "`{}` failed", words.join(" "));
    Ok(())
}
