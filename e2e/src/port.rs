//! A TCP port that nobody listens on.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// Asks the kernel for a free port of 127.0.0.1 and lets go of it. Somebody else may take it before it is used:
/// whoever starts a server on it must be ready to ask again.
pub fn free() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("ask for a free port")?;
    Ok(listener.local_addr().context("read the free port")?.port())
}
