//! Two hosts in one: the agent sees only the database's end, and knows the proxy by its address. What the proxy does from there it says
//! is its own; another process of its host is found out by the ledger.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::agent::{Agent, AgentSettings};
use e2e::cgroup::Cgroup;
use e2e::daemon::{Daemon, Launch, Ready};
use e2e::engine::Engine;
use e2e::ip;
use e2e::ledger::Ledger;
use e2e::login::Login;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::psql;
use e2e::scratch::Scratch;
use e2e::shop::Shop;
use e2e::wait;
use rustix::process::{Pid, Signal, kill_process};

use crate::cli::{picket, rows};
use crate::stack::{USER, number, text};

/// Orders are not deleted by one person alone.
const POLICY: &str = r#"
@rule("needs-dba") @hold("dba") @reason("orders are not deleted lightly")
forbid (principal, action == Picket::Action::"delete", resource is Picket::Table) when { resource.name == "orders" };
"#;

/// Stands for the database's host: it is in the cgroup that is watched, and the server behind it is not.
const HOST: &str = "
import asyncio, sys
async def pump(reader, writer):
    try:
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
async def serve(reader, writer):
    there, back = await asyncio.open_connection('127.0.0.1', int(sys.argv[2]))
    await asyncio.gather(pump(reader, back), pump(there, writer))
