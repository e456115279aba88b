//! PgBouncer in session mode on a free port, with a configuration of its own, and not as root.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;

use anyhow::{Context, Result};
use e2e::account::Account;
use e2e::daemon::{Daemon, Launch, Ready};
use e2e::login::Login;
use e2e::port;
use e2e::scratch::Scratch;
use rustix::process::Pid;

use super::field::CONNECTIONS_MAX;
use crate::{repo, run, setup};

/// A running PgBouncer. Dropping it kills it.
pub(super) struct PgBouncer {
    daemon: Daemon,
    pub(super) login: Login,
    _folder: Scratch,
}

impl PgBouncer {
    /// In front of `server`, with the same log-in: SCRAM-SHA-256 on both sides, as Picket has it.
    pub(super) fn start(server: &Login) -> Result<Self> {
        let installed = setup::pgbouncer().context("find PgBouncer; run `cargo xtask setup`")?;
        let folder = Scratch::new("pgbouncer")?;
        // A user's cache is closed to other users.
        let program = folder.join("pgbouncer");
        fs::copy(&installed.program, &program).context("copy PgBouncer")?;
        let libraries = folder.join("lib");
        fs::create_dir(&libraries).context("create a folder for its libraries")?;
        for library in &installed.libraries {
            let name = library.file_name().context("read the name of a library")?;
            fs::copy(library, libraries.join(name)).context("copy a library of PgBouncer")?;
        }
        let login = Login { port: port::free()?, ..server.clone() };
        let (users, settings) = (folder.join("users.txt"), folder.join("pgbouncer.ini"));
        fs::write(&users, format!("\"{}\" \"{}\"\n", login.user, login.password))
            .context("write its users")?;
        let text = format!(
            "[databases]\n{database} = host=127.0.0.1 port={server_port}\n\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {users}\n\
             pool_mode = session\nmax_client_conn = {CONNECTIONS_MAX}\ndefault_pool_size = {CONNECTIONS_MAX}\n\
             ignore_startup_parameters = extra_float_digits\n\
             ; As Picket, it logs no ordinary connection.\nlog_connections = 0\nlog_disconnections = 0\n\
             ; What one measurement left is gone before it is in the way of another.\nserver_idle_timeout = 5\n",
            database = login.database,
            server_port = server.port,
            port = login.port,
            users = users.display(),
        );
        fs::write(&settings, text).context("write its configuration")?;
        let account = account()?;
        if let Some(account) = account {
            for path in [&users, &settings] {
                chown(path, Some(account.uid), Some(account.gid)).context("give PgBouncer its files")?;
            }
        }
        let daemon = Launch::new(&program, folder.join("pgbouncer.log"), Ready::Log("process up"))
            .args([&settings])
            .env("LD_LIBRARY_PATH", &libraries)
            .account(account)
            .start()?;
        Ok(Self { daemon, login, _folder: folder })
    }

    pub(super) fn pid(&self) -> Result<Pid> {
        i32::try_from(self.daemon.pid()).ok().and_then(Pid::from_raw).context("read PgBouncer's process id")
    }
}

/// Such as `PgBouncer 1.18.0`.
pub(super) fn version() -> Result<String> {
    let installed = setup::pgbouncer().context("find PgBouncer; run `cargo xtask setup`")?;
    let mut command = Command::new(&installed.program);
    if let Some(folder) = installed.libraries.first().and_then(|library| library.parent()) {
        command.env("LD_LIBRARY_PATH", folder);
    }
    let said = run::output(command.arg("--version"))?;
    Ok(said.lines().next().unwrap_or_default().to_string())
}

/// PgBouncer refuses to run as root.
fn account() -> Result<Option<Account>> {
    if repo::is_root() { Account::find("nobody").map(Some) } else { Ok(None) }
}
