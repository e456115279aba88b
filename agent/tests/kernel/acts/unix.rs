//! Processes that are refused a connection over the database's UNIX socket, ways round that, and whoever must not be refused.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use audit::record::{AlertKind, UnixMicros};
use ebpf_abi::Mode;
use picket_agent::{AllowRule, Clock, Registry};
use socket2::{Domain, SockAddr, Socket, Type};

use super::agent::Acting;
use super::kept::Keeping;
use super::reloaded::config;
use super::ways::ring;
use super::{CONNECT, REFUSED, Stage, run};
use crate::allowed::{Cgroup, rule};
use crate::local::{Server, name};
use crate::namespaces::Namespace;
use crate::tampered::tamper;

const WAIT: Duration = Duration::from_secs(60);
/// Tries the socket at `path`.
const ASKS: &str = "socket.socket(socket.AF_UNIX).connect(path)";

/// An agent that acts within a cgroup, and a database with a UNIX socket that it watches.
struct Local {
    stage: Stage,
    server: Server,
}

const ASKS_AND_SAYS: &str = "socket.socket(socket.AF_UNIX)\nit.connect(path)\nit.send(b'x')";

/// Loads a program that lets everybody connect, as `bpf(2)` does: where the kernel takes it and asks such programs at all, it has to
/// take the agent's too.
const PROBE: &str = r#"
import ctypes, platform, struct
types = open('/sys/kernel/btf/vmlinux', 'rb').read()
begin, at, length, names_at, names_length = struct.unpack_from('=IIIII', types, 4)
names = types[begin + names_at:][:names_length]
at, end, number, found = begin + at, begin + at + length, 0, 0
while at < end:
    number += 1
    name, info = struct.unpack_from('=II', types, at)
    kind, count = info >> 24 & 31, info & 0xffff
    if kind == 12 and names[name:].startswith(b'bpf_lsm_unix_stream_connect\0'): found = number
    at += 12 + {1: 4, 3: 12, 4: 12 * count, 5: 12 * count, 6: 8 * count, 13: 8 * count, 14: 4, 15: 12 * count, 17: 4, 19: 12 * count}.get(kind, 0)
code = ctypes.create_string_buffer(bytes.fromhex('b700000001000000 9500000000000000'))
licence = ctypes.create_string_buffer(b'GPL')
attributes = bytearray(128)
struct.pack_into('=IIQQ', attributes, 0, 29, 2, ctypes.addressof(code), ctypes.addressof(licence))
struct.pack_into('=I', attributes, 68, 43)
struct.pack_into('=I', attributes, 108, found)
attributes = ctypes.create_string_buffer(bytes(attributes), len(attributes))
number = 321 if platform.machine() == 'x86_64' else 280
print(found != 0 and 0 <= ctypes.CDLL(None).syscall(number, 5, attributes, len(attributes)))
"#;

/// Whether this kernel asks such programs.
pub(super) fn asks_programs() -> bool {
    static ASKS: LazyLock<bool> = LazyLock::new(|| {
        let modules = fs::read_to_string("/sys/kernel/security/lsm");
        let is_module = modules.map_or(true, |modules| modules.trim_end().split(',').any(|it| it == "bpf"));
        let ran = Command::new("python3").args(["-c", PROBE]).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        is_module && ran.stdout == b"True\n"
    });
    *ASKS
}

impl Local {
    /// Refuses whom these rules do not allow; `None` where this kernel asks no such programs.
    fn new(rules: &[AllowRule]) -> Option<Self> {
        Local::acting(Mode::Deny, rules)
    }

    fn acting(mode: Mode, rules: &[AllowRule]) -> Option<Self> {
        Local::on(Stage::on("127.0.0.1:0", mode, false, rules))
    }

    fn on(stage: Stage) -> Option<Self> {
        if !asks_programs() {
            return None;
        }
        assert_eq!(stage.eye.kernel.unix_unrefused(), None);
        let server = Server::at(stage.address().port());
        Some(Local { stage, server })
    }

