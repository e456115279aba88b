//! Which programs are databases, and which pass connections on, by the names of their files. It is pure. Whoever renames
//! one is not known by it.

/// Databases that have a program of their own.
const SERVERS: [(&str, &str); 14] = [
    ("postgres", "PostgreSQL"),
    ("postmaster", "PostgreSQL"),
    ("mysqld", "MySQL"),
    ("mariadbd", "MariaDB"),
    ("mongod", "MongoDB"),
    ("mongos", "MongoDB"),
    ("redis-server", "Redis"),
    ("valkey-server", "Valkey"),
    ("sqlservr", "SQL Server"),
    ("tnslsnr", "Oracle"),
    ("clickhouse", "ClickHouse"),
    ("clickhouse-server", "ClickHouse"),
    ("cockroach", "CockroachDB"),
    ("scylla", "ScyllaDB"),
];

/// Databases that Java runs: what the path of its file holds where they bring their own …
const JAVA_FOLDERS: [(&str, &str); 3] =
    [("cassandra", "Cassandra"), ("elasticsearch", "Elasticsearch"), ("opensearch", "OpenSearch")];

/// … what Java is told to run: an argument of its own …
const JAVA_CLASSES: [(&str, &str); 4] = [
    ("org.apache.cassandra.service.CassandraDaemon", "Cassandra"),
    ("org.elasticsearch.bootstrap.Elasticsearch", "Elasticsearch"),
    ("org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch", "Elasticsearch"),
    ("org.opensearch.bootstrap.OpenSearch", "OpenSearch"),
];

/// … and the ports that they have where nothing is said.
const JAVA_PORTS: [(&[u16], &str); 2] =
    [(&[9042, 9142, 7000, 7001], "Cassandra"), (&[9200, 9300], "Elasticsearch or OpenSearch")];

/// Programs that take connections and make others for them.
const FORWARDERS: [&str; 37] = [
    "chisel",
    "cloudflared",
    "containerd",
    "cri-dockerd",
    "crio",
    "docker-proxy",
    "envoy",
    "frpc",
    "frps",
    "gost",
    "haproxy",
    "kubectl",
    "kubelet",
    "nc",
    "nc.openbsd",
    "nc.traditional",
    "ncat",
    "netcat",
    "nginx",
    "ngrok",
    "odyssey",
    "pgbouncer",
    "pgcat",
    "pgdog",
    "pgpool",
    "redir",
    "rinetd",
    "rootlessport",
    "slirp4netns",
    "socat",
    "ssh",
    "sshd",
    "stunnel",
    "systemd-socket-proxyd",
    "tailscaled",
    "traefik",
    "xinetd",
];

/// Those of them that speak to no database themselves: what they bring there is somebody else's, whoever listens. The host of a pod dials
/// for `kubectl port-forward`, and `sshd` for `ssh -L`; a socat without `fork` listens no more once somebody has come. The others listen as long
/// as they pass connections on, and ask databases for themselves whether they are there.
const TUNNELS: [&str; 20] = [
    "chisel",
    "cloudflared",
    "containerd",
    "cri-dockerd",
    "crio",
    "docker-proxy",
    "frpc",
    "kubelet",
    "nc",
    "nc.openbsd",
    "nc.traditional",
    "ncat",
    "netcat",
    "rootlessport",
    "slirp4netns",
    "socat",
    "ssh",
    "sshd",
    "systemd-socket-proxyd",
    "tailscaled",
];

/// What a program is called by: its file, or what it calls itself where that may not be read.
pub(crate) fn name(executable: &str, command: &str) -> String {
    let file =
        executable.strip_suffix(" (deleted)").unwrap_or(executable).rsplit('/').next().unwrap_or_default();
    let name = if file.is_empty() { command } else { file };
    // OpenSSH divides its server, and distributions number the versions of a program.
    name.strip_suffix("-session").unwrap_or(name).trim_end_matches(|it: char| it.is_ascii_digit()).to_owned()
}

