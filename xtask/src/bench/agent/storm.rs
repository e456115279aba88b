//! Short connections, as many as this machine makes: how many events the agent takes in per second, and what it loses.

use std::io::{ErrorKind, Read};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use serde_json::Value;
use socket2::SockRef;

use super::results::Storm;
use super::stage::{DENY, Stage};
use crate::bench::field::pid_of;
use crate::bench::process;
use crate::progress::Step;

/// Those who connect, beside one who accepts.
const CLIENTS: u32 = 2;
/// Where something is lost, half as many are tried, so often at most.
const TRIES_MAX: u32 = 6;

/// As fast as it goes, and then more slowly until nothing is lost.
pub(super) fn measure(stage: &mut Stage, seconds: u32) -> Result<Vec<Storm>> {
    let mut storms: Vec<Storm> = Vec::new();
    let mut asked = None;
    for _ in 0..TRIES_MAX {
        let storm = one(stage, asked, seconds)?;
        asked = Some(storm.connections as f64 / storm.seconds / 2.0);
        let is_whole = storm.lost == 0;
        storms.push(storm);
        if is_whole {
            break;
        }
    }
    Ok(storms)
}

fn one(stage: &mut Stage, asked: Option<f64>, seconds: u32) -> Result<Storm> {
    let name = asked.map_or("as fast as it goes".to_owned(), |asked| format!("{asked:.0} per second"));
    let step = Step::start(format!("a storm of connections, {name}"));
    let listener = TcpListener::bind("127.0.0.1:0").context("listen")?;
    let address = listener.local_addr().context("listen")?;
    // Nothing else is told of this port, so that its rows are those of this storm.
    let mut agent = stage.agent(DENY, Some(address.port()))?.context("start an agent")?;
    let pid = pid_of(agent.pid())?;
    stage.settle(&agent)?;
    let began = SystemTime::UNIX_EPOCH.elapsed().context("read the clock")?.as_micros();
    let before = stage.cpu(&agent)?;
    let (connections, seconds) = blow(&listener, address, asked, Duration::from_secs(u64::from(seconds)))?;
    stage.settle(&agent)?;
    let agent_us = (stage.cpu(&agent)? - before).each(connections as f64).agent_us;
    let pss_kib = process::pss_kib(pid)?;
    agent.stop()?;
    let ledger = stage.ledger();
    let account = format!(
        "SELECT events_submitted, events_lost FROM agent_health FINAL WHERE state = 'stopped' AND \
         {began} < toUnixTimestamp64Micro(at)"
    );
    let account = ledger.wait_row("the agent's last account", &account)?;
    let rows = format!(
        "SELECT count() AS rows FROM connections FINAL WHERE server_port = {} AND closed_at IS NOT NULL AND \
         {began} < toUnixTimestamp64Micro(opened_at)",
        address.port()
    );
    let number = |row: &Value, key: &str| {
        row.get(key).and_then(Value::as_u64).with_context(|| format!("read `{key}` in {row}"))
    };
    let recorded = number(&ledger.wait_row("the connections", &rows)?, "rows")?;
    step.done();
    Ok(Storm {
        asked,
        seconds,
        connections,
        events: number(&account, "events_submitted")?,
        lost: number(&account, "events_lost")?,
        recorded,
        agent_us,
        pss_kib,
    })
}

/// How many connections were made, in how many seconds.
fn blow(
    listener: &TcpListener,
    address: SocketAddr,
    asked: Option<f64>,
    length: Duration,
) -> Result<(u64, f64)> {
    let made = AtomicU64::new(0);
    let began = Instant::now();
    let each = asked.map(|asked| Duration::from_secs_f64(f64::from(CLIENTS) / asked));
    let seconds = thread::scope(|scope| -> Result<f64> {
        // Until the listener is shut down.
        scope.spawn(|| while listener.accept().is_ok() {});
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    let mut next = began;
                    while began.elapsed() < length {
                        connect(address)?;
                        made.fetch_add(1, Ordering::Relaxed);
                        if let Some(each) = each {
                            next += each;
                            thread::sleep(next.saturating_duration_since(Instant::now()));
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        let outcomes: Vec<_> = clients.into_iter().map(|client| client.join()).collect();
        let seconds = began.elapsed().as_secs_f64();
        SockRef::from(listener).shutdown(Shutdown::Both).context("stop listening")?;
        for outcome in outcomes {
            outcome.map_err(|_| anyhow::anyhow!("a client of the storm broke"))??;
        }
        Ok(seconds)
    })?;
    Ok((made.into_inner(), seconds))
}

/// Until the server has closed it, so that none waits for whoever accepts; then reset, so that no port is kept for it.
fn connect(address: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address).context("connect")?;
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).context("have it end at once")?;
    stream
        .read_exact(&mut [0])
        .err()
        .filter(|it| it.kind() == ErrorKind::UnexpectedEof)
        .context("read its end")?;
    Ok(())
}
