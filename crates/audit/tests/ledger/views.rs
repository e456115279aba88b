//! What the views say of the records that went in.

use std::sync::Arc;

use audit::ledger::{ColumnClassRow, Ledger, Object, migrations};
use audit::record::{
    AlertKind, AlertRecord, ColumnClassRecord, ConnectionClass, ConnectionRecord, Ending, Evidence, Opening,
    Record, Statement, StatementRecord, UnixMicros,
};
use uuid::Uuid;

use crate::samples::{T0, alert, connection, finished, gap, health, select, session, statement};
use crate::stage::{Chain, Engine, WITHIN};

pub(crate) async fn ledger_with(engine: &Engine, records: &[Record]) -> Ledger {
    let ledger = Ledger::new(&engine.config());
    ledger.migrate(WITHIN).await.unwrap();
    ledger.insert(records, &Chain::new().begin(), "token", WITHIN).await.unwrap();
    ledger
}

async fn touches(ledger: &Ledger, object: &str) -> Vec<String> {
    let object: Object = object.parse().unwrap();
    let page = ledger.who_touched(&object, UnixMicros(T0), 100, WITHIN).await.unwrap();
    let line = |row: &audit::ledger::WhoTouchedRow| {
        let masked = if row.masked == 1 { " masked" } else { "" };
        format!("{} {} {}{masked}", row.effects.join("+"), row.access, row.verdict)
    };
    page.rows.iter().map(line).collect()
}

/// The same statement with other literals is one line.
#[tokio::test]
async fn same_statements_are_counted_together() {
    let engine = Engine::start();
    let id = Uuid::from_u128(1);
    let other = |sequence, text: &str| StatementRecord {
        own_text: Some(text.into()),
        ..finished(&statement(id, sequence))
    };
    let refused = Statement { verdict: "refuse".to_owned(), ..select() };
    let refused = StatementRecord { statement: Arc::new(refused), ..finished(&statement(id, 4)) };
    let unread = Statement { fingerprint: 0, normalised: String::new(), ..select() };
    let unread = StatementRecord { statement: Arc::new(unread), ..finished(&statement(id, 5)) };
    let records = [
        finished(&statement(id, 1)),
        other(2, "SELECT name, email FROM users WHERE name <> 'a'"),
        other(3, "SELECT name, email FROM users WHERE name <> 'b'"),
        refused,
        unread,
    ];
    let ledger = ledger_with(&engine, &records.map(Record::Statement)).await;
    let query = "SELECT concat(principal, ' ', normalised, ' ', toString((executions, refused, failed, rows, seconds))) \
        FROM same_statements";
    drop(ledger);
    assert_eq!(
        engine.client().query(query).fetch_all::<String>().await.unwrap(),
        ["alice SELECT name, email FROM users WHERE name <> $1 (4,1,0,12,0.004)"]
    );
}

