//! Clients of Node.js from npm, with the Node.js that runs them.

use std::path::PathBuf;

use crate::cache;

/// What npm installs, each with its hash.
pub const LOCK: &str = include_str!("../clients/node/package-lock.json");

/// What the lock was made from.
pub const MANIFEST: &str = include_str!("../clients/node/package.json");

/// A small program for each of them.
pub const PROGRAM: &str = include_str!("../clients/node/clients.mjs");

/// Where they are, or will be.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(cache::folder()?.join("node-clients"))
}

/// A program whose statements wait for an approval.
pub const HOLDING: &str = include_str!("../clients/node/holding.mjs");

/// A program that logs in over TLS and asks one thing.
pub const LOGIN: &str = include_str!("../clients/node/login.mjs");

/// The folder, where it has what the lock says. It is put in place whole.
#[must_use]
pub fn installed() -> Option<PathBuf> {
    folder().filter(|folder| cache::is_locked(folder, LOCK))
}
