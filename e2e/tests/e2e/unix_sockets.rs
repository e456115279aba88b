//! Whoever is on the database's own host and dials its UNIX socket is seen as whoever dials its port.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use e2e::agent::{Agent, AgentSettings};
use e2e::alertmanager::Alertmanager;
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::postgres::{self, Postgres, SUPERUSER};
use e2e::wait;
use rustix::net::sockopt::socket_cookie;
use serde_json::Value;

use crate::stack::{number, text};

const WAIT: Duration = Duration::from_secs(60);
/// Connections that last over the agent's absence, and as many that end or begin in it.
const STEADY: usize = 4;
/// Clients that connect and go, again and again.
const CHURNERS: usize = 2;
/// Each of them at least this often before and after.
const ROUNDS: usize = 100;

struct Scene {
    agent: Agent,
    postgres: Postgres,
    ledger: Ledger,
    _engine: Engine,
}

impl Scene {
    fn start(allow: &str, alertmanager: Option<&Alertmanager>) -> Result<Self> {
        let postgres = Postgres::start()?;
        let engine = Engine::start()?;
        let agent = Agent::start(&AgentSettings {
            ports: vec![postgres.port()],
            allow: allow.to_string(),
            alertmanagers: alertmanager.map(Alertmanager::receiver).into_iter().collect(),
            proxy_pid_files: Vec::new(),
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        })?;
        let ledger = Ledger::new(engine.url(), "picket");
        Ok(Self { agent, postgres, ledger, _engine: engine })
    }

    fn path(&self) -> PathBuf {
        self.postgres.socket_folder().join(format!(".s.PGSQL.{}", self.postgres.port()))
    }

    fn connect_some(&self) -> Result<Vec<Client>> {
        (0..STEADY).map(|_| Client::connect(&self.path())).collect()
    }

    /// Waits for the one row of each of these clients that `condition` is true of.
    fn wait_for(&self, clients: &[u64], condition: &str) -> Result<Vec<Value>> {
        let cookies: Vec<String> = clients.iter().map(u64::to_string).collect();
        let select = format!(
            "SELECT * FROM connections FINAL WHERE client_cookie IN ({}) AND {condition}",
            cookies.join(", ")
        );
        self.ledger.wait_rows("connections", &select, |rows| rows.len() == clients.len())
    }
}

/// psql, logged in over the socket.
struct Psql {
    process: Child,
    stdin: ChildStdin,
}

impl Psql {
    fn start(postgres: &Postgres) -> Result<Self> {
        let mut command = Command::new(postgres::programs()?.join("psql"));
        command
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--host"])
            .arg(postgres.socket_folder())
            .args(["--port", &postgres.port().to_string(), "--username", SUPERUSER, "postgres"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.spawn().context("start psql")?;
        let mut stdin = process.stdin.take().context("take its input")?;
        let stdout = process.stdout.take().context("take its output")?;
        writeln!(stdin, "SELECT 'here';").context("ask")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("read the answer")?;
        assert!(line.contains("here"), "{line}");
        Ok(Self { process, stdin })
    }

    fn quit(self) -> Result<()> {
        let Self { mut process, stdin } = self;
        drop(stdin);
        process.wait().map(drop).context("wait for psql")
    }
}

/// A connection that PostgreSQL answers on; it need not log in to be seen.
struct Client {
    cookie: u64,
    _stream: UnixStream,
}

impl Client {
    fn connect(path: &Path) -> Result<Self> {
        let mut stream = UnixStream::connect(path).context("connect")?;
        let cookie = socket_cookie(&stream).context("ask for the cookie")?;
        // SSLRequest: over a UNIX socket PostgreSQL says no, and waits for the next packet.
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).context("ask for TLS")?;
        let mut answer = [0];
        stream.read_exact(&mut answer).context("read the answer")?;
        assert_eq!(answer, *b"N");
        Ok(Self { cookie, _stream: stream })
    }
}

fn cookies(clients: &[Client]) -> Vec<u64> {
    clients.iter().map(|client| client.cookie).collect()
}

/// Clients that connect and go; each counts what it did.
struct Churn {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Result<Vec<u64>>>>,
}

impl Churn {
    fn start(path: &Path) -> Self {
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let clients = (0..CHURNERS).map(|_| {
            let (stop, rounds, path) = (Arc::clone(&stop), Arc::clone(&rounds), path.to_owned());
            thread::spawn(move || {
                let mut cookies = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    cookies.push(Client::connect(&path)?.cookie);
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
                Ok(cookies)
            })
        });
        let clients = clients.collect();
        Self { stop, rounds, clients }
    }

