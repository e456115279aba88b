//! Alerts reach a real Alertmanager and a real rsyslog, also those that come later; that they were away is in the ledger.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::BytesMut;
use e2e::agent::{Agent, AgentSettings};
use e2e::alertmanager::{Alertmanager, Tls};
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::postgres::Postgres;
use e2e::rsyslog::Rsyslog;
use e2e::{shapes, wait};
use postgres_protocol::message::frontend;
use serde_json::Value;

use crate::admin::notices::{Receiver, UNWANTED};
use crate::certificates::Authority;
use crate::stack::text;

const ARRIVAL: Duration = Duration::from_secs(60);
/// From a `connect` until Alertmanager has the alert. On a quiet machine it takes less than two seconds; this holds on busy ones.
const ARRIVAL_OF_FIRST: Duration = Duration::from_secs(20);

struct Scene {
    alertmanager: Alertmanager,
    postgres: Postgres,
    ledger: Ledger,
    agent: Agent,
    _engine: Engine,
}

impl Scene {
    fn start(alertmanager: Alertmanager) -> Result<Self> {
        let postgres = Postgres::start()?;
        let engine = Engine::start()?;
        let agent = Agent::start(&AgentSettings {
            ports: vec![postgres.port()],
            allow: String::new(),
            alertmanagers: vec![alertmanager.receiver()],
            proxy_pid_files: Vec::new(),
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        })?;
        let ledger = Ledger::new(engine.url(), "picket");
        Ok(Self { alertmanager, postgres, ledger, agent, _engine: engine })
    }

    fn go_around(&self) -> Result<()> {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.postgres.port())).context("connect")?;
        Ok(())
    }

    /// The one alert of bypasses, once Alertmanager has it.
    fn bypass(&self) -> Result<Value> {
        wait::until("the alert in Alertmanager", ARRIVAL, || {
            let alerts = self.alertmanager.alerts()?;
            Ok(alerts.into_iter().find(|alert| alert["labels"]["alertname"] == "picket_bypass"))
        })
    }
}

#[test]
fn bypasses_reach_alertmanager_as_one_alert_that_names_process_and_database() -> Result<()> {
    let mut alertmanager = Alertmanager::absent(None)?;
    alertmanager.start()?;
    let scene = Scene::start(alertmanager)?;
    let connected_at = Instant::now();
    for _ in 0..20 {
        scene.go_around()?;
    }
    let alert = scene.bypass()?;
    let arrived = connected_at.elapsed();
    println!("from the first connect until Alertmanager has the alert: {arrived:?}");
    assert!(arrived < ARRIVAL_OF_FIRST, "{arrived:?}");
    let labels = &alert["labels"];
    assert_eq!(labels["severity"], "critical", "{alert}");
    assert_eq!(labels["server"], format!("127.0.0.1:{}", scene.postgres.port()), "{alert}");
    assert_eq!(labels["client"], "127.0.0.1", "{alert}");
    let summary = alert["annotations"]["summary"].as_str().context("read the summary")?;
    assert!(summary.contains(&format!("pid {}", std::process::id())), "{summary}");
    // All are in the ledger, and they are one to those who are told.
    let count = "SELECT * FROM alerts FINAL WHERE kind = 'bypass'";
    scene.ledger.wait_rows("every alert", count, |rows| rows.len() == 20)?;
    let alerts = scene.alertmanager.alerts()?;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    Ok(())
}

#[test]
fn an_alertmanager_that_is_away_is_told_in_the_ledger_and_gets_its_alerts_later() -> Result<()> {
    let mut scene = Scene::start(Alertmanager::absent(None)?)?;
    scene.go_around()?;
    let outage =
        "SELECT * FROM alerts FINAL WHERE kind = 'undelivered' AND message LIKE '%cannot be delivered%'";
    let row = scene.ledger.wait_row("the outage", outage)?;
    let message = text(&row, "message")?;
    assert!(message.contains(&format!("to {}: ", scene.alertmanager.place())), "{message}");
    scene.alertmanager.start()?;
    scene.bypass()?;
    let over =
        "SELECT * FROM alerts FINAL WHERE kind = 'undelivered' AND message LIKE '%are delivered to%again%'";
    let row = scene.ledger.wait_row("its end", over)?;
    assert!(text(&row, "message")?.contains("0 found no room"), "{row}");
    Ok(())
}

