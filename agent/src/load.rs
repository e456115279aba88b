//! Loads the kernel programs, attaches them and reaches their maps. They stay attached as long as [`Kernel`] lives.

mod act;
mod attached;
mod error;
mod host;
mod kept;
mod ports;
mod types;
mod unix;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use audit::record::UnixMicros;
use aya::maps::{HashMap, Map, MapData, PerCpuArray, RingBuf};
use aya::programs::links::FdLink;
use aya::programs::{
    BtfTracePoint, CgroupAttachMode, CgroupSkbAttachType, CgroupSockAddr, LsmCgroup, Program, ProgramError,
    ProgramType, SkLookup,
};
use aya::sys::{BpfHelper, is_helper_supported};
use aya::{Btf, Ebpf, EbpfLoader};
use aya_log::EbpfLogger;
use ebpf_abi::{Counter, Mode, Offset, PORT_ACTED_ON, PORT_UNWATCHED, PORT_WATCHED};
use thiserror::Error;

pub use error::LoadError;
pub use host::cgroup_mount;
pub use kept::{Left, Pins};
pub use unix::UnixCounts;

use self::act::Acts;
use self::kept::{Hold, Keeping};
use self::ports::Ports;
use crate::act::addresses::{Addresses, Namespaces};
use crate::act::orders::Orders;
use crate::config::{ActConfig, AllowRule};
use crate::event::{Event, UnreadableEvent};
use crate::lack::Lack;

/// The kernel programs that were embedded when this was built.
#[cfg(kernel_programs)]
pub fn embedded() -> Option<&'static [u8]> {
    Some(aya::include_bytes_aligned!(env!("PICKET_EBPF_EMBEDDED")))
}

/// This was built without kernel programs.
#[cfg(not(kernel_programs))]
pub fn embedded() -> Option<&'static [u8]> {
    None
}

/// The processes' come first: a look has to find out whose a connection is that is told without its process.
const PROGRAMS: [&str; 3] = ["connect4", "connect6", "connections"];

/// Tells what clients say first; without it nobody goes unseen, but by which role.
const OF_STARTUP_MESSAGES: &str = "startup_messages";

/// Knows new cgroups that rules name, where whoever else connects is refused.
const OF_CGROUPS: &str = "made_cgroups";
const CGROUP_TRACEPOINT: &str = "cgroup_mkdir";

/// Asks about processes that connect over UNIX sockets; a kernel that cannot run it lets them in, and tells.
const OF_UNIX_CONNECTS: &str = "connect_unix";
/// What it is attached to: a place where security modules are asked.
const HOOK: &str = "unix_stream_connect";

/// How often a program is loaded that takes the kernel long to read, where signals cut it off.
const LOADS_MAX: usize = 5;

/// What refuses processes of this host.
const REFUSING: [&str; 4] = ["connect4", "connect6", OF_UNIX_CONNECTS, OF_CGROUPS];

/// Asks about clients on other hosts, in each network namespace.
const OF_REMOTE_CLIENTS: &str = "remote_clients";

/// The kernel's programs at work.
pub struct Kernel {
    /// INVARIANT: outlives the maps' use: dropping it detaches the programs.
    programs: Ebpf,
    cgroup: File,
    /// Those that are attached.
    attached: BTreeMap<&'static str, Hold>,
    /// Network namespaces in which clients on other hosts are asked about.
    guarded: BTreeMap<u64, Hold>,
    /// Where those that refuse stay without an agent; `None` where they do not.
    keeping: Option<Keeping>,
    unix_problem: Option<String>,
    /// Why nobody is refused over UNIX sockets.
    unix_unrefused: Option<String>,
    /// What else this kernel cannot do.
    lacks: BTreeSet<Lack>,
    watched: BTreeSet<u16>,
    events: RingBuf<MapData>,
    ports: Ports,
    counters: PerCpuArray<MapData, u64>,
    acts: Acts,
    unix_counts: Option<UnixCounts>,
    /// Why a cgroup may not be known from its first moment.
    offsets_problem: Option<String>,
    /// What the self-test was refused.
    denied_before: u64,
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").finish_non_exhaustive()
    }
}