    /// What becomes of a connection that a process of the cgroup asks for in this way.
    fn tries(&mut self, wrapper: &[&str], way: &str) -> String {
        let path = self.server.shown();
        self.tries_at(&path, wrapper, way)
    }

    fn tries_at(&mut self, path: &str, wrapper: &[&str], way: &str) -> String {
        self.stage.tries(wrapper, &at(path, way))
    }

    /// The same of one that is asked about nowhere.
    fn goes(&mut self, path: &str, wrapper: &[&str], way: &str) -> String {
        self.stage.tries_from(":", "127.0.0.1", wrapper, &at(path, way))
    }
}

fn at(path: &str, way: &str) -> String {
    format!("path = {path:?}\n{way}")
}

#[test]
fn who_opens_the_socket_around_the_proxy_is_refused_and_that_is_told() {
    let Some(mut local) = Local::new(&[]) else { return };
    assert_eq!(local.tries(&[], ASKS), REFUSED);
    let alerts = local.stage.alerts();
    let [alert] = alerts.as_slice() else { panic!("{alerts:#?}") };
    let connection = alert.connection.as_ref().unwrap();
    let process = connection.process.as_ref().unwrap();
    let shown = local.server.shown();
    assert_eq!((alert.kind, connection.socket_path.as_str()), (AlertKind::Denied, shown.as_str()));
    assert_eq!((connection.server.port(), process.command.as_str()), (local.server.port, "python3"));
    assert_eq!(process.cgroup, local.stage.cgroup.path);
    assert_ne!(connection.client_cookie, 0);
    let said = format!(
        "python3 (pid {}, user root) was refused a connection to {shown}: no rule allows it around the proxy",
        process.pid
    );
    assert!(alert.message.starts_with(&said), "{}", alert.message);
    assert!(local.stage.eye.connections().is_empty(), "there was none");
    let counts = local.stage.eye.counts();
    assert_eq!((counts.denied, counts.denied_untold, counts.unjudged, counts.lost), (1, 0, 0, 0));
    local.server.listener.set_nonblocking(true).unwrap();
    assert!(local.server.listener.accept().is_err(), "nobody came");
    // Whoever is not in the cgroup is not asked.
    assert_eq!(local.goes(&shown, &[], ASKS), "connected");
}

#[test]
fn psql_says_that_it_is_not_permitted() {
    let Some(mut local) = Local::new(&[]) else { return };
    let port = local.server.port;
    let way = format!(
        "import glob, subprocess
# On the path Debian has a script that finds it.
programs = glob.glob('/usr/lib/postgresql/*/bin/psql') or ['psql']
command = [programs[0], '--host', os.path.dirname(path), '--port', '{port}', 'dbname=postgres connect_timeout=60']
print(subprocess.run(command, capture_output=True, text=True).stderr)"
    );
    let path = local.server.shown();
    let said = local.tries(&[], &way);
    let refused = format!("connection to server on socket \"{path}\" failed: Operation not permitted");
    assert!(said.contains(&refused), "{said}");
    assert_eq!(local.stage.denied(), 1);
    // Whoever is not in the cgroup gets as far as the server, which hangs up.
    let listener = local.server.listener.try_clone().unwrap();
    let said = std::thread::scope(|scope| {
        scope.spawn(|| drop(listener.accept().unwrap()));
        local.goes(&path, &[], &way)
    });
    assert!(said.contains("server closed the connection unexpectedly"), "{said}");
}

