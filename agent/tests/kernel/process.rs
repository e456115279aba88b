//! What is told of the process of a connection, besides its pid, user and command.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use audit::record::{ProcessFacts, UnixMicros};
use picket_agent::{ArgumentsKey, Clock, load};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use socket2::{Domain, Socket, Type};

use crate::eye::{Eye, KEY};
use crate::namespaces::Namespace;

const WAIT: Duration = Duration::from_secs(20);

/// A bash that connects after `before`, and stays until it is killed.
struct Client {
    bash: Child,
    _served: TcpStream,
}

impl Client {
    fn connect(listener: &TcpListener, before: &str) -> Self {
        let address: SocketAddr = listener.local_addr().unwrap();
        let script = format!("{before}; exec 3<>/dev/tcp/{}/{}; read -r", address.ip(), address.port());
        let bash = Command::new("bash").args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
        Client { bash, _served: listener.accept().unwrap().0 }
    }

    /// Ends it, so that nobody can be asked any more.
    fn end(&mut self) {
        self.bash.kill().unwrap();
        self.bash.wait().unwrap();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.bash.kill();
        let _ = self.bash.wait();
    }
}

fn watched() -> (TcpListener, Eye) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let eye = Eye::on(listener.local_addr().unwrap().port());
    (listener, eye)
}

/// What is told of the only connection.
fn facts(eye: &mut Eye) -> ProcessFacts {
    eye.until_told(1);
    eye.connections()[0].process.clone().unwrap()
}

#[test]
fn a_process_is_told_with_its_file_its_start_and_who_started_it() {
    let (listener, mut eye) = watched();
    let before = Clock.now();
    let client = Client::connect(&listener, ":");
    let facts = facts(&mut eye);
    let bash = fs::canonicalize("/bin/bash").unwrap();
    assert_eq!((facts.pid, facts.executable.as_str()), (client.bash.id(), bash.to_str().unwrap()));
    let UnixMicros(started) = facts.started_at.unwrap();
    let namespace = fs::metadata("/proc/self/ns/net").unwrap().ino();
    assert_eq!(facts.network_namespace.map(u64::from), Some(namespace));
    // The kernel tells hundredths of a second.
    assert!((before.0 - 20_000..=Clock.now().0).contains(&started), "{started} {before:?}");
    // The thread of the test has its name, the process of it another one.
    let me = std::process::id();
    let name = fs::read_to_string(format!("/proc/{me}/comm")).unwrap();
    assert_eq!(facts.parents[0], format!("{}[{me}]", name.trim_end()));
    assert!((2..=8).contains(&facts.parents.len()), "{facts:?}");
    let message = &eye.alerts()[0].message;
    assert!(message.contains(&format!("runs {}", bash.display())), "{message}");
    assert!(message.contains(&format!("started by {}", facts.parents[0])), "{message}");
}

