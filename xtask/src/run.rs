//! Runs other programs and turns their failure into an error that says which, how, and what they printed.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::progress::Step;

/// Lines of a failed program's output that are shown.
const TAIL_LINES_MAX: usize = 40;

/// Runs `command` with the terminal's own output.
pub(crate) fn shown(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("start `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", line(command));
    }
    Ok(())
}

/// Runs `command` silently and returns its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let result =
        command.stdin(Stdio::null()).output().with_context(|| format!("start `{}`", line(command)))?;
    if !result.status.success() {
        let said = String::from_utf8_lossy(&result.stderr);
        bail!("`{}` failed ({}): {}", line(command), result.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&result.stdout).into_owned())
}

/// Runs `command` under `step`, which shows its latest line; all of its last lines are shown if it fails.
pub(crate) fn under(step: &Step, command: &mut Command) -> Result<()> {
    let (reader, writer) = std::io::pipe().context("make a pipe")?;
    let errors = writer.try_clone().context("share the pipe")?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(errors)
        .spawn()
        .with_context(|| format!("start `{}`", line(command)))?;
    // The command holds the pipe's writing ends; without them the reader sees the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut tail = VecDeque::new();
    for said in BufReader::new(reader).split(b'\n') {
        let said = said.context("read what the program prints")?;
        let said = String::from_utf8_lossy(&said).into_owned();
        step.note(&said);
        if tail.len() == TAIL_LINES_MAX {
            tail.pop_front();
        }
        tail.push_back(said);
    }
    let status = child.wait().with_context(|| format!("wait for `{}`", line(command)))?;
    if !status.success() {
        let tail = Vec::from(tail).join("\n");
        bail!("`{}` failed ({status}); its last lines:\n{tail}", line(command));
    }
    Ok(())
}

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
