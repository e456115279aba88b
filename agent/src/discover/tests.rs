//! What is told of scripted looks.

use std::collections::BTreeSet;

use ebpf_abi::Process;
use uuid::Uuid;

use super::*;
use crate::track::tests::{Script, record};

fn host() -> Host {
    Host { name: "db1".to_owned(), boot_id: Uuid::nil() }
}

fn listener(namespace: u64, local: &str) -> Listener {
    let process = Process { pid: 812, uid: 26, cgroup_id: 1, ..Process::UNKNOWN };
    let (local, socket_path) = match local.parse() {
        Ok(local) => (local, String::new()),
        Err(_) => (crate::track::nowhere(5544), local.to_owned()),
    };
    Listener { namespace, local, socket_path, database: "PostgreSQL", process, is_in_reach: true }
}

fn discovery(config: DiscoverConfig) -> Discovery {
    Discovery::new(DiscoverConfig { listeners: true, ..config }, Instant::now())
}

/// Messages of alerts, and ports to watch.
fn told(discovery: &mut Discovery, found: Found) -> (Vec<String>, Vec<u16>) {
    let look = Look { found: Some(found), ..Look::default() };
    let mut out = Vec::new();
    let ports = discovery.on_look(&look, &host(), &mut Script, &mut out);
    let messages = out.into_iter().map(|record| match record {
        Record::Alert(it) => it.message,
        other => panic!("{other:?}"),
    });
    (messages.collect(), ports)
}

fn found(listeners: &[Listener]) -> Found {
    Found { listeners: listeners.to_vec(), ..Found::default() }
}

#[test]
fn a_database_is_told_once_for_each_namespace_and_port() {
    let mut discovery = discovery(DiscoverConfig::default());
    let those = [listener(1, "0.0.0.0:5544"), listener(1, "[::]:5544"), listener(2, "127.0.0.1:5544")];
    let (messages, ports) = told(&mut discovery, found(&those));
    let expected = |address| {
        format!(
            "PostgreSQL: psql (pid 812, user postgres) listens on {address}, which is not watched: add 5544 to \
             `watch-ports`, or to `discover.ignore-ports`"
        )
    };
    assert_eq!((messages, ports), (vec![expected("0.0.0.0:5544"), expected("127.0.0.1:5544")], vec![]));
    // The server starts again.
    assert_eq!(told(&mut discovery, found(&those)), (vec![], vec![]));
}

#[test]
fn a_database_on_a_unix_socket_alone_is_told_by_its_path() {
    let mut discovery = discovery(DiscoverConfig { watch: true, ..DiscoverConfig::default() });
    let listens = listener(1, "/run/postgresql/.s.PGSQL.5544");
    let (messages, ports) = told(&mut discovery, found(std::slice::from_ref(&listens)));
    let expected = "PostgreSQL: psql (pid 812, user postgres) listens on /run/postgresql/.s.PGSQL.5544, which was not watched: it is \
                    from now on";
    assert_eq!((messages, ports), (vec![expected.to_owned()], vec![5544]));
    // Over TCP it is the same one.
    assert_eq!(told(&mut discovery, found(&[listens, listener(1, "127.0.0.1:5544")])), (vec![], vec![]));
    assert!(discovery.is_new(&HashSet::from([4711])) && !discovery.is_new(&HashSet::new()));
}

#[test]
fn what_is_ignored_is_neither_told_nor_watched() {
    let ignore_ports = BTreeSet::from([5544]);
    let mut discovery = discovery(DiscoverConfig { watch: true, ignore_ports, ..DiscoverConfig::default() });
    assert_eq!(told(&mut discovery, found(&[listener(1, "0.0.0.0:5544")])), (vec![], vec![]));
    let mut off = Discovery::new(DiscoverConfig::default(), Instant::now());
    assert!(off.quest(Instant::now()).is_none() && !off.is_on());
}

