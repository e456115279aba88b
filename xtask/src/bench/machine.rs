//! What was measured, on what, and how it was asked for.

use std::env;
use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::{repo, run};

/// The commit that was built, and whether something was changed since.
pub(super) fn commit() -> Result<String> {
    let mut git = Command::new("git");
    git.current_dir(repo::root()?).args(["describe", "--always", "--dirty", "--tags"]);
    let commit = run::output(&mut git).unwrap_or_else(|_| "of an unknown commit".to_string());
    Ok(commit.trim().to_string())
}

/// The kernel and the processor, in a few words.
pub(super) fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // What a distribution adds to the version says nothing here.
    let kernel = kernel.trim().split('-').next().unwrap_or_default();
    format!("Linux {kernel}, {cores} × {model}")
}

/// The command as it was typed.
pub(super) fn command_line() -> String {
    let args: Vec<String> = env::args().skip(1).collect();
    format!("$ cargo xtask {}", args.join(" "))
}