#[test]
fn no_path_to_the_socket_goes_round_it() {
    let Some(mut local) = Local::new(&[]) else { return };
    let (dir, shown, name) =
        (local.server.dir.path().to_owned(), local.server.shown(), name(local.server.port));
    symlink(&dir, dir.join("elsewhere")).unwrap();
    symlink(local.server.path(), dir.join("link")).unwrap();
    fs::hard_link(local.server.path(), dir.join("other-name")).unwrap();
    let inside = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    fs::create_dir(dir.join("mnt")).unwrap();
    let mount = |from: &str| format!("mount --bind {from} {from}/mnt && exec \"$@\"");
    let (of_folder, of_socket) = (
        mount(&dir.display().to_string()),
        format!(": > /tmp/{name} && mount --bind {shown} /tmp/{name} && exec \"$@\""),
    );
    let mounted = ["unshare", "--mount", "--", "sh", "-c", of_folder.as_str(), "sh"];
    let over = ["unshare", "--mount", "--", "sh", "-c", of_socket.as_str(), "sh"];
    let namespace = Namespace::new();
    let net = ["ip", "netns", "exec", namespace.name.as_str()];
    let user = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--"];
    let within = format!("os.chdir({:?})\n{ASKS}", dir.display().to_string());
    let opened = "import os\nit = os.open(path, os.O_PATH)\nsocket.socket(socket.AF_UNIX).connect(f'/proc/self/fd/{it}')";
    let rooted = format!("os.chroot({:?})\n{ASKS}", dir.display().to_string());
    let ways: [(&str, String, &[&str], &str); 13] = [
        ("a relative path", format!("./{name}"), &[], &within),
        ("a bare name", name.clone(), &[], &within),
        ("a link to its folder", inside(&format!("elsewhere/{name}")), &[], ASKS),
        ("a link of another name", inside("link"), &[], ASKS),
        ("a hard link", inside("other-name"), &[], ASKS),
        ("/proc", format!("/proc/{}/root{shown}", std::process::id()), &[], ASKS),
        ("a descriptor", shown.clone(), &[], opened),
        ("dots and slashes", format!("/proc/..//{shown}"), &[], ASKS),
        ("another root", format!("/{name}"), &[], &rooted),
        ("a mount of its folder", inside(&format!("mnt/{name}")), &mounted, ASKS),
        ("a mount of itself", format!("/tmp/{name}"), &over, ASKS),
        ("a network namespace", shown.clone(), &net, ASKS),
        ("a user namespace", shown.clone(), &user, ASKS),
    ];
    for (told, (way, path, wrapper, script)) in ways.iter().enumerate() {
        assert_eq!(local.tries_at(path, wrapper, script), REFUSED, "{way}");
        assert_eq!(local.stage.denied(), told + 1, "{way}");
        let alerts = local.stage.alerts();
        assert_eq!(alerts.last().unwrap().connection.as_ref().unwrap().socket_path, shown, "{way}");
        assert_eq!(local.goes(path, wrapper, script), "connected", "{way}");
    }
    let _ = fs::remove_file(format!("/tmp/{name}"));
    // Whoever may, gives the file another name: the server's name stays.
    let renamed = inside("renamed");
    fs::rename(local.server.path(), &renamed).unwrap();
    assert_eq!(local.tries_at(&renamed, &[], ASKS), REFUSED);
}

#[test]
fn no_way_to_ask_for_the_socket_goes_round_it() {
    let address = "struct.pack('=H', socket.AF_UNIX) + path.encode() + bytes(108 - len(path))";
    let ring = ring("socket.socket(socket.AF_UNIX)", address, 110);
    let ways: [(&str, &str); 9] = [
        ("a connect", ASKS),
        (
            "a connect that does not wait",
            "it = socket.socket(socket.AF_UNIX); it.setblocking(False); it.connect(path)",
        ),
        (
            "a socket that asks again",
            "it = socket.socket(socket.AF_UNIX)
assert it.connect_ex(path) in (0, 1)
if it.connect_ex(path) == 1: it.connect(path)",
        ),
        (
            "a socket with a name of its own",
            "it = socket.socket(socket.AF_UNIX); it.bind(f'\\0mine-{os.getpid()}'); it.connect(path)",
        ),
        (
            "a socket that is called as the database's",
            "it = socket.socket(socket.AF_UNIX)
it.bind(f'\\0{os.getpid()}{path}'); it.connect(path)",
        ),
        (
            "a thread",
            "import threading
became = []
def asks():
    became.append(socket.socket(socket.AF_UNIX).connect_ex(path))
it = threading.Thread(target=asks); it.start(); it.join()
if became[0]: raise OSError(became[0], '')",
        ),
        (
            "a child of a child",
            "pid = os.fork()
if pid == 0:
    if os.fork() == 0: os._exit(socket.socket(socket.AF_UNIX).connect_ex(path))
    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
became = os.waitstatus_to_exitcode(os.wait()[1])
if became: raise OSError(became, '')",
        ),
        (
            "a name of its own",
            "import ctypes
ctypes.CDLL(None).prctl(15, b'picket-proxy')
socket.socket(socket.AF_UNIX).connect(path)",
        ),
        ("io_uring", &ring),
    ];
    let Some(mut local) = Local::new(&[]) else { return };
    for (way, script) in ways {
        let before = local.stage.denied();
        assert_eq!(local.tries(&[], script), REFUSED, "{way}");
        assert!(before < local.stage.denied(), "{way}");
        let shown = local.server.shown();
        // As nobody is asked elsewhere, each of them is a way to connect.
        let became = local.goes(&shown, &[], script);
        assert!(became == "connected" || way.contains("again") && became == "EISCONN", "{way}: {became}");
    }
}

