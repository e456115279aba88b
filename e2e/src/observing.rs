//! A proxy that reads, judges, masks and records everything and refuses nothing, in front of a PostgreSQL of its own.

use anyhow::Result;

use crate::engine::Engine;
use crate::ledger::Ledger;
use crate::login::Login;
use crate::postgres::{self, Postgres, SUPERUSER};
use crate::proxy::{Proxy, ProxySettings};

/// Every rule, so that only what the proxy itself breaks can fail.
const RULES: &str = "\n[policy.mode]\n\
    copy-masked = \"observe\"\nlexing-settings = \"observe\"\nno-alter-system = \"observe\"\n\
    no-catalog-write = \"observe\"\nno-dangerous-function = \"observe\"\nno-outside-reach = \"observe\"\n    no-disable-protection = \"observe\"\nno-drop = \"observe\"\nno-drop-table = \"observe\"\n\
    no-fast-path = \"observe\"\nno-privilege-change = \"observe\"\nno-server-files = \"observe\"\n\
    no-truncate = \"observe\"\nno-unfiltered-write = \"observe\"\nopaque-code = \"observe\"\n\
    unknown-name = \"observe\"\nunreadable = \"observe\"\n";

const LEDGER: &str = "picket";

/// All of it, running. Dropping it stops and removes it.
#[derive(Debug)]
pub struct Observing {
    // Dropped in this order: who speaks to whom goes first.
    proxy: Proxy,
    engine: Engine,
    postgres: Postgres,
}

impl Observing {
    /// Starts it for the superuser.
    pub fn start() -> Result<Self> {
        Self::start_for(&[], &[])
    }

    /// Starts it for the superuser and `others`, each with a password. All of them are the superuser to the server,
    /// which has `settings`.
    pub fn start_for(others: &[(&str, &str)], settings: &[&str]) -> Result<Self> {
        let (postgres, engine) = (Postgres::start_with(settings)?, Engine::start()?);
        let mut users = vec![(SUPERUSER.to_string(), postgres::password()?)];
        users.extend(others.iter().map(|(name, password)| ((*name).to_string(), (*password).to_string())));
        let settings = ProxySettings {
            upstreams: vec![postgres.superuser("*")],
            users,
            clickhouse_url: engine.url().to_string(),
            ledger_database: LEDGER.to_string(),
        };
        let proxy = Proxy::start_with(settings, RULES)?;
        Ok(Self { proxy, engine, postgres })
    }

    /// The server behind it.
    #[must_use]
    pub fn postgres(&self) -> &Postgres {
        &self.postgres
    }

    /// The superuser's way through the proxy.
    pub fn login(&self) -> Result<Login> {
        self.proxy.login(SUPERUSER, "postgres")
    }

    /// What the proxy records.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger::new(self.engine.url(), LEDGER)
    }
}
