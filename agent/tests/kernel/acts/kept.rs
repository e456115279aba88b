//! What goes on without an agent where `act.without-agent` is "keep": in a BPF file system and a cgroup of each test's own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::unix::asks_programs;
use super::{CONNECT, REFUSED, run, tries};
use crate::allowed::Cgroup;
use crate::tampered::{Agent, tamper};

const WAIT: Duration = Duration::from_secs(60);

/// Gone when dropped, with all that is in it.
pub(super) struct BpfFileSystem(TempDir);

impl BpfFileSystem {
    pub(super) fn mount() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "bpf", "bpf"]).arg(dir.path()).status().unwrap();
        assert!(mounted.success());
        BpfFileSystem(dir)
    }

    pub(super) fn pins(&self) -> PathBuf {
        self.0.path().join("picket")
    }

    /// Lives of agents that have something there, and how many programs.
    pub(super) fn lives(&self) -> Vec<usize> {
        let lives = fs::read_dir(self.pins()).unwrap().map(|life| life.unwrap().path());
        lives.map(|life| fs::read_dir(life).unwrap().count() - 1).collect()
    }
}

impl Drop for BpfFileSystem {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

/// Makes a file when dropped: who looks for it also stops where a test fails.
struct Stop(PathBuf);

impl Drop for Stop {
    fn drop(&mut self) {
        let _ = fs::write(&self.0, "");
    }
}

/// A database, and an agent that acts on its own cgroup.
pub(super) struct Keeping {
    pub(super) agent: Agent,
    cgroup: Cgroup,
    listener: TcpListener,
    pins: BpfFileSystem,
}

impl Keeping {
    pub(super) fn new(name: &str, more: &str) -> Self {
        let (listener, cgroup) = (TcpListener::bind("127.0.0.1:0").unwrap(), Cgroup::new(name));
        let pins = BpfFileSystem::mount();
        let port = listener.local_addr().unwrap().port();
        let agent = Agent::with(port, &cgroup.enter(), &config(&cgroup, &pins, "keep", more), &[]);
        Keeping { agent, cgroup, listener, pins }
    }

    fn signal(&self, signal: &str) {
        let pid = self.agent.pid().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits until it has ended.
    pub(super) fn end(&self, signal: &str) {
        self.signal(signal);
        self.agent.until_ended();
    }

    pub(super) fn restart(&mut self, without_agent: &str) {
        let config = config(&self.cgroup, &self.pins, without_agent, "");
        self.agent.again(&self.cgroup.enter(), &config);
    }

    fn tries_from(&self, enter: &str, way: &str) -> String {
        let ran = run(enter, &[], "127.0.0.1", self.port(), way);
        String::from_utf8(ran.stdout).unwrap().trim_end().to_owned()
    }

    pub(super) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    pub(super) fn tries_by(&self, way: &str) -> String {
        self.tries_from(&self.cgroup.enter(), way)
    }

    fn tries(&self) -> String {
        self.tries_from(&self.cgroup.enter(), CONNECT)
    }

    fn lift(&self) -> Output {
        let config = self.agent.config();
        Command::new(env!("CARGO_BIN_EXE_picket-agent"))
            .args(["lift", "--config"])
            .arg(config)
            .output()
            .unwrap()
    }
}

fn config(cgroup: &Cgroup, pins: &BpfFileSystem, without_agent: &str, more: &str) -> String {
    format!(
        "cgroup = '{}'\nact.mode = 'deny'\nact.without-agent = '{without_agent}'\nact.pin-dir = '{}'\n{more}",
        cgroup.folder.display(),
        pins.pins().display()
    )
}

fn said(output: &Output) -> (Option<i32>, String) {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap().trim_end().to_owned())
}

#[test]
fn a_killed_agent_goes_on_refusing_and_the_next_one_tells_whom() {
    let mut keeping = Keeping::new("kept-killed", "");
    assert_eq!(keeping.tries(), REFUSED);
    let both_and_unix = 2 + usize::from(asks_programs());
    assert_eq!(keeping.pins.lives(), [both_and_unix], "connect4, connect6 and connect_unix");
    keeping.end("-KILL");
    for _ in 0..3 {
        assert_eq!(keeping.tries(), REFUSED);
    }
    keeping.restart("keep");
    assert_eq!(keeping.tries(), REFUSED);
    let deadline = Instant::now() + WAIT;
    while keeping.agent.spooled("\"kind\":\"denied\"") < 5 {
        assert!(Instant::now() < deadline, "{}", keeping.agent.spooled("\"kind\":\"denied\""));
    }
    // The programs of one agent are there, not of two.
    assert_eq!(keeping.pins.lives(), [both_and_unix]);
}

/// The agent itself is never refused. Pids are used again, and any user may have many processes.
#[test]
fn whoever_gets_the_pid_of_an_agent_that_was_killed_is_refused() {
    let mut keeping = Keeping::new("kept-pid", "");
    let pid = keeping.agent.pid();
    keeping.end("-KILL");
    keeping.agent.reap();
    let deadline = Instant::now() + WAIT;
    let said = loop {
        assert!(Instant::now() < deadline, "pid {pid} must be given again");
        fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
        let mut tries = tries(&keeping.cgroup.enter(), &[], "127.0.0.1", keeping.port(), CONNECT);
        let trying = tries.stdout(Stdio::piped()).spawn().unwrap();
        let is_it = trying.id() == pid;
        let output = trying.wait_with_output().unwrap();
        if is_it {
            break output.stdout;
        }
    };
    assert_eq!(String::from_utf8(said).unwrap().trim_end(), REFUSED);
}

#[test]
fn nobody_gets_through_between_two_agents() {
    let mut keeping = Keeping::new("kept-between", "");
    let port = keeping.listener.local_addr().unwrap().port();
    let enter = keeping.cgroup.enter();
    let stop = keeping.pins.0.path().with_extension("stop");
    let tries = format!(
        "import os, time\nleft, right = 0, 0\nwhile not os.path.exists('{}'):\n try:\n  {CONNECT}\n  right += 1\n except PermissionError: \
         left += 1\n time.sleep(0.005)\nprint(right, 100 < left)",
        stop.display()
    );
    std::thread::scope(|scope| {
        let trying = scope.spawn(move || run(&enter, &[], "127.0.0.1", port, &tries));
        let stopping = Stop(stop.clone());
        for signal in ["-KILL", "-TERM"] {
            keeping.end(signal);
            keeping.restart("keep");
        }
        drop(stopping);
        let output = trying.join().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), "0 True\nconnected");
    });
    fs::remove_file(&stop).unwrap();
}

