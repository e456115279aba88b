//! Ways round a refusal.

use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};

use audit::record::{ConnectionClass, Evidence};
use ebpf_abi::Mode;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use picket_agent::{ActConfig, AllowRule, Orders, load};

use super::{CONNECT, REFUSED, Stage};
use crate::allowed::rule;
use crate::namespaces::{Namespace, ip};

/// `io_uring` asks for a connection from within the kernel, and no system call `connect` is made. What the words in capitals stand for is
/// filled in.
const RING: &str = r"
import ctypes, mmap, struct
libc = ctypes.CDLL(None, use_errno=True)
it = SOCKET
parameters = ctypes.create_string_buffer(120)
ring = libc.syscall(425, 4, parameters)
assert 0 <= ring, ctypes.get_errno()
sq_off = struct.unpack_from('10I', parameters, 40)
cq_off = struct.unpack_from('10I', parameters, 80)
sq_entries, cq_entries = struct.unpack_from('2I', parameters, 0)
bytes_of_rings = max(sq_off[6] + sq_entries * 4, cq_off[5] + cq_entries * 16)
rings = mmap.mmap(ring, bytes_of_rings, flags=mmap.MAP_SHARED, offset=0)
entries = mmap.mmap(ring, sq_entries * 64, flags=mmap.MAP_SHARED, offset=0x10000000)
address = ctypes.create_string_buffer(ADDRESS)
entries[0:64] = struct.pack('=BBHiQQ', 16, 0, 0, it.fileno(), LENGTH, ctypes.addressof(address)) + bytes(40)
rings[sq_off[6]:sq_off[6] + 4] = struct.pack('I', 0)
rings[sq_off[1]:sq_off[1] + 4] = struct.pack('I', 1)
assert libc.syscall(426, ring, 1, 1, 1, None, 0) == 1, ctypes.get_errno()
became = struct.unpack_from('=i', rings, cq_off[5] + 8)[0]
if became: raise OSError(-became, '')
";

/// Asks by `io_uring` for a connection of this socket to this address.
pub(super) fn ring(socket: &str, address: &str, bytes: usize) -> String {
    RING.replace("SOCKET", socket).replace("ADDRESS", address).replace("LENGTH", &bytes.to_string())
}

const WAYS: [(&str, &str); 7] = [
    ("a connect", CONNECT),
    ("Multipath TCP", "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).connect(server)"),
    ("data with the first packet", "socket.socket().sendto(b'x', socket.MSG_FASTOPEN, server)"),
    (
        "a connect that waits for data",
        "it = socket.socket(); it.setsockopt(socket.IPPROTO_TCP, 30, 1); it.connect(server); it.send(b'x')",
    ),
    ("a connect that does not wait", "it = socket.socket(); it.setblocking(False); it.connect(server)"),
    (
        "a socket that was connected elsewhere",
        "import threading
other = socket.create_server(('127.0.0.1', 0)); it = socket.create_connection(other.getsockname())
import ctypes; ctypes.CDLL(None).connect(it.fileno(), bytes(16), 16)
it.connect(server)",
    ),
    (
        "a thread",
        "import threading
became = []
def asks():
    became.append(socket.socket().connect_ex(server))
it = threading.Thread(target=asks); it.start(); it.join()
if became[0]: raise OSError(became[0], '')",
    ),
];

#[test]
fn no_way_to_ask_for_a_connection_goes_round_it() {
    let mut stage = Stage::new(&[]);
    // It serves Multipath TCP and any other.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::from(262))).unwrap();
    let address = stage.address();
    drop(std::mem::replace(&mut stage.listener, TcpListener::bind("127.0.0.1:0").unwrap()));
    socket.bind(&SockAddr::from(address)).unwrap();
    socket.listen(16).unwrap();
    stage.listener = TcpListener::from(socket);
    let address =
        "struct.pack('=H', socket.AF_INET) + struct.pack('!H', port) + socket.inet_aton(host) + bytes(8)";
    let ring = ring("socket.socket()", address, 16);
    let ways = || WAYS.into_iter().chain([("io_uring", ring.as_str())]);
    for (told, (way, script)) in ways().enumerate() {
        assert_eq!(stage.tries(&[], script), REFUSED, "{way}");
        assert_eq!(stage.denied(), told + 1, "{way}");
    }
    stage.listener.set_nonblocking(true).unwrap();
    assert!(stage.listener.accept().is_err(), "nobody came");
    // As nobody is asked elsewhere, each of them is a way to connect.
    for (way, script) in ways() {
        let became = stage.tries_from(":", "127.0.0.1", &[], script);
        assert!(became == "connected" || became == "EINPROGRESS", "{way}: {became}");
    }
}

#[test]
fn no_name_of_this_host_goes_round_it() {
    let mut stage = Stage::on("[::]:0", Mode::Deny, false, &[]);
    let namespace = Namespace::new();
    stage.addresses.look().unwrap();
    let addresses = [
        "127.0.0.1".to_owned(),
        "127.9.9.9".to_owned(),
        "0.0.0.0".to_owned(),
        "::1".to_owned(),
        "::".to_owned(),
        "::ffff:127.0.0.1".to_owned(),
        "::ffff:0.0.0.0".to_owned(),
        namespace.address(1),
        format!("::ffff:{}", namespace.address(1)),
    ];
    for (told, address) in addresses.iter().enumerate() {
        assert_eq!(stage.tries_to(address, &[], CONNECT), REFUSED, "{address}");
        assert_eq!(stage.denied(), told + 1, "{address}");
        assert_eq!(stage.tries_from(":", address, &[], CONNECT), "connected", "{address}");
    }
}