#[test]
fn what_it_was_started_with_is_told_without_its_passwords_and_hashed_with_them() {
    let (listener, mut eye) = watched();
    let client = Client::connect(&listener, "PGPASSWORD=hunter2");
    let line = fs::read(format!("/proc/{}/cmdline", client.bash.id())).unwrap();
    let facts = facts(&mut eye);
    assert_eq!(
        (facts.arguments.len(), facts.arguments[0].as_str(), facts.arguments[1].as_str()),
        (3, "bash", "-c")
    );
    assert!(facts.arguments[2].starts_with("PGPASSWORD=***"), "{facts:?}");
    assert_eq!(facts.arguments_hash, ArgumentsKey::new(KEY).hash(&line));
    let message = &eye.alerts()[0].message;
    assert!(message.contains("started as \"bash -c PGPASSWORD=***"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}

/// A process may write others over them: they are its word.
#[test]
fn who_hides_its_arguments_is_told_all_the_same() {
    const HIDING: &str = "import ctypes, socket, sys
line = open('/proc/self/stat').read().rsplit(')', 1)[1].split()
begin, end = int(line[45]), int(line[46])
ctypes.memset(begin, 0, end - begin)
it = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
sys.stdin.read()
";
    let (listener, mut eye) = watched();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut hiding = Command::new("python3")
        .args(["-c", HIDING, &port])
        .stdin(Stdio::piped())
        .spawn()
        .map(|bash| Client { bash, _served: listener.accept().unwrap().0 })
        .unwrap();
    let facts = facts(&mut eye);
    assert_eq!((facts.pid, facts.command.as_str()), (hiding.bash.id(), "python3"));
    assert!(facts.arguments.iter().all(String::is_empty), "{facts:?}");
    assert!(facts.executable.contains("python3"), "{facts:?}");
    hiding.end();
}

#[test]
fn who_logged_in_is_told_whoever_the_process_acts_as() {
    let (listener, mut eye) = watched();
    let _client = Client::connect(&listener, "echo 65534 > /proc/self/loginuid");
    let facts = facts(&mut eye);
    assert_eq!((facts.uid, facts.user.as_str()), (0, "root"));
    assert_eq!((facts.login_uid, facts.login_user.as_str()), (Some(65534), "nobody"));
    let message = &eye.alerts()[0].message;
    assert!(message.contains("user root)") && message.contains("logged in as nobody"), "{message}");
}

/// A cgroup that goes with this.
struct Cgroup(PathBuf);

impl Cgroup {
    fn new(name: &str) -> Self {
        let folder = load::cgroup_mount().unwrap().join(name);
        fs::create_dir(&folder).unwrap();
        Cgroup(folder)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // The kernel lets go of those that were in it a little later.
        let deadline = Instant::now() + WAIT;
        while fs::remove_dir(&self.0).is_err() && Instant::now() < deadline {
            std::thread::yield_now();
        }
    }
}

#[test]
fn the_container_is_told_also_of_a_process_that_is_gone() {
    let id = format!("{:064x}", std::process::id());
    let name = format!("docker-{id}.scope");
    let cgroup = Cgroup::new(&name);
    let (listener, mut eye) = watched();
    let enter = format!("echo 0 > {}/cgroup.procs", cgroup.0.display());
    let mut client = Client::connect(&listener, &enter);
    client.end();
    let facts = facts(&mut eye);
    assert_eq!((facts.pid, facts.command.as_str()), (client.bash.id(), "bash"));
    assert_eq!((&facts.cgroup, &facts.container, &facts.unit), (&format!("/{name}"), &id, &name));
    // Where its file is only a process that is there can tell.
    assert_eq!(facts.executable, "bash");
    let message = &eye.alerts()[0].message;
    assert!(message.contains(&format!(", container {}", &id[..12])), "{message}");
}

/// It has ended before anybody asks: what the kernel told within its `connect` is known.
#[test]
fn of_a_process_that_is_gone_its_start_its_namespace_and_who_started_it_are_told_as_of_one_that_runs() {
    let (listener, mut eye) = watched();
    let mut client = Client::connect(&listener, ":");
    eye.until_told(1);
    let running = eye.connections()[0].process.clone().unwrap();
    assert!(!running.executable.is_empty(), "{running:?}");
    client.end();
    eye.take();
    // The same again, and gone before it is read.
    let before = Clock.now();
    let mut client = Client::connect(&listener, ":");
    client.end();
    eye.until_told(1);
    let gone = eye.connections()[0].process.clone().unwrap();
    assert_eq!((gone.pid, gone.executable.as_str()), (client.bash.id(), "bash"));
    assert_eq!((&gone.parents, gone.network_namespace), (&running.parents, running.network_namespace));
    assert!(gone.parents[0].ends_with(&format!("[{}]", std::process::id())), "{gone:?}");
    let UnixMicros(started) = gone.started_at.unwrap();
    assert!((before.0 - 20_000..=Clock.now().0).contains(&started), "{started} {before:?}");
}

/// It has ended before anybody asks, and what it was started with is told as of one that runs.
#[test]
fn what_a_process_that_is_gone_was_started_with_is_told() {
    let (listener, mut eye) = watched();
    let mut client = Client::connect(&listener, "PGPASSWORD=hunter2");
    let line = fs::read(format!("/proc/{}/cmdline", client.bash.id())).unwrap();
    client.end();
    let facts = facts(&mut eye);
    assert_eq!((facts.pid, facts.executable.as_str()), (client.bash.id(), "bash"));
    assert_eq!((facts.arguments[0].as_str(), facts.arguments[1].as_str()), ("bash", "-c"));
    assert!(facts.arguments[2].starts_with("PGPASSWORD=***"), "{facts:?}");
    assert_eq!(facts.arguments_hash, ArgumentsKey::new(KEY).hash(&line));
    assert_eq!((eye.counts().arguments, eye.counts().arguments_lost), (1, 0));
}

/// As many bytes count as of one that runs.
#[test]
fn a_long_command_line_has_the_same_hash_whoever_tells_it() {
    let (listener, mut eye) = watched();
    let long = format!("x={}", "y".repeat(10_000));
    let running = Client::connect(&listener, &long);
    let of_running = facts(&mut eye);
    drop(running);
    eye.until_closed(1);
    eye.take();
    let mut gone = Client::connect(&listener, &long);
    gone.end();
    let of_gone = facts(&mut eye);
    assert_eq!((of_gone.executable.as_str(), of_running.executable.contains('/')), ("bash", true));
    assert_eq!(of_gone.arguments.last().map(String::as_str), Some("…"));
    assert_eq!(
        (of_gone.arguments_hash, of_gone.arguments),
        (of_running.arguments_hash, of_running.arguments)
    );
}

/// `exec` makes another program of a process, and its connections are that one's.
#[test]
fn each_program_that_a_process_runs_is_told_and_once() {
    let (listener, mut eye) = watched();
    let port = listener.local_addr().unwrap().port();
    let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; read -r <&3");
    let script = format!("{connect}; {connect}; exec bash -c '{connect}; {connect}' again");
    let mut bash = Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).spawn().unwrap();
    let mut told = Vec::new();
    for count in 1..=3 {
        let mut served = listener.accept().unwrap().0;
        eye.until_opened(count);
        served.write_all(b"\n").unwrap();
    }
    listener.accept().unwrap().0.write_all(b"\n").unwrap();
    assert!(bash.wait().unwrap().success());
    eye.until_closed(4);
    for record in eye.connections().into_iter().filter(|it| it.closed_at.is_none()) {
        let process = record.process.as_ref().unwrap();
        told.push((process.executable.contains('/'), process.arguments.last().unwrap().clone()));
    }
    assert_eq!(
        told,
        [(true, script.clone()), (true, script), (true, "again".to_owned()), (false, "again".to_owned())]
    );
    assert_eq!(eye.counts().arguments, 2);
}

/// Waits until the client runs `sleep`.
fn until_sleeping(client: &Client) {
    let exe = format!("/proc/{}/exe", client.bash.id());
    let deadline = Instant::now() + WAIT;
    while !fs::read_link(&exe).unwrap().ends_with("sleep") {
        assert!(Instant::now() < deadline, "it must become another program");
        std::thread::yield_now();
    }
}

/// It has become another program before anybody asks, and keeps its connection.
#[test]
fn who_connects_and_becomes_another_program_is_told_as_who_it_was() {
    let (listener, mut eye) = watched();
    let port = listener.local_addr().unwrap().port();
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; exec -a nightly-backup sleep 600");
    let bash = Command::new("bash").args(["-c", &script]).spawn().unwrap();
    let client = Client { bash, _served: listener.accept().unwrap().0 };
    until_sleeping(&client);
    let facts = facts(&mut eye);
    let line = ["bash", "-c", &script].map(|word| format!("{word}\0")).concat();
    assert_eq!((facts.pid, facts.command.as_str()), (client.bash.id(), "bash"));
    assert_eq!((facts.executable.as_str(), facts.arguments[0].as_str()), ("bash", "bash"));
    assert_eq!(facts.arguments_hash, ArgumentsKey::new(KEY).hash(line.as_bytes()));
    assert!(facts.started_at.is_some() && !facts.parents.is_empty(), "{facts:?}");
}

/// The same, where nobody asks for arguments: what it is now is not told for what it was.
#[test]
fn who_becomes_another_program_is_not_told_as_that_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut eye = Eye::without_arguments(port);
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; exec sleep 600");
    let bash = Command::new("bash").args(["-c", &script]).spawn().unwrap();
    let client = Client { bash, _served: listener.accept().unwrap().0 };
    until_sleeping(&client);
    assert_eq!(facts(&mut eye).executable, "");
}