/// Nobody takes them, and the agent is killed: the next one has them.
#[test]
fn alerts_that_wait_outlive_an_agent_that_is_killed_and_come_once() -> Result<()> {
    let (postgres, engine, mut rsyslog) = (Postgres::start()?, Engine::start()?, Rsyslog::absent()?);
    let mut alertmanager = Alertmanager::absent(None)?;
    let url = format!("tcp://127.0.0.1:{}", rsyslog.port());
    let mut agent = Agent::start(&AgentSettings {
        ports: vec![postgres.port()],
        allow: format!("\n[[alerts.syslog]]\nurl = \"{url}\"\n"),
        alertmanagers: vec![alertmanager.receiver()],
        proxy_pid_files: Vec::new(),
        clickhouse_url: engine.url().to_string(),
        ledger_database: "picket".to_string(),
    })?;
    let ledger = Ledger::new(engine.url(), "picket");
    TcpStream::connect((Ipv4Addr::LOCALHOST, postgres.port())).context("connect")?;
    let bypass = ledger.wait_row("the bypass", "SELECT * FROM alerts FINAL WHERE kind = 'bypass'")?;
    let outages =
        "SELECT * FROM alerts FINAL WHERE kind = 'undelivered' AND message LIKE '%cannot be delivered%'";
    ledger.wait_rows("both outages", outages, |rows| rows.len() == 2)?;
    agent.kill()?;
    rsyslog.start()?;
    alertmanager.start()?;
    agent.start_again()?;
    wait::until("the alert in Alertmanager", ARRIVAL, || {
        let alerts = alertmanager.alerts()?;
        Ok(alerts.into_iter().find(|alert| alert["labels"]["alertname"] == "picket_bypass"))
    })?;
    let id = text(&bypass, "alert_id")?;
    let with_id = || -> Result<usize> {
        let messages = rsyslog.messages("imtcp")?;
        Ok(messages.iter().filter(|it| it["message"].as_str().is_some_and(|it| it.contains(id))).count())
    };
    wait::until("the alert in rsyslog", ARRIVAL, || Ok((0 < with_id()?).then_some(())))?;
    // One that was told is not told again by the next.
    assert_eq!(with_id()?, 1, "{:?}", rsyslog.messages("imtcp")?);
    assert_eq!(agent.stop()?, 0);
    assert_eq!(with_id()?, 1, "{:?} {}", rsyslog.messages("imtcp")?, agent.log());
    agent.start_again()?;
    assert_eq!(agent.stop()?, 0);
    assert_eq!(with_id()?, 1, "{:?} {}", rsyslog.messages("imtcp")?, agent.log());
    Ok(())
}

#[test]
fn alerts_go_over_tls_to_whom_the_authority_vouches_for_and_to_nobody_else() -> Result<()> {
    let (authority, other) = (Authority::new()?, Authority::new()?);
    let server = authority.server("127.0.0.1")?;
    let tls = |root_ca| Tls { cert: server.cert.clone(), key: server.key.clone(), root_ca };
    let mut trusted = Alertmanager::absent(Some(tls(authority.cert.clone())))?;
    trusted.start()?;
    let scene = Scene::start(trusted)?;
    scene.go_around()?;
    scene.bypass()?;

    let mut stranger = Alertmanager::absent(Some(tls(other.cert.clone())))?;
    stranger.start()?;
    let scene = Scene::start(stranger)?;
    scene.go_around()?;
    let row = scene.ledger.wait_row("the outage", "SELECT * FROM alerts FINAL WHERE kind = 'undelivered'")?;
    assert!(text(&row, "message")?.contains("invalid peer certificate"), "{row}");
    Ok(())
}

#[test]
fn bypasses_reach_slack_in_the_shape_that_its_own_types_take() -> Result<()> {
    let (postgres, engine, slack) = (Postgres::start()?, Engine::start()?, Receiver::start()?);
    let section = format!(
        "\n[[alerts.webhook]]\nurl = \"http://127.0.0.1:{}/alerts\"\nshape = \"slack\"\n",
        slack.port
    );
    let _agent = Agent::start(&AgentSettings {
        ports: vec![postgres.port()],
        allow: section,
        alertmanagers: Vec::new(),
        proxy_pid_files: Vec::new(),
        clickhouse_url: engine.url().to_string(),
        ledger_database: "picket".to_string(),
    })?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, postgres.port())).context("connect")?;
    let message = slack.posts("/alerts", 1)?.pop().context("find the message")?.json()?;
    let text = message["text"].as_str().context("read the text")?;
    assert!(
        text.contains("around the proxy") && text.contains(&format!("127.0.0.1:{}", postgres.port())),
        "{text}"
    );
    shapes::check(&[message], &[])
}

