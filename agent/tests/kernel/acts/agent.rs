//! The agent itself refuses, and what becomes of that where it ends, hangs, or somebody changes the kernel's maps.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use ebpf_abi::{PORT_WATCHED, PORT_WORDS};

use super::{CONNECT, run};
use crate::allowed::Cgroup;
use crate::tampered::{Agent, said_of, tamper};

const WAIT: Duration = Duration::from_secs(60);

/// An agent that acts on its own cgroup.
pub(super) struct Acting {
    pub(super) agent: Agent,
    cgroup: Cgroup,
    listener: TcpListener,
}

impl Acting {
    pub(super) fn new(name: &str, more: &str, arguments: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let cgroup = Cgroup::new(name);
        let more = format!("cgroup = '{}'\nact.mode = 'deny'\n{more}", cgroup.folder.display());
        let agent = Agent::with(listener.local_addr().unwrap().port(), &cgroup.enter(), &more, arguments);
        Acting { agent, cgroup, listener }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub(super) fn tries(&self, way: &str) -> String {
        let ran = run(&self.cgroup.enter(), &[], "127.0.0.1", self.address().port(), way);
        String::from_utf8(ran.stdout).unwrap().trim_end().to_owned()
    }

    /// Tries until that becomes of it.
    fn until(&self, became: &str) {
        self.until_by(CONNECT, became);
    }

    pub(super) fn until_by(&self, way: &str, became: &str) {
        let deadline = Instant::now() + WAIT;
        while self.tries(way) != became {
            assert!(Instant::now() < deadline, "it must become {became}");
        }
    }

    pub(super) fn signal(&self, signal: &str) {
        assert!(
            Command::new("kill").args([signal, &self.agent.pid().to_string()]).status().unwrap().success()
        );
    }

    /// The only map of this kind, with keys and values of so many bytes, and room for so many.
    fn map(&self, kind: u32, key: u32, value: u32, entries: u32) -> String {
        // Constants of the programs are in maps of one.
        let has =
            format!("map_type:\t{kind}\nkey_size:\t{key}\nvalue_size:\t{value}\nmax_entries:\t{entries}\n");
        let [map] = self.agent.descriptors(&has, "map_id:").try_into().unwrap();
        map
    }
}

#[test]
fn it_refuses_and_nobody_is_refused_once_it_is_killed() {
    let acting = Acting::new("acts-killed", "", &[]);
    assert_eq!(acting.tries(CONNECT), "EPERM");
    acting.agent.until("\"kind\":\"denied\"");
    acting.agent.until(&format!("was refused a connection to {}", acting.address()));
    acting.signal("-KILL");
    acting.until("connected");
}

#[test]
fn nobody_is_refused_while_it_hangs_and_that_is_told() {
    let acting = Acting::new("acts-hung", "", &[]);
    assert_eq!(acting.tries(CONNECT), "EPERM");
    acting.signal("-STOP");
    acting.until("connected");
    acting.signal("-CONT");
    acting.until("EPERM");
    acting.agent.until("\"kind\":\"unjudged\"");
}

#[test]
fn a_dry_run_refuses_nobody_and_tells_whom_it_would() {
    let acting = Acting::new("acts-dry", "", &["--dry-run"]);
    assert_eq!(acting.tries(CONNECT), "connected");
    acting.agent.until("\"kind\":\"would_deny\"");
    acting.agent.until(&format!("would have been refused a connection to {}", acting.address()));
}

/// It writes its pid file, and asks again until the agent knows it.
#[test]
fn a_proxy_that_has_just_started_is_known_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("proxy.pid");
    let proxy = format!("[[proxy]]\npid-file = '{}'", pid_file.display());
    let acting = Acting::new("acts-proxy", &proxy, &[]);
    let starts = format!(
        "import time
open('{}', 'w').write(str(os.getpid()))
until = time.monotonic() + 2
while socket.socket().connect_ex(server) and time.monotonic() < until: time.sleep(0.02)
{CONNECT}",
        pid_file.display()
    );
    for _ in 0..3 {
        assert_eq!(acting.tries(&starts), "connected");
        // It has ended: its file proves nothing.
        acting.until("EPERM");
    }
}

#[test]
fn what_somebody_takes_away_is_put_back_and_told() {
    let acting = Acting::new("acts-tampered", "", &[]);
    assert_eq!(acting.tries(CONNECT), "EPERM");
    // A process that is never refused: the first one of this host.
    tamper(&["set", &acting.map(1, 4, 8, 128), "01000000", "0000000000000000"]);
    acting.agent.until("somebody took orders about whom to refuse of the agent");
    for link in acting.agent.descriptors("link_type:\tcgroup", "link_id:") {
        tamper(&["link", &link]);
    }
    acting.agent.until("program `connect4`");
    acting.until("EPERM");
    // Every rule is in force, for any user, cgroup and port.
    for slot in ["00000000", "01000000", "02000000", "03000000"] {
        tamper(&["set", &acting.map(2, 4, 32, 4), slot, &"ff".repeat(32)]);
    }
    acting.until("EPERM");
    // The port is only watched.
    let [place, word] = said_of(acting.address().port(), PORT_WATCHED);
    tamper(&["set", &acting.map(2, 4, 8, PORT_WORDS), &place, &word]);
    acting.until("EPERM");
}
