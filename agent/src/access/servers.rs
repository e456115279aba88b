//! Which PostgreSQL servers listen on watched ports, by the processes that hold the sockets.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, statat};
use rustix::io::Errno;

use super::files::Root;
use super::seen::{Place, name};
use crate::privileges::mend_of_asking;
use crate::proc::Proc;
use crate::snapshot::{Served, databases};

/// Servers whose files are read.
const SERVERS_MAX: usize = 64;
/// Sockets are asked again who holds them: a descriptor may be handed over.
const AGAIN_AFTER: Duration = Duration::from_secs(300);
/// Of the environment of a process.
const ENVIRONMENT_BYTES_MAX: u64 = 1 << 20;
const DATABASE: &str = "PostgreSQL";
const MEND: &str = "`postgresql.conf` in `access-rules.config-files`";

/// Servers that are known, by process.
#[derive(Debug, Default)]
pub(super) struct Servers {
    /// Cookies of sockets, so that nobody is asked twice.
    asked: HashSet<u64>,
    again_at: Option<Instant>,
    /// By pid and start.
    running: HashMap<(u32, Duration), BTreeSet<u16>>,
    /// Why not all are known.
    pub(super) problem: Option<String>,
}

/// One of them, to be looked at now.
#[derive(Debug)]
pub(super) struct Server {
    /// What it is known by over restarts: its data directory, or the file that was configured.
    pub(super) name: String,
    /// In words, with its ports.
    pub(super) shown: String,
    /// Its process, and when that started; `None` where that is not known.
    pub(super) run: Option<(u32, Duration)>,
    /// `Err` says why it has none.
    pub(super) place: Result<Place, String>,
}

impl Servers {
    /// Learns who listens now.
    pub(super) fn learn(&mut self, served: &[Served]) {
        if self.again_at.is_none_or(|again_at| again_at <= Instant::now()) {
            self.again_at = Some(Instant::now() + AGAIN_AFTER);
            self.asked.clear();
        }
        let new: Vec<Served> = served.iter().filter(|it| !self.asked.contains(&it.cookie)).copied().collect();
        self.asked = served.iter().map(|it| it.cookie).collect();
        if new.is_empty() {
            return;
        }
        let (found, unknown) = databases(&new);
        self.problem = unknown.first().map(|it| {
            let port = it.port;
            format!("who listens on port {port} cannot be found; {}, or name its {MEND}", mend_of_asking())
        });
        for (Served { port, .. }, pid, database) in found {
            if database != DATABASE {
                continue;
            }
            let Ok(Some(process)) = Proc::find(pid) else { continue };
            let key = (pid, process.started());
            if self.running.contains_key(&key) || self.running.len() < SERVERS_MAX {
                self.running.entry(key).or_default().insert(port);
            } else {
                self.problem = Some(format!("more than {SERVERS_MAX} servers listen on watched ports"));
            }
        }
    }

    /// Those that run still.
    pub(super) fn now(&mut self) -> Vec<Server> {
        self.running.retain(|(pid, started), _| {
            Proc::find(*pid).is_ok_and(|process| process.is_some_and(|process| process.started() == *started))
        });
        let mut servers: Vec<Server> =
            self.running.iter().filter_map(|(run, ports)| Server::running(*run, ports)).collect();
        servers.sort_by(|one, other| one.name.cmp(&other.name));
        servers.dedup_by(|one, other| one.name == other.name);
        servers
    }
}

impl Server {
    /// PostgreSQL works in its data directory. `None` for one that has just ended.
    fn running(run: (u32, Duration), ports: &BTreeSet<u16>) -> Option<Self> {
        let (pid, _) = run;
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let ports = ports.join(", ");
        let place = || -> Result<(String, PathBuf, Root), Errno> {
            let data = rustix::fs::readlink(format!("/proc/{pid}/cwd"), Vec::new())?;
            let data = PathBuf::from(OsString::from_vec(data.into_bytes()));
            let root = Root::of_process(pid)?;
            let mounts = |pid: &str| statat(CWD, format!("/proc/{pid}/ns/mnt"), AtFlags::empty());
            let is_ours = mounts(&pid.to_string())?.st_ino == mounts("self")?.st_ino;
            // Each container may have a data directory of that path.
            let inode = if is_ours { None } else { root.inode(&data).ok() };
            let inode = inode.map_or_else(String::new, |inode| format!("#{inode}"));
            Ok((format!("{}{inode}", name(&data)), data, root))
        };
        Some(match place() {
            Ok((name, data, root)) => Server {
                shown: format!("PostgreSQL in {} (port {ports})", super::seen::name(&data)),
                name,
                run: Some(run),
                place: Ok(Place { root, data: Some(data), environment: environment(pid), config: None }),
            },
            Err(Errno::NOENT | Errno::SRCH) => return None,
            Err(error) => Server {
                name: format!("port {ports}"),
                shown: format!("PostgreSQL on port {ports} (pid {pid})"),
                run: Some(run),
                place: Err(format!(
                    "its data directory cannot be found: {error}; {}, or name its {MEND}",
                    mend_of_asking()
                )),
            },
        })
    }

    /// One whose configuration somebody has named.
    pub(super) fn configured(config: &Path) -> Self {
        let shown = name(config);
        Server {
            name: shown.clone(),
            run: None,
            shown: format!("the PostgreSQL of {shown}"),
            place: Root::of_host()
                .map(|root| Place { root, data: None, environment: None, config: Some(config.to_owned()) })
                .map_err(|error| format!("/ cannot be opened: {error}")),
        }
    }
}

/// What the process was started with as `PGDATA`.
fn environment(pid: u32) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    File::open(format!("/proc/{pid}/environ"))
        .ok()?
        .take(ENVIRONMENT_BYTES_MAX)
        .read_to_end(&mut bytes)
        .ok()?;
    let value = bytes.split(|byte| *byte == 0).find_map(|variable| variable.strip_prefix(b"PGDATA="))?;
    Some(PathBuf::from(OsString::from_vec(value.to_vec())))
}
