//! Ends connections: the agent of this host does it, and its program asks it.

use std::env;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::anyhow;

use crate::args::KillArgs;
use crate::failure::Failure;

/// The program that asks the agent of its host.
const AGENT: &str = "picket-agent";

/// Becomes `picket-agent kill`: the one beside this program, or else the one of PATH. Only comes back where that fails.
pub(crate) fn kill(KillArgs { config, connection, reason }: KillArgs) -> Result<(), Failure> {
    let mut kill = Command::new(beside_this().unwrap_or_else(|| AGENT.into()));
    let error =
        kill.args(["kill", "--reason", &reason, "--config"]).arg(config).arg("--").arg(connection).exec();
    Err(match error.kind() {
        ErrorKind::NotFound => Failure::unavailable(anyhow!(
            "no {AGENT} is installed here; a connection is ended on the host that it leads to (`host` of `picket bypasses`): run this \
             there; `picket session kill` ends a session of a proxy from anywhere"
        )),
        _ => Failure::unavailable(anyhow!("cannot start {AGENT}: {error}")),
    })
}

fn beside_this() -> Option<PathBuf> {
    let program = env::current_exe().ok()?.with_file_name(AGENT);
    program.is_file().then_some(program)
}
