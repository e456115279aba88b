//! Kernel programs at work within the test, and the records that the tracker makes of their events.

use std::collections::{BTreeSet, HashSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use audit::record::{AlertRecord, ConnectionRecord, Record};
use picket_agent::load::{self, Counts, Kernel, KernelLog};
use picket_agent::snapshot::{Hidden, Look, Lookout, Reach};
use picket_agent::track::{Host, Merged, Tracker};
use picket_agent::watch::ThisHost;
use picket_agent::{AllowRule, Allowances, Arguments, ArgumentsKey, Clock, Processes, Registry};
use uuid::Uuid;

const WAIT: Duration = Duration::from_secs(20);
const RING_BYTES: u32 = 4 << 20;
/// Hashes of arguments are made with it.
pub(crate) const KEY: &[u8] = b"a key of thirty-two bytes or more";

pub(crate) struct Eye {
    pub(crate) kernel: Kernel,
    _log: KernelLog,
    tracker: Tracker,
    host: ThisHost,
    records: Vec<Record>,
}

/// Whether this kernel is of this version, or newer.
fn is_at_least(major: u32, minor: u32) -> bool {
    let name = rustix::system::uname();
    let mut numbers =
        name.release().to_str().unwrap().split(['.', '-']).map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap()) >= (major, minor)
}

/// A server whose socket waits until the client says something, and its port. It ends once its client is gone.
pub(crate) fn late_server() -> (Child, u16) {
    const SERVER: &str = "import socket
it = socket.create_server(('127.0.0.1', 0))
it.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 9)
print(it.getsockname()[1], flush=True)
served = it.accept()[0]
while served.recv(10000): pass
";
    let mut server = Command::new("python3").args(["-c", SERVER]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut said).unwrap();
    (server, said.trim_end().parse().unwrap())
}

impl Eye {
    /// Watches no port, and believes the pid files.
    pub(crate) fn new(pid_files: &[&Path]) -> Self {
        Eye::with(pid_files, Vec::new())
    }

    /// Watches this port, and goes by these rules.
    pub(crate) fn allowing(port: u16, rules: Vec<AllowRule>) -> Self {
        let mut eye = Eye::with(&[], rules);
        eye.kernel.watch_port(port).unwrap();
        eye
    }

    fn with(pid_files: &[&Path], rules: Vec<AllowRule>) -> Self {
        Eye::within(&load::cgroup_mount().unwrap(), pid_files, rules)
    }

    /// Watches connections of this cgroup only, and no port.
    pub(crate) fn within(watched: &Path, pid_files: &[&Path], rules: Vec<AllowRule>) -> Self {
        Eye::made(watched, pid_files, rules, RING_BYTES, true)
    }

    /// Watches this port, and no process's arguments.
    pub(crate) fn without_arguments(port: u16) -> Self {
        let mut eye = Eye::made(&load::cgroup_mount().unwrap(), &[], Vec::new(), RING_BYTES, false);
        eye.kernel.watch_port(port).unwrap();
        eye
    }

    fn made(
        watched: &Path,
        pid_files: &[&Path],
        rules: Vec<AllowRule>,
        ring_bytes: u32,
        tells_arguments: bool,
    ) -> Self {
        let object = load::embedded().expect("run `cargo xtask ebpf` and build again");
        let cgroup = load::cgroup_mount().unwrap();
        let loaded = Kernel::load(object, watched, ring_bytes, tells_arguments);
        let (mut kernel, log) = loaded.expect("tests of the kernel need root");
        assert_eq!(
            kernel.unix_problem().is_none(),
            is_at_least(5, 16),
            "UNIX sockets are seen from Linux 5.16 on: {:?}",
            kernel.unix_problem()
        );
        let arguments = match tells_arguments {
            true => Arguments::new(ArgumentsKey::new(KEY), true),
            false => Arguments::none(),
        };
        let processes = Processes::new(cgroup, arguments);
        let pid_files: Vec<PathBuf> = pid_files.iter().map(|path| path.to_path_buf()).collect();
        let registry = Registry::new(pid_files, BTreeSet::new());
        let host = ThisHost::new(registry, Allowances::new(rules), processes, kernel.unix_counts());
        Eye {
            kernel,
            _log: log,
            tracker: Tracker::new(Host { name: "here".to_owned(), boot_id: Uuid::nil() }),
            host,
            records: Vec::new(),
        }
    }

    /// Watches this port with a ring of so many bytes.
    pub(crate) fn through(ring_bytes: u32, port: u16) -> Self {
        let mut eye = Eye::made(&load::cgroup_mount().unwrap(), &[], Vec::new(), ring_bytes, true);
        eye.kernel.watch_port(port).unwrap();
        eye
    }