/// What the programs counted since they were loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events handed to the ring.
    pub submitted: u64,
    /// Events that found it full.
    pub lost: u64,
    /// Connections of this host that were told without their process.
    pub processes_lost: u64,
    /// Connections of whose end the kernel refused to tell.
    pub ends_unseen: u64,
    /// Clients' first words that were told …
    pub startups: u64,
    /// … and those that were not, because too much was to be told.
    pub startups_lost: u64,
    /// Arguments of processes that were told …
    pub arguments: u64,
    /// … and those that were not, for the same reason.
    pub arguments_lost: u64,
    /// Sockets that began to listen.
    pub listens: u64,
    /// `connect`s around the proxy that were refused, or would have been.
    pub denied: u64,
    /// Those of them that found the ring full.
    pub denied_untold: u64,
    /// `connect`s that nobody judged, because the agent did not run.
    pub unjudged: u64,
}

impl Counts {
    /// All that events do not tell, and a look may.
    pub(crate) fn untold(self) -> u64 {
        self.lost.saturating_add(self.processes_lost).saturating_add(self.ends_unseen)
    }
}

/// What became of asking about clients on other hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guarded {
    /// What somebody had taken away, and is there again.
    pub mended: Vec<String>,
    /// Network namespaces in which they are not asked about, with the reason.
    pub unguarded: Vec<String>,
}

/// Orders that can take the place of others: what they need is there.
#[derive(Debug)]
pub struct Next {
    orders: Orders,
    cgroup_mount: PathBuf,
    /// Where what refuses will stay without an agent, if that is another place than now.
    keeping: Option<Keeping>,
}

/// Why orders cannot take the place of others, and the key of the configuration that asks for it.
#[derive(Debug, Error)]
#[error("`{key}`: {because}")]
pub struct Unready {
    /// The key.
    pub key: &'static str,
    /// Why.
    #[source]
    pub because: LoadError,
}

/// The log lines of the programs.
pub type KernelLog = EbpfLogger<&'static dyn log::Log>;

