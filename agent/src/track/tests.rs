//! What the tracker says of scripted events.

use std::net::{Ipv4Addr, SocketAddr};

use audit::record::Evidence;
use ebpf_abi::{Endpoint, Kind, Side, TcpState};
use proptest::prelude::*;

use super::*;

const WAITED: u64 = 1_000_000_000;

/// A connection of this host around the proxy, by nobody.
pub(crate) fn record() -> ConnectionRecord {
    ConnectionRecord {
        host: "db1".to_owned(),
        boot_id: Uuid::nil(),
        cookie: 2,
        client_cookie: 1,
        opened_at: UnixMicros(0),
        opening: Opening::Seen,
        closed_at: None,
        ending: Ending::Seen,
        client: "127.0.0.1:50312".parse().unwrap(),
        server: "127.0.0.1:5432".parse().unwrap(),
        socket_path: String::new(),
        class: ConnectionClass::Bypass,
        evidence: Evidence::None,
        rule: String::new(),
        process: None,
        startup: StartupFacts::default(),
        bytes_to_server: 0,
        bytes_to_client: 0,
    }
}

/// Process 7 is the proxy, 10.0.0.7 is another one.
pub(crate) struct Script;

impl Witness for Script {
    fn is_proxy(&mut self, process: &Process) -> bool {
        process.pid == 7
    }

    fn has_proxy(&self) -> bool {
        false
    }

    fn is_proxy_address(&self, address: IpAddr) -> bool {
        address == IpAddr::from([10, 0, 0, 7])
    }

    fn is_own_address(&mut self, address: IpAddr) -> bool {
        address == IpAddr::from([10, 0, 0, 5])
    }

    /// Process 8 and 10.0.0.8 are allowed.
    fn rule_for(&mut self, arrival: &Arrival<'_>) -> Option<String> {
        let is_allowed = match arrival.process {
            Some(process) => process.pid == 8,
            None => arrival.client == Some(IpAddr::from([10, 0, 0, 8])),
        };
        is_allowed.then(|| "backup".to_owned())
    }

    fn facts(&mut self, process: &Process, _: u64) -> ProcessFacts {
        ProcessFacts {
            pid: process.pid,
            command: "psql".to_owned(),
            uid: process.uid,
            user: if process.uid == 26 { "postgres".to_owned() } else { String::new() },
            cgroup_id: process.cgroup_id,
            ..ProcessFacts::default()
        }
    }

    /// Every server last did something at 150.
    fn unix_traffic(&mut self, _: u64) -> UnixTraffic {
        [3, 4, 150]
    }

    fn at(&self, boot_ns: u64) -> UnixMicros {
        UnixMicros(i64::try_from(boot_ns).unwrap())
    }

    fn alert_id(&mut self) -> Uuid {
        Uuid::nil()
    }
}

/// The same, where the proxy is registered on this host.
pub(super) struct Beside;

impl Witness for Beside {
    fn has_proxy(&self) -> bool {
        true
    }

    fn is_proxy(&mut self, process: &Process) -> bool {
        Script.is_proxy(process)
    }

    fn is_proxy_address(&self, address: IpAddr) -> bool {
        Script.is_proxy_address(address)
    }

    fn is_own_address(&mut self, address: IpAddr) -> bool {
        Script.is_own_address(address)
    }

    fn rule_for(&mut self, arrival: &Arrival<'_>) -> Option<String> {
        Script.rule_for(arrival)
    }

    fn facts(&mut self, process: &Process, at_boot_ns: u64) -> ProcessFacts {
        Script.facts(process, at_boot_ns)
    }

    fn at(&self, boot_ns: u64) -> UnixMicros {
        Script.at(boot_ns)
    }

    fn alert_id(&mut self) -> Uuid {
        Script.alert_id()
    }
}

pub(super) fn tracker() -> Tracker {
    Tracker::new(Host { name: "db1".to_owned(), boot_id: Uuid::nil() })
}

pub(super) fn end(address: &str) -> Endpoint {
    let address: SocketAddr = address.parse().unwrap();
    let v6 = match address.ip() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    Endpoint { address: v6.octets(), port: address.port(), reserved: [0; 6] }
}

