//! Programs that pass on what comes to a port of their own: real ones, between psql and the database.

use anyhow::{Context, Result};
use e2e::agent::{Agent, AgentSettings};
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::openssh::Sshd;
use e2e::port;
use e2e::postgres::Postgres;
use e2e::psql::Session;
use e2e::shop::{STAFF, Shop};
use e2e::socat::Socat;
use serde_json::Value;

use crate::stack::{number, text};

/// A database that an agent watches, which looks for those who pass connections on.
struct Scene {
    shop: Shop,
    postgres: Postgres,
    ledger: Ledger,
    _agent: Agent,
    _engine: Engine,
}

impl Scene {
    fn start() -> Result<Self> {
        let postgres = Postgres::start()?;
        let shop = Shop::create_roles(&postgres)?;
        shop.create_database(&postgres, "shop")?;
        let engine = Engine::start()?;
        let agent = Agent::start(&AgentSettings {
            ports: vec![postgres.port()],
            allow: "\n[discover]\nlisteners = true\n".to_string(),
            alertmanagers: Vec::new(),
            proxy_pid_files: Vec::new(),
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        })?;
        let ledger = Ledger::new(engine.url(), "picket");
        Ok(Self { shop, postgres, ledger, _agent: agent, _engine: engine })
    }

    /// Logs in by a forwarder's port, asks, and goes: nobody is connected any more when the agent looks.
    fn ask_by(&self, port: u16) -> Result<()> {
        let mut login = self.shop.staff(&self.postgres, "shop");
        login.port = port;
        let mut session = Session::start(&login)?;
        session.expect("SELECT count(*) FROM users;", "8")?;
        session.quit().map(drop)
    }

    /// The connection of this program to the database, with what the client behind it asked for.
    fn connection(&self, program: &str) -> Result<Value> {
        let select = format!(
            "SELECT * FROM connections FINAL WHERE class = 'bypass' AND process_command = '{program}' \
             AND database_role = '{STAFF}' AND closed_at IS NOT NULL"
        );
        let row = self.ledger.wait_row("the forwarder's connection", &select)?;
        assert_eq!((text(&row, "database")?, text(&row, "application_name")?), ("shop", "psql"), "{row}");
        let executable = text(&row, "process_executable")?;
        // It may have ended by the time that it is asked about.
        assert!(executable.is_empty() || executable.rsplit('/').next() == Some(program), "{row}");
        Ok(row)
    }

    /// The alert of this process.
    fn alert(&self, pid: u64) -> Result<String> {
        let select = format!("SELECT * FROM alerts FINAL WHERE kind = 'forwarder' AND process_pid = {pid}");
        let row = self.ledger.wait_row("the alert", &select)?;
        Ok(text(&row, "message")?.to_string())
    }

    fn server(&self) -> String {
        format!("127.0.0.1:{}", self.postgres.port())
    }
}

#[test]
fn a_socat_that_divides_itself_is_told_with_who_listens_and_who_is_connected() -> Result<()> {
    let scene = Scene::start()?;
    let socat = Socat::start(",fork", &format!("TCP:{}", scene.server()))?;
    scene.ask_by(socat.port())?;
    let row = scene.connection("socat")?;
    let child = number(&row, "process_pid")?;
    assert_ne!(child, u64::from(socat.pid()), "its child is connected");
    let parents = row["process_parents"].as_array().context("read its parents")?;
    assert_eq!(parents[0], format!("socat[{}]", socat.pid()), "{row}");
    let message = scene.alert(child)?;
    let expected =
        format!("pid {} listens on 127.0.0.1:{}, and socat (pid {child}", socat.pid(), socat.port());
    assert!(message.starts_with(&expected), "{message}");
    let expected = format!("which it started, is connected to {} around the proxy", scene.server());
    assert!(message.contains(&expected), "{message}");
    Ok(())
}

#[test]
fn a_socat_to_a_unix_socket_is_told_as_one_to_a_port() -> Result<()> {
    let scene = Scene::start()?;
    let path = scene.postgres.socket_folder().join(format!(".s.PGSQL.{}", scene.postgres.port()));
    let socat = Socat::start(",fork", &format!("UNIX-CONNECT:{}", path.display()))?;
    scene.ask_by(socat.port())?;
    let row = scene.connection("socat")?;
    assert_eq!(text(&row, "socket_path")?, path.display().to_string());
    let child = number(&row, "process_pid")?;
    let message = scene.alert(child)?;
    let expected =
        format!("pid {} listens on 127.0.0.1:{}, and socat (pid {child}", socat.pid(), socat.port());
    assert!(message.starts_with(&expected), "{message}");
    assert!(message.contains(&format!("connected to {} around the proxy", path.display())), "{message}");
    Ok(())
}

/// It listens no more once somebody has come, and brings somebody else's words all the same.
#[test]
fn a_socat_that_serves_one_client_is_told_though_it_listens_no_more() -> Result<()> {
    let scene = Scene::start()?;
    let socat = Socat::start("", &format!("TCP:{}", scene.server()))?;
    scene.ask_by(socat.port())?;
    let pid = u64::from(socat.pid());
    assert_eq!(number(&scene.connection("socat")?, "process_pid")?, pid);
    let message = scene.alert(pid)?;
    let expected =
        format!("is connected to {} around the proxy, and speaks for others alone", scene.server());
    assert!(message.starts_with(&format!("socat (pid {pid}")) && message.contains(&expected), "{message}");
    Ok(())
}

/// The server of ssh dials for its client: on the database's host nothing else is seen of who is behind it.
#[test]
fn the_server_of_an_ssh_that_forwards_to_the_database_is_told() -> Result<()> {
    let scene = Scene::start()?;
    let (sshd, at) = (Sshd::start()?, port::free()?);
    let _client = sshd.forward_local(at, scene.postgres.port())?;
    scene.ask_by(at)?;
    let row = scene.connection("sshd")?;
    let pid = number(&row, "process_pid")?;
    let parents = row["process_parents"].to_string();
    assert!(parents.contains(&format!("sshd[{}]", sshd.pid())), "{row}");
    let message = scene.alert(pid)?;
    assert!(message.contains(&format!("sshd (pid {pid}")), "{message}");
    assert!(message.contains(&format!("connected to {} around the proxy", scene.server())), "{message}");
    Ok(())
}

/// The other way round the client dials, and its server listens, on whichever host.
#[test]
fn an_ssh_that_brings_the_database_to_another_host_is_told() -> Result<()> {
    let scene = Scene::start()?;
    let (sshd, at) = (Sshd::start()?, port::free()?);
    let client = sshd.forward_remote(at, scene.postgres.port())?;
    scene.ask_by(at)?;
    let pid = u64::from(client.pid());
    assert_eq!(number(&scene.connection("ssh")?, "process_pid")?, pid);
    let message = scene.alert(pid)?;
    assert!(message.starts_with(&format!("ssh (pid {pid}")), "{message}");
    let expected =
        format!("is connected to {} around the proxy, and speaks for others alone", scene.server());
    assert!(message.contains(&expected), "{message}");
    Ok(())
}
