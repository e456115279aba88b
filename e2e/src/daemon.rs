//! A program that runs beside the test: started, waited for until it is ready, and ended with the test.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::account::Account;
use crate::{binaries, wait};

/// How long a program may take until it is ready; machines under load are slow.
const READY_SECS_MAX: u64 = 60;
/// How long a program may take to end after it was asked to.
const END_SECS_MAX: u64 = 20;
/// Between two looks at a program that is ending.
const REAP_LOOK_MS: u64 = 5;
/// How much of a log an error shows.
const LOG_CHARS_MAX: usize = 4_000;

/// How a program says that it is ready.
#[derive(Clone, Debug)]
pub enum Ready {
    /// A line of its standard output begins with this.
    Line(&'static str),
    /// Its log contains this.
    Log(&'static str),
}

/// A program to be started.
#[derive(Debug)]
pub struct Launch {
    name: String,
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    log: PathBuf,
    ready: Ready,
    account: Option<Account>,
    last_signal: Signal,
    through_sudo: bool,
}

impl Launch {
    /// `program`, with its standard error written to `log`.
    pub fn new(program: impl AsRef<OsStr>, log: impl Into<PathBuf>, ready: Ready) -> Self {
        let program = program.as_ref().to_os_string();
        let name = Path::new(&program).file_name().unwrap_or(&program).to_string_lossy().into_owned();
        Self {
            name,
            program,
            args: Vec::new(),
            env: Vec::new(),
            log: log.into(),
            ready,
            account: None,
            last_signal: Signal::KILL,
            through_sudo: false,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_os_string()));
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), value.as_ref().to_os_string()));
        self
    }

    /// Runs it under this account; only root can.
    #[must_use]
    pub fn account(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    /// Ends it with SIGQUIT instead of SIGKILL when it is dropped or this process dies: for a program that has
    /// more to clean up than the kernel does.
    #[must_use]
    pub fn quits(mut self) -> Self {
        self.last_signal = Signal::QUIT;
        self
    }

    /// Runs it as root through sudo, which must not need to ask for a password any more.
    #[must_use]
    pub fn through_sudo(mut self, yes: bool) -> Self {
        self.through_sudo = yes;
        self
    }

    /// Starts it and waits until it is ready. Where it is not, the error shows its log.
    pub fn start(self) -> Result<Daemon> {
        let mut daemon = self.spawn()?;
        match daemon.wait_ready(&self.ready) {
            Ok(ready) => {
                daemon.ready = ready;
                Ok(daemon)
            }
            Err(error) => {
                let log = daemon.log();
                Err(error.context(format!("start {}; its log:\n{}", self.name, log.trim_end())))
            }
        }
    }

    /// Starts it and waits for its end: for programs that are expected to refuse.
    pub fn run_to_end(self) -> Result<(ExitStatus, String)> {
        let mut daemon = self.spawn()?;
        let status = daemon.wait_end()?;
        Ok((status, daemon.log()))
    }

    fn spawn(&self) -> Result<Daemon> {
        let log = File::create(&self.log).with_context(|| format!("create `{}`", self.log.display()))?;
        let mut command = if self.through_sudo { self.sudo_command() } else { self.command() };
        // A ClickHouse that the person at the keyboard works with is not the one that throwaway parts write to.
        for own in binaries::OWN_CLICKHOUSE {
            command.env_remove(own);
        }
        command
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            // Ctrl-C on the terminal is for the one who started it all, and who ends it in order.
            .process_group(0)
            .stdin(if self.through_sudo { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = spawn_from_nursery(command).with_context(|| format!("start {}", self.name))?;
        let lines = child.stdout.take().map(read_lines).context("take the program's standard output")?;
        let leash = child.stdin.take();
        Ok(Daemon {
            name: self.name.clone(),
            child,
            lines,
            log: self.log.clone(),
            ready: String::new(),
            leash,
            last_signal: self.last_signal,
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", if self.last_signal == Signal::QUIT { "QUIT" } else { "KILL" }]);
        if let Some(account) = &self.account {
            command.args(account.setpriv_args());
        }
        command.arg("--").arg(&self.program).args(&self.args);
        command
    }

    /// A user may not signal root's processes, so a shell beside the program does it when this process lets go
    /// of the shell's standard input, in whatever way.
    fn sudo_command(&self) -> Command {
        const LEASH: &str = "exec 3<&0; \"$@\" </dev/null & pid=$!; \
            { read -r _ <&3; kill -TERM $pid; } >/dev/null 2>&1 & \
            wait $pid; code=$?; kill $! 2>/dev/null; exit $code";
        let mut command = Command::new("sudo");
        command.args(["--non-interactive", "--", "env"]);
        command.args(self.env.iter().map(|(name, value)| {
            let mut pair = name.clone();
            pair.push("=");
            pair.push(value);
            pair
        }));
        command.args(["sh", "-c", LEASH, "sh"]).arg(&self.program).args(&self.args);
        command
    }
}

/// A running program. Dropping it ends it at once.
#[derive(Debug)]
pub struct Daemon {
    name: String,
    child: Child,
    lines: Lines,
    log: PathBuf,
    ready: String,
    leash: Option<ChildStdin>,
    last_signal: Signal,
}

impl Daemon {
    /// The line it said it was ready with.
    #[must_use]
    pub fn ready_line(&self) -> &str {
        &self.ready
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let skip = text.chars().count().saturating_sub(LOG_CHARS_MAX);
        text.chars().skip(skip).collect()
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        self.ask_to_end(Signal::TERM)?;
        self.wait_end()
    }

    /// Sends it a signal; for one under sudo any signal is SIGTERM.
    pub fn ask_to_end(&mut self, signal: Signal) -> Result<()> {
        if self.leash.take().is_some() {
            return Ok(());
        }
        if self.child.try_wait().context("look at the program")?.is_some() {
            return Ok(());
        }
        let pid =
            i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("read the process id")?;
        kill_process(pid, signal).with_context(|| format!("signal {}", self.name))
    }

    /// Ends it at once (SIGKILL), as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        if self.leash.take().is_none() {
            self.child.kill().with_context(|| format!("kill {}", self.name))?;
        }
        self.wait_end().map(|_| ())
    }

    /// Its exit status, if it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("look at {}", self.name))
    }

    /// Waits until its log contains `text`.
    pub fn wait_log(&self, text: &str) -> Result<()> {
        let what = format!("`{text}` in the log of {}", self.name);
        wait::until(what, Duration::from_secs(READY_SECS_MAX), || Ok(self.log().contains(text).then_some(())))
            .with_context(|| format!("its log:\n{}", self.log().trim_end()))
    }

    /// Waits until it has ended.
    pub fn wait_end(&mut self) -> Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        let child = &mut self.child;
        wait::until(what, Duration::from_secs(END_SECS_MAX), || {
            child.try_wait().context("look at the program")
        })
    }

    /// Waits for the end even where waits are interrupted, and kills what does not end in time.
    fn reap(&mut self) {
        let asked = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if Duration::from_secs(END_SECS_MAX) < asked.elapsed() {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(REAP_LOOK_MS));
        }
    }

    fn wait_ready(&mut self, ready: &Ready) -> Result<String> {
        let what = format!("{} to be ready", self.name);
        wait::until(what, Duration::from_secs(READY_SECS_MAX), || {
            let found = match ready {
                Ready::Line(start) => self.lines.find(start),
                Ready::Log(text) => self.log().contains(text).then(String::new),
            };
            if found.is_none()
                && let Some(status) = self.ended()?
            {
                bail!("it ended instead of becoming ready ({status})");
            }
            Ok(found)
        })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let killed = self.leash.is_none() && self.last_signal == Signal::KILL;
        if killed || self.ask_to_end(self.last_signal).is_err() {
            // Already gone is as good as killed.
            let _ = self.child.kill();
        }
        self.reap();
    }
}

/// What a program has printed to its standard output. It is read to its end, so that the pipe never fills.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn find(&self, start: &str) -> Option<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().find(|line| line.starts_with(start)).cloned()
    }

    fn push(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

fn read_lines(stdout: impl std::io::Read + Send + 'static) -> Lines {
    let lines = Lines::default();
    let reading = lines.clone();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            reading.push(line);
        }
    });
    lines
}

type Birth = (Command, Sender<std::io::Result<Child>>);

/// Starts `command` from a thread that lives as long as the process: the kernel sends the death signal when
/// the *thread* that started a program ends, and test threads end before the fixtures they share.
fn spawn_from_nursery(command: Command) -> Result<Child> {
    static NURSERY: OnceLock<Mutex<Sender<Birth>>> = OnceLock::new();
    let nursery = NURSERY.get_or_init(|| {
        let (send, births) = mpsc::channel::<Birth>();
        thread::spawn(move || {
            for (mut command, answer) in births {
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(send)
    });
    let (answer, child) = mpsc::channel();
    nursery
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send((command, answer))
        .map_err(|_| anyhow!("the thread that starts programs is gone"))?;
    let child = child.recv().context("hear from the thread that starts programs")?;
    child.context("start the program")
}
