//! What the views say of connections that came from a proxy's address: whose they are, or that nobody says so.

use audit::ledger::Ledger;
use audit::record::*;
use uuid::Uuid;

use crate::samples::{T0, connection, proxy_connection, session};
use crate::stage::{Engine, WITHIN};
use crate::views::ledger_with;

/// The proxy has this address, and its first record is of this moment.
const PROXY: &str = "10.0.0.1";
const SERVER: &str = "10.0.0.2:5432";

fn at(second: i64) -> UnixMicros {
    UnixMicros(T0 + second * 1_000_000)
}

/// A connection from the proxy's address that lasted from one second to another.
fn arrival(cookie: u64, port: u16, (from, to): (i64, i64)) -> ConnectionRecord {
    ConnectionRecord {
        cookie,
        client_cookie: 0,
        client: format!("{PROXY}:{port}").parse().unwrap(),
        server: SERVER.parse().unwrap(),
        opened_at: at(from),
        closed_at: Some(at(to)),
        class: ConnectionClass::Proxied,
        evidence: Evidence::Address,
        process: None,
        startup: StartupFacts::default(),
        bytes_to_server: 10,
        ..connection()
    }
}

/// What the agent on the proxy's host says of a connection.
fn departure(cookie: u64, port: u16, seconds: (i64, i64), class: ConnectionClass, rule: &str) -> Record {
    let rule = rule.to_owned();
    let host = "proxy1".to_owned();
    Record::Connection(ConnectionRecord {
        client_cookie: cookie,
        host,
        class,
        rule,
        evidence: Evidence::Kernel,
        ..arrival(cookie, port, seconds)
    })
}

fn own(port: u16, second: i64) -> Record {
    let upstream_local = format!("{PROXY}:{port}").parse().unwrap();
    let upstream = SERVER.parse().unwrap();
    Record::ProxyConnection(ProxyConnectionRecord {
        started_at: at(second),
        upstream_local,
        upstream,
        ..proxy_connection()
    })
}

fn through(id: u128, port: u16, (from, to): (i64, Option<i64>)) -> Record {
    Record::Session(SessionRecord {
        started_at: at(from),
        ended_at: to.map(at),
        upstream_local: format!("{PROXY}:{port}").parse().unwrap(),
        upstream: SERVER.parse().unwrap(),
        ..session(Uuid::from_u128(id))
    })
}

fn found(connection: ConnectionRecord) -> ConnectionRecord {
    ConnectionRecord { opening: Opening::Found, ..connection }
}

/// Cookies of those that nobody claims.
async fn unclaimed(engine: &Engine, records: &[Record]) -> Vec<u64> {
    ledger_with(engine, records).await;
    engine
        .client()
        .query("SELECT cookie FROM unclaimed_connections ORDER BY cookie")
        .fetch_all::<u64>()
        .await
        .unwrap()
}

#[tokio::test]
async fn what_no_proxy_says_is_its_own_is_told() {
    let engine = Engine::start();
    let seen = |it| Record::Connection(it);
    let records = [
        own(1000, 0),
        // A session begins when its log-in is done; clocks differ.
        seen(arrival(1, 1111, (100, 200))),
        through(1, 1111, (103, Some(201))),
        seen(arrival(2, 2222, (100, 101))),
        own(2222, 96),
        // Nobody's; and the same ports as another's, before and after it.
        seen(arrival(3, 3333, (100, 200))),
        seen(arrival(4, 1111, (300, 400))),
        seen(arrival(5, 2222, (80, 90))),
        // Of a session that had an open end: its proxy was killed.
        seen(arrival(6, 6666, (100, 110))),
        through(6, 6666, (101, None)),
        seen(arrival(7, 6666, (500, 510))),
        // It ends as the proxy takes its port: that one is another.
        seen(arrival(15, 7070, (100, 1_000))),
        through(15, 7070, (1_002, Some(1_003))),
        // Another proxy, which has recorded nothing of its own; and before the first had.
        seen(ConnectionRecord { client: "10.0.0.9:1".parse().unwrap(), ..arrival(8, 1, (100, 200)) }),
        seen(arrival(9, 9999, (-100, -90))),
        // Not by the address alone.
        seen(ConnectionRecord { evidence: Evidence::Kernel, ..arrival(10, 1010, (100, 200)) }),
        // Found while its session went on, behind its end, and one that an own connection cannot be any more.
        seen(found(arrival(11, 1212, (50_000, 60_000)))),
        through(11, 1212, (100, Some(60_000))),
        seen(found(arrival(12, 1313, (50_000, 60_000)))),
        through(12, 1313, (100, Some(40_000))),
        seen(found(arrival(13, 1414, (50_000, 60_000)))),
        own(1414, 40_000),
        seen(found(arrival(14, 1515, (50_000, 60_000)))),
        own(1515, 49_000),
    ];
    assert_eq!(unclaimed(&engine, &records).await, [3, 4, 5, 7, 12, 13, 15]);
}

