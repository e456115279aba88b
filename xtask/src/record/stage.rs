//! What the clients speak with: a throwaway PostgreSQL with a small shop, and a proxy with a tap on either side.

use std::path::PathBuf;
use std::process::Command;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::engine::Engine;
use e2e::login::Login;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::scratch::Scratch;
use e2e::shop::Shop;
use e2e::wait;

use super::clients::Speak;
use super::tap::{self, Door, Passed, Piece};
use crate::run;

const USER: &str = "alice";
const DATABASE: &str = "shop";

/// Relations of the schema `public`, each as `OID schema.name column:number:type ...`.
const RELATIONS: &str = "SELECT c.oid || ' ' || n.nspname || '.' || c.relname || ' ' || \
    string_agg(attname || ':' || attnum || ':' || atttypid, ' ' ORDER BY attnum) FROM pg_class c \
    JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute ON attrelid = c.oid AND 0 < attnum \
    AND NOT attisdropped WHERE nspname = 'public' AND relkind IN ('r', 'v', 'm', 'f', 'p') \
    GROUP BY c.oid, n.nspname, c.relname ORDER BY c.oid";

/// How long what is left of a client's connection may take to end.
const END_SECS_MAX: u64 = 30;

pub(super) struct Stage {
    // Dropped in this order: who speaks to whom goes first.
    login: Login,
    _proxy: Proxy,
    _engine: Engine,
    postgres: Postgres,
    folder: Scratch,
    passed: Passed,
}

impl Stage {
    pub(super) fn start() -> Result<Self> {
        let (postgres, engine) = (Postgres::start()?, Engine::start()?);
        let shop = Shop::create_roles(&postgres)?;
        shop.create_database(&postgres, DATABASE)?;
        let owner = shop.owner(&postgres, DATABASE);
        run::output(&mut program("pgbench", &owner, &["--initialize", "--quiet"])?)?;
        let passed = Passed::default();
        let upstream = Login { port: tap::open(Door::Server, postgres.port(), &passed)?, ..owner };
        let settings = ProxySettings {
            groups: Vec::new(),
            upstreams: vec![upstream],
            users: vec![(USER.to_string(), postgres::password()?)],
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        };
        let proxy = Proxy::start(settings)?;
        let login = proxy.login(USER, DATABASE)?;
        let login = Login { port: tap::open(Door::Client, login.port, &passed)?, ..login };
        let folder = Scratch::new("record")?;
        Ok(Stage { login, _proxy: proxy, _engine: engine, postgres, folder, passed })
    }

    /// The way in that is recorded.
    pub(super) fn login(&self) -> &Login {
        &self.login
    }

    /// A way in that is not.
    pub(super) fn administer(&self, sql: &str) -> Result<String> {
        self.postgres.administer(DATABASE, sql)
    }

    /// A file for a client, with this text.
    pub(super) fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("write {name}"))?;
        Ok(path)
    }

    /// One of PostgreSQL's programs, which speaks through the proxy.
    pub(super) fn run(&self, name: &str, args: &[&str]) -> Result<String> {
        run::output(&mut program(name, &self.login, args)?)
    }

    /// What passed while `speak` did, and until all of its connections were closed.
    pub(super) fn passed(&self, speak: &Speak) -> Result<Vec<Piece>> {
        let from = self.passed.lock().unwrap_or_else(PoisonError::into_inner).len();
        speak(self)?;
        // The server's part of it is over when its process is, and then nothing more comes.
        wait::until("the client's sessions to end", Duration::from_secs(END_SECS_MAX), || {
            let sessions = self.administer(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop_owner' \
                 AND application_name <> 'picket-proxy catalog'",
            )?;
            Ok((sessions.trim() == "0").then_some(()))
        })?;
        let passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        // The proxy has connections of its own, which were there before.
        let (before, passed) = passed.split_at(from);
        let is_old = |piece: &&Piece| before.iter().any(|old| old.is_with(piece));
        Ok(passed.iter().filter(|piece| !is_old(piece)).cloned().collect())
    }

    pub(super) fn relations(&self) -> Result<String> {
        self.administer(RELATIONS)
    }
}

fn program(name: &str, login: &Login, args: &[&str]) -> Result<Command> {
    let mut command = Command::new(postgres::programs()?.join(name));
    command.args(args).env("PGHOST", "127.0.0.1").env("PGPORT", login.port.to_string()).env("LC_ALL", "C");
    command.env("PGUSER", &login.user).env("PGDATABASE", &login.database).env("PGPASSWORD", &login.password);
    Ok(command)
}
