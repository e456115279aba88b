//! Connections between network namespaces of one kernel, over a pair of virtual interfaces.

use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use audit::record::ConnectionClass;

use crate::eye::Eye;

/// Namespaces that one run of the tests has numbers for.
const MANY: u32 = 64;

/// A network namespace that goes with this, and a link to it.
pub(crate) struct Namespace {
    pub(crate) name: String,
    number: u32,
}

impl Namespace {
    /// Its name and addresses are no other's that is there now.
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        assert!(made < MANY, "more namespaces than there are numbers for");
        let number = std::process::id() * MANY + made;
        let name = format!("picket-{number}");
        let (here, there) = (format!("pka{number}"), format!("pkb{number}"));
        ip(&["netns", "add", &name]);
        let namespace = Namespace { name, number };
        let name = namespace.name.as_str();
        ip(&["link", "add", &here, "type", "veth", "peer", "name", &there, "netns", name]);
        ip(&["address", "add", &format!("{}/30", namespace.address(1)), "dev", &here]);
        ip(&["link", "set", &here, "up"]);
        ip(&["-n", name, "address", "add", &format!("{}/30", namespace.address(2)), "dev", &there]);
        ip(&["-n", name, "link", "set", &there, "up"]);
        namespace
    }

    /// One of the two addresses of a network of `198.18.0.0/15`, which is kept for tests (RFC 2544).
    pub(crate) fn address(&self, host: u32) -> String {
        std::net::Ipv4Addr::from(0xc612_0000 + self.number % 32_768 * 4 + host).to_string()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The link goes with its other end.
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
    }
}

pub(crate) fn ip(arguments: &[&str]) {
    let ran = Command::new("ip").args(arguments).output().expect("iproute2 is installed");
    assert!(ran.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_connection_across_namespaces_is_one_connection() {
    let namespace = Namespace::new();
    let listener = TcpListener::bind((namespace.address(1), 0)).unwrap();
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
    assert_eq!(opened.client.ip().to_string(), namespace.address(2));
    assert_eq!(opened.class, ConnectionClass::Bypass);
    assert_eq!(opened.process.as_ref().unwrap().command, "bash");
    assert_ne!(opened.client_cookie, 0, "both ends are paired");
}
