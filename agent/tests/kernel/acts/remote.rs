//! Clients on other hosts that are refused, ways round that, and whoever must be let in. The programs of a stage know which addresses
//! this host had when it began: a namespace that is made later is another host to them.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use audit::record::{AlertKind, UnixMicros};
use ebpf_abi::Mode;
use ipnet::IpNet;
use picket_agent::{AllowRule, Clock, Namespaces, load};

use super::{CONNECT, REFUSED, Stage, run};
use crate::allowed::{Cgroup, rule};
use crate::namespaces::{Namespace, ip};
use crate::tampered::{Agent, tamper};

const WAIT: Duration = Duration::from_secs(60);

/// As where nobody listens.
const CLOSED: &str = "ECONNREFUSED";

/// A stage whose database others reach, and one of them.
struct Remote {
    stage: Stage,
    namespace: Namespace,
}

impl Remote {
    fn new(mode: Mode, rules: &[AllowRule]) -> Self {
        Remote::on("0.0.0.0:0", mode, rules)
    }

    fn on(address: &str, mode: Mode, rules: &[AllowRule]) -> Self {
        let mut stage = Stage::on(address, mode, false, rules);
        assert_eq!(stage.eye.kernel.guard(&here()).unwrap(), load::Guarded::default());
        Remote { stage, namespace: Namespace::new() }
    }

    /// What becomes of a connection that the other host asks for in this way.
    fn tries(&mut self, way: &str) -> String {
        let host = self.namespace.address(1);
        self.tries_to(&host, way)
    }

    fn tries_to(&mut self, host: &str, way: &str) -> String {
        let wrapper = ["ip", "netns", "exec", &self.namespace.name];
        self.stage.tries_from(":", host, &wrapper, way)
    }

    fn client(&self) -> IpAddr {
        self.namespace.address(2).parse().unwrap()
    }

    fn port(&self) -> u16 {
        self.stage.address().port()
    }
}

/// The namespace that this process is in.
fn here() -> Namespaces {
    of("/proc/self/ns/net")
}

fn of(place: &str) -> Namespaces {
    [(fs::metadata(place).unwrap().ino(), File::open(place).unwrap())].into()
}

fn from(networks: &[&str]) -> Vec<IpNet> {
    networks.iter().map(|it| it.parse().unwrap()).collect()
}

#[test]
fn a_client_elsewhere_is_told_that_nobody_listens_and_that_is_recorded() {
    let mut remote = Remote::new(Mode::Deny, &[]);
    let server = SocketAddr::new(remote.namespace.address(1).parse().unwrap(), remote.port());
    assert_eq!(remote.tries(CONNECT), CLOSED);
    let alerts = remote.stage.alerts();
    let [alert] = alerts.as_slice() else { panic!("{alerts:#?}") };
    let connection = alert.connection.as_ref().unwrap();
    assert_eq!((alert.kind, connection.server, &connection.process), (AlertKind::Denied, server, &None));
    assert_eq!(connection.client.ip(), remote.client());
    let said = format!(
        "{} was refused a connection to {server}: no rule allows it around the proxy",
        connection.client
    );
    assert_eq!(alert.message, said);
    assert!(remote.stage.eye.connections().is_empty(), "there was none");
    let counts = remote.stage.eye.counts();
    assert_eq!((counts.denied, counts.denied_untold, counts.unjudged, counts.lost), (1, 0, 0, 0));
    // Clients of this host are asked within their `connect`.
    assert_eq!(remote.stage.tries(&[], CONNECT), REFUSED);
    assert_eq!(remote.stage.tries_from(":", "127.0.0.1", &[], CONNECT), "connected");
    // Nobody else's port, and nothing but TCP.
    let other = TcpListener::bind("0.0.0.0:0").unwrap();
    let to_other = format!("socket.create_connection((host, {}))", other.local_addr().unwrap().port());
    assert_eq!(remote.tries(&to_other), "connected");
    let datagrams = std::net::UdpSocket::bind(("0.0.0.0", remote.port())).unwrap();
    assert_eq!(remote.tries("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', server)"), "connected");
    assert_eq!(datagrams.recv(&mut [0; 8]).unwrap(), 1);
}