async def main():
    server = await asyncio.start_server(serve, sys.argv[1], 0)
    print('listening on', server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
";

/// A connection is judged when it is a minute old, and then somebody asks.
const JUDGED: Duration = Duration::from_secs(150);
const HAPPENS: Duration = Duration::from_secs(60);

/// An address of this machine that is no loopback's, of `198.18.0.0/15`, which is kept for tests (RFC 2544). It goes with this.
struct Address(String);

impl Address {
    fn new() -> Result<Self> {
        let [.., high, low] = std::process::id().to_be_bytes();
        let address = Address(format!("198.19.{high}.{low}"));
        address.ip("add")?;
        Ok(address)
    }

    fn ip(&self, what: &str) -> Result<()> {
        ip::run(&["address", what, &format!("{}/32", self.0), "dev", "lo"])
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        let _ = self.ip("del");
    }
}

struct Scene {
    proxy: Proxy,
    _agent: Agent,
    host: Daemon,
    shop: Shop,
    postgres: Postgres,
    engine: Engine,
    ledger: Ledger,
    _cgroup: Cgroup,
    address: Address,
    _folder: Scratch,
}

impl Scene {
    fn start() -> Result<Self> {
        let postgres = Postgres::start()?;
        let shop = Shop::create_roles(&postgres)?;
        shop.create_database(&postgres, "shop")?;
        let engine = Engine::start()?;
        let (address, cgroup, folder) = (Address::new()?, Cgroup::new()?, Scratch::new("claims")?);
        fs::write(folder.join("team.cedar"), POLICY).context("write the policy")?;
        let enter = format!("{} && exec \"$@\"", cgroup.enter());
        let host = Launch::new("sh", folder.join("host.log"), Ready::Line("listening on "))
            .args(["-c", &enter, "host", "python3", "-c", HOST, &address.0, &postgres.port().to_string()])
            .through_sudo(!rustix::process::geteuid().is_root())
            .start()?;
        let port: u16 = host.ready_line().rsplit(' ').next().context("read the port")?.parse()?;
        let Login { user, password, .. } = shop.owner(&postgres, "shop");
        let upstream = |database: &str, password: &str| {
            format!(
                "[[upstream]]\ndatabase = \"{database}\"\nhost = \"{}\"\nport = {port}\ndbname = \"shop\"\n\
                 user = \"{user}\"\npassword = \"{password}\"\n",
                address.0
            )
        };
        let sections = format!(
            "[policy]\ndir = {:?}\n[approvals]\ntimeout-secs = 600\n{}{}",
            folder.path(),
            upstream("shop", &password),
            upstream("closed", "wrong")
        );
        let user = |name: &str| Ok::<_, anyhow::Error>((name.to_string(), postgres::password()?));
        let settings = ProxySettings {
            groups: vec!["dba".to_string()],
            upstreams: Vec::new(),
            users: vec![user(USER)?, user("carol")?],
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        };
        let proxy = Proxy::start_with(settings, &sections)?;
        let settings = AgentSettings {
            ports: vec![port],
            allow: format!("\n[[proxy]]\naddress = \"{}\"\n", address.0),
            alertmanagers: Vec::new(),
            proxy_pid_files: Vec::new(),
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        };
        let agent = Agent::start_within(&cgroup, &settings, &[])?;
        let ledger = Ledger::new(engine.url(), "picket");
        Ok(Self {
            proxy,
            _agent: agent,
            host,
            shop,
            postgres,
            engine,
            ledger,
            _cgroup: cgroup,
            address,
            _folder: folder,
        })
    }

    fn alice(&self, statement: &str) -> Result<std::process::Child> {
        psql::command(&self.proxy.login(USER, "shop")?)?
            .args(["-c", statement])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start psql")
    }

    /// A connection of the proxy's own that is recorded.
    fn own(&self, purpose: &str) -> Result<()> {
        let select = format!("SELECT * FROM proxy_connections WHERE purpose = '{purpose}' LIMIT 1");
        let row = self.ledger.wait_row(format!("the proxy's own connection: {purpose}"), &select);
        row.map(|_| ()).with_context(|| self.proxy.log())
    }

    fn is_cancelled(&self) -> Result<()> {
        let sleeps = self.alice("SELECT pg_sleep(600)")?;
        wait::until("the statement to run", HAPPENS, || {
            let running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'";
            Ok((self.postgres.administer("shop", running)?.trim() == "1").then_some(()))
        })?;
        let pid = Pid::from_raw(i32::try_from(sleeps.id())?).context("read psql's process id")?;
        kill_process(pid, Signal::INT)?;
        let output = sleeps.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(said.contains("canceling statement due to user request"), "{said}");
        Ok(())
    }

    fn is_planned(&self) -> Result<()> {
        let waits = self.alice("DELETE FROM orders WHERE id = 1")?;
        let carol = self.proxy.login("carol", "shop")?.to_database("picket");
        let request = wait::until("a request", HAPPENS, || {
            let shown = psql::run(&carol, "SHOW APPROVALS")?.success()?;
            Ok(shown.lines().find_map(|line| Some(line.split_once('|')?.0.to_owned())))
        })?;
        self.own("plan")?;
        psql::run(&carol, &format!("DENY {request} 'not today'"))?.success()?;
        ensure!(!waits.wait_with_output()?.status.success());
        Ok(())
    }
}

#[test]
fn what_the_proxy_does_is_its_own_and_what_comes_from_its_address_beside_it_is_a_bypass() -> Result<()> {
    let scene = Scene::start()?;
    psql::run(&scene.proxy.login(USER, "shop")?, "SELECT title FROM products")?.success()?;
    scene.own("catalog")?;
    scene.is_cancelled()?;
    scene.own("cancel")?;
    scene.is_planned()?;
    let refused = psql::run(&scene.proxy.login(USER, "closed")?, "SELECT 1")?;
    ensure!(refused.code != 0, "{}", refused.stdout);
    scene.own("log_in")?;

    // Last of all: when it is judged, all others are.
    let around = Login {
        port: scene.host.ready_line().rsplit(' ').next().context("read the port")?.parse()?,
        ..scene.shop.staff(&scene.postgres, "shop")
    };
    let read = psql::command(&around)?
        .args(["-c", "SELECT name, email FROM users"])
        .env("PGHOSTADDR", &scene.address.0)
        .output()?;
    ensure!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));

    let proxied = "SELECT * FROM connections FINAL WHERE class = 'proxied' AND evidence = 'address'";
    let unclaimed = || scene.ledger.rows("SELECT * FROM unclaimed_connections");
    let told =
        wait::until("what nobody claims", JUDGED, || Ok(Some(unclaimed()?).filter(|rows| !rows.is_empty())))?;
    let [row] = told.as_slice() else { panic!("{told:#?}") };
    assert_eq!(text(row, "client_address")?, format!("::ffff:{}", scene.address.0));
    let all = scene.ledger.rows(proxied)?;
    println!("{} connections came from the address", all.len());
    let newest = all.iter().filter_map(|row| row["opened_at"].as_str()).max();
    assert_eq!(newest, row["opened_at"].as_str(), "{row}");

    let asked = picket(scene.engine.url(), &["bypasses", "--format", "json"])?;
    let bypasses = rows(&asked)?;
    let [bypass] = bypasses.as_slice() else { panic!("{bypasses:#?}") };
    let message = text(bypass, "message")?;
    assert!(
        message.ends_with("from the address of a proxy, and no proxy says that it is its own"),
        "{message}"
    );
    assert!(text(bypass, "client")?.starts_with(&scene.address.0), "{bypass}");
    let covered = scene.ledger.wait_row("the coverage", "SELECT * FROM coverage")?;
    assert_eq!(number(&covered, "bypassed")?, 1, "{covered}");
    assert_eq!(number(&covered, "proxied")? + 1, number(&covered, "connections")?, "{covered}");
    assert!(scene.ledger.rows("SELECT * FROM witness_gaps WHERE kind != 'degraded'")?.is_empty());
    Ok(())
}
