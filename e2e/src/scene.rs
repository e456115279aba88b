//! A day in miniature: people who read, change, are refused, wait and are let see, somebody who goes around, and an agent that is
//! killed. What the ledger then holds has something for every view and every board.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::agent::{Agent, AgentSettings};
use crate::engine::Engine;
use crate::ledger::Ledger;
use crate::login::Login;
use crate::postgres::{self, Postgres};
use crate::proxy::{Proxy, ProxySettings};
use crate::scratch::Scratch;
use crate::shop::Shop;
use crate::{psql, wait};

const DATABASE: &str = "shop";

/// Bob answers customers and may see how to reach them; orders are not deleted by one person alone.
const POLICY: &str = r#"
@rule("support-sees-addresses")
permit (principal == Picket::User::"bob", action == Picket::Action::"reveal", resource);
@rule("needs-dba") @hold("dba") @reason("orders are not deleted lightly")
forbid (principal, action == Picket::Action::"delete", resource is Picket::Table) when { resource.name == "orders" };
"#;

/// How long somebody may wait for a request to be shown.
const REQUEST_WITHIN: Duration = Duration::from_secs(60);

/// Everything that runs.
pub struct Scene {
    // Dropped in this order: who speaks to whom goes first.
    proxy: Proxy,
    agent: Agent,
    engine: Engine,
    shop: Shop,
    postgres: Postgres,
    _policy: Scratch,
}

impl Scene {
    /// Starts all parts, and has everything happen once. All of it is in the ledger then.
    pub fn play() -> Result<Self> {
        let mut scene = Scene::start()?;
        scene.alice_works()?;
        scene.bob_sees()?;
        scene.alice_waits("DELETE FROM orders WHERE id = 1", "APPROVE", "ticket 4711")?;
        scene.alice_waits("DELETE FROM orders WHERE id = 2", "DENY", "not today")?;
        psql::run(&scene.shop.staff(&scene.postgres, DATABASE), "SELECT name, email FROM users")?
            .success()?;
        scene.arrived("SELECT * FROM bypasses WHERE state = 'closed'", 1)?;
        scene.agent.kill()?;
        scene.agent.start_again()?;
        scene.arrived("SELECT * FROM witness_gaps WHERE kind = 'away'", 1)?;
        scene.arrived("SELECT * FROM sessions FINAL WHERE isNotNull(ended_at)", 4)?;
        scene.arrived("SELECT * FROM statements FINAL WHERE isNotNull(finished_at)", 8)?;
        scene
            .arrived("SELECT * FROM connections FINAL WHERE class = 'proxied' AND isNotNull(closed_at)", 4)?;
        Ok(scene)
    }

    /// Where it all is.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger::new(self.engine.url(), "picket")
    }

    fn start() -> Result<Self> {
        let postgres = Postgres::start()?;
        let shop = Shop::create_roles(&postgres)?;
        shop.create_database(&postgres, DATABASE)?;
        let engine = Engine::start()?;
        let policy = Scratch::new("policy")?;
        fs::write(policy.join("team.cedar"), POLICY).context("write the policy")?;
        let user = |name: &str| Ok::<_, anyhow::Error>((name.to_string(), postgres::password()?));
        let settings = ProxySettings {
            groups: vec!["dba".to_string()],
            upstreams: vec![shop.owner(&postgres, DATABASE)],
            users: vec![user("alice")?, user("bob")?, user("carol")?],
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        };
        // A key that stays the same, and its hashes with it.
        let key = policy.join("record.key");
        fs::write(&key, "5".repeat(64)).context("write the key of values")?;
        fs::set_permissions(&key, Permissions::from_mode(0o600)).context("close the key of values")?;
        let sections = format!(
            "[record]\nkey-file = {key:?}\n[policy]\ndir = {:?}\n[approvals]\ntimeout-secs = 600\n",
            policy.path()
        );
        let proxy = Proxy::start_with(settings, &sections)?;
        let agent = Agent::start(&AgentSettings {
            ports: vec![postgres.port()],
            alertmanagers: Vec::new(),
            allow: String::new(),
            proxy_pid_files: vec![proxy.pid_file()],
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        })?;
        Ok(Self { proxy, agent, engine, shop, postgres, _policy: policy })
    }

    fn login(&self, user: &str) -> Result<Login> {
        self.proxy.login(user, DATABASE)
    }

    fn alice_works(&self) -> Result<()> {
        let script = "SELECT id, name, email FROM users ORDER BY id LIMIT 3;\n\
            UPDATE users SET city = 'Oxford' WHERE id = 2;\n\
            DROP TABLE users;\n\
            SELECT title FROM products;\n";
        psql::run_with(&self.login("alice")?, &["-q"], script)?;
        Ok(())
    }

    fn bob_sees(&self) -> Result<()> {
        let script = "SELECT email FROM users WHERE id = 3;\nCOPY (SELECT id, email FROM users) TO STDOUT;\n\
            SELECT name FROM users WHERE email = 'grace@example.org';\n";
        psql::run_with(&self.login("bob")?, &["-q"], script)?.success()?;
        Ok(())
    }

    /// Alice's statement waits until carol has answered.
    fn alice_waits(&self, statement: &str, answer: &str, reason: &str) -> Result<()> {
        let waiting = psql::command(&self.login("alice")?)?
            .args(["-c", statement])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut waiting = waiting.context("start psql")?;
        let carol = self.login("carol")?.to_database("picket");
        let request = wait::until("a request", REQUEST_WITHIN, || {
            let shown = psql::run(&carol, "SHOW APPROVALS")?.success()?;
            Ok(shown.lines().find_map(|line| Some(line.split_once('|')?.0.to_owned())))
        })?;
        psql::run(&carol, &format!("{answer} {request} '{reason}'"))?.success()?;
        let ended = waiting.wait().context("wait for psql")?;
        ensure!(ended.success() == (answer == "APPROVE"), "psql ended with {ended}");
        Ok(())
    }

    fn arrived(&self, select: &str, rows: usize) -> Result<()> {
        self.ledger().wait_rows("what has happened", select, |found| rows <= found.len()).map(|_| ())
    }
}
