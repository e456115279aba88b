//! Somebody with the right to takes the agent's programs and ports out of the kernel behind its back.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ebpf_abi::{PORT_UNWATCHED, PORT_WORDS, PortPlace};

const WAIT: Duration = Duration::from_secs(30);

/// `bpf(2)`, as bpftool would: detaches a link, sets the key of a map, or sets a counter of each processor, by its id.
const PYTHON: &str = r#"
import ctypes, platform, struct, sys
libc = ctypes.CDLL(None, use_errno=True)

def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    number = 321 if platform.machine() == 'x86_64' else 280
    done = libc.syscall(number, command, buffer, len(attributes))
    assert done >= 0, ctypes.get_errno()
    return done

what, number = sys.argv[1], int(sys.argv[2])
if what == 'link':
    bpf(34, struct.pack('I', bpf(30, struct.pack('III', number, 0, 0))))
elif what == 'counter':
    processors = open('/sys/devices/system/cpu/possible').read().strip().split('-')[-1]
    key = ctypes.create_string_buffer(struct.pack('I', int(sys.argv[3])), 4)
    value = ctypes.create_string_buffer(struct.pack('Q', 1) * (int(processors) + 1))
    bpf(2, struct.pack('IIQQQ', bpf(14, struct.pack('III', number, 0, 0)), 0, ctypes.addressof(key), ctypes.addressof(value), 0))
else:
    key, value = (bytes.fromhex(it) for it in sys.argv[3:5])
    key, value = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(value, len(value))
    bpf(2, struct.pack('IIQQQ', bpf(14, struct.pack('III', number, 0, 0)), 0, ctypes.addressof(key), ctypes.addressof(value), 0))
"#;

pub(crate) fn tamper(arguments: &[&str]) {
    assert!(Command::new("python3").args(["-c", PYTHON]).args(arguments).status().unwrap().success());
}

/// Key and value of the map of ports, as `tamper` takes them, where it says this of one and nothing of others.
pub(crate) fn said_of(port: u16, value: u8) -> [String; 2] {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let place = PortPlace::of(port);
    [hex(&place.word.to_le_bytes()), hex(&place.with(0, value).to_le_bytes())]
}

fn write(dir: &Path, port: u16, more: &str) {
    let config = format!(
        "watch-ports = [{port}]\nspool.dir = '{}'\nclickhouse.url = 'http://127.0.0.1:1'\n{more}\n",
        dir.join("spool").display()
    );
    fs::write(dir.join("agent.toml"), config).unwrap();
}

fn launch(dir: &Path, port: u16, enter: &str, more: &str, arguments: &[&str]) -> Child {
    write(dir, port, more);
    let script = format!("{enter}; exec \"$@\"");
    let mut process = Command::new("bash")
        .args(["-c", &script, "agent", env!("CARGO_BIN_EXE_picket-agent"), "--config"])
        .arg(dir.join("agent.toml"))
        .args(arguments)
        .env_remove("PICKET_CLICKHOUSE_URL")
        .stdout(Stdio::piped())
        .stderr(File::create(dir.join("agent.log")).unwrap())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let log = || fs::read_to_string(dir.join("agent.log")).unwrap();
    assert!(ready.starts_with("watching ports"), "{ready}{}", log());
    process
}

/// The agent, watching one port.
pub(crate) struct Agent {
    process: Child,
    dir: tempfile::TempDir,
    port: u16,
}

impl Agent {
    fn start() -> Self {
        Agent::on(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port())
    }

    pub(crate) fn on(port: u16) -> Self {
        Agent::with(port, ":", "", &[])
    }

    /// Enters a cgroup, and is told `more`.
    pub(crate) fn with(port: u16, enter: &str, more: &str, arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let process = launch(dir.path(), port, enter, more, arguments);
        Agent { process, dir, port }
    }

    /// Starts one that has ended again, told `more`.
    pub(crate) fn again(&mut self, enter: &str, more: &str) {
        self.process.wait().unwrap();
        self.process = launch(self.dir.path(), self.port, enter, more, &[]);
    }

