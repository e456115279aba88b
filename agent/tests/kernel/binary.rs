//! The binary: what it prints, and how it ends.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use picket_agent::ArgumentsKey;
use tempfile::TempDir;

use crate::allowed::Cgroup;

const BINARY: &str = env!("CARGO_BIN_EXE_picket-agent");

/// A port that nobody listens on, for the watch and for ClickHouse alike.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A directory with a binary and a configuration, which everybody may use.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new(more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let spool = dir.path().join("spool");
        let config = format!(
            "{more}\n[spool]\ndir = \"{}\"\n[clickhouse]\nurl = \"http://127.0.0.1:{}\"\n",
            spool.display(),
            free_port()
        );
        fs::write(dir.path().join("agent.toml"), config).unwrap();
        // Where the build is need not be open to everybody.
        // Another process copies: a child that another test starts meanwhile would hold the copy open for writing.
        assert!(Command::new("cp").arg(BINARY).arg(dir.path()).status().unwrap().success());
        fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
        Place { dir }
    }

    /// Runs the agent through `wrapper`, which gives up rights.
    fn agent(&self, wrapper: &[&str]) -> Command {
        let binary = self.dir.path().join("picket-agent");
        let mut words = wrapper.iter().map(std::ffi::OsString::from).chain([binary.into_os_string()]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg("--config").arg(self.dir.path().join("agent.toml"));
        command.env_remove("PICKET_CLICKHOUSE_URL").env_remove("PICKET_LOG");
        command
    }

    /// The exit code, and the last line on stderr.
    fn fails(&self, wrapper: &[&str]) -> (i32, String) {
        ended(self.agent(wrapper).output().unwrap())
    }
}

fn ended(output: Output) -> (i32, String) {
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "only the ready line goes to stdout");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), stderr.lines().last().unwrap_or_default().to_owned())
}

/// Starts the agent, waits for its ready line, stops it and returns the ready line.
fn starts_and_stops(mut command: Command) -> String {
    let mut agent = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(agent.stdout.take().unwrap());
    let mut ready = String::new();
    out.read_line(&mut ready).unwrap();
    terminate(&agent);
    let (mut rest, mut errors) = (String::new(), String::new());
    out.read_to_string(&mut rest).unwrap();
    agent.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(agent.wait().unwrap().code(), Some(0), "{errors}");
    assert_eq!(rest, "", "only the ready line goes to stdout");
    ready
}