impl Kernel {
    /// Loads `object` and attaches its programs to `cgroup`. They watch no port yet.
    /// Events wait in a ring of `ring_bytes`, a power of two. Without `tells_arguments` no program reads any.
    pub fn load(
        object: &[u8],
        cgroup: &Path,
        ring_bytes: u32,
        tells_arguments: bool,
    ) -> Result<(Self, KernelLog), LoadError> {
        host::check_cgroup(cgroup)?;
        let cgroup_dir = File::open(cgroup)
            .map_err(|source| LoadError::Cgroup { path: cgroup.to_owned(), why: source.to_string() })?;
        let btf = Btf::from_sys_fs().map_err(LoadError::no_btf)?;
        let offsets = types::offsets();
        let mut loader = EbpfLoader::new();
        loader.map_max_entries("EVENTS", ring_bytes);
        if let Ok(offsets) = &offsets {
            loader.override_global("OFFSETS", offsets.as_slice(), true);
        }
        let mut lacks = BTreeSet::new();
        let tells_namespaces =
            is_helper_supported(ProgramType::SockOps, BpfHelper::BPF_FUNC_get_netns_cookie);
        if !tells_namespaces.map_err(LoadError::program("connections"))? {
            tracing::warn!(
                "of two connections within this host with the same addresses and ports, in two network namespaces, the ends may be \
                 mixed up: Linux 5.15 and newer can tell them apart"
            );
            loader.override_global("NETNS_COOKIES", &0_u8, true);
            lacks.insert(Lack::NetnsCookies);
        }
        let reads = is_helper_supported(ProgramType::CgroupSockAddr, BpfHelper::BPF_FUNC_probe_read_kernel);
        if offsets.is_err() || !reads.map_err(LoadError::program("connect4"))? {
            tracing::warn!(
                "of a process that has ended before it is looked at, neither its start, its arguments nor who started it will be told: \
                 programs may not read this kernel's memory"
            );
            loader.override_global("TASK_FACTS", &0_u8, true);
            loader.override_global("TASK_ARGUMENTS", &0_u8, true);
            lacks.insert(Lack::ProcessFacts);
        } else if !tells_arguments {
            loader.override_global("TASK_ARGUMENTS", &0_u8, true);
        }
        let paths = is_helper_supported(ProgramType::CgroupSockAddr, BpfHelper::BPF_FUNC_skc_to_mptcp_sock);
        let has_paths = offsets.as_ref().is_ok_and(|it| it[Offset::MultipathFirst as usize] != 0);
        if has_paths && paths.map_err(LoadError::program("connect4"))? {
            loader.override_global("MULTIPATH", &1_u8, true);
        }
        let mut programs = loader.btf(Some(&btf)).load(object).map_err(LoadError::object)?;
        let events = RingBuf::try_from(map(&mut programs, "EVENTS")?).map_err(LoadError::map("EVENTS"))?;
        let ports = Ports::of(&mut programs)?;
        let counters =
            PerCpuArray::try_from(map(&mut programs, "COUNTERS")?).map_err(LoadError::map("COUNTERS"))?;
        let acts = Acts::of(&mut programs)?;
        let counts = HashMap::try_from(map(&mut programs, "UNIX_TRAFFIC")?);
        let unix_counts = Some(UnixCounts(counts.map_err(LoadError::map("UNIX_TRAFFIC"))?));
        let log = EbpfLogger::init(&mut programs)
            .map_err(|error| LoadError::Map { name: "AYA_LOGS", because: error.to_string() })?;
        let cgroup = cgroup_dir;
        let mut kernel = Kernel {
            programs,
            cgroup,
            attached: BTreeMap::new(),
            guarded: BTreeMap::new(),
            keeping: None,
            unix_problem: None,
            unix_unrefused: None,
            lacks,
            watched: BTreeSet::new(),
            events,
            ports,
            counters,
            acts,
            unix_counts,
            offsets_problem: offsets.as_ref().err().map(ToString::to_string),
            denied_before: 0,
        };
        for name in PROGRAMS {
            kernel.load_program(name).map_err(LoadError::program(name))?;
            kernel.attach(name).map_err(LoadError::program(name))?;
        }
        let loaded = kernel.load_program(OF_STARTUP_MESSAGES);
        if let Err(error) = loaded.and_then(|()| kernel.attach(OF_STARTUP_MESSAGES)) {
            let problem = said(&error);
            tracing::warn!(
                program = OF_STARTUP_MESSAGES,
                problem,
                "whoever goes around the proxy is told without role, database, application and encryption"
            );
            kernel.lacks.insert(Lack::StartupMessages);
        }
        match offsets.map_err(|error| error.to_string()).and_then(|_| kernel.see_unix_sockets(&btf)) {
            Ok(()) => {}
            Err(problem) => {
                tracing::warn!(problem, "UNIX sockets are not seen, but for those that a look finds open");
                kernel.unix_problem = Some(problem);
            }
        }
        Ok((kernel, log))
    }

    /// Tells of connections to this port from now on.
    pub fn watch_port(&mut self, port: u16) -> Result<(), LoadError> {
        self.ports.set(port, watched(self.acts.is_about(port)))?;
        self.watched.insert(port);
        Ok(())
    }

    /// Tells of no new connection to this port.
    pub fn forget_port(&mut self, port: u16) -> Result<(), LoadError> {
        self.watched.remove(&port);
        self.ports.set(port, PORT_UNWATCHED)
    }

