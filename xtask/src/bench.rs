//! `cargo xtask bench`: measurements, each a command of its own.

mod agent;
mod field;
mod judge;
mod ledger;
mod machine;
mod mask;
mod micro;
mod pgbouncer;
mod plot;
mod process;
mod proxy;
mod results;
mod table;
mod workload;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Subcommand;

pub(crate) use self::plot::text as plot_text;

/// Measure Picket beside what it competes with.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Agent(agent::Args),
    Judge(judge::Args),
    Ledger(ledger::Args),
    Mask(mask::Args),
    Proxy(proxy::Args),
    Micro(micro::Args),
}

pub(crate) fn command(args: &Args) -> Result<()> {
    match &args.what {
        What::Agent(args) => agent::command(args),
        What::Judge(args) => judge::command(args),
        What::Ledger(args) => ledger::command(args),
        What::Mask(args) => mask::command(args),
        What::Proxy(args) => proxy::command(args),
        What::Micro(args) => micro::command(args),
    }
}

/// Writes what was measured to a file.
fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("write `{}`", path.display()))
}
