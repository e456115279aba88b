//! What the tracker says of connections that were open before, and of looks that race with events.

use std::collections::HashMap;

use audit::record::UnixMicros;
use ebpf_abi::{Kind, PATH_BYTES, Process, Side, UnixOpened};

use super::super::Event;
use super::super::tests::{Beside, CLIENT, SERVER, Script, closed, line, opened, tracker};
use super::*;

/// Looks take from 100 to 200; events of `opened` are from 5.
fn look(unknown: &[Standing], alive: &[u64]) -> Look {
    Look {
        served: Vec::new(),
        began_boot_ns: 100,
        ended_boot_ns: 200,
        unknown: unknown.to_vec(),
        alive: alive.iter().map(|cookie| (*cookie, Bytes { received: 7, acked: 9 })).collect(),
        reach: Reach::Whole,
        unix_reach: Reach::Whole,
        is_thorough: true,
        are_holders_whole: true,
        problems: Vec::new(),
        found: None,
    }
}

fn process(pid: u32) -> Process {
    Process { pid, uid: 26, cgroup_id: 1, ..Process::UNKNOWN }
}

/// Between two processes of this host.
fn standing(holders: &[u32]) -> Standing {
    Standing {
        cookie: 2,
        client_cookie: 1,
        client: CLIENT.parse().unwrap(),
        server: SERVER.parse().unwrap(),
        socket_path: String::new(),
        is_served_here: true,
        bytes: Bytes::default(),
        holders: holders.iter().map(|pid| process(*pid)).collect(),
        client_inode: 1,
        network_namespace: 0,
        is_client_closed: false,
    }
}

fn from_elsewhere(client: &str) -> Standing {
    let client = client.parse().unwrap();
    Standing { client_cookie: 0, client, server: "10.0.0.5:5432".parse().unwrap(), ..standing(&[]) }
}

fn lines(out: &[Record]) -> Vec<String> {
    out.iter().map(line).collect()
}

/// What is told of one connection that a look of that reach found.
fn found(standing: Standing, reach: Reach, are_holders_whole: bool) -> Vec<String> {
    let mut out = Vec::new();
    let look = Look { reach, are_holders_whole, ..look(&[standing], &[]) };
    tracker().on_look(&look, &mut Script, &mut out);
    lines(&out)
}

#[test]
fn who_holds_a_connection_is_taken_for_who_asked_for_it() {
    let whole = |holders: &[u32]| found(standing(holders), Reach::Whole, true);
    let ends = "2/1 127.0.0.1:50312->127.0.0.1:5432";
    assert_eq!(whole(&[7]), [format!("open {ends} Proxied/Holder pid 7")]);
    assert_eq!(
        whole(&[4242]),
        [
            format!("open {ends} Bypass/None pid 4242"),
            "alert: psql (pid 4242, user postgres) is connected to 127.0.0.1:5432 from 127.0.0.1:50312 around the \
             proxy, since before the agent looked"
                .to_owned(),
        ]
    );
    assert_eq!(whole(&[7, 4242])[0], format!("open {ends} Bypass/None pid 4242"), "handed over");
    assert_eq!(whole(&[])[0], format!("open {ends} Bypass/None pid 0"), "hidden");
    assert_eq!(whole(&[7, 8]), [format!("open {ends} Allowed/Holder by backup pid 8")]);
    assert_eq!(whole(&[8, 7, 4242])[0], format!("open {ends} Bypass/None pid 4242"), "handed over");
}

