//! Runs the agent: kernel, tracker, spool and writer put together.

mod pace;
mod reload;

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::Context;
use audit::record::{AlertKind, AlertRecord, ConnectionRecord, Ending, ProcessFacts, Record, UnixMicros};
use audit::self_watch::SelfWatch;
use audit::spool::Spool;
use daemon::config::ConfigError;
use daemon::{Failure, Hangups, Kind, State, StopSignals, notify, say_ready};
use ebpf_abi::{Arguments, Mode, Process, UnixTraffic};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::sleep_until;
use uuid::Uuid;

use self::pace::{LOOK_EVERY, Pace};
use crate::access::AccessRules;
use crate::act::addresses::{Keeper, Namespaces, Stop};
use crate::act::orders::Orders;
use crate::alerts::Alerts;
use crate::allowances::Allowances;
use crate::config::{Config, Source};
use crate::discover::Discovery;
use crate::door::{self, Wish};
use crate::gap::Gap;
use crate::health::Health;
use crate::journal::{Journal, Mark, Past};
use crate::lack::Lack;
use crate::load::{self, Counts, Guarded, Kernel, KernelLog, Left, Pins, UnixCounts};
use crate::moment::{Clock, nanos};
use crate::proc::Proc;
use crate::process::Processes;
use crate::registry::Registry;
use crate::report::Report;
use crate::selftest::{self, SelfTestError};
use crate::sentence::{self, Asked};
use crate::shipping::Shipping;
use crate::snapshot::{Hidden, Look, Lookout, ending};
use crate::track::{Arrival, Host, Merged, Tracker, Witness};

/// Events between two writes to the spool.
const BATCH_MAX: usize = 4096;
/// Time between them: who refuses renews its word meanwhile.
const BATCH_WAIT: Duration = LOOK_EVERY;
/// By how much an event may be told before another one that comes first.
const EVENT_LAG_NS: u64 = 100_000_000;
/// Between two looks where connections are open whose end only a look tells …
const FIND_ENDS_EVERY: Duration = Duration::from_secs(5);
/// … and otherwise: what the kernel told of them is compared with what is there.
const COMPARE_EVERY: Duration = Duration::from_secs(300);
/// Between two looks where somebody began to listen, or may pass connections on.
const DISCOVER_EVERY: Duration = Duration::from_secs(15);
/// Between two marks that nothing happened.
const MARK_EVERY: Duration = Duration::from_secs(1);
/// Between two looks at whether the programs are still attached.
const CHECK_EVERY: Duration = Duration::from_secs(1);
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What this host can say to the tracker.
#[derive(Debug)]
pub struct ThisHost {
    registry: Registry,
    allowances: Allowances,
    processes: Processes,
    unix_counts: Option<UnixCounts>,
}

impl ThisHost {
    /// Believes `registry`, goes by `allowances`, asks `processes`, and `unix_counts` where there are any.
    pub fn new(
        registry: Registry,
        allowances: Allowances,
        processes: Processes,
        unix_counts: Option<UnixCounts>,
    ) -> Self {
        ThisHost { registry, allowances, processes, unix_counts }
    }

    /// Name of a user; empty where there is none.
    fn user(&mut self, uid: u32) -> String {
        self.processes.user(uid)
    }
}

impl Witness for ThisHost {
    fn is_proxy(&mut self, process: &Process) -> bool {
        self.registry.is_proxy(process)
    }

    fn has_proxy(&self) -> bool {
        self.registry.has_proxy()
    }

    fn is_proxy_address(&self, address: IpAddr) -> bool {
        self.registry.is_proxy_address(address)
    }

    fn is_own_address(&mut self, address: IpAddr) -> bool {
        self.allowances.is_own_address(address)
    }

    fn rule_for(&mut self, arrival: &Arrival<'_>) -> Option<String> {
        let ThisHost { allowances, processes, .. } = self;
        let cgroup = || arrival.process.map_or_else(String::new, |process| processes.cgroup(process));
        allowances.rule_for(arrival, cgroup).map(str::to_owned)
    }

    fn facts(&mut self, process: &Process, at_boot_ns: u64) -> ProcessFacts {
        self.processes.facts(process, at_boot_ns)
    }

