//! How soon somebody is told who went around the proxy: from the `connect` to the webhook.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::results::Told;
use super::stage::Stage;
use crate::bench::results::median;
use crate::progress::Step;

/// An alert that takes longer is none.
const WAIT: Duration = Duration::from_secs(10);
/// A StartupMessage of protocol 3.0 with a user, as psql without TLS begins.
const STARTUP: &[u8] = b"\0\0\0\x14\0\x03\0\0user\0bench\0\0";

/// Of clients that say who they are, and of those that say nothing, for which the agent waits.
pub(super) fn measure(stage: &mut Stage, connections: usize) -> Result<Vec<Told>> {
    [("says its role at once", STARTUP), ("says nothing", b"")]
        .into_iter()
        .map(|(client, says)| of(stage, client, says, connections))
        .collect()
}

/// Who is the same to a webhook is told once: each comes to a port of its own.
fn of(stage: &mut Stage, client: &'static str, says: &[u8], connections: usize) -> Result<Told> {
    let step = Step::start(format!("from a connect to the webhook: a client that {client}"));
    let webhook = TcpListener::bind("127.0.0.1:0").context("listen as a webhook")?;
    let url = format!("http://{}/", webhook.local_addr().context("listen as a webhook")?);
    let (tell, told) = channel();
    thread::spawn(move || serve(&webhook, &tell));
    let databases = (0..connections)
        .map(|_| TcpListener::bind("127.0.0.1:0").context("listen as a database"))
        .collect::<Result<Vec<_>>>()?;
    let places =
        databases.iter().map(TcpListener::local_addr).collect::<Result<Vec<_>, _>>().context("listen")?;
    let mut agent = stage.agent_that_tells(places.iter().map(|place| place.port()).collect(), &url)?;
    let mut millis = Vec::with_capacity(connections);
    for (database, place) in databases.iter().zip(places) {
        let began = Instant::now();
        let mut connection = TcpStream::connect(place).context("connect")?;
        connection.write_all(says).context("say who it is")?;
        let _served = database.accept().context("take it in")?;
        let at = arrival(&told, &format!("{place}"))?;
        millis.push((at - began).as_secs_f64() * 1e3);
    }
    agent.stop()?;
    step.done();
    let most_ms = millis.iter().copied().fold(0.0, f64::max);
    Ok(Told { client, connections: millis.len(), median_ms: median(millis).unwrap_or(f64::NAN), most_ms })
}

/// When the alert came that names this.
fn arrival(told: &Receiver<(Instant, String)>, named: &str) -> Result<Instant> {
    loop {
        let (at, body) = told.recv_timeout(WAIT).context("wait for the alert")?;
        if body.contains(named) {
            return Ok(at);
        }
    }
}

/// Takes alerts until nobody wants them any more.
fn serve(webhook: &TcpListener, tell: &Sender<(Instant, String)>) {
    while let Ok((stream, _)) = webhook.accept() {
        let Ok(body) = take(stream) else { return };
        if tell.send((Instant::now(), body)).is_err() {
            return;
        }
    }
}

fn take(stream: TcpStream) -> Result<String> {
    let mut stream = BufReader::new(stream);
    let mut len = 0;
    loop {
        let mut line = String::new();
        ensure!(0 < stream.read_line(&mut line).context("read a request")?, "a request ends within its head");
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                len = value.trim().parse().context("read its length")?;
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; len];
    stream.read_exact(&mut body).context("read a request")?;
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.get_mut().write_all(answer).context("answer")?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}