    /// Puts back what somebody took out of the kernel behind the agent's back. Says what that was.
    pub fn mend(&mut self) -> Result<Vec<String>, LoadError> {
        let mut mended = Vec::new();
        let attached = attached::programs().map_err(LoadError::unasked)?;
        for name in self.attached.keys().copied().collect::<Vec<_>>() {
            let is_kept = self.is_kept(name);
            if !attached.contains(&self.program_id(name).map_err(LoadError::program(name))?) {
                self.attach(name).map_err(LoadError::program(name))?;
                mended.push(format!("program `{name}`"));
            } else if !is_kept {
                mended.push(format!("the pin of program `{name}`"));
            } else {
                continue;
            }
            self.pin(name)?;
        }
        for port in self.watched.clone() {
            if self.ports.get(port)? != watched(self.acts.is_about(port)) {
                self.watch_port(port)?;
                mended.push(format!("port {port}"));
            }
        }
        mended.extend(self.acts.mend()?);
        Ok(mended)
    }

    /// Goes by these orders about connections to ports that are watched from now on. Nobody is refused until
    /// [`Kernel::renew`] is called.
    pub fn take_orders(&mut self, orders: Orders, cgroup_mount: &Path) -> Result<(), LoadError> {
        if orders.has_cgroups() {
            self.know_cgroups()?;
        }
        if orders.is_about_remote() {
            self.load_for_remote_clients()?;
        }
        if orders.mode != Mode::Observe {
            self.ask_about_unix_sockets();
        }
        self.acts.take_orders(orders, cgroup_mount)
    }

    /// Makes ready what takes the place of the orders that it goes by; nothing changes before [`Kernel::go_by`].
    ///
    /// # Errors
    ///
    /// What this kernel, or this place, cannot do. It goes on with the orders that it has.
    pub fn prepare(
        &mut self,
        config: &ActConfig,
        rules: &[AllowRule],
        cgroup_mount: &Path,
        pins: &Pins,
    ) -> Result<Next, Unready> {
        let unready = |key: &'static str| move |because| Unready { key, because };
        let orders = self.acts.after(config, rules).map_err(unready("allow"))?;
        if orders.has_cgroups() {
            self.know_cgroups().map_err(unready("allow.cgroup"))?;
        }
        if orders.is_about_remote() {
            self.load_for_remote_clients().map_err(unready("act.remote"))?;
        }
        let is_elsewhere = self.keeping.as_ref().is_none_or(|keeping| !keeping.is_at(pins));
        let keeping = match orders.keeps && is_elsewhere {
            true => Some(Keeping::begin(pins, &self.events).map_err(unready("act.without-agent"))?),
            false => None,
        };
        if orders.mode != Mode::Observe {
            self.ask_about_unix_sockets();
        }
        Ok(Next { orders, cgroup_mount: cgroup_mount.to_owned(), keeping })
    }

    /// Goes by these orders in place of those that it has. At each moment whom both refuse is refused, and whom both allow is not.
    /// Clients on other hosts are refused from the next [`Kernel::guard`] on, where only these orders say so.
    pub fn go_by(
        &mut self,
        next: Next,
        exempt: &BTreeMap<u32, u64>,
        now: UnixMicros,
        now_boot_ns: u64,
    ) -> Result<(), LoadError> {
        let Next { orders, cgroup_mount, keeping } = next;
        // What only these orders ask for comes last, and what only the others did goes first.
        if !orders.is_about_remote() {
            std::mem::take(&mut self.guarded).into_values().for_each(Hold::let_go);
        }
        if let Some(keeping) = keeping {
            self.keep_at(keeping)?;
        }
        let (keeps, mode) = (orders.keeps, orders.mode);
        self.acts.widen(&orders, &cgroup_mount, exempt, now)?;
        self.act_on_ports(|port, is_about| is_about && orders.is_about(port))?;
        self.acts.switch(orders, now_boot_ns)?;
        self.act_on_ports(|_, is_about| is_about)?;
        self.acts.narrow(now)?;
        if mode == Mode::Observe {
            self.ask_nobody_about_unix_sockets();
        }
        if !keeps && let Some(keeping) = self.keeping.take() {
            self.attached = owned(std::mem::take(&mut self.attached));
            self.guarded = owned(std::mem::take(&mut self.guarded));
            keeping.end()?;
        }
        Ok(())
    }

