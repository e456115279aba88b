//! Somebody has the agent end a connection.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::net::sockopt::socket_cookie;
use socket2::{Domain, Socket, Type};

use crate::namespaces::{Namespace, ip};
use crate::tampered::Agent;

fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// It reaches the other end.
fn goes_on((one, other): &mut (TcpStream, TcpStream)) {
    one.write_all(b"x").unwrap();
    other.read_exact(&mut [0; 1]).unwrap();
}

#[test]
fn a_connection_is_reset_at_both_ends_and_no_other_is() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let agent = Agent::on(address.port());
    let (mut stays, mut ends) = (pair(&listener), pair(&listener));
    let client = ends.0.local_addr().unwrap();
    agent.until(&client.to_string());
    let (code, said) = agent.kill(&[], &client.to_string());
    assert_eq!(code, 0, "{said}");
    let me = std::process::id();
    assert!(said.starts_with("user root (pid "), "{said}");
    let whose = format!("(pid {me}, user root) from {client} to {address}: it reads too much");
    assert!(said.ends_with(&whose), "{said}");
    // The end that was ended is told so, and the other is reset.
    assert_eq!(ends.1.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert_eq!(ends.0.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    goes_on(&mut stays);
    // It is recorded, and that it ended is, too.
    agent.until("\"kind\":\"killed\"");
    let closed =
        |line: &&str| line.contains(&format!("\"client\":\"{client}\"")) && line.contains("\"closed_at\":1");
    agent.until_true(|journal| journal.lines().find(closed).is_some());
    let (code, said) = agent.kill(&[], &client.to_string());
    assert_eq!((code, said), (1, format!("picket-agent: no connection that is open has the name {client}")));
    // By its cookie, the client's or the server's.
    let cookie = socket_cookie(&stays.0).unwrap().to_string();
    assert_eq!(agent.kill(&[], &cookie).0, 0);
    assert_eq!(stays.0.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn one_that_is_bound_to_an_interface_is_ended_too() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind_device(Some(b"lo")).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(1).unwrap();
    let listener = TcpListener::from(socket);
    let agent = Agent::on(listener.local_addr().unwrap().port());
    let mut ends = pair(&listener);
    let client = ends.0.local_addr().unwrap().to_string();
    agent.until(&client);
    let (code, said) = agent.kill(&[], &client);
    assert_eq!(code, 0, "{said}");
    assert!(ends.0.read(&mut [0; 1]).is_err() && ends.1.read(&mut [0; 1]).is_err());
}

#[test]
fn who_may_not_ask_and_what_is_no_connection_end_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let agent = Agent::on(listener.local_addr().unwrap().port());
    let mut stays = pair(&listener);
    let client = stays.0.local_addr().unwrap().to_string();
    agent.until(&client);
    for name in ["0", "18446744073709551615", "127.0.0.1:1", "all", "", "127.0.0.1"] {
        let (code, said) = agent.kill(&[], name);
        assert_eq!(code, 1, "{name}: {said}");
    }
    // Whoever may not read the spool's folder finds no door there.
    let nobody = agent.knock("os.setuid(65534)", &client);
    assert!(
        nobody == "PermissionError" || nobody.contains("only root and the agent's own user may ask"),
        "{nobody}"
    );
    // What is no question gets an answer, and harms nobody.
    assert!(agent.knock("", "\\").contains("this is no question"));
    goes_on(&mut stays);
}

/// A server and a client that holds on, in a namespace; the server is at the loopback address.
fn inside(namespace: &Namespace, port: u16, client_port: u16) -> (Child, BufReader<ChildStdout>, u64) {
    let python = format!(
        "import socket, sys
server = socket.create_server(('127.0.0.1', {port}))
client = socket.socket(); client.bind(('127.0.0.1', {client_port})); client.connect(('127.0.0.1', {port}))
served = server.accept()[0]
print(int.from_bytes(client.getsockopt(socket.SOL_SOCKET, 57, 8), sys.byteorder), flush=True)
try: client.recv(1)
except ConnectionResetError: print('reset', flush=True)"
    );
    let inside = ["netns", "exec", &namespace.name, "python3", "-c", &python];
    let mut child = Command::new("ip").args(inside).stdout(Stdio::piped()).spawn().unwrap();
    let mut says = BufReader::new(child.stdout.take().unwrap());
    let mut cookie = String::new();
    says.read_line(&mut cookie).unwrap();
    (child, says, cookie.trim_end().parse().unwrap())
}

#[test]
fn the_right_one_of_two_with_the_same_addresses_is_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let agent = Agent::on(port);
    let namespaces = [Namespace::new(), Namespace::new()];
    let client_port = port ^ 1;
    let mut children = namespaces.each_ref().map(|namespace| {
        ip(&["-n", &namespace.name, "link", "set", "lo", "up"]);
        inside(namespace, port, client_port)
    });
    for (_, _, cookie) in &children {
        agent.until(&format!("\"client_cookie\":{cookie},"));
    }
    let client = SocketAddr::from(([127, 0, 0, 1], client_port)).to_string();
    let (code, said) = agent.kill(&[], &client);
    assert!(code == 1 && said.contains("more than one connection has the name"), "{code}: {said}");
    let (code, said) = agent.kill(&[], &children[1].2.to_string());
    assert_eq!(code, 0, "{said}");
    let mut rest = String::new();
    children[1].1.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "reset\n");
    assert!(children[0].0.try_wait().unwrap().is_none(), "the other goes on");
    for (mut child, ..) in children {
        let _ = child.kill();
        child.wait().unwrap();
    }
}

#[test]
fn a_connection_over_a_unix_socket_is_named_as_one_that_cannot_be_ended() {
    let dir = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listener = UnixListener::bind(dir.path().join(format!(".s.PGSQL.{port}"))).unwrap();
    let agent = Agent::on(port);
    let mut client = UnixStream::connect(dir.path().join(format!(".s.PGSQL.{port}"))).unwrap();
    client.write_all(b"x").unwrap();
    let mut served = listener.accept().unwrap().0;
    let cookie = socket_cookie(&client).unwrap().to_string();
    agent.until(&format!("\"client_cookie\":{cookie},"));
    let (code, said) = agent.kill(&[], &cookie);
    assert!(
        code == 1 && said.contains("over a UNIX socket") && said.contains("pg_terminate_backend"),
        "{said}"
    );
    agent.until("that failed, it is over a UNIX socket");
    served.read_exact(&mut [0; 1]).unwrap();
}

#[test]
fn where_no_agent_runs_that_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut agent = Agent::on(listener.local_addr().unwrap().port());
    agent.end();
    let (code, said) = agent.kill(&[], "1");
    assert!(code == 69 && said.contains("start the agent with this configuration"), "{code}: {said}");
}
