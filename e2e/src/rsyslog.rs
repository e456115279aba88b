//! rsyslog as a site runs it: it takes messages on a socket of this host, over UDP and over TCP, and writes down what it understood of
//! each.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::daemon::{Daemon, Launch, Ready};
use crate::scratch::Scratch;
use crate::{cache, port};

/// The package of Debian, unpacked into the cache.
pub const PACKAGE: &str = "rsyslog";

/// Whether there is one to start.
#[must_use]
pub fn is_installed() -> bool {
    program().is_some()
}

/// The program, and what must be said of where its parts are.
fn program() -> Option<(PathBuf, Option<PathBuf>)> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut installed = env::split_paths(&path).map(|folder| folder.join("rsyslogd"));
    if let Some(program) = installed.find(|program| program.is_file()) {
        return Some((program, None));
    }
    let folder = cache::folder()?.join(PACKAGE);
    let program = folder.join("usr/sbin/rsyslogd");
    let libraries = fs::read_dir(folder.join("usr/lib")).ok()?.flatten().map(|entry| entry.path());
    let libraries = libraries.into_iter().find(|folder| folder.join("rsyslog").is_dir())?;
    program.is_file().then_some((program, Some(libraries)))
}

/// One that runs, or may. Dropping it stops and removes it.
#[derive(Debug)]
pub struct Rsyslog {
    daemon: Option<Daemon>,
    port: u16,
    folder: Scratch,
}

impl Rsyslog {
    /// Chooses its addresses, and starts nothing yet.
    pub fn absent() -> Result<Self> {
        Ok(Self { daemon: None, port: port::free()?, folder: Scratch::new("rsyslog")? })
    }

    /// Starts it at its addresses.
    pub fn start(&mut self) -> Result<()> {
        let (program, libraries) = program().context("find rsyslog; run `cargo xtask setup`")?;
        let config = self.folder.join("rsyslog.conf");
        fs::write(&config, self.config()).context("write rsyslog's configuration")?;
        let mut launch = Launch::new(program, self.folder.join("log"), Ready::Line("rsyslogd"))
            .args(["-n".into(), "-f".into(), config.into_os_string()])
            .args([OsString::from("-i"), self.folder.join("pid").into_os_string()]);
        if let Some(libraries) = libraries {
            launch = launch
                .env("LD_LIBRARY_PATH", &libraries)
                .args([OsString::from("-M"), libraries.join("rsyslog").into_os_string()]);
        }
        self.daemon = Some(launch.start()?);
        Ok(())
    }

    /// Where it takes messages of this host.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Where it takes messages of others, over UDP and TCP.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it understood of the messages that came in by `input`: `imuxsock`, `imudp` or `imtcp`.
    pub fn messages(&self, input: &str) -> Result<Vec<Value>> {
        let Ok(text) = fs::read_to_string(self.folder.join("received")) else { return Ok(Vec::new()) };
        // The last line may still be written.
        let whole = text.rfind('\n').map_or("", |end| text.get(..end).unwrap_or_default());
        let messages =
            whole.lines().map(|line| serde_json::from_str::<Value>(line).context("read a message"));
        let messages = messages.collect::<Result<Vec<Value>>>()?;
        Ok(messages.into_iter().filter(|message| message["input"] == input).collect())
    }

    fn config(&self) -> String {
        let (folder, port, socket) = (self.folder.path().display(), self.port, self.socket());
        let property =
            |out: &str, name: &str| format!("property(outname=\"{out}\" name=\"{name}\" format=\"jsonf\")");
        let properties = [
            ("input", "inputname"),
            ("facility", "syslogfacility-text"),
            ("severity", "syslogseverity-text"),
            ("program", "app-name"),
            ("process", "procid"),
            ("kind", "msgid"),
            ("host", "hostname"),
            ("message", "msg"),
        ];
        let properties = properties.map(|(out, name)| property(out, name)).join(" constant(value=\",\") ");
        format!(
            "global(processInternalMessages=\"on\" workDirectory=\"{folder}\" net.enableDNS=\"off\")\n\
             module(load=\"imuxsock\" SysSock.Use=\"off\")\n\
             module(load=\"imudp\")\n\
             module(load=\"imtcp\")\n\
             input(type=\"imuxsock\" Socket=\"{}\")\n\
             input(type=\"imudp\" address=\"127.0.0.1\" port=\"{port}\")\n\
             input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")\n\
             template(name=\"ready\" type=\"string\" string=\"%programname%%msg%\\n\")\n\
             template(name=\"message\" type=\"list\") {{ constant(value=\"{{\") {properties} constant(value=\"}}\\n\") }}\n\
             if $programname == \"rsyslogd\" then {{ action(type=\"omfile\" file=\"/dev/stdout\" template=\"ready\") stop }}\n\
             action(type=\"omfile\" file=\"{folder}/received\" template=\"message\")\n",
            socket.display()
        )
    }
}
