//! Processes that are refused a connection around the proxy, ways round that, and whoever must never be refused. Each test
//! refuses within a cgroup of its own: nobody else on this machine is.

mod agent;
mod kept;
mod never;
mod reloaded;
mod remote;
mod unix;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use audit::record::{AlertKind, AlertRecord};
use ebpf_abi::Mode;
use picket_agent::load::Pins;
use picket_agent::{ActConfig, Addresses, AllowRule, Clock, Orders, load};

use crate::allowed::{Cgroup, rule};
use crate::eye::Eye;

/// Tries what `$0` says, and prints what became of it.
const TRIES: &str = "
import errno, os, socket, sys
host, port = os.environ['HOST'], int(os.environ['PORT'])
server = (host, port)
try:
    exec(sys.argv[1])
    print('connected')
except OSError as error:
    print(errno.errorcode[error.errno])
";
pub(crate) const CONNECT: &str = "socket.create_connection(server)";
const REFUSED: &str = "EPERM";
/// As the agent does it.
const RENEW_EVERY: Duration = Duration::from_millis(50);

/// An agent that acts within a cgroup, and a database that it watches.
pub(crate) struct Stage {
    pub(crate) eye: Eye,
    pub(crate) cgroup: Cgroup,
    pub(crate) listener: TcpListener,
    addresses: Addresses,
    exempt: BTreeMap<u32, u64>,
}

impl Stage {
    /// Refuses whom these rules do not allow.
    pub(crate) fn new(rules: &[AllowRule]) -> Self {
        Stage::on("127.0.0.1:0", Mode::Deny, false, rules)
    }

    pub(crate) fn on(address: &str, mode: Mode, outgoing: bool, rules: &[AllowRule]) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let cgroup = Cgroup::new(&format!("acts-{}", MADE.fetch_add(1, Ordering::Relaxed)));
        Stage::within(cgroup, address, mode, outgoing, rules)
    }

    pub(crate) fn within(
        cgroup: Cgroup,
        address: &str,
        mode: Mode,
        outgoing: bool,
        rules: &[AllowRule],
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut eye = Eye::within(&cgroup.folder, &[], rules.to_vec());
        let mut addresses = eye.kernel.addresses().unwrap();
        addresses.look().unwrap();
        let config = ActConfig {
            mode,
            outgoing,
            remote: true,
            keeps: false,
            pin_dir: "/".into(),
            ports: BTreeSet::from([port]),
            idle: Vec::new(),
        };
        eye.kernel.take_orders(Orders::new(&config, rules), &load::cgroup_mount().unwrap()).unwrap();
        eye.kernel.watch_port(port).unwrap();
        let mut stage = Stage { eye, cgroup, listener, addresses, exempt: BTreeMap::new() };
        stage.renew();
        stage
    }

    /// Goes by other orders in place of those that it has.
    fn change(&mut self, config: &ActConfig, rules: &[AllowRule]) {
        let kernel = &mut self.eye.kernel;
        let pins = Pins::new(Path::new("/"), Path::new("/"));
        let next = kernel.prepare(config, rules, &load::cgroup_mount().unwrap(), &pins).unwrap();
        kernel.go_by(next, &self.exempt, Clock.now(), Clock.now_boot_ns()).unwrap();
    }

    pub(crate) fn renew(&mut self) {
        self.eye.kernel.renew(&self.exempt, Clock.now(), Clock.now_boot_ns()).unwrap();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// What becomes of a connection that a process of the cgroup asks for in this way; `wrapper` runs it.
    pub(crate) fn tries(&mut self, wrapper: &[&str], way: &str) -> String {
        let host = self.address().ip().to_string();
        self.tries_to(&host, wrapper, way)
    }

    pub(crate) fn tries_to(&mut self, host: &str, wrapper: &[&str], way: &str) -> String {
        let enter = self.cgroup.enter();
        self.tries_from(&enter, host, wrapper, way)
    }

    /// `enter` moves the process to where it asks from.
    pub(crate) fn tries_from(&mut self, enter: &str, host: &str, wrapper: &[&str], way: &str) -> String {
        let port = self.address().port();
        let ran = std::thread::scope(|scope| {
            let runs = scope.spawn(|| run(enter, wrapper, host, port, way));
            // A machine that is slow keeps the test longer than the programs wait for the agent.
            while !runs.is_finished() {
                self.renew();
                std::thread::sleep(RENEW_EVERY);
            }
            runs.join().unwrap()
        });
        let said = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.status.success(), "{way}: {}", String::from_utf8_lossy(&ran.stderr));
        said.trim_end().to_owned()
    }

    pub(crate) fn alerts(&mut self) -> Vec<AlertRecord> {
        self.eye.read();
        self.eye.alerts().into_iter().cloned().collect()
    }

    /// How many were told as refused.
    pub(crate) fn denied(&mut self) -> usize {
        self.alerts().iter().filter(|alert| alert.kind == AlertKind::Denied).count()
    }
}