pub(super) fn opened(side: Side, cookie: u64, client: &str, server: &str, pid: u32) -> Event {
    let (local, remote) = match side {
        Side::Client => (end(client), end(server)),
        Side::Server => (end(server), end(client)),
    };
    let process = Process { pid, uid: 26, cgroup_id: 1, ..Process::UNKNOWN };
    Event::Opened(Opened {
        kind: Kind::Opened,
        side,
        end_untold: 0,
        reserved: [0; 5],
        at_boot_ns: 5,
        cookie,
        netns_cookie: 1,
        local,
        remote,
        process,
    })
}

pub(super) fn closed(cookie: u64) -> Event {
    Event::Closed(Closed {
        kind: Kind::Closed,
        last_state: TcpState::LAST_ACK,
        all_acked: 1,
        reserved: [0; 5],
        at_boot_ns: 9,
        cookie,
        bytes_received: 101,
        bytes_acked: 201,
    })
}

/// What is told of `events`, all at once, and then of the time that passed: one line per record.
fn told(events: &[Event]) -> Vec<String> {
    told_by(&mut Script, events)
}

fn told_by(witness: &mut impl Witness, events: &[Event]) -> Vec<String> {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    for event in events {
        tracker.on_event(event, 0, witness, &mut out);
    }
    tracker.on_time(halves::PAIR_WAIT.as_nanos() as u64, witness, &mut out);
    tracker.on_time(WAITED, witness, &mut out);
    out.iter().map(line).collect()
}

pub(super) fn line(record: &Record) -> String {
    match record {
        Record::Connection(it) => {
            let what = match it.closed_at {
                None => "open".to_owned(),
                Some(_) => format!("close {}>{}<", it.bytes_to_server, it.bytes_to_client),
            };
            let pid = it.process.as_ref().map_or(0, |process| process.pid);
            let by = match it.rule.as_str() {
                "" => format!("{:?}/{:?}", it.class, it.evidence),
                rule => format!("{:?}/{:?} by {rule}", it.class, it.evidence),
            };
            format!("{what} {}/{} {}->{} {by} pid {pid}", it.cookie, it.client_cookie, it.client, it.server)
        }
        Record::Alert(it) => format!("alert: {}", it.message),
        other => panic!("{other:?}"),
    }
}

pub(super) const CLIENT: &str = "127.0.0.1:50312";
pub(super) const SERVER: &str = "127.0.0.1:5432";

#[test]
fn both_ends_on_this_host_are_one_connection() {
    let client = opened(Side::Client, 1, CLIENT, SERVER, 7);
    let server = opened(Side::Server, 2, CLIENT, SERVER, 0);
    let expected = [
        "open 2/1 127.0.0.1:50312->127.0.0.1:5432 Proxied/Kernel pid 7",
        "close 100>200< 2/1 127.0.0.1:50312->127.0.0.1:5432 Proxied/Kernel pid 7",
    ];
    assert_eq!(told(&[client.clone(), server.clone(), closed(1), closed(2)]), expected);
    assert_eq!(
        told(&[server.clone(), closed(2), closed(1), client.clone()]),
        expected,
        "the order of the ends is open"
    );
}

#[test]
fn another_process_of_this_host_is_a_bypass() {
    let client = opened(Side::Client, 1, CLIENT, SERVER, 4242);
    let server = opened(Side::Server, 2, CLIENT, SERVER, 0);
    assert_eq!(
        told(&[client.clone(), server.clone()]),
        [
            "open 2/1 127.0.0.1:50312->127.0.0.1:5432 Bypass/None pid 4242",
            "alert: psql (pid 4242, user postgres) connected to 127.0.0.1:5432 from 127.0.0.1:50312 around the \
             proxy",
        ]
    );
}

#[test]
fn a_proxys_address_does_not_vouch_for_a_process_of_this_host() {
    let (client, server) = ("10.0.0.7:50312", "10.0.0.7:5432");
    let lines =
        told(&[opened(Side::Client, 1, client, server, 4242), opened(Side::Server, 2, client, server, 0)]);
    assert_eq!(lines[0], "open 2/1 10.0.0.7:50312->10.0.0.7:5432 Bypass/None pid 4242");
}

