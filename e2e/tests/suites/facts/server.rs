//! A session on a server of its own in which the scripts run, one statement after the other, and that says of each what
//! PostgreSQL makes of it.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use e2e::login::Login;
use e2e::postgres::Postgres;
use sql::catalog::{Column, Relation};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

const PROBE: &str = include_str!("probe.sql");

/// No statement of a test takes this long.
const STATEMENT_MS_MAX: u32 = 20_000;

pub(crate) struct Server {
    runtime: Runtime,
    client: Client,
    login: Login,
    _postgres: Postgres,
}

/// Rows of texts.
type Rows = Vec<Vec<Option<String>>>;

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let postgres = Postgres::start()?;
        postgres.administer("postgres", "CREATE DATABASE regression")?;
        let login = postgres.superuser("regression");
        postgres.administer("regression", PROBE)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("build a runtime")?;
        let client = runtime.block_on(connect(&login))?;
        Ok(Server { runtime, client, login, _postgres: postgres })
    }

    /// A new session, as each script has one.
    pub(crate) fn begin(&mut self) -> Result<()> {
        self.client = self.runtime.block_on(connect(&self.login))?;
        Ok(())
    }

    /// Whether `text` runs.
    pub(crate) fn run(&self, text: &str) -> bool {
        self.runtime.block_on(self.client.simple_query(text)).is_ok()
    }

    /// The answer to a question of ours; `None` where the transaction has failed.
    pub(crate) fn ask(&self, select: &str) -> Option<Rows> {
        let messages = self.runtime.block_on(self.client.simple_query(select)).ok()?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).map(str::to_string)).collect())
            }
            _ => None,
        });
        Some(rows.collect())
    }

    /// What one of the functions of `probe.sql` says of a statement.
    pub(crate) fn probe(&self, function: &str, statement: &str) -> Option<String> {
        let call = match function {
            "analysed" => format!("picket.analysed($picket${statement}$picket$)"),
            _ => format!("array_to_string(picket.{function}($picket${statement}$picket$), chr(10))"),
        };
        self.ask(&format!("SELECT {call}"))?.pop()?.pop()?
    }

    /// What event triggers were told since this was asked last.
    pub(crate) fn noted(&self) -> Option<String> {
        self.ask("SELECT picket.noted()")?.pop()?.pop()?
    }

    /// The relations with these numbers.
    pub(crate) fn relations(&self, oids: impl Iterator<Item = u32>) -> Option<Vec<Relation>> {
        let rows = self.ask(&format!(
            "SELECT c.oid, n.nspname, c.relname, a.attnum, a.attname FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND 0 < a.attnum AND NOT a.attisdropped \
             WHERE c.oid IN ({}) ORDER BY 1, 4",
            numbers(oids)
        ))?;
        let mut relations: BTreeMap<u32, Relation> = BTreeMap::new();
        for row in rows {
            let row: [Option<String>; 5] = row.try_into().ok()?;
            let [Some(oid), Some(schema), Some(name), number, column] = row else { return None };
            let oid = oid.parse().ok()?;
            let relation =
                relations.entry(oid).or_insert(Relation { oid, schema, name, columns: Vec::new() });
            if let (Some(number), Some(name)) = (number, column) {
                relation.columns.push(Column { number: number.parse().ok()?, name, type_oid: 0 });
            }
        }
        Some(relations.into_values().collect())
    }

    /// The names of the functions with these numbers, without their schemas.
    pub(crate) fn functions(&self, oids: impl Iterator<Item = u32>) -> Option<Vec<String>> {
        let select = format!("SELECT proname FROM pg_catalog.pg_proc WHERE oid IN ({})", numbers(oids));
        self.ask(&select)?.into_iter().map(|mut row| row.pop().flatten()).collect()
    }

    /// What of `paths` is not below the relations `oids`: no child or partition, and in no view of them.
    pub(crate) fn beyond(&self, oids: impl Iterator<Item = u32>, paths: &[String]) -> Option<Vec<String>> {
        let asked = paths.iter().fold("(NULL)".to_string(), |mut list, path| {
            let _ = write!(list, ", ($picket${path}$picket$)");
            list
        });
        let rows = self.ask(&format!(
            "WITH RECURSIVE edge AS (SELECT inhparent AS above, inhrelid AS below FROM pg_catalog.pg_inherits UNION ALL \
             SELECT r.ev_class, d.refobjid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON d.objid = r.oid \
             WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
             AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass), \
             known AS (SELECT oid FROM pg_catalog.pg_class WHERE oid IN ({}) UNION \
             SELECT below FROM edge JOIN known ON above = oid) \
             SELECT path FROM (VALUES {asked}) AS asked (path) WHERE path IS NOT NULL AND path NOT IN \
             (SELECT n.nspname || '.' || c.relname FROM known JOIN pg_catalog.pg_class c USING (oid) \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)",
            numbers(oids)
        ))?;
        rows.into_iter().map(|mut row| row.pop().flatten()).collect()
    }
}

fn numbers(oids: impl Iterator<Item = u32>) -> String {
    oids.fold("0".to_string(), |mut list, oid| {
        let _ = write!(list, ", {oid}");
        list
    })
}

async fn connect(login: &Login) -> Result<Client> {
    let (client, connection) = Config::new()
        .host("127.0.0.1")
        .port(login.port)
        .user(&login.user)
        .password(&login.password)
        .dbname(&login.database)
        .options(format!("-c statement_timeout={STATEMENT_MS_MAX} -c intervalstyle=postgres_verbose"))
        .connect(NoTls)
        .await
        .context("connect to the server")?;
    tokio::spawn(connection);
    Ok(client)
}
