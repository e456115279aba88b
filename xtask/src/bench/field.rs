//! The contenders: one PostgreSQL, and the ways to it that are measured beside each other.

use anyhow::{Context, Result};
use e2e::binaries;
use e2e::daemon::{Daemon, Launch, Ready};
use e2e::engine::Engine;
use e2e::login::Login;
use e2e::postgres::{self, Postgres};
use e2e::proxy::{Proxy, ProxySettings};
use e2e::scratch::Scratch;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};

use super::pgbouncer::PgBouncer;
use super::process;
use crate::run;

/// Clients that PgBouncer and PostgreSQL take at the same time.
pub(super) const CONNECTIONS_MAX: u32 = 1_100;

/// Each client of a proxy is two sockets, and a process needs some files beside.
const FILES_MIN: u64 = 4 * CONNECTIONS_MAX as u64;

const DATABASE: &str = "bench";

/// Who is measured, in the order of tables.
pub(super) const NAMES: [&str; 4] = ["direct", "PgBouncer", "bare relay", "Picket"];
pub(super) const DIRECT: usize = 0;
pub(super) const PGBOUNCER: usize = 1;
pub(super) const RELAY: usize = 2;
pub(super) const PICKET: usize = 3;

/// Everything that runs. Dropping it ends it.
pub(super) struct Field {
    // Dropped in this order: who speaks to whom goes first.
    picket: Proxy,
    relay: Daemon,
    pgbouncer: PgBouncer,
    engine: Engine,
    postgres: Postgres,
    /// For files of measurements.
    pub(super) folder: Scratch,
}

impl Field {
    pub(super) fn start(rows: u64) -> Result<Self> {
        allow_files()?;
        let connections = format!("max_connections={CONNECTIONS_MAX}");
        let postgres = Postgres::start_with(&[&connections, "shared_buffers=256MB", "max_wal_size=4GB"])?;
        postgres.administer("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
        let server = postgres.superuser(DATABASE);
        fill(&postgres, &server, rows)?;
        let pgbouncer = PgBouncer::start(&server)?;
        let folder = Scratch::new("bench")?;
        let relay = Launch::new(
            binaries::find("bare-relay")?,
            folder.join("relay.log"),
            Ready::Line("listening on "),
        )
        .args([server.port.to_string()])
        .start()?;
        let engine = Engine::start()?;
        let picket = Proxy::start(ProxySettings {
            groups: Vec::new(),
            upstreams: vec![server],
            users: vec![(DATABASE.to_string(), postgres::password()?)],
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        })?;
        Ok(Self { picket, relay, pgbouncer, engine, postgres, folder })
    }

    /// The way of a contender to the database.
    pub(super) fn login(&self, contender: usize) -> Result<Login> {
        let direct = self.postgres.superuser(DATABASE);
        match contender {
            PGBOUNCER => Ok(self.pgbouncer.login.clone()),
            RELAY => {
                let port = self.relay.ready_line().rsplit(':').next().and_then(|port| port.parse().ok());
                Ok(Login { port: port.context("read the relay's port")?, ..direct })
            }
            PICKET => self.picket.login(DATABASE, DATABASE),
            _ => Ok(direct),
        }
    }

    /// The process that a contender adds between client and server.
    pub(super) fn proxy(&self, contender: usize) -> Result<Option<Pid>> {
        match contender {
            PGBOUNCER => self.pgbouncer.pid().map(Some),
            RELAY => pid_of(self.relay.pid()).map(Some),
            PICKET => pid_of(self.picket.pid()?).map(Some),
            _ => Ok(None),
        }
    }

    /// Where what Picket records goes.
    pub(super) fn ledger(&self) -> Result<Pid> {
        pid_of(self.engine.pid()?)
    }

    /// All processes that a transaction of any contender passes.
    pub(super) fn on_the_path(&self) -> Result<Vec<Pid>> {
        let mut all = vec![pid_of(self.postgres.pid())?];
        for contender in 0..NAMES.len() {
            all.extend(self.proxy(contender)?);
        }
        Ok(all)
    }

    /// Waits until nobody works any more on what a measurement left, such as the shipping of records: it belongs to the
    /// one who caused it, and must not disturb the next.
    pub(super) fn settle(&self) -> Result<()> {
        process::settle(&[pid_of(self.picket.pid()?)?, self.ledger()?])
    }

    /// Server processes that serve a client of the database, other than the one that asks.
    pub(super) fn backends(&self) -> Result<usize> {
        let ask = format!(
            "SELECT 'backends ' || count(*) FROM pg_stat_activity WHERE datname = '{DATABASE}' AND \
             backend_type = 'client backend'"
        );
        let said = self.postgres.administer("postgres", &ask)?;
        let count = said.lines().find_map(|line| line.trim().strip_prefix("backends ")?.parse().ok());
        count.with_context(|| format!("read the number of backends in `{}`", said.trim()))
    }
}

pub(super) fn pid_of(raw: u32) -> Result<Pid> {
    process::pid(&raw.to_string()).context("read a process id")
}

/// Two tables of the same shape; in one of them three columns are called as what is masked, and hold it.
fn fill(postgres: &Postgres, server: &Login, rows: u64) -> Result<()> {
    run::output(
        std::process::Command::new(postgres::programs()?.join("pgbench"))
            .args(["-i", "-q", "-s", "1"])
            .args(["-h", "127.0.0.1", "-p", &server.port.to_string(), "-U", &server.user, &server.database])
            .env("PGPASSWORD", &server.password),
    )?;
    let fill = format!(
        "CREATE UNLOGGED TABLE things AS SELECT g AS id, 'thing ' || g AS name, md5(g::text) AS a, md5('a' || g) AS b, \
             md5('b' || g) AS c, now() AS at FROM generate_series(1, {rows}) g;
         CREATE UNLOGGED TABLE people AS SELECT g AS id, 'person ' || g AS name, 'user.' || g || '@mail.example.com' \
             AS email, 'worker.' || g || '@firm.example.com' AS work_email, 'home.' || g || '@home.example.com' \
             AS home_email, now() AS at FROM generate_series(1, {rows}) g;"
    );
    postgres.administer(&server.database, &fill)?;
    postgres.administer(&server.database, "VACUUM ANALYZE")?;
    Ok(())
}

/// What this process starts inherits its limits.
fn allow_files() -> Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < FILES_MIN) {
        let raised =
            Rlimit { current: maximum.map_or(Some(FILES_MIN), |most| Some(most.min(FILES_MIN))), maximum };
        setrlimit(Resource::Nofile, raised).context("raise the limit of open files")?;
    }
    Ok(())
}
