//! Where Picket's own programs are once cargo has built them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// Variables with which a person points Picket at a ClickHouse; they would override the configuration of throwaway
/// parts.
pub(crate) const OWN_CLICKHOUSE: [&str; 3] =
    ["PICKET_CLICKHOUSE_URL", "PICKET_CLICKHOUSE_USER", "PICKET_CLICKHOUSE_PASSWORD"];

static CHOSEN: OnceLock<PathBuf> = OnceLock::new();

/// Takes the programs from `folder` from now on, such as those of a release build.
pub fn use_folder(folder: PathBuf) -> Result<()> {
    CHOSEN.set(folder).ok().context("choose the folder of programs a second time")
}

/// The program `name`, built beside the program that asks unless another folder was chosen.
pub fn find(name: &str) -> Result<PathBuf> {
    let folder = match CHOSEN.get() {
        Some(folder) => folder.clone(),
        None => beside_this()?,
    };
    let program = folder.join(name);
    if !program.is_file() {
        bail!("`{}` is not built; run `cargo build --workspace` or `cargo xtask test`", program.display());
    }
    Ok(program)
}

/// A command for the program `name` that does not know of the person's own ClickHouse.
pub fn command(name: &str) -> Result<Command> {
    let mut command = Command::new(find(name)?);
    for own in OWN_CLICKHOUSE {
        command.env_remove(own);
    }
    Ok(command)
}

/// Tests live in `target/debug/deps`, programs in `target/debug`.
fn beside_this() -> Result<PathBuf> {
    let this = env::current_exe().context("find this program")?;
    let folder = this.parent().context("find this program's folder")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    Ok(Path::to_path_buf(folder))
}
