//! What a suite runs on: a PostgreSQL of its own, and a proxy in front of it whose rules only observe.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};
use e2e::login::Login;
use e2e::observing::Observing;
use e2e::postgres::{self, Postgres};
use e2e::scratch::Scratch;
use e2e::suites;

/// How long one suite may take.
const SUITE_SECS_MAX: &str = "1500";

pub(crate) struct Stage {
    observing: Observing,
    folder: Scratch,
    tests: PathBuf,
}

impl Stage {
    pub(crate) fn start() -> Result<Self> {
        Ok(Self {
            tests: suites::installed()?,
            observing: Observing::start()?,
            folder: Scratch::new("suite")?,
        })
    }

    /// The server behind it.
    pub(crate) fn postgres(&self) -> &Postgres {
        self.observing.postgres()
    }

    /// Two new databases: the first for a direct connection, the second for the way through the proxy.
    pub(crate) fn two_databases(&self, name: &str) -> Result<[Login; 2]> {
        let names = ["direct", "through"].map(|way| format!("{name}_{way}"));
        for name in &names {
            self.postgres().administer("postgres", &format!("CREATE DATABASE {name}"))?;
        }
        Ok([self.postgres().superuser(&names[0]), self.login()?.to_database(&names[1])])
    }

    /// The superuser's way through the proxy.
    pub(crate) fn login(&self) -> Result<Login> {
        self.observing.login()
    }

    /// One of PostgreSQL's test programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.tests.join("bin").join(name)
    }

    /// A copy of test files where the server's user can read them.
    pub(crate) fn input(&self, name: &str) -> Result<PathBuf> {
        let copy = self.folder.join(name);
        let mut command = Command::new("cp");
        run(command.arg("-R").arg(self.tests.join(name)).arg(&copy))?;
        run(Command::new("chmod").args(["-R", "a+rX"]).arg(&copy))?;
        Ok(copy)
    }

    /// A folder for results, to which the server's user writes too.
    pub(crate) fn output(&self) -> Result<PathBuf> {
        let folder = self.folder.join("output");
        for folder in [&folder, &folder.join("results")] {
            fs::create_dir(folder).context("create the folder for results")?;
            fs::set_permissions(folder, Permissions::from_mode(0o777)).context("open it for the server")?;
        }
        Ok(folder)
    }

    /// `pg_regress` or its sister with the options that both need; what it prints.
    pub(crate) fn run_schedule(
        &self,
        program: &str,
        input: &Path,
        output: &Path,
        options: &[&str],
    ) -> Result<String> {
        let login = self.login()?;
        let mut command = Command::new("timeout");
        command.arg(SUITE_SECS_MAX).arg(self.program(program)).current_dir(output);
        command.arg(format!("--inputdir={}", input.display()));
        command.arg(format!("--outputdir={}", output.display()));
        command.arg(format!("--bindir={}", postgres::programs()?.display()));
        command.arg(format!("--dlpath={}", self.input("lib")?.display()));
        command.arg("--host=127.0.0.1").arg(format!("--port={}", login.port));
        command.arg(format!("--user={}", login.user)).args(options).env("PGPASSWORD", &login.password);
        let Output { stdout, stderr, .. } = command.output().with_context(|| format!("run {program}"))?;
        Ok(format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
    }
}

/// The names of the tests that failed, from what `pg_regress` printed, when every test of the schedule was run.
pub(crate) fn failed(printed: &str, schedule: &Path) -> Result<Vec<String>> {
    let schedule = fs::read_to_string(schedule).context("read the schedule")?;
    let mut scheduled: Vec<&str> = schedule
        .lines()
        .filter_map(|line| line.strip_prefix("test:"))
        .flat_map(str::split_whitespace)
        .collect();
    let outcomes: Vec<(&str, bool)> = printed.lines().filter_map(outcome).collect();
    let mut ran: Vec<&str> = outcomes.iter().map(|(name, _)| *name).collect();
    scheduled.sort_unstable();
    ran.sort_unstable();
    ensure!(scheduled == ran, "not all tests were run:\n{printed}");
    Ok(outcomes.iter().filter(|(_, passed)| !passed).map(|(name, _)| (*name).to_string()).collect())
}

/// The test that a line is about, and whether it passed: `test boolean ... ok`, or, from PostgreSQL 16 on,
/// `not ok 2 + boolean 12 ms`.
fn outcome(line: &str) -> Option<(&str, bool)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["test", name, "...", outcome, ..] | [name, "...", outcome, ..] => Some((*name, *outcome == "ok")),
        ["ok", _, "-" | "+", name, ..] => Some((*name, true)),
        ["not", "ok", _, "-" | "+", name, ..] => Some((*name, false)),
        _ => None,
    }
}

/// An error names the first line that differs.
pub(crate) fn same(direct: &str, through: &str) -> Result<()> {
    let mut lines = direct.lines().zip(through.lines());
    let differs = lines.find(|(direct, through)| direct != through);
    ensure!(differs.is_none() && direct.len() == through.len(), "direct and through: {differs:#?}");
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().context("start a program")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
