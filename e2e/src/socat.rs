//! The real socat, which passes on what comes to a port of its own.

use anyhow::Result;

use crate::daemon::{Daemon, Launch, Ready};
use crate::port;
use crate::scratch::Scratch;

/// One that runs. Dropping it ends it.
#[derive(Debug)]
pub struct Socat {
    daemon: Daemon,
    port: u16,
    _folder: Scratch,
}

impl Socat {
    /// Listens on a free port of loopback, with `options` such as `,fork`, and connects to `to` for whoever comes.
    pub fn start(options: &str, to: &str) -> Result<Self> {
        let (folder, port) = (Scratch::new("socat")?, port::free()?);
        let daemon = Launch::new("socat", folder.join("log"), Ready::Log("listening on"))
            .args(["-d", "-d"])
            .args([format!("TCP-LISTEN:{port},bind=127.0.0.1{options}"), to.to_string()])
            .start()?;
        Ok(Self { daemon, port, _folder: folder })
    }

    /// The process that listens.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.daemon.pid()
    }

    /// The port of 127.0.0.1 where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}
