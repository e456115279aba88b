//! An agent that refuses: psql around the proxy fails with a clear error, which the ledger tells; through the proxy all goes
//! on, and so does whom a rule allows.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use e2e::agent::{Agent, AgentSettings};
use e2e::cgroup::Cgroup;
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::login::Login;
use e2e::postgres::{self, Postgres, SUPERUSER};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::psql;
use e2e::shop::Shop;

use crate::stack::{USER, number, text};

/// All that is in its cgroup, and only that, is refused.
struct Scene {
    agent: Agent,
    proxy: Proxy,
    cgroup: Cgroup,
    shop: Shop,
    postgres: Postgres,
    ledger: Ledger,
    _engine: Engine,
}

impl Scene {
    fn start(sections: &str, arguments: &[&str]) -> Result<Self> {
        let postgres = Postgres::start()?;
        let shop = Shop::create_roles(&postgres)?;
        shop.create_database(&postgres, "shop")?;
        let engine = Engine::start()?;
        let cgroup = Cgroup::new()?;
        let proxy = Proxy::start(ProxySettings {
            groups: Vec::new(),
            upstreams: vec![shop.owner(&postgres, "shop")],
            users: vec![(USER.to_string(), postgres::password()?)],
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        })?;
        cgroup.take(proxy.pid()?)?;
        let settings = AgentSettings {
            ports: vec![postgres.port()],
            allow: sections.to_string(),
            alertmanagers: Vec::new(),
            proxy_pid_files: vec![proxy.pid_file()],
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        };
        let agent = Agent::start_within(&cgroup, &settings, arguments)?;
        let ledger = Ledger::new(engine.url(), "picket");
        Ok(Self { agent, proxy, cgroup, shop, postgres, ledger, _engine: engine })
    }

    fn psql(&self, login: &Login) -> Result<psql::Output> {
        self.run(&psql::command(login)?)
    }

    /// What psql says in the cgroup, and its exit code.
    fn run(&self, ready: &Command) -> Result<psql::Output> {
        let mut waiting = Command::new("sh");
        waiting.args(["-c", "read _; exec \"$@\"", "psql"]).arg(ready.get_program()).args(ready.get_args());
        waiting.args(["-qAtc", "SELECT 'served'"]);
        for (name, value) in ready.get_envs() {
            match value {
                Some(value) => waiting.env(name, value),
                None => waiting.env_remove(name),
            };
        }
        let pipes = waiting.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut psql = pipes.spawn().context("start psql")?;
        self.cgroup.take(psql.id())?;
        psql.stdin.take().context("take its standard input")?.write_all(b"\n")?;
        let output = psql.wait_with_output().context("wait for psql")?;
        Ok(psql::Output {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        })
    }

    fn around(&self) -> Result<psql::Output> {
        self.psql(&self.shop.staff(&self.postgres, "shop"))
    }

    fn over_the_socket(&self) -> Result<psql::Output> {
        let mut ready = Command::new(postgres::programs()?.join("psql"));
        ready.args(["--no-psqlrc", "--host"]).arg(self.postgres.socket_folder());
        ready.args(["--port", &self.postgres.port().to_string(), "--username", SUPERUSER, "postgres"]);
        self.run(&ready)
    }

    fn through(&self) -> Result<String> {
        self.psql(&self.proxy.login(USER, "shop")?)?.success()
    }
}

#[test]
fn who_goes_around_the_proxy_is_refused_and_who_goes_through_it_is_served() -> Result<()> {
    let mut scene = Scene::start("\n[act]\nmode = \"deny\"\n", &[])?;
    let refused = scene.around()?;
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{}", refused.stderr);
    assert!(refused.stderr.contains("Operation not permitted"), "{}", refused.stderr);
    assert_eq!(scene.through()?, "served\n");

    let alert = scene.ledger.wait_row("the refusal", "SELECT * FROM alerts FINAL WHERE kind = 'denied'")?;
    assert_eq!(text(&alert, "process_command")?, "psql");
    assert_eq!(number(&alert, "server_port")?, u64::from(scene.postgres.port()));
    assert_eq!(text(&alert, "server_address")?, "::ffff:127.0.0.1");
    let message = text(&alert, "message")?;
    assert!(message.contains("was refused a connection to 127.0.0.1:"), "{message}");

    // An agent that has ended refuses nobody. Its account says what it did: the proxy was not refused.
    assert_eq!(scene.agent.stop()?, 0);
    assert_eq!(scene.around()?.success()?, "served\n");
    let account = "SELECT * FROM agent_health FINAL WHERE state = 'stopped'";
    let account = scene.ledger.wait_row("the last account", account)?;
    assert_eq!((text(&account, "acts")?, number(&account, "denied")?), ("deny", 1));
    Ok(())
}

/// A kernel that refuses nobody over UNIX sockets is said to be one.
#[test]
fn who_opens_the_socket_around_the_proxy_is_refused_where_the_kernel_can() -> Result<()> {
    let scene = Scene::start("\n[act]\nmode = \"deny\"\n", &[])?;
    let refused = scene.over_the_socket()?;
    let path = scene.postgres.socket_folder().join(format!(".s.PGSQL.{}", scene.postgres.port()));
    let path = path.display().to_string();
    let account = "SELECT * FROM agent_health FINAL WHERE state = 'watching' LIMIT 1";
    let account = scene.ledger.wait_row("the account", account)?;
    let kind = if scene.agent.log().contains("UNIX sockets are told and not refused") {
        assert!(text(&account, "unix_problem")?.starts_with("they are not refused: "), "{account}");
        assert_eq!(refused.success()?, "served\n");
        "bypass"
    } else {
        assert_eq!(text(&account, "unix_problem")?, "");
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{}", refused.stderr);
        assert!(refused.stderr.contains("Operation not permitted"), "{}", refused.stderr);
        "denied"
    };
    let select = format!("SELECT * FROM alerts FINAL WHERE kind = '{kind}'");
    let alert = scene.ledger.wait_row("the alert", &select)?;
    assert_eq!((text(&alert, "socket_path")?, text(&alert, "process_command")?), (&*path, "psql"));
    assert_eq!(scene.through()?, "served\n");
    Ok(())
}

#[test]
fn whom_a_rule_allows_is_served() -> Result<()> {
    let user = rustix::process::getuid().as_raw();
    let rule = format!("\n[[allow]]\nname = \"tests\"\nreason = \"they test\"\nuser = {user}\n");
    let scene = Scene::start(&format!("{rule}\n[act]\nmode = \"deny\"\n"), &[])?;
    assert_eq!(scene.around()?.success()?, "served\n");
    let allowed =
        "SELECT * FROM connections FINAL WHERE class IN ('allowed', 'outgoing') AND process_command = 'psql'";
    scene.ledger.wait_rows("the connection", allowed, |rows| !rows.is_empty())?;
    Ok(())
}

#[test]
fn a_dry_run_tells_who_would_be_refused() -> Result<()> {
    let scene = Scene::start("\n[act]\nmode = \"deny\"\n", &["--dry-run"])?;
    assert_eq!(scene.around()?.success()?, "served\n");
    let alert = scene.ledger.wait_row("the alert", "SELECT * FROM alerts FINAL WHERE kind = 'would_deny'")?;
    assert!(text(&alert, "message")?.contains("would have been refused"), "{alert}");
    let account = "SELECT * FROM agent_health FINAL WHERE state = 'watching' LIMIT 1";
    assert_eq!(text(&scene.ledger.wait_row("the account", account)?, "acts")?, "alert");
    Ok(())
}