#[test]
fn a_client_elsewhere_is_judged_by_its_address_once_the_wait_is_over() {
    let mut out = Vec::new();
    let mut tracker = tracker();
    let event = opened(Side::Server, 2, "10.0.0.9:50312", "10.0.0.5:5432", 0);
    tracker.on_event(&event, 0, &mut Script, &mut out);
    tracker.on_time(halves::PAIR_WAIT.as_nanos() as u64 - 1, &mut Script, &mut out);
    assert_eq!((out.len(), tracker.open()), (0, 1));
    tracker.on_time(halves::PAIR_WAIT.as_nanos() as u64, &mut Script, &mut out);
    assert_eq!(out.len(), 0, "its client may have something to say");
    tracker.on_time(WAITED, &mut Script, &mut out);
    assert_eq!(
        out.iter().map(line).collect::<Vec<_>>(),
        [
            "open 2/0 10.0.0.9:50312->10.0.0.5:5432 Bypass/None pid 0",
            "alert: 10.0.0.9:50312 connected to 10.0.0.5:5432 around the proxy",
        ]
    );
    assert_eq!(
        told(&[opened(Side::Server, 2, "10.0.0.7:50312", "10.0.0.5:5432", 0), closed(2)]),
        [
            "open 2/0 10.0.0.7:50312->10.0.0.5:5432 Proxied/Address pid 0",
            "close 100>200< 2/0 10.0.0.7:50312->10.0.0.5:5432 Proxied/Address pid 0",
        ]
    );
}

/// The server's queue was full: it had to ask again.
#[test]
fn a_servers_end_that_comes_late_is_of_the_process_that_asked() {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    tracker.on_event(&opened(Side::Client, 1, CLIENT, SERVER, 7), 0, &mut Script, &mut out);
    tracker.on_time(WAITED, &mut Script, &mut out);
    tracker.on_event(&opened(Side::Server, 2, CLIENT, SERVER, 0), WAITED, &mut Script, &mut out);
    tracker.on_event(&closed(2), WAITED, &mut Script, &mut out);
    tracker.on_event(&closed(1), WAITED, &mut Script, &mut out);
    // Its addresses may be another's by now.
    tracker.on_event(&opened(Side::Server, 4, CLIENT, SERVER, 0), WAITED, &mut Script, &mut out);
    tracker.on_time(2 * WAITED, &mut Script, &mut out);
    let ends = "127.0.0.1:50312->127.0.0.1:5432";
    assert_eq!(
        out.iter().map(line).collect::<Vec<_>>(),
        [
            format!("open 1/1 {ends} Outgoing/None pid 7"),
            format!("open 2/1 {ends} Proxied/Kernel pid 7"),
            format!("close 100>200< 2/1 {ends} Proxied/Kernel pid 7"),
            format!("close 199>100< 1/1 {ends} Outgoing/None pid 7"),
            format!("open 4/0 {ends} Bypass/None pid 0"),
            "alert: 127.0.0.1:50312 connected to 127.0.0.1:5432 around the proxy".to_owned(),
        ]
    );

    // A client that is gone, or waited for longer than any server asks, vouches for nobody.
    for (is_gone, later) in [(true, WAITED), (false, 65 * WAITED)] {
        let (mut tracker, mut out) = (self::tracker(), Vec::new());
        tracker.on_event(&opened(Side::Client, 1, CLIENT, SERVER, 7), 0, &mut Script, &mut out);
        tracker.on_time(WAITED, &mut Script, &mut out);
        if is_gone {
            tracker.on_event(&closed(1), WAITED, &mut Script, &mut out);
        }
        tracker.on_time(later, &mut Script, &mut out);
        tracker.on_event(&opened(Side::Server, 2, CLIENT, SERVER, 0), later, &mut Script, &mut out);
        tracker.on_time(later + WAITED, &mut Script, &mut out);
        let lines: Vec<_> = out.iter().map(line).collect();
        assert!(lines.contains(&format!("open 2/0 {ends} Bypass/None pid 0")), "{lines:?}");
    }
}

