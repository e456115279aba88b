//! Tells of databases that listen where nobody watches, and of those who are connected to a database around the proxy and
//! listen themselves: each once. Looks find both.

pub(crate) mod programs;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use audit::record::{
    AlertKind, AlertRecord, ConnectionClass, ConnectionRecord, ProcessFacts, Record, UnixMicros,
};

use crate::config::DiscoverConfig;
use crate::sentence;
use crate::snapshot::{Found, Listener, Look, Quest, Suspect};
use crate::track::{Host, Witness};

/// All listeners are asked again who they are: a descriptor may be handed over, and a process become another program.
const AGAIN_AFTER: Duration = Duration::from_secs(300);
/// Those who may pass connections on and wait to be looked at; beyond it the others are only bypasses.
const SUSPECTS_MAX: usize = 256;
/// What was told is remembered; beyond it all may be told again.
const TOLD_MAX: usize = 4096;
/// Databases of one look that are told one by one.
const ALERTS_MAX: usize = 64;
/// Ports that are watched because somebody listens there: whoever calls itself a database must not fill the kernel's map.
const WATCHED_MAX: usize = 256;
/// Those of them that are watched because of one user: nobody takes the places of others.
const WATCHED_OF_USER_MAX: usize = 64;
/// Fellows of a suspect that are looked at: the one that listens may have started the one that is connected.
const FELLOWS_MAX: usize = 3;

#[derive(Debug)]
pub(crate) struct Discovery {
    config: DiscoverConfig,
    /// Cookies of listeners that were looked at.
    seen: HashSet<u64>,
    again_at: Instant,
    told: HashSet<String>,
    /// By program and database: the newest connection of each.
    suspects: HashMap<(String, String), ConnectionRecord>,
    /// Those that the look is asked about which is not back yet.
    asked: Vec<ConnectionRecord>,
    /// With whom they are watched because of.
    watched: BTreeMap<u16, u32>,
}

impl Discovery {
    pub(crate) fn new(config: DiscoverConfig, now: Instant) -> Self {
        Discovery {
            config,
            seen: HashSet::new(),
            again_at: now + AGAIN_AFTER,
            told: HashSet::new(),
            suspects: HashMap::new(),
            asked: Vec::new(),
            watched: BTreeMap::new(),
        }
    }

    /// Whether it is looked for databases at all.
    pub(crate) fn is_on(&self) -> bool {
        self.config.listeners
    }