    /// Waits until the clients have come and gone often since.
    fn go_on(&self) -> Result<()> {
        let until = self.rounds.load(Ordering::Relaxed) + CHURNERS * ROUNDS;
        wait::until("connections", WAIT, || Ok((until <= self.rounds.load(Ordering::Relaxed)).then_some(())))
    }

    fn stop(self) -> Result<Vec<u64>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut cookies = Vec::new();
        for client in self.clients {
            cookies.extend(client.join().map_err(|_| anyhow!("a client broke"))??);
        }
        Ok(cookies)
    }
}

#[test]
fn psql_over_the_socket_is_a_bypass_with_process_and_path_and_somebody_is_told() -> Result<()> {
    let mut alertmanager = Alertmanager::absent(None)?;
    alertmanager.start()?;
    let scene = Scene::start("", Some(&alertmanager))?;
    let path = scene.path().display().to_string();
    let psql = Psql::start(&scene.postgres)?;
    let pid = psql.process.id();
    let alert = wait::until("the alert in Alertmanager", WAIT, || {
        Ok(alertmanager.alerts()?.into_iter().find(|it| it["labels"]["alertname"] == "picket_bypass"))
    })?;
    let labels = &alert["labels"];
    assert_eq!((labels["server"].as_str(), labels["command"].as_str()), (Some(path.as_str()), Some("psql")));
    assert!(labels["client"].is_null(), "{alert}");
    let asked_for = (labels["role"].as_str(), labels["database"].as_str());
    assert_eq!(asked_for, (Some(SUPERUSER), Some("postgres")), "{alert}");
    let row = scene.ledger.wait_row("the bypass", "SELECT * FROM bypasses")?;
    assert_eq!(
        (text(&row, "server")?, text(&row, "client")?, text(&row, "state")?),
        (&*path, "local", "open")
    );
    assert_eq!((text(&row, "process_command")?, number(&row, "process_pid")?), ("psql", u64::from(pid)));
    let message = text(&row, "message")?;
    assert!(message.contains(&format!("psql (pid {pid}")) && message.contains(&path), "{message}");
    psql.quit()?;
    let closed = "SELECT * FROM connections FINAL WHERE closed_at IS NOT NULL";
    let closed = scene.ledger.wait_row("its end", closed)?;
    assert_eq!((text(&closed, "socket_path")?, text(&closed, "class")?), (&*path, "bypass"));
    assert_eq!(number(&closed, "server_port")?, u64::from(scene.postgres.port()));
    let asked_for = (text(&closed, "database_role")?, text(&closed, "application_name")?);
    assert_eq!((asked_for, text(&closed, "encryption")?), ((SUPERUSER, "psql"), "none"));
    // What psql says first is longer than its goodbye, and the server's answer than both.
    let bypass = scene.ledger.wait_row("the bypass", "SELECT * FROM bypasses WHERE state = 'closed'")?;
    let (to_server, to_client) = (number(&bypass, "bytes_to_server")?, number(&bypass, "bytes_to_client")?);
    assert!(20 < to_server && to_server < to_client, "{bypass}");
    let both = (number(&closed, "bytes_to_server")?, number(&closed, "bytes_to_client")?);
    assert_eq!(both, (to_server, to_client));
    let covered = scene.ledger.wait_row("the day", "SELECT * FROM coverage")?;
    assert_eq!((text(&covered, "server")?, number(&covered, "bypassed")?), (&*path, 1), "{covered}");
    // Some kernels let nobody be called where a socket is closed.
    let gaps = "SELECT * FROM witness_gaps WHERE message NOT LIKE 'ends of connections over UNIX sockets are found by looks%'";
    assert_eq!(scene.ledger.rows(gaps)?, Vec::<Value>::new());
    let problems = "SELECT * FROM agent_health FINAL WHERE unix_problem != ''";
    assert_eq!(scene.ledger.rows(problems)?, Vec::<Value>::new());
    Ok(())
}