/// Whether the kernel knows who logs in (CONFIG_AUDIT) this process's own folder says.
#[test]
fn who_had_logged_in_is_told_also_of_a_process_that_is_gone() {
    let knows = std::path::Path::new("/proc/self/loginuid").exists();
    let (listener, mut eye) = watched();
    let mut client = Client::connect(&listener, "echo 65534 > /proc/self/loginuid");
    client.end();
    let facts = facts(&mut eye);
    let expected = if knows { (Some(65534), "nobody") } else { (None, "") };
    assert_eq!((facts.login_uid, facts.login_user.as_str()), expected);
}

/// What nobody wants to know is not read.
#[test]
fn nobodys_arguments_are_read_where_they_are_dropped() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut eye = Eye::without_arguments(listener.local_addr().unwrap().port());
    let mut client = Client::connect(&listener, ":");
    client.end();
    let facts = facts(&mut eye);
    assert!(facts.started_at.is_some() && facts.arguments_hash.is_empty(), "{facts:?}");
    assert_eq!((eye.counts().arguments, eye.counts().arguments_lost), (0, 0));
}

/// The same process is told with the same start, by whichever of the two.
#[test]
fn both_tell_the_same_start() {
    let (listener, mut eye) = watched();
    let port = listener.local_addr().unwrap().port();
    let script =
        format!("exec 3<>/dev/tcp/127.0.0.1/{port}; read -r; exec 4<>/dev/tcp/127.0.0.1/{port}; read -r");
    let bash = Command::new("bash").args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
    let mut client = Client { bash, _served: listener.accept().unwrap().0 };
    eye.until_told(1);
    let running = eye.connections()[0].process.clone().unwrap();
    client.bash.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    let _served = listener.accept().unwrap();
    client.end();
    eye.until_told(2);
    let told: Vec<_> = eye.connections().iter().filter_map(|it| it.process.clone()).collect();
    let gone = told.iter().find(|it| it.executable == "bash").unwrap();
    assert_eq!((gone.pid, gone.started_at), (running.pid, running.started_at));
    assert_eq!(gone.parents, running.parents);
}