#[test]
fn an_alert_that_is_not_wanted_keeps_no_other_from_its_receiver() -> Result<()> {
    let (postgres, engine, receiver) = (Postgres::start()?, Engine::start()?, Receiver::start()?);
    let url = format!("http://127.0.0.1:{}/alerts", receiver.port);
    let agent = Agent::start(&AgentSettings {
        ports: vec![postgres.port()],
        allow: format!("\n[[alerts.webhook]]\nurl = \"{url}\"\nshape = \"alertmanager\"\n"),
        alertmanagers: Vec::new(),
        proxy_pid_files: Vec::new(),
        clickhouse_url: engine.url().to_string(),
        ledger_database: "picket".to_string(),
    })?;
    let ledger = Ledger::new(engine.url(), "picket");
    // Whoever goes around chooses it, and need not be let in.
    let (mut start, sly) = (BytesMut::new(), format!("x' {UNWANTED}"));
    frontend::startup_message([("user", "mallory"), ("application_name", sly.as_str())], &mut start)?;
    let mut around = TcpStream::connect((Ipv4Addr::LOCALHOST, postgres.port())).context("connect")?;
    around.write_all(&start).context("say who it is")?;
    let has = |is_unwanted| {
        let posts = receiver.posts("/alerts", 0)?;
        let bypass = posts.iter().find(|it| it.has("picket_bypass") && it.has(UNWANTED) == is_unwanted);
        Ok(bypass.map(|_| ()))
    };
    wait::until("the alert to be refused", ARRIVAL, || has(true)).with_context(|| agent.log())?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, postgres.port())).context("connect")?;
    wait::until("the other alert", ARRIVAL, || has(false)).with_context(|| agent.log())?;
    let given_up = "SELECT * FROM alerts FINAL WHERE kind = 'undelivered' AND position(message, 'does not take the alert') > 0";
    ledger.wait_row("the one that was given up", given_up)?;
    Ok(())
}

#[test]
fn an_agent_that_stops_says_so_to_whom_it_tells_of_alerts() -> Result<()> {
    let mut alertmanager = Alertmanager::absent(None)?;
    alertmanager.start()?;
    let mut scene = Scene::start(alertmanager)?;
    assert_eq!(scene.agent.stop()?, 0);
    // Nobody delivers it any more: it is there, or never.
    let alerts = scene.alertmanager.alerts()?;
    let stopped = alerts.iter().find(|alert| alert["labels"]["alertname"] == "picket_stopped");
    assert_eq!(stopped.context("find the alert")?["labels"]["severity"], "warning", "{alerts:?}");
    let row = scene.ledger.wait_row("the alert", "SELECT * FROM alerts FINAL WHERE kind = 'stopped'")?;
    assert!(text(&row, "message")?.contains("nobody sees who goes around the proxy"), "{row}");
    Ok(())
}

/// Each way to rsyslog, by the module that takes its messages in.
const INPUTS: [&str; 3] = ["imuxsock", "imudp", "imtcp"];

#[test]
fn bypasses_reach_rsyslog_on_each_way_also_when_it_comes_later() -> Result<()> {
    let (postgres, engine, mut rsyslog) = (Postgres::start()?, Engine::start()?, Rsyslog::absent()?);
    let urls = [
        format!("unix://{}", rsyslog.socket().display()),
        format!("udp://127.0.0.1:{}", rsyslog.port()),
        format!("tcp://localhost:{}", rsyslog.port()),
    ];
    let sections =
        urls.iter().map(|url| format!("\n[[alerts.syslog]]\nurl = \"{url}\"\nfacility = \"local3\"\n"));
    let _agent = Agent::start(&AgentSettings {
        ports: vec![postgres.port()],
        allow: sections.collect(),
        alertmanagers: Vec::new(),
        proxy_pid_files: Vec::new(),
        clickhouse_url: engine.url().to_string(),
        ledger_database: "picket".to_string(),
    })?;
    let go_around = || TcpStream::connect((Ipv4Addr::LOCALHOST, postgres.port())).context("connect");
    for _ in 0..5 {
        go_around()?;
    }
    let ledger = Ledger::new(engine.url(), "picket");
    for url in &urls {
        let outage = format!(
            "SELECT * FROM alerts FINAL WHERE kind = 'undelivered' AND message LIKE '%cannot be delivered to {url}: %'"
        );
        ledger.wait_row("the outage", &outage)?;
    }
    rsyslog.start()?;
    for (input, url) in INPUTS.iter().zip(&urls) {
        let came = wait::until(format!("the alert by {input}"), ARRIVAL, || {
            Ok(rsyslog.messages(input)?.into_iter().find(|message| {
                message["message"].as_str().is_some_and(|message| message.contains(" around the proxy"))
            }))
        })?;
        assert_eq!(came["facility"], "local3", "{came}");
        assert_eq!(came["severity"], "crit", "{came}");
        assert_eq!(came["program"], "picket-agent", "{came}");
        let message = came["message"].as_str().context("read the message")?;
        assert!(message.contains(&format!("pid {}", std::process::id())), "{message}");
        assert!(message.contains("(and 4 more like it) alert_id="), "{message}");
        match *input {
            "imuxsock" => assert!(message.trim_start().starts_with("bypass: "), "{message}"),
            _ => assert_eq!(came["kind"], "bypass", "{came}"),
        }
        let again = format!(
            "SELECT * FROM alerts FINAL WHERE kind = 'undelivered' AND message LIKE '%are delivered to {url} again%'"
        );
        ledger.wait_row("the outage's end", &again)?;
        let id = message.rsplit('=').next().context("read the alert's id")?;
        ledger.wait_row(
            "the alert",
            &format!("SELECT * FROM alerts FINAL WHERE alert_id = '{id}' AND kind = 'bypass'"),
        )?;
    }
    Ok(())
}