/// A network that is the host's as a whole, as proxies that take everything use it.
#[test]
fn a_network_of_this_host_is_known_until_it_is_gone() {
    let mut stage = Stage::on("0.0.0.0:0", Mode::Deny, false, &[]);
    let third = std::process::id() % 250;
    let network = format!("198.51.{third}.0/24");
    ip(&["route", "add", "local", &network, "dev", "lo"]);
    stage.addresses.look().unwrap();
    let became = stage.tries_to(&format!("198.51.{third}.77"), &[], CONNECT);
    ip(&["route", "delete", "local", &network, "dev", "lo"]);
    assert_eq!(became, REFUSED);
    stage.addresses.look().unwrap();
    let asks = "it = socket.socket(); it.setblocking(False); it.connect(server)";
    assert_ne!(stage.tries_to(&format!("198.51.{third}.77"), &[], asks), REFUSED);
}

#[test]
fn no_network_namespace_goes_round_it() {
    let namespace = Namespace::new();
    ip(&["-n", &namespace.name, "link", "set", "lo", "up"]);
    let mut stage = Stage::on("0.0.0.0:0", Mode::Deny, false, &[]);
    let inside = ["ip", "netns", "exec", &namespace.name];
    // From a container to the host, and to itself.
    assert_eq!(stage.tries_to(&namespace.address(1), &inside, CONNECT), REFUSED);
    assert_eq!(stage.tries_to("127.0.0.1", &inside, CONNECT), REFUSED);
    // To a container, whose address is the host's only there.
    let server = "import os, socket; it = socket.create_server(('0.0.0.0', int(os.environ['PORT']))); print(flush=True); os.read(0, 1)";
    let mut contained = Command::new(inside[0])
        .args(&inside[1..])
        .args(["python3", "-c", server])
        .env("PORT", stage.address().port().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(contained.stdout.take().unwrap()), &mut line)
        .unwrap();
    stage.addresses.look().unwrap();
    assert_eq!(stage.tries_to(&namespace.address(2), &[], CONNECT), REFUSED);
    assert_eq!(stage.tries_from(":", &namespace.address(2), &[], CONNECT), "connected");
    assert_eq!(stage.denied(), 3);
    contained.kill().unwrap();
    contained.wait().unwrap();
}

#[test]
fn who_made_the_socket_does_not_matter_but_who_asks() {
    let mut stage = Stage::new(&[AllowRule { uid: Some(65_534), ..rule() }]);
    // Nobody may, and asks root to connect a socket of its own.
    let asks_root = "pid = os.fork()
it = socket.socket()
if pid == 0:
    os.setuid(65534); os._exit(0)
os.wait(); it.connect(server)";
    assert_eq!(stage.tries(&[], asks_root), REFUSED);
    // Root made it, and nobody asks.
    assert_eq!(stage.tries(&[], "it = socket.socket(); os.setuid(65534); it.connect(server)"), "connected");
    // It acts as nobody, or is nobody in a user namespace of its own.
    assert_eq!(stage.tries(&["setpriv", "--euid", "65534", "--"], CONNECT), REFUSED);
    assert_eq!(stage.tries(&["unshare", "--user", "--map-user=65534", "--"], CONNECT), REFUSED);
    assert_eq!(stage.denied(), 3);
}

/// The socket's cgroup is that of who made it: one from outside of a cgroup that is watched is not asked about. All of the
/// host is, where nothing is said.
#[test]
fn a_socket_from_outside_of_the_watched_cgroup_is_not_seen_and_one_from_inside_is() {
    let mut stage = Stage::new(&[]);
    let moves_to = |folder: &Path| {
        let file = folder.join("cgroup.procs");
        format!(
            "it = socket.socket(); open('{}', 'w').write(str(os.getpid())); it.connect(server)",
            file.display()
        )
    };
    let (enters, leaves) = (moves_to(&stage.cgroup.folder), moves_to(&load::cgroup_mount().unwrap()));
    assert_eq!(stage.tries_from(":", "127.0.0.1", &[], &enters), "connected");
    assert_eq!(stage.tries(&[], &leaves), REFUSED);
}

/// What is connected stays so: ending it is another act.
#[test]
fn a_connection_from_before_stays() {
    let mut stage = Stage::on("127.0.0.1:0", Mode::Alert, false, &[]);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.connect(&SockAddr::from(stage.address())).unwrap();
    let passes = OwnedFd::from(socket);
    let ports = [stage.address().port()].into();
    let orders = Orders::new(
        &ActConfig {
            mode: Mode::Deny,
            outgoing: false,
            remote: false,
            keeps: false,
            pin_dir: "/".into(),
            ports,
            idle: Vec::new(),
        },
        &[],
    );
    stage.eye.kernel.take_orders(orders, &load::cgroup_mount().unwrap()).unwrap();
    stage.renew();
    rustix::io::fcntl_setfd(&passes, rustix::io::FdFlags::empty()).unwrap();
    let sends = format!("socket.socket(fileno={}).send(b'x')", passes.as_raw_fd());
    assert_eq!(stage.tries(&[], &sends), "connected");
    assert_eq!(stage.denied(), 0);
    let look = stage.address().port();
    // Whoever holds it is found, as ever.
    stage.eye.look(look);
    let record = stage.eye.connections()[0];
    assert_eq!((record.class, record.evidence), (ConnectionClass::Bypass, Evidence::None));
}