#[test]
fn each_way_to_come_is_refused() {
    let mut remote = Remote::on("[::]:0", Mode::Deny, &[]);
    let ways = [
        ("Multipath TCP", "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).connect(server)"),
        ("data with the first packet", "socket.socket().sendto(b'x', socket.MSG_FASTOPEN, server)"),
        ("a port of the server's", "it = socket.socket(); it.bind(('', 1023)); it.connect(server)"),
    ];
    for (what, way) in ways {
        assert_eq!(remote.tries(way), CLOSED, "{what}");
    }
    // IPv6.
    let (mine, theirs) =
        (format!("fd00:{:x}::1", std::process::id()), format!("fd00:{:x}::2", std::process::id()));
    let (here, there) =
        (remote.namespace.name.replace("picket-", "pka"), remote.namespace.name.replace("picket-", "pkb"));
    ip(&["address", "add", &format!("{mine}/64"), "dev", &here, "nodad"]);
    ip(&["-n", &remote.namespace.name, "address", "add", &format!("{theirs}/64"), "dev", &there, "nodad"]);
    assert_eq!(remote.tries_to(&mine, CONNECT), CLOSED);
    let alerts = remote.stage.alerts();
    let last = alerts.last().unwrap().connection.as_ref().unwrap();
    assert_eq!(last.client.ip(), theirs.parse::<IpAddr>().unwrap());
    // One that was connected before goes on.
    let mut earlier = Remote::on("0.0.0.0:0", Mode::Alert, &[]);
    let mut client = talks(&earlier);
    let (mut stream, _) = earlier.stage.listener.accept().unwrap();
    let config = picket_agent::ActConfig {
        mode: Mode::Deny,
        outgoing: false,
        keeps: false,
        pin_dir: "/".into(),
        remote: true,
        ports: [earlier.port()].into(),
        idle: Vec::new(),
    };
    let orders = picket_agent::Orders::new(&config, &[]);
    earlier.stage.eye.kernel.take_orders(orders, &picket_agent::load::cgroup_mount().unwrap()).unwrap();
    earlier.stage.renew();
    assert_eq!(earlier.tries(CONNECT), CLOSED);
    stream.write_all(b"goes on\n").unwrap();
    let mut said = String::new();
    BufReader::new(client.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "goes on\n");
    assert!(client.wait().unwrap().success());
}

