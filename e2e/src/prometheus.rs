//! Prometheus on a free port, and its tool.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::daemon::{Daemon, Launch, Ready};
use crate::scratch::Scratch;
use crate::{cache, port};

/// The package of Debian, unpacked into the cache.
pub const PACKAGE: &str = "prometheus";

/// A program of it.
fn program(name: &str) -> Option<PathBuf> {
    let program = cache::folder()?.join(PACKAGE).join("usr/bin").join(name);
    program.is_file().then_some(program)
}

/// Whether there is one to start.
#[must_use]
pub fn is_installed() -> bool {
    program("promtool").is_some()
}

/// What promtool says with these arguments, given this.
pub fn promtool(arguments: &[&str], given: &str) -> Result<()> {
    let mut child = Command::new(program("promtool").context("find promtool; run `cargo xtask setup`")?)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start promtool")?;
    child.stdin.take().context("take its standard input")?.write_all(given.as_bytes())?;
    let output = child.wait_with_output().context("wait for promtool")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    Ok(())
}

/// One that runs. Dropping it stops and removes it.
#[derive(Debug)]
pub struct Prometheus {
    _daemon: Daemon,
    port: u16,
    _folder: Scratch,
}

impl Prometheus {
    /// Starts one that asks `target` each second, as the job `picket-proxy`, and goes by these rules.
    pub fn start(target: &str, rules: &Path) -> Result<Self> {
        let (folder, port) = (Scratch::new("prometheus")?, port::free()?);
        let config = folder.join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{rules:?}]\n\
             scrape_configs:\n  - job_name: picket-proxy\n    static_configs: [{{targets: [{target:?}]}}]\n"
        );
        fs::write(&config, text).context("write Prometheus's configuration")?;
        let prometheus = program("prometheus").context("find Prometheus; run `cargo xtask setup`")?;
        let launch = Launch::new(prometheus, folder.join("log"), Ready::Log("ready to receive web requests"));
        let daemon = launch
            .args([
                format!("--config.file={}", config.display()),
                format!("--storage.tsdb.path={}", folder.join("data").display()),
                format!("--web.listen-address=127.0.0.1:{port}"),
            ])
            .start()?;
        Ok(Prometheus { _daemon: daemon, port, _folder: folder })
    }

    /// The answer of its HTTP interface at this path.
    pub fn ask(&self, path: &str) -> Result<Value> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let text = ureq::get(&url).call().context("ask Prometheus")?.into_body().read_to_string()?;
        serde_json::from_str(&text).with_context(|| format!("Prometheus answered: {text}"))
    }
}