#[test]
fn what_cannot_be_seen_is_unknown_and_no_alert() {
    let fenced = |standing| found(standing, Reach::Fenced, true);
    assert_eq!(
        found(standing(&[]), Reach::Whole, false),
        ["open 2/1 127.0.0.1:50312->127.0.0.1:5432 Unknown/None pid 0"]
    );
    let closed = Standing { is_client_closed: true, ..standing(&[]) };
    assert!(found(closed, Reach::Whole, true)[0].contains("Unknown/None"), "nobody can hold it");
    assert!(found(standing(&[7]), Reach::Whole, false)[0].contains("Proxied/Holder"));
    assert!(found(standing(&[4242]), Reach::Whole, false)[0].contains("Bypass"));
    assert_eq!(
        fenced(from_elsewhere("10.0.0.9:1")),
        ["open 2/0 10.0.0.9:1->10.0.0.5:5432 Unknown/None pid 0"]
    );
    assert!(fenced(from_elsewhere("10.0.0.7:1"))[0].contains("Proxied/Address"));
    assert!(
        fenced(from_elsewhere("10.0.0.8:1"))[0].contains("Unknown/None"),
        "it may be a process of this host"
    );
    let allowed = found(from_elsewhere("10.0.0.8:1"), Reach::Whole, true);
    assert_eq!(allowed, ["open 2/0 10.0.0.8:1->10.0.0.5:5432 Allowed/Address by backup pid 0"]);
    assert!(found(from_elsewhere("10.0.0.9:1"), Reach::Whole, true)[0].contains("Bypass"));
    let outgoing = Standing { cookie: 1, is_served_here: false, ..standing(&[4242]) };
    assert!(fenced(outgoing.clone())[0].contains("Unknown"), "its server may be on this host");
    assert!(found(outgoing, Reach::Whole, true)[0].contains("Outgoing"));
}

#[test]
fn beside_a_proxy_whoever_holds_what_leaves_is_asked_about() {
    let told = |holders: &[u32], reach, are_holders_whole| {
        let leaving = Standing { cookie: 1, is_served_here: false, ..standing(holders) };
        let (mut out, look) = (Vec::new(), Look { reach, are_holders_whole, ..look(&[leaving], &[]) });
        tracker().on_look(&look, &mut Beside, &mut out);
        lines(&out)[0].split(' ').nth(3).unwrap().to_owned()
    };
    for (holders, class) in [(7, "Outgoing/None"), (8, "Allowed/Holder"), (4242, "Bypass/None")] {
        assert_eq!(told(&[holders], Reach::Whole, true), class);
    }
    assert_eq!(told(&[7, 4242], Reach::Whole, true), "Bypass/None", "handed over");
    assert_eq!(told(&[7], Reach::Fenced, true), "Unknown/None", "it may be served here, out of sight");
    assert_eq!(told(&[4242], Reach::Fenced, true), "Bypass/None", "wherever it is served");
    assert_eq!(told(&[], Reach::Whole, false), "Unknown/None");
}

#[test]
fn a_connection_that_leaves_without_its_process_is_whoevers_who_holds_it() {
    for (holder, class) in [(7, "Outgoing/None"), (4242, "Bypass/None")] {
        let (mut tracker, mut out) = (tracker(), Vec::new());
        tracker.on_event(&opened(Side::Client, 1, CLIENT, SERVER, 0), 0, &mut Beside, &mut out);
        tracker.on_time(1_000_000_000, &mut Beside, &mut out);
        assert!(lines(&out)[0].contains("Unknown/None") && tracker.needs_looks());
        tracker.begin_look();
        let leaving = Standing { cookie: 1, is_served_here: false, ..standing(&[holder]) };
        let merged = tracker.on_look(&look(&[leaving], &[1]), &mut Beside, &mut out);
        assert_eq!(merged.resolved, 1);
        assert!(lines(&out)[1].contains(class), "{:?}", lines(&out));
    }
}

#[test]
fn a_connection_whose_events_came_is_not_found_again() {
    let (client, server) =
        (opened(Side::Client, 1, CLIENT, SERVER, 7), opened(Side::Server, 2, CLIENT, SERVER, 0));
    let races: [&[Event]; 5] = [
        &[client.clone(), server.clone()],
        std::slice::from_ref(&client),
        std::slice::from_ref(&server),
        &[client.clone(), server.clone(), closed(2)],
        // Its opening was lost.
        &[closed(2)],
    ];
    for events in races {
        let (mut tracker, mut out) = (tracker(), Vec::new());
        tracker.begin_look();
        for event in events {
            tracker.on_event(event, 0, &mut Script, &mut out);
        }
        let told = out.len();
        let merged = tracker.on_look(&look(&[standing(&[7])], &[1, 2]), &mut Script, &mut out);
        assert_eq!((merged.found, out.len()), (0, told), "{events:?}: {:?}", lines(&out));
    }
}

