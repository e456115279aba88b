//! Databases that listen where nobody watches, and programs that pass connections on, told by the agent.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::namespaces::{Namespace, ip};
use crate::tampered::Agent;

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A Python whose file has another name. It dies with this.
struct Program {
    process: Child,
}

impl Program {
    /// Runs the script as `name` until it prints a line: the last word of it.
    fn run(dir: &Path, name: &str, namespace: Option<&Namespace>, script: &str) -> (Self, String) {
        Self::run_with(dir, name, namespace, script, &[])
    }

    /// The same with these arguments behind the script.
    fn run_with(
        dir: &Path,
        name: &str,
        namespace: Option<&Namespace>,
        script: &str,
        arguments: &[String],
    ) -> (Self, String) {
        let file = dir.join(name);
        // Another one may run already.
        if !file.exists() {
            fs::copy(fs::canonicalize("/usr/bin/python3").unwrap(), &file).unwrap();
        }
        let mut words = vec![file.into_os_string(), "-c".into(), script.into()];
        words.extend(arguments.iter().map(Into::into));
        if let Some(namespace) = namespace {
            let enter = ["ip", "netns", "exec", &namespace.name].map(std::ffi::OsString::from);
            words.splice(0..0, enter);
        }
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env("PYTHONHOME", "/usr").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        (Program { process }, said.trim().to_owned())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn listens(port: u16) -> String {
    format!(
        "import socket, sys\nit = socket.create_server(('127.0.0.1', {port}))\nprint('listens', flush=True)\nsys.stdin.read()"
    )
}

#[test]
fn a_database_that_nobody_watches_is_told_in_each_namespace() {
    let dir = tempfile::tempdir().unwrap();
    let namespace = Namespace::new();
    ip(&["-n", &namespace.name, "link", "set", "lo", "up"]);
    let agent = Agent::on(free_port());
    let [one, two, three, other] = [(); 4].map(|()| free_port());
    // The kernel tells that somebody listens, and the agent looks.
    let (_web, _) = Program::run(dir.path(), "web-server", None, &listens(other));
    let (postgres, _) = Program::run(dir.path(), "postgres", None, &listens(one));
    let (mysqld, _) = Program::run(dir.path(), "mysqld", Some(&namespace), &listens(two));
    let told = |database: &str, program: &Program, port: u16| {
        let process = format!("{database} (pid {}, user root)", program.process.id());
        agent.until(&format!("{process} listens on 127.0.0.1:{port}, which is not watched: add {port} to"));
    };
    told("PostgreSQL: postgres", &postgres, one);
    told("MySQL: mysqld", &mysqld, two);
    let (redis, _) = Program::run(dir.path(), "redis-server", None, &listens(three));
    told("Redis: redis-server", &redis, three);
    let journal = agent.journal();
    for (port, times) in [(one, 1), (two, 1), (three, 1), (other, 0)] {
        let lines: Vec<_> = journal.lines().filter(|it| it.contains(&format!(":{port}, which"))).collect();
        assert_eq!(lines.len(), times, "{lines:#?}");
        assert!(lines.iter().all(|it| it.contains("\"kind\":\"listener\"")), "{lines:#?}");
    }
}

/// Java of the system runs it, on a port that says nothing; what it is told to run does, behind more than a page of other arguments.
#[test]
fn a_database_that_java_runs_is_told_by_its_class() {
    const CLASS: &str = "org.apache.cassandra.service.CassandraDaemon";
    let dir = tempfile::tempdir().unwrap();
    let agent = Agent::on(free_port());
    let (port, other) = (free_port(), free_port());
    let before = vec!["x".repeat(1_000); 10];
    let (_other, _) = Program::run_with(dir.path(), "java", None, &listens(other), &before);
    let words = [before, vec![CLASS.to_owned()]].concat();
    let (java, _) = Program::run_with(dir.path(), "java", None, &listens(port), &words);
    let said = format!("Cassandra: java (pid {}, user root) listens on 127.0.0.1:{port}", java.process.id());
    agent.until(&said);
    assert!(!agent.journal().contains(&format!(":{other}, which")));
}

#[test]
fn who_passes_connections_on_is_told_also_where_its_child_is_connected() {
    const FORKS: &str = "import os, socket, sys
it = socket.create_server(('127.0.0.1', 0))
if os.fork() == 0:
    port = it.getsockname()[1]
    it.close()
    out = socket.create_connection(('127.0.0.1', DATABASE))
    print(port, flush=True)
    out.recv(1)
    os._exit(0)
os.wait()
";
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let database = listener.local_addr().unwrap();
    let agent = Agent::on(database.port());
    let script = FORKS.replace("DATABASE", &database.port().to_string());
    let (socat, port) = Program::run(dir.path(), "socat", None, &script);
    let _served: (TcpStream, _) = listener.accept().unwrap();
    agent.until("\"kind\":\"forwarder\"");
    let said = format!("pid {} listens on 127.0.0.1:{port}, and socat (pid ", socat.process.id());
    agent.until(&said);
    agent.until(&format!("which it started, is connected to {database} around the proxy"));
}
