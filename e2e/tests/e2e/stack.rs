//! What most tests start from: one PostgreSQL and one engine for all of them; a database, a ledger and a proxy
//! for each.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, anyhow};
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::login::Login;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::shop::Shop;
use serde_json::Value;

/// The proxy's user in every test.
pub(crate) const USER: &str = "alice";

/// The parts that tests may share, because none of them stops or breaks them.
struct Shared {
    postgres: Postgres,
    shop: Shop,
    engine: Engine,
}

fn shared() -> Result<&'static Shared> {
    static SHARED: OnceLock<Result<Shared, String>> = OnceLock::new();
    let start = || -> Result<Shared> {
        let postgres = Postgres::start()?;
        let shop = Shop::create_roles(&postgres)?;
        Ok(Shared { postgres, shop, engine: Engine::start()? })
    };
    let shared = SHARED.get_or_init(|| start().map_err(|error| format!("{error:#}")));
    shared.as_ref().map_err(|error| anyhow!("{error}"))
}

/// A shop of its own behind a proxy of its own.
pub(crate) struct Stack {
    pub(crate) proxy: Proxy,
    pub(crate) ledger: Ledger,
    pub(crate) database: String,
    shared: &'static Shared,
}

impl Drop for Stack {
    fn drop(&mut self) {
        // What cannot be taken away is in an engine or a cluster that is gone, or goes at the end.
        let _ = self.proxy.kill().and_then(|()| self.ledger.forget());
        // Each is ten megabytes, and hundreds of tests have one.
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database);
        let _ = self.shared.postgres.administer("postgres", &drop);
    }
}

impl Stack {
    pub(crate) fn start() -> Result<Self> {
        Self::start_at(None, "")
    }

    /// The same with further keys and sections of the proxy's configuration, keys first.
    pub(crate) fn start_with(sections: &str) -> Result<Self> {
        Self::start_at(None, sections)
    }

    /// The same with a ledger somewhere else than in the shared engine.
    pub(crate) fn start_with_ledger_at(url: Option<&str>) -> Result<Self> {
        Self::start_at(url, "")
    }

    /// Both.
    pub(crate) fn start_with_ledger_and(url: &str, sections: &str) -> Result<Self> {
        Self::start_at(Some(url), sections)
    }

    fn start_at(url: Option<&str>, sections: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let database = format!("shop_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let shared = shared()?;
        shared.shop.create_database(&shared.postgres, &database)?;
        let ledger = Ledger::new(url.unwrap_or(shared.engine.url()), &format!("picket_{database}"));
        let settings = ProxySettings {
            groups: Vec::new(),
            upstreams: vec![shared.shop.owner(&shared.postgres, &database)],
            users: vec![(USER.to_string(), postgres::password()?)],
            clickhouse_url: ledger.url().to_string(),
            ledger_database: ledger.database().to_string(),
        };
        let proxy = Proxy::start_with(settings, sections)?;
        Ok(Self { proxy, ledger, database, shared })
    }

    /// Through the proxy.
    pub(crate) fn alice(&self) -> Result<Login> {
        self.proxy.login(USER, &self.database)
    }

    /// Straight to the database, as the role that owns the tables and that the proxy uses.
    pub(crate) fn owner(&self) -> Login {
        self.shared.shop.owner(&self.shared.postgres, &self.database)
    }

    /// Straight to the database, as a role that may only read.
    pub(crate) fn staff(&self) -> Login {
        self.shared.shop.staff(&self.shared.postgres, &self.database)
    }

    /// Straight to the database, as the cluster's superuser.
    pub(crate) fn superuser(&self) -> Login {
        self.shared.postgres.superuser(&self.database)
    }

    /// Drops its database, around the proxy.
    pub(crate) fn drop_database(&self) -> Result<()> {
        let drop = format!("DROP DATABASE {}", self.database);
        self.shared.postgres.administer("postgres", &drop).map(|_| ())
    }

    /// Asks the database itself, around the proxy, as its superuser.
    pub(crate) fn truth(&self, sql: &str) -> Result<String> {
        Ok(self.shared.postgres.administer(&self.database, sql)?.trim().to_string())
    }

    /// How often the cluster's log has this text.
    pub(crate) fn count_logged(&self, text: &str) -> Result<usize> {
        let log = std::fs::read(self.shared.postgres.folder().join("postgres.log"));
        Ok(String::from_utf8_lossy(&log.context("read the server's log")?).matches(text).count())
    }

    /// The ledger's row of the one finished execution of exactly this text.
    pub(crate) fn statement(&self, text: &str) -> Result<Value> {
        let quoted = text.replace('\\', "\\\\").replace('\'', "\\'");
        let select =
            format!("SELECT * FROM statements FINAL WHERE text = '{quoted}' AND finished_at IS NOT NULL");
        self.ledger.wait_row(format!("the record of `{text}`"), &select)
    }
}

/// A field of a row as text.
pub(crate) fn text<'a>(row: &'a Value, field: &str) -> Result<&'a str> {
    row.get(field).and_then(Value::as_str).with_context(|| format!("find the text `{field}` in {row}"))
}

/// A field of a row as a number.
pub(crate) fn number(row: &Value, field: &str) -> Result<u64> {
    row.get(field).and_then(Value::as_u64).with_context(|| format!("find the number `{field}` in {row}"))
}

/// A field of a row as a list of words.
pub(crate) fn words<'a>(row: &'a Value, field: &str) -> Result<Vec<&'a str>> {
    let list = row
        .get(field)
        .and_then(Value::as_array)
        .with_context(|| format!("find the list `{field}` in {row}"))?;
    Ok(list.iter().filter_map(Value::as_str).collect())
}
