//! A picket-engine of a test's own, and plain HTTP to talk to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

const END_WAIT_MAX: Duration = Duration::from_secs(30);
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(60);

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_picket-engine"));
    command.env_remove("PICKET_LOG");
    command
}

pub(crate) struct Engine {
    child: Child,
    address: String,
}

/// An answer of plain HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Engine {
    pub(crate) fn start(data_dir: &Path) -> Self {
        let mut child = command()
            .arg("--data-dir")
            .arg(data_dir)
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(address) = line.trim_end().strip_prefix("listening on http://") else {
            let mut told = String::new();
            child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
            child.wait().unwrap();
            panic!(
                "picket-engine did not start (is its library there? run `cargo xtask setup`): {line}{told}"
            );
        };
        // Nobody reads the log; it must not fill the pipe.
        let mut log = child.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Engine { child, address: address.to_owned() }
    }

    pub(crate) fn client(&self) -> clickhouse::Client {
        clickhouse::Client::default().with_url(format!("http://{}", self.address))
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(ANSWER_WAIT_MAX)).unwrap();
        stream
    }

    /// Sends a request as it is written, and reads the answer. HTTP/1.0, so that the body ends with the connection.
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &[&str], body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let mut request = format!("{method} {target} HTTP/1.0\r\nContent-Length: {}\r\n", body.len());
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        stream.write_all(format!("{request}\r\n").as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).unwrap();
        let split = raw.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&raw[..split]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: raw[split + 4..].to_vec() }
    }

    pub(crate) fn post(&self, sql: &str) -> Answer {
        self.ask("POST", "/", &[], sql.as_bytes())
    }

    /// Runs a statement that has to work.
    pub(crate) fn run(&self, sql: &str) -> String {
        let answer = self.post(sql);
        assert_eq!(answer.status, 200, "{sql}: {}", answer.text());
        answer.text()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn terminate(mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        until(END_WAIT_MAX, || self.child.try_wait().unwrap())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a condition, within a bound.
pub(crate) fn until<T>(bound: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(met) = condition() {
            return met;
        }
        assert!(begun.elapsed() < bound, "waited for {bound:?} in vain");
        std::thread::yield_now();
    }
}

pub(crate) fn ended_at_once(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code(), String::from_utf8_lossy(&stderr).trim_end().to_owned())
}
