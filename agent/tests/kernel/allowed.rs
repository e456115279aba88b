//! Whom rules allow around the proxy, and ways round that.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use audit::record::{ConnectionClass, ConnectionRecord, Evidence, UnixMicros};
use picket_agent::{AllowRule, Clock, load};

use crate::eye::Eye;
use crate::namespaces::Namespace;

pub(crate) fn rule() -> AllowRule {
    AllowRule {
        name: "backup".to_owned(),
        reason: "a test".to_owned(),
        until: None,
        networks: Vec::new(),
        uid: None,
        cgroup: None,
        ports: BTreeSet::new(),
    }
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// What the agent says of the one connection that `script` makes as `$TO`, a device of bash; `wrapper` runs it.
fn told_of(eye: &mut Eye, listener: &TcpListener, wrapper: &[&str], script: &str) -> ConnectionRecord {
    let before = eye.connections().iter().filter(|record| record.closed_at.is_some()).count();
    let mut client = client(listener.local_addr().unwrap(), wrapper, script);
    drop(listener.accept().unwrap());
    assert!(client.wait().unwrap().success(), "{script}");
    eye.until_closed(before + 1);
    (*eye.connections().last().unwrap()).clone()
}

fn client(to: SocketAddr, wrapper: &[&str], script: &str) -> Child {
    let bash = ["bash", "-c", script];
    let mut words = wrapper.iter().chain(&bash);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).env("TO", format!("/dev/tcp/{}/{}", to.ip(), to.port()));
    command.stdout(Stdio::piped()).spawn().unwrap()
}

const CONNECT: &str = "exec 3<>$TO";

fn is_allowed(record: &ConnectionRecord) -> bool {
    match record.class {
        ConnectionClass::Allowed => {
            assert_eq!((record.evidence, record.rule.as_str()), (Evidence::Kernel, "backup"));
            true
        }
        ConnectionClass::Bypass => {
            assert_eq!((record.evidence, record.rule.as_str()), (Evidence::None, ""));
            false
        }
        other => panic!("{other:?}: {record:?}"),
    }
}

#[test]
fn a_user_is_allowed_and_no_other() {
    let (listener, address) = listener();
    let mut eye = Eye::allowing(address.port(), vec![AllowRule { uid: Some(65_534), ..rule() }]);
    let nobody = ["setpriv", "--reuid", "65534", "--clear-groups", "--"];
    assert!(is_allowed(&told_of(&mut eye, &listener, &nobody, CONNECT)));
    assert!(eye.alerts().is_empty());
    assert!(!is_allowed(&told_of(&mut eye, &listener, &[], CONNECT)));
    // It acts as nobody, and is somebody else.
    let acting = ["setpriv", "--euid", "65534", "--"];
    assert!(!is_allowed(&told_of(&mut eye, &listener, &acting, CONNECT)));
    // It is nobody in a user namespace of its own.
    let mapped = ["unshare", "--user", "--map-user=65534", "--"];
    assert!(!is_allowed(&told_of(&mut eye, &listener, &mapped, CONNECT)));
    assert_eq!(eye.alerts().len(), 3);
}

/// A cgroup that goes with this.
pub(crate) struct Cgroup {
    pub(crate) folder: PathBuf,
    pub(crate) path: String,
}

impl Cgroup {
    pub(crate) fn new(name: &str) -> Self {
        let path = format!("/picket-{name}-{}", std::process::id());
        let folder = load::cgroup_mount().unwrap().join(&path[1..]);
        fs::create_dir(&folder).unwrap();
        Cgroup { folder, path }
    }