fn terminate(agent: &Child) {
    let status = Command::new("kill").args(["-TERM", &agent.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn it_says_when_it_watches_and_stops_when_it_is_told() {
    // Two that are free at the same time are two.
    let listeners = ["127.0.0.1:0"; 2].map(|any| TcpListener::bind(any).unwrap());
    let [one, other] = listeners.map(|listener| listener.local_addr().unwrap().port());
    let place = Place::new(&format!("watch-ports = [{one}, {other}]"));
    let (low, high) = (one.min(other), one.max(other));
    assert_eq!(starts_and_stops(place.agent(&[])), format!("watching ports {low}, {high}\n"));
    assert!(place.dir.path().join("spool").is_dir());
}

#[test]
fn without_rights_it_names_them() {
    let place = Place::new("watch-ports = [5432]");
    let (code, error) = place.fails(&["setpriv", "--reuid", "65534", "--clear-groups", "--"]);
    assert_eq!(code, 77, "{error}");
    assert!(error.starts_with("picket-agent: cannot load the kernel programs: "), "{error}");
    assert!(error.contains("run as root or with CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN"), "{error}");
}

/// As in a container that was given some of them: each that is missing is named, and nothing that the kernel's verifier says.
#[test]
fn each_right_that_is_missing_is_named_alone() {
    let place = Place::new("watch-ports = [5432]");
    for (rights, missing) in [
        ("+bpf,+net_admin", "CAP_PERFMON is missing"),
        ("+perfmon,+net_admin", "CAP_BPF is missing"),
        ("+bpf,+perfmon", "CAP_NET_ADMIN is missing"),
        ("+sys_admin", "CAP_NET_ADMIN is missing"),
        ("+net_admin", "CAP_BPF, CAP_PERFMON are missing"),
    ] {
        let (code, error) = place.fails(&with_rights(rights));
        let said = format!("picket-agent: cannot load the kernel programs: {missing}; run as root or with ");
        assert!(code == 77 && error.starts_with(&said), "{rights}: {code} {error}");
    }
}

/// Every kernel that this runs on has BTF: a library between the agent and the kernel hides the file.
#[test]
fn a_kernel_without_btf_is_named() {
    const HIDES: &str = "mount -t tmpfs none /sys/kernel/btf && exec \"$@\"";
    let place = Place::new("watch-ports = [5432]");
    let (code, error) = place.fails(&["unshare", "--mount", "sh", "-c", HIDES, "sh"]);
    assert_eq!(code, 69, "{error}");
    let said = "picket-agent: cannot load the kernel programs: /sys/kernel/btf/vmlinux is missing; use a kernel built \
                with CONFIG_DEBUG_INFO_BTF=y";
    assert!(error.starts_with(said), "{error}");
}

/// Runs a program as nobody with these rights.
fn with_rights(rights: &str) -> [&str; 9] {
    ["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps", rights, "--ambient-caps", rights, "--"]
}

/// What the kernel says of the rights of a process.
fn rights(pid: u32, which: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(which)?.strip_prefix(':')).unwrap();
    u64::from_str_radix(line.trim(), 16).unwrap()
}

/// All threads of it.
fn threads(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    threads.map(|thread| thread.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn root_keeps_the_rights_that_the_agent_needs_in_every_thread_and_has_no_way_to_others() {
    // DAC_READ_SEARCH, NET_ADMIN, SYS_PTRACE, SYS_ADMIN, PERFMON, BPF
    let needed = [2, 12, 19, 21, 38, 39].iter().fold(0, |all, right| all | 1_u64 << right);
    let place = Place::new(&format!("watch-ports = [{}]", free_port()));
    let mut agent = place.agent(&["env"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(agent.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let (pid, before) = (agent.id(), rights(std::process::id(), "CapPrm"));
    let threads = threads(pid);
    assert!(1 < threads.len(), "{threads:?}");
    for thread in threads {
        for which in ["CapEff", "CapPrm", "CapBnd"] {
            assert_eq!(rights(thread, which), needed & before, "{which} of thread {thread}");
        }
        assert_eq!((rights(thread, "CapInh"), rights(thread, "CapAmb")), (0, 0));
        assert_eq!(rights(thread, "NoNewPrivs"), 1);
    }
    terminate(&agent);
    assert_eq!(agent.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn three_capabilities_are_enough() {
    let port = free_port();
    let place = Place::new(&format!("watch-ports = [{port}]"));
    let agent = place.agent(&with_rights("+bpf,+perfmon,+net_admin"));
    assert_eq!(starts_and_stops(agent), format!("watching ports {port}\n"));
}

#[test]
fn three_capabilities_are_enough_to_refuse() {
    let (port, cgroup) = (free_port(), Cgroup::new("acts-rights"));
    let place = Place::new(&format!(
        "watch-ports = [{port}]\ncgroup = '{}'\nact.mode = 'deny'\n[[allow]]\nname = 'a'\nreason = 'b'\n\
         cgroup = '/system.slice/a.service'",
        cgroup.folder.display()
    ));
    let enter = format!("{}; exec \"$@\"", cgroup.enter());
    let wrapper = [&["bash", "-c", &enter, "agent"][..], &with_rights("+bpf,+perfmon,+net_admin")].concat();
    // It has tried: a connection of its own was refused.
    assert_eq!(starts_and_stops(place.agent(&wrapper)), format!("watching ports {port}\n"));
}

/// What it cannot see of connections from before is told, with the right that it needs.
#[test]
fn rights_that_a_look_needs_are_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let _client = std::net::TcpStream::connect(address).unwrap();
    let place = Place::new(&format!("watch-ports = [{}]", address.port()));
    let mut agent = place.agent(&with_rights("+bpf,+perfmon,+net_admin"));
    let mut agent = agent.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(agent.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    terminate(&agent);
    let log = String::from_utf8(agent.wait_with_output().unwrap().stderr).unwrap();
    assert!(log.contains("cannot be read: Permission denied"), "{log}");
    assert!(
        log.contains(
            "who holds connections from before the agent is not known of all; grant CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
        ),
        "{log}"
    );
    assert!(log.contains("found=1 unknown=1"), "{log}");
}

#[test]
fn a_cgroup_that_is_none_is_named() {
    let (code, error) = Place::new("watch-ports = [5432]\ncgroup = \"/proc\"").fails(&[]);
    assert_eq!(code, 69, "{error}");
    assert_eq!(
        error,
        "picket-agent: cannot watch the cgroups of /proc: it is no cgroup v2 directory; set `cgroup` to a cgroup v2 \
         directory"
    );
}

/// A cgroup without processes, which goes with this.
struct EmptyCgroup(PathBuf);

impl Drop for EmptyCgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_cgroup_that_sees_nothing_is_named() {
    let mount = picket_agent::load::cgroup_mount().unwrap();
    let cgroup = EmptyCgroup(mount.join(format!("picket-test-{}", std::process::id())));
    fs::create_dir(&cgroup.0).unwrap();
    let place = Place::new(&format!("watch-ports = [{}]\ncgroup = \"{}\"", free_port(), cgroup.0.display()));
    let (code, error) = place.fails(&[]);
    assert_eq!(code, 69, "{error}");
    assert!(error.starts_with("picket-agent: self-test: the kernel programs did not tell of a connection"));
    assert!(error.ends_with("check that `cgroup` is the root of the host's hierarchy"), "{error}");
}

#[test]
fn a_wrong_configuration_is_named_by_file_line_and_key() {
    let place = Place::new("\nwatch-ports = [5432, 0]");
    let (code, error) = place.fails(&[]);
    let file = place.dir.path().join("agent.toml");
    let said = "`watch-ports` must hold ports between 1 and 65535, got 0";
    assert_eq!((code, error), (78, format!("picket-agent: {}:2: {said}", file.display())));
}

#[test]
fn a_missing_configuration_is_named() {
    let place = Place::new("");
    let file = place.dir.path().join("agent.toml");
    fs::remove_file(&file).unwrap();
    let (code, error) = place.fails(&[]);
    assert_eq!(code, 78);
    assert!(error.starts_with(&format!("picket-agent: cannot read the configuration {}", file.display())));
}

#[test]
fn wrong_usage_is_explained() {
    let (code, _) = ended(Command::new(BINARY).output().unwrap());
    assert_eq!(code, 2);
}

#[test]
fn the_hash_of_a_command_is_made_by_the_key_of_the_agent() {
    let place = Place::new(&format!("watch-ports = [{}]", free_port()));
    let config = place.dir.path().join("agent.toml");
    let hash = |more: &[&str], input: &[u8]| {
        let mut command = Command::new(place.dir.path().join("picket-agent"));
        command.arg("hash").arg("--config").arg(&config).args(more);
        let mut hash =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // One that has failed reads nothing.
        let _ = hash.stdin.take().unwrap().write_all(input);
        hash.wait_with_output().unwrap()
    };
    let (code, message) = ended(hash(&["--", "psql"], b""));
    assert!(code == 69 && message.contains("read the key `"), "{code} {message}");
    starts_and_stops(place.agent(&["env"]));
    let key = place.dir.path().join("spool/arguments.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let line = b"psql\0-f\0nightly.sql\0";
    let expected = ArgumentsKey::new(fs::read(key).unwrap().trim_ascii()).hash(line);
    for output in [hash(&["--", "psql", "-f", "nightly.sql"], b""), hash(&[], line)] {
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{expected}\n"));
    }
}

#[test]
fn a_key_that_others_can_read_is_none() {
    let place = Place::new(&format!("watch-ports = [{}]", free_port()));
    let spool = place.dir.path().join("spool");
    fs::create_dir(&spool).unwrap();
    let key = spool.join("arguments.key");
    fs::write(&key, "0".repeat(64)).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let (code, message) = place.fails(&["env"]);
    assert!(code == 78 && message.contains("arguments.key` can be read by others"), "{code} {message}");
}

/// A host with cgroup v1 alone.
#[test]
fn a_host_without_cgroup_v2_is_named() {
    const HIDES: &str = "umount --recursive --lazy /sys/fs/cgroup && exec \"$@\"";
    let place = Place::new("watch-ports = [5432]");
    let (code, error) = place.fails(&["unshare", "--mount", "sh", "-c", HIDES, "sh"]);
    assert!(code == 69 && error.contains("cgroup v2"), "{code} {error}");
}

/// As in a container that has a cgroup namespace of its own: nobody outside would be seen, and nothing else would say so.
#[test]
fn a_part_of_the_hosts_cgroups_is_named() {
    const ENTERS: &str =
        "echo 0 > \"$0/cgroup.procs\" && exec unshare --cgroup --mount sh -c \"$SHOWS\" sh \"$@\"";
    const SHOWS: &str = "SHOWS=umount --recursive --lazy /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec \"$@\"";
    let mount = picket_agent::load::cgroup_mount().unwrap();
    let cgroup = EmptyCgroup(mount.join(format!("picket-part-{}", std::process::id())));
    fs::create_dir(&cgroup.0).unwrap();
    let place = Place::new(&format!("watch-ports = [{}]", free_port()));
    let (code, error) = place.fails(&["env", SHOWS, "sh", "-c", ENTERS, cgroup.0.to_str().unwrap()]);
    assert!(code == 69 && error.contains("only a part of this host's cgroups"), "{code} {error}");
}

/// `cargo xtask kernels --append "lsm=lockdown,bpf lockdown=confidentiality"` makes such a kernel; any other is not called so.
#[test]
fn a_kernel_that_is_locked_down_is_named_with_what_does_not_work() {
    let levels = fs::read_to_string("/sys/kernel/security/lockdown").unwrap_or_default();
    let is_locked_down = levels.contains("[confidentiality]");
    let place = Place::new(&format!("watch-ports = [{}]", free_port()));
    let mut agent = place.agent(&["env"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(agent.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    terminate(&agent);
    let log = String::from_utf8(agent.wait_with_output().unwrap().stderr).unwrap();
    assert!(ready.starts_with("watching ports "), "{log}");
    assert_eq!(log.contains("the kernel is locked down (confidentiality)"), is_locked_down, "{log}");
    assert_eq!(log.contains("neither its start nor who started it will be told"), is_locked_down, "{log}");
    if is_locked_down {
        assert!(log.contains("UNIX sockets are not seen, but for those that a look finds open"), "{log}");
        let acts =
            "act.mode = 'deny'\n[[allow]]\nname = 'a'\nreason = 'b'\ncgroup = '/system.slice/a.service'";
        let place = Place::new(&format!("watch-ports = [{}]\n{acts}", free_port()));
        let (code, error) = place.fails(&["env"]);
        assert_eq!(code, 69, "{error}");
        assert!(error.contains("the kernel is locked down (`confidentiality` in "), "{error}");
    }
}