/// As a runtime makes one: cgroup, network and process ids of its own.
#[test]
fn a_process_in_a_container_is_told_by_what_the_host_calls_it() {
    let id = format!("{:064x}", std::process::id() + 1);
    let name = format!("docker-{id}.scope");
    let (cgroup, namespace) = (Cgroup::new(&name), Namespace::new());
    let listener = TcpListener::bind((namespace.address(1), 0)).unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let mut eye = Eye::on(address.port());
    let procs = cgroup.0.join("cgroup.procs");
    let within = format!("exec 3<>/dev/tcp/{}/{}; read -r", address.ip(), address.port());
    let script = format!("echo 0 > {} && exec \"$@\"", procs.display());
    let runtime = Command::new("bash")
        .args(["-c", &script, "bash", "ip", "netns", "exec", &namespace.name, "unshare", "--pid", "--fork"])
        .args(["--kill-child", "--mount-proc", "bash", "-c", &within])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let client = Client { bash: runtime, _served: listener.accept().unwrap().0 };
    let facts = facts(&mut eye);
    let there = fs::read_to_string(&procs).unwrap();
    assert!(there.lines().any(|pid| pid == facts.pid.to_string()), "{facts:?}: {there}");
    let status = fs::read_to_string(format!("/proc/{}/status", facts.pid)).unwrap();
    assert!(status.contains(&format!("NSpid:\t{}\t1\n", facts.pid)), "{status}");
    assert_eq!((facts.command.as_str(), &facts.container, &facts.cgroup), ("bash", &id, &format!("/{name}")));
    let lives_in = fs::metadata(format!("/run/netns/{}", namespace.name)).unwrap().ino();
    assert_eq!(facts.network_namespace.map(u64::from), Some(lives_in));
    assert_eq!(facts.parents[0], format!("unshare[{}]", client.bash.id()));
    assert_eq!(eye.connections()[0].client.ip().to_string(), namespace.address(2));
}