#[tokio::test]
async fn who_touched_knows_relations_columns_and_refusals() {
    let engine = Engine::start();
    let id = Uuid::from_u128(1);
    let running = |sequence, what| StatementRecord { statement: Arc::new(what), ..statement(id, sequence) };
    let update = Statement {
        effects: vec!["update".to_owned()],
        relations_read: vec!["public.orders".to_owned()],
        relations_written: vec!["public.users".to_owned()],
        columns: vec!["public.orders.city".to_owned(), "public.users.city".to_owned()],
        masked_columns: vec![],
        ..select()
    };
    let drop = Statement {
        effects: vec!["drop_table".to_owned()],
        relations_read: vec![],
        relations_written: vec!["public.users".to_owned()],
        columns: vec![],
        masked_columns: vec![],
        verdict: "refuse".to_owned(),
        rules: vec!["no-drop-table".to_owned()],
        ..select()
    };
    let ledger = ledger_with(
        &engine,
        &[
            Record::Session(session(id)),
            Record::Statement(statement(id, 1)),
            Record::Statement(finished(&statement(id, 1))),
            Record::Statement(running(2, update)),
            Record::Statement(running(3, drop)),
        ],
    )
    .await;
    assert_eq!(
        touches(&ledger, "PUBLIC.Users").await,
        ["drop_table write refuse", "update write allow", "select read allow masked"]
    );
    assert_eq!(touches(&ledger, "public.users.email").await, ["select read allow masked"]);
    assert_eq!(touches(&ledger, "public.users.name").await, ["select read allow"]);
    assert_eq!(touches(&ledger, "public.orders").await, ["update read allow"]);
    assert!(touches(&ledger, "public.user").await.is_empty());

    let object: Object = "public.users.email".parse().unwrap();
    let page = ledger.who_touched(&object, UnixMicros(T0), 1, WITHIN).await.unwrap();
    assert!(!page.more);
    let row = &page.rows[0];
    let sent = finished(&statement(id, 1));
    assert_eq!((row.at, row.finished_at, row.session_id), (sent.started_at, sent.finished_at, id));
    assert_eq!((row.client.as_str(), row.application_name.as_str()), ("192.0.2.7:50123", "psql"));
    assert_eq!((row.database.as_str(), row.environment.as_str()), ("shop", "production"));
    assert_eq!((row.text.as_str(), row.outcome.as_str()), (sent.statement.text.as_str(), "completed"));
    assert_eq!((row.rows, row.bytes, row.sequence), (3, 99, 1));
    let users: Object = "public.users".parse().unwrap();
    assert!(ledger.who_touched(&users, UnixMicros(T0), 2, WITHIN).await.unwrap().more);
    let later = ledger.who_touched(&users, UnixMicros(T0 + 100), 2, WITHIN).await.unwrap();
    assert!(later.rows.is_empty(), "nothing is that young");

    // What comes twice changes nothing, and what was there before is taken up.
    let people = |since| {
        let (ledger, users) = (&ledger, &users);
        async move { ledger.people(users, UnixMicros(since), 10, WITHIN).await.unwrap().rows }
    };
    let of_all = people(T0).await;
    assert_eq!(of_all.len(), 1);
    let person = &of_all[0];
    assert_eq!((person.principal.as_str(), person.database.as_str(), person.days), ("alice", "shop", 1));
    let flags = [person.read, person.written, person.masked, person.revealed, person.refused];
    assert_eq!(flags, [1, 1, 1, 1, 1]);
    assert_eq!(person.effects, ["drop_table", "select", "update"]);
    assert_eq!(person.last_at, running(3, select()).started_at);
    assert!(people(T0 + 2 * 86_400_000_000).await.is_empty(), "the day before");
    let again = migrations(None).into_iter().find(|text| text.contains("INSERT INTO access_days")).unwrap();
    engine.client().query_raw(&again).execute().await.unwrap();
    assert_eq!(people(T0).await, of_all);
    engine.client().query("TRUNCATE TABLE access_days").execute().await.unwrap();
    assert!(people(T0).await.is_empty());
    engine.client().query_raw(&again).execute().await.unwrap();
    assert_eq!(people(T0).await, of_all);
    let names: Object = "public.users.name".parse().unwrap();
    let name = ledger.people(&names, UnixMicros(T0), 10, WITHIN).await.unwrap().rows;
    let flags = [name[0].read, name[0].written, name[0].masked, name[0].revealed, name[0].refused];
    assert_eq!(flags, [1, 0, 0, 1, 0]);
}

