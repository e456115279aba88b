//! Whether the ledger is what its writers signed.

mod report;

use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;

use anyhow::anyhow;
use audit::chain::{read_journal, read_public_keys};
use audit::ledger::{Ledger, Verify};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::failure::{Failure, unless_reader_left};
use crate::since::Since;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Text,
    /// One object
    Json,
}

/// What is verified, and by what
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the chain of this proxy or agent
    #[arg(long, value_name = "UUID")]
    writer: Option<Uuid>,
    /// What began before may be gone: a number with s, m, h, d or w, such as 90d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// A file with public keys of proxies and agents, in PEM; more than once for several
    #[arg(long, value_name = "FILE")]
    public_key: Vec<PathBuf>,
    /// What a proxy or an agent has noted of its checkpoints; more than once for several
    #[arg(long, value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// Form of the report
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ReportFormat,
}

impl Options {
    /// With what the files hold.
    pub(crate) fn read(&self) -> Result<Verify, Failure> {
        let mut verify =
            Verify { writer: self.writer, since: self.since.map(Since::before_now), ..Verify::default() };
        for path in &self.public_key {
            verify.keys.extend(read_public_keys(path).map_err(|error| Failure::usage(error.into()))?);
        }
        for path in &self.checkpoints {
            verify.noted.extend(read_journal(path).map_err(|error| Failure::usage(error.into()))?);
        }
        Ok(verify)
    }
}

/// Reports on stdout. What was found is a failure.
pub(crate) fn verify(
    ledger: &Ledger,
    runtime: &Runtime,
    asked: &Verify,
    format: ReportFormat,
) -> Result<(), Failure> {
    let bar = bar();
    let verified = runtime.block_on(ledger.verify(asked, |walked, total| {
        bar.set_length(total);
        bar.set_position(walked);
    }));
    bar.finish_and_clear();
    let verified = verified?;
    let text = match format {
        ReportFormat::Text => report::text(asked, &verified),
        ReportFormat::Json => report::json(asked, &verified)?,
    };
    let mut out = stdout().lock();
    unless_reader_left(out.write_all(text.as_bytes()).and_then(|()| out.flush()))?;
    match verified.findings.total() {
        0 => Ok(()),
        found => Err(anyhow!("the ledger is not what its writers signed ({found} findings)").into()),
    }
}

/// A progress bar on a terminal.
fn bar() -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("verifying {wide_bar} {pos} of {len}, {eta} left") {
        bar.set_style(style);
    }
    bar
}