#[test]
fn whom_a_rule_allows_raises_no_alert() {
    let client = opened(Side::Client, 1, CLIENT, SERVER, 8);
    let server = opened(Side::Server, 2, CLIENT, SERVER, 0);
    let open = "open 2/1 127.0.0.1:50312->127.0.0.1:5432 Allowed/Kernel by backup pid 8";
    assert_eq!(told(&[client.clone(), server.clone()]), [open]);
    assert_eq!(
        told(&[opened(Side::Server, 2, "10.0.0.8:50312", "10.0.0.5:5432", 0)]),
        ["open 2/0 10.0.0.8:50312->10.0.0.5:5432 Allowed/Address by backup pid 0"]
    );
    // An allowed address does not vouch for a process of this host, known or not.
    let (client, server) = ("10.0.0.8:50312", "10.0.0.8:5432");
    for (pid, class) in [(4242, "Bypass/None"), (0, "Unknown/None")] {
        let ends = [opened(Side::Client, 1, client, server, pid), opened(Side::Server, 2, client, server, 0)];
        assert!(told(&ends)[0].contains(class), "{pid}");
    }
}

#[test]
fn a_database_elsewhere_is_judged_there() {
    assert_eq!(
        told(&[opened(Side::Client, 1, "10.0.0.5:50312", "10.0.0.6:5432", 4242), closed(1)]),
        [
            "open 1/1 10.0.0.5:50312->10.0.0.6:5432 Outgoing/None pid 4242",
            // The SYN that this end sent is no data.
            "close 199>100< 1/1 10.0.0.5:50312->10.0.0.6:5432 Outgoing/None pid 4242",
        ]
    );
}

/// For the agent there, the address of this host vouches for all who are on it.
#[test]
fn beside_a_proxy_nobody_else_goes_to_databases_elsewhere() {
    let ends = "10.0.0.5:50312->10.0.0.6:5432";
    let leaving = |pid| {
        told_by(&mut Beside, &[opened(Side::Client, 1, "10.0.0.5:50312", "10.0.0.6:5432", pid), closed(1)])
    };
    let of_proxy = leaving(7);
    assert_eq!(of_proxy[0], format!("open 1/1 {ends} Outgoing/None pid 7"));
    assert_eq!(leaving(8)[0], format!("open 1/1 {ends} Allowed/Kernel by backup pid 8"));
    assert_eq!(leaving(0)[0], format!("open 1/1 {ends} Unknown/None pid 0"));
    assert_eq!(
        leaving(4242),
        [
            format!("open 1/1 {ends} Bypass/None pid 4242"),
            "alert: psql (pid 4242, user postgres) connected to 10.0.0.6:5432 from 10.0.0.5:50312 around the proxy"
                .to_owned(),
            format!("close 199>100< 1/1 {ends} Bypass/None pid 4242"),
        ]
    );
    // To another proxy.
    let to_proxy = [opened(Side::Client, 1, "10.0.0.5:50312", "10.0.0.7:5432", 4242)];
    assert!(told_by(&mut Beside, &to_proxy)[0].contains("Outgoing/None"));
    // The databases of this host as everywhere.
    let here = [opened(Side::Client, 1, CLIENT, SERVER, 7), opened(Side::Server, 2, CLIENT, SERVER, 0)];
    assert!(told_by(&mut Beside, &here)[0].contains("Proxied/Kernel"));
    let elsewhere = [opened(Side::Server, 2, "10.0.0.7:50312", "10.0.0.5:5432", 0)];
    assert!(told_by(&mut Beside, &elsewhere)[0].contains("Proxied/Address"));
}

/// Nobody speaks at the end that is here: it is told as soon as it is known that the other one is not.
#[test]
fn who_leaves_beside_a_proxy_is_told_at_once() {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    let event = opened(Side::Client, 1, "10.0.0.5:50312", "10.0.0.6:5432", 4242);
    tracker.on_event(&event, 0, &mut Beside, &mut out);
    tracker.on_time(halves::PAIR_WAIT.as_nanos() as u64, &mut Beside, &mut out);
    assert_eq!(out.len(), 2, "{out:?}");
}