#[test]
fn the_other_end_of_a_connection_that_closed_is_not_found() {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    tracker.begin_look();
    for event in
        [opened(Side::Client, 1, CLIENT, SERVER, 7), opened(Side::Server, 2, CLIENT, SERVER, 0), closed(2)]
    {
        tracker.on_event(&event, 0, &mut Script, &mut out);
    }
    let client_only = Standing { cookie: 1, is_served_here: false, ..standing(&[7]) };
    let merged = tracker.on_look(&look(&[client_only], &[1]), &mut Script, &mut out);
    assert_eq!((merged.found, out.len()), (0, 2), "{:?}", lines(&out));
}

#[test]
fn events_that_come_after_the_look_found_it_are_of_the_same_connection() {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    tracker.begin_look();
    tracker.on_look(&look(&[standing(&[7])], &[1, 2]), &mut Script, &mut out);
    tracker.on_event(&opened(Side::Server, 2, CLIENT, SERVER, 0), 0, &mut Script, &mut out);
    tracker.on_event(&opened(Side::Client, 1, CLIENT, SERVER, 7), 0, &mut Script, &mut out);
    tracker.on_time(u64::MAX, &mut Script, &mut out);
    tracker.on_event(&closed(2), 0, &mut Script, &mut out);
    assert_eq!(
        lines(&out),
        [
            "open 2/1 127.0.0.1:50312->127.0.0.1:5432 Proxied/Holder pid 7",
            "close 100>200< 2/1 127.0.0.1:50312->127.0.0.1:5432 Proxied/Holder pid 7",
        ]
    );
    // The same socket connects again, later.
    let Event::Opened(mut again) = opened(Side::Client, 1, CLIENT, SERVER, 7) else { unreachable!() };
    again.at_boot_ns = 200 + EVENT_LAG_NS + 1;
    tracker.on_event(&Event::Opened(again), 0, &mut Script, &mut out);
    tracker.on_stop(&mut Script, &mut out);
    assert_eq!(out.len(), 3);
}

#[test]
fn a_socket_that_connects_anew_is_another_connection() {
    const ANEW: &str = "127.0.0.1:50313";
    let (mut tracker, mut out) = (tracker(), Vec::new());
    tracker.begin_look();
    tracker.on_look(&look(&[standing(&[7])], &[1, 2]), &mut Script, &mut out);
    tracker.on_event(&opened(Side::Client, 1, ANEW, SERVER, 7), 0, &mut Script, &mut out);
    tracker.on_event(&opened(Side::Server, 3, ANEW, SERVER, 0), 0, &mut Script, &mut out);
    assert_eq!(lines(&out)[1], format!("open 3/1 {ANEW}->{SERVER} Proxied/Kernel pid 7"));
}

