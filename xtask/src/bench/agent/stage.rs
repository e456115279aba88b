//! What is on the stage: a PostgreSQL, an engine for the ledger, and an agent of one kind or another.

use std::ops::Sub;

use anyhow::{Context, Result};
use e2e::agent::{Agent, AgentSettings};
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::login::Login;
use e2e::postgres::{self, Postgres};
use rustix::process::{Pid, getuid};

use super::results::Cost;
use crate::bench::field::pid_of;
use crate::bench::process::{self, CpuTime};
use crate::run;

/// Who is measured, in the order of tables.
pub(super) const NAMES: [&str; 3] = ["without", "observe", "deny"];
pub(super) const WITHOUT: usize = 0;
pub(super) const OBSERVE: usize = 1;
pub(super) const DENY: usize = 2;

const DATABASE: &str = "bench";
const LEDGER: &str = "picket";

/// Everything that runs. Dropping it ends it.
pub(super) struct Stage {
    engine: Engine,
    postgres: Postgres,
}

/// CPU time that an agent and the ledger have taken.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    agent: CpuTime,
    ledger: CpuTime,
}

impl Stage {
    pub(super) fn start() -> Result<Self> {
        let postgres = Postgres::start_with(&["shared_buffers=256MB"])?;
        postgres.administer("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
        let server = postgres.superuser(DATABASE);
        run::output(
            std::process::Command::new(postgres::programs()?.join("pgbench"))
                .args(["-i", "-q", "-s", "1"])
                .args([
                    "-h",
                    "127.0.0.1",
                    "-p",
                    &server.port.to_string(),
                    "-U",
                    &server.user,
                    &server.database,
                ])
                .env("PGPASSWORD", &server.password),
        )?;
        Ok(Self { engine: Engine::start()?, postgres })
    }

    /// Straight to the database.
    pub(super) fn login(&self) -> Login {
        self.postgres.superuser(DATABASE)
    }

    pub(super) fn ledger(&self) -> Ledger {
        Ledger::new(self.engine.url(), LEDGER)
    }

    /// An agent that watches, and whom a rule has let this user's programs be; none for [`WITHOUT`].
    pub(super) fn agent(&mut self, contender: usize, more_port: Option<u16>) -> Result<Option<Agent>> {
        if contender == WITHOUT {
            return Ok(None);
        }
        let uid = getuid().as_raw();
        let mut ports = vec![self.postgres.port()];
        ports.extend(more_port);
        let mut sections =
            format!("\n[[allow]]\nname = \"bench\"\nreason = \"it is measured\"\nuser = {uid}\n");
        if contender == DENY {
            sections.push_str("\n[act]\nmode = \"deny\"\n");
        }
        let agent = Agent::start(&AgentSettings {
            ports,
            proxy_pid_files: Vec::new(),
            allow: sections,
            alertmanagers: Vec::new(),
            clickhouse_url: self.engine.url().to_owned(),
            ledger_database: LEDGER.to_owned(),
        });
        agent.map(Some).with_context(|| format!("start the agent: {}", NAMES[contender]))
    }

    /// An agent that watches these ports alone, and tells a webhook.
    pub(super) fn agent_that_tells(&mut self, ports: Vec<u16>, webhook: &str) -> Result<Agent> {
        Agent::start(&AgentSettings {
            ports,
            proxy_pid_files: Vec::new(),
            allow: format!("\n[[alerts.webhook]]\nurl = \"{webhook}\"\nshape = \"slack\"\n"),
            alertmanagers: Vec::new(),
            clickhouse_url: self.engine.url().to_owned(),
            ledger_database: LEDGER.to_owned(),
        })
        .context("start an agent that tells of alerts")
    }

    fn processes(&self, agent: &Agent) -> Result<[Pid; 2]> {
        Ok([pid_of(agent.pid())?, pid_of(self.engine.pid()?)?])
    }

    /// Waits until what the agent has seen is in the ledger.
    pub(super) fn settle(&self, agent: &Agent) -> Result<()> {
        process::settle(&self.processes(agent)?)
    }

    pub(super) fn cpu(&self, agent: &Agent) -> Result<Taken> {
        let [agent, ledger] = self.processes(agent)?;
        Ok(Taken { agent: CpuTime::of(agent)?, ledger: CpuTime::of(ledger)? })
    }
}

impl Taken {
    /// µs of CPU time for each of so many.
    pub(super) fn each(self, count: f64) -> Cost {
        Cost { agent_us: self.agent.all_us() / count, ledger_us: self.ledger.all_us() / count }
    }
}

impl Sub for Taken {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { agent: self.agent - earlier.agent, ledger: self.ledger - earlier.ledger }
    }
}
