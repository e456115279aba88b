//! The data folder that clusters begin as: made once by this process, since to copy one takes a sixth of the time of `initdb`.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail};

use super::{SUPERUSER, WAL_SEGMENT_MB, password, server_account};
use crate::scratch::Scratch;

/// Copies the template to `data`, which is not there yet.
pub(super) fn copy(programs: &Path, data: &Path) -> Result<()> {
    static TEMPLATE: OnceLock<Result<(PathBuf, Scratch), String>> = OnceLock::new();
    let made = TEMPLATE.get_or_init(|| make(programs).map_err(|error| format!("{error:#}")));
    let (template, _) = made.as_ref().map_err(|error| anyhow!("{error}"))?;
    let output = Command::new("cp").arg("--archive").args([template, data]).output().context("start cp")?;
    if !output.status.success() {
        bail!("cp failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// A cluster with a password that nobody knows.
fn make(programs: &Path) -> Result<(PathBuf, Scratch)> {
    let folder = Scratch::new("template")?;
    let (data, password_file) = (folder.join("data"), folder.join("password"));
    fs::create_dir(&data).context("create the data folder")?;
    fs::write(&password_file, password()?).context("write the superuser's password")?;
    let mut initdb = match server_account()? {
        Some(account) => {
            for path in [&data, &password_file] {
                chown(path, Some(account.uid), Some(account.gid)).context("give it to the server's user")?;
            }
            let mut command = Command::new("setpriv");
            command.args(account.setpriv_args()).arg("--").arg(programs.join("initdb"));
            command
        }
        None => Command::new(programs.join("initdb")),
    };
    let output = initdb
        .arg("--pgdata")
        .arg(&data)
        .args(["--username", SUPERUSER, "--auth-local=trust", "--auth-host=scram-sha-256"])
        .args(["--encoding=UTF8", "--locale=C", "--no-sync"])
        .arg(format!("--wal-segsize={WAL_SEGMENT_MB}"))
        .arg("--pwfile")
        .arg(&password_file)
        // Root's own home is no place that the server's user can stand in.
        .current_dir("/")
        .output()
        .context("start initdb")?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok((data, folder))
}