/// Anybody may have a network namespace of their own, and decide how much memory its sockets have for such as this.
#[test]
fn a_namespace_without_memory_for_sockets_goes_not_round_it() {
    let Some(mut local) = Local::new(&[]) else { return };
    // Before Linux 6.8 no namespace has a limit of its own.
    let script = "echo 0 > /proc/sys/net/core/optmem_max; exec \"$@\"";
    assert_eq!(local.tries(&["unshare", "--net", "sh", "-c", script, "sh"], ASKS), REFUSED);
    assert_eq!(local.stage.denied(), 1);
}

/// PostgreSQL has such a socket where `unix_socket_directories` begins with `@`.
#[test]
fn a_socket_of_that_name_in_no_file_system_is_a_database_s_too() {
    let Some(mut local) = Local::new(&[]) else { return };
    let name = format!("picket-{}/.s.PGSQL.{}", std::process::id(), local.server.port);
    let _listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    assert_eq!(local.tries(&[], &format!("socket.socket(socket.AF_UNIX).connect('\\0{name}')")), REFUSED);
    let alerts = local.stage.alerts();
    assert_eq!(alerts[0].connection.as_ref().unwrap().socket_path, format!("@{name}"));
}

/// Listens at `path`, and has a child ask for it. Of 108 bytes, which have no zero behind them, Python makes no address.
const LISTENS_AND_ASKS: &str = r"
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
address = struct.pack('=H', socket.AF_UNIX) + path.encode()
it = socket.socket(socket.AF_UNIX)
assert libc.bind(it.fileno(), address, len(address)) == 0
it.listen(8)
pid = os.fork()
if pid == 0:
    it = socket.socket(socket.AF_UNIX)
    os._exit(ctypes.get_errno() if libc.connect(it.fileno(), address, len(address)) else 0)
became = os.waitstatus_to_exitcode(os.wait()[1])
if became: raise OSError(became, '')
";

#[test]
fn names_as_long_as_they_may_be_are_known() {
    let Some(mut local) = Local::new(&[]) else { return };
    let (dir, name) = (local.server.dir.path().to_owned(), name(local.server.port));
    for bytes in [107, 108] {
        let folder = dir.join("f".repeat(bytes - dir.as_os_str().len() - name.len() - 2));
        fs::create_dir(&folder).unwrap();
        let path = folder.join(&name).to_str().unwrap().to_owned();
        assert_eq!(path.len(), bytes);
        let asks = format!("import struct\n{LISTENS_AND_ASKS}");
        assert_eq!(local.tries_at(&path, &[], &asks), REFUSED, "{bytes}");
        let alerts = local.stage.alerts();
        let told = &alerts.last().unwrap().connection.as_ref().unwrap().socket_path;
        // PostgreSQL makes none of 108 bytes (`UNIXSOCK_PATH_BUFLEN`), whose last one is not copied.
        assert!(107 <= told.len() && path.starts_with(told), "{told}");
        assert_eq!(local.goes(&path, &[], "os.unlink(path)"), "connected");
        assert_eq!(local.goes(&path, &[], &asks), "connected", "{bytes}");
    }
}