    /// Takes what was told since.
    pub(crate) fn take(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Watches this port, and believes no process.
    pub(crate) fn on(port: u16) -> Self {
        let mut eye = Eye::new(&[]);
        eye.kernel.watch_port(port).unwrap();
        eye
    }

    pub(crate) fn counts(&self) -> Counts {
        self.kernel.counts().unwrap()
    }

    /// Reads events until `count` connections were told closed.
    pub(crate) fn until_closed(&mut self, count: usize) {
        let deadline = Instant::now() + WAIT;
        while self.connections().iter().filter(|record| record.closed_at.is_some()).count() < count {
            assert!(Instant::now() < deadline, "{count} must close: {:?}", self.connections());
            self.read();
            std::thread::yield_now();
        }
        self.read();
    }

    /// Reads events until `count` connections were told open.
    pub(crate) fn until_opened(&mut self, count: usize) {
        let deadline = Instant::now() + WAIT;
        while self.connections().iter().filter(|record| record.closed_at.is_none()).count() < count {
            assert!(Instant::now() < deadline, "{count} must open: {:?}", self.connections());
            self.read();
            std::thread::yield_now();
        }
    }

    /// Reads events until `count` records of connections were told.
    pub(crate) fn until_told(&mut self, count: usize) {
        let deadline = Instant::now() + WAIT;
        while self.connections().len() < count {
            assert!(Instant::now() < deadline, "{count} must be told: {:?}", self.connections());
            self.read();
            std::thread::yield_now();
        }
    }

    /// Reads until the kernel has told this many events. The last one of a connection may come after its end was told:
    /// the tracker waits for the second half of it no longer than it must.
    pub(crate) fn until_submitted(&mut self, count: u64) -> Counts {
        let deadline = Instant::now() + WAIT;
        while self.counts().submitted < count && Instant::now() < deadline {
            self.read();
            std::thread::yield_now();
        }
        self.read();
        self.counts()
    }

    pub(crate) fn read(&mut self) {
        while let Some(event) = self.kernel.next_event() {
            self.tracker.on_event(&event.unwrap(), Clock.now_boot_ns(), &mut self.host, &mut self.records);
        }
        self.tracker.on_time(Clock.now_boot_ns(), &mut self.host, &mut self.records);
    }

    /// Has all told that waits for what its client says: nobody reads on.
    pub(crate) fn stop(&mut self) {
        self.tracker.on_stop(&mut self.host, &mut self.records);
    }

    /// Begins to look at what is open; events that come meanwhile are not read.
    pub(crate) fn begin_look(&mut self, port: u16) -> Look {
        let known: HashSet<u64> = self.tracker.begin_look();
        let cgroup_mount = load::cgroup_mount().unwrap();
        let ports = BTreeSet::from([port]);
        let lookout = Lookout { ports, cgroup_mount, cgroup: None, hidden: Hidden::default() };
        lookout.look(known, None).unwrap().blocking_recv().unwrap()
    }

    pub(crate) fn end_look(&mut self, look: &Look) -> Merged {
        self.read();
        self.tracker.on_look(look, &mut self.host, &mut self.records)
    }

    pub(crate) fn look(&mut self, port: u16) -> Merged {
        let look = self.begin_look(port);
        assert_eq!(look.reach, Reach::Whole, "{:?}", look.problems);
        self.end_look(&look)
    }

    /// Both versions of every connection, in the order in which they were told.
    pub(crate) fn connections(&self) -> Vec<&ConnectionRecord> {
        let mut connections = Vec::new();
        for record in &self.records {
            if let Record::Connection(connection) = record {
                connections.push(connection);
            }
        }
        connections
    }

    pub(crate) fn alerts(&self) -> Vec<&AlertRecord> {
        let mut alerts = Vec::new();
        for record in &self.records {
            if let Record::Alert(alert) = record {
                alerts.push(alert);
            }
        }
        alerts
    }

    /// The only connection: its opening and its end.
    pub(crate) fn one(&mut self) -> (ConnectionRecord, ConnectionRecord) {
        self.until_closed(1);
        match self.connections().as_slice() {
            &[opened, closed] => {
                assert!(opened.closed_at.is_none() && opened.opened_at <= closed.closed_at.unwrap());
                assert_eq!((opened.cookie, opened.opened_at), (closed.cookie, closed.opened_at));
                (opened.clone(), closed.clone())
            }
            others => panic!("one opening and one end expected: {others:#?}"),
        }
    }
}
