//! Connections between network namespaces of one kernel, over a pair of virtual interfaces.

use std::net::TcpListener;
use std::process::Command;

use audit::record::ConnectionClass;

use crate::eye::Eye;

/// A network namespace that goes with this, and a link to it.
pub(crate) struct Namespace {
    pub(crate) name: String,
}

impl Namespace {
    /// `number` makes names and addresses differ from those of other tests that run now.
    pub(crate) fn new(number: u32) -> Self {
        let name = format!("picket-{number}");
        let (here, there) = (format!("pka{number}"), format!("pkb{number}"));
        ip(&["netns", "add", &name]);
        let namespace = Namespace { name };
        let name = namespace.name.as_str();
        ip(&["link", "add", &here, "type", "veth", "peer", "name", &there, "netns", name]);
        ip(&["address", "add", &format!("{}/30", address(number, 1)), "dev", &here]);
        ip(&["link", "set", &here, "up"]);
        ip(&["-n", name, "address", "add", &format!("{}/30", address(number, 2)), "dev", &there]);
        ip(&["-n", name, "link", "set", &there, "up"]);
        namespace
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The link goes with its other end.
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
    }
}

/// One of the two addresses of a network of `198.18.0.0/15`, which is kept for tests (RFC 2544).
pub(crate) fn address(number: u32, host: u32) -> String {
    std::net::Ipv4Addr::from(0xc612_0000 + number % 32_768 * 4 + host).to_string()
}

pub(crate) fn ip(arguments: &[&str]) {
    let ran = Command::new("ip").args(arguments).output().expect("iproute2 is installed");
    assert!(ran.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_connection_across_namespaces_is_one_connection() {
    let number = std::process::id();
    let namespace = Namespace::new(number);
    let listener = TcpListener::bind((address(number, 1), 0)).unwrap();
    let server = listener.local_addr().unwrap();
    let mut eye = Eye::on(server.port());

    let connect = format!("exec 3<>/dev/tcp/{}/{}; exec 3>&-", server.ip(), server.port());
    let mut client =
        Command::new("ip").args(["netns", "exec", &namespace.name, "bash", "-c", &connect]).spawn().unwrap();
    let (stream, from) = listener.accept().unwrap();
    assert!(client.wait().unwrap().success());
    drop(stream);

    let (opened, _) = eye.one();
    assert_eq!((opened.client, opened.server), (from, server));
    assert_eq!(opened.client.ip().to_string(), address(number, 2));
    assert_eq!(opened.class, ConnectionClass::Bypass);
    assert_eq!(opened.process.as_ref().unwrap().command, "bash");
    assert_ne!(opened.client_cookie, 0, "both ends are paired");
}