    fn hear(&mut self, arguments: &Arguments) {
        self.processes.hear(arguments);
    }

    fn unix_traffic(&mut self, cookie: u64) -> UnixTraffic {
        self.unix_counts.as_mut().map_or([0; 3], |counts| counts.take(cookie))
    }

    fn at(&self, boot_ns: u64) -> UnixMicros {
        Clock.at(boot_ns)
    }

    fn alert_id(&mut self) -> Uuid {
        Uuid::now_v7()
    }
}

struct Watch {
    source: Source,
    /// What runs.
    config: Config,
    /// What the source says, once it is read again.
    reading: Option<JoinHandle<Result<Config, ConfigError>>>,
    host: Host,
    kernel: Kernel,
    kernel_log: KernelLog,
    tracker: Tracker,
    this_host: ThisHost,
    health: Health,
    self_watch: SelfWatch,
    report: Report,
    alerts: Alerts,
    journal: Journal,
    lookout: Lookout,
    discovery: Discovery,
    access_rules: AccessRules,
    /// Whether processes are refused, or it is told that they would be.
    acts: Mode,
    /// Its pid, and when it started, in nanoseconds since the kernel started; `None` where `/proc` does not tell.
    this_process: Option<(u32, u64)>,
    /// Why this agent can refuse nobody.
    cannot_refuse: Option<SelfTestError>,
    /// Ends the looks for addresses of this host.
    addresses: Option<Stop>,
    /// Which network namespaces there are, where clients on other hosts are asked about.
    namespaces: Option<Receiver<Namespaces>>,
    /// In which clients on other hosts are not refused, and why.
    unguarded: Vec<String>,
    /// The look that is not back yet.
    looking: Option<oneshot::Receiver<Look>>,
    looked_at: Instant,
    pace: Pace,
    /// Events were taken in since that was looked at last: more may follow of which the kernel does not wake the agent.
    has_news: bool,
    marked_at: Instant,
    /// A mark waits until alerts are kept.
    is_mark_due: bool,
    checked_at: Instant,
    /// Everything that happened before was told.
    seen_until_boot_ns: u64,
    /// When the last event that was taken in was told.
    told_boot_ns: u64,
    gap: Option<Gap>,
    /// Said when the first look is back.
    ready: Option<String>,
    problems: Vec<String>,
    /// What events did not tell when a look last began.
    untold: u64,
    /// Who had begun to listen by then.
    listens: u64,
    /// When it was asked last who listens on UNIX sockets.
    asked_locals_at: Instant,
    /// It was told that databases on other ports may be missed.
    is_listener_problem_told: bool,
    forgotten: u64,
    /// Arguments that the kernel programs did not tell, when that was looked at last.
    arguments_lost: u64,
}

