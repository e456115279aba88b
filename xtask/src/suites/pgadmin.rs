//! pgAdmin, directly and through the proxy at the same time, as somebody who may not see values: what it shows is the same but for
//! what docs/compatibility.md says.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use e2e::engine::Engine;
use e2e::introspection::{OBJECTS, OF_SUPERUSER};
use e2e::pgadmin;
use e2e::postgres::Postgres;
use e2e::proxy::{Proxy, ProxySettings};
use e2e::psql;
use e2e::scratch::Scratch;
use e2e::shop::Shop;

use super::run::WAYS;
use crate::progress::Step;
use crate::setup;

pub(super) const NAME: &str = "pgadmin";

const DATABASE: &str = "shop";

/// What it prints at least, in lines.
const LINES_MIN: usize = 20_000;

/// What lines of values that are hidden on purpose have in them: those that PostgreSQL keeps of columns to plan with, passwords
/// at other servers, and values of sensitive columns. Each must be seen.
const HIDDEN: [&str; 14] = [
    ".Histogram bounds ",
    ".Most common values ",
    ".Most common elements ",
    "/browser/user_mapping/",
    " row.email ",
    " row.mail ",
    " row.contact ",
    " row.ssn ",
    " row.number ",
    " row.phone ",
    " row.iban ",
    " row.date_of_birth ",
    " row.tags ",
    " row.profile ",
];

/// In every e-mail address that is a value.
const CANARY: &str = "canary";

/// The lines that are compared.
pub(super) fn compare(logs: Option<&Path>) -> Result<usize> {
    let python = setup::pgadmin()?;
    let step = Step::start("pgadmin, directly and through the proxy");
    let (postgres, engine) = (Postgres::start_with(&["wal_level=logical"])?, Engine::start()?);
    let shop = Shop::create_roles(&postgres)?;
    shop.create_database(&postgres, DATABASE)?;
    let owner = shop.owner(&postgres, DATABASE);
    psql::run(&owner, OBJECTS)?.success().context("make what is shown")?;
    postgres.administer(DATABASE, OF_SUPERUSER).context("make what only superusers make")?;
    let proxy = Proxy::start(ProxySettings {
        upstreams: vec![owner.to_database("*")],
        users: vec![(owner.user.clone(), owner.password.clone())],
        groups: Vec::new(),
        clickhouse_url: engine.url().to_string(),
        ledger_database: "picket".to_string(),
    })?;
    let folder = Scratch::new(NAME)?;
    let mut runs = Vec::new();
    for (way, login) in WAYS.iter().zip([&owner, &proxy.login(&owner.user, DATABASE)?]) {
        let own = folder.join(way);
        fs::create_dir(&own).context("create a folder for pgAdmin")?;
        let mut command = pgadmin::command(&python, login, postgres.port(), &own);
        let file =
            |name: String| File::create(folder.join(&name)).context("create a file for what it prints");
        command.stdin(Stdio::null()).stdout(file(format!("{way}.txt"))?);
        runs.push(command.stderr(file(format!("{way}.log"))?).spawn().context("start pgAdmin")?);
    }
    let mut ended = Vec::new();
    for mut run in runs {
        ended.push(run.wait().context("wait for pgAdmin")?.success());
    }
    let mut printed = Vec::new();
    for way in WAYS {
        for name in [format!("{way}.txt"), format!("{way}.log")] {
            if let Some(logs) = logs {
                fs::create_dir_all(logs).context("create the folder for logs")?;
                fs::copy(folder.join(&name), logs.join(format!("{NAME}-{name}")))
                    .context("keep what it printed")?;
            }
        }
        let log = fs::read_to_string(folder.join(&format!("{way}.log"))).unwrap_or_default();
        ensure!(ended.iter().all(|well| *well), "pgAdmin ended badly: {}", log.trim());
        printed.push(fs::read_to_string(folder.join(&format!("{way}.txt"))).context("read what it printed")?);
    }
    let [direct, through] = printed.as_slice() else { bail!("a run is missing") };
    check(direct, through)?;
    step.done();
    Ok(direct.lines().count())
}

fn check(direct: &str, through: &str) -> Result<()> {
    let lines = |printed| str::lines(printed).collect::<BTreeSet<&str>>();
    let (of_direct, of_through) = (lines(direct), lines(through));
    ensure!(LINES_MIN <= of_direct.len(), "it said little, {} lines", of_direct.len());
    let differences: Vec<&&str> = of_direct.symmetric_difference(&of_through).collect();
    let is_hidden = |line: &str| HIDDEN.iter().any(|hidden| line.contains(hidden));
    let mut unknown: Vec<&str> =
        differences.iter().map(|line| **line).filter(|line| !is_hidden(line)).collect();
    unknown.truncate(40);
    ensure!(unknown.is_empty(), "it differs:\n{}", unknown.join("\n"));
    ensure!(direct.contains(CANARY) && !through.contains(CANARY), "a value comes through, or there is none");
    for hidden in HIDDEN {
        ensure!(differences.iter().any(|line| line.contains(hidden)), "nothing differs in `{hidden}`");
    }
    Ok(())
}