#[tokio::test]
async fn bypasses_follow_their_connection() {
    let engine = Engine::start();
    let records = [
        Record::Connection(connection()),
        Record::Alert(alert(Some(connection()))),
        Record::AgentHealth(health()),
    ];
    let ledger = ledger_with(&engine, &records).await;
    let page = ledger.bypasses(false, UnixMicros(T0), 10, WITHIN).await.unwrap();
    let row = &page.rows[0];
    assert_eq!((row.state.as_str(), row.closed_at, row.duration_seconds), ("open", None, None));
    assert_eq!((row.process_command.as_str(), row.process_pid, row.uid), ("psql", Some(31_337), Some(0)));
    assert_eq!((row.client.as_str(), row.server.as_str()), ("[::1]:50999", "[::1]:5432"));
    let said = (row.database_role.as_str(), row.database.as_str(), row.application_name.as_str());
    assert_eq!((said, row.encryption.as_str()), (("alice", "shop", "psql"), "refused"));

    let closed = ConnectionRecord {
        closed_at: Some(UnixMicros(T0 + 1_500_000)),
        bytes_to_server: 10,
        bytes_to_client: 20,
        ..connection()
    };
    // A bypass whose connection the ledger has not, and an alert that is none.
    let orphan = ConnectionRecord { cookie: 5, process: None, ..connection() };
    let mut stranger = alert(Some(orphan));
    stranger.alert_id = Uuid::from_u128(100);
    let records = [Record::Connection(closed), Record::Alert(stranger), Record::Alert(alert(None))];
    ledger.insert(&records, &Chain::new().begin(), "another token", WITHIN).await.unwrap();
    let page = ledger.bypasses(false, UnixMicros(T0), 10, WITHIN).await.unwrap();
    let states: Vec<_> = page.rows.iter().map(|row| (row.state.as_str(), row.duration_seconds)).collect();
    assert!(states.contains(&("unknown", None)), "{states:?}");
    assert!(!states.contains(&("open", None)), "{states:?}");
    assert_eq!(engine.number("SELECT sum(events_lost) FROM agent_health").await, 3);
}

#[tokio::test]
async fn what_a_rule_allows_is_told_with_its_name_and_is_no_bypass() {
    let engine = Engine::start();
    let allowed = ConnectionRecord {
        class: ConnectionClass::Allowed,
        evidence: Evidence::Kernel,
        rule: "backup".to_owned(),
        ..connection()
    };
    let closed = ConnectionRecord {
        closed_at: Some(UnixMicros(T0 + 1_500_000)),
        bytes_to_server: 10,
        ..allowed.clone()
    };
    let ledger = ledger_with(&engine, &[Record::Connection(allowed), Record::Connection(closed)]).await;
    assert!(ledger.bypasses(false, UnixMicros(T0), 10, WITHIN).await.unwrap().rows.is_empty());
    let page = ledger.bypasses(true, UnixMicros(T0), 10, WITHIN).await.unwrap();
    let row = &page.rows[0];
    assert_eq!((page.rows.len(), row.rule.as_str(), row.at), (1, "backup", UnixMicros(T0)));
    assert_eq!(
        (row.state.as_str(), row.duration_seconds, row.bytes_to_server),
        ("closed", Some(1.5), Some(10))
    );
    assert_eq!((row.client.as_str(), row.process_command.as_str()), ("[::1]:50999", "psql"));
    assert_eq!((row.database_role.as_str(), row.encryption.as_str()), ("alice", "refused"));
    assert!(row.alert_id.is_nil());
}

