//! How to run a command as root: directly, through sudo, or not at all.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, anyhow};

use crate::error::Unavailable;
use crate::{repo, run};

/// What this user can do about root's rights.
pub(crate) enum Privilege {
    /// Already root.
    Root,
    /// Through this sudo.
    Sudo(PathBuf),
}

impl Privilege {
    /// Finds out, and lets sudo ask for the password now, before a spinner is in its way. `else_do` says what
    /// a person does instead.
    pub(crate) fn obtain(what_for: &str, else_do: &str) -> Result<Self> {
        if repo::is_root() {
            return Ok(Self::Root);
        }
        let Some(sudo) = repo::find_program("sudo", &[]) else {
            return Err(anyhow!(Unavailable(format!(
                "cannot {what_for}: you are not root and there is no sudo\n{else_do}"
            ))));
        };
        println!("sudo is used to {what_for}");
        if run::shown(Command::new(&sudo).arg("--validate")).is_err() {
            return Err(anyhow!(Unavailable(format!("cannot {what_for}: sudo refused\n{else_do}"))));
        }
        Ok(Self::Sudo(sudo))
    }

    /// `program` as root.
    pub(crate) fn command(&self, program: &str) -> Command {
        match self {
            Self::Root => Command::new(program),
            Self::Sudo(sudo) => {
                let mut command = Command::new(sudo);
                command.arg("--").arg(program);
                command
            }
        }
    }
}
