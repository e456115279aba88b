//! What the views say of what was masked, what was new, how much came through the proxy, and when nobody looked.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use audit::record::*;
use uuid::Uuid;

use crate::samples::{T0, connection, finished, gap, health, select, session, statement};
use crate::stage::{Engine, WITHIN};
use crate::views::ledger_with;

async fn lines(engine: &Engine, query: &str) -> Vec<String> {
    engine.client().query(query).fetch_all::<String>().await.unwrap()
}

#[tokio::test]
async fn masked_access_has_a_row_for_each_masked_column() {
    let engine = Engine::start();
    let id = Uuid::from_u128(1);
    // Which columns are masked is known when the result is described.
    let begun = Statement { masked_columns: vec![], ..select() };
    let masked = Statement {
        masked_columns: vec!["public.users.email".to_owned(), "public.users.name".to_owned()],
        ..select()
    };
    let begun = StatementRecord { statement: Arc::new(begun), ..statement(id, 1) };
    let ended = StatementRecord { statement: Arc::new(masked), ..finished(&begun) };
    let plain = StatementRecord { sequence: 2, ..begun.clone() };
    let records = [
        Record::Session(session(id)),
        Record::Statement(begun),
        Record::Statement(ended),
        Record::Statement(plain),
    ];
    ledger_with(&engine, &records).await;
    let query = "SELECT concat(principal, ' ', client, ' ', object, ' ', toString(rows)) FROM masked_access ORDER BY object";
    let expected =
        ["alice 192.0.2.7:50123 public.users.email 3", "alice 192.0.2.7:50123 public.users.name 3"];
    assert_eq!(lines(&engine, query).await, expected);
}

#[tokio::test]
async fn new_access_is_the_first_that_ran() {
    let engine = Engine::start();
    let id = Uuid::from_u128(1);
    let with = |sequence, what: Statement, outcome, principal: &str| {
        Record::Statement(StatementRecord {
            statement: Arc::new(what),
            principal: principal.into(),
            outcome,
            finished_at: Some(UnixMicros(T0 + 9_000)),
            ..statement(id, sequence)
        })
    };
    let refused = || Statement { verdict: "refuse".to_owned(), ..select() };
    let records = [
        with(1, refused(), Outcome::Failed, "alice"),
        with(2, select(), Outcome::Skipped, "alice"),
        with(3, select(), Outcome::Completed, "alice"),
        with(4, select(), Outcome::Completed, "alice"),
        with(5, select(), Outcome::Failed, "bob"),
        with(6, refused(), Outcome::Failed, "mallory"),
    ];
    ledger_with(&engine, &records).await;
    let query = "SELECT concat(principal, ' ', toString(sequence), ' ', toString(executions)) FROM new_access \
        WHERE object = 'public.users.email' ORDER BY principal";
    assert_eq!(lines(&engine, query).await, ["alice 3 2", "bob 5 1"]);
}

/// A connection from `client` to 10.0.0.2:5432 that lasted from one second to another.
fn arrival(
    cookie: u64,
    client: &str,
    (from, to): (i64, i64),
    class: ConnectionClass,
    bytes: u64,
) -> ConnectionRecord {
    ConnectionRecord {
        cookie,
        client: client.parse().unwrap(),
        server: "10.0.0.2:5432".parse().unwrap(),
        opened_at: UnixMicros(T0 + from * 1_000_000),
        closed_at: Some(UnixMicros(T0 + to * 1_000_000)),
        class,
        bytes_to_server: bytes,
        ..connection()
    }
}

