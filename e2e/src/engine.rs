//! `picket-engine` on a free port with a throwaway folder.

use anyhow::{Context, Result};

use crate::binaries;
use crate::daemon::{Daemon, Launch, Ready};
use crate::port;
use crate::scratch::Scratch;

/// A running engine. Dropping it stops and removes it.
#[derive(Debug)]
pub struct Engine {
    daemon: Option<Daemon>,
    url: String,
    folder: Scratch,
}

impl Engine {
    /// Starts one.
    pub fn start() -> Result<Self> {
        let folder = Scratch::new("engine")?;
        let daemon = launch(&folder, "127.0.0.1:0", &[])?;
        let url = daemon.ready_line().rsplit(' ').next().context("read the engine's address")?.to_string();
        Ok(Self { daemon: Some(daemon), url, folder })
    }

    /// Chooses an address and a folder, and starts nothing yet: `restart` does.
    pub fn absent() -> Result<Self> {
        let url = format!("http://127.0.0.1:{}", port::free()?);
        Ok(Self { daemon: None, url, folder: Scratch::new("engine")? })
    }

    /// Such as `http://127.0.0.1:41234`; stays the same over restarts.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    pub fn pid(&self) -> Result<u32> {
        self.daemon.as_ref().map(Daemon::pid).context("look at an engine that was stopped")
    }

    /// Kills it as a crash would; its data stays.
    pub fn kill(&mut self) -> Result<()> {
        match self.daemon.take() {
            Some(mut daemon) => daemon.kill(),
            None => Ok(()),
        }
    }

    /// Asks it to end and waits for it; its data stays.
    pub fn stop(&mut self) -> Result<()> {
        match self.daemon.take() {
            Some(mut daemon) => daemon.terminate().map(|_| ()),
            None => Ok(()),
        }
    }

    /// Starts it again on the same address with the same data.
    pub fn restart(&mut self) -> Result<()> {
        self.restart_with(&[])
    }

    /// The same, and it only answers questions.
    pub fn restart_read_only(&mut self) -> Result<()> {
        self.restart_with(&["--read-only"])
    }

    fn restart_with(&mut self, arguments: &[&str]) -> Result<()> {
        let listen = self.url.trim_start_matches("http://").to_string();
        self.daemon = Some(launch(&self.folder, &listen, arguments)?);
        Ok(())
    }
}

fn launch(folder: &Scratch, listen: &str, arguments: &[&str]) -> Result<Daemon> {
    Launch::new(binaries::find("picket-engine")?, folder.join("engine.log"), Ready::Line("listening on "))
        .args(["--listen", listen, "--data-dir"])
        .args([folder.join("data")])
        .args(arguments)
        .start()
}