/// Watches until a signal asks to stop.
pub async fn run(config: Config, source: Source, object: &[u8]) -> Result<(), Failure> {
    let mut stop = StopSignals::listen().context("listen for signals")?;
    let mut hangups = Hangups::listen().context("listen for signals")?;
    let running = config.clone();
    let cgroup = load::cgroup_to_watch(config.cgroup.as_deref()).map_err(unloaded)?;
    let mount = load::cgroup_mount().unwrap_or_else(|_| cgroup.clone());
    let tells_arguments = config.process.tells_arguments();
    let loaded = Kernel::load(object, &cgroup, config.ring_bytes, tells_arguments);
    let (mut kernel, kernel_log) = loaded.map_err(unloaded)?;
    let spool = Arc::new(Spool::open(&config.spool).map_err(|error| Kind::Unavailable.because(error))?);
    let orders = Orders::new(&config.act, &config.allow);
    let pins = Pins::new(&config.act.pin_dir, &config.spool.dir);
    let left = Left::find(&pins);
    let acts = config.act.mode;
    let dir = config.spool.dir.clone();
    let (journal, past) = Journal::open(&dir);
    let host = Host { name: config.host, boot_id: boot_id()? };
    let arguments = config.process.arguments(&dir).map_err(|error| Kind::BadConfig.because(error))?;
    let processes = Processes::new(mount.clone(), arguments);
    let mut registry = Registry::new(config.pid_files, config.addresses);
    registry.look();
    let allowances = Allowances::new(config.allow);
    let this_host = ThisHost::new(registry, allowances, processes, kernel.unix_counts());
    let ports: Vec<String> = config.watch_ports.iter().map(u16::to_string).collect();
    let now = Instant::now();
    let unix_problem = kernel.unix_problem().unwrap_or_default().to_owned();
    let mut watch = Watch {
        source,
        config: running,
        reading: None,
        host: host.clone(),
        kernel,
        kernel_log,
        tracker: Tracker::new(host.clone()),
        this_host,
        health: Health::new(host.clone(), config.heartbeat, unix_problem, acts, now),
        self_watch: SelfWatch::new(&host.name, Arc::clone(&spool)),
        report: Report::new(Arc::clone(&spool)),
        alerts: Alerts::start(&host.name, config.webhooks, config.syslogs, &spool, &dir)
            .context("start the delivery of alerts")?,
        journal,
        lookout: Lookout {
            ports: config.watch_ports.clone(),
            cgroup_mount: mount,
            cgroup: config.cgroup.clone(),
            hidden: Hidden::default(),
        },
        discovery: Discovery::new(config.discover, now),
        access_rules: AccessRules::start(config.access_rules, &host.name, &dir)
            .context("start looking at access rules")?,
        acts,
        this_process: this_process(),
        cannot_refuse: None,
        addresses: None,
        namespaces: None,
        unguarded: Vec::new(),
        looking: None,
        looked_at: now,
        pace: Pace::new(now),
        has_news: false,
        marked_at: now,
        is_mark_due: false,
        checked_at: now,
        seen_until_boot_ns: 0,
        told_boot_ns: 0,
        gap: None,
        ready: Some(format!("watching ports {}", ports.join(", "))),
        problems: Vec::new(),
        untold: 0,
        listens: 0,
        asked_locals_at: now,
        is_listener_problem_told: false,
        forgotten: 0,
        arguments_lost: 0,
    };
    watch.kernel.lacks().for_each(|lack| watch.health.lacks(lack, true));
    watch.know_lacks();
    watch.account("started")?;
    let ring = readiness(&watch.kernel).context("wait for events of the kernel")?;
    selftest::run(&mut watch.kernel).await.map_err(|error| Kind::Unavailable.because(error))?;
    // One that observes may be told to refuse later, and cannot try it then.
    match selftest::refuses(&mut watch.kernel, &watch.lookout.cgroup_mount) {
        Err(error) if acts == Mode::Deny => return Err(Kind::Unavailable.because(error)),
        tried => watch.cannot_refuse = tried.err(),
    }
    watch.act(orders, &pins)?;
    let shipping = Shipping::start(spool, config.clickhouse).context("start shipping")?;
    for port in &config.watch_ports {
        watch.kernel.watch_port(*port).map_err(unloaded)?;
    }
    // From here on events tell of what opens, and a look of what was open before.
    watch.take_over(past);
    watch.replace(left)?;
    watch.begin_look();

    let mut wishes = door::open(&dir).inspect_err(|error| {
        tracing::warn!(%error, dir = %dir.display(), "`picket-agent kill` cannot ask this agent");
    });
    let watched = watch.until(&mut stop, &mut hangups, &ring, wishes.as_mut().ok()).await;
    // Whatever ended the watch: what was seen is kept, and delivered where that can be.
    let ended = watch.end();
    std::mem::take(&mut watch.alerts).stop();
    if let Some(addresses) = watch.addresses.take() {
        addresses.stop();
    }
    shipping.stop();
    watched.and(ended)
}