fn run(enter: &str, wrapper: &[&str], host: &str, port: u16, way: &str) -> Output {
    tries(enter, wrapper, host, port, way).output().unwrap()
}

fn tries(enter: &str, wrapper: &[&str], host: &str, port: u16, way: &str) -> Command {
    let script = format!("{enter}; exec \"$@\"");
    let python = ["python3", "-c", TRIES, way];
    let mut command = Command::new("bash");
    command.args(["-c", &script, "tries"]).args(wrapper).args(python);
    command.env("HOST", host).env("PORT", port.to_string());
    command
}

#[test]
fn who_goes_around_the_proxy_is_refused_and_that_is_told() {
    let mut stage = Stage::new(&[]);
    assert_eq!(stage.tries(&[], CONNECT), REFUSED);
    let alerts = stage.alerts();
    let [alert] = alerts.as_slice() else { panic!("{alerts:#?}") };
    let connection = alert.connection.as_ref().unwrap();
    let process = connection.process.as_ref().unwrap();
    let server = stage.address();
    assert_eq!(
        (alert.kind, connection.server, process.command.as_str()),
        (AlertKind::Denied, server, "python3")
    );
    assert_eq!(process.cgroup, stage.cgroup.path);
    let said = format!(
        "python3 (pid {}, user root) was refused a connection to {server}: no rule allows it around the proxy",
        process.pid
    );
    assert!(alert.message.starts_with(&said), "{}", alert.message);
    assert!(stage.eye.connections().is_empty(), "there was none");
    let counts = stage.eye.counts();
    assert_eq!((counts.denied, counts.denied_untold, counts.unjudged, counts.lost), (1, 0, 0, 0));
    // Whoever is not in the cgroup is not asked.
    assert_eq!(stage.tries_from(":", "127.0.0.1", &[], CONNECT), "connected");
}

#[test]
fn where_it_is_only_told_everybody_goes_on() {
    let mut stage = Stage::on("127.0.0.1:0", Mode::Alert, false, &[]);
    assert_eq!(stage.tries(&[], CONNECT), "connected");
    // The connection is told besides, as ever.
    stage.eye.until_told(1);
    let alerts = stage.alerts();
    let [alert] = alerts.as_slice() else { panic!("{alerts:#?}") };
    assert_eq!((alert.kind, stage.eye.counts().denied), (AlertKind::WouldDeny, 1));
    assert!(alert.message.contains("would have been refused a connection to"), "{}", alert.message);
}

#[test]
fn nothing_is_said_where_the_agent_observes() {
    let mut stage = Stage::on("127.0.0.1:0", Mode::Observe, false, &[]);
    assert_eq!(stage.tries(&[], CONNECT), "connected");
    stage.eye.until_told(1);
    assert_eq!((stage.alerts().len(), stage.eye.counts().denied), (0, 0));
}

#[test]
fn a_port_that_is_only_watched_refuses_nobody() {
    let mut stage = Stage::new(&[]);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    stage.eye.kernel.watch_port(other.local_addr().unwrap().port()).unwrap();
    stage.listener = other;
    assert_eq!(stage.tries(&[], CONNECT), "connected");
    assert_eq!(stage.denied(), 0);
}