#[tokio::test]
async fn midnight_is_no_hole() {
    const MIDNIGHT: i64 = 86_400 - T0 / 1_000_000 % 86_400;
    let engine = Engine::start();
    let records = [
        own(1000, 0),
        Record::Connection(arrival(1, 1111, (MIDNIGHT - 20, MIDNIGHT + 60))),
        through(1, 1111, (MIDNIGHT + 10, Some(MIDNIGHT + 60))),
        // The database's clock is ahead.
        Record::Connection(arrival(2, 2222, (MIDNIGHT + 1, MIDNIGHT + 2))),
        own(2222, MIDNIGHT - 2),
        Record::Connection(arrival(3, 3333, (MIDNIGHT - 20, MIDNIGHT + 60))),
    ];
    assert_eq!(unclaimed(&engine, &records).await, [3]);
}

#[tokio::test]
async fn what_arrived_a_moment_ago_may_still_be_claimed() {
    let engine = Engine::start();
    let now = || UnixMicros(i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_micros()).unwrap());
    let minutes_ago = |minutes: i64| UnixMicros(now().0 - minutes * 60_000_000);
    let open = |cookie, opened_at| {
        Record::Connection(ConnectionRecord { opened_at, closed_at: None, ..arrival(cookie, 1, (0, 0)) })
    };
    let records = [own(1000, 0), open(1, now()), open(2, minutes_ago(2))];
    assert_eq!(unclaimed(&engine, &records).await, [2]);
}

async fn bypasses(ledger: &Ledger, allowed: bool) -> Vec<(String, String)> {
    let page = ledger.bypasses(allowed, UnixMicros(T0), 100, WITHIN).await.unwrap();
    page.rows.into_iter().map(|row| (row.client, row.message)).collect()
}

#[tokio::test]
async fn nobodys_connections_are_bypasses_and_no_coverage() {
    let engine = Engine::start();
    let by_rule = ConnectionRecord { rule: "backup".to_owned(), ..arrival(4, 4444, (100, 200)) };
    let records = [
        own(1000, 0),
        Record::Connection(arrival(1, 1111, (100, 200))),
        through(1, 1111, (101, Some(200))),
        Record::Connection(arrival(3, 3333, (100, 200))),
        Record::Connection(by_rule),
        // An agent on the proxy's host has told these, with the process.
        Record::Connection(arrival(5, 5555, (100, 200))),
        departure(6, 5555, (100, 200), ConnectionClass::Bypass, ""),
        Record::Connection(arrival(7, 7777, (100, 200))),
        departure(8, 7777, (100, 200), ConnectionClass::Allowed, "standby"),
    ];
    let ledger = ledger_with(&engine, &records).await;
    let nobodys =
        "connected to 10.0.0.2:5432 from the address of a proxy, and no proxy says that it is its own";
    let told = bypasses(&ledger, false).await;
    assert_eq!(told, [("10.0.0.1:3333".to_owned(), format!("10.0.0.1:3333 {nobodys}"))]);
    let mut told = bypasses(&ledger, true).await;
    told.sort();
    let backup = format!("10.0.0.1:4444 {nobodys}; rule backup allows it");
    let standby = "rule standby allows it".to_owned();
    assert_eq!(told, [("10.0.0.1:4444".to_owned(), backup), ("10.0.0.1:7777".to_owned(), standby)]);
    let page = ledger.coverage(UnixMicros(T0), 10, WITHIN).await.unwrap();
    let [row] = page.rows.as_slice() else { panic!("{:?}", page.rows) };
    assert_eq!((row.connections, row.proxied, row.bypassed, row.allowed, row.unknown), (5, 1, 2, 2, 0));
    assert_eq!((row.bytes, row.bytes_proxied, row.share), (50, 10, 0.2));
    assert_eq!(row.allowed_by, ["backup", "standby"]);
}

/// An agent beside a proxy sees what goes to databases that nobody watches.
#[tokio::test]
async fn who_leaves_a_host_is_no_witness_of_the_database() {
    let engine = Engine::start();
    let records =
        [departure(6, 5555, (0, 10), ConnectionClass::Bypass, ""), through(1, 1111, (101, Some(200)))];
    let ledger = ledger_with(&engine, &records).await;
    assert_eq!(ledger.witness_gaps(UnixMicros(T0), 10, WITHIN).await.unwrap().rows, []);
    assert_eq!(ledger.coverage(UnixMicros(T0), 10, WITHIN).await.unwrap().rows, []);
}
