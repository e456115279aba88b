//! An agent that goes and comes again, in the middle of it all: each connection is in the ledger once, and the time in
//! which nothing was seen is told.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use e2e::agent::{Agent, AgentSettings};
use e2e::engine::Engine;
use e2e::faketime::FakeTime;
use e2e::ledger::Ledger;
use e2e::postgres::Postgres;
use e2e::wait;
use rustix::net::sockopt::socket_cookie;
use serde_json::Value;

use crate::stack::{number, text};

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
    fn start() -> Result<Self> {
        // Nobody logs in, and PostgreSQL ends that after a minute: some machines take longer.
        let postgres = Postgres::start_with(&["authentication_timeout=600s"])?;
        let engine = Engine::start()?;
        let agent = Agent::start(&AgentSettings {
            ports: vec![postgres.port()],
            allow: String::new(),
            alertmanagers: Vec::new(),
            proxy_pid_files: Vec::new(),
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        })?;
        let ledger = Ledger::new(engine.url(), "picket");
        Ok(Self { agent, postgres, ledger, _engine: engine })
    }

    fn connect(&self) -> Result<Client> {
        Client::connect(self.postgres.port())
    }

    fn connect_some(&self) -> Result<Vec<Client>> {
        (0..STEADY).map(|_| self.connect()).collect()
    }

    /// Waits for the one row of each of these clients that `condition` is true of.
    fn wait_for(&self, clients: &[u64], condition: &str) -> Result<Vec<Value>> {
        let cookies: Vec<String> = clients.iter().map(u64::to_string).collect();
        let select = format!(
            "SELECT *, ({condition}) AS holds FROM connections FINAL WHERE client_cookie IN ({})",
            cookies.join(", ")
        );
        let enough = |rows: &[Value]| rows.len() == clients.len() && rows.iter().all(|row| row["holds"] == 1);
        self.ledger.wait_rows(condition, &select, enough)
    }
}

/// A connection that PostgreSQL has accepted; it need not log in to be seen.
struct Client {
    cookie: u64,
    opened_at: i64,
    _stream: TcpStream,
}

impl Client {
    fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connect")?;
        let cookie = socket_cookie(&stream).context("ask for the cookie")?;
        Ok(Self { cookie, opened_at: now()?, _stream: stream })
    }
}

fn cookies(clients: &[Client]) -> Vec<u64> {
    clients.iter().map(|client| client.cookie).collect()
}

/// Microseconds, as in the ledger.
fn now() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?)
}

/// When a connection was open for sure, and at most.
#[derive(Clone, Copy)]
struct Span {
    cookie: u64,
    opened_at: i64,
    closing_at: i64,
}

struct Churn {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Result<Vec<Span>>>>,
}

impl Churn {
    fn start(port: u16) -> Self {
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let clients = (0..CHURNERS).map(|_| {
            let (stop, rounds) = (Arc::clone(&stop), Arc::clone(&rounds));
            thread::spawn(move || {
                let mut spans = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let client = Client::connect(port)?;
                    let Client { cookie, opened_at, .. } = client;
                    drop(client);
                    spans.push(Span { cookie, opened_at, closing_at: now()? });
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
                Ok(spans)
            })
        });
        let clients = clients.collect();
        Self { stop, rounds, clients }
    }

    /// Waits until the clients have come and gone often since.
    fn go_on(&self) -> Result<()> {
        let until = self.rounds.load(Ordering::Relaxed) + CHURNERS * ROUNDS;
        wait::until("connections", Duration::from_secs(60), || {
            Ok((until <= self.rounds.load(Ordering::Relaxed)).then_some(()))
        })
    }

    fn stop(self) -> Result<Vec<Span>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut spans = Vec::new();
        for client in self.clients {
            spans.extend(client.join().map_err(|_| anyhow::anyhow!("a client broke"))??);
        }
        Ok(spans)
    }
}

/// Began and ended, in microseconds, and the rest of the row.
fn gap(scene: &Scene) -> Result<(i64, i64, Value)> {
    let select = "SELECT *, toUnixTimestamp64Micro(began_at) AS began, toUnixTimestamp64Micro(ended_at) AS ended \
        FROM gaps FINAL";
    let row = scene.ledger.wait_row("the gap", select)?;
    let micros = |key| Ok::<_, anyhow::Error>(i64::try_from(number(&row, key)?)?);
    Ok((micros("began")?, micros("ended")?, row))
}

#[test]
fn an_agent_that_is_killed_goes_on_with_the_same_connections() -> Result<()> {
    let mut scene = Scene::start()?;
    kill_and_start_again(&mut scene).with_context(|| format!("the agent said: {}", scene.agent.log()))
}