#[test]
fn other_sockets_are_nobody_s_business() {
    let Some(mut local) = Local::new(&[]) else { return };
    let (dir, port) = (local.server.dir.path().to_owned(), local.server.port);
    let others = [
        format!("s.PGSQL.{port}"),
        format!(".s.PGSQL.{port}0"),
        format!(".s.PGSQL.0{port}0"),
        format!(".s.PGSQL.{}", port ^ 1),
        format!(".s.PGSQL.{port}.lock"),
        format!("a.s.PGSQL.{port}"),
        format!(".s.MYSQL.{port}"),
        format!(".s.PGSQL.{port}/docker.sock"),
        port.to_string(),
        "1".to_owned(),
    ];
    fs::create_dir(dir.join("d")).unwrap();
    for other in others {
        let path = dir.join("d").join(other);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _listener = UnixListener::bind(&path).unwrap();
        assert_eq!(local.tries_at(path.to_str().unwrap(), &[], ASKS), "connected", "{path:?}");
        fs::remove_file(&path).unwrap();
        let _ = fs::remove_dir(path.parent().unwrap());
        fs::create_dir_all(dir.join("d")).unwrap();
    }
    let _abstract =
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(format!("picket{port}")).unwrap()).unwrap();
    let asks = format!("socket.socket(socket.AF_UNIX).connect('\\0picket{port}')");
    assert_eq!(local.tries(&[], &asks), "connected");
    // One that listens without having been given a name.
    let nameless = "it = socket.socket(socket.AF_UNIX); it.bind(''); it.listen()
socket.socket(socket.AF_UNIX).connect(it.getsockname())";
    assert_eq!(local.tries(&[], nameless), "connected");
    assert_eq!(local.tries(&[], "socket.socketpair()"), "connected");
    // Of the database's name, and of another kind.
    let path = dir.join("d").join(name(port));
    let _datagrams = UnixDatagram::bind(&path).unwrap();
    let asks = "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).connect(path)";
    assert_eq!(local.tries_at(path.to_str().unwrap(), &[], asks), "connected");
    fs::remove_file(&path).unwrap();
    let messages = Socket::new(Domain::UNIX, Type::SEQPACKET, None).unwrap();
    messages.bind(&SockAddr::unix(&path).unwrap()).unwrap();
    messages.listen(4).unwrap();
    let asks = "socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(path)";
    assert_eq!(local.tries_at(path.to_str().unwrap(), &[], asks), "connected");
    // A socket that waits for nobody any more is not the agent's to refuse.
    let closed = dir.join("d/e").join(name(port));
    fs::create_dir(closed.parent().unwrap()).unwrap();
    drop(UnixListener::bind(&closed).unwrap());
    assert_eq!(local.tries_at(closed.to_str().unwrap(), &[], ASKS), "ECONNREFUSED");
    assert_eq!((local.stage.denied(), local.stage.eye.counts().denied), (0, 0));
}

#[test]
fn where_it_is_only_told_everybody_goes_on() {
    let Some(mut local) = Local::acting(Mode::Alert, &[]) else { return };
    assert_eq!(local.tries(&[], ASKS), "connected");
    let alerts = local.stage.alerts();
    let [alert] = alerts.as_slice() else { panic!("{alerts:#?}") };
    assert_eq!((alert.kind, local.stage.eye.counts().denied), (AlertKind::WouldDeny, 1));
    let said = format!("would have been refused a connection to {}", local.server.shown());
    assert!(alert.message.contains(&said), "{}", alert.message);
}

