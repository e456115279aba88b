//! Prometheus's Alertmanager on a free port, which nobody configured to tell anybody.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::agent::Receiver;
use crate::daemon::{Daemon, Launch, Ready};
use crate::proxy::quoted;
use crate::scratch::Scratch;
use crate::{cache, port};

/// The package of Debian, unpacked into the cache.
pub const PACKAGE: &str = "prometheus-alertmanager";

/// Receives, and tells nobody.
const CONFIG: &str = "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n";

/// Debian's program opens its templates below `/usr/share` wherever it lies itself: it is shown them there, in a mount
/// namespace of its own.
const SHOWN_ITS_TEMPLATES: &str =
    "mount -t overlay overlay -o \"lowerdir=$0/usr/share:/usr/share\" /usr/share && exec \"$@\"";

/// Whether there is one to start.
#[must_use]
pub fn is_installed() -> bool {
    of_machine().is_some() || unpacked().is_some()
}

fn of_machine() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut programs =
        env::split_paths(&path).flat_map(|folder| [folder.join(PACKAGE), folder.join("alertmanager")]);
    programs.find(|program| program.is_file())
}

/// The folder that the package was unpacked into, and the program.
fn unpacked() -> Option<(PathBuf, PathBuf)> {
    let folder = cache::folder()?.join(PACKAGE);
    let program = folder.join("usr/bin").join(PACKAGE);
    program.is_file().then_some((folder, program))
}

fn launch(log: PathBuf) -> Result<Launch> {
    let ready = Ready::Log("Listening on");
    if let Some(program) = of_machine() {
        return Ok(Launch::new(program, log, ready));
    }
    let (folder, program) = unpacked().context("find Alertmanager; run `cargo xtask setup`")?;
    let mut launch = Launch::new("unshare", log, ready).args(["--mount"]);
    if !rustix::process::geteuid().is_root() {
        launch = launch.args(["--map-root-user"]);
    }
    Ok(launch.args(["sh", "-c", SHOWN_ITS_TEMPLATES]).args([folder, program]))
}

/// Its certificate, and who vouches for it.
#[derive(Clone, Debug)]
pub struct Tls {
    /// In PEM.
    pub cert: PathBuf,
    /// In PEM.
    pub key: PathBuf,
    /// In PEM.
    pub root_ca: PathBuf,
}

/// One that runs, or may. Dropping it stops and removes it.
#[derive(Debug)]
pub struct Alertmanager {
    daemon: Option<Daemon>,
    port: u16,
    tls: Option<Tls>,
    folder: Scratch,
}

impl Alertmanager {
    /// Chooses an address, and starts nothing yet.
    pub fn absent(tls: Option<Tls>) -> Result<Self> {
        Ok(Self { daemon: None, port: port::free()?, tls, folder: Scratch::new("alertmanager")? })
    }

    /// Starts it at its address.
    pub fn start(&mut self) -> Result<()> {
        let (config, web) = (self.folder.join("alertmanager.yml"), self.folder.join("web.yml"));
        fs::write(&config, CONFIG).context("write Alertmanager's configuration")?;
        let tls = self.tls.as_ref().map(|Tls { cert, key, .. }| {
            format!("tls_server_config:\n  cert_file: {}\n  key_file: {}\n", quoted(cert), quoted(key))
        });
        fs::write(&web, tls.unwrap_or_default()).context("write how Alertmanager listens")?;
        let argument = |name: &str, value: String| format!("--{name}={value}");
        let launch = launch(self.folder.join("log"))?.args([
            argument("config.file", config.display().to_string()),
            argument("web.config.file", web.display().to_string()),
            argument("storage.path", self.folder.join("data").display().to_string()),
            argument("web.listen-address", format!("127.0.0.1:{}", self.port)),
            argument("cluster.listen-address", String::new()),
        ]);
        self.daemon = Some(launch.start()?);
        Ok(())
    }

    /// Such as `http://127.0.0.1:41234`.
    #[must_use]
    pub fn place(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// What an agent must know of it.
    #[must_use]
    pub fn receiver(&self) -> Receiver {
        let root_ca = self.tls.as_ref().map(|tls| tls.root_ca.clone());
        Receiver { url: self.alerts_url(), root_ca }
    }

    /// The alerts that it has.
    pub fn alerts(&self) -> Result<Vec<Value>> {
        let text = self
            .asker()?
            .get(self.alerts_url())
            .call()
            .context("ask Alertmanager")?
            .into_body()
            .read_to_string()
            .context("read Alertmanager's answer")?;
        serde_json::from_str(&text).with_context(|| format!("Alertmanager answered: {text}"))
    }

    fn alerts_url(&self) -> String {
        format!("{}/api/v2/alerts", self.place())
    }

    fn asker(&self) -> Result<ureq::Agent> {
        let Some(Tls { root_ca, .. }) = &self.tls else { return Ok(ureq::Agent::new_with_defaults()) };
        let root = Certificate::from_pem(&fs::read(root_ca).context("read who vouches for Alertmanager")?)
            .context("read the certificate of who vouches for Alertmanager")?;
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&[root]))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
        Ok(ureq::Agent::config_builder().tls_config(tls.build()).build().new_agent())
    }
}
