//! What the programs say of single connections.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use audit::record::{ConnectionClass, Evidence};
use rustix::net::sockopt::socket_cookie;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::eye::{Eye, late_server};

const TO_SERVER: &[u8] = &[1; 1234];
const TO_CLIENT: &[u8] = &[2; 56_789];

/// One connection from `connect` to a listener, with data in both directions, and what was told of it.
fn talk(listener: TcpListener, connect: SocketAddr, expected_client: &str, expected_server: &str) {
    let mut eye = Eye::on(connect.port());
    let mut client = TcpStream::connect(connect).unwrap();
    let client_port = client.local_addr().unwrap().port();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(TO_SERVER).unwrap();
    server.read_exact(&mut vec![0; TO_SERVER.len()]).unwrap();
    server.write_all(TO_CLIENT).unwrap();
    client.read_exact(&mut vec![0; TO_CLIENT.len()]).unwrap();
    drop(client);
    assert_eq!(server.read(&mut [0; 1]).unwrap(), 0);
    drop(server);

    let (opened, closed) = eye.one();
    let process = opened.process.as_ref().unwrap();
    let me = std::process::id();
    assert_eq!((process.pid, process.uid, process.user.as_str()), (me, 0, "root"));
    // The thread of the test has its name.
    let command = fs::read_to_string("/proc/thread-self/comm").unwrap();
    assert_eq!(process.command, command.trim_end());
    assert!(process.cgroup_id != 0 && process.cgroup.starts_with('/'), "{process:?}");
    assert_eq!(opened.client.to_string(), format!("{expected_client}:{client_port}"));
    assert_eq!(opened.server.to_string(), format!("{expected_server}:{}", connect.port()));
    assert!(opened.cookie != 0 && opened.client_cookie != 0 && opened.cookie != opened.client_cookie);
    assert_eq!((opened.bytes_to_server, opened.bytes_to_client), (0, 0));
    assert_eq!(
        (closed.bytes_to_server, closed.bytes_to_client),
        (TO_SERVER.len() as u64, TO_CLIENT.len() as u64)
    );
    assert_eq!((opened.class, opened.evidence), (ConnectionClass::Bypass, Evidence::None));
    assert_eq!(eye.counts().lost, 0);
}

fn listener(address: &str) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn ipv4() {
    let (listener, address) = listener("127.0.0.1:0");
    talk(listener, address, "127.0.0.1", "127.0.0.1");
}

#[test]
fn ipv6() {
    let (listener, address) = listener("[::1]:0");
    talk(listener, address, "[::1]", "[::1]");
}

#[test]
fn v4_mapped_destination() {
    let (listener, address) = listener("127.0.0.1:0");
    let mapped = SocketAddr::new("::ffff:127.0.0.1".parse().unwrap(), address.port());
    talk(listener, mapped, "127.0.0.1", "127.0.0.1");
}

#[test]
fn dual_stack_server() {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, None).unwrap();
    socket.set_only_v6(false).unwrap();
    socket.bind(&SockAddr::from("[::]:0".parse::<SocketAddr>().unwrap())).unwrap();
    socket.listen(1).unwrap();
    let listener = TcpListener::from(socket);
    let port = listener.local_addr().unwrap().port();
    talk(listener, SocketAddr::from(([127, 0, 0, 1], port)), "127.0.0.1", "127.0.0.1");
}

#[test]
fn the_server_may_close_first() {
    let (listener, address) = listener("127.0.0.1:0");
    let mut eye = Eye::on(address.port());
    let mut client = TcpStream::connect(address).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(TO_SERVER).unwrap();
    server.read_exact(&mut vec![0; TO_SERVER.len()]).unwrap();
    server.write_all(TO_CLIENT).unwrap();
    client.read_exact(&mut vec![0; TO_CLIENT.len()]).unwrap();
    drop(server);
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    drop(client);
    let (_, closed) = eye.one();
    assert_eq!(closed.bytes_to_client, TO_CLIENT.len() as u64);
    // Whether the client's FIN is counted with them depends on when it comes.
    let to_server = TO_SERVER.len() as u64;
    assert!((to_server..=to_server + 1).contains(&closed.bytes_to_server), "{closed:?}");
}

/// As where a server's queue is full: for the client the connection is established long before it is for the server.
#[test]
fn a_server_that_is_late_serves_the_process_that_asked() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("proxy.pid");
    fs::write(&pid_file, std::process::id().to_string()).unwrap();
    let (mut server, port) = late_server();
    let mut eye = Eye::new(&[&pid_file]);
    eye.kernel.watch_port(port).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let cookie = socket_cookie(&client).unwrap();
    eye.until_told(1);
    // The server's end is made by the client's first byte.
    client.write_all(TO_SERVER).unwrap();
    eye.until_told(2);
    let told: Vec<_> = eye.connections().iter().map(|it| (it.class, it.evidence, it.client_cookie)).collect();
    assert_eq!(
        told,
        [
            (ConnectionClass::Outgoing, Evidence::None, cookie),
            (ConnectionClass::Proxied, Evidence::Kernel, cookie)
        ]
    );
    assert!(eye.alerts().is_empty());
    drop(client);
    assert!(server.wait().unwrap().success());
}