    /// Whether a look is wanted.
    pub(crate) fn is_curious(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// Whether some of these listen since the last look.
    pub(crate) fn is_new(&self, listening: &HashSet<u64>) -> bool {
        !listening.is_subset(&self.seen)
    }

    /// Notes who is connected around the proxy by a program that may pass connections on. Who is allowed to by a rule is
    /// known to whoever wrote it.
    pub(crate) fn note(&mut self, record: &ConnectionRecord) {
        let ConnectionRecord { class, closed_at, process, .. } = record;
        let is_around = matches!(class, ConnectionClass::Bypass | ConnectionClass::Unknown);
        let Some(process) = process.as_ref().filter(|_| self.config.listeners && is_around) else { return };
        if !programs::is_forwarder(&process.executable, &process.command) {
            return;
        }
        let key = (programs::name(&process.executable, &process.command), record.place());
        if closed_at.is_some() {
            if let Some(open) = self.suspects.get_mut(&key).filter(|open| open.cookie == record.cookie) {
                open.clone_from(record);
            }
            return;
        }
        if self.suspects.len() < SUSPECTS_MAX || self.suspects.contains_key(&key) {
            self.suspects.insert(key, record.clone());
        }
    }

    /// What the next look is asked.
    pub(crate) fn quest(&mut self, now: Instant) -> Option<Quest> {
        if !self.config.listeners {
            return None;
        }
        if self.again_at <= now {
            self.again_at = now + AGAIN_AFTER;
            self.seen.clear();
        }
        self.asked = self.suspects.drain().map(|(_, record)| record).collect();
        Some(Quest { seen: self.seen.clone(), suspects: self.asked.iter().map(suspect).collect() })
    }

    /// Tells what a look has found. Returns the ports that are to be watched from now on.
    pub(crate) fn on_look(
        &mut self,
        look: &Look,
        host: &Host,
        witness: &mut impl Witness,
        out: &mut Vec<Record>,
    ) -> Vec<u16> {
        let asked = std::mem::take(&mut self.asked);
        let Some(Found { listening, listeners, forwarding, .. }) = &look.found else { return Vec::new() };
        self.seen.retain(|cookie| listening.contains(cookie));
        self.seen.extend(listening);
        let (mut ports, at) = (Vec::new(), witness.at(look.ended_boot_ns));
        let (before, mut untold) = (out.len(), 0);
        for listener in listeners {
            let Listener { namespace, local, database, process, .. } = listener;
            let port = local.port();
            let what = format!("{namespace} {port} {database}");
            if self.config.ignore_ports.contains(&port) || self.told.contains(&what) {
                continue;
            }
            if ALERTS_MAX <= out.len() - before {
                untold += 1;
                // Its turn comes when all are asked again.
                continue;
            }
            self.is_told(what);
            let is_watched = self.config.watch && self.watches(port, listener);
            if is_watched {
                ports.push(port);
            }
            let facts = witness.facts(process, look.ended_boot_ns);
            let message = message(listener, &facts, is_watched);
            out.push(alert(AlertKind::Listener, at, message, None, host, witness));
        }
        if 0 < untold {
            let message =
                format!("databases listen on {untold} more ports of {} that are not watched", host.name);
            out.push(alert(AlertKind::Listener, at, message, None, host, witness));
        }
        let mut listening_too = HashSet::new();
        for (place, pid, local) in forwarding {
            let Some(record) = asked.get(*place) else { continue };
            listening_too.insert(*place);
            let Some(process) = &record.process else { continue };
            let database = record.place();
            if self.is_told(format!("{local} {} {database}", process.command)) {
                continue;
            }
            let who = sentence::who(process);
            let listens = match *pid == process.pid {
                true => format!("{who} listens on {local} and is"),
                false => format!("pid {pid} listens on {local}, and {who}, which it started, is"),
            };
            let message = format!(
                "{listens} connected to {database} around the proxy: whoever reaches the one may reach the other{}",
                sentence::known(process)
            );
            out.push(alert(AlertKind::Forwarder, at, message, Some(record.clone()), host, witness));
        }
        for (place, record) in asked.iter().enumerate() {
            let Some(process) = &record.process else { continue };
            let is_tunnel =
                programs::is_tunnel(&process.executable, &process.command) && !has_passed_nothing(record);
            let (who, database) = (sentence::who(process), record.place());
            if !is_tunnel || listening_too.contains(&place) || self.is_told(format!("{who} {database}")) {
                continue;
            }
            let message = format!(
                "{who} is connected to {database} around the proxy, and speaks for others alone: whoever reaches the one may \
                 reach the other{}",
                sentence::known(process)
            );
            out.push(alert(AlertKind::Forwarder, at, message, Some(record.clone()), host, witness));
        }
        ports
    }

    /// Whether the port is watched from now on. Anybody may give a program a database's name.
    fn watches(&mut self, port: u16, Listener { process, is_in_reach, .. }: &Listener) -> bool {
        let of_user = || self.watched.values().filter(|uid| **uid == process.uid).count();
        let is_free = *is_in_reach && self.watched.len() < WATCHED_MAX && of_user() < WATCHED_OF_USER_MAX;
        if is_free {
            self.watched.entry(port).or_insert(process.uid);
        }
        self.watched.contains_key(&port)
    }

    /// The look did not come back: who it was asked about waits for the next one.
    pub(crate) fn abandon_look(&mut self) {
        for record in std::mem::take(&mut self.asked) {
            self.note(&record);
        }
    }

    fn is_told(&mut self, what: String) -> bool {
        if TOLD_MAX <= self.told.len() {
            self.told.clear();
        }
        !self.told.insert(what)
    }
}

/// Whether it has ended without a byte to the database, as `nc -z` does.
fn has_passed_nothing(record: &ConnectionRecord) -> bool {
    record.closed_at.is_some() && record.socket_path.is_empty() && record.bytes_to_server == 0
}

/// It, and those of its parents that run the same program.
fn suspect(record: &ConnectionRecord) -> Suspect {
    let Some(process) = &record.process else { return Suspect::default() };
    let program = programs::name(&process.executable, &process.command);
    let parents = process.parents.iter().take(FELLOWS_MAX).filter_map(|parent| {
        let (command, pid) = parent.strip_suffix(']')?.rsplit_once('[')?;
        (programs::name("", command) == program).then(|| pid.parse().ok())?
    });
    Suspect { pids: [process.pid].into_iter().chain(parents).collect(), program }
}

fn message(listener: &Listener, process: &ProcessFacts, is_watched: bool) -> String {
    let Listener { local, database, .. } = listener;
    let place = listener.place();
    let (who, known) = (sentence::who(process), sentence::known(process));
    let mend = match is_watched {
        true => "which was not watched: it is from now on".to_owned(),
        false => format!(
            "which is not watched: add {} to `watch-ports`, or to `discover.ignore-ports`",
            local.port()
        ),
    };
    format!("{database}: {who} listens on {place}, {mend}{known}")
}

fn alert(
    kind: AlertKind,
    raised_at: UnixMicros,
    message: String,
    connection: Option<ConnectionRecord>,
    host: &Host,
    witness: &mut impl Witness,
) -> Record {
    tracing::warn!("{message}");
    let alert_id = witness.alert_id();
    Record::Alert(AlertRecord { alert_id, raised_at, host: host.name.clone(), kind, message, connection })
}

#[cfg(test)]
mod tests;
