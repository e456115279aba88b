//! The real psql: one call for one script, or a session that is fed one statement at a time.

use std::io::{BufRead, BufReader, PipeReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::login::Login;
use crate::postgres;

/// How long one statement may take.
const ANSWER_SECS_MAX: u64 = 60;

/// What psql printed, and how it ended.
#[derive(Debug)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
}

impl Output {
    /// Standard output of a run without error.
    pub fn success(self) -> Result<String> {
        if self.code != 0 {
            bail!("psql failed ({}): {}", self.code, self.stderr.trim());
        }
        Ok(self.stdout)
    }
}

/// Runs `sql` as one string of psql's `-c`, which sends it as one simple query, and stops at the first error.
/// Rows come unaligned, without headers, with verbose errors.
pub fn run(login: &Login, sql: &str) -> Result<Output> {
    run_with(login, &args(sql), "")
}

/// The same over the UNIX socket in `folder`.
pub(crate) fn run_in(folder: &Path, login: &Login, sql: &str) -> Result<Output> {
    let conninfo = login.conninfo_at(&folder.to_string_lossy());
    fed(&mut command_at(&conninfo, &login.password)?, &args(sql), "")
}

fn args(sql: &str) -> [&str; 7] {
    ["-qAt", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-c", sql]
}

/// Runs psql with these arguments and this standard input.
pub fn run_with(login: &Login, args: &[&str], input: &str) -> Result<Output> {
    fed(&mut command(login)?, args, input)
}

fn fed(command: &mut Command, args: &[&str], input: &str) -> Result<Output> {
    let mut child = command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start psql")?;
    let mut stdin = child.stdin.take().context("take psql's standard input")?;
    let input = input.to_string();
    let feeder = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().context("wait for psql")?;
    // psql may end before it has read everything: its exit code tells what there is to tell.
    let _ = feeder.join();
    Ok(Output {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    })
}

/// psql for `login`, without the user's own settings, in English and UTC.
pub fn command(login: &Login) -> Result<Command> {
    command_at(&login.conninfo(), &login.password)
}

fn command_at(conninfo: &str, password: &str) -> Result<Command> {
    let mut command = Command::new(postgres::programs()?.join("psql"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command
        .arg(conninfo)
        .arg("--no-psqlrc")
        .arg("--no-password")
        .env("PGPASSWORD", password)
        .env("PGCONNECT_TIMEOUT", "30")
        .env("LC_ALL", "C.UTF-8")
        .env("PAGER", "cat");
    Ok(command)
}

/// One psql, one connection, one statement after the other; output and errors in the order they came.
#[derive(Debug)]
pub struct Session {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    asked: u32,
}

impl Session {
    /// Starts psql with aligned tables, as a person sees them.
    pub fn start(login: &Login) -> Result<Self> {
        let (reader, writer) = std::io::pipe().context("make a pipe")?;
        let errors = writer.try_clone().context("share the pipe")?;
        let mut child = command(login)?
            .stdin(Stdio::piped())
            .stdout(writer)
            .stderr(errors)
            .spawn()
            .context("start psql")?;
        let stdin = child.stdin.take();
        Ok(Self { child, stdin, lines: read_lines(reader), asked: 0 })
    }

    /// Sends `statement` (with its semicolon) and returns what psql printed for it.
    pub fn ask(&mut self, statement: &str) -> Result<String> {
        self.asked += 1;
        let end = format!("-- answered {} --", self.asked);
        let stdin = self.stdin.as_mut().context("write to a psql that was closed")?;
        // At once: a psql that loses its connection over the statement ends, and reads no more.
        let text = format!("{statement}\n\\echo '{end}'\n");
        stdin.write_all(text.as_bytes()).context("write to psql")?;
        stdin.flush().context("write to psql")?;
        let mut answer = String::new();
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(ANSWER_SECS_MAX));
            let line =
                line.with_context(|| format!("psql gave no more answer; it had printed:\n{answer}"))?;
            if line == end {
                return Ok(answer.trim_end().to_string());
            }
            answer.push_str(&line);
            answer.push('\n');
        }
    }

    /// Sends `statement` and holds that `answer` stands in what psql printed for it.
    ///
    /// # Panics
    ///
    /// Where it does not.
    #[track_caller]
    pub fn expect(&mut self, statement: &str, answer: &str) -> Result<()> {
        let said = self.ask(statement)?;
        assert!(said.contains(answer), "`{statement}` was answered with:\n{said}");
        Ok(())
    }

    /// psql's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends psql as `\q` does; its exit code.
    pub fn quit(mut self) -> Result<i32> {
        drop(self.stdin.take());
        let status = self.child.wait().context("wait for psql")?;
        Ok(status.code().unwrap_or(-1))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(reader: PipeReader) -> Receiver<String> {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