/// The database's end is not made yet, as one on another host is not seen.
#[test]
fn beside_a_registered_proxy_any_other_that_leaves_is_a_bypass() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("proxy.pid");
    fs::write(&pid_file, std::process::id().to_string()).unwrap();
    let (mut server, port) = late_server();
    let mut eye = Eye::new(&[&pid_file]);
    eye.kernel.watch_port(port).unwrap();
    // The server's end is made by the client's first byte, which never comes.
    let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; echo; read -t 60");
    let mut other = Command::new("bash")
        .args(["-c", &connect])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    eye.until_told(1);
    let own = TcpStream::connect(("127.0.0.1", port)).unwrap();
    eye.until_told(2);
    let told: Vec<_> =
        eye.connections().iter().map(|it| (it.class, it.process.clone().unwrap().pid)).collect();
    assert_eq!(
        told,
        [(ConnectionClass::Bypass, other.id()), (ConnectionClass::Outgoing, std::process::id())]
    );
    let [alert] = eye.alerts()[..] else { panic!("{:?}", eye.alerts()) };
    assert!(alert.message.starts_with("bash (pid "), "{}", alert.message);
    drop((own, other.stdin.take()));
    other.wait().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn the_registered_process_is_proxied_and_any_other_is_a_bypass() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("proxy.pid");
    fs::write(&pid_file, std::process::id().to_string()).unwrap();
    let (listener, address) = listener("127.0.0.1:0");
    let mut eye = Eye::new(&[&pid_file]);
    eye.kernel.watch_port(address.port()).unwrap();

    let client = TcpStream::connect(address).unwrap();
    let (server, _) = listener.accept().unwrap();
    client.shutdown(Shutdown::Both).unwrap();
    drop((client, server));
    let (opened, _) = eye.one();
    assert_eq!((opened.class, opened.evidence), (ConnectionClass::Proxied, Evidence::Kernel));
    assert!(eye.alerts().is_empty());

    // The same user, another process.
    let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{}; exec 3>&-", address.port());
    let mut other = Command::new("bash").args(["-c", &connect]).spawn().unwrap();
    let pid = other.id();
    let (server, from) = listener.accept().unwrap();
    assert!(other.wait().unwrap().success());
    drop(server);
    eye.until_closed(2);
    let alerts = eye.alerts();
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    // It is gone: the kernel knows what it ran, who had started it, and with what.
    let parent = &alerts[0].connection.as_ref().unwrap().process.as_ref().unwrap().parents[0];
    let said = format!(
        "bash (pid {pid}, user root) connected to {address} from {from} around the proxy; runs bash, started as \"bash -c {connect}\", \
         started by {parent}"
    );
    assert!(alerts[0].message.starts_with(&said), "{}", alerts[0].message);
    assert_eq!(alerts[0].connection.as_ref().unwrap().class, ConnectionClass::Bypass);
}

#[test]
fn a_watched_number_on_the_wrong_end_is_not_watched() {
    let (listener, address) = listener("127.0.0.1:0");
    // A port for the client's own end, which is watched; the server's is not.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SockAddr::from(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
    let client_port = socket.local_addr().unwrap().as_socket().unwrap().port();
    let mut eye = Eye::on(client_port);
    socket.connect(&SockAddr::from(address)).unwrap();
    drop((listener.accept().unwrap(), socket));
    eye.kernel.watch_port(address.port()).unwrap();
    drop((TcpStream::connect(address).unwrap(), listener.accept().unwrap()));
    let (opened, _) = eye.one();
    assert_eq!(opened.server, address, "only the second connection is told");
    assert_ne!(opened.client.port(), client_port);
}

/// `connect` to no address takes a connection down and keeps the socket, with its cookie.
#[test]
fn a_socket_that_connects_again_makes_two_connections() {
    let (listener, address) = listener("127.0.0.1:0");
    let mut eye = Eye::on(address.port());
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.connect(&SockAddr::from(address)).unwrap();
    drop(listener.accept().unwrap());
    rustix::net::connect_unspec(&socket).unwrap();
    socket.connect(&SockAddr::from(address)).unwrap();
    drop((listener.accept().unwrap(), socket));
    eye.until_closed(2);
    let connections = eye.connections();
    assert_eq!(connections.len(), 4, "{connections:#?}");
    let opened: Vec<_> = connections.iter().filter(|record| record.closed_at.is_none()).collect();
    assert_eq!(opened[0].client_cookie, opened[1].client_cookie);
    assert_ne!(opened[0].cookie, opened[1].cookie);
    assert!(connections.iter().all(|record| record.process.is_some()));
}

#[test]
fn nothing_stays_in_the_kernel() {
    let (listener, address) = listener("127.0.0.1:0");
    drop(Eye::on(address.port()));
    let mut eye = Eye::new(&[]);
    drop((TcpStream::connect(address).unwrap(), listener.accept().unwrap()));
    eye.read();
    assert_eq!((eye.connections().len(), eye.counts().submitted), (0, 0));
}