#[test]
fn whom_a_rule_allows_raises_no_alert() -> Result<()> {
    let uid = rustix::process::getuid().as_raw();
    let rule = format!("[[allow]]\nname = 'host'\nreason = 'its administrators'\nuser = {uid}\n");
    let scene = Scene::start(&rule, None)?;
    Psql::start(&scene.postgres)?.quit()?;
    let row = scene.ledger.wait_row("it", "SELECT * FROM bypasses WHERE rule = 'host'")?;
    assert_eq!(text(&row, "server")?, scene.path().display().to_string());
    assert_eq!(scene.ledger.rows("SELECT * FROM alerts FINAL")?, Vec::<Value>::new());
    Ok(())
}

#[test]
fn an_agent_that_is_killed_under_load_tells_of_each_connection_once() -> Result<()> {
    let mut scene = Scene::start("", None)?;
    let (lasting, leaving) = (scene.connect_some()?, scene.connect_some()?);
    scene.wait_for(&cookies(&lasting), "opening = 'seen' AND closed_at IS NULL")?;
    scene.wait_for(&cookies(&leaving), "opening = 'seen' AND closed_at IS NULL")?;
    let churn = Churn::start(&scene.path());
    churn.go_on()?;
    let before = churn.stop()?;
    // Every one that the clients counted.
    scene.wait_for(&before, "opening = 'seen' AND class = 'bypass'")?;
    let churn = Churn::start(&scene.path());
    churn.go_on()?;

    scene.agent.kill()?;
    let left = cookies(&leaving);
    drop(leaving);
    let coming = scene.connect_some()?;
    churn.go_on()?;
    scene.agent.start_again()?;
    churn.go_on()?;
    churn.stop()?;
    let churn = Churn::start(&scene.path());
    churn.go_on()?;
    let after = churn.stop()?;

    scene.wait_for(&after, "opening = 'seen' AND class = 'bypass'")?;
    scene.wait_for(&cookies(&lasting), "opening = 'seen' AND closed_at IS NULL")?;
    scene.wait_for(&left, "opening = 'seen' AND ending = 'away'")?;
    scene.wait_for(&cookies(&coming), "opening = 'found' AND closed_at IS NULL AND class = 'bypass'")?;
    drop((lasting, coming));
    let select = "SELECT client_cookie, closed_at FROM connections FINAL";
    let all_closed = |rows: &[Value]| rows.iter().all(|row| !row["closed_at"].is_null());
    let rows = scene.ledger.wait_rows("all ends", select, all_closed)?;
    let mut times: HashMap<u64, usize> = HashMap::new();
    for row in &rows {
        *times.entry(number(row, "client_cookie")?).or_default() += 1;
    }
    times.remove(&0);
    assert!(times.values().all(|times| *times == 1), "each at most once: {times:?}");
    let doubled = "SELECT cookie, opened_at FROM alerts FINAL WHERE kind = 'bypass' \
        GROUP BY cookie, opened_at HAVING count() > 1";
    assert_eq!(scene.ledger.rows(doubled)?, Vec::<Value>::new(), "one alert for each");
    Ok(())
}
