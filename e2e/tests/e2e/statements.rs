//! The corpus of dangerous statements and of those that only look like it: on a real PostgreSQL each does what it is said to
//! do, and through the proxy it is refused by the rule that is named, or runs.

pub(crate) mod case;
pub(crate) mod client;

use std::fs;

use anyhow::{Context, Result, ensure};
use e2e::engine::Engine;
use e2e::postgres::{self, Postgres, SUPERUSER};
use e2e::proxy::{Proxy, ProxySettings};

use self::case::Case;
use self::client::Client;

/// The database that cases run in, each in a transaction that is rolled back.
const DATABASE: &str = "corpus";
/// What databases for one case are copies of.
const TEMPLATE: &str = "fixture";

/// Cases that are not run, at most: one in so many.
const NOT_RUN_SHARE_MIN: usize = 15;

/// What must be as it was when everything has been refused.
const TRACES: &str = "SELECT (SELECT count(*) FROM orders), (SELECT sum(quantity) FROM orders), \
    (SELECT count(*) FROM users WHERE active), (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), \
    (SELECT md5(string_agg(a::text, ',' ORDER BY a.oid)) FROM pg_authid a), (SELECT count(*) FROM pg_attribute)";

/// A server of its own, since some cases speak to all of it.
struct Bench {
    proxy: Proxy,
    _engine: Engine,
    postgres: Postgres,
    version: u32,
    copies: u32,
}

impl Bench {
    fn start() -> Result<Self> {
        let (postgres, engine) =
            (Postgres::start_with(&["wal_level=logical", "autovacuum=off"])?, Engine::start()?);
        let fixture = fs::read_to_string(case::folder().join("fixture.sql")).context("read the fixture")?;
        postgres.administer("postgres", &format!("CREATE DATABASE {TEMPLATE}"))?;
        postgres.administer(TEMPLATE, &fixture).context("make the fixture")?;
        postgres.administer("postgres", &format!("CREATE DATABASE {DATABASE} TEMPLATE {TEMPLATE}"))?;
        let version = postgres.administer("postgres", "SHOW server_version_num")?;
        let settings = ProxySettings {
            groups: Vec::new(),
            upstreams: vec![postgres.superuser("*")],
            users: vec![(SUPERUSER.to_string(), postgres::password()?)],
            clickhouse_url: engine.url().to_string(),
            ledger_database: "picket".to_string(),
        };
        let proxy = Proxy::start(settings)?;
        let version = version.trim().parse::<u32>().context("read the server's version")? / 10_000;
        Ok(Self { proxy, _engine: engine, postgres, version, copies: 0 })
    }

    /// The database for a case.
    fn database(&mut self, case: &Case) -> Result<String> {
        if !case.alone {
            return Ok(DATABASE.to_string());
        }
        self.copies += 1;
        let name = format!("{TEMPLATE}_{}", self.copies);
        self.postgres.administer("postgres", &format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))?;
        Ok(name)
    }

    /// Whether this server can run it.
    fn runs(&self, case: &Case) -> bool {
        !case.not_run && case.since.is_none_or(|since| since <= self.version)
    }

    fn direct(&self, database: &str) -> Result<Client> {
        Client::connect(&self.postgres.superuser(database))
    }

    fn proxied(&self, database: &str) -> Result<Client> {
        Client::connect(&self.proxy.login(SUPERUSER, database)?)
    }
}

/// Has a case do what it does where nobody refuses it; what is not as it says.
fn run(client: &mut Client, case: &Case) -> Result<()> {
    begin(client, case)?;
    let old = case.changes.as_ref().map(|query| client.first(query)).transpose()?;
    let answer = client.ask(&case.text)?;
    ensure!(answer.error.is_none(), "it failed: {}", answer.error.unwrap_or_default());
    if let Some(then) = &case.then {
        client.first(then)?;
    }
    if let Some(query) = &case.changes {
        ensure!(old != Some(client.first(query)?), "it changed nothing");
    }
    if let Some((query, value)) = &case.shows {
        let shown = client.first(query)?;
        ensure!(shown == *value, "it shows {shown}");
    }
    if let Some(text) = &case.returns {
        ensure!(answer.rows.iter().any(|row| row.contains(text)), "it returned {:?}", answer.rows);
    }
    Ok(())
}

/// Sends a case through the proxy; what is not as it says.
fn judge(client: &mut Client, case: &Case) -> Result<()> {
    begin(client, case)?;
    let error = client.ask(&case.text)?.error.unwrap_or_default();
    let is_right = match &case.refused_by {
        Some(rule) => error.starts_with("C42501\n") && error.contains(&format!("\nDRule \"{rule}\":")),
        None => error.is_empty(),
    };
    ensure!(is_right, "the proxy's answer was `{error}`");
    Ok(())
}

fn begin(client: &mut Client, case: &Case) -> Result<()> {
    if !case.alone {
        client.first("BEGIN")?;
    }
    if let Some(before) = &case.before {
        client.first(before)?;
    }
    Ok(())
}

fn end(client: &mut Client, undo: Option<&str>) -> Result<()> {
    client.ask("ROLLBACK")?;
    client.first("DISCARD ALL")?;
    undo.map_or(Ok(()), |undo| client.first(undo).map(|_| ()))
}

fn check(folder: &str) -> Result<()> {
    let cases = case::read(&case::folder().join(folder))?;
    let mut bench = Bench::start()?;
    let (mut direct, mut proxied) = (bench.direct(DATABASE)?, bench.proxied(DATABASE)?);
    let traces = direct.first(TRACES)?;
    let mut wrong = Vec::new();
    let mut note = |case: &Case, what: &str, result: Result<()>| {
        if let Err(error) = result {
            wrong.push(format!("{what}: {}\n{error:#}", case.text));
        }
    };
    for case in &cases {
        if !bench.runs(case) {
            continue;
        }
        let database = bench.database(case)?;
        let mut own = if case.alone { Some(bench.direct(&database)?) } else { None };
        let client = own.as_mut().unwrap_or(&mut direct);
        note(case, "directly", run(client, case));
        end(client, case.undo.as_deref())?;
    }
    for case in &cases {
        if case.refused_by.is_none() && !bench.runs(case) {
            continue;
        }
        let database = bench.database(case)?;
        let mut own = if case.alone { Some(bench.proxied(&database)?) } else { None };
        let client = own.as_mut().unwrap_or(&mut proxied);
        note(case, "through the proxy", judge(client, case));
        end(client, None)?;
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
    assert_eq!(direct.first(TRACES)?, traces);
    let not_run = cases.iter().filter(|case| case.not_run).count();
    assert!(not_run * NOT_RUN_SHARE_MIN <= cases.len(), "{not_run} of {} are not run", cases.len());
    assert!(200 <= cases.len(), "{} cases", cases.len());
    Ok(())
}

#[test]
fn dangerous_statements_are_refused_in_each_disguise() -> Result<()> {
    check("refuse")
}

#[test]
fn statements_that_only_look_dangerous_run() -> Result<()> {
    check("allow")
}
