//! Tells when files change that say who may log in to the PostgreSQL servers of watched ports: `pg_hba.conf`, `pg_ident.conf`, and
//! where the server listens. It reads them on a thread of its own: a file system that does not answer holds nothing else up.

mod compare;
mod files;
mod rules;
mod seen;
mod servers;
mod settings;
mod state;

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use audit::record::{AlertKind, UnixMicros};
use jiff::Timestamp;
use tokio::sync::mpsc;

use self::compare::Change;
use self::seen::{Origin, Seen};
use self::servers::{Server, Servers};
use self::state::State;
use crate::config::AccessRulesConfig;
use crate::moment::Clock;
use crate::snapshot::Served;

/// Between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A look that takes longer hangs.
const LOOK_NS_MAX: u64 = 60_000_000_000;
/// Looks that are not taken in yet.
const TOLD_MAX: usize = 4;
/// Problems of one look that are told one by one.
const PROBLEMS_TOLD_MAX: usize = 16;

/// What a look has found.
#[derive(Debug)]
pub(crate) struct Told {
    /// With their messages.
    pub(crate) alerts: Vec<(AlertKind, String)>,
    /// What is known from now on, once these are recorded.
    state: Vec<u8>,
}

/// The agent's side of it.
#[derive(Debug)]
pub(crate) struct AccessRules {
    dir: PathBuf,
    /// `None` where it is not asked for.
    thread: Option<Thread>,
    /// Waits for the thread.
    served: Option<Vec<Served>>,
    /// Waits for the spool.
    state: Option<Vec<u8>>,
    is_hang_told: bool,
    is_unkept_told: bool,
}

#[derive(Debug)]
struct Thread {
    send: SyncSender<Vec<Served>>,
    told: mpsc::Receiver<Told>,
    /// When the look began that is not over, in the kernel's time; 0 between looks.
    busy_since_ns: Arc<AtomicU64>,
}

impl AccessRules {
    /// Goes on from what an earlier agent left in `dir`, whose lock the spool holds.
    pub(crate) fn start(config: AccessRulesConfig, host: &str, dir: &Path) -> io::Result<Self> {
        let mut rules = AccessRules {
            dir: dir.to_owned(),
            thread: None,
            served: None,
            state: None,
            is_hang_told: false,
            is_unkept_told: false,
        };
        if config.watch {
            let ((send, served), (tell, told)) = (sync_channel(1), mpsc::channel(TOLD_MAX));
            let busy_since_ns = Arc::new(AtomicU64::new(0));
            let watcher = Watcher {
                config_files: config.config_files,
                host: host.to_owned(),
                state: State::read(dir),
                servers: Servers::default(),
                problems: HashSet::new(),
                busy_since_ns: Arc::clone(&busy_since_ns),
            };
            thread::Builder::new()
                .name("access-rules".to_owned())
                .spawn(move || watcher.run(&served, &tell))?;
            rules.thread = Some(Thread { send, told, busy_since_ns });
        }
        Ok(rules)
    }

    pub(crate) fn is_on(&self) -> bool {
        self.thread.is_some()
    }

    /// Who listens on watched ports now.
    pub(crate) fn serve(&mut self, served: Vec<Served>) {
        self.served = Some(served);
    }

    /// What looks have found since. Never waits.
    pub(crate) fn take(&mut self) -> Vec<(AlertKind, String)> {
        let Some(thread) = &mut self.thread else { return Vec::new() };
        if let Some(served) = self.served.take()
            && let Err(TrySendError::Full(served)) = thread.send.try_send(served)
        {
            self.served = Some(served);
        }
        let mut alerts = Vec::new();
        while let Ok(told) = thread.told.try_recv() {
            alerts.extend(told.alerts);
            self.state = Some(told.state);
        }
        let since = thread.busy_since_ns.load(Ordering::Relaxed);
        let hangs = since != 0 && LOOK_NS_MAX < Clock.now_boot_ns().saturating_sub(since);
        if hangs && !self.is_hang_told {
            let message = "reading who may log in hangs, as where a file system does not answer: changes are not told until it goes on";
            tracing::error!("{message}");
            alerts.push((AlertKind::AccessRulesUnread, message.to_owned()));
        }
        self.is_hang_told = hangs;
        alerts
    }

    /// All that was taken is recorded: it need not be told again.
    pub(crate) fn recorded(&mut self) {
        let Some(state) = &self.state else { return };
        match state::keep(&self.dir, state) {
            Ok(()) => (self.state, self.is_unkept_told) = (None, false),
            Err(error) if !self.is_unkept_told => {
                self.is_unkept_told = true;
                tracing::error!(dir = %self.dir.display(), %error, "a restart would tell changes of access rules again");
            }
            Err(_) => {}
        }
    }
}

