//! Connections that were open before the programs were attached.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use audit::record::{ConnectionClass, ConnectionRecord, Ending, Evidence, Opening};
use rustix::net::sockopt::socket_cookie;
use tempfile::TempDir;

use crate::eye::Eye;
use crate::namespaces::{Namespace, ip};

/// Connections that are open at once while others come and go.
const CHURNING: usize = 300;
/// Looks at them.
const LOOKS: u32 = 20;

fn open(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Registers this process as the proxy, for as long as the folder is there.
fn own_pid_file() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("proxy.pid");
    std::fs::write(&pid_file, std::process::id().to_string()).unwrap();
    (dir, pid_file)
}

fn only(eye: &Eye) -> ConnectionRecord {
    match eye.connections().as_slice() {
        &[record] => record.clone(),
        others => panic!("one connection expected: {others:#?}"),
    }
}

/// One connection to that listener, from before, until its end.
fn is_found(listener: &TcpListener) {
    let address = listener.local_addr().unwrap();
    let (mut client, server) = open(listener);
    let mut eye = Eye::on(address.port());
    assert_eq!(eye.look(address.port()).found, 1);
    let record = only(&eye);
    assert_eq!((record.opening, record.closed_at), (Opening::Found, None));
    assert_eq!((record.client, record.server), (client.local_addr().unwrap(), address));
    assert_eq!(record.cookie, socket_cookie(&server).unwrap());
    assert_eq!(record.client_cookie, socket_cookie(&client).unwrap());
    let process = record.process.as_ref().unwrap();
    assert_eq!((process.pid, process.user.as_str()), (std::process::id(), "root"));
    assert!(process.cgroup_id != 0 && process.cgroup.starts_with('/'), "{process:?}");
    assert_eq!((record.class, record.evidence), (ConnectionClass::Bypass, Evidence::None));
    assert!(eye.alerts()[0].message.contains("around the proxy, since before the agent looked; runs /"));

    assert_eq!(eye.look(address.port()).found, 0, "it is known");
    client.write_all(&[1; 1234]).unwrap();
    while server.peek(&mut [0; 1234]).unwrap() < 1234 {}
    assert_eq!(eye.look(address.port()).ended, 0);
    drop((client, server));
    assert_eq!(eye.look(address.port()).ended, 1);
    let records = eye.connections();
    assert_eq!(records.len(), 2, "{records:#?}");
    let ended = records[1];
    assert_eq!((ended.cookie, ended.opened_at), (record.cookie, record.opened_at));
    assert_eq!((ended.ending, ended.bytes_to_server), (Ending::Missed, 1234));
    assert!(ended.opened_at <= ended.closed_at.unwrap());
}

#[test]
fn an_ipv4_connection_is_found() {
    is_found(&TcpListener::bind("127.0.0.1:0").unwrap());
}

#[test]
fn an_ipv6_connection_is_found() {
    is_found(&TcpListener::bind("[::1]:0").unwrap());
}

#[test]
fn the_registered_process_holds_what_is_proxied() {
    let (_dir, pid_file) = own_pid_file();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ends = open(&listener);
    let mut eye = Eye::new(&[&pid_file]);
    eye.kernel.watch_port(port).unwrap();
    eye.look(port);
    let record = only(&eye);
    assert_eq!((record.class, record.evidence), (ConnectionClass::Proxied, Evidence::Holder));

    // The proxy hands its connection to another process.
    let holder = Holder::of(&ends.0);
    let mut eye = Eye::new(&[&pid_file]);
    eye.look(port);
    let record = only(&eye);
    assert_eq!(record.class, ConnectionClass::Bypass);
    assert_eq!(record.process.unwrap().pid, holder.process.id());
}

#[test]
fn what_the_proxy_closes_while_it_is_looked_at_is_no_bypass() {
    let (_dir, pid_file) = own_pid_file();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut open_now = VecDeque::new();
            while !is_over.load(Ordering::Relaxed) {
                open_now.push_back(open(&listener));
                // Each lives about as long as a look takes.
                if CHURNING < open_now.len() {
                    open_now.pop_front();
                }
            }
        });
        // No program tells of them: looks do.
        let mut eye = Eye::new(&[&pid_file]);
        let mut found = 0;
        for _ in 0..LOOKS {
            found += eye.look(port).found;
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(0 < found);
        let bypasses = eye.connections().iter().filter(|it| it.class == ConnectionClass::Bypass).count();
        assert_eq!(bypasses, 0, "of {found}");
    });
}

/// A process that was given a socket as its standard output.
struct Holder {
    process: Child,
}