#[tokio::test]
async fn what_was_refused_is_told_and_is_no_bypass() {
    let engine = Engine::start();
    let refused = ConnectionRecord {
        client: "[::]:0".parse().unwrap(),
        server: "10.0.0.1:5432".parse().unwrap(),
        closed_at: Some(UnixMicros(T0)),
        ..connection()
    };
    let told = |number, kind| AlertRecord {
        alert_id: Uuid::from_u128(number),
        raised_at: UnixMicros(T0 + i64::try_from(number).unwrap()),
        kind,
        ..alert(Some(refused.clone()))
    };
    let records = [told(1, AlertKind::Denied), told(2, AlertKind::WouldDeny)].map(Record::Alert);
    let ledger = ledger_with(&engine, &records).await;
    assert!(ledger.bypasses(false, UnixMicros(T0), 10, WITHIN).await.unwrap().rows.is_empty());
    let page = ledger.refused_connections(UnixMicros(T0), 10, WITHIN).await.unwrap();
    let states: Vec<_> = page.rows.iter().map(|row| (row.state.as_str(), row.client.as_str())).collect();
    assert_eq!(states, [("would_be_refused", ""), ("refused", "")]);
    let row = &page.rows[1];
    assert_eq!((row.server.as_str(), row.process_command.as_str()), ("10.0.0.1:5432", "psql"));
    assert_eq!((row.opened_at, row.closed_at, row.duration_seconds), (None, None, None));
    assert!(ledger.refused_connections(UnixMicros(T0 + 3), 10, WITHIN).await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn what_was_found_and_when_nothing_was_seen_is_told() {
    let engine = Engine::start();
    let found = ConnectionRecord {
        opening: Opening::Found,
        ending: Ending::Away,
        class: ConnectionClass::Unknown,
        evidence: Evidence::Holder,
        ..connection()
    };
    let ended = ConnectionRecord { closed_at: Some(UnixMicros(T0 + 9)), ..found.clone() };
    let ledger = ledger_with(&engine, &[Record::Connection(found), Record::Gap(gap())]).await;
    let open = "SELECT count() FROM connections FINAL WHERE opening = 'found' AND ending = '' AND class = 'unknown' \
        AND evidence = 'holder'";
    assert_eq!(engine.number(open).await, 1);
    ledger
        .insert(
            &[Record::Connection(ended), Record::Gap(gap())],
            &Chain::new().begin(),
            "another token",
            WITHIN,
        )
        .await
        .unwrap();
    let gone = "SELECT count() FROM connections FINAL WHERE opening = 'found' AND ending = 'away'";
    assert_eq!(engine.number(gone).await, 1);
    let blind = "SELECT toUInt64(sum(dateDiff('second', began_at, ended_at) * connections_continued)) FROM gaps FINAL";
    assert_eq!(engine.number(blind).await, 6, "2 s, in which 3 went on");
}

#[tokio::test]
async fn the_newest_word_about_a_column_counts() {
    let column = |at, object: &str, class: &str, evidence: &str| {
        Record::ColumnClass(ColumnClassRecord {
            at: UnixMicros(T0 + at),
            host: "proxy1".to_owned(),
            database: "shop".to_owned(),
            object: object.to_owned(),
            class: class.to_owned(),
            evidence: evidence.to_owned(),
            confidence: "medium".to_owned(),
            values_seen: 20,
            values_of_class: 15,
        })
    };
    let engine = Engine::start();
    let records = [
        column(1, "public.users.email", "email", "name"),
        column(2, "public.things.c1", "email", "values"),
        column(3, "public.things.c2", "phone", "values"),
        column(4, "public.things.c2", "", "values"),
    ];
    let ledger = ledger_with(&engine, &records).await;
    let line = |row: &ColumnClassRow| {
        let ColumnClassRow { object, class, evidence, confidence, values_seen, values_of_class, .. } = row;
        format!("{object} {class} {evidence} {confidence} {values_of_class}/{values_seen}")
    };
    let now = ledger.classified_columns("", 100, WITHIN).await.unwrap();
    let lines: Vec<_> = now.rows.iter().map(line).collect();
    assert_eq!(
        lines,
        ["public.things.c1 email values medium 15/20", "public.users.email email name medium 15/20"]
    );
    assert_eq!(ledger.classified_columns("other", 100, WITHIN).await.unwrap().rows, []);
    let history = ledger.column_history(&"public.things".parse().unwrap(), 2, WITHIN).await.unwrap();
    let lines: Vec<_> = history.rows.iter().map(line).collect();
    assert_eq!(
        lines,
        ["public.things.c2  values medium 15/20", "public.things.c2 phone values medium 15/20"]
    );
    assert!(history.more);
}