/// A client that prints what it is told.
fn talks(remote: &Remote) -> Child {
    let script = format!(
        "import socket; print(socket.create_connection(('{}', {})).makefile().readline(), end='')",
        remote.namespace.address(1),
        remote.port()
    );
    Command::new("ip")
        .args(["netns", "exec", &remote.namespace.name, "python3", "-c", &script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn whom_a_rule_allows_from_elsewhere_is_let_in_until_it_ends() {
    let everywhere = || AllowRule { networks: from(&["198.18.0.0/15"]), ..rule() };
    let mut remote = Remote::new(Mode::Deny, &[everywhere()]);
    assert_eq!(remote.tries(CONNECT), "connected");
    let mut remote = Remote::new(Mode::Deny, &[AllowRule { ports: [1].into(), ..everywhere() }]);
    assert_eq!(remote.tries(CONNECT), CLOSED, "another port");
    let mut remote = Remote::new(Mode::Deny, &[AllowRule { networks: from(&["192.0.2.0/24"]), ..rule() }]);
    assert_eq!(remote.tries(CONNECT), CLOSED, "another network");
    let mut remote = Remote::new(Mode::Deny, &[AllowRule { uid: Some(0), ..everywhere() }]);
    assert_eq!(remote.tries(CONNECT), CLOSED, "a rule for processes");
    let now = Clock.now().0;
    let ends = |at: i64| AllowRule { until: Some(UnixMicros(at)), ..everywhere() };
    let mut remote = Remote::new(Mode::Deny, &[ends(now - 1)]);
    assert_eq!(remote.tries(CONNECT), CLOSED, "it has ended");
    let mut remote = Remote::new(
        Mode::Deny,
        &[ends(now + 3_600_000_000), AllowRule { networks: from(&["198.18.0.0/30"]), ..rule() }],
    );
    assert_eq!(remote.tries(CONNECT), "connected", "whichever network is narrower");
}

#[test]
fn a_proxy_elsewhere_is_let_in() {
    let mut remote = Remote::new(Mode::Deny, &[]);
    let proxy = remote.client();
    remote.stage.addresses.believe(&[proxy].into());
    assert_eq!(remote.tries(CONNECT), CLOSED, "it is not told yet");
    remote.stage.addresses.look().unwrap();
    assert_eq!(remote.tries(CONNECT), "connected");
}

/// A container connects as soon as it has an address, which the programs do not know by then.
#[test]
fn whom_a_rule_lets_go_is_let_in_from_an_address_that_is_new() {
    let mut remote = Remote::new(Mode::Deny, &[AllowRule { uid: Some(0), ..rule() }]);
    // That of this end is known; nobody lives at the other one.
    remote.stage.addresses.look().unwrap();
    let (host, name) = (remote.namespace.address(1), remote.namespace.name.clone());
    let wrapper = ["ip", "netns", "exec", &name];
    assert_eq!(remote.stage.tries_to(&host, &wrapper, CONNECT), "connected");
    let other = "os.setuid(65534); socket.socket().connect(server)";
    assert_eq!(remote.stage.tries_to(&host, &wrapper, other), REFUSED);
    assert_eq!(remote.tries(CONNECT), CLOSED, "nobody has let it go");
}

/// Any user may make a namespace where he is root, and have it call every address its own.
#[test]
fn what_a_namespace_of_a_user_calls_its_own_is_not_this_hosts() {
    const PROXY: &str = "203.0.113.9";
    const ASKS: &str = "it = socket.socket(); it.setblocking(False); it.connect(server)";
    let mut remote = Remote::new(Mode::Deny, &[]);
    remote.stage.addresses.believe(&[PROXY.parse().unwrap()].into());
    let script = format!(
        "ip link set lo up && ip address add {}/32 dev lo && ip address add {PROXY}/32 dev lo && ip route add local 0.0.0.0/0 dev lo && \
         exec python3 -c \"import socket; it = socket.create_server(('', {})); print('listens', flush=True)
while True: it.accept()\"",
        remote.client(),
        remote.port()
    );
    let mut user = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"])
        .args(["unshare", "--user", "--map-root-user", "--net", "--", "bash", "-c", &script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(user.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "listens\n");
    remote.stage.addresses.look().unwrap();
    assert_eq!(remote.tries(CONNECT), CLOSED, "a client elsewhere is no client of this host");
    for elsewhere in [PROXY, "192.0.2.7"] {
        assert_ne!(remote.stage.tries_to(elsewhere, &[], ASKS), REFUSED, "{elsewhere}");
    }
    // Within it a client comes from the address that it goes to.
    let place = format!("/proc/{}/ns/net", user.id());
    let both = here().into_iter().chain(of(&place)).collect::<Namespaces>();
    assert_eq!(remote.stage.eye.kernel.guard(&both).unwrap(), load::Guarded::default());
    let within = format!("--net={place}");
    let mut comes = |way| remote.stage.tries_from(":", PROXY, &["nsenter", &within, "--"], way);
    assert_eq!(comes(CONNECT), "connected");
    assert_eq!(comes("socket.create_connection(server, None, ('192.0.2.8', 0))"), CLOSED);
    user.kill().unwrap();
    user.wait().unwrap();
}

#[test]
fn where_it_is_only_told_and_where_the_agent_hangs_or_ends_everybody_is_let_in() {
    let mut remote = Remote::new(Mode::Alert, &[]);
    assert_eq!(remote.tries(CONNECT), "connected");
    let alerts = remote.stage.alerts();
    assert_eq!(alerts[0].kind, AlertKind::WouldDeny, "{alerts:#?}");
    assert!(alerts[0].message.contains("would have been refused a connection"), "{}", alerts[0].message);

    let mut remote = Remote::new(Mode::Deny, &[]);
    let (host, port) = (remote.namespace.address(1), remote.port());
    let name = remote.namespace.name.clone();
    let tries = || {
        let ran = run(":", &["ip", "netns", "exec", &name], &host, port, CONNECT);
        String::from_utf8(ran.stdout).unwrap().trim_end().to_owned()
    };
    assert_eq!(remote.tries(CONNECT), CLOSED);
    // The moment until which it is refused has come.
    remote.stage.eye.kernel.renew(&[].into(), Clock.now(), 0).unwrap();
    assert_eq!(tries(), "connected");
    assert!(0 < remote.stage.eye.counts().unjudged);
    assert_eq!(remote.tries(CONNECT), CLOSED);
    remote.stage.eye.kernel.lift().unwrap();
    assert_eq!(tries(), "connected");
    let mut remote = Remote::new(Mode::Deny, &[]);
    assert_eq!(remote.tries(CONNECT), CLOSED);
    let (host, port) = (remote.namespace.address(1), remote.port());
    let Remote { stage, namespace } = remote;
    let Stage { eye, listener, .. } = stage;
    drop(eye);
    let ran = run(":", &["ip", "netns", "exec", &namespace.name], &host, port, CONNECT);
    assert_eq!(String::from_utf8(ran.stdout).unwrap().trim_end(), "connected", "it went with the agent");
    drop(listener);
}

#[test]
fn a_database_in_a_namespace_of_its_own_is_guarded_there_and_again_where_somebody_ends_that() {
    let mut remote = Remote::new(Mode::Deny, &[]);
    let port = remote.port();
    // Here the client is of the host's namespace, whose address there is not known to the programs either.
    let script = format!(
        "import socket; it = socket.create_server(('', {port})); print('listens', flush=True)\nwhile True: it.accept()"
    );
    let mut database = Command::new("ip")
        .args(["netns", "exec", &remote.namespace.name, "python3", "-c", &script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(database.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "listens\n");
    let host = remote.namespace.address(2);
    let tries = |remote: &mut Remote| remote.stage.tries_from(":", &host, &[], CONNECT);
    assert_eq!(tries(&mut remote), "connected", "nobody guards it yet");
    let place = format!("/proc/{}/ns/net", database.id());
    let both = || here().into_iter().chain(of(&place)).collect::<Namespaces>();
    assert_eq!(remote.stage.eye.kernel.guard(&both()).unwrap(), load::Guarded::default());
    assert_eq!(tries(&mut remote), CLOSED);
    assert_eq!(remote.tries(CONNECT), CLOSED);

    let number = *of(&place).first_key_value().unwrap().0;
    let link = fs::read_dir("/proc/self/fdinfo")
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok())
        .find(|text| text.contains(&format!("netns_ino:\t{number}\n")))
        .unwrap();
    let id = link.lines().find_map(|line| line.strip_prefix("link_id:")).unwrap().trim().to_owned();
    tamper(&["link", &id]);
    assert_eq!(tries(&mut remote), "connected", "root may");
    let mended = remote.stage.eye.kernel.guard(&both()).unwrap();
    assert_eq!(mended.mended, [format!("program `remote_clients` of network namespace {number}")]);
    assert_eq!(tries(&mut remote), CLOSED);
    // One that is gone is forgotten.
    assert_eq!(remote.stage.eye.kernel.guard(&here()).unwrap(), load::Guarded::default());
    assert_eq!(tries(&mut remote), "connected");
    database.kill().unwrap();
    database.wait().unwrap();
}

#[test]
fn an_address_that_looks_like_the_hosts_is_no_pass() {
    // Packets with a loopback address as their source are dropped by the kernel where they come from a link (RFC 1122, 3.2.1.3), so what is let
    // in as loopback is.
    let mut remote = Remote::new(Mode::Deny, &[AllowRule { networks: from(&["127.0.0.0/8"]), ..rule() }]);
    let way = "it = socket.socket(); it.bind(('127.0.0.1', 0)); it.settimeout(2); it.connect(server)";
    assert_ne!(
        remote.tries(&format!("import socket\ntry:\n  {way}\nexcept TimeoutError: raise OSError(1, '')")),
        "connected"
    );
    assert_eq!(remote.stage.eye.connections().len(), 0);
}

#[test]
fn the_agent_refuses_clients_elsewhere_where_it_is_told_to() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let cgroup = Cgroup::new("acts-remote");
    let more = format!("cgroup = '{}'\n[act]\nmode = 'deny'\nremote = true", cgroup.folder.display());
    let agent = Agent::with(port, &cgroup.enter(), &more, &[]);
    let namespace = Namespace::new();
    let tries = || {
        let wrapper = ["ip", "netns", "exec", &namespace.name];
        let ran = run(":", &wrapper, &namespace.address(1), port, CONNECT);
        String::from_utf8(ran.stdout).unwrap().trim_end().to_owned()
    };
    // It is this host's for as long as a look has found a process there.
    let until = |became: &str| {
        let deadline = Instant::now() + WAIT;
        while tries() != became {
            assert!(Instant::now() < deadline, "it must become {became}");
        }
    };
    until(CLOSED);
    drop(agent);
    until("connected");
}