/// Whoever enters a namespace does so with one thread.
#[test]
fn a_thread_in_another_network_namespace_than_its_process_is_told_with_its_own() {
    let namespace = Namespace::new();
    let listener = TcpListener::bind((namespace.address(1), 0)).unwrap();
    let server = listener.local_addr().unwrap();
    let mut eye = Eye::on(server.port());
    let file = fs::File::open(format!("/run/netns/{}", namespace.name)).unwrap();
    let lives_in = file.metadata().unwrap().ino();
    let client = std::thread::spawn(move || {
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        TcpStream::connect(server).unwrap()
    });
    let _client = client.join().unwrap();
    let _served = listener.accept().unwrap();
    assert_eq!(facts(&mut eye).network_namespace.map(u64::from), Some(lives_in));
}

/// It is asked in the one namespace, and the connection comes from the other.
#[test]
fn a_socket_of_another_network_namespace_than_its_thread_is_told_with_its_own() {
    let namespace = Namespace::new();
    let listener = TcpListener::bind((namespace.address(1), 0)).unwrap();
    let server = listener.local_addr().unwrap();
    let mut eye = Eye::on(server.port());
    let there = fs::File::open(format!("/run/netns/{}", namespace.name)).unwrap();
    let lives_in = there.metadata().unwrap().ino();
    let client = std::thread::spawn(move || {
        let here = fs::File::open("/proc/thread-self/ns/net").unwrap();
        let enter =
            |it: &fs::File| move_into_link_name_space(it.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        enter(&there);
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        enter(&here);
        client.connect(&server.into()).unwrap();
        client
    });
    let _client = client.join().unwrap();
    let _served = listener.accept().unwrap();
    let told = facts(&mut eye);
    assert_eq!(eye.connections()[0].client.ip().to_string(), namespace.address(2));
    assert_eq!(told.network_namespace.map(u64::from), Some(lives_in));
}

/// Its pid is another's by the time that it is asked about.
#[test]
fn whoever_gets_a_pid_later_is_not_taken_for_who_connected() {
    let (listener, mut eye) = watched();
    let mut client = Client::connect(&listener, ":");
    client.end();
    let pid = client.bash.id();
    // Starts are told in hundredths of a second.
    let tick = |boot_ns: u64| boot_ns / 10_000_000;
    let ended = Clock.now_boot_ns();
    while tick(Clock.now_boot_ns()) == tick(ended) {
        std::thread::yield_now();
    }
    let deadline = Instant::now() + WAIT;
    let mut other = loop {
        assert!(Instant::now() < deadline, "pid {pid} must be given again");
        fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
        let mut other = Command::new("sleep").arg("600").stdout(Stdio::piped()).spawn().unwrap();
        if other.id() == pid {
            break other;
        }
        other.kill().unwrap();
        other.wait().unwrap();
    };
    let facts = facts(&mut eye);
    assert_eq!((facts.pid, facts.command.as_str()), (pid, "bash"));
    assert_eq!(facts.executable, "bash");
    // It had started before the other one: by then another tick had begun.
    let UnixMicros(started) = facts.started_at.unwrap();
    assert!(started < Clock.at(ended).0 + 10_000, "{facts:?}");
    assert!(facts.parents[0].ends_with(&format!("[{}]", std::process::id())), "{facts:?}");
    other.kill().unwrap();
    other.wait().unwrap();
}