/// Who asks again and again for a port on which nobody listens may get it itself. The kernel takes that for a server's end.
#[test]
fn a_socket_that_is_connected_to_itself_is_no_connection() {
    assert_eq!(told(&[opened(Side::Server, 2, SERVER, SERVER, 0), closed(2)]), [""; 0]);
}

/// 10.0.0.5 is this host's, and stands for a container's there.
#[test]
fn a_connection_that_the_host_translates_is_one_and_of_the_process_that_asked() {
    const FROM: &str = "10.0.0.5:50312";
    let client = |to, pid| opened(Side::Client, 1, FROM, to, pid);
    let server = |cookie| opened(Side::Server, cookie, FROM, "172.17.0.2:5432", 0);
    let ends = format!("2/1 {FROM}->172.17.0.2:5432");
    for events in [[client("10.0.0.5:5432", 7), server(2)], [server(2), client("10.0.0.5:5432", 7)]] {
        assert_eq!(told(&events), [format!("open {ends} Proxied/Kernel pid 7")]);
    }
    assert_eq!(
        told(&[client("10.0.0.5:5432", 8), server(2)]),
        [format!("open {ends} Allowed/Kernel by backup pid 8")]
    );
    assert!(told(&[client("10.0.0.5:5432", 9), server(2)])[0].contains("Bypass/None pid 9"));
    // The proxy went elsewhere with the same port, or nobody can tell which of two it is.
    let others = [client("10.0.0.6:5432", 7), server(2)];
    assert!(told(&others).iter().any(|line| line.contains("2/0 ") && line.contains("Bypass")));
    let another = opened(Side::Client, 3, FROM, "10.0.0.6:5432", 7);
    let either = told(&[client("10.0.0.5:5432", 7), another, server(2)]);
    assert!(either.iter().all(|line| !line.contains("Proxied")), "{either:?}");
}

#[test]
fn loopback_addresses_of_two_namespaces_are_two_connections() {
    let client = opened(Side::Client, 1, CLIENT, SERVER, 7);
    let Event::Opened(mut server) = opened(Side::Server, 2, CLIENT, SERVER, 0) else { unreachable!() };
    server.netns_cookie = 2;
    let lines = told(&[client, Event::Opened(server)]);
    assert!(lines[0].contains("Outgoing") && lines[1].contains("Bypass"), "{lines:?}");
}

#[test]
fn a_connection_of_an_unknown_process_is_unknown() {
    let ends = [opened(Side::Client, 1, CLIENT, SERVER, 0), opened(Side::Server, 2, CLIENT, SERVER, 0)];
    assert_eq!(told(&ends), ["open 2/1 127.0.0.1:50312->127.0.0.1:5432 Unknown/None pid 0"]);
    // Not even where a rule allows its address, or a proxy elsewhere has it.
    for address in ["10.0.0.8", "10.0.0.7"] {
        let (client, server) = (format!("{address}:50312"), format!("{address}:5432"));
        let ends =
            [opened(Side::Client, 1, &client, &server, 0), opened(Side::Server, 2, &client, &server, 0)];
        assert!(told(&ends)[0].contains("Unknown/None"), "{address}");
    }
}

#[test]
fn ends_that_nobody_will_tell_are_looked_for() {
    for (end_untold, needs_looks) in [(0, false), (1, true)] {
        let (mut tracker, mut out) = (tracker(), Vec::new());
        let Event::Opened(mut server) = opened(Side::Server, 2, CLIENT, SERVER, 0) else { unreachable!() };
        server.end_untold = end_untold;
        tracker.on_event(&opened(Side::Client, 1, CLIENT, SERVER, 7), 0, &mut Script, &mut out);
        tracker.on_event(&Event::Opened(server), 0, &mut Script, &mut out);
        assert_eq!(tracker.needs_looks(), needs_looks);
        tracker.on_event(&closed(2), 0, &mut Script, &mut out);
        assert!(!tracker.needs_looks());
    }
}

