//! `picket-agent` watching chosen ports of this machine's real kernel. It needs root, itself or through sudo.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::binaries;
use crate::cgroup::Cgroup;
use crate::daemon::{Daemon, Launch, Ready};
use crate::faketime::FakeTime;
use crate::proxy::quoted;
use crate::scratch::Scratch;

/// An Alertmanager that is told of alerts.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Where it takes them.
    pub url: String,
    /// Who vouches for it, where it speaks TLS.
    pub root_ca: Option<PathBuf>,
}

/// What an agent is told.
#[derive(Clone, Debug)]
pub struct AgentSettings {
    /// The database ports to watch.
    pub ports: Vec<u16>,
    /// Where proxies of this host write their process ids.
    pub proxy_pid_files: Vec<PathBuf>,
    /// Sections `[[allow]]` and `[discover]`, as they are written.
    pub allow: String,
    /// Whom it tells of alerts.
    pub alertmanagers: Vec<Receiver>,
    /// Where the ledger is.
    pub clickhouse_url: String,
    /// The ledger's database.
    pub ledger_database: String,
}

/// A running agent. Dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct Agent {
    daemon: Daemon,
    folder: Scratch,
    settings: AgentSettings,
}

impl Agent {
    /// Writes the configuration, starts it, and waits until it watches.
    pub fn start(settings: &AgentSettings) -> Result<Self> {
        let folder = Scratch::new("agent")?;
        let daemon = launch(settings, &folder)?.start()?;
        Ok(Self { daemon, folder, settings: settings.clone() })
    }

    /// Starts it in a cgroup, and has it watch nobody else.
    pub fn start_within(cgroup: &Cgroup, settings: &AgentSettings, arguments: &[&str]) -> Result<Self> {
        let folder = Scratch::new("agent")?;
        let config = write_config(settings, &folder)?;
        let text = fs::read_to_string(&config).context("read the agent's configuration")?;
        let text = format!("cgroup = {}\n{text}", quoted(cgroup.folder()));
        fs::write(&config, text).context("write the agent's configuration")?;
        let script = format!("{} && exec \"$@\"", cgroup.enter());
        let agent = binaries::find("picket-agent")?;
        let daemon = Launch::new("sh", folder.join("agent.log"), Ready::Line("watching ports "))
            .args(["-c", script.as_str(), "agent"])
            .args([agent.as_os_str(), "--config".as_ref(), config.as_os_str()])
            .args(arguments)
            .through_sudo(!rustix::process::geteuid().is_root())
            .start()?;
        Ok(Self { daemon, folder, settings: settings.clone() })
    }

    /// Ends it at once (SIGKILL), as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        self.daemon.kill()
    }

    /// Starts one that has ended, with the same spool and a clock that can be set.
    pub fn start_again_by(&mut self, time: &FakeTime) -> Result<()> {
        // sudo would take the variables away.
        let variables = time.env().into_iter().map(|(name, value)| format!("{name}={value}"));
        let launch = Launch::new("env", self.folder.join("agent.log"), Ready::Line("watching ports "))
            .args(variables)
            .args([binaries::find("picket-agent")?])
            .args(["--config".into(), self.config()])
            .through_sudo(!rustix::process::geteuid().is_root());
        self.daemon = launch.start()?;
        Ok(())
    }

    /// Starts one that has ended, with the same spool.
    pub fn start_again(&mut self) -> Result<()> {
        self.daemon = launch(&self.settings, &self.folder)?.start()?;
        Ok(())
    }

    /// Its configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder.join("agent.toml")
    }

    /// Its process id; sudo's, where that runs it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.daemon.pid()
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// Asks it to end and waits for it: its exit code.
    pub fn stop(&mut self) -> Result<i32> {
        Ok(self.daemon.terminate()?.code().unwrap_or(-1))
    }
}

/// An agent that is not started yet, for tests that expect it to refuse.
pub fn launch(settings: &AgentSettings, folder: &Scratch) -> Result<Launch> {
    let config = write_config(settings, folder)?;
    let root = rustix::process::geteuid().is_root();
    Ok(Launch::new(binaries::find("picket-agent")?, folder.join("agent.log"), Ready::Line("watching ports "))
        .args(["--config"])
        .args([config])
        .through_sudo(!root))
}

fn write_config(settings: &AgentSettings, folder: &Scratch) -> Result<PathBuf> {
    let AgentSettings { ports, proxy_pid_files, allow, alertmanagers, clickhouse_url, ledger_database } =
        settings;
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let mut text = format!(
        "watch-ports = [{}]\n\n[spool]\ndir = {}\n\n[clickhouse]\nurl = \"{clickhouse_url}\"\n\
         database = \"{ledger_database}\"\n",
        ports.join(", "),
        quoted(&folder.join("spool")),
    );
    for pid_file in proxy_pid_files {
        text.push_str(&format!("\n[[proxy]]\npid-file = {}\n", quoted(pid_file)));
    }
    text.push_str(allow);
    if !allow.contains("[discover]") {
        // Other tests run databases of theirs.
        text.push_str("\n[discover]\nlisteners = false\n");
    }
    for Receiver { url, root_ca } in alertmanagers {
        text.push_str(&format!("\n[[alerts.webhook]]\nurl = \"{url}\"\nshape = \"alertmanager\"\n"));
        if let Some(root_ca) = root_ca {
            text.push_str(&format!("root-ca = {}\n", quoted(root_ca)));
        }
    }
    let config = folder.join("agent.toml");
    fs::write(&config, text).context("write the agent's configuration")?;
    Ok(config)
}