    /// Has connections to watched ports judged where `is_meant` says so, by the port and whether the orders are about it.
    fn act_on_ports(&mut self, is_meant: impl Fn(u16, bool) -> bool) -> Result<(), LoadError> {
        for port in &self.watched {
            self.ports.set(*port, watched(is_meant(*port, self.acts.is_about(*port))))?;
        }
        Ok(())
    }

    fn know_cgroups(&mut self) -> Result<(), LoadError> {
        if self.attached.contains_key(OF_CGROUPS) {
            return Ok(());
        }
        if let Some(because) = self.offsets_problem.clone() {
            return Err(LoadError::Cgroups { because });
        }
        let btf = Btf::from_sys_fs().map_err(LoadError::no_btf)?;
        self.load_tracepoint(OF_CGROUPS, CGROUP_TRACEPOINT, &btf).map_err(LoadError::program(OF_CGROUPS))?;
        self.attach(OF_CGROUPS).map_err(LoadError::program(OF_CGROUPS))?;
        // It is no part of what stays yet.
        self.pin(OF_CGROUPS)
    }

    fn load_for_remote_clients(&mut self) -> Result<(), LoadError> {
        let load = |program: &mut SkLookup| if program.fd().is_ok() { Ok(()) } else { program.load() };
        self.program_of_remote_clients().and_then(load).map_err(LoadError::program(OF_REMOTE_CLIENTS))
    }

    /// Has clients on other hosts asked about in these network namespaces, where orders say so. Says where somebody had ended that,
    /// and where it cannot be done.
    pub fn guard(&mut self, namespaces: &Namespaces) -> Result<Guarded, LoadError> {
        let mut guarded = Guarded::default();
        if !self.acts.is_about_remote() {
            return Ok(guarded);
        }
        let attached = attached::namespaces().map_err(LoadError::unasked)?;
        let gone: Vec<u64> =
            self.guarded.keys().filter(|number| !namespaces.contains_key(number)).copied().collect();
        for hold in gone.iter().filter_map(|number| self.guarded.remove(number)) {
            hold.let_go();
        }
        for (number, namespace) in namespaces {
            let name = format!("{OF_REMOTE_CLIENTS}_{number}");
            let is_kept = self.keeping.as_ref().is_none_or(|keeping| keeping.has(&name));
            if self.guarded.contains_key(number) && attached.contains(number) && is_kept {
                continue;
            }
            let attach = |program: &mut SkLookup| {
                let link = program.attach(namespace)?;
                program.take_link(link).map(FdLink::from)
            };
            let link = match self.program_of_remote_clients().and_then(attach) {
                Ok(link) => link,
                Err(error) => {
                    guarded.unguarded.push(format!("{number}: {}", said(&error)));
                    continue;
                }
            };
            let hold = self.keep(&name, Hold::Own(link))?;
            // A number may be that of a new one.
            if self.guarded.insert(*number, hold).is_some() {
                guarded.mended.push(format!("program `{OF_REMOTE_CLIENTS}` of network namespace {number}"));
            }
        }
        Ok(guarded)
    }

    /// Has all that refuses go on without an agent from now on, whatever becomes of this one.
    pub fn keep_on(&mut self, pins: &Pins) -> Result<(), LoadError> {
        let keeping = Keeping::begin(pins, &self.events)?;
        self.keep_at(keeping)
    }

