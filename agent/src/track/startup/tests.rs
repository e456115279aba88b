//! What the tracker makes of what clients say, in whichever order it comes.

use std::collections::HashMap;

use audit::record::ConnectionRecord;
use ebpf_abi::{Kind, PATH_BYTES, Process, STARTUP_BYTES, Side, UnixOpened};
use proptest::prelude::*;

use super::super::Event;
use super::super::tests::{CLIENT, SERVER, Script, closed, end, line, opened, tracker};
use super::*;
use crate::snapshot::{Look, Reach};

const SILENT: u64 = 5 + 900_000_000;
const ALICE: &[u8] = b"\0\0\0\x22\0\x03\0\0user\0alice\0database\0shop\0\0";

fn says(cookie: u64, said: Said, offset: u8, bytes: &[u8]) -> Event {
    let mut message = [0xee; STARTUP_BYTES];
    message[..bytes.len()].copy_from_slice(bytes);
    Event::Startup(Startup {
        kind: Kind::Startup,
        said,
        offset,
        reserved: [0; 3],
        copied: u16::try_from(bytes.len()).unwrap(),
        at_boot_ns: 6,
        cookie,
        client: end(CLIENT),
        server: end(SERVER),
        message,
    })
}

fn alice(cookie: u64, offset: u8) -> Event {
    says(cookie, Said::StartupMessage, offset, ALICE)
}

/// A connection over a UNIX socket.
fn local(cookie: u64, is_heard: u8) -> Event {
    let mut path = [0; PATH_BYTES];
    path[..17].copy_from_slice(b"/run/.s.PGSQL.543");
    Event::UnixOpened(UnixOpened {
        kind: Kind::UnixOpened,
        path_bytes: 17,
        port: 543,
        is_heard,
        end_untold: 1,
        reserved: [0; 2],
        at_boot_ns: 5,
        cookie,
        client_cookie: 1,
        process: Process { pid: 4242, ..Process::UNKNOWN },
        path,
        reserved_end: [0; 4],
    })
}

/// A look that began then and saw nothing.
fn look(began_boot_ns: u64) -> Look {
    Look {
        served: Vec::new(),
        began_boot_ns,
        ended_boot_ns: began_boot_ns + 100,
        unknown: Vec::new(),
        alive: HashMap::new(),
        reach: Reach::Whole,
        unix_reach: Reach::Whole,
        is_thorough: true,
        are_holders_whole: true,
        problems: Vec::new(),
        found: None,
    }
}

fn around() -> [Event; 2] {
    [opened(Side::Client, 1, CLIENT, SERVER, 4242), opened(Side::Server, 2, CLIENT, SERVER, 0)]
}

/// Records of `events`, and of what is told when nobody says anything any more: each with what was said.
fn told(events: &[Event]) -> Vec<String> {
    told_by(tracker(), events)
}

/// The same where the agent knows what was open before.
fn told_after_a_look(events: &[Event]) -> Vec<String> {
    let mut tracker = tracker();
    tracker.begin_look();
    tracker.on_look(&look(0), &mut Script, &mut Vec::new());
    told_by(tracker, events)
}

fn told_by(mut tracker: Tracker, events: &[Event]) -> Vec<String> {
    let mut out = Vec::new();
    for event in events {
        tracker.on_event(event, 0, &mut Script, &mut out);
    }
    out.push(Record::AgentHealth(health()));
    tracker.on_time(SILENT, &mut Script, &mut out);
    out.iter().map(said).collect()
}

fn health() -> audit::record::AgentHealthRecord {
    audit::record::AgentHealthRecord {
        host: String::new(),
        boot_id: uuid::Uuid::nil(),
        at: audit::record::UnixMicros(0),
        events_submitted: 0,
        events_lost: 0,
        connections_open: 0,
        state: String::new(),
        unix_problem: String::new(),
        processes_lost: 0,
        ends_unseen: 0,
        acts: String::new(),
        denied: 0,
        heartbeat_secs: 0,
        degraded: Vec::new(),
    }
}