impl Watch {
    async fn until(
        &mut self,
        stop: &mut StopSignals,
        hangups: &mut Hangups,
        ring: &AsyncFd<OwnedFd>,
        mut wishes: Option<&mut mpsc::Receiver<Wish>>,
    ) -> Result<(), Failure> {
        loop {
            let look_at = self.pace.look_at();
            let looking = self.looking.as_mut();
            let look_back = async {
                match looking {
                    Some(looking) => looking.await.ok(),
                    None => pending().await,
                }
            };
            // One after the other, and none before the start is done.
            let may_read = self.reading.is_none() && self.ready.is_none();
            let reading = self.reading.as_mut();
            let read = async {
                match reading {
                    Some(reading) => reading.await,
                    None => pending().await,
                }
            };
            let wish = async {
                let asked = match wishes.as_mut() {
                    Some(wishes) => wishes.recv().await,
                    None => None,
                };
                match asked {
                    Some(wish) => wish,
                    // Nobody asks any more.
                    None => pending().await,
                }
            };
            tokio::select! {
                _ = stop.stopped() => return Ok(()),
                ready = ring.readable() => {
                    ready.context("wait for events of the kernel")?.clear_ready();
                    self.has_news = true;
                }
                seen = look_back => self.look_is_back(seen)?,
                wish = wish => self.end_connection(wish),
                () = hangups.received(), if may_read => self.read_again(),
                read = read => self.is_read(read)?,
                () = sleep_until(look_at.into()) => self.look()?,
            }
            let more = self.drain();
            let now = Instant::now();
            if std::mem::take(&mut self.has_news) || self.waits() {
                self.pace.goes_on(now);
            }
            if more {
                self.pace.hurries(now);
            }
        }
    }

    /// Whether something is to be done soon of which nobody tells.
    fn waits(&self) -> bool {
        // A proxy that starts is refused until its process is known.
        let looks_for_proxies = self.acts != Mode::Observe && self.this_host.registry.has_proxy();
        self.tracker.waits() || self.is_mark_due || looks_for_proxies
    }

    /// Refuses who goes around the proxy from now on, where that is asked for.
    fn act(&mut self, orders: Orders, pins: &Pins) -> Result<(), Failure> {
        self.tell_of_idle();
        if self.acts == Mode::Observe {
            return Ok(());
        }
        self.health.acts(self.acts, self.unix_problem());
        self.tell_of_acts();
        self.look_for_addresses(orders.remote)?;
        let keeps = orders.keeps;
        self.kernel.take_orders(orders, &self.lookout.cgroup_mount).map_err(unloaded)?;
        if keeps {
            self.kernel.keep_on(pins).map_err(unloaded)?;
        }
        self.guard()?;
        self.renew()
    }

    /// What may be lacking one time and not the other.
    fn know_lacks(&mut self) {
        let acts = self.acts != Mode::Observe;
        self.health.lacks(Lack::UnixSockets, self.kernel.unix_problem().is_some());
        self.health.lacks(Lack::UnixRefusals, acts && self.kernel.unix_unrefused().is_some());
        self.health.lacks(Lack::RemoteRefusals, !self.unguarded.is_empty());
        self.health.lacks(Lack::Looks, !self.problems.is_empty());
        if self.this_host.processes.take_untold_arguments() {
            self.health.lacked(Lack::ProcessArguments);
        }
    }

    /// What this kernel does not let the agent do about UNIX sockets.
    fn unix_problem(&self) -> String {
        let unrefused = self.kernel.unix_unrefused().filter(|_| self.acts != Mode::Observe);
        let unrefused = unrefused.map(|problem| format!("they are not refused: {problem}"));
        let problems = self.kernel.unix_problem().map(str::to_owned).into_iter().chain(unrefused);
        problems.collect::<Vec<_>>().join("; ")
    }

    /// Keys that say something which is not done.
    fn tell_of_idle(&self) {
        for key in &self.config.act.idle {
            tracing::warn!(key, "is not heeded: `act.mode` is `observe`");
        }
    }

    fn tell_of_acts(&self) {
        let what = if self.acts == Mode::Deny { "are refused" } else { "would be refused, which is told" };
        tracing::warn!(
            mode = self.acts.name(),
            remote = self.config.act.remote,
            "connections of processes of this host around the proxy {what}, of clients on other hosts where `act.remote` \
             says so"
        );
        if let Some(problem) = self.kernel.unix_unrefused() {
            tracing::warn!(
                problem,
                "UNIX sockets are told and not refused: who may open PostgreSQL's gets through"
            );
        }
    }