#[tokio::test]
async fn coverage_counts_what_arrived() {
    let engine = Engine::start();
    let records = [
        arrival(1, "10.0.0.1:1111", (0, 9), ConnectionClass::Proxied, 30),
        arrival(2, "10.0.0.9:1111", (0, 9), ConnectionClass::Bypass, 10),
        // Counted where it arrives.
        arrival(3, "10.0.0.1:1111", (0, 9), ConnectionClass::Outgoing, 70),
        ConnectionRecord {
            rule: "backup".to_owned(),
            ..arrival(5, "10.0.0.8:1111", (0, 9), ConnectionClass::Allowed, 0)
        },
        arrival(4, "10.0.0.1:2222", (86_400, 86_401), ConnectionClass::Proxied, 0),
    ];
    // Twice, as it is when the first version came already.
    let records: Vec<_> = records.iter().chain(&records).cloned().map(Record::Connection).collect();
    let ledger = ledger_with(&engine, &records).await;
    let page = ledger.coverage(UnixMicros(T0), 10, WITHIN).await.unwrap();
    let told = |row: &audit::ledger::CoverageRow| {
        let counts = (
            row.connections,
            row.proxied,
            row.bypassed,
            row.allowed,
            row.unknown,
            row.bytes,
            row.bytes_proxied,
        );
        (row.server.clone(), counts, row.allowed_by.clone(), row.share, row.bytes_share)
    };
    let server = || "10.0.0.2:5432".to_owned();
    let backup = vec!["backup".to_owned()];
    let expected = [
        (server(), (1, 1, 0, 0, 0, 0, 0), Vec::new(), 1.0, None),
        (server(), (3, 1, 1, 1, 0, 40, 30), backup, 1.0 / 3.0, Some(0.75)),
    ];
    assert_eq!(page.rows.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(ledger.coverage(UnixMicros(T0 + 86_400_000_000), 10, WITHIN).await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn a_hole_in_the_account_is_told_with_its_times() {
    let engine = Engine::start();
    let through = |id, from: i64, upstream_local: &str, upstream: &str| {
        Record::Session(SessionRecord {
            started_at: UnixMicros(T0 + from * 1_000_000),
            ended_at: Some(UnixMicros(T0 + (from + 100) * 1_000_000)),
            upstream_local: upstream_local.parse().unwrap(),
            upstream: upstream.parse().unwrap(),
            ..session(Uuid::from_u128(id))
        })
    };
    let account = |at: i64, state: &str, events_lost| {
        // From the sixth on it can.
        let degraded = if at < 6 { health().degraded } else { Vec::new() };
        let at = UnixMicros(T0 + at * 1_000_000);
        let (processes_lost, ends_unseen) = (2 * events_lost, 0);
        let state = state.to_owned();
        Record::AgentHealth(AgentHealthRecord {
            at,
            state,
            events_lost,
            processes_lost,
            ends_unseen,
            acts: String::new(),
            denied: 0,
            degraded,
            ..health()
        })
    };
    let elsewhere = ConnectionRecord {
        host: "db2".to_owned(),
        client: "127.0.0.1:1111".parse().unwrap(),
        server: "127.0.0.1:5432".parse().unwrap(),
        ..arrival(2, "10.0.0.1:1111", (0, 9_000), ConnectionClass::Bypass, 0)
    };
    let records = [
        Record::Connection(arrival(1, "10.0.0.1:1111", (1_000, 1_100), ConnectionClass::Proxied, 0)),
        Record::Connection(elsewhere),
        // Seen.
        through(1, 1_000, "10.0.0.1:1111", "10.0.0.2:5432"),
        // The same ports at another time, another port, and the loopback of another host.
        through(2, 2_000, "10.0.0.1:1111", "10.0.0.2:5432"),
        through(3, 1_001, "10.0.0.1:2222", "10.0.0.2:5432"),
        through(4, 1_002, "127.0.0.1:1111", "127.0.0.1:5432"),
        // Before anybody watched, and a database that nobody watches.
        through(5, 10, "10.0.0.1:2222", "10.0.0.2:5432"),
        through(6, 1_000, "10.0.0.1:2222", "10.0.0.3:5432"),
        account(1, "started", 0),
        account(2, "watching", 0),
        account(3, "events_lost", 4),
        account(4, "watching", 4),
        account(5, "started", 0),
        account(6, "watching", 1),
        Record::Gap(gap()),
    ];
    let ledger = ledger_with(&engine, &records).await;
    let page = ledger.witness_gaps(UnixMicros(T0 - 1_000_000_000), 100, WITHIN).await.unwrap();
    let of = |kind| page.rows.iter().filter(move |row| row.kind == kind);
    let unseen: Vec<_> = of("unseen_session").map(|row| row.session_id.as_u128()).collect();
    assert_eq!(unseen, [2, 4, 3]);
    let second = |at: UnixMicros| (at.0 - T0) / 1_000_000;
    let lost: Vec<_> = of("events_lost")
        .map(|row| (second(row.began_at), row.ended_at.map(second), row.message.as_str()))
        .collect();
    assert_eq!(
        lost,
        [(5, Some(6), "1 events of the kernel were lost"), (2, Some(3), "4 events of the kernel were lost")]
    );
    let untold: Vec<_> =
        of("processes_lost").map(|row| (second(row.began_at), row.message.as_str())).collect();
    assert_eq!(
        untold,
        [
            (5, "2 connections were told without their process"),
            (2, "8 connections were told without their process")
        ]
    );
    let cannot: Vec<_> = of("degraded")
        .map(|row| (second(row.began_at), row.ended_at.map(second), row.message.as_str()))
        .collect();
    let unheard = "role, database, application and encryption of who goes around are not told";
    assert_eq!(cannot, [(1, Some(5), unheard)]);
    let away: Vec<_> = of("away").map(|row| (row.began_at, row.ended_at)).collect();
    assert_eq!(away, [(gap().began_at, Some(gap().ended_at))]);
    assert_eq!(page.rows.len(), 9);
}

/// What an agent cannot do lasts until it can, or stops.
#[tokio::test]
async fn what_an_agent_cannot_do_lasts_as_long_as_its_newest_account_says_so() {
    let engine = Engine::start();
    let account = |host: &str, at: i64, state: &str, degraded: &[&str]| {
        Record::AgentHealth(AgentHealthRecord {
            host: host.to_owned(),
            at: UnixMicros(T0 + at),
            state: state.to_owned(),
            degraded: degraded.iter().map(|name| (*name).to_owned()).collect(),
            ..health()
        })
    };
    let records = [
        account("db1", 1, "started", &["looks", "unix_sockets"]),
        account("db1", 2, "watching", &["looks", "unix_sockets"]),
        account("db1", 3, "watching", &["unix_sockets"]),
        account("db2", 1, "started", &["unix_sockets"]),
        account("db2", 4, "stopped", &["unix_sockets"]),
        // By an agent that is newer than this ledger.
        account("db3", 1, "watching", &["something_else"]),
    ];
    ledger_with(&engine, &records).await;
    let query = "SELECT concat(host, ' ', toString(ended_at IS NULL), ' ', message) FROM witness_gaps \
                 WHERE kind = 'degraded' ORDER BY host, message";
    let unix = "connections over UNIX sockets are known only where a look finds them open";
    let expected = [
        format!("db1 1 {unix}"),
        "db1 0 not all connections from before the agent can be found, or whose they are".to_owned(),
        format!("db2 0 {unix}"),
        "db3 1 something_else".to_owned(),
    ];
    assert_eq!(lines(&engine, query).await, expected);
}

/// Each by its own heartbeat: one that gives an account every ten minutes is not silent after five.
#[tokio::test]
async fn an_agent_is_silent_after_three_of_its_heartbeats() {
    let engine = Engine::start();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let account = |host: &str, heartbeat_secs, seconds_ago: i64, state: &str| {
        Record::AgentHealth(AgentHealthRecord {
            host: host.to_owned(),
            heartbeat_secs,
            at: UnixMicros(i64::try_from(now).unwrap() - seconds_ago * 1_000_000),
            state: state.to_owned(),
            ..health()
        })
    };
    let records = [
        account("rare", 600, 1_700, "watching"),
        account("often", 5, 100, "watching"),
        account("older", 0, 100, "watching"),
        account("stopped", 60, 100_000, "stopped"),
        account("rare and silent", 600, 1_900, "watching"),
        account("often and silent", 5, 200, "watching"),
        account("older and silent", 0, 200, "watching"),
    ];
    ledger_with(&engine, &records).await;
    let query = include_str!("../../../../dashboards/queries/alert_agent_silent.sql");
    assert_eq!(engine.number(query).await, 3);
}
