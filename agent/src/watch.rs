//! Runs the agent: kernel, tracker, spool and writer put together.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use audit::record::{ProcessFacts, UnixMicros};
use audit::spool::Spool;
use daemon::{Failure, Kind, StopSignals, say_ready};
use ebpf_abi::Process;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::config::Config;
use crate::health::Health;
use crate::load::{self, Counts, Kernel, KernelLog};
use crate::moment::Clock;
use crate::process::Processes;
use crate::registry::Registry;
use crate::report::Report;
use crate::selftest;
use crate::shipping::Shipping;
use crate::track::{Host, Tracker, Witness};

/// The programs wake the agent for the first event of a burst only: it looks for the rest by itself.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Events between two writes to the spool.
const BATCH_MAX: usize = 4096;
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What this host can say to the tracker.
#[derive(Debug)]
pub struct ThisHost {
    registry: Registry,
    processes: Processes,
}

impl ThisHost {
    /// Believes `registry`, and names cgroups below `cgroup_mount`.
    pub fn new(registry: Registry, cgroup_mount: PathBuf) -> Self {
        ThisHost { registry, processes: Processes::new(cgroup_mount) }
    }
}

impl Witness for ThisHost {
    fn is_proxy(&mut self, process: &Process) -> bool {
        self.registry.is_proxy(process)
    }

    fn is_proxy_address(&self, address: IpAddr) -> bool {
        self.registry.is_proxy_address(address)
    }

    fn facts(&mut self, process: &Process) -> ProcessFacts {
        self.processes.facts(process)
    }

    fn at(&self, boot_ns: u64) -> UnixMicros {
        Clock.at(boot_ns)
    }

    fn alert_id(&mut self) -> Uuid {
        Uuid::now_v7()
    }
}

struct Watch {
    kernel: Kernel,
    kernel_log: KernelLog,
    tracker: Tracker,
    this_host: ThisHost,
    health: Health,
    report: Report,
    forgotten: u64,
}

/// Watches until a signal asks to stop.
pub async fn run(config: Config, object: &[u8]) -> Result<(), Failure> {
    let mut stop = StopSignals::listen().context("listen for signals")?;
    let cgroup = load::cgroup_to_watch(config.cgroup.as_deref()).map_err(unloaded)?;
    let mount = load::cgroup_mount().unwrap_or_else(|_| cgroup.clone());
    let (kernel, kernel_log) = Kernel::load(object, &cgroup).map_err(unloaded)?;
    let spool = Arc::new(Spool::open(&config.spool).map_err(|error| Kind::Unavailable.because(error))?);
    let host = Host { name: config.host, boot_id: boot_id()? };
    let mut registry = Registry::new(config.pid_files, config.addresses);
    registry.look();
    let mut watch = Watch {
        kernel,
        kernel_log,
        tracker: Tracker::new(host.clone()),
        this_host: ThisHost::new(registry, mount),
        health: Health::new(host, Instant::now()),
        report: Report::new(Arc::clone(&spool)),
        forgotten: 0,
    };
    watch.account("started")?;
    let ring = readiness(&watch.kernel).context("wait for events of the kernel")?;
    selftest::run(&mut watch.kernel).await.map_err(|error| Kind::Unavailable.because(error))?;
    let shipping = Shipping::start(spool, config.clickhouse).context("start shipping")?;
    for port in &config.watch_ports {
        watch.kernel.watch_port(*port).map_err(unloaded)?;
    }
    watch.account("watching")?;
    let ports: Vec<String> = config.watch_ports.iter().map(u16::to_string).collect();
    say_ready(&format!("watching ports {}", ports.join(", ")));

    let watched = watch.until(&mut stop, &ring).await;
    // Whatever ended the watch: what was seen is kept, and delivered where that can be.
    let ended = watch.end();
    shipping.stop();
    watched.and(ended)
}

impl Watch {
    async fn until(&mut self, stop: &mut StopSignals, ring: &AsyncFd<OwnedFd>) -> Result<(), Failure> {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stop.stopped() => return Ok(()),
                ready = ring.readable() => ready.context("wait for events of the kernel")?.clear_ready(),
                _ = look.tick() => self.look()?,
            }
            if self.drain() {
                look.reset_immediately();
            }
        }
    }

    /// Takes in the events that wait, at most one batch of them: a flood must not keep the agent from stopping. Says
    /// whether more may wait.
    fn drain(&mut self) -> bool {
        let mut records = Vec::new();
        let mut events = 0;
        while events < BATCH_MAX
            && let Some(event) = self.kernel.next_event()
        {
            events += 1;
            match event {
                Ok(event) => {
                    let now = Clock.now_boot_ns();
                    self.tracker.on_event(&event, now, &mut self.this_host, &mut records);
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "event cannot be read; build agent and kernel programs together");
                }
            }
        }
        self.tracker.on_time(Clock.now_boot_ns(), &mut self.this_host, &mut records);
        self.report.keep(&mut records);
        events == BATCH_MAX
    }

    fn look(&mut self) -> Result<(), Failure> {
        self.kernel_log.flush();
        let (counts, open) = (self.counts()?, self.tracker.open());
        let mut records = Vec::new();
        self.health.look(counts, open, Instant::now(), Clock.now(), &mut records);
        self.report.keep(&mut records);
        if self.forgotten < self.tracker.forgotten() {
            self.forgotten = self.tracker.forgotten();
            tracing::warn!(
                connections = self.forgotten,
                "ends of connections were not seen and are not recorded"
            );
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Failure> {
        // A batch may end where more waits; what comes while the agent ends is bounded by the ring.
        let full_batches_max = 16;
        for _ in 0..full_batches_max {
            if !self.drain() {
                break;
            }
        }
        let mut records = Vec::new();
        self.tracker.on_stop(&mut self.this_host, &mut records);
        self.report.keep(&mut records);
        self.look()?;
        self.account("stopped")
    }

    fn account(&mut self, state: &str) -> Result<(), Failure> {
        let account = self.health.account(state, self.counts()?, self.tracker.open(), Clock.now());
        self.report.keep(&mut vec![account]);
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

fn unloaded(error: load::LoadError) -> Failure {
    error.kind().because(error)
}

fn boot_id() -> Result<Uuid, Failure> {
    let text = std::fs::read_to_string(BOOT_ID).with_context(|| format!("read {BOOT_ID}"))?;
    Ok(text.trim().parse().with_context(|| format!("read {BOOT_ID}"))?)
}
