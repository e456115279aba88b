//! `picket-proxy` on a free port, with a configuration written from a description.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::binaries;
use crate::daemon::{Daemon, Launch, Ready};
use crate::login::Login;
use crate::scratch::Scratch;

/// What a proxy is told.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// The databases behind it, each with the proxy's own way in.
    pub upstreams: Vec<Login>,
    /// Users and their passwords.
    pub users: Vec<(String, String)>,
    /// The groups that all of them are in.
    pub groups: Vec<String>,
    /// Where the ledger is.
    pub clickhouse_url: String,
    /// The ledger's database.
    pub ledger_database: String,
}

/// A running proxy. Dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct Proxy {
    daemon: Option<Daemon>,
    port: u16,
    settings: ProxySettings,
    /// Further sections of its configuration, as they are written there.
    sections: String,
    /// Variables of its environment.
    env: Vec<(&'static str, String)>,
    folder: Scratch,
}

impl Proxy {
    /// Writes the configuration and starts it.
    pub fn start(settings: ProxySettings) -> Result<Self> {
        Self::start_with(settings, "")
    }

    /// The same with further keys and sections of the configuration, as they are written there, keys first.
    pub fn start_with(settings: ProxySettings, sections: &str) -> Result<Self> {
        let folder = Scratch::new("proxy")?;
        let text = config_text(&settings, sections, &folder, "127.0.0.1:0")?;
        fs::write(folder.join("proxy.toml"), text).context("write the proxy's configuration")?;
        let daemon = launch(&folder, &[])?;
        let port = daemon.ready_line().rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.with_context(|| format!("read the port in `{}`", daemon.ready_line()))?;
        Ok(Self {
            daemon: Some(daemon),
            port,
            settings,
            sections: sections.to_string(),
            env: Vec::new(),
            folder,
        })
    }

    /// A user's way to a database through it; the user must be in its settings.
    pub fn login(&self, user: &str, database: &str) -> Result<Login> {
        let known = self.settings.users.iter().find(|(name, _)| name == user);
        let (_, password) = known.with_context(|| format!("find `{user}` among the proxy's users"))?;
        let (user, password, database) = (user.to_string(), password.clone(), database.to_string());
        Ok(Login { port: self.port, user, password, database })
    }

    /// The port of 127.0.0.1 that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder.join("proxy.toml")
    }

    /// Where it writes its process id.
    #[must_use]
    pub fn pid_file(&self) -> PathBuf {
        self.folder.join("run/proxy.pid")
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.daemon.as_ref().map(Daemon::log).unwrap_or_default()
    }

    /// Its process id.
    pub fn pid(&self) -> Result<u32> {
        Ok(self.daemon.as_ref().context("look at a proxy that was stopped")?.pid())
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        self.daemon.as_mut().context("signal a proxy that was stopped")?.ask_to_end(signal)
    }

    /// Waits until it has ended by itself, or after a signal: its exit code.
    pub fn wait_end(&mut self) -> Result<i32> {
        match self.daemon.take() {
            Some(mut daemon) => Ok(daemon.wait_end()?.code().unwrap_or(-1)),
            None => Ok(0),
        }
    }

    /// Waits until its log contains `text`.
    pub fn wait_log(&self, text: &str) -> Result<()> {
        self.daemon.as_ref().context("look at a proxy that was stopped")?.wait_log(text)
    }

    /// Kills it as a crash would; its spool stays.
    pub fn kill(&mut self) -> Result<()> {
        match self.daemon.take() {
            Some(mut daemon) => daemon.kill(),
            None => Ok(()),
        }
    }

    /// Asks it to end and waits for it: its exit code.
    pub fn stop(&mut self) -> Result<i32> {
        match self.daemon.take() {
            Some(mut daemon) => Ok(daemon.terminate()?.code().unwrap_or(-1)),
            None => Ok(0),
        }
    }

    /// Has it started with these variables in its environment from the next time on.
    pub fn set_env(&mut self, env: Vec<(&'static str, String)>) {
        self.env = env;
    }

    /// Starts it again with the same spool on the same port.
    pub fn restart(&mut self) -> Result<()> {
        let listen = format!("127.0.0.1:{}", self.port);
        let text = config_text(&self.settings, &self.sections, &self.folder, &listen)?;
        fs::write(self.config(), text).context("write the proxy's configuration")?;
        self.daemon = Some(launch(&self.folder, &self.env)?);
        Ok(())
    }
}

fn launch(folder: &Scratch, env: &[(&'static str, String)]) -> Result<Daemon> {
    let launch =
        Launch::new(binaries::find("picket-proxy")?, folder.join("proxy.log"), Ready::Line("listening on "))
            .args(["--config"])
            .args([folder.join("proxy.toml")]);
    env.iter().fold(launch, |launch, (name, value)| launch.env(name, value)).start()
}

/// The configuration file, every key of it that a test may want to change on a line of its own.
fn config_text(settings: &ProxySettings, sections: &str, folder: &Scratch, listen: &str) -> Result<String> {
    let ProxySettings { upstreams, users, groups, clickhouse_url, ledger_database } = settings;
    let (keys, sections) = sections.split_at(sections.find('[').unwrap_or(sections.len()));
    let mut text = format!(
        "{keys}\nlisten = \"{listen}\"\npid-file = {}\n\n[spool]\ndir = {}\n\n[clickhouse]\nurl = \"{clickhouse_url}\"\n\
         database = \"{ledger_database}\"\n",
        quoted(&folder.join("run/proxy.pid")),
        quoted(&folder.join("spool")),
    );
    // Tests look for their statements by what they say.
    if !sections.contains("[record]") {
        text.push_str("\n[record]\nliterals = \"keep\"\nparameters = \"keep\"\ncomments = \"keep\"\n");
    }
    for Login { port, user, password, database } in upstreams {
        text.push_str(&format!(
            "\n[[upstream]]\ndatabase = \"{database}\"\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{user}\"\n\
             password = \"{password}\"\n"
        ));
    }
    for (name, password) in users {
        let secret = scram_secret(password)?;
        text.push_str(&format!("\n[[user]]\nname = \"{name}\"\nscram-secret = \"{secret}\"\n"));
        if !groups.is_empty() {
            text.push_str(&format!("groups = {groups:?}\n"));
        }
    }
    text.push_str(sections);
    Ok(text)
}

/// A path as a TOML string; the folders of tests have plain names.
pub(crate) fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

/// What `picket-proxy scram-secret` makes of a password.
pub fn scram_secret(password: &str) -> Result<String> {
    let mut child = binaries::command("picket-proxy")?
        .arg("scram-secret")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start picket-proxy scram-secret")?;
    let mut stdin = child.stdin.take().context("take its standard input")?;
    writeln!(stdin, "{password}").context("hand it the password")?;
    drop(stdin);
    let output = child.wait_with_output().context("wait for picket-proxy scram-secret")?;
    if !output.status.success() {
        bail!("picket-proxy scram-secret failed ({})", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}