fn said(record: &Record) -> String {
    match record {
        Record::Connection(ConnectionRecord { startup, closed_at, .. }) => {
            let StartupFacts { encryption, database_role, database, .. } = startup;
            let what = if closed_at.is_some() { "close" } else { "open" };
            format!("{what} {database_role}@{database} {encryption:?}")
        }
        Record::AgentHealth(_) => "time".to_owned(),
        _ => "alert".to_owned(),
    }
}

#[test]
fn a_bypass_is_told_when_its_client_has_spoken_or_time_is_over_or_it_ends() {
    let [client, server] = around();
    let (open, silent) = ("open alice@shop None", "open @ Unknown");
    assert_eq!(told(&[client.clone(), server.clone(), alice(2, 0)]), [open, "alert", "time"]);
    assert_eq!(
        told(&[server.clone(), alice(2, 0), client.clone()]),
        [open, "alert", "time"],
        "before both ends are known"
    );
    assert_eq!(
        told(&[alice(0, 0), server.clone(), client.clone()]),
        [open, "alert", "time"],
        "with the packet that opens it"
    );
    assert_eq!(told(&[client.clone(), server.clone()]), ["time", silent, "alert"]);
    assert_eq!(
        told(&[client.clone(), server.clone(), closed(2)]),
        [silent, "alert", "close @ Unknown", "time"]
    );
    let refused = [client.clone(), server.clone(), says(2, Said::SslRequest, 0, &[]), alice(2, 8)];
    assert_eq!(told(&refused), ["open alice@shop Refused", "alert", "time"]);
    let request = [client.clone(), server.clone(), says(2, Said::SslRequest, 0, &[])];
    assert_eq!(told(&request), ["time", silent, "alert"]);
}

#[test]
fn what_the_socket_did_not_take_does_not_hold() {
    let [client, server] = around();
    let bob = says(2, Said::StartupMessage, 0, b"\0\0\0\x12\0\x03\0\0user\0bob\0\0");
    assert_eq!(
        told(&[server.clone(), bob.clone(), alice(2, 0), client.clone()]),
        ["open alice@shop None", "alert", "time"]
    );
    let late = told(&[client.clone(), server.clone(), bob.clone(), alice(2, 0)]);
    assert_eq!(late, ["open bob@bob None", "alert", "open alice@shop None", "time"]);
    let out_of_nowhere = told(&[client.clone(), server.clone(), alice(2, 8)]);
    assert_eq!(out_of_nowhere, ["time", "open @ Unknown", "alert"]);
    let other = told(&[client.clone(), server.clone(), alice(7, 0)]);
    assert_eq!(other, ["time", "open @ Unknown", "alert"]);
}

#[test]
fn over_a_unix_socket_nothing_comes_twice() {
    let bob = says(2, Said::StartupMessage, 0, b"\0\0\0\x12\0\x03\0\0user\0bob\0\0");
    let request = says(2, Said::SslRequest, 0, &[]);
    assert_eq!(
        told_after_a_look(&[local(2, 1), alice(2, 0), bob.clone()]),
        ["open alice@shop None", "alert", "time"]
    );
    assert_eq!(
        told_after_a_look(&[local(2, 1), request.clone(), alice(2, 8)]),
        ["open alice@shop Refused", "alert", "time"]
    );
    assert_eq!(told_after_a_look(&[local(2, 1), request.clone()]), ["time", "open @ Unknown", "alert"]);
    // The kernel lost it, or cannot tell what is first.
    assert_eq!(told_after_a_look(&[local(2, 1)]), ["time", "open @ Unknown", "alert"]);
    assert_eq!(told_after_a_look(&[local(2, 0), alice(2, 0)]), ["open @ Unknown", "alert", "time"]);
    // It may be from before the agent.
    assert_eq!(told(&[local(2, 1), alice(2, 0)]), ["open @ Unknown", "alert", "time"]);
}

#[test]
fn of_the_proxy_nothing_is_kept() {
    let [client, server] =
        [opened(Side::Client, 1, CLIENT, SERVER, 7), opened(Side::Server, 2, CLIENT, SERVER, 0)];
    assert_eq!(told(&[client.clone(), server.clone(), alice(2, 0)]), ["open @ Unknown", "time"]);
    assert_eq!(told(&[server.clone(), alice(2, 0), client.clone()]), ["open @ Unknown", "time"]);
}