    fn keep_at(&mut self, keeping: Keeping) -> Result<(), LoadError> {
        let before = self.keeping.replace(keeping);
        for name in REFUSING {
            self.pin(name)?;
        }
        for (number, hold) in std::mem::take(&mut self.guarded) {
            let kept = self.keep(&format!("{OF_REMOTE_CLIENTS}_{number}"), hold)?;
            self.guarded.insert(number, kept);
        }
        before.map_or(Ok(()), Keeping::end)
    }

    /// Whether this program goes on without an agent, where it is one that should.
    fn is_kept(&self, name: &str) -> bool {
        self.keeping.as_ref().is_none_or(|keeping| !REFUSING.contains(&name) || keeping.has(name))
    }

    /// Whether it goes on without an agent.
    pub(crate) fn keeps_on(&self) -> bool {
        self.keeping.is_some()
    }

    fn pin(&mut self, name: &'static str) -> Result<(), LoadError> {
        if REFUSING.contains(&name)
            && let Some(hold) = self.attached.remove(name)
        {
            let kept = self.keep(name, hold)?;
            self.attached.insert(name, kept);
        }
        Ok(())
    }

    fn keep(&self, name: &str, hold: Hold) -> Result<Hold, LoadError> {
        match &self.keeping {
            Some(keeping) => keeping.keep(name, hold),
            None => Ok(hold),
        }
    }

    fn program_of_remote_clients(&mut self) -> Result<&mut SkLookup, ProgramError> {
        self.programs.program_mut(OF_REMOTE_CLIENTS).ok_or(ProgramError::NotLoaded)?.try_into()
    }

    /// Refuses processes, but for these, by their pids with when they started, some seconds more: until somebody calls it no more.
    pub fn renew(
        &mut self,
        exempt: &BTreeMap<u32, u64>,
        now: UnixMicros,
        now_boot_ns: u64,
    ) -> Result<(), LoadError> {
        self.acts.renew(exempt, now, now_boot_ns)
    }

    /// Refuses nobody any more.
    pub fn lift(&mut self) -> Result<(), LoadError> {
        self.ask_nobody_about_unix_sockets();
        self.acts.lift()
    }

    /// Why nobody is refused over UNIX sockets, where that was asked for; `None` where they are.
    pub fn unix_unrefused(&self) -> Option<&str> {
        self.unix_unrefused.as_deref()
    }

    /// Nobody is asked about over UNIX sockets any more: somebody found out that this refuses nobody.
    pub(crate) fn cannot_refuse_unix(&mut self, because: String) {
        self.ask_nobody_about_unix_sockets();
        self.unix_unrefused = Some(because);
    }

    /// Has processes asked about that connect over UNIX sockets, where the kernel can.
    fn ask_about_unix_sockets(&mut self) {
        if self.unix_unrefused.is_some() || self.attached.contains_key(OF_UNIX_CONNECTS) {
            return;
        }
        let asked =
            self.load_unix_connects().and_then(|()| self.attach(OF_UNIX_CONNECTS).map_err(|it| said(&it)));
        if let Err(because) = asked {
            self.unix_unrefused = Some(format!(
                "{because}; Linux 6.0 and newer can, where CONFIG_BPF_LSM is set and nothing forbids such programs"
            ));
        }
    }

    fn load_unix_connects(&mut self) -> Result<(), String> {
        if let Some(because) = &self.offsets_problem {
            return Err(because.clone());
        }
        let program = self.programs.program_mut(OF_UNIX_CONNECTS).ok_or(ProgramError::NotLoaded);
        let program = program.and_then(<&mut LsmCgroup>::try_from).map_err(|error| said(&error))?;
        if program.fd().is_ok() {
            return Ok(());
        }
        let btf = Btf::from_sys_fs().map_err(|error| error.to_string())?;
        until_read(|| program.load(HOOK, &btf)).map_err(|error| said(&error))
    }