    /// Tells the kernel programs which addresses are this host's, now and from now on, and finds its network namespaces where they are held.
    fn look_for_addresses(&mut self, holds_namespaces: bool) -> Result<(), Failure> {
        self.forget_addresses();
        let Some(mut addresses) = self.kernel.addresses() else { return Ok(()) };
        addresses.believe(self.this_host.registry.addresses());
        addresses.hold_namespaces(holds_namespaces);
        let (stop, namespaces) =
            addresses.keep().map(Keeper::parts).context("find the addresses of this host")?;
        (self.addresses, self.namespaces) = (Some(stop), Some(namespaces));
        Ok(())
    }

    fn forget_addresses(&mut self) {
        self.namespaces = None;
        if let Some(addresses) = self.addresses.take().and_then(Stop::stop) {
            self.kernel.give_back_addresses(addresses);
        }
    }

    /// Has clients on other hosts asked about in network namespaces that are new. Says where somebody had ended that.
    fn guard(&mut self) -> Result<Vec<String>, Failure> {
        let now = self.namespaces.as_ref().and_then(|namespaces| namespaces.try_iter().last());
        let Some(now) = now else { return Ok(Vec::new()) };
        let Guarded { mended, unguarded } = self.kernel.guard(&now).map_err(unloaded)?;
        // It is tried again each time, and told where it is another.
        for namespace in unguarded.iter().filter(|namespace| !self.unguarded.contains(namespace)) {
            tracing::error!(namespace, "clients on other hosts are not refused in a network namespace");
        }
        self.unguarded = unguarded;
        Ok(mended)
    }

    /// The proxy and the agent itself are never refused.
    fn renew(&mut self) -> Result<(), Failure> {
        if self.acts != Mode::Observe {
            let exempt = self.exempt();
            self.kernel.renew(&exempt, Clock.now(), Clock.now_boot_ns()).map_err(unloaded)?;
        }
        Ok(())
    }

    fn exempt(&mut self) -> BTreeMap<u32, u64> {
        let mut exempt = self.this_host.registry.proven();
        exempt.extend(self.this_process);
        exempt
    }

    /// Goes on where an earlier agent stopped.
    fn take_over(&mut self, past: Past) {
        let now = Clock.now();
        self.gap = past.mark.map(|before| Gap::new(before, now));
        // What the spool has already is the same record again.
        let mut records = past.unmarked;
        for open in past.open {
            if open.boot_id == self.host.boot_id {
                self.discovery.note(&open);
                self.tracker.restore(open, &mut self.this_host, &mut records);
            } else {
                let ended = ConnectionRecord {
                    closed_at: Some(now.max(open.opened_at)),
                    ending: Ending::Away,
                    ..open
                };
                records.push(Record::Connection(ended));
            }
        }
        self.keep(&mut records);
    }

    /// Tells what was refused without an agent, and ends that: this one refuses now.
    fn replace(&mut self, left: Left) -> Result<(), Failure> {
        if left.is_empty() {
            return Ok(());
        }
        let (events, mut records) = (left.events(), Vec::new());
        tracing::info!(
            events = events.len(),
            "an earlier agent's programs went on without it, and are taken away"
        );
        for event in &events {
            self.tracker.on_event(event, Clock.now_boot_ns(), &mut self.this_host, &mut records);
        }
        self.keep(&mut records);
        left.take_away()
            .context("take away what an earlier agent left in `act.pin-dir`")
            .map_err(Failure::from)
    }

    /// Ends a connection because somebody asked for it. That is recorded first.
    fn end_connection(&mut self, wish: Wish) {
        let Wish { question, uid, pid, answer } = wish;
        let told = self.tracker.named(&question.connection).and_then(|record| {
            // It waits for the answer: this is still that process.
            let asker = u32::try_from(pid).ok().and_then(|pid| Proc::find(pid).ok().flatten());
            let login = asker.and_then(|asker| asker.login_uid()).filter(|login| *login != uid);
            let login = login.map(|login| named(self.this_host.user(login), login));
            let by = named(self.this_host.user(uid), uid);
            let asked = Asked { by, login, pid, reason: &question.reason };
            let message = sentence::killed(&record, &asked);
            tracing::warn!("{message}");
            self.keep(&mut vec![self.killed(&record, message.clone())]);
            if !self.report.is_clear() {
                return Err(
                    "it goes on: that it is ended cannot be recorded, the spool takes nothing".to_owned()
                );
            }
            match ending::end(&record, &self.lookout.hidden) {
                Ok(()) => Ok(message),
                Err(error) => {
                    let message = format!("{message}: that failed, {error}");
                    tracing::error!("{message}");
                    self.keep(&mut vec![self.killed(&record, message.clone())]);
                    Err(error.to_string())
                }
            }
        });
        // Whoever asked may have gone.
        let _ = answer.send(told);
    }

