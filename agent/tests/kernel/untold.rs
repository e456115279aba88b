//! What the kernel cannot tell of a connection: it is counted and told, and a look finds it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use audit::record::{AlertRecord, ConnectionClass, Evidence, Opening};
use ebpf_abi::Counter;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::eye::Eye;
use crate::namespaces::{Namespace, ip};
use crate::tampered::{Agent, tamper};

/// A connection that was asked for before anybody watched its port, and is not open yet: the queue of its server is full.
struct Pending {
    listener: Socket,
    client: Socket,
    address: SocketAddr,
    _fills_queue: TcpStream,
}

impl Pending {
    fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SockAddr::from(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let fills_queue = TcpStream::connect(address).unwrap();
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        client.set_nonblocking(true).unwrap();
        client.connect(&SockAddr::from(address)).unwrap_err();
        assert!(client.peer_addr().is_err(), "it waits");
        Pending { listener, client, address, _fills_queue: fills_queue }
    }

    /// Makes room for it, and waits until it is open.
    fn accept(&self) -> [Socket; 2] {
        [self.listener.accept().unwrap().0, self.listener.accept().unwrap().0]
    }

    fn client(&self) -> SocketAddr {
        self.client.local_addr().unwrap().as_socket().unwrap()
    }
}

#[test]
fn a_connection_without_its_process_is_unknown_until_a_look_finds_who_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("proxy.pid");
    fs::write(&pid_file, std::process::id().to_string()).unwrap();
    for (pid_files, class, evidence, alerts) in [
        (vec![&*pid_file], ConnectionClass::Proxied, Evidence::Holder, 0),
        (vec![], ConnectionClass::Bypass, Evidence::None, 1),
    ] {
        let pending = Pending::new();
        let mut eye = Eye::new(&pid_files);
        eye.kernel.watch_port(pending.address.port()).unwrap();
        let served = pending.accept();
        eye.until_told(1);
        let untold = eye.connections()[0].clone();
        assert_eq!(untold.client, pending.client());
        assert_eq!(
            (untold.class, untold.opening, &untold.process),
            (ConnectionClass::Unknown, Opening::Seen, &None)
        );
        assert_ne!(untold.client_cookie, 0, "both ends are paired");
        assert_eq!((eye.counts().processes_lost, eye.alerts().len()), (1, 0));

        // The look finds the one that fills the queue, too: it was open before.
        let merged = eye.look(pending.address.port());
        assert_eq!((merged.resolved, merged.found, merged.unknown), (1, 1, 0));
        let of_it = |eye: &Eye| {
            let those = eye.connections().into_iter().filter(|it| it.cookie == untold.cookie);
            those.cloned().collect::<Vec<_>>()
        };
        let [_, told] = of_it(&eye).try_into().unwrap();
        assert_eq!(
            (told.client, told.opened_at, told.opening),
            (untold.client, untold.opened_at, Opening::Seen)
        );
        assert_eq!((told.class, told.evidence), (class, evidence));
        assert_eq!(told.process.unwrap().pid, std::process::id());
        let about =
            |alert: &&AlertRecord| alert.connection.as_ref().is_some_and(|it| it.cookie == untold.cookie);
        assert_eq!(eye.alerts().into_iter().filter(about).count(), alerts);
        assert_eq!(eye.look(pending.address.port()).resolved, 0, "once");
        drop(pending);
        drop(served);
        eye.until_closed(1);
        let [_, _, closed] = of_it(&eye).try_into().unwrap();
        assert!(closed.class == class && closed.closed_at.is_some());
    }
}

#[test]
fn the_agent_says_so_and_looks_by_itself() {
    let pending = Pending::new();
    let agent = Agent::on(pending.address.port());
    let _served = pending.accept();
    agent.until("\"kind\":\"processes_lost\"");
    agent.until(&format!("(pid {}, user root) connected to {}", std::process::id(), pending.address));
    let journal = agent.journal();
    let client = format!("\"client\":\"{}\"", pending.client());
    let classes: Vec<bool> =
        journal.lines().filter(|it| it.contains(&client)).map(|it| it.contains("\"unknown\"")).collect();
    assert_eq!(classes.first(), Some(&true), "{journal}");
    assert_eq!(classes.last(), Some(&false), "{journal}");
}

