//! An engine with a ledger in it, and the tool.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use audit::chain::{Head, SigningKey};
use audit::config::ClickHouseConfig;
use audit::ledger::{Ledger, Link};
use audit::record::*;
use mask::ValueKey;
use tempfile::TempDir;
use uuid::Uuid;

/// What hashes of values are made with.
pub(crate) const KEY: &str = "55555555555555555555555555555555";

const WITHIN: Duration = Duration::from_secs(60);

/// A running engine; it dies with the test.
pub(crate) struct Engine {
    _dir: TempDir,
    child: Child,
    pub(crate) url: String,
}

impl Engine {
    pub(crate) fn start() -> Self {
        let beside = || std::env::current_exe().unwrap().parent().unwrap().join("../picket-engine");
        let program = std::env::var_os("PICKET_ENGINE_BIN").map_or_else(beside, PathBuf::from);
        let path = program.display();
        assert!(program.exists(), "these tests need an engine: build {path} or set PICKET_ENGINE_BIN");
        let dir = TempDir::new().unwrap();
        let mut child = Command::new(&program)
            .arg("--data-dir")
            .arg(dir.path().join("data"))
            .args(["--listen", "127.0.0.1:0"])
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
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Engine { _dir: dir, child, url }
    }

    /// With a ledger that holds `records`.
    pub(crate) fn with(records: &[Record]) -> Self {
        let engine = Engine::start();
        let ledger =
            Ledger::new(&ClickHouseConfig { url: engine.url.clone(), ..ClickHouseConfig::default() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            ledger.migrate(WITHIN).await.unwrap();
            let key = SigningKey::generate().unwrap();
            let link = Link { writer: Uuid::from_u128(3), before: Head::default(), key: &key };
            ledger.insert(records, &link, "seed", WITHIN).await.unwrap();
        });
        engine
    }

    pub(crate) fn ask(&self, args: &[&str]) -> Output {
        ask(&[&["--clickhouse-url", self.url.as_str()], args].concat())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn ask(args: &[&str]) -> Output {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_picket"));
    for variable in ["URL", "USER", "PASSWORD"] {
        tool.env_remove(format!("PICKET_CLICKHOUSE_{variable}"));
    }
    tool.args(args).output().unwrap()
}

/// A minute ago: `--since` looks back from now.
pub(crate) fn a_minute_ago() -> UnixMicros {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - Duration::from_secs(60);
    UnixMicros(i64::try_from(now.as_micros()).unwrap())
}

/// A statement whose text would take over a terminal.
pub(crate) fn statement(at: UnixMicros) -> Record {
    executed(at, hostile())
}

/// The same, refused.
pub(crate) fn refused(at: UnixMicros) -> Record {
    executed(at, Statement { verdict: "refuse".to_owned(), ..hostile() })
}

fn executed(at: UnixMicros, statement: Statement) -> Record {
    Record::Statement(StatementRecord {
        session_id: Uuid::from_u128(1),
        sequence: 1,
        started_at: at,
        finished_at: Some(UnixMicros(at.0 + 7)),
        principal: "alice".into(),
        database: "shop".into(),
        statement: Arc::new(statement),
        own_text: None,
        own_values: Vec::new(),
        parameters: vec!["'\u{1b}[2J'".into()],
        outcome: Outcome::Completed,
        rows: 3,
        bytes: 99,
        masked_values: 3,
        sqlstate: String::new(),
    })
}

fn hostile() -> Statement {
    Statement {
        text: "SELECT email, '\u{1b}[2J\u{202e}' FROM users".to_owned(),
        values: vec![ValueKey::new(KEY.as_bytes()).unwrap().hash("ada@example.org")],
        fingerprint: 1,
        normalised: "SELECT email, $1 FROM users".to_owned(),
        effects: vec!["select".to_owned()],
        relations_read: vec!["public.users".to_owned()],
        relations_written: vec![],
        columns: vec!["public.users.email".to_owned()],
        masked_columns: vec!["public.users.email".to_owned()],
        revealed_columns: vec!["public.users.name\u{1b}[2J".to_owned()],
        revealed_classes: vec!["person_name".to_owned()],
        verdict: "allow".to_owned(),
        rules: vec!["default-allow".to_owned(), "mask-email".to_owned()],
        readers_disagree: String::new(),
    }
}

pub(crate) fn bypass(at: UnixMicros) -> Record {
    Record::Alert(AlertRecord {
        alert_id: Uuid::from_u128(9),
        raised_at: at,
        host: "db1".to_owned(),
        kind: AlertKind::Bypass,
        message: "somebody reached 10.0.0.1:5432 around the proxy".to_owned(),
        connection: Some(around(at)),
    })
}

/// A connection that an agent refused.
pub(crate) fn denied(at: UnixMicros, client: &str) -> Record {
    Record::Alert(AlertRecord {
        alert_id: Uuid::now_v7(),
        raised_at: at,
        host: "db1".to_owned(),
        kind: AlertKind::Denied,
        message: "somebody was refused a connection to 10.0.0.1:5432".to_owned(),
        connection: Some(ConnectionRecord { client: client.parse().unwrap(), ..around(at) }),
    })
}

/// A connection around the proxy that is open.
fn around(at: UnixMicros) -> ConnectionRecord {
    ConnectionRecord {
        host: "db1".to_owned(),
        boot_id: Uuid::from_u128(7),
        cookie: 5,
        client_cookie: 0,
        opened_at: at,
        opening: Opening::Seen,
        closed_at: None,
        ending: Ending::Seen,
        client: "10.0.0.9:40000".parse().unwrap(),
        server: "10.0.0.1:5432".parse().unwrap(),
        class: ConnectionClass::Bypass,
        evidence: Evidence::None,
        rule: String::new(),
        socket_path: String::new(),
        process: None,
        startup: StartupFacts::default(),
        bytes_to_server: 0,
        bytes_to_client: 0,
    }
}

pub(crate) fn connected(at: UnixMicros) -> Record {
    Record::Connection(around(at))
}

/// An agent that lost events.
pub(crate) fn blind(at: UnixMicros) -> Record {
    Record::AgentHealth(AgentHealthRecord {
        host: "db1".to_owned(),
        boot_id: Uuid::from_u128(7),
        at,
        events_submitted: 10,
        events_lost: 3,
        connections_open: 1,
        state: "events_lost".to_owned(),
        unix_problem: String::new(),
        processes_lost: 0,
        ends_unseen: 0,
        acts: String::new(),
        denied: 0,
        heartbeat_secs: 0,
        degraded: Vec::new(),
    })
}