struct Watcher {
    config_files: Vec<PathBuf>,
    host: String,
    state: State,
    servers: Servers,
    /// Those that were told.
    problems: HashSet<String>,
    busy_since_ns: Arc<AtomicU64>,
}

impl Watcher {
    /// Until the agent ends.
    fn run(mut self, served: &Receiver<Vec<Served>>, tell: &mpsc::Sender<Told>) {
        loop {
            match served.recv_timeout(LOOK_EVERY) {
                Ok(served) => self.servers.learn(&served),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.busy_since_ns.store(Clock.now_boot_ns(), Ordering::Relaxed);
            let told = self.look();
            self.busy_since_ns.store(0, Ordering::Relaxed);
            if told.is_some_and(|told| tell.blocking_send(told).is_err()) {
                return;
            }
        }
    }

    /// `None` where nothing is new.
    fn look(&mut self) -> Option<Told> {
        let (mut alerts, mut problems, mut is_news) = (Vec::new(), BTreeMap::new(), false);
        let mut servers = self.servers.now();
        servers.extend(self.config_files.iter().map(|it| Server::configured(it)));
        let names: HashSet<String> = servers.iter().map(|server| server.name.clone()).collect();
        for Server { name, shown, run, place } in &servers {
            let known = self.state.servers.get(name);
            let seen = match place {
                Ok(place) => place.look(*run, &known.map(|known| known.begun.clone()).unwrap_or_default()),
                Err(problem) => {
                    problems.insert(shown.clone(), problem.clone());
                    continue;
                }
            };
            let unread =
                seen.problems.iter().map(|(path, problem)| (format!("{path} of {shown}"), problem.clone()));
            problems.extend(unread);
            let known = match known {
                Some(known) => {
                    let changes = known.changes(&seen);
                    alerts.extend(
                        changes
                            .iter()
                            .map(|change| (AlertKind::AccessRulesChanged, self.changed(shown, change))),
                    );
                    known.clone()
                }
                // Nothing of it can be read, which is told.
                None if seen.files.is_empty() => continue,
                None => {
                    begun(shown, &seen);
                    compare::Known::default()
                }
            };
            let after = known.after(&seen);
            if self.state.servers.get(name) != Some(&after) {
                is_news = true;
                self.state.remember(name, after, |name| names.contains(name));
            }
        }
        // Whoever has named the files knows that the process may not be found.
        let unfound = self.servers.problem.as_ref().filter(|_| self.config_files.is_empty());
        problems.extend(unfound.map(|it| ("PostgreSQL on a watched port".to_owned(), it.clone())));
        alerts.extend(self.unread(&problems));
        for (_, message) in &alerts {
            tracing::warn!("{message}");
        }
        (is_news || !alerts.is_empty()).then(|| Told { alerts, state: self.state.bytes() })
    }

    fn changed(&self, server: &str, change: &Change) -> String {
        format!("{} of {server} on {}{}", change.what, self.host, by(&change.from))
    }

    /// What cannot be read is told once, and again where it could be meanwhile.
    fn unread(&mut self, problems: &BTreeMap<String, String>) -> Vec<(AlertKind, String)> {
        let told = |(what, problem): (&String, &String)| {
            format!("{what} on {} says who may log in, and is not watched: {problem}", self.host)
        };
        let now: HashSet<String> = problems.iter().map(told).collect();
        for message in self.problems.difference(&now) {
            tracing::info!(message, "this is over");
        }
        let mut new: Vec<String> = now.difference(&self.problems).cloned().collect();
        new.sort();
        let more = new.len().saturating_sub(PROBLEMS_TOLD_MAX);
        new.truncate(PROBLEMS_TOLD_MAX);
        if 0 < more {
            new.push(format!("{more} more files on {} that say who may log in are not watched", self.host));
        }
        self.problems = now;
        new.into_iter().map(|message| (AlertKind::AccessRulesUnread, message)).collect()
    }
}

/// From here on it is compared.
fn begun(server: &str, seen: &Seen) {
    let files: Vec<&str> = seen.files.keys().map(String::as_str).collect();
    tracing::info!(server, files = files.join(", "), "who may log in is watched");
}

/// Who owns the file, and when it says that it was written.
fn by(from: &Origin) -> String {
    let Some((owner, at)) = from.written else { return String::new() };
    let user = uzers::get_user_by_uid(owner);
    let user = user.map_or_else(|| format!("uid {owner}"), |user| user.name().to_string_lossy().into_owned());
    format!("; it is {user}'s, written at {}", time(at))
}

fn time(at: UnixMicros) -> String {
    Timestamp::from_microsecond(at.0).unwrap_or_default().to_string()
}