/// No kernel is known that refuses to tell of an end: here root says that this one did.
#[test]
fn ends_that_the_kernel_does_not_tell_are_told() {
    let agent = Agent::on(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    // `BPF_MAP_TYPE_PERCPU_ARRAY` of `include/uapi/linux/bpf.h`.
    let maps = agent.descriptors("map_type:\t6\nkey_size:\t4\nvalue_size:\t8\n", "map_id:");
    assert_eq!(maps.len(), 1);
    tamper(&["counter", &maps[0], &(Counter::EndUnseen as u32).to_string()]);
    agent.until("\"kind\":\"ends_unseen\"");
}

/// Who is root in a network namespace may give its sockets no memory; their processes are known all the same.
#[test]
fn a_process_is_known_where_its_socket_gets_no_memory() {
    const PYTHON: &str = "import socket, sys
server = socket.create_server(('127.0.0.1', PORT))
for _ in range(3):
    client = socket.create_connection(('127.0.0.1', PORT))
    server.accept()[0].close()
    client.close()
print('done', flush=True)
sys.stdin.read()
";
    let namespace = Namespace::new();
    ip(&["-n", &namespace.name, "link", "set", "lo", "up"]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut eye = Eye::on(port);
    let python = PYTHON.replace("PORT", &port.to_string());
    let starve = "sysctl -qw net.core.optmem_max=0 && exec python3 -c \"$0\"";
    let mut inside = Command::new("ip")
        .args(["netns", "exec", &namespace.name, "bash", "-c", starve, &python])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(inside.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "done\n");
    eye.until_closed(3);
    for record in eye.connections() {
        let process = record.process.as_ref().expect("its process is known");
        assert_eq!((process.pid, process.command.as_str()), (inside.id(), "python3"));
        assert_eq!(record.class, ConnectionClass::Bypass);
    }
    assert_eq!((eye.counts().processes_lost, eye.counts().ends_unseen), (0, 0));
    inside.kill().unwrap();
    inside.wait().unwrap();
}

/// However a process asks for its connection, it is known whose it is.
#[test]
fn no_way_to_ask_for_a_connection_hides_who_asks() {
    const WAYS: [(&str, &str); 4] = [
        ("Multipath TCP", "it = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); it.connect(server)"),
        ("data with the first packet", "it = socket.socket(); it.sendto(b'x', socket.MSG_FASTOPEN, server)"),
        (
            "a connect that waits for data",
            "it = socket.socket(); it.setsockopt(socket.IPPROTO_TCP, 30, 1); it.connect(server); it.send(b'x')",
        ),
        (
            "a connect that was called off",
            "it = socket.socket(); it.setblocking(False); it.connect_ex(('198.51.100.1', server[1])); it.close()
it = socket.socket(); it.connect(server)",
        ),
    ];
    for (way, script) in WAYS {
        // It serves Multipath TCP and any other.
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::from(262))).unwrap();
        socket.bind(&SockAddr::from(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
        socket.listen(1).unwrap();
        let listener = TcpListener::from(socket);
        let port = listener.local_addr().unwrap().port();
        let mut eye = Eye::on(port);
        let python = format!("import socket\nserver = ('127.0.0.1', {port})\n{script}\nit.close()");
        let mut client = Command::new("python3").args(["-c", &python]).spawn().unwrap();
        drop(listener.accept().unwrap());
        assert!(client.wait().unwrap().success(), "{way}");
        eye.until_closed(1);
        let record = eye.connections()[0];
        let process = record.process.as_ref().unwrap_or_else(|| panic!("{way}: {:?}", eye.counts()));
        assert_eq!((process.pid, process.command.as_str()), (client.id(), "python3"), "{way}");
        assert_eq!(record.class, ConnectionClass::Bypass, "{way}");
    }
}

/// Another process gives the connection up (`connect(2)`, AF_UNSPEC), and has the same socket make a new one.
#[test]
fn a_socket_that_is_connected_again_is_told_as_whose_who_asked_for_that() {
    const SCRIPT: &str = "import ctypes, os, socket, sys
server = ('127.0.0.1', int(sys.argv[1]))
it = socket.socket()
it.connect(server)
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None).connect(it.fileno(), bytes(16), 16) == 0
    it.connect(server)
    os._exit(0)
os.wait()
print(child)";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut eye = Eye::on(port);
    let mut client = Command::new("python3");
    let client = client.args(["-c", SCRIPT, &port.to_string()]).stdout(Stdio::piped()).spawn().unwrap();
    let parent = client.id();
    drop([listener.accept().unwrap(), listener.accept().unwrap()]);
    let child = String::from_utf8(client.wait_with_output().unwrap().stdout).unwrap();
    eye.until_closed(2);
    let opened: Vec<_> = eye.connections().into_iter().filter(|it| it.closed_at.is_none()).collect();
    let pids: Vec<u32> = opened.iter().map(|it| it.process.as_ref().unwrap().pid).collect();
    assert_eq!(pids, [parent, child.trim().parse().unwrap()]);
    assert_eq!(opened[0].client_cookie, opened[1].client_cookie);
}

/// The kernel asks for further paths of a connection over Multipath TCP, at some later time.
#[test]
fn a_further_path_is_of_who_asked_for_the_first() {
    const SCRIPT: &str = "import socket, sys
served = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
served.bind(('127.0.0.1', int(sys.argv[1]))); served.listen()
client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
client.connect(served.getsockname())
server = served.accept()[0]
# It asks once the server has acknowledged.
for _ in range(3): client.send(b'x'); server.recv(1); server.send(b'x'); client.recv(1)
print(flush=True)
sys.stdin.read()";
    let namespace = Namespace::new();
    let name = namespace.name.as_str();
    ip(&["-n", name, "link", "set", "lo", "up"]);
    ip(&["-n", name, "mptcp", "endpoint", "add", &namespace.address(2), "subflow"]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut eye = Eye::on(port);
    let mut words = Command::new("ip");
    words.args(["netns", "exec", name, "python3", "-c", SCRIPT, &port.to_string()]);
    let mut client = words.stdin(Stdio::piped()).spawn().unwrap();
    eye.until_opened(2);
    let opened = eye.connections();
    let clients: Vec<String> = opened.iter().map(|it| it.client.ip().to_string()).collect();
    assert_eq!(clients, ["127.0.0.1".to_owned(), namespace.address(2)]);
    for record in opened {
        let process = record.process.as_ref().unwrap();
        assert_eq!((process.pid, process.command.as_str()), (client.id(), "python3"));
    }
    drop(client.stdin.take());
    assert!(client.wait().unwrap().success());
}
