//! Runs one suite in both ways at the same time, compares the outcomes, and asks the ledger whether it was there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::{Context, Result, bail, ensure};
use e2e::ledger::Ledger;
use e2e::login::Login;
use e2e::observing::Observing;
use e2e::postgres::Postgres;
use e2e::python_suites::{self, PLUGINS};
use e2e::scratch::Scratch;

use super::differences;
use super::list::{Extent, Suite};
use super::outcomes::{self, Outcomes};
use crate::progress::{Step, seconds};
use crate::run as programs;

/// How long one run may take.
const RUN_SECS_MAX: u64 = 2_400;
/// Between two looks at a run.
const LOOK_MS: u64 = 200;
/// How often tests with two outcomes run again.
const AGAIN_MAX: usize = 2;
/// With more of them, nothing runs again: it is not the machine.
const AGAIN_TESTS_MAX: usize = 60;
/// How much of a run's output an error shows.
const LOG_CHARS_MAX: usize = 4_000;

/// The two ways, as they are named in files.
pub(super) const WAYS: [&str; 2] = ["direct", "through"];

/// What was seen of a suite.
pub(super) struct Report {
    pub(super) direct: Outcomes,
    pub(super) through: Outcomes,
    /// Tests that ran again.
    pub(super) again: usize,
    /// Tests that ended otherwise through the proxy.
    pub(super) different: usize,
    pub(super) sessions: u64,
    pub(super) statements: u64,
    pub(super) time: Duration,
    pub(super) failures: Vec<String>,
}

pub(super) fn suite(suite: &Suite, extent: Extent, logs: Option<&Path>) -> Result<Report> {
    let started = Instant::now();
    let installed = python_suites::installed().context("find the suites; run `cargo xtask setup`")?;
    let version = python_suites::version(suite.project).context("find the version of the suite")?;
    let step =
        Step::start(format!("{} ({} {version}), directly and through the proxy", suite.name, suite.project));
    let postgres = Postgres::start_with(suite.settings)?;
    let observing = Observing::start_for(suite.users, suite.settings)?;
    for server in [&postgres, observing.postgres()] {
        for (database, sql) in suite.databases {
            if *database != "postgres" {
                server.administer("postgres", &format!("CREATE DATABASE {database}"))?;
            }
            server.administer(database, sql)?;
        }
    }
    let database = suite.databases.first().map_or("postgres", |(name, _)| name);
    let logins = [postgres.superuser(database), observing.login()?.to_database(database)];
    let folder = Scratch::new(suite.name)?;
    for (name, text) in PLUGINS {
        fs::write(folder.join(name), text).context("write the plugins")?;
    }
    let rig = Rig { suite, extent, installed, logins, folder, logs };

    let [mut direct, mut through] = rig.run("all", &[], &step)?;
    for test in suite.by_chance {
        let ran = [direct.remove(*test), through.remove(*test)];
        ensure!(ran.iter().all(Option::is_some), "{test} has not run, and its outcome is said to be chance");
    }
    let mut again = 0;
    for number in 0..AGAIN_MAX {
        let mut tests = differences::between(&direct, &through);
        tests.retain(|test| suite.known.iter().all(|known| known.test != *test));
        if tests.is_empty() || AGAIN_TESTS_MAX < tests.len() {
            break;
        }
        again = again.max(tests.len());
        let [direct_again, through_again] = rig.run(&format!("again-{number}"), &tests, &step)?;
        differences::better(&mut direct, direct_again);
        differences::better(&mut through, through_again);
    }
    step.done();

    let mut failures = differences::unknown(&direct, &through, suite.known, extent);
    let passed = direct.values().filter(|outcome| outcome.word == "passed").count();
    if passed < suite.passed_min {
        failures.push(format!("only {passed} tests passed directly; it was {} at least", suite.passed_min));
    }
    let (sessions, statements) = recorded(&observing.ledger(), passed)?;
    let different = differences::between(&direct, &through).len();
    Ok(Report { direct, through, again, different, sessions, statements, time: started.elapsed(), failures })
}

/// What the ledger has of a run that passed so many tests. Few of them need no statement at all.
fn recorded(ledger: &Ledger, passed: usize) -> Result<(u64, u64)> {
    let select = "SELECT (SELECT count() FROM sessions FINAL) AS sessions, (SELECT count() FROM statements FINAL) AS \
                  statements";
    let number =
        |row: &serde_json::Value, name: &str| row.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let rows = ledger.wait_rows("what the suite did", select, |rows| {
        rows.iter().any(|row| 0 < number(row, "sessions") && passed as u64 <= number(row, "statements"))
    })?;
    let row = rows.first().context("read what was recorded")?;
    Ok((number(row, "sessions"), number(row, "statements")))
}

