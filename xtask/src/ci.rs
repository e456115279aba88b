//! `cargo xtask ci`: the whole truth about a change: everything `test` runs, and documentation and dependencies.

use std::process::Command;

use anyhow::Result;

use crate::stages::Stages;
use crate::{repo, run, test};

/// Run everything that a change must pass.
///
/// All of `cargo xtask test`, then the documentation with its warnings denied, and `cargo deny check` (licences,
/// advisories, banned and duplicate crates) where cargo-deny is installed.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn command(_: &Args) -> Result<()> {
    let mut stages = Stages::new();
    test::run_all(&mut stages, None)?;
    stages.run("documentation", || {
        let mut doc = test::cargo_command()?;
        doc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        run::shown(&mut doc)
    })?;
    stages.run("dependencies", dependencies)
}

fn dependencies() -> Result<()> {
    let more: Vec<_> = repo::cargo_install_folder().into_iter().collect();
    let Some(deny) = repo::find_program("cargo-deny", &more) else {
        println!("not checked: cargo-deny is not installed (`cargo install cargo-deny --locked`)");
        return Ok(());
    };
    run::shown(Command::new(deny).current_dir(repo::root()?).arg("check"))
}
