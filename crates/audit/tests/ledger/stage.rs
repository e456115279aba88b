//! An engine in a directory of its own, which dies with the test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use audit::chain::{Head, SigningKey};
use audit::config::ClickHouseConfig;
use audit::ledger::Link;
use clickhouse::Client;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const WITHIN: Duration = Duration::from_secs(60);

/// A chain that begins.
pub(crate) struct Chain {
    key: SigningKey,
}

impl Chain {
    pub(crate) fn new() -> Self {
        Chain { key: SigningKey::generate().unwrap() }
    }

    /// Goes on behind `before`.
    pub(crate) fn behind(&self, before: Head) -> Link<'_> {
        Link { writer: Uuid::from_u128(0x77), before, key: &self.key }
    }

    pub(crate) fn begin(&self) -> Link<'_> {
        self.behind(Head::default())
    }
}

/// A running engine, or the place of one.
pub(crate) struct Engine {
    dir: TempDir,
    child: Child,
    address: String,
}

impl Engine {
    pub(crate) fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let (child, address) = spawn(&dir, "127.0.0.1:0");
        Engine { dir, child, address }
    }

    /// As a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// With the same data, at the same address.
    pub(crate) fn start_again(&mut self) {
        (self.child, _) = spawn(&self.dir, &self.address);
    }

    pub(crate) fn config(&self) -> ClickHouseConfig {
        ClickHouseConfig { url: format!("http://{}", self.address), ..ClickHouseConfig::default() }
    }

    pub(crate) fn client(&self) -> Client {
        Client::default().with_url(format!("http://{}", self.address)).with_database("picket")
    }

    pub(crate) async fn number(&self, query: &str) -> u64 {
        self.client().query(query).fetch_one().await.unwrap()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    let beside = || std::env::current_exe().unwrap().parent().unwrap().join("../picket-engine");
    let program = std::env::var_os("PICKET_ENGINE_BIN").map_or_else(beside, PathBuf::from);
    let path = program.display();
    assert!(program.exists(), "these tests need an engine: build {path} or set PICKET_ENGINE_BIN");
    program
}

fn spawn(dir: &TempDir, listen: &str) -> (Child, String) {
    let mut child = Command::new(program())
        .arg("--data-dir")
        .arg(dir.path().join("data"))
        .args(["--listen", listen])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let (send, ready) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        let _ = send.send(line);
    });
    let line = ready.recv_timeout(WITHIN).unwrap();
    let address = line.trim().strip_prefix("listening on http://");
    let address = address.unwrap_or_else(|| panic!("the engine did not become ready: {line}"));
    (child, address.to_owned())
}

/// Waits until `holds`, with a bound.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(WITHIN, waiting).await.unwrap_or_else(|_| panic!("waited for {what}"));
}