#[test]
fn nothing_is_said_where_the_agent_observes_or_only_watches_the_port() {
    let Some(mut local) = Local::acting(Mode::Observe, &[]) else { return };
    assert_eq!(local.tries(&[], ASKS), "connected");
    let (alerts, counts) = (local.stage.alerts().len(), local.stage.eye.counts());
    assert_eq!((alerts, counts.denied, counts.unjudged), (0, 0, 0));
    let Some(mut local) = Local::new(&[]) else { return };
    let other = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    local.stage.eye.kernel.watch_port(other).unwrap();
    local.server = Server::at(other);
    assert_eq!(local.tries(&[], ASKS), "connected");
    assert_eq!(local.stage.denied(), 0);
}

#[test]
fn whom_a_rule_allows_connects_to_the_sockets_that_it_names() {
    let nobody = format!("os.setuid(65534); {ASKS}");
    let Some(mut local) = Local::new(&[AllowRule { uid: Some(65_534), ..rule() }]) else { return };
    assert_eq!(local.tries(&[], &nobody), "connected");
    assert_eq!(local.tries(&[], ASKS), REFUSED);
    // Who made the socket does not matter, but who asks.
    assert_eq!(
        local.tries(&[], "it = socket.socket(socket.AF_UNIX); os.setuid(65534); it.connect(path)"),
        "connected"
    );
    // It acts as nobody, or is nobody in a user namespace of its own.
    assert_eq!(local.tries(&["setpriv", "--euid", "65534", "--"], ASKS), REFUSED);
    assert_eq!(local.tries(&["unshare", "--user", "--map-user=65534", "--"], ASKS), REFUSED);
    assert_eq!(local.stage.denied(), 3);

    let port = local.server.port;
    let Some(mut local) = Local::new(&[AllowRule { uid: Some(0), ports: [port].into(), ..rule() }]) else {
        return;
    };
    assert_eq!(local.tries(&[], ASKS), REFUSED, "of another number");
    let until = UnixMicros(Clock.now().0 + 3_600_000_000);
    let Some(mut local) = Local::new(&[AllowRule { uid: Some(0), until: Some(until), ..rule() }]) else {
        return;
    };
    assert_eq!(local.tries(&[], ASKS), "connected");
    let then = UnixMicros(until.0 + 1);
    local.stage.eye.kernel.renew(&BTreeMap::new(), then, Clock.now_boot_ns()).unwrap();
    let asks = at(&local.server.shown(), ASKS);
    assert_eq!(run(&local.stage.cgroup.enter(), &[], "127.0.0.1", port, &asks).stdout, b"EPERM\n");
}

#[test]
fn a_cgroup_that_a_rule_allows_connects_from_its_first_moment() {
    let cgroup = Cgroup::new("acts-unix-allowed");
    let path = format!("{}/backup.service", cgroup.path);
    let stage = Stage::within(
        cgroup,
        "127.0.0.1:0",
        Mode::Deny,
        false,
        &[AllowRule { cgroup: Some(path), ..rule() }],
    );
    let Some(mut local) = Local::on(stage) else { return };
    let folder = local.stage.cgroup.folder.join("backup.service");
    let asks = at(&local.server.shown(), ASKS);
    for below in ["", "/job"] {
        let enter = format!("mkdir -p {0}{below}; echo $$ > {0}{below}/cgroup.procs", folder.display());
        assert_eq!(local.stage.tries_from(&enter, "127.0.0.1", &[], &asks), "connected", "{below}");
    }
    assert_eq!(local.tries(&[], ASKS), REFUSED);
    fs::remove_dir(folder.join("job")).unwrap();
    fs::remove_dir(folder).unwrap();
}