fn kill_and_start_again(scene: &mut Scene) -> Result<()> {
    let (lasting, leaving) = (scene.connect_some()?, scene.connect_some()?);
    scene.wait_for(&cookies(&lasting), "closed_at IS NULL")?;
    scene.wait_for(&cookies(&leaving), "closed_at IS NULL")?;
    let churn = Churn::start(scene.postgres.port());
    churn.go_on()?;
    let ended = "SELECT count() AS ended FROM connections FINAL WHERE ending = 'seen'";
    let many =
        |rows: &[Value]| rows.iter().all(|row| row["ended"].as_u64() >= Some((CHURNERS * ROUNDS) as u64));
    scene.ledger.wait_rows("the load", ended, many)?;
    churn.go_on()?;

    scene.agent.kill()?;
    let left = cookies(&leaving);
    drop(leaving);
    let coming = scene.connect_some()?;
    churn.go_on()?;
    scene.agent.start_again()?;
    churn.go_on()?;
    let spans = churn.stop()?;
    let later = scene.connect_some()?;

    let (began, ended, gap) = gap(scene)?;
    assert!(began < coming[0].opened_at && coming[0].opened_at < ended, "{gap}");
    assert_eq!(text(&gap, "reason")?, "killed");
    assert!(STEADY as u64 <= number(&gap, "connections_continued")?, "{gap}");
    assert!(STEADY as u64 <= number(&gap, "connections_ended")?, "{gap}");
    assert!(STEADY as u64 <= number(&gap, "connections_found")?, "{gap}");
    scene.wait_for(&cookies(&lasting), "opening = 'seen' AND closed_at IS NULL")?;
    scene.wait_for(&left, "opening = 'seen' AND ending = 'away'")?;
    scene.wait_for(&cookies(&coming), "opening = 'found' AND closed_at IS NULL AND class = 'bypass'")?;
    scene.wait_for(&cookies(&later), "opening = 'seen' AND closed_at IS NULL")?;
    let lasted = cookies(&lasting);
    let came = cookies(&coming);
    drop((lasting, coming, later));
    // The kernel calls the new agent's programs for sockets of the earlier one.
    scene.wait_for(&lasted, "opening = 'seen' AND ending = 'seen'")?;
    scene.wait_for(&came, "opening = 'found' AND ending = 'missed'")?;

    let select = "SELECT client_cookie, closed_at FROM connections FINAL";
    let all_closed = |rows: &[Value]| rows.iter().all(|row| !row["closed_at"].is_null());
    let rows = scene.ledger.wait_rows("all ends", select, all_closed)?;
    let mut times: HashMap<u64, usize> = HashMap::new();
    for row in &rows {
        *times.entry(number(row, "client_cookie")?).or_default() += 1;
    }
    assert!(times.values().all(|times| *times == 1), "each at most once: {times:?}");
    for Span { cookie, opened_at, closing_at } in &spans {
        let was_out_of_sight = began <= *closing_at && *opened_at <= ended;
        assert!(
            times.contains_key(cookie) || was_out_of_sight,
            "{opened_at}..{closing_at}, {began}..{ended}"
        );
    }
    let before = spans.iter().filter(|it| it.closing_at < began).count();
    let after = spans.iter().filter(|it| ended < it.opened_at).count();
    assert!(0 < before && 0 < after, "there must be load before and after: {before}, {after}");

    let doubled = "SELECT cookie, opened_at FROM alerts FINAL WHERE kind = 'bypass' \
        GROUP BY cookie, opened_at HAVING count() > 1";
    assert_eq!(scene.ledger.rows(doubled)?, Vec::<Value>::new(), "one alert for each");
    // What was gone before its holder could be asked is unknown where some process refuses to be asked.
    let told = "SELECT count() AS told FROM connections FINAL WHERE class = 'bypass' AND (boot_id, cookie, opened_at) \
        NOT IN (SELECT assumeNotNull(boot_id), cookie, assumeNotNull(opened_at) FROM alerts FINAL WHERE kind = 'bypass')";
    scene.ledger.wait_rows("an alert for each", told, |rows| rows.iter().all(|row| row["told"] == 0))?;
    Ok(())
}

#[test]
fn an_agent_that_is_stopped_tells_of_the_gap_when_it_comes_back() -> Result<()> {
    let mut scene = Scene::start()?;
    let lasting = scene.connect_some()?;
    assert_eq!(scene.agent.stop()?, 0);
    scene.agent.start_again()?;
    scene.wait_for(&cookies(&lasting), "opening = 'seen' AND closed_at IS NULL")?;
    let (began, ended, gap) = gap(&scene)?;
    assert!(began < ended, "{gap}");
    assert_eq!((text(&gap, "reason")?, number(&gap, "connections_continued")?), ("stopped", STEADY as u64));
    assert_eq!((number(&gap, "connections_ended")?, number(&gap, "connections_found")?), (0, 0));
    let alert = scene.ledger.wait_row("the alert", "SELECT * FROM alerts FINAL WHERE kind = 'gap'")?;
    assert!(text(&alert, "message")?.contains("(stopped)"), "{alert}");
    Ok(())
}

#[test]
fn a_clock_that_is_set_back_is_told_and_leaves_each_connection_one_opening_and_an_end_behind_it() -> Result<()>
{
    const HOUR: i64 = 3_600;
    let mut scene = Scene::start()?;
    let time = FakeTime::new()?;
    scene.agent.kill()?;
    scene.agent.start_again_by(&time)?;
    let (first, second) = (scene.connect_some()?, scene.connect_some()?);
    let cookies = |clients: &[Client]| clients.iter().map(|client| client.cookie).collect::<Vec<_>>();
    let (firsts, seconds) = (cookies(&first), cookies(&second));
    scene.wait_for(&firsts, "closed_at IS NULL")?;
    scene.wait_for(&seconds, "closed_at IS NULL")?;
    time.set(-HOUR)?;
    let stepped =
        "SELECT * FROM alerts FINAL WHERE kind = 'clock_stepped' AND message LIKE '%set back by 3600%'";
    scene.ledger.wait_row("the alert", stepped)?;
    drop(first);
    let forward = "closed_at >= opened_at";
    scene.wait_for(&firsts, forward)?;
    // Once more, and nobody is there to see it.
    scene.agent.kill()?;
    time.set(-2 * HOUR)?;
    scene.agent.start_again_by(&time)?;
    drop(second);
    scene.wait_for(&seconds, forward)?;
    let gaps = "SELECT began_at, ended_at FROM gaps FINAL WHERE ended_at >= began_at";
    scene.ledger.wait_rows("both times without an agent", gaps, |rows| rows.len() == 2)?;
    assert_eq!(scene.ledger.rows(stepped)?.len(), 1);
    Ok(())
}