/// The database that a process which listens on `port` is. `line` tells what it was started with, each argument with a zero behind it.
pub(crate) fn database(
    executable: &str,
    command: &str,
    port: u16,
    line: impl FnOnce() -> Vec<u8>,
) -> Option<&'static str> {
    let name = name(executable, command);
    if let Some((_, database)) = SERVERS.iter().find(|(program, _)| *program == name) {
        // One file is all of ClickHouse, its coordination service too.
        return (!command.starts_with("clickhouse-keep")).then_some(*database);
    }
    if name != "java" {
        return None;
    }
    if let Some((_, database)) = JAVA_FOLDERS.iter().find(|(part, _)| executable.contains(part)) {
        return Some(database);
    }
    let line = line();
    let runs = |class: &str| line.split(|byte| *byte == 0).any(|argument| argument == class.as_bytes());
    let by_class = JAVA_CLASSES.iter().find(|(class, _)| runs(class)).map(|(_, database)| *database);
    let by_port =
        || JAVA_PORTS.iter().find(|(ports, _)| ports.contains(&port)).map(|(_, database)| *database);
    by_class.or_else(by_port)
}

/// Whether it is known to pass connections on.
pub(crate) fn is_forwarder(executable: &str, command: &str) -> bool {
    FORWARDERS.contains(&name(executable, command).as_str())
}

/// Whether it speaks for others alone.
pub(crate) fn is_tunnel(executable: &str, command: &str) -> bool {
    TUNNELS.contains(&name(executable, command).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_known_on_whichever_port() {
        let nothing = Vec::new;
        let of = |executable, command| database(executable, command, 1, nothing);
        assert_eq!(of("/usr/lib/postgresql/18/bin/postgres", "postgres"), Some("PostgreSQL"));
        assert_eq!(of("/usr/lib/postgresql/17/bin/postgres (deleted)", "postgres"), Some("PostgreSQL"));
        assert_eq!(of("", "mysqld"), Some("MySQL"), "its file may not be read");
        assert_eq!(of("/usr/bin/clickhouse", "clickhouse-serv"), Some("ClickHouse"));
        assert_eq!(of("/usr/bin/clickhouse", "clickhouse-keep"), None);
        assert_eq!(of("/usr/share/elasticsearch/jdk/bin/java", "java"), Some("Elasticsearch"));
        assert_eq!(database("/usr/lib/jvm/jre/bin/java", "java", 9042, nothing), Some("Cassandra"));
        assert_eq!(
            database("/usr/lib/jvm/jre/bin/java", "java", 9200, nothing),
            Some("Elasticsearch or OpenSearch")
        );
        assert_eq!(database("/usr/bin/python3.13", "python3", 9042, nothing), None);
        for other in
            ["/usr/bin/psql", "/usr/bin/postgres-exporter", "/usr/lib/jvm/jre/bin/java", "/postgres/x", ""]
        {
            assert_eq!(of(other, "x"), None, "{other}");
        }
    }

    #[test]
    fn what_java_runs_is_known_by_its_class() {
        let java = |line: &str| {
            let line = line.replace(' ', "\0").into_bytes();
            database("/usr/lib/jvm/java-17-openjdk-amd64/bin/java", "java", 1, || line)
        };
        assert_eq!(java("java -ea -cp /a org.apache.cassandra.service.CassandraDaemon"), Some("Cassandra"));
        assert_eq!(java("java -cp /a org.elasticsearch.bootstrap.Elasticsearch -d"), Some("Elasticsearch"));
        let module = "java -m org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch";
        assert_eq!(java(module), Some("Elasticsearch"));
        assert_eq!(java("java -cp /a org.opensearch.bootstrap.OpenSearch"), Some("OpenSearch"));
        for other in [
            "java -jar org.opensearch.bootstrap.OpenSearch.jar",
            "java -cp x:org.opensearch.bootstrap.OpenSearch Main",
            "",
        ] {
            assert_eq!(java(other), None, "{other}");
        }
        let line = || b"cat\0org.opensearch.bootstrap.OpenSearch\0".to_vec();
        assert_eq!(database("/usr/bin/cat", "cat", 9200, line), None);
    }

    #[test]
    fn forwarders_are_known() {
        for program in
            ["/usr/bin/socat", "/usr/bin/socat1", "/usr/sbin/sshd", "/usr/lib/openssh/sshd-session"]
        {
            assert!(is_forwarder(program, "x"), "{program}");
        }
        assert!(is_forwarder("/usr/bin/slirp4netns", "x") && is_forwarder("/usr/bin/stunnel4", "x"));
        for other in ["/usr/bin/psql", "/usr/bin/bash", "/usr/bin/socatx", "/usr/bin/picket-proxy", ""] {
            assert!(!is_forwarder(other, "psql"), "{other}");
        }
    }
}