    /// Has it read its configuration again, which says `more` now, and waits until it has logged `said` once more.
    pub(crate) fn reload(&self, more: &str, said: &str) {
        write(self.dir.path(), self.port, more);
        let before = self.logged(said);
        assert!(Command::new("kill").args(["-HUP", &self.pid().to_string()]).status().unwrap().success());
        let deadline = Instant::now() + WAIT;
        while self.logged(said) == before {
            assert!(Instant::now() < deadline, "`{said}` is not in {}", self.log());
            std::thread::yield_now();
        }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("agent.log")).unwrap()
    }

    fn logged(&self, text: &str) -> usize {
        self.log().matches(text).count()
    }

    /// Has it end a connection. Returns the exit code and what was said.
    pub(crate) fn kill(&self, wrapper: &[&str], connection: &str) -> (i32, String) {
        let mut words = wrapper.iter().copied().chain([env!("CARGO_BIN_EXE_picket-agent")]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(["kill", connection, "--reason", "it reads too much", "--config"]);
        let ran = command.arg(self.dir.path().join("agent.toml")).output().unwrap();
        let said = [ran.stdout, ran.stderr].concat();
        (ran.status.code().unwrap(), String::from_utf8(said).unwrap().trim_end().to_owned())
    }

    /// Asks at the agent's door for the end of a connection, after `first`. What comes back.
    pub(crate) fn knock(&self, first: &str, connection: &str) -> String {
        let python = format!(
            "import os, socket, sys\n{first}\nit = socket.socket(socket.AF_UNIX)\ntry:\n it.connect(sys.argv[1])\n \
             it.sendall(('{{\"connection\": \"' + sys.argv[2] + '\", \"reason\": \"r\"}}\\n').encode())\n print(it.recv(4096).decode())\n\
             except OSError as error: print(type(error).__name__)"
        );
        let door = self.dir.path().join("spool/agent.sock");
        let ran = Command::new("python3").args(["-c", &python]).arg(door).arg(connection).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap().trim_end().to_owned()
    }

    /// Ends it at once.
    pub(crate) fn end(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("agent.toml")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Values of `key` of its descriptors that have `has` too.
    pub(crate) fn descriptors(&self, has: &str, key: &str) -> Vec<String> {
        let folder = format!("/proc/{}/fdinfo", self.process.id());
        let texts =
            fs::read_dir(folder).unwrap().filter_map(|it| fs::read_to_string(it.unwrap().path()).ok());
        let value =
            |text: String| text.lines().find_map(|line| Some(line.strip_prefix(key)?.trim().to_owned()));
        let values: BTreeSet<String> = texts.filter(|text| text.contains(has)).filter_map(value).collect();
        values.into_iter().collect()
    }

    /// Records that it has noted.
    pub(crate) fn journal(&self) -> String {
        fs::read_to_string(self.dir.path().join("spool/open-connections.jsonl")).unwrap()
    }

    /// How often something is in the spool, which nobody empties.
    pub(crate) fn spooled(&self, text: &str) -> usize {
        self.segments().iter().map(|segment| segment.matches(text).count()).sum()
    }

    /// Cookies of the connections in the spool.
    pub(crate) fn connections(&self) -> BTreeSet<u64> {
        let mut cookies = BTreeSet::new();
        for segment in self.segments() {
            let records = segment.split("\"record\":\"connection\"").skip(1);
            let cookie =
                |record: &str| record.split("\"cookie\":").nth(1)?.split(',').next()?.parse::<u64>().ok();
            cookies.extend(records.filter_map(cookie));
        }
        cookies
    }

    fn segments(&self) -> Vec<String> {
        let files = fs::read_dir(self.dir.path().join("spool")).unwrap().map(|entry| entry.unwrap().path());
        let segments = files.filter(|path| path.extension().is_some_and(|end| end == "segment"));
        segments.map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()).collect()
    }

    /// Has its pid be free once it has ended.
    pub(crate) fn reap(&mut self) {
        self.process.wait().unwrap();
    }

    /// Waits until it has ended. Nobody waits for it: it stays as a zombie.
    pub(crate) fn until_ended(&self) {
        let deadline = Instant::now() + WAIT;
        let status = format!("/proc/{}/stat", self.pid());
        while !fs::read_to_string(&status).unwrap().contains(") Z ") {
            assert!(Instant::now() < deadline, "it must end");
            std::thread::yield_now();
        }
    }

    pub(crate) fn until(&self, text: &str) {
        let deadline = Instant::now() + WAIT;
        while !self.journal().contains(text) {
            assert!(Instant::now() < deadline, "`{text}` is not in {}", self.journal());
            std::thread::yield_now();
        }
    }

    pub(crate) fn until_true(&self, condition: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + WAIT;
        while !condition(&self.journal()) {
            assert!(Instant::now() < deadline, "{}", self.journal());
            std::thread::yield_now();
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_program_that_is_detached_is_attached_again_and_told() {
    let agent = Agent::start();
    for link in agent.descriptors("link_type:\tcgroup", "link_id:") {
        tamper(&["link", &link]);
    }
    agent.until("\"kind\":\"tampered\"");
    agent.until("program `connections`");
    agent.until("program `connect6`");
    // It sees as before.
    let listener = TcpListener::bind(("127.0.0.1", agent.port)).unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    agent.until(&format!("127.0.0.1:{}", client.local_addr().unwrap().port()));
    agent.until("\"kind\":\"bypass\"");
    assert!(agent.journal().contains(&format!("(pid {}, user root) connected to", std::process::id())));
}

#[test]
fn a_port_that_is_taken_away_is_put_back_and_told() {
    let agent = Agent::start();
    let words = format!("key_size:\t4\nvalue_size:\t8\nmax_entries:\t{PORT_WORDS}\n");
    let maps = agent.descriptors(&words, "map_id:");
    assert_eq!(maps.len(), 1);
    let [place, word] = said_of(agent.port, PORT_UNWATCHED);
    tamper(&["set", &maps[0], &place, &word]);
    agent.until(&format!("somebody took port {} of the agent", agent.port));
    let listener = TcpListener::bind(("127.0.0.1", agent.port)).unwrap();
    let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    agent.until("\"kind\":\"bypass\"");
}