#[test]
fn the_registered_proxy_connects_and_its_children_do_not() {
    let Some(mut local) = Local::new(&[]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("proxy.pid");
    let registry_of = || Registry::new(vec![pid_file.clone()], [].into());
    let mut registry = registry_of();
    let script = format!(
        "import time
open('{}', 'w').write(str(os.getpid()))
for _ in range(3000):
    if socket.socket(socket.AF_UNIX).connect_ex(path) == 0: break
    time.sleep(0.01)
else: raise OSError(1, '')
pid = os.fork()
if pid == 0: os._exit(socket.socket(socket.AF_UNIX).connect_ex(path))
print(os.waitstatus_to_exitcode(os.wait()[1]))",
        pid_file.display()
    );
    let (enter, port, script) =
        (local.stage.cgroup.enter(), local.server.port, at(&local.server.shown(), &script));
    let runs = std::thread::spawn(move || run(&enter, &[], "127.0.0.1", port, &script));
    while !runs.is_finished() {
        if pid_file.exists() {
            local.stage.exempt = registry.proven();
        }
        local.stage.renew();
        std::thread::sleep(Duration::from_millis(1));
    }
    let ran = runs.join().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(said, "1\nconnected\n", "{}", String::from_utf8_lossy(&ran.stderr));
    local.stage.exempt = registry.proven();
    assert_eq!(local.tries(&[], ASKS), REFUSED, "its pid is no pass once it is gone");
}

#[test]
fn nobody_is_refused_once_the_agent_is_silent_or_gone() {
    const SECOND_NS: u64 = 1_000_000_000;
    let Some(mut local) = Local::new(&[]) else { return };
    let (port, asks) = (local.server.port, at(&local.server.shown(), ASKS));
    let goes = |stage: &Stage| run(&stage.cgroup.enter(), &[], "127.0.0.1", port, &asks).stdout;
    assert_eq!(local.tries(&[], ASKS), REFUSED);
    let then = Clock.now_boot_ns() - 60 * SECOND_NS;
    local.stage.eye.kernel.renew(&BTreeMap::new(), Clock.now(), then).unwrap();
    assert_eq!(goes(&local.stage), b"connected\n");
    assert_eq!((local.stage.eye.counts().unjudged, local.stage.eye.counts().denied), (1, 1));
    assert_eq!(local.tries(&[], ASKS), REFUSED);
    local.stage.eye.kernel.lift().unwrap();
    assert_eq!(goes(&local.stage), b"connected\n");
    let Stage { eye, cgroup, listener: _listener, .. } = local.stage;
    drop(eye);
    assert_eq!(run(&cgroup.enter(), &[], "127.0.0.1", port, &asks).stdout, b"connected\n");
}

/// What is connected stays so, also where it is handed on.
#[test]
fn a_connection_from_before_stays() {
    let Some(mut local) = Local::acting(Mode::Alert, &[]) else { return };
    let passes = OwnedFd::from(UnixStream::connect(local.server.path()).unwrap());
    local.stage.change(&config(Mode::Deny, local.server.port), &[]);
    rustix::io::fcntl_setfd(&passes, rustix::io::FdFlags::empty()).unwrap();
    let sends = format!("socket.socket(fileno={}).send(b'x')", passes.as_raw_fd());
    assert_eq!(local.tries(&[], &sends), "connected");
    assert_eq!((local.stage.denied(), local.tries(&[], ASKS).as_str()), (0, REFUSED));
}

#[test]
fn it_begins_and_ends_while_the_agent_runs() {
    let Some(mut local) = Local::acting(Mode::Observe, &[]) else { return };
    let port = local.server.port;
    for (mode, became) in [
        (Mode::Deny, REFUSED),
        (Mode::Observe, "connected"),
        (Mode::Alert, "connected"),
        (Mode::Deny, REFUSED),
        (Mode::Alert, "connected"),
    ] {
        local.stage.change(&config(mode, port), &[]);
        assert_eq!(local.tries(&[], ASKS), became, "{mode:?}");
        assert_eq!(local.stage.tries(&[], CONNECT), became, "{mode:?}");
        assert_eq!(local.stage.eye.kernel.mend().unwrap(), Vec::<String>::new());
    }
    assert_eq!(local.stage.eye.kernel.unix_unrefused(), None);
}

#[test]
fn who_asks_again_and_again_takes_no_room_of_others() {
    const MANY: u64 = 40_000;
    let Some(mut local) = Local::new(&[]) else { return };
    let asks = format!("for _ in range({MANY}): assert socket.socket(socket.AF_UNIX).connect_ex(path) == 1");
    assert_eq!(local.tries(&[], &asks), "connected");
    // Nobody has read yet.
    let flooded = local.stage.eye.counts();
    assert_eq!((flooded.denied, flooded.lost), (MANY, 0));
    assert!(0 < flooded.denied_untold && flooded.denied_untold < MANY, "{flooded:?}");
    assert_eq!(flooded.submitted + flooded.denied_untold, MANY);
}

#[test]
fn the_agent_refuses_and_nobody_is_refused_once_it_is_killed() {
    let acting = Acting::new("acts-unix-killed", "", &[]);
    let server = Server::at(acting.address().port());
    let asks = at(&server.shown(), ASKS);
    if !asks_programs() {
        return says_so(&acting, &server);
    }
    assert_eq!(acting.tries(&asks), REFUSED);
    acting.agent.until(&format!("was refused a connection to {}", server.shown()));
    acting.agent.until(&format!("\"socket_path\":\"{}\"", server.shown()));
    acting.signal("-STOP");
    acting.until_by(&asks, "connected");
    acting.signal("-CONT");
    acting.until_by(&asks, REFUSED);
    acting.signal("-KILL");
    acting.until_by(&asks, "connected");
}

/// Nobody is left to think that they are refused.
fn says_so(acting: &Acting, server: &Server) {
    assert_eq!(acting.tries(&at(&server.shown(), &format!("it = {ASKS_AND_SAYS}"))), "connected");
    acting.agent.until(&format!("connected to {} around the proxy", server.shown()));
    let log = acting.agent.log();
    assert!(
        log.contains("UNIX sockets are told and not refused: who may open PostgreSQL's gets through"),
        "{log}"
    );
    let (refused, not_asked) = (
        "Linux 6.0 and newer can, where CONFIG_BPF_LSM is set",
        "`bpf` is not among the kernel's security modules; boot it with `lsm=",
    );
    assert!(log.contains(refused) || log.contains(not_asked), "{log}");
    assert_eq!(acting.tries(CONNECT), REFUSED, "over TCP");
}

#[test]
fn a_dry_run_refuses_nobody_and_tells_whom_it_would() {
    let acting = Acting::new("acts-unix-dry", "", &["--dry-run"]);
    let server = Server::at(acting.address().port());
    assert_eq!(acting.tries(&at(&server.shown(), ASKS)), "connected");
    if asks_programs() {
        acting.agent.until("\"kind\":\"would_deny\"");
        acting.agent.until(&format!("would have been refused a connection to {}", server.shown()));
    }
}

#[test]
fn what_somebody_takes_away_is_put_back_and_told() {
    let acting = Acting::new("acts-unix-tampered", "", &[]);
    let server = Server::at(acting.address().port());
    let asks = at(&server.shown(), ASKS);
    if !asks_programs() {
        return;
    }
    for link in acting.agent.descriptors("link_type:\tcgroup", "link_id:") {
        tamper(&["link", &link]);
    }
    acting.agent.until("program `connect_unix`");
    acting.until_by(&asks, REFUSED);
}

#[test]
fn a_killed_agent_goes_on_refusing_where_that_is_asked_for_and_the_next_one_tells_whom() {
    let mut keeping = Keeping::new("kept-unix", "");
    let server = Server::at(keeping.port());
    let asks = at(&server.shown(), ASKS);
    if !asks_programs() {
        return;
    }
    keeping.end("-KILL");
    assert_eq!(keeping.tries_by(&asks), REFUSED);
    keeping.restart("keep");
    let told = format!("was refused a connection to {}", server.shown());
    let deadline = Instant::now() + WAIT;
    while keeping.agent.spooled(&told) == 0 {
        assert!(Instant::now() < deadline, "{told}");
    }
    assert_eq!(keeping.tries_by(&asks), REFUSED);
    keeping.end("-TERM");
    assert_eq!(keeping.tries_by(&asks), REFUSED, "it was asked to stop, and keeps on");
    keeping.restart("lift");
    keeping.end("-KILL");
    assert_eq!(keeping.tries_by(&asks), "connected");
}
