//! The first and the last thing that a daemon does.

use std::io::{self, IsTerminal, Write, stderr, stdout};
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::failure::{Failure, Kind};
use crate::notify::{State, notify};

/// Filters log lines: `info` by default, `PICKET_LOG=debug`, `PICKET_LOG=picket_proxy=trace,info` …
const LOG_VARIABLE: &str = "PICKET_LOG";

/// Sends log lines to stderr, in colours only on a terminal.
pub fn log_to_stderr() -> Result<(), Failure> {
    let wanted = std::env::var(LOG_VARIABLE).unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| {
        let mend = "write it like `debug` or `info,picket_proxy=trace`";
        Kind::BadConfig.says(format!("{LOG_VARIABLE} cannot be `{wanted}`: {error}; {mend}"))
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_writer(stderr)
        .init();
    Ok(())
}

/// Tells whoever started the daemon that it is ready: by this line, the only one on stdout, and systemd in its way.
pub fn say_ready(line: &str) {
    say(line);
    notify(State::Ready);
}

/// Prints a line that somebody waits for.
pub fn say(line: &str) {
    let mut out = stdout().lock();
    // Nobody may be listening; the daemon works all the same.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A signal that asks a daemon to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM.
    Terminate,
    /// SIGINT.
    Interrupt,
}

/// The signals that ask a daemon to stop.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Listens from now on. Call it within a runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(StopSignals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for SIGTERM or SIGINT.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a signal is not lost.
    pub async fn stopped(&mut self) -> StopSignal {
        let signal = tokio::select! {
            _ = self.terminate.recv() => StopSignal::Terminate,
            _ = self.interrupt.recv() => StopSignal::Interrupt,
        };
        tracing::info!(?signal, "stopping");
        notify(State::Stopping);
        signal
    }
}

/// The signals that ask a daemon to read its configuration again.
#[derive(Debug)]
pub struct Hangups(Signal);

impl Hangups {
    /// Listens from now on; before, SIGHUP ends the process. Call it within a runtime.
    pub fn listen() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Hangups)
    }

    /// Waits for SIGHUP. Several may count as one.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a signal is not lost.
    pub async fn received(&mut self) {
        self.0.recv().await;
    }
}

/// Tells in one line why a daemon failed, and returns its exit code.
pub fn tell(name: &str, ended: Result<(), Failure>) -> u8 {
    match ended {
        Ok(()) => 0,
        Err(Failure { kind, error }) => {
            let told = format!("{error:#}").replace('\n', " ");
            // Nothing can be done where stderr is closed.
            let _ = writeln!(stderr(), "{name}: {told}");
            kind.code()
        }
    }
}

/// Runs a daemon, and tells in one line why it failed: `name: what: why; mend`.
pub fn run(name: &str, daemon: impl FnOnce() -> Result<(), Failure>) -> ExitCode {
    ExitCode::from(tell(name, daemon()))
}
