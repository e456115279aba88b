//! The running parts of the demo, started and stopped in the order that their work needs.

use anyhow::{Context, Result};
use e2e::agent::{Agent, AgentSettings};
use e2e::binaries;
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::login::Login;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::shop::Shop;

use crate::progress::Step;

/// The user of the proxy in the story.
pub(super) const USER: &str = "alice";
pub(super) const DATABASE: &str = "shop";
const LEDGER_DATABASE: &str = "picket";

/// Everything that runs. Dropping it kills what `stop` has not ended.
pub(super) struct Parts {
    // Dropped in this order: who speaks to whom goes first.
    proxy: Proxy,
    agent: Agent,
    engine: Engine,
    postgres: Postgres,
    pub(super) alice: Login,
    pub(super) staff: Login,
    pub(super) ledger: Ledger,
}

impl Parts {
    pub(super) fn start() -> Result<Self> {
        let step = Step::start("start a throwaway PostgreSQL with a small shop in it");
        let postgres = Postgres::start()?;
        let shop = Shop::create_roles(&postgres)?;
        shop.create_database(&postgres, DATABASE)?;
        step.done();

        let step = Step::start("start picket-engine, the ClickHouse engine that holds the ledger");
        let engine = Engine::start()?;
        let ledger = Ledger::new(engine.url(), LEDGER_DATABASE);
        step.done();

        let step = Step::start("start picket-proxy in front of PostgreSQL");
        let proxy = Proxy::start(ProxySettings {
            groups: Vec::new(),
            upstreams: vec![shop.owner(&postgres, DATABASE)],
            users: vec![(USER.to_string(), postgres::password()?)],
            clickhouse_url: engine.url().to_string(),
            ledger_database: LEDGER_DATABASE.to_string(),
        })?;
        let alice = proxy.login(USER, DATABASE)?;
        step.done();

        let step = Step::start("start picket-agent, which watches PostgreSQL's port in the kernel");
        let agent = Agent::start(&AgentSettings {
            ports: vec![postgres.port()],
            allow: String::new(),
            alertmanagers: Vec::new(),
            proxy_pid_files: vec![proxy.pid_file()],
            clickhouse_url: engine.url().to_string(),
            ledger_database: LEDGER_DATABASE.to_string(),
        })?;
        step.done();

        let staff = shop.staff(&postgres, DATABASE);
        Ok(Self { proxy, agent, engine, postgres, alice, staff, ledger })
    }

    /// For a person who wants to try more than the tour shows.
    pub(super) fn explain_connecting(&self) {
        let picket =
            binaries::find("picket").map_or_else(|_| "picket".to_string(), |path| path.display().to_string());
        let shown = |login: &Login| format!("PGPASSWORD={} psql '{}'", login.password, login.conninfo());
        println!("\nEverything is still running.");
        println!("  through the proxy       {}", shown(&self.alice));
        println!("  around the proxy        {}", shown(&self.staff));
        println!(
            "  who touched what        PICKET_CLICKHOUSE_URL={} {picket} who-touched public.users",
            self.engine.url()
        );
        println!("  who went around         PICKET_CLICKHOUSE_URL={} {picket} bypasses", self.engine.url());
        println!("  the proxy's config      {}", self.proxy.config().display());
        println!("  the agent's config      {}", self.agent.config().display());
        println!("  PostgreSQL's files      {}", self.postgres.folder().display());
        println!("  to stop and remove all  Ctrl-C here, or `kill {}`", std::process::id());
    }

    /// Lets each part finish its work: first those who write records, then the ledger, then the database.
    pub(super) fn stop(mut self) -> Result<()> {
        let step = Step::start("stop everything");
        self.proxy.stop().context("stop the proxy")?;
        self.agent.stop().context("stop the agent")?;
        self.engine.stop().context("stop the engine")?;
        self.postgres.go_down().context("stop PostgreSQL")?;
        step.done();
        Ok(())
    }
}