    fn killed(&self, record: &ConnectionRecord, message: String) -> Record {
        Record::Alert(AlertRecord {
            alert_id: Uuid::now_v7(),
            raised_at: Clock.now(),
            host: self.host.name.clone(),
            kind: AlertKind::Killed,
            message,
            connection: Some(record.clone()),
        })
    }

    fn begin_look(&mut self) {
        let known = self.tracker.begin_look();
        self.looked_at = Instant::now();
        let quest = self.discovery.quest(self.looked_at);
        match self.lookout.look(known, quest) {
            Ok(looking) => self.looking = Some(looking),
            Err(error) => {
                tracing::error!(%error, "cannot look for connections from before the agent");
                self.abandon_look();
            }
        }
    }

    fn look_is_back(&mut self, seen: Option<Look>) -> Result<(), Failure> {
        self.looking = None;
        self.looked_at = Instant::now();
        let Some(seen) = seen else {
            tracing::error!("a look for connections from before the agent broke");
            self.abandon_look();
            return Ok(());
        };
        // Events from before its end come first.
        self.drain_until_now()?;
        if self.problems != seen.problems {
            for problem in &seen.problems {
                tracing::warn!(problem, "connections from before the agent may be missed");
            }
            self.problems.clone_from(&seen.problems);
        }
        let mut records = Vec::new();
        let merged = self.tracker.on_look(&seen, &mut self.this_host, &mut records);
        if merged != Merged::default() {
            let Merged { continued, ended, found, unknown, resolved } = merged;
            tracing::info!(continued, ended, found, unknown, resolved, "open connections were compared");
        }
        if let Some(gap) = self.gap.take() {
            records.extend(gap.told(&self.host, &merged));
        }
        let ports = self.discover(&seen, &mut records);
        self.access_rules.serve(seen.served);
        self.keep(&mut records);
        if let Some(ready) = self.ready.take() {
            self.know_lacks();
            self.account("watching")?;
            self.mark(false);
            say_ready(&ready);
        }
        if !ports.is_empty() {
            self.watch_ports(&ports);
        }
        Ok(())
    }

    fn abandon_look(&mut self) {
        self.tracker.abandon_look();
        self.discovery.abandon_look();
    }

    /// Tells of databases that listen where nobody watches. Returns the ports that are to be watched.
    fn discover(&mut self, seen: &Look, records: &mut Vec<Record>) -> Vec<u16> {
        let problem = seen.found.as_ref().and_then(|found| found.problem.as_ref());
        if seen.found.is_some() {
            self.health.lacks(Lack::Listeners, problem.is_some());
        }
        if let Some(problem) = problem.filter(|_| !self.is_listener_problem_told) {
            tracing::warn!(problem, "databases that listen on other ports may be missed");
            self.is_listener_problem_told = true;
        }
        self.discovery.on_look(seen, &self.host, &mut self.this_host, records)
    }

