//! `cargo xtask demo`: the whole of Picket on real parts, for somebody who sees it for the first time.

mod parts;
mod story;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use e2e::wait::INTERRUPTED;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use self::parts::Parts;
use crate::error::Interrupted;
use crate::progress::seconds;
use crate::setup::{self, Privilege};
use crate::{ebpf, run, test};

/// Show the whole of Picket on real parts.
///
/// Installs what is missing (see `cargo xtask setup --help`) and builds. Then it starts a throwaway PostgreSQL
/// with a small shop, the ClickHouse engine, the proxy and the agent; runs a real psql session through the proxy
/// and another one around it; and prints what the ledger knows: who touched what, and who went around. It fails
/// if anything is not as it says. Everything it started is stopped and removed at the end, also on an error and
/// on Ctrl-C. The agent loads programs into the kernel and needs root: run as somebody else, it goes through sudo.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave everything running after the tour, and print how to connect, until Ctrl-C.
    #[arg(long)]
    keep: bool,
}

pub(crate) fn command(args: &Args) -> Result<()> {
    setup::ensure()?;
    ebpf::build()?;
    println!("building Picket (the first time takes some minutes)");
    run::shown(test::cargo_command()?.args(["build", "--workspace", "--bins"]))?;
    Privilege::obtain("run the agent, which loads programs into the kernel", "run the demo as root")?;
    watch_signals()?;

    let result = tour(args.keep);
    if INTERRUPTED.load(Ordering::Relaxed) {
        return Err(anyhow!(Interrupted));
    }
    result
}

fn tour(keep: bool) -> Result<()> {
    let started = Instant::now();
    let parts = Parts::start()?;
    story::tell(&parts)?;
    println!("\nThe demo took {}.", seconds(started.elapsed()));
    if keep {
        parts.explain_connecting();
        wait_for_interrupt();
    }
    parts.stop()?;
    println!("Everything is stopped and removed.");
    Ok(())
}

/// The first Ctrl-C ends the waits and so the tour, with everything stopped on the way out; a second one while
/// that goes on ends the program at once, and what it started dies with it.
fn watch_signals() -> Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register_conditional_shutdown(signal, 130, Arc::clone(&INTERRUPTED))
            .context("catch signals")?;
        flag::register(signal, Arc::clone(&INTERRUPTED)).context("catch signals")?;
    }
    Ok(())
}

fn wait_for_interrupt() {
    while !INTERRUPTED.load(Ordering::Relaxed) {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    // Ending is what was asked for now, and it may wait for programs to end.
    INTERRUPTED.store(false, Ordering::Relaxed);
    println!();
}