    /// A script that moves itself into it.
    pub(crate) fn enter(&self) -> String {
        format!("echo $$ > {}/cgroup.procs", self.folder.display())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}

#[test]
fn a_cgroup_is_allowed_with_those_below_and_no_other() {
    let (listener, address) = listener();
    let allowed = Cgroup::new("allowed");
    let beside = Cgroup::new("allowed-not");
    let below = Cgroup { folder: allowed.folder.join("job"), path: format!("{}/job", allowed.path) };
    fs::create_dir(&below.folder).unwrap();
    let mut eye =
        Eye::allowing(address.port(), vec![AllowRule { cgroup: Some(allowed.path.clone()), ..rule() }]);
    let mut within = |cgroup: &Cgroup| {
        let script = format!("{}; {CONNECT}", cgroup.enter());
        let record = told_of(&mut eye, &listener, &[], &script);
        assert_eq!(record.process.as_ref().unwrap().cgroup, cgroup.path);
        is_allowed(&record)
    };
    assert!(within(&allowed));
    assert!(within(&below));
    assert!(!within(&beside));
    // Whoever goes there afterwards, or stands in it as a directory, has not connected from there.
    let moves = format!("{CONNECT}; {}", allowed.enter());
    assert!(!is_allowed(&told_of(&mut eye, &listener, &[], &moves)));
    let stands = format!("cd {}; {CONNECT}", allowed.folder.display());
    assert!(!is_allowed(&told_of(&mut eye, &listener, &[], &stands)));
    drop(below);
}

#[test]
fn a_rule_stops_at_its_moment() {
    let (listener, address) = listener();
    // To load the programs takes longer where the machine is busy.
    let was_seen = (0..6).any(|doubled| {
        let until = UnixMicros(Clock.now().0 + (500_000 << doubled));
        let mut eye =
            Eye::allowing(address.port(), vec![AllowRule { uid: Some(0), until: Some(until), ..rule() }]);
        let (mut before, mut after) = (0, 0);
        while after < 3 {
            let client = TcpStream::connect(address).unwrap();
            drop((listener.accept().unwrap(), client));
            eye.until_closed(before + after + 1);
            let record = (*eye.connections().last().unwrap()).clone();
            assert_eq!(is_allowed(&record), record.opened_at < until, "{record:?}");
            if record.opened_at < until { before += 1 } else { after += 1 }
        }
        assert_eq!(eye.alerts().len(), after);
        0 < before
    });
    assert!(was_seen);
}

#[test]
fn an_allowed_address_does_not_vouch_for_processes_of_this_host() {
    let namespace = Namespace::new();
    let listener = TcpListener::bind((namespace.address(1), 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let network = format!("{}/30", namespace.address(0)).parse().unwrap();
    let mut eye = Eye::allowing(port, vec![AllowRule { networks: vec![network], ..rule() }]);
    // From a container's address and from this host's own.
    let inside = ["ip", "netns", "exec", &namespace.name];
    assert!(!is_allowed(&told_of(&mut eye, &listener, &inside, CONNECT)));
    assert!(!is_allowed(&told_of(&mut eye, &listener, &[], CONNECT)));
}

/// A process that connected before the agent looked, and stays.
struct Staying(Child);

impl Drop for Staying {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_is_found_is_allowed_only_where_all_who_hold_it_are() {
    let (listener, address) = listener();
    let script = format!("{CONNECT}; echo; read -t 60 -u 3");
    let stay = |wrapper: &[&str], script: &str| {
        let mut child = client(address, wrapper, script);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Staying(child), listener.accept().unwrap())
    };
    let nobody = ["setpriv", "--reuid", "65534", "--clear-groups", "--"];
    let by_nobody = || vec![AllowRule { uid: Some(65_534), ..rule() }];
    let alone = stay(&nobody, &script);
    let mut eye = Eye::allowing(address.port(), by_nobody());
    eye.look(address.port());
    let record = eye.connections()[0].clone();
    assert_eq!((record.class, record.evidence), (ConnectionClass::Allowed, Evidence::Holder), "{record:?}");
    assert_eq!((record.rule.as_str(), eye.alerts().len()), ("backup", 0));
    drop(alone);

    // Root made it, and gave it to nobody, who holds it too.
    let hands_over =
        format!("{CONNECT}; setpriv --reuid 65534 --clear-groups -- sleep 60 & echo; wait; : {script}");
    let handed = stay(&[], &hands_over);
    let mut eye = Eye::allowing(address.port(), by_nobody());
    eye.look(address.port());
    let record = eye.connections()[0].clone();
    assert_eq!((record.class, record.process.unwrap().uid), (ConnectionClass::Bypass, 0));
    drop(handed);
}