#[test]
fn whom_a_rule_allows_is_let_in_by_it_without_an_agent_also_in_a_cgroup_that_is_made_then() {
    let path = format!("/picket-kept-allows-{}/unit", std::process::id());
    let rule = format!("[[allow]]\nname = 'backup'\nreason = 'r'\ncgroup = '{path}'\n");
    let keeping = Keeping::new("kept-allows", &rule);
    assert_eq!(keeping.pins.lives(), [3 + usize::from(asks_programs())], "made_cgroups too");
    keeping.end("-KILL");
    assert_eq!(keeping.tries(), REFUSED);
    let unit = keeping.cgroup.folder.join("unit");
    let enter = format!("mkdir {0} && echo $$ > {0}/cgroup.procs", unit.display());
    assert_eq!(keeping.tries_from(&enter, CONNECT), "connected");
    fs::remove_dir(unit).unwrap();
}

#[test]
fn it_is_lifted_where_that_is_asked_for_and_by_an_agent_that_is_told_to() {
    let mut keeping = Keeping::new("kept-lifted", "");
    let (code, why) = said(&keeping.lift());
    assert!(code == Some(69) && why.contains("is in use by another process"), "{why}");
    keeping.end("-TERM");
    assert_eq!(keeping.tries(), REFUSED, "it was asked to stop, and keeps on");
    assert_eq!(said(&keeping.lift()), (Some(0), "nobody is refused any more".to_owned()));
    assert_eq!(keeping.tries(), "connected");
    assert_eq!(said(&keeping.lift()), (Some(0), "nothing was left: nobody is refused".to_owned()));

    keeping.restart("keep");
    keeping.end("-KILL");
    keeping.restart("lift");
    assert_eq!(keeping.tries(), REFUSED, "this one refuses");
    assert_eq!(keeping.pins.lives(), [0_usize; 0]);
    keeping.end("-KILL");
    assert_eq!(keeping.tries(), "connected");
}

#[test]
fn what_somebody_takes_out_of_the_file_system_is_put_back_and_told() {
    let keeping = Keeping::new("kept-tampered", "");
    let life = fs::read_dir(keeping.pins.pins()).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(life.join("connect4")).unwrap();
    keeping.agent.until("somebody took the pin of program `connect4` of the agent");
    for link in keeping.agent.descriptors("link_type:\tcgroup", "link_id:") {
        tamper(&["link", &link]);
    }
    keeping.agent.until("program `connect6`");
    let deadline = Instant::now() + WAIT;
    while keeping.tries() != REFUSED {
        assert!(Instant::now() < deadline);
    }
    keeping.end("-KILL");
    assert_eq!(keeping.tries(), REFUSED, "what was put back stays");
}

#[test]
fn a_folder_that_is_no_bpf_file_system_is_named_with_the_mend() {
    let cgroup = Cgroup::new("kept-nowhere");
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let path = |name: &str| dir.path().join(name);
    let config = format!(
        "watch-ports = [1]\nspool.dir = '{}'\nclickhouse.url = 'http://127.0.0.1:1'\ncgroup = '{}'\nact.mode = 'deny'\n\
         act.without-agent = 'keep'\nact.pin-dir = '{}'\n",
        path("spool").display(),
        cgroup.folder.display(),
        path("pins").display()
    );
    fs::write(path("agent.toml"), config).unwrap();
    let script = format!("{}; exec \"$@\"", cgroup.enter());
    let agent = Command::new("bash")
        .args(["-c", &script, "agent", env!("CARGO_BIN_EXE_picket-agent"), "--config"])
        .arg(path("agent.toml"))
        .env_remove("PICKET_CLICKHOUSE_URL")
        .output()
        .unwrap();
    let (code, why) = said(&agent);
    assert_eq!(code, Some(69), "{why}");
    assert!(why.contains("is in no BPF file system; mount one (`mount -t bpf bpf /sys/fs/bpf`)"), "{why}");
    assert!(!Path::new(&path("pins")).exists());
}