#[test]
fn what_waits_to_be_told_is_neither_told_before_nor_lost() {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    around().iter().for_each(|event| tracker.on_event(event, 0, &mut Script, &mut out));
    assert_eq!((out.len(), tracker.open(), tracker.told_until(7)), (0, 1, 5));
    assert_eq!(tracker.open_records().count(), 0, "an agent that is killed must find it again");
    assert!(tracker.named("2").is_ok(), "it can be ended");
    tracker.on_stop(&mut Script, &mut out);
    assert_eq!(out.iter().map(said).collect::<Vec<_>>(), ["open @ Unknown", "alert"]);
    assert_eq!((tracker.open_records().count(), tracker.told_until(7)), (1, 7));

    // A look finds it gone.
    let (mut tracker, mut out) = (self::tracker(), Vec::new());
    around().iter().for_each(|event| tracker.on_event(event, 0, &mut Script, &mut out));
    tracker.begin_look();
    tracker.on_look(&look(100), &mut Script, &mut out);
    assert_eq!(out.iter().map(said).collect::<Vec<_>>(), ["open @ Unknown", "alert", "close @ Unknown"]);

    // Its socket is connected again.
    let (mut tracker, mut out) = (self::tracker(), Vec::new());
    let again = ["127.0.0.1:50313", SERVER];
    let again =
        [opened(Side::Client, 1, again[0], again[1], 4242), opened(Side::Server, 2, again[0], again[1], 0)];
    around().iter().chain(&again).for_each(|event| tracker.on_event(event, 0, &mut Script, &mut out));
    assert_eq!(out.iter().map(line).count(), 2);
}

#[test]
fn early_words_are_bounded() {
    let (mut tracker, mut out) = (tracker(), Vec::new());
    for port in 0..2 * EARLY_MAX {
        let Event::Startup(startup) = alice(0, 0) else { panic!("it is one") };
        let client = Endpoint { port: u16::try_from(port).unwrap(), ..startup.client };
        tracker.on_event(&Event::Startup(Startup { client, ..startup }), 0, &mut Script, &mut out);
    }
    assert_eq!(tracker.early.0.len(), EARLY_MAX);
    tracker.on_time(6 + 1_000_000_000, &mut Script, &mut out);
    assert_eq!((tracker.early.0.len(), out.len()), (0, 0));
}

proptest! {
    /// Whatever is said, a role is told only where a whole message names it.
    #[test]
    fn nothing_that_is_said_breaks_the_tracker(
        said in prop::collection::vec((1..8_u8, 0..40_u8, prop::collection::vec(any::<u8>(), 0..60)), 0..8)
    ) {
        const SAID: [Said; 7] = [
            Said::SslRequest, Said::GssEncRequest, Said::TlsRecord, Said::GssToken, Said::StartupMessage,
            Said::CancelRequest, Said::Other,
        ];
        let (mut tracker, mut out) = (tracker(), Vec::new());
        around().iter().for_each(|event| tracker.on_event(event, 0, &mut Script, &mut out));
        for (which, offset, bytes) in &said {
            let event = says(2, SAID[usize::from(*which) - 1], *offset, bytes);
            tracker.on_event(&event, 0, &mut Script, &mut out);
        }
        tracker.on_time(SILENT, &mut Script, &mut out);
        prop_assert_eq!(out.iter().filter(|record| matches!(record, Record::Alert(_))).count(), 1);
    }

    #[test]
    fn what_a_message_asks_for_is_read_back(user in "[a-z]{1,63}", database in "[a-z]{0,63}", cut in 0..20_usize) {
        let mut message = Vec::new();
        let parameters = [(&b"user"[..], user.as_bytes()), (b"database", database.as_bytes())];
        wire::compose::startup(&mut message, 0x0003_0000, parameters.into_iter());
        let facts = asked_for(&message);
        let expected = if database.is_empty() { &user } else { &database };
        prop_assert_eq!((&facts.database_role, &facts.database), (&user, expected));
        let cut = asked_for(&message[..message.len() - 1 - cut]);
        prop_assert_eq!(cut, StartupFacts::default());
    }
}
