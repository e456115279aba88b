//! `cargo xtask record`: conversations of real clients with a real PostgreSQL through the proxy, for `session` to replay.

mod clients;
mod conversation;
mod stage;
mod tap;

use std::fs;

use anyhow::{Context, Result, ensure};

use self::stage::Stage;
use crate::progress::Step;
use crate::{repo, run, setup, test};

/// Record the conversations that `session` replays in its tests.
///
/// Starts a throwaway PostgreSQL with a small shop, the ledger's engine and the proxy, and keeps what passes on both sides
/// of the proxy while real clients work. What belongs to logging in is left out, and with it every secret. The files in
/// crates/session/tests/conversations are written anew; numbers in the expectations beside them may then have changed.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the conversations whose names contain this.
    only: Option<String>,
}

/// Where the tests find them.
const FOLDER: &str = "crates/session/tests/conversations";

/// Nobody reads what is longer, and every clone of the repository has it.
const BYTES_MAX: usize = 128 << 10;

pub(crate) fn command(args: &Args) -> Result<()> {
    setup::ensure()?;
    run::shown(test::cargo_command()?.args(["build", "--workspace", "--bins"]))?;
    let chosen = |name: &str| args.only.as_deref().is_none_or(|only| name.contains(only));
    let chosen: Vec<_> = clients::ALL.iter().filter(|(name, _)| chosen(name)).collect();
    ensure!(!chosen.is_empty(), "no conversation has that in its name");
    let step = Step::start("start PostgreSQL, the engine and the proxy");
    let stage = Stage::start()?;
    step.done();
    for (name, speak) in chosen {
        let step = Step::start(*name);
        let passed = stage.passed(speak).with_context(|| format!("have {name} speak"))?;
        let text =
            conversation::text(&stage.relations()?, &passed).with_context(|| format!("read {name}"))?;
        ensure!(text.len() <= BYTES_MAX, "{name} has {} bytes, at most {BYTES_MAX} are kept", text.len());
        let path = repo::root()?.join(FOLDER).join(format!("{name}.txt"));
        fs::write(&path, text).with_context(|| format!("write `{}`", repo::shown(&path)))?;
        step.done();
    }
    Ok(())
}
