//! A proxy that reads, judges, masks and records everything and refuses nothing, in front of a PostgreSQL of its own.

use anyhow::Result;

use crate::engine::Engine;
use crate::ledger::Ledger;
use crate::login::Login;
use crate::postgres::{self, Postgres, SUPERUSER};
use crate::proxy::{Proxy, ProxySettings};

/// The rules on statements, so that only what the proxy itself breaks can fail.
const RULES: [&str; 17] = [
    "copy-masked",
    "lexing-settings",
    "no-alter-system",
    "no-catalog-write",
    "no-dangerous-function",
    "no-disable-protection",
    "no-drop",
    "no-drop-table",
    "no-fast-path",
    "no-outside-reach",
    "no-privilege-change",
    "no-server-files",
    "no-truncate",
    "no-unfiltered-write",
    "opaque-code",
    "unknown-name",
    "unreadable",
];

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
            // Masks change results, and have tests of their own.
            groups: vec!["reveal".to_owned()],
            upstreams: vec![postgres.superuser("*")],
            users,
            clickhouse_url: engine.url().to_string(),
            ledger_database: LEDGER.to_string(),
        };
        let modes = RULES.map(|rule| format!("{rule} = \"observe\"\n")).concat();
        let proxy = Proxy::start_with(settings, &format!("\n[policy.mode]\n{modes}"))?;
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