/// Whoever calls itself a database on many ports does not fill the kernel's map.
#[test]
fn no_more_ports_are_watched_than_is_bounded() {
    let mut discovery = discovery(DiscoverConfig { watch: true, ..DiscoverConfig::default() });
    let those: Vec<Listener> = (1..=1000).map(|port| listener(1, &format!("0.0.0.0:{port}"))).collect();
    let (messages, ports) = told(&mut discovery, found(&those));
    assert_eq!((messages.len(), ports.len()), (ALERTS_MAX + 1, ALERTS_MAX), "nor told one by one");
    assert!(messages[0].contains("0.0.0.0:1, which was not watched: it is from now on"), "{}", messages[0]);
    assert_eq!(messages[ALERTS_MAX], "databases listen on 936 more ports of db1 that are not watched");
    let (mut watched, mut last) = (ports.len(), String::new());
    for those in those[ALERTS_MAX..].chunks(ALERTS_MAX) {
        let (messages, ports) = told(&mut discovery, found(those));
        (watched, last) = (watched + ports.len(), messages[messages.len() - 1].clone());
    }
    assert_eq!(watched, WATCHED_OF_USER_MAX);
    assert!(last.contains("which is not watched: add 1000"), "{last}");
    // Others have places of their own.
    for uid in 0..10 {
        let listens = |port| {
            let mut listens = listener(2, &format!("0.0.0.0:{port}"));
            listens.process.uid = 1000 + uid;
            listens
        };
        let first = 2000 + 100 * u16::try_from(uid).unwrap();
        let those: Vec<Listener> = (first..first + 40).map(listens).collect();
        watched += told(&mut discovery, found(&those)).1.len();
    }
    assert_eq!(watched, WATCHED_MAX);
}

/// In a network of one's own any port is free to listen on.
#[test]
fn what_listens_in_a_network_of_a_user_is_told_and_not_watched() {
    let mut discovery = discovery(DiscoverConfig { watch: true, ..DiscoverConfig::default() });
    let listens = Listener { is_in_reach: false, ..listener(1, "127.0.0.1:443") };
    let (messages, ports) = told(&mut discovery, found(&[listens]));
    assert!(messages[0].contains("which is not watched: add 443"), "{messages:?}");
    assert!(ports.is_empty());
    let (messages, ports) = told(&mut discovery, found(&[listener(2, "127.0.0.1:443")]));
    assert!(messages[0].contains("it is from now on") && ports == [443], "{messages:?}");
}

fn connection(class: ConnectionClass, command: &str, pid: u32, parents: &[&str]) -> ConnectionRecord {
    let process = ProcessFacts {
        pid,
        command: command.to_owned(),
        user: "root".to_owned(),
        parents: parents.iter().map(|it| (*it).to_owned()).collect(),
        ..ProcessFacts::default()
    };
    ConnectionRecord { class, process: Some(process), ..record() }
}

#[test]
fn who_listens_for_a_connection_around_the_proxy_is_told_once() {
    let mut discovery = discovery(DiscoverConfig::default());
    let forked =
        connection(ConnectionClass::Bypass, "socat", 9, &["socat[8]", "bash[7]", "socat[6]", "socat[5]"]);
    discovery.note(&forked);
    assert!(discovery.is_curious());
    let quest = discovery.quest(Instant::now()).unwrap();
    assert_eq!((&*quest.suspects[0].pids, &*quest.suspects[0].program), (&[9, 8, 6][..], "socat"));
    let local = "0.0.0.0:7777".parse().unwrap();
    let forwards = |pid| Found { forwarding: vec![(0, pid, local)], ..Found::default() };
    let (messages, _) = told(&mut discovery, forwards(8));
    let expected = "pid 8 listens on 0.0.0.0:7777, and socat (pid 9, user root), which it started, is connected to \
                    127.0.0.1:5432 around the proxy: whoever reaches the one may reach the other; started by socat[8] by \
                    bash[7] by socat[6] by socat[5]";
    assert_eq!(messages, [expected]);
    assert!(!discovery.is_curious());
    // The next connection that it makes.
    discovery.note(&forked);
    discovery.quest(Instant::now());
    assert_eq!(told(&mut discovery, forwards(8)).0, [""; 0]);

    discovery.note(&connection(ConnectionClass::Bypass, "haproxy", 11, &[]));
    discovery.quest(Instant::now());
    let (messages, _) = told(&mut discovery, forwards(11));
    assert!(
        messages[0].starts_with("haproxy (pid 11, user root) listens on 0.0.0.0:7777 and is connected to")
    );
}