#[test]
fn a_user_without_a_name_is_told_by_number() {
    let mut record = match &{
        let mut out = Vec::new();
        let mut tracker = tracker();
        tracker.on_event(&opened(Side::Client, 1, CLIENT, SERVER, 9), 0, &mut Script, &mut out);
        tracker.on_stop(&mut Script, &mut out);
        out
    }[0]
    {
        Record::Connection(record) => record.clone(),
        other => panic!("{other:?}"),
    };
    record.process.as_mut().unwrap().user.clear();
    let known = |change: fn(&mut ProcessFacts)| {
        let mut record = record.clone();
        change(record.process.as_mut().unwrap());
        sentence::bypass(&record).split_once("; ").map(|(_, known)| known.to_owned())
    };
    assert_eq!(known(|_| {}), None);
    assert_eq!(known(|it| it.login_uid = Some(it.uid)), None, "it acts as who logged in");
    let all = known(|it| {
        it.executable = "/usr/bin/psql".to_owned();
        it.login_uid = Some(1000);
        it.login_user = "alice".to_owned();
        it.unit = "ssh.service".to_owned();
        it.parents = vec!["bash[9]".to_owned(), "sshd[8]".to_owned()];
    });
    let expected = "runs /usr/bin/psql, logged in as alice, unit ssh.service, started by bash[9] by sshd[8]";
    assert_eq!(all.unwrap(), expected);
    let inside = known(|it| {
        it.login_uid = Some(1000);
        (it.unit, it.container, it.pod) =
            ("a.scope".to_owned(), "0123456789abcdef".to_owned(), "p".to_owned());
    });
    assert_eq!(inside.unwrap(), "logged in as uid 1000, pod p, container 0123456789ab");
    assert!(sentence::bypass(&record).starts_with("psql (pid 9, uid 26) connected"));
}

#[test]
fn what_is_open_is_bounded() {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    for cookie in 0..OPEN_MAX as u64 + 10 {
        let client = SocketAddr::from((Ipv4Addr::from(0x0a00_0000 + cookie as u32), 50000)).to_string();
        tracker.on_event(&opened(Side::Server, cookie, &client, SERVER, 0), cookie, &mut Script, &mut out);
        assert!(tracker.halves.len() <= halves::HALVES_MAX);
    }
    tracker.on_stop(&mut Script, &mut out);
    assert_eq!((tracker.open(), tracker.forgotten()), (OPEN_MAX as u64, 10));
}

proptest! {
    /// However events of both ends are mixed: each connection opens once and closes once, in that order.
    #[test]
    fn every_connection_opens_once_and_closes_once(seeds in prop::collection::vec(any::<u64>(), 1..40)) {
        // Each connection's events in the order of its ends; the seed mixes them with those of the others.
        let mut events: Vec<(u64, Event)> = Vec::new();
        for (number, seed) in seeds.iter().enumerate() {
            let number = number as u64;
            let client = format!("127.0.0.1:{}", 40000 + number);
            let (one, other) = (seed % 1000, seed / 1000 % 1000);
            events.push((one, opened(Side::Client, number * 2, &client, SERVER, 7)));
            events.push((one + 1 + seed / 7 % 500, closed(number * 2)));
            events.push((other, opened(Side::Server, number * 2 + 1, &client, SERVER, 0)));
            events.push((other + 1 + seed / 11 % 500, closed(number * 2 + 1)));
        }
        events.sort_by_key(|(at, _)| *at);
        let events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();

        let (mut tracker, mut out) = (tracker(), Vec::new());
        for event in &events {
            tracker.on_event(event, 0, &mut Script, &mut out);
        }
        tracker.on_time(WAITED, &mut Script, &mut out);
        prop_assert_eq!(tracker.open(), 0);
        let mut states: HashMap<u64, Vec<bool>> = HashMap::new();
        for record in &out {
            let Record::Connection(record) = record else { panic!("{record:?}") };
            prop_assert_eq!(record.evidence, Evidence::Kernel);
            states.entry(record.cookie).or_default().push(record.closed_at.is_some());
        }
        prop_assert_eq!(states.len(), seeds.len());
        prop_assert!(states.values().all(|told| told == &[false, true]));
    }
}
