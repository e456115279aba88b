//! `picket export`: a table or a view as a file. A file that is there is a whole one.

use std::io::{self, IsTerminal, Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use audit::ledger::{Export, Ledger};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tempfile::NamedTempFile;
use tokio::runtime::Runtime;

use crate::args::ExportArgs;
use crate::failure::{Failure, unless_reader_left};

/// ClickHouse may sort for a while before the first bytes come.
const BYTES_WITHIN: Duration = Duration::from_secs(600);

/// Writes what is asked for to a file or to stdout.
pub(crate) fn export(ledger: &Ledger, runtime: &Runtime, args: &ExportArgs) -> Result<(), Failure> {
    let export = ledger.export(args.what, args.since.before_now(), args.format.into())?;
    match &args.output {
        Some(path) => to_file(export, runtime, path),
        None => to_stdout(export, runtime),
    }
}

/// What stands in the way, before anything is asked.
pub(crate) fn check(args: &ExportArgs) -> Result<(), Failure> {
    let refused = |text: String| Err(Failure::usage(anyhow!(text)));
    match &args.output {
        // Texts of strangers, as they are.
        None if stdout().is_terminal() => {
            refused("stdout is a terminal; name a file with --output".to_owned())
        }
        Some(path) if path.exists() => {
            refused(format!("`{}` is there already; name another file with --output", path.display()))
        }
        _ => Ok(()),
    }
}

fn to_file(export: Export, runtime: &Runtime, path: &Path) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let make = || format!("make a file in `{}`", folder.display());
    let mut file = NamedTempFile::new_in(&folder).with_context(make)?;
    runtime.block_on(copy(export, &mut file))?.context("write the export")?;
    file.as_file().sync_all().context("write the export")?;
    // Nobody's file is written over, and a part of an export never has the name.
    file.persist_noclobber(path)
        .map_err(|error| error.error)
        .with_context(|| format!("make `{}`", path.display()))?;
    Ok(())
}

fn to_stdout(export: Export, runtime: &Runtime) -> Result<(), Failure> {
    let mut out = stdout();
    unless_reader_left(runtime.block_on(copy(export, &mut out))?)
}

/// Copies all bytes. The outer error is the ledger's, the inner one the file's.
async fn copy(mut export: Export, out: &mut impl Write) -> Result<io::Result<()>, Failure> {
    let bar = bar();
    while let Some(bytes) = export.next(BYTES_WITHIN).await? {
        if let Err(error) = out.write_all(&bytes) {
            return Ok(Err(error));
        }
        bar.inc(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }
    bar.finish_and_clear();
    Ok(out.flush())
}

/// How much there will be is not known before it is there.
fn bar() -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {bytes} exported ({bytes_per_sec}, {elapsed})");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