    fn ask_nobody_about_unix_sockets(&mut self) {
        if let Some(hold) = self.attached.remove(OF_UNIX_CONNECTS) {
            hold.let_go();
        }
    }

    /// What tells the programs the addresses of this host; `None` the second time.
    pub fn addresses(&mut self) -> Option<Addresses> {
        self.acts.take_addresses()
    }

    /// It may be asked for again.
    pub(crate) fn give_back_addresses(&mut self, addresses: Addresses) {
        self.acts.give_back_addresses(addresses);
    }

    /// Whether some rule is known to name the cgroup of this id.
    pub fn covers_cgroup(&self, id: u64) -> Result<bool, LoadError> {
        self.acts.covers_cgroup(id)
    }

    /// Counts what was refused from now on.
    pub(crate) fn forget_denied(&mut self) -> Result<(), LoadError> {
        self.denied_before += self.counts()?.denied;
        Ok(())
    }

    /// Why connections over UNIX sockets are not told; `None` where they are.
    pub fn unix_problem(&self) -> Option<&str> {
        self.unix_problem.as_deref()
    }

    /// What this kernel cannot do, but for what is said of UNIX sockets.
    pub(crate) fn lacks(&self) -> impl Iterator<Item = Lack> + use<> {
        self.lacks.clone().into_iter()
    }

    /// The ring that events come through, to wait for them.
    pub fn ring(&self) -> &RingBuf<MapData> {
        &self.events
    }

    /// The next event; `None` where none waits.
    pub fn next_event(&mut self) -> Option<Result<Event, UnreadableEvent>> {
        let mut event = self.events.next().map(|bytes| Event::read(&bytes));
        // One program does not know of another whether it is there.
        if let Some(Ok(Event::UnixOpened(opened))) = &mut event
            && !self.tells_unix_ends()
        {
            opened.end_untold = 1;
        }
        event
    }

    /// What the programs counted.
    pub fn counts(&self) -> Result<Counts, LoadError> {
        let sum = |counter: Counter| {
            let values = self.counters.get(&(counter as u32), 0).map_err(LoadError::map("COUNTERS"))?;
            Ok::<u64, LoadError>(values.iter().sum())
        };
        Ok(Counts {
            submitted: sum(Counter::OpenedSubmitted)?
                + sum(Counter::ClosedSubmitted)?
                + sum(Counter::UnixSubmitted)?
                + sum(Counter::RefusedSubmitted)?,
            lost: sum(Counter::OpenedLost)? + sum(Counter::ClosedLost)? + sum(Counter::UnixLost)?,
            processes_lost: sum(Counter::ProcessLost)?,
            ends_unseen: sum(Counter::EndUnseen)?,
            startups: sum(Counter::StartupSubmitted)?,
            startups_lost: sum(Counter::StartupLost)?,
            arguments: sum(Counter::ArgumentsSubmitted)?,
            arguments_lost: sum(Counter::ArgumentsLost)?,
            listens: sum(Counter::Listens)?,
            denied: sum(Counter::Denied)?.saturating_sub(self.denied_before),
            denied_untold: sum(Counter::RefusedLost)?,
            unjudged: sum(Counter::Unjudged)?,
        })
    }
}

/// The cgroup to watch: the one that is configured, or the root of the host's hierarchy.
pub fn cgroup_to_watch(configured: Option<&Path>) -> Result<PathBuf, LoadError> {
    if let Some(path) = configured {
        return Ok(path.to_owned());
    }
    let mount = cgroup_mount()?;
    host::check_whole(&mount)?;
    Ok(mount)
}

/// What is said of a port that is watched.
fn watched(is_acted_on: bool) -> u8 {
    if is_acted_on { PORT_ACTED_ON } else { PORT_WATCHED }
}

fn map(programs: &mut Ebpf, name: &'static str) -> Result<Map, LoadError> {
    programs.take_map(name).ok_or(LoadError::Map {
        name,
        because: "it is missing; build agent and kernel programs together".into(),
    })
}

