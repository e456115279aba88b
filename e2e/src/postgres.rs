//! A throwaway PostgreSQL cluster on a free port, with passwords checked by SCRAM-SHA-256 over TCP.

mod template;

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::account::Account;
use crate::daemon::{Daemon, Launch, Ready};
use crate::login::Login;
use crate::scratch::Scratch;
use crate::{port, processes, psql, wait};

/// The superuser of throwaway clusters.
pub const SUPERUSER: &str = "postgres";

/// The size of a segment of its log: one of the usual 16 MB would be nearly half of a new cluster.
pub const WAL_SEGMENT_MB: usize = 1;

/// Names the folder of `initdb` and `postgres` of another version than the installed one.
const SERVER_VARIABLE: &str = "PICKET_TEST_POSTGRES";

/// How often a port that somebody else took in the meantime is replaced by another.
const PORT_TRIES_MAX: u32 = 4;

/// A running cluster. Dropping it stops and removes it.
#[derive(Debug)]
pub struct Postgres {
    // Declared before the folder, so that the server is gone first.
    server: Daemon,
    port: u16,
    password: String,
    settings: Vec<String>,
    folder: Scratch,
}

impl Postgres {
    /// Creates and starts a cluster.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// The same with settings such as `log_statement=all`.
    pub fn start_with(settings: &[&str]) -> Result<Self> {
        let programs = server_programs()?;
        let folder = Scratch::new("pg")?;
        let password = password()?;
        create(&programs, &folder).context("create a PostgreSQL cluster")?;
        let mut tries = 1;
        loop {
            let port = port::free()?;
            match serve(&programs, &folder, port, settings) {
                Ok(server) => {
                    let settings = settings.iter().map(ToString::to_string).collect();
                    let started = Self { server, port, password, settings, folder };
                    let Self { password, .. } = &started;
                    started
                        .administer("postgres", &format!("ALTER ROLE {SUPERUSER} PASSWORD '{password}'"))?;
                    return Ok(started);
                }
                Err(error) if tries == PORT_TRIES_MAX => return Err(error),
                Err(_) => tries += 1,
            }
        }
    }

    /// The port of 127.0.0.1 that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the server that starts all others.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// The superuser's way into `database`.
    #[must_use]
    pub fn superuser(&self, database: &str) -> Login {
        Login {
            port: self.port,
            user: SUPERUSER.to_string(),
            password: self.password.clone(),
            database: database.to_string(),
        }
    }

    /// Runs `sql` as the superuser in `database`, over its UNIX socket; an error in it is an error here.
    pub fn administer(&self, database: &str, sql: &str) -> Result<String> {
        psql::run_in(&self.socket_folder(), &self.superuser(database), sql)?.success()
    }

    /// Stops it at once and leaves its folder, as a host that went down would.
    pub fn go_down(&mut self) -> Result<()> {
        self.server.ask_to_end(rustix::process::Signal::QUIT)?;
        self.server.terminate().map(|_| ())
    }

    /// Kills the server and every process that it has started, as a host that loses power would.
    pub fn crash(&mut self) -> Result<()> {
        let children = processes::children(self.pid()).context("find the server's processes")?;
        self.server.kill()?;
        for child in &children {
            processes::kill(*child);
        }
        // Whoever starts it again must not meet one that still holds its memory.
        wait::until("the server's processes to end", Duration::from_secs(30), || {
            Ok((!children.iter().any(|child| processes::runs(*child))).then_some(()))
        })
    }

    /// Starts it again after `crash` or `go_down`, on the same port, and waits until it has recovered.
    pub fn start_again(&mut self) -> Result<()> {
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        self.server = serve(&server_programs()?, &self.folder, self.port, &settings)?;
        Ok(())
    }

    /// What the server has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// Where its UNIX socket is.
    #[must_use]
    pub fn socket_folder(&self) -> PathBuf {
        self.folder.join("s")
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A password that is in no file of the repository.
pub fn password() -> Result<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/uuid").context("read a random number")?;
    Ok(id.trim().replace('-', ""))
}

/// The folder of the newest installed server's programs; Debian keeps them out of PATH.
pub fn programs() -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let version = entry.file_name().to_string_lossy().parse().unwrap_or(0);
        found.push((version, entry.path().join("bin")));
    }
    found.sort();
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = found.into_iter().rev().map(|(_, folder)| folder).chain(std::env::split_paths(&on_path));
    let needed = ["initdb", "postgres", "psql", "pgbench"];
    let complete = |folder: &PathBuf| needed.iter().all(|program| folder.join(program).is_file());
    let folder = candidates.into_iter().find(complete);
    folder.context("find PostgreSQL's initdb, postgres, psql and pgbench; run `cargo xtask setup`")
}

/// The folder of the server's programs: of another version, where `PICKET_TEST_POSTGRES` says so.
fn server_programs() -> Result<PathBuf> {
    match std::env::var_os(SERVER_VARIABLE) {
        Some(folder) => Ok(folder.into()),
        None => programs(),
    }
}

/// Gives a file, such as a private key, to the account that servers run under.
pub fn give_to_server(path: &Path) -> Result<()> {
    match server_account()? {
        Some(account) => {
            chown(path, Some(account.uid), Some(account.gid)).context("give it to the server's user")
        }
        None => Ok(()),
    }
}

/// PostgreSQL refuses to run as root; as anyone else it runs as that user.
fn server_account() -> Result<Option<Account>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    Account::find("postgres").or_else(|_| Account::find("nobody")).map(Some)
}

fn create(programs: &Path, folder: &Scratch) -> Result<()> {
    let sockets = folder.join("s");
    fs::create_dir(&sockets).context("create the folder for its socket")?;
    if let Some(account) = server_account()? {
        chown(&sockets, Some(account.uid), Some(account.gid)).context("give it to the server's user")?;
    }
    template::copy(programs, &folder.join("data"))
}

fn serve(programs: &Path, folder: &Scratch, port: u16, settings: &[&str]) -> Result<Daemon> {
    let sockets = format!("unix_socket_directories={}", folder.join("s").display());
    let port = format!("port={port}");
    // Nothing in a throwaway cluster needs to survive a power cut.
    let mut all = vec!["listen_addresses=127.0.0.1", &port, &sockets, "fsync=off", "full_page_writes=off"];
    all.extend([
        "synchronous_commit=off",
        "shared_buffers=32MB",
        "max_wal_size=1GB",
        "timezone=UTC",
        "logging_collector=off",
    ]);
    all.push("max_prepared_transactions=8");
    all.extend(settings);
    Launch::new(
        programs.join("postgres"),
        folder.join("postgres.log"),
        Ready::Log("database system is ready to accept connections"),
    )
    .args(["-D"])
    .args([folder.join("data")])
    .args(all.iter().flat_map(|setting| ["-c", setting]))
    .account(server_account()?)
    // Immediate shutdown: the server itself ends its children and frees its shared memory.
    .quits()
    .start()
}