impl Holder {
    fn of(socket: &TcpStream) -> Self {
        let socket = std::os::fd::OwnedFd::from(socket.try_clone().unwrap());
        let process = Command::new("sleep").arg("600").stdin(Stdio::null()).stdout(socket).spawn().unwrap();
        Holder { process }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A bash in a namespace that does what it is told, and says what it has done.
struct Inside {
    bash: Child,
}

impl Inside {
    fn new(namespace: &Namespace, script: &str) -> (Self, String) {
        let mut bash = Command::new("ip")
            .args(["netns", "exec", &namespace.name, "bash", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(bash.stdout.take().unwrap()).read_line(&mut said).unwrap();
        (Inside { bash }, said.trim().to_owned())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = self.bash.kill();
        let _ = self.bash.wait();
    }
}

#[test]
fn a_connection_across_namespaces_is_found_as_one() {
    let namespace = Namespace::new();
    let listener = TcpListener::bind((namespace.address(1), 0)).unwrap();
    let server: SocketAddr = listener.local_addr().unwrap();
    let connect = format!("exec 3<>/dev/tcp/{}/{}; echo done; read -r", server.ip(), server.port());
    let (inside, said) = Inside::new(&namespace, &connect);
    assert_eq!(said, "done");
    let (_stream, from) = listener.accept().unwrap();
    let mut eye = Eye::on(server.port());
    eye.look(server.port());
    let record = only(&eye);
    assert_eq!((record.client, record.server), (from, server));
    assert_eq!((record.class, record.opening), (ConnectionClass::Bypass, Opening::Found));
    let process = record.process.unwrap();
    assert_eq!((process.pid, process.command.as_str()), (inside.bash.id(), "bash"));
}

/// Both ends are on the loopback of another namespace, and the port is the same as one here.
#[test]
fn a_connection_within_another_namespace_is_found() {
    const PYTHON: &str = "import socket, sys\n\
        server = socket.create_server(('127.0.0.1', PORT))\n\
        client = socket.create_connection(('127.0.0.1', PORT))\n\
        served, _ = server.accept()\n\
        print(client.getsockname()[1], flush=True)\n\
        sys.stdin.read()\n";
    let namespace = Namespace::new();
    ip(&["-n", &namespace.name, "link", "set", "lo", "up"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (client, _served) = open(&listener);
    let python = PYTHON.replace("PORT", &port.to_string());
    let (_inside, said) = Inside::new(&namespace, &format!("exec python3 -c \"{python}\""));
    let mut eye = Eye::on(port);
    assert_eq!(eye.look(port).found, 2);
    let mut clients: Vec<String> = eye.connections().iter().map(|it| it.client.to_string()).collect();
    let mut expected = vec![format!("127.0.0.1:{said}"), client.local_addr().unwrap().to_string()];
    clients.sort();
    expected.sort();
    assert_eq!(clients, expected);
    let commands: Vec<_> =
        eye.connections().iter().filter_map(|it| it.process.as_ref().map(|it| it.command.clone())).collect();
    assert!(commands.contains(&"python3".to_owned()), "{commands:?}");
}

/// No process lives in its network namespace: a socket, a descriptor, a mount or a thread holds that. But for the first, nobody holds the connection's
/// own sockets, which wait in another one.
#[test]
fn a_connection_in_a_namespace_that_no_process_lives_in_is_found_and_not_told_as_ended() {
    const PYTHON: &str = "import ctypes, os, socket, sys, threading
libc, port, how, place = ctypes.CDLL(None), int(sys.argv[1]), sys.argv[2], sys.argv[3]
home, pair, kept = os.open('/proc/self/ns/net', os.O_RDONLY), socket.socketpair(), []
def live():
    assert libc.unshare(0x40000000) == 0
    assert os.system('ip link set lo up') == 0
    server = socket.create_server(('127.0.0.1', port))
    client = socket.create_connection(('127.0.0.1', port))
    served, _ = server.accept()
    client.send(b'x')
    own = '/proc/thread-self/ns/net'
    if how == 'descriptor': kept.append(os.open(own, os.O_RDONLY))
    if how == 'mount': assert libc.mount(own.encode(), place.encode(), None, 4096, None) == 0
    if how == 'socket': kept.extend([client, served])
    else: socket.send_fds(pair[0], [b'x'], [client.fileno(), served.fileno()]); client.close(); served.close()
    server.close()
    if how != 'thread': assert libc.setns(home, 0) == 0
    print('there', flush=True)
    sys.stdin.read()
thread = threading.Thread(target=live)
thread.start()
thread.join()";
    for how in ["socket", "descriptor", "mount", "thread"] {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut eye = Eye::on(port);
        eye.look(port);
        let place = tempfile::NamedTempFile::new().unwrap();
        let mut words = Command::new("unshare");
        words.args(["--mount", "python3", "-c", PYTHON, &port.to_string(), how]).arg(place.path());
        let mut process = words.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "there\n", "{how}");
        eye.until_opened(1);
        let opened = only(&eye);
        assert_eq!(eye.look(port).ended, 0, "{how}");
        let mut later = Eye::on(port);
        assert_eq!(later.look(port).found, 1, "{how}");
        let found = only(&later);
        assert_eq!((found.cookie, found.client_cookie), (opened.cookie, opened.client_cookie), "{how}");
        if how == "socket" {
            let (seen, found) = (opened.process.unwrap(), found.process.unwrap());
            assert_eq!((seen.pid, seen.network_namespace), (found.pid, found.network_namespace));
            let lives_in = std::fs::metadata("/proc/self/ns/net").unwrap().ino();
            assert_ne!(found.network_namespace.map(u64::from), Some(lives_in));
        }
        drop(process.stdin.take());
        assert!(process.wait().unwrap().success(), "{how}");
        eye.until_closed(1);
    }
}

/// A socket that waits in a UNIX-domain socket has no holder: whoever hides it there is no proxy.
#[test]
fn a_hidden_connection_is_never_proxied() {
    const PYTHON: &str = "import socket, sys, array\n\
        client = socket.create_connection(('127.0.0.1', PORT))\n\
        one, other = socket.socketpair(socket.AF_UNIX)\n\
        socket.send_fds(one, [b'x'], [client.fileno()])\n\
        client.close()\n\
        print('hidden', flush=True)\n\
        sys.stdin.read()\n";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let python = PYTHON.replace("PORT", &port.to_string());
    let mut process = Command::new("python3")
        .args(["-c", &python])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let _served = listener.accept().unwrap();
    let mut said = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "hidden\n");
    let mut eye = Eye::on(port);
    let look = eye.begin_look(port);
    eye.end_look(&look);
    let record = only(&eye);
    // Where a process refuses to be asked even by root, it may be the holder.
    let (class, alerts) =
        if look.are_holders_whole { (ConnectionClass::Bypass, 1) } else { (ConnectionClass::Unknown, 0) };
    assert_eq!((record.class, record.process, eye.alerts().len()), (class, None, alerts));
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Connections come and go while the programs are attached and a look is made: each is told once.
#[test]
fn nothing_falls_between_events_and_looks() {
    const THREADS: usize = 3;
    const ROUNDS: usize = 400;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, port) = (listener.local_addr().unwrap(), listener.local_addr().unwrap().port());
    let accepts = std::thread::spawn(move || {
        // Each stays for a while, so that some are open whenever it is looked.
        let mut open = VecDeque::new();
        for _ in 0..THREADS * ROUNDS {
            open.push_back(listener.accept().unwrap().0);
            if 40 < open.len() {
                open.pop_front();
            }
        }
        open
    });
    let clients: Vec<_> = (0..THREADS)
        .map(|_| {
            std::thread::spawn(move || {
                let mut open = VecDeque::new();
                for _ in 0..ROUNDS {
                    open.push_back(TcpStream::connect(address).unwrap());
                    if 10 < open.len() {
                        open.pop_front();
                    }
                }
                open
            })
        })
        .collect();
    let mut eye = Eye::on(port);
    while clients.iter().any(|client| !client.is_finished()) {
        let look = eye.begin_look(port);
        eye.end_look(&look);
    }
    let clients: Vec<_> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    let open = accepts.join().unwrap();
    eye.look(port);
    eye.stop();
    let mut opened = HashMap::new();
    for record in eye.connections().iter().filter(|record| record.closed_at.is_none()) {
        // What was under way when the programs came is told without its process, and again with it.
        *opened.entry(record.cookie).or_insert(0) += u32::from(record.class != ConnectionClass::Unknown);
    }
    let told: Vec<_> = eye.connections().into_iter().filter(|it| 1 < opened[&it.cookie]).collect();
    assert!(told.is_empty(), "{told:#?} {:?}", eye.counts());
    // Those of which both ends are open are all known: each was seen, or found.
    let asked: HashSet<SocketAddr> = clients.iter().map(|client| client.local_addr().unwrap()).collect();
    for server in open.iter().filter(|server| asked.contains(&server.peer_addr().unwrap())) {
        let is_known = opened.contains_key(&socket_cookie(server).unwrap());
        assert!(is_known, "{server:?} {:#?} {:?}", eye.connections(), eye.counts());
    }
}