    /// Watches these too, and looks for what is connected to them already.
    fn watch_ports(&mut self, ports: &[u16]) {
        for port in ports {
            match self.kernel.watch_port(*port) {
                Ok(()) => _ = self.lookout.ports.insert(*port),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, port, "a port where a database listens cannot be watched");
                }
            }
        }
        self.begin_look();
    }

    /// Takes in the events that wait, at most one batch of them: a flood must not keep the agent from stopping. Says
    /// whether more may wait.
    fn drain(&mut self) -> bool {
        let began_boot_ns = Clock.now_boot_ns();
        let mut records = Vec::new();
        let mut events = 0;
        let mut more = false;
        while let Some(event) = self.kernel.next_event() {
            events += 1;
            let now = Clock.now_boot_ns();
            match event {
                Ok(event) => {
                    self.told_boot_ns = event.at_boot_ns();
                    self.tracker.on_event(&event, now, &mut self.this_host, &mut records);
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "event cannot be read; build agent and kernel programs together");
                }
            }
            more =
                events == BATCH_MAX || BATCH_WAIT <= Duration::from_nanos(now.saturating_sub(began_boot_ns));
            if more {
                break;
            }
        }
        self.tracker.on_time(Clock.now_boot_ns(), &mut self.this_host, &mut records);
        let is_news = !records.is_empty();
        self.has_news |= 0 < events;
        self.keep(&mut records);
        let seen_until = match more {
            false => began_boot_ns,
            // In a flood there is no end of it. Processors tell their events a little after one another.
            true => self.told_boot_ns.saturating_sub(EVENT_LAG_NS),
        };
        self.seen_until_boot_ns = self.tracker.told_until(seen_until).max(self.seen_until_boot_ns);
        if is_news || self.is_mark_due || MARK_EVERY <= self.marked_at.elapsed() {
            self.mark(false);
        }
        more
    }

    /// Takes in all that was told before now: at most what the ring holds, however much comes meanwhile.
    fn drain_until_now(&mut self) -> Result<(), Failure> {
        let now_boot_ns = Clock.now_boot_ns();
        while self.drain() && self.told_boot_ns < now_boot_ns {
            self.renew()?;
        }
        Ok(())
    }

    /// Records go to the journal first: what the spool has, the journal has too.
    fn keep(&mut self, records: &mut Vec<Record>) {
        for record in records.iter() {
            if let Record::Connection(connection) = record {
                self.discovery.note(connection);
            }
        }
        self.journal.note(records);
        let alerts: Vec<Record> =
            records.iter().filter(|record| matches!(record, Record::Alert(_))).cloned().collect();
        self.report.keep(records, Instant::now());
        // Evidence comes first.
        self.alerts.offer(&alerts);
    }

    /// Notes that the spool has everything until now. Before the first look nothing is sure.
    fn mark(&mut self, is_stop: bool) {
        // What is marked is not told again: who delivers alerts keeps them first.
        self.is_mark_due = !is_stop && !self.alerts.are_kept();
        if self.is_mark_due {
            return;
        }
        self.marked_at = Instant::now();
        if self.ready.is_some() || !self.report.is_clear() {
            return;
        }
        let mark =
            Mark { boot_id: self.host.boot_id, seen_until: Clock.at(self.seen_until_boot_ns), is_stop };
        self.journal.mark(mark, self.tracker.open_records());
    }

    fn look(&mut self) -> Result<(), Failure> {
        self.renew()?;
        if self.pace.looks(Instant::now()) { self.look_round() } else { Ok(()) }
    }

    /// Looks after all that no event tells.
    fn look_round(&mut self) -> Result<(), Failure> {
        self.kernel_log.flush();
        self.this_host.allowances.look(Clock.now());
        self.check_programs()?;
        let (counts, open) = (self.counts()?, self.tracker.open());
        let mut records = self.self_watch.look();
        if self.ready.is_none() {
            self.know_lacks();
        }
        let dropped = self.report.take_dropped();
        if 0 < dropped {
            records.extend(self.health.not_kept(dropped, counts, open, Clock.now()));
        }
        if self.arguments_lost < counts.arguments_lost {
            self.arguments_lost = counts.arguments_lost;
            self.health.lacked(Lack::ProcessArguments);
        }
        self.health.look(counts, open, Instant::now(), Clock.now(), &mut records);
        self.tell_access_rules(&mut records);
        self.keep(&mut records);
        if self.report.is_clear() {
            self.access_rules.recorded();
        }
        if self.forgotten < self.tracker.forgotten() {
            self.forgotten = self.tracker.forgotten();
            tracing::warn!(
                connections = self.forgotten,
                "ends of connections were not seen and are not recorded"
            );
        }
        if self.looking.is_none() && (self.is_look_due(counts) || self.listens_on_new_sockets()) {
            (self.untold, self.listens) = (counts.untold(), counts.listens);
            self.begin_look();
        }
        Ok(())
    }

    /// Tells what has changed of who may log in.
    fn tell_access_rules(&mut self, records: &mut Vec<Record>) {
        let alerts = self.access_rules.take().into_iter().map(|(kind, message)| {
            Record::Alert(AlertRecord {
                alert_id: Uuid::now_v7(),
                raised_at: Clock.now(),
                host: self.host.name.clone(),
                kind,
                message,
                connection: None,
            })
        });
        records.extend(alerts);
    }

    /// Whoever takes the programs away is told of, and what came meanwhile is looked for.
    fn check_programs(&mut self) -> Result<(), Failure> {
        if self.checked_at.elapsed() < CHECK_EVERY {
            return Ok(());
        }
        self.checked_at = Instant::now();
        let mut mended = self.kernel.mend().map_err(unloaded)?;
        mended.extend(self.guard()?);
        if !mended.is_empty() {
            let alert = self.health.tampered(&mended, Clock.now());
            self.keep(&mut vec![alert]);
            if self.looking.is_none() {
                self.begin_look();
            }
        }
        Ok(())
    }

    /// Whether a database has begun to listen on a UNIX socket: no event tells. Those in other network namespaces the next look finds.
    fn listens_on_new_sockets(&mut self) -> bool {
        if !self.discovery.is_on() || self.asked_locals_at.elapsed() < DISCOVER_EVERY {
            return false;
        }
        self.asked_locals_at = Instant::now();
        self.discovery.is_new(&Lookout::local_listeners())
    }

    /// What events did not tell, a look does.
    fn is_look_due(&self, counts: Counts) -> bool {
        let since = self.looked_at.elapsed();
        let is_blind =
            self.untold < counts.untold() || self.ready.is_some() || self.kernel.unix_problem().is_some();
        let is_curious = (self.discovery.is_on() || self.access_rules.is_on())
            && self.listens < counts.listens
            || self.discovery.is_curious();
        COMPARE_EVERY <= since
            || (DISCOVER_EVERY <= since && is_curious)
            || (FIND_ENDS_EVERY <= since && (is_blind || self.tracker.needs_looks()))
    }

    fn end(&mut self) -> Result<(), Failure> {
        if !self.kernel.keeps_on() {
            // From here on nobody would tell of it.
            self.acts = Mode::Observe;
            self.kernel.lift().map_err(unloaded)?;
        }
        self.drain_until_now()?;
        self.looking = None;
        self.abandon_look();
        self.looked_at = Instant::now();
        let mut records = Vec::new();
        self.tracker.on_stop(&mut self.this_host, &mut records);
        self.keep(&mut records);
        self.look_round()?;
        self.keep(&mut vec![self.health.stopped(self.kernel.keeps_on(), Clock.now())]);
        self.account("stopped")?;
        self.mark(true);
        Ok(())
    }

    fn account(&mut self, state: &str) -> Result<(), Failure> {
        let account = self.health.account(state, self.counts()?, self.tracker.open(), Clock.now());
        self.keep(&mut vec![account]);
        Ok(())
    }

    fn counts(&self) -> Result<Counts, Failure> {
        Ok(self.kernel.counts().context("read the kernel's counters")?)
    }
}

/// Tells when the kernel wakes the agent. It holds a descriptor of its own for the ring.
#[expect(deprecated, reason = "what replaces it asks for a promise that an `OwnedFd` keeps by itself")]
fn readiness(kernel: &Kernel) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(kernel.ring().as_fd().try_clone_to_owned()?, Interest::READABLE)
}

fn this_process() -> Option<(u32, u64)> {
    let pid = std::process::id();
    Some((pid, nanos(Proc::find(pid).ok()??.started())))
}

fn named(user: String, uid: u32) -> String {
    if user.is_empty() { format!("uid {uid}") } else { format!("user {user}") }
}

fn unloaded(error: load::LoadError) -> Failure {
    error.kind().because(error)
}

fn boot_id() -> Result<Uuid, Failure> {
    let text = std::fs::read_to_string(BOOT_ID).with_context(|| format!("read {BOOT_ID}"))?;
    Ok(text.trim().parse().with_context(|| format!("read {BOOT_ID}"))?)
}