/// `kubectl port-forward` and `ssh -L`, as the database's host sees them.
#[test]
fn who_speaks_for_others_alone_is_told_whoever_listens() {
    let mut discovery = discovery(DiscoverConfig::default());
    for (command, parents) in [("containerd", &[][..]), ("sshd-session", &["systemd[1]"][..])] {
        let tunnel = connection(ConnectionClass::Bypass, command, 9, parents);
        discovery.note(&tunnel);
        discovery.quest(Instant::now());
        let (messages, _) = told(&mut discovery, Found::default());
        let expected = format!(
            "{command} (pid 9, user root) is connected to 127.0.0.1:5432 around the proxy, and speaks for others alone"
        );
        assert!(messages.len() == 1 && messages[0].starts_with(&expected), "{messages:?}");
        discovery.note(&tunnel);
        discovery.quest(Instant::now());
        assert_eq!(told(&mut discovery, Found::default()).0, [""; 0], "once");
    }
    // Where it is known who listens, that is told, and no more.
    discovery.note(&connection(ConnectionClass::Bypass, "sshd", 11, &[]));
    discovery.quest(Instant::now());
    let forwarding = vec![(0, 11, "0.0.0.0:22".parse().unwrap())];
    let (messages, _) = told(&mut discovery, Found { forwarding, ..Found::default() });
    assert!(messages.len() == 1 && messages[0].contains("listens on 0.0.0.0:22"), "{messages:?}");
}

/// As `socat` without `fork` and `nc -l | nc` do.
#[test]
fn who_listens_no_more_is_told_unless_it_has_passed_nothing() {
    let look_after = |command, bytes_to_server| {
        let mut discovery = discovery(DiscoverConfig::default());
        let open = connection(ConnectionClass::Bypass, command, 12, &[]);
        let ended = ConnectionRecord { closed_at: Some(UnixMicros(9)), bytes_to_server, ..open.clone() };
        discovery.note(&open);
        discovery.note(&ended);
        discovery.quest(Instant::now());
        let (messages, _) = told(&mut discovery, Found::default());
        messages.len()
    };
    assert_eq!((look_after("socat", 80), look_after("nc.openbsd", 80)), (1, 1));
    assert_eq!(look_after("nc.openbsd", 0), 0, "it asked whether somebody listens");
    assert_eq!(look_after("haproxy", 80), 0, "who passes connections on listens");
}

#[test]
fn nobody_else_is_suspected() {
    let mut discovery = discovery(DiscoverConfig::default());
    let mut closed = connection(ConnectionClass::Bypass, "socat", 9, &[]);
    closed.closed_at = Some(UnixMicros(1));
    for record in [
        connection(ConnectionClass::Proxied, "socat", 9, &[]),
        connection(ConnectionClass::Allowed, "pgbouncer", 9, &[]),
        connection(ConnectionClass::Outgoing, "ssh", 9, &[]),
        connection(ConnectionClass::Bypass, "psql", 9, &[]),
        closed,
    ] {
        discovery.note(&record);
        assert!(!discovery.is_curious(), "{record:?}");
    }
}

/// Whoever was to be asked about is not forgotten where the look breaks.
#[test]
fn a_look_that_broke_is_made_again() {
    let mut discovery = discovery(DiscoverConfig::default());
    discovery.note(&connection(ConnectionClass::Bypass, "socat", 9, &[]));
    discovery.quest(Instant::now());
    assert!(!discovery.is_curious());
    discovery.abandon_look();
    assert!(discovery.is_curious());
    // All listeners are asked again after a while.
    told(&mut discovery, Found { listening: HashSet::from([1, 2]), ..Found::default() });
    let later = Instant::now() + AGAIN_AFTER;
    assert_eq!(discovery.quest(Instant::now()).unwrap().seen.len(), 2);
    assert!(discovery.quest(later).unwrap().seen.is_empty());
}