/// The record of a connection that an earlier agent saw.
fn earlier() -> ConnectionRecord {
    let mut out = Vec::new();
    tracker().on_look(&look(&[standing(&[7])], &[1, 2]), &mut Script, &mut out);
    match &out[0] {
        Record::Connection(record) => record.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_an_earlier_agent_saw_goes_on_or_has_ended_while_it_was_away() {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    tracker.restore(earlier(), &mut Script, &mut Vec::new());
    let known = tracker.begin_look();
    assert!(known.contains(&1) && known.contains(&2));
    let merged = tracker.on_look(&look(&[], &[1, 2]), &mut Script, &mut out);
    assert_eq!(merged, Merged { continued: 1, ..Merged::default() });
    assert!(out.is_empty() && tracker.open() == 1);
    let merged = tracker.on_look(&look(&[], &[1]), &mut Script, &mut out);
    assert_eq!(merged, Merged { ended: 1, ..Merged::default() });
    let expected = Some(UnixMicros(200));
    let Record::Connection(record) = &out[0] else { panic!() };
    assert_eq!((record.closed_at, record.ending), (expected, Ending::Missed), "it was seen meanwhile");
    assert_eq!((record.bytes_to_server, record.bytes_to_client), (7, 9), "as last seen");
    assert_eq!((record.opened_at, record.cookie), (earlier().opened_at, 2), "the same record");

    tracker.restore(earlier(), &mut Script, &mut Vec::new());
    out.clear();
    tracker.begin_look();
    tracker.on_look(&look(&[], &[]), &mut Script, &mut out);
    let Record::Connection(record) = &out[0] else { panic!() };
    assert_eq!((record.closed_at, record.ending), (expected, Ending::Away));
    assert_eq!(tracker.open(), 0);
}

#[test]
fn what_is_out_of_sight_is_not_ended() {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    tracker.restore(earlier(), &mut Script, &mut Vec::new());
    for reach in [Reach::Partial, Reach::Fenced] {
        tracker.on_look(&Look { reach, ..look(&[], &[]) }, &mut Script, &mut out);
        assert_eq!(tracker.open(), 1, "{reach:?}");
    }
    tracker.on_look(&Look { is_thorough: false, ..look(&[], &[]) }, &mut Script, &mut out);
    assert_eq!(tracker.open(), 1, "it may be where it was not looked");
    tracker.on_look(&Look { reach: Reach::Fenced, ..look(&[], &[2]) }, &mut Script, &mut out);
    tracker.on_look(&Look { reach: Reach::Partial, ..look(&[], &[]) }, &mut Script, &mut out);
    assert_eq!(tracker.open(), 1);
    tracker.on_look(&Look { reach: Reach::Fenced, ..look(&[], &[]) }, &mut Script, &mut out);
    assert_eq!(tracker.open(), 0, "it was in sight and is not any more");
    // What opened after the look began is not in it.
    let Event::Opened(mut young) = opened(Side::Server, 2, CLIENT, SERVER, 0) else { unreachable!() };
    young.at_boot_ns = 150;
    tracker.on_event(&Event::Opened(young), 0, &mut Script, &mut out);
    tracker.on_stop(&mut Script, &mut out);
    tracker.on_look(&look(&[], &[]), &mut Script, &mut out);
    assert_eq!(tracker.open(), 1);
}

#[test]
fn a_lost_end_is_found() {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    tracker.on_event(&opened(Side::Client, 1, CLIENT, SERVER, 7), 0, &mut Script, &mut out);
    tracker.on_event(&opened(Side::Server, 2, CLIENT, SERVER, 0), 0, &mut Script, &mut out);
    tracker.begin_look();
    tracker.on_look(&look(&[], &[]), &mut Script, &mut out);
    let states: HashMap<bool, usize> = out.iter().fold(HashMap::new(), |mut states, record| {
        let Record::Connection(record) = record else { panic!("{record:?}") };
        *states.entry(record.closed_at.is_some()).or_default() += 1;
        states
    });
    assert_eq!(states, HashMap::from([(false, 1), (true, 1)]));
}

#[test]
fn over_a_unix_socket_a_look_tells_when_its_server_last_did_something() {
    // A look that has seen it open began after that, or none has seen it.
    for (seen, closed_at) in [(None, 150), (Some(170), 170)] {
        let (mut tracker, mut out) = (tracker(), Vec::new());
        tracker.on_look(
            &Look { ended_boot_ns: 2, began_boot_ns: 1, ..look(&[], &[]) },
            &mut Script,
            &mut out,
        );
        tracker.on_event(&Event::UnixOpened(unix_opened()), 0, &mut Script, &mut out);
        if let Some(began_boot_ns) = seen {
            tracker.on_look(&Look { began_boot_ns, ..look(&[], &[2]) }, &mut Script, &mut out);
        }
        tracker.on_look(&Look { began_boot_ns: 180, ..look(&[], &[]) }, &mut Script, &mut out);
        let Some(Record::Connection(record)) = out.last() else { panic!("{out:?}") };
        assert_eq!((record.closed_at, record.ending), (Some(UnixMicros(closed_at)), Ending::Missed));
        assert_eq!((record.bytes_to_server, record.bytes_to_client), (3, 4));
    }
}

fn unix_opened() -> UnixOpened {
    UnixOpened {
        kind: Kind::UnixOpened,
        path_bytes: 1,
        port: 5432,
        is_heard: 0,
        end_untold: 1,
        reserved: [0; 2],
        at_boot_ns: 5,
        cookie: 2,
        client_cookie: 1,
        process: process(4242),
        path: [b'x'; PATH_BYTES],
        reserved_end: [0; 4],
    }
}

/// Events told a connection without its process; looks find these holders, one after the other.
fn resolved(looks: &[Standing], are_holders_whole: bool) -> (Tracker, Vec<String>) {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    tracker.on_event(&opened(Side::Client, 1, CLIENT, SERVER, 0), 0, &mut Script, &mut out);
    tracker.on_event(&opened(Side::Server, 2, CLIENT, SERVER, 0), 0, &mut Script, &mut out);
    for standing in looks {
        assert!(tracker.needs_looks());
        let known = tracker.begin_look();
        assert!(!known.contains(&1) && !known.contains(&2), "it must be asked about");
        let look = Look { are_holders_whole, ..look(std::slice::from_ref(standing), &[1, 2]) };
        tracker.on_look(&look, &mut Script, &mut out);
    }
    (tracker, lines(&out))
}

#[test]
fn whose_a_connection_is_that_came_without_its_process_is_found() {
    let ends = "2/1 127.0.0.1:50312->127.0.0.1:5432";
    let untold = format!("open {ends} Unknown/None pid 0");
    let (mut tracker, told) = resolved(&[standing(&[7])], true);
    assert_eq!(
        told,
        [untold.clone(), format!("open {ends} Proxied/Holder pid 7")],
        "no alert about the proxy"
    );
    let known = tracker.begin_look();
    assert!(known.contains(&1) && known.contains(&2) && !tracker.needs_looks());
    let mut out = Vec::new();
    tracker.on_event(&closed(2), 0, &mut Script, &mut out);
    assert_eq!(lines(&out), [format!("close 100>200< {ends} Proxied/Holder pid 7")]);

    let (_, told) = resolved(&[standing(&[8])], true);
    assert_eq!(told[1], format!("open {ends} Allowed/Holder by backup pid 8"));
    let (_, told) = resolved(&[standing(&[4242])], true);
    let alert = "alert: psql (pid 4242, user postgres) connected to 127.0.0.1:5432 from 127.0.0.1:50312 around the proxy";
    assert_eq!(told, [untold.clone(), format!("open {ends} Bypass/None pid 4242"), alert.to_owned()]);
    let (_, told) = resolved(&[standing(&[])], true);
    assert_eq!(told[1], format!("open {ends} Bypass/None pid 0"), "hidden");
    // Somebody may hold it whom nobody may ask; the next look may.
    let (_, told) = resolved(&[standing(&[]), standing(&[4242])], false);
    assert_eq!(told, [untold, format!("open {ends} Bypass/None pid 4242"), alert.to_owned()]);
}

#[test]
fn a_connection_without_its_process_that_has_ended_stays_unknown() {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    tracker.on_event(&opened(Side::Client, 1, CLIENT, SERVER, 0), 0, &mut Script, &mut out);
    tracker.on_event(&opened(Side::Server, 2, CLIENT, SERVER, 0), 0, &mut Script, &mut out);
    tracker.begin_look();
    tracker.on_event(&closed(2), 0, &mut Script, &mut out);
    tracker.on_look(&look(&[standing(&[4242])], &[]), &mut Script, &mut out);
    let told = lines(&out);
    assert!(told.len() == 2 && told[1].starts_with("close") && told[1].contains("Unknown"), "{told:?}");
}