impl Kernel {
    fn load_program(&mut self, name: &str) -> Result<(), ProgramError> {
        match self.programs.program_mut(name).ok_or(ProgramError::NotLoaded)? {
            Program::SockOps(program) => program.load(),
            Program::CgroupSkb(program) => program.load(),
            program => <&mut CgroupSockAddr>::try_from(program)?.load(),
        }
    }

    fn load_tracepoint(&mut self, name: &str, tracepoint: &str, btf: &Btf) -> Result<(), ProgramError> {
        let program = self.programs.program_mut(name).ok_or(ProgramError::NotLoaded)?;
        let program = <&mut BtfTracePoint>::try_from(program)?;
        until_read(|| program.load(tracepoint, btf))
    }

    /// `Single` is the only mode that `bpf_link_create` takes; programs of others stay attached all the same.
    fn attach(&mut self, name: &'static str) -> Result<(), ProgramError> {
        let mode = CgroupAttachMode::Single;
        let link = match self.programs.program_mut(name).ok_or(ProgramError::NotLoaded)? {
            Program::SockOps(program) => {
                let link = program.attach(&self.cgroup, mode)?;
                FdLink::try_from(program.take_link(link)?).map_err(|_| ProgramError::NotAttached)?
            }
            Program::CgroupSkb(program) => {
                let link = program.attach(&self.cgroup, CgroupSkbAttachType::Ingress, mode)?;
                FdLink::try_from(program.take_link(link)?).map_err(|_| ProgramError::NotAttached)?
            }
            Program::FEntry(program) => {
                let link = program.attach()?;
                program.take_link(link)?.into()
            }
            Program::FExit(program) => {
                let link = program.attach()?;
                program.take_link(link)?.into()
            }
            Program::BtfTracePoint(program) => {
                let link = program.attach()?;
                program.take_link(link)?.into()
            }
            Program::LsmCgroup(program) => {
                let link = program.attach(&self.cgroup)?;
                program.take_link(link)?.into()
            }
            program => {
                let program = <&mut CgroupSockAddr>::try_from(program)?;
                let link = program.attach(&self.cgroup, mode)?;
                FdLink::try_from(program.take_link(link)?).map_err(|_| ProgramError::NotAttached)?
            }
        };
        self.attached.insert(name, Hold::Own(link));
        tracing::info!(program = name, "kernel program attached");
        Ok(())
    }

    fn program_id(&self, name: &str) -> Result<u32, ProgramError> {
        Ok(self.programs.program(name).ok_or(ProgramError::NotLoaded)?.info()?.id())
    }
}

/// Loads a program, again where a signal came while the kernel read it (verifier.c, `do_check`).
fn until_read(mut load: impl FnMut() -> Result<(), ProgramError>) -> Result<(), ProgramError> {
    let mut loaded = load();
    for _ in 1..LOADS_MAX {
        let is_cut_off = matches!(&loaded, Err(ProgramError::LoadError { io_error, .. }) if io_error.kind() == ErrorKind::WouldBlock);
        if !is_cut_off {
            break;
        }
        loaded = load();
    }
    loaded
}

/// The same, without a file that holds them.
fn owned<K: Ord>(held: BTreeMap<K, Hold>) -> BTreeMap<K, Hold> {
    held.into_iter().map(|(of, hold)| (of, hold.own())).collect()
}

/// What the verifier has to say is for nobody's ledger.
fn said(error: &ProgramError) -> String {
    match error {
        ProgramError::LoadError { io_error, verifier_log } => {
            tracing::debug!(%verifier_log, "the kernel refused a program");
            let why = if host::is_confidential() {
                "the kernel is locked down (confidentiality), and"
            } else {
                "the kernel"
            };
            format!("{why} refused the program: {io_error}")
        }
        other => other.to_string(),
    }
}