/// TEST-NET-3 is nobody's (RFC 5737).
#[test]
fn databases_on_other_hosts_are_meant_only_where_that_is_said() {
    const ASKS: &str = "it = socket.socket(); it.setblocking(False); it.connect(server)";
    for (outgoing, is_refused) in [(false, false), (true, true)] {
        let mut stage = Stage::on("127.0.0.1:0", Mode::Deny, outgoing, &[]);
        let became = stage.tries_to("203.0.113.9", &[], ASKS);
        assert_eq!(became == REFUSED, is_refused, "{became}");
        assert_eq!(stage.denied(), usize::from(is_refused));
        // A proxy elsewhere is no database that anybody goes around.
        stage.addresses.believe(&["203.0.113.9".parse().unwrap(), "127.0.0.1".parse().unwrap()].into());
        stage.addresses.look().unwrap();
        assert_ne!(stage.tries_to("203.0.113.9", &[], ASKS), REFUSED);
        assert_eq!(stage.tries_to("127.0.0.1", &[], ASKS), REFUSED, "this host's own is none");
    }
}

#[test]
fn who_asks_again_and_again_takes_no_room_of_others() {
    const MANY: u64 = 40_000;
    let mut stage = Stage::new(&[AllowRule { uid: Some(65_534), ..rule() }]);
    let asks = format!("for _ in range({MANY}): assert socket.socket().connect_ex(server) == 1");
    assert_eq!(stage.tries(&[], &asks), "connected");
    // Nobody has read yet.
    let flooded = stage.eye.counts();
    assert_eq!(flooded.denied, MANY);
    assert!(0 < flooded.denied_untold && flooded.denied_untold < MANY, "{flooded:?}");
    assert_eq!(flooded.submitted + flooded.denied_untold, MANY);
    assert_eq!(stage.tries(&[], "os.setuid(65534); socket.socket().connect(server)"), "connected");
    let counts = stage.eye.counts();
    assert_eq!((counts.lost, counts.denied), (0, MANY));
    assert!(flooded.submitted < counts.submitted, "the connection is told");
}

#[test]
fn nothing_is_refused_once_the_agent_is_silent_or_gone() {
    const SECOND_NS: u64 = 1_000_000_000;
    let mut stage = Stage::new(&[]);
    let port = stage.address().port();
    let goes = |stage: &Stage| {
        let ran = run(&stage.cgroup.enter(), &[], "127.0.0.1", port, CONNECT);
        String::from_utf8(ran.stdout).unwrap()
    };
    assert_eq!(goes(&stage), "EPERM\n");
    // As though it had not run for a minute.
    let then = Clock.now_boot_ns() - 60 * SECOND_NS;
    stage.eye.kernel.renew(&BTreeMap::new(), Clock.now(), then).unwrap();
    assert_eq!(goes(&stage), "connected\n");
    assert_eq!((stage.eye.counts().unjudged, stage.eye.counts().denied), (1, 1));
    stage.renew();
    assert_eq!(goes(&stage), "EPERM\n");
    stage.eye.kernel.lift().unwrap();
    assert_eq!(goes(&stage), "connected\n");
    let Stage { eye, cgroup, listener, .. } = stage;
    drop(eye);
    let ran = run(&cgroup.enter(), &[], "127.0.0.1", port, CONNECT);
    assert_eq!(ran.stdout, b"connected\n");
    drop(listener);
}

#[test]
fn what_is_refused_stays_what_it_is_whoever_changes_it() {
    let mut stage = Stage::new(&[AllowRule { uid: Some(65_534), ..rule() }]);
    stage.exempt.insert(1, 0);
    stage.renew();
    assert_eq!(stage.eye.kernel.mend().unwrap(), Vec::<String>::new());
    stage.exempt.clear();
    stage.renew();
    assert_eq!(stage.eye.kernel.mend().unwrap(), Vec::<String>::new());
}