/// What the runs of a suite share.
struct Rig<'a> {
    suite: &'a Suite,
    extent: Extent,
    installed: PathBuf,
    logins: [Login; 2],
    folder: Scratch,
    logs: Option<&'a Path>,
}

/// A run at work. Dropping it kills it.
struct Run {
    child: Child,
    outcomes: PathBuf,
    log: PathBuf,
    started: Instant,
    ended: bool,
}

impl Rig<'_> {
    /// Runs the suite, or the tests that are named, in both ways, and shows under `step` how far they are.
    fn run(&self, name: &str, tests: &[&str], step: &Step) -> Result<[Outcomes; 2]> {
        let mut runs = Vec::new();
        for (way, login) in WAYS.iter().zip(&self.logins) {
            runs.push(self.start(&format!("{name}-{way}"), login, tests)?);
        }
        loop {
            let mut at_work = false;
            let (mut done, mut total) = (0, 0);
            for run in &mut runs {
                at_work |= run.is_at_work()?;
                let (run_done, run_total) = outcomes::progress(&run.outcomes);
                (done, total) = (done + run_done, total + run_total);
            }
            step.count(done, total);
            if !at_work {
                break;
            }
            thread::sleep(Duration::from_millis(LOOK_MS));
        }
        let results = runs.iter().map(|run| self.result(run)).collect::<Vec<_>>();
        let mut results = results.into_iter();
        let (Some(direct), Some(through)) = (results.next(), results.next()) else {
            bail!("a run is missing")
        };
        Ok([direct?, through?])
    }

    fn start(&self, name: &str, login: &Login, tests: &[&str]) -> Result<Run> {
        let place = self.folder.join(name);
        // Tests write beside their files, and two runs may not share them.
        let mut copy = Command::new("cp");
        programs::output(copy.arg("-R").arg(self.installed.join(self.suite.project)).arg(&place))?;
        let temporary = place.join("tmp");
        fs::create_dir(&temporary).context("create the folder for temporary files")?;
        let log = self.folder.join(&format!("{name}.log"));
        let outcomes = self.folder.join(&format!("{name}.jsonl"));
        let output = File::create(&log).context("create the file for the run's output")?;
        let errors = output.try_clone().context("share that file")?;

        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(self.installed.join("python/bin/python"));
        command.args(self.suite.args(login, tests, self.extent)).current_dir(place.join(self.suite.folder()));
        for (own, _) in env::vars_os() {
            if ["PG", "PYTHON", "DJANGO", "PYTEST"]
                .iter()
                .any(|start| own.to_string_lossy().starts_with(start))
            {
                command.env_remove(own);
            }
        }
        command.env("PGHOST", "127.0.0.1").env("PGPORT", login.port.to_string()).env("PGUSER", &login.user);
        command.env("PGPASSWORD", &login.password).env("PGDATABASE", &login.database);
        command.env("PYTHONPATH", self.folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        // SQLAlchemy's tests then take the package that is installed, with its compiled parts.
        command.env("PYTHONNOUSERSITE", "1").env("TMPDIR", &temporary).env("PICKET_OUTCOMES", &outcomes);
        let child =
            command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn().context("start Python")?;
        Ok(Run { child, outcomes, log, started: Instant::now(), ended: false })
    }

    fn result(&self, run: &Run) -> Result<Outcomes> {
        if let Some(logs) = self.logs {
            keep(&run.log, logs, self.suite.name)?;
            keep(&run.outcomes, logs, self.suite.name)?;
        }
        outcomes::read(&run.outcomes).with_context(|| {
            let log = fs::read_to_string(&run.log).unwrap_or_default();
            let skip = log.chars().count().saturating_sub(LOG_CHARS_MAX);
            format!("run the suite; the end of its output:\n{}", log.chars().skip(skip).collect::<String>())
        })
    }
}

impl Run {
    fn is_at_work(&mut self) -> Result<bool> {
        self.ended = self.ended || self.child.try_wait().context("look at the run")?.is_some();
        let bound = Duration::from_secs(RUN_SECS_MAX);
        ensure!(self.ended || self.started.elapsed() < bound, "it has not ended after {}", seconds(bound));
        Ok(!self.ended)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.ended {
            // Already gone is as good as killed.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn keep(file: &Path, logs: &Path, suite: &str) -> Result<()> {
    // A run that died at once has told nothing.
    if !file.exists() {
        return Ok(());
    }
    let name = file.file_name().context("name the file to keep")?.to_string_lossy();
    fs::create_dir_all(logs).context("create the folder for logs")?;
    fs::copy(file, logs.join(format!("{suite}-{name}"))).context("keep what the run wrote").map(|_| ())
}
