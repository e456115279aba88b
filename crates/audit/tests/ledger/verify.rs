//! An honest ledger is found whole, and whatever somebody does to its rows is named.

use audit::chain::{Checkpoint, Head, Noted, PublicKey, SigningKey, Table};
use audit::ledger::{Ledger, Link, Verified, Verify};
use audit::record::{
    AgentHealthRecord, AlertRecord, ApprovalEvent, ApprovalRecord, ColumnClassRecord, ConnectionRecord,
    GapRecord, ProxyConnectionRecord, Record, SessionRecord, StatementRecord, UnixMicros,
};
use clickhouse::Client;
use uuid::Uuid;

use crate::samples::{T0, alert, connection, finished, gap, health, proxy_connection, session, statement};
use crate::stage::{Engine, WITHIN};

/// Statements in each batch.
const PER_BATCH: u64 = 20;

/// A ledger with one chain of five batches, in which every kind of record is.
struct Stage {
    engine: Engine,
    ledger: Ledger,
    key: SigningKey,
    writer: Uuid,
    sealed: Vec<Checkpoint>,
}

impl Stage {
    async fn new() -> Self {
        let engine = Engine::start();
        let ledger = Ledger::new(&engine.config());
        ledger.migrate(WITHIN).await.unwrap();
        let key = SigningKey::generate().unwrap();
        let mut stage = Stage { engine, ledger, key, writer: Uuid::from_u128(0x77), sealed: Vec::new() };
        let id = Uuid::from_u128(1);
        let begun = statement(id, 1_000);
        let open = session(id);
        let begin = [
            Record::Session(open.clone()),
            Record::Statement(begun.clone()),
            Record::Connection(connection()),
            Record::Alert(alert(Some(connection()))),
            Record::Alert(AlertRecord { alert_id: Uuid::from_u128(100), ..alert(None) }),
            Record::AgentHealth(health()),
            Record::ColumnClass(column()),
        ];
        stage.ship(&[begin.as_slice(), &stage.statements(0)].concat()).await;
        for batch in 1..4 {
            stage.ship(&[stage.statements(batch), vec![Record::AgentHealth(health())]].concat()).await;
        }
        // What has begun ends, and ClickHouse may forget that it had not.
        let end = [
            Record::Statement(finished(&begun)),
            Record::Session(SessionRecord { ended_at: Some(UnixMicros(T0 + 9_000)), ..open }),
        ];
        stage.ship(&end).await;
        stage
    }

    fn statements(&self, batch: u64) -> Vec<Record> {
        let id = Uuid::from_u128(1);
        let numbers = batch * PER_BATCH + 1..=(batch + 1) * PER_BATCH;
        let own = |number: u64| StatementRecord {
            own_text: Some(format!("SELECT {number}").into()),
            own_values: Vec::new(),
            parameters: Vec::new(),
            ..finished(&statement(id, number))
        };
        numbers.map(|number| Record::Statement(own(number))).collect()
    }

    fn head(&self) -> Head {
        self.sealed.last().map_or_else(Head::default, Checkpoint::head)
    }

    async fn ship(&mut self, records: &[Record]) {
        let link = Link { writer: self.writer, before: self.head(), key: &self.key };
        let token = format!("batch {}", self.sealed.len());
        self.sealed.push(self.ledger.insert(records, &link, &token, WITHIN).await.unwrap());
    }

    fn client(&self) -> Client {
        self.engine.client().with_setting("mutations_sync", "2")
    }

    /// Nothing is left in any table.
    async fn forget_all(&self) {
        for table in Table::ALL.map(Table::name).into_iter().chain(["checkpoints"]) {
            self.does(&format!("TRUNCATE TABLE {table}")).await;
        }
    }

    async fn does(&self, sql: &str) {
        self.client().query(&sql.replace('?', "??")).execute().await.unwrap();
    }

    async fn verify(&self, verify: Verify) -> Verified {
        self.ledger.verify(&verify, |_, _| {}).await.unwrap()
    }

    /// With the writer's key.
    fn keyed(&self) -> Verify {
        Verify { keys: vec![self.key.public()], ..Verify::default() }
    }

    /// All that is found: kind, table, place.
    async fn found(&self, verify: Verify) -> Vec<String> {
        let verified = self.verify(verify).await;
        let findings = verified.findings.kept().iter();
        findings
            .map(|found| format!("{} {} {}-{}", found.kind, found.table, found.first, found.last))
            .collect()
    }

    fn noted(&self) -> Vec<Noted> {
        let note = |checkpoint: &Checkpoint| Noted {
            writer: self.writer,
            sequence: checkpoint.head().sequence,
            hash: checkpoint.hash,
            key: checkpoint.key,
        };
        self.sealed.iter().map(note).collect()
    }
}

fn column() -> ColumnClassRecord {
    ColumnClassRecord {
        at: UnixMicros(T0),
        host: "proxy1".to_owned(),
        database: "shop".to_owned(),
        object: "public.users.email".to_owned(),
        class: "email".to_owned(),
        evidence: "name".to_owned(),
        confidence: "high".to_owned(),
        values_seen: 150,
        values_of_class: 147,
    }
}

fn key_of(stage: &Stage) -> PublicKey {
    stage.key.public()
}

#[tokio::test]
async fn an_honest_ledger_is_whole_also_when_it_has_been_merged() {
    let stage = Stage::new().await;
    let total = stage.head().sequence;
    for merged in [false, true] {
        if merged {
            for table in
                ["statements", "sessions", "agent_health", "alerts", "connections", "column_classes", "gaps"]
            {
                stage.does(&format!("OPTIMIZE TABLE {table} FINAL")).await;
            }
        }
        let verified = stage.verify(Verify { noted: stage.noted(), ..stage.keyed() }).await;
        assert_eq!(verified.findings.kept(), []);
        let [chain] = verified.chains.as_slice() else { panic!("{:?}", verified.chains) };
        assert_eq!((chain.first, chain.last, chain.noted, chain.checkpoints), (1, total, total, 5));
        assert_eq!((chain.key, chain.elsewhere, chain.unproven), (Some(key_of(&stage)), 0, 0));
        // Of two rows with the same key one is left: two had begun, and the agent gave the same account four times.
        assert_eq!((chain.completed, chain.whole), if merged { (5, total - 5) } else { (0, total) });
    }
}

#[tokio::test]
async fn what_somebody_does_to_a_row_is_named() {
    let cases: [(&str, &[&str]); 14] = [
        (
            "ALTER TABLE statements UPDATE text = 'SELECT 0' WHERE text = 'SELECT 41'",
            &["changed statements 49-49"],
        ),
        (
            "ALTER TABLE statements UPDATE principal = 'bob' WHERE sequence = 41",
            &["changed statements 49-49"],
        ),
        ("ALTER TABLE statements UPDATE objects = [] WHERE sequence = 41", &["changed statements 49-49"]),
        ("ALTER TABLE statements UPDATE rows = 0 WHERE sequence = 41", &["changed statements 49-49"]),
        ("ALTER TABLE sessions UPDATE host = 'x' WHERE version = 1", &["changed sessions 92-92"]),
        ("ALTER TABLE alerts UPDATE message = '' WHERE kind = 'bypass'", &["changed alerts 4-4"]),
        ("ALTER TABLE connections UPDATE class = 'proxied' WHERE 1", &["changed connections 3-3"]),
        (
            "ALTER TABLE agent_health UPDATE events_lost = 0 WHERE writer_sequence = 6",
            &["changed agent_health 6-6"],
        ),
        ("ALTER TABLE column_classes UPDATE class = '' WHERE 1", &["changed column_classes 7-7"]),
        ("ALTER TABLE statements DELETE WHERE sequence = 41", &["missing statements 49-49"]),
        ("DELETE FROM statements WHERE sequence = 41", &["missing statements 49-49"]),
        // The end of a session, though its begin is there.
        ("ALTER TABLE sessions DELETE WHERE version = 1", &["missing sessions 92-92"]),
        (
            "ALTER TABLE statements UPDATE writer_sequence = 99 - writer_sequence WHERE writer_sequence IN (49, 50)",
            &["reordered statements 49-49", "reordered statements 50-50"],
        ),
        (
            "INSERT INTO statements SELECT * EXCEPT (writer_sequence), writer_sequence FROM statements WHERE sequence = 41",
            &["duplicated statements 49-49"],
        ),
    ];
    for (attack, expected) in cases {
        let stage = Stage::new().await;
        // A merge would take the twin away.
        if attack.starts_with("INSERT") {
            stage.does("SYSTEM STOP MERGES statements").await;
        }
        stage.does(attack).await;
        assert_eq!(stage.found(stage.keyed()).await, expected, "{attack}");
        assert_eq!(stage.found(Verify::default()).await, expected, "{attack}, without a key");
    }
}

/// The rows of a statement, and of its checkpoint.
const FORGED_ROW: &str = "INSERT INTO statements (session_id, sequence, version, started_at, finished_at, principal, \
    database, text, verdict, outcome, writer_id, writer_sequence) VALUES ('00000000-0000-0000-0000-000000000001', 7777, 1, \
    @AT, @AT, 'mallory', 'shop', 'SELECT 1', 'allow', 'completed', '@WRITER', @PLACE)";
const WRITER: &str = "00000000-0000-0000-0000-000000000077";

#[tokio::test]
async fn a_row_that_no_writer_wrote_is_named() {
    let now = "now64(6)";
    let then = "fromUnixTimestamp64Micro(1790000000000041)";
    let long_ago = "toDateTime64('2001-01-01', 6)";
    let cases = [
        // In the place of an honest row: with its moment, and with another, where the walk does not look.
        (WRITER, "49", then, vec!["inserted statements 49-49"]),
        (WRITER, "49", long_ago, vec!["inserted statements 49-49"]),
        // Another table's place.
        (WRITER, "4", then, vec!["inserted statements 4-4"]),
        // Behind the end: the writer may be about to sign it, until it has been there for long.
        (WRITER, "93", then, vec![]),
        // Of no writer, and newer than the first chain.
        ("00000000-0000-0000-0000-000000000000", "0", now, vec!["unchained statements 0-0"]),
        // Of a writer without a checkpoint: the same holds.
        ("00000000-0000-0000-0000-000000000078", "1", then, vec![]),
    ];
    for (writer, place, at, expected) in cases {
        let stage = Stage::new().await;
        let insert = FORGED_ROW.replace("@WRITER", writer).replace("@PLACE", place).replace("@AT", at);
        stage.does(&insert).await;
        assert_eq!(stage.found(stage.keyed()).await, expected, "{insert}");
    }
    let stage = Stage::new().await;
    for (writer, place) in [(WRITER, "93"), ("00000000-0000-0000-0000-000000000078", "5")] {
        let insert = FORGED_ROW.replace("@WRITER", writer).replace("@PLACE", place).replace("@AT", then);
        stage.does(&insert).await;
    }
    let verified = stage.verify(stage.keyed()).await;
    assert_eq!((verified.findings.total(), verified.chains[0].unproven), (0, 1));
    // ClickHouse changes no such column while it makes it itself.
    stage.does("ALTER TABLE statements MODIFY COLUMN written_at REMOVE MATERIALIZED").await;
    stage.does("ALTER TABLE statements UPDATE written_at = now64(6) - 3600 WHERE sequence = 7777").await;
    let found = stage.found(stage.keyed()).await;
    assert_eq!(found, ["inserted statements 93-93", "inserted statements 5-5"]);
}

#[tokio::test]
async fn a_row_that_is_moved_away_is_named() {
    let moves = [
        "started_at = toDateTime64('2001-01-01', 6)",
        "writer_id = toUUID('00000000-0000-0000-0000-000000000078')",
        "writer_sequence = 5000",
        "writer_sequence = 1",
    ];
    for moved in moves {
        let stage = Stage::new().await;
        // Of keys ClickHouse changes nothing, so that an attacker writes the row anew.
        let columns = moved.split_once(" = ").unwrap();
        stage
            .does(&format!(
                "INSERT INTO statements SELECT * REPLACE ({} AS {}) FROM statements WHERE sequence = 41",
                columns.1, columns.0
            ))
            .await;
        stage.does(&format!("ALTER TABLE statements DELETE WHERE sequence = 41 AND NOT ({moved})")).await;
        let found = stage.found(stage.keyed()).await;
        let missing = "missing statements 49-49".to_owned();
        let changed = "changed statements 49-49".to_owned();
        assert!(found.contains(&missing) || found.contains(&changed), "{moved}: {found:?}");
    }
}

#[tokio::test]
async fn what_somebody_does_to_checkpoints_is_named() {
    let cases: [(&str, &[&str]); 7] = [
        (
            "ALTER TABLE checkpoints UPDATE leaves = arrayMap(x -> 1, leaves) WHERE first_sequence = 28",
            &["changed checkpoints 28-48"],
        ),
        (
            "ALTER TABLE checkpoints UPDATE previous_newest_at = previous_newest_at + 1, hash = previous_hash WHERE last_sequence = 48",
            &["changed checkpoints 28-48"],
        ),
        (
            "ALTER TABLE checkpoints UPDATE hash = 'nonsense' WHERE last_sequence = 48",
            &["changed checkpoints 28-48"],
        ),
        (
            "ALTER TABLE checkpoints UPDATE signature = base64Encode(repeat('x', 64)) WHERE last_sequence = 48",
            &["forged checkpoints 28-48"],
        ),
        ("ALTER TABLE checkpoints DELETE WHERE first_sequence = 28", &["missing checkpoints 28-48"]),
        ("ALTER TABLE checkpoints DELETE WHERE first_sequence < 40", &["missing checkpoints 1-48"]),
        (
            "ALTER TABLE checkpoints UPDATE leaves = arrayResize(leaves, 1000000), tables = arrayResize(tables, 1000000, 'alerts') WHERE last_sequence = 48",
            &["changed checkpoints 28-48"],
        ),
    ];
    for (attack, expected) in cases {
        let stage = Stage::new().await;
        stage.does(attack).await;
        assert_eq!(stage.found(stage.keyed()).await, expected, "{attack}");
        assert_eq!(stage.found(Verify::default()).await, expected, "{attack}, without a key");
    }
}

/// Cuts the chain behind the second batch.
async fn cut(stage: &Stage) {
    stage.does("ALTER TABLE checkpoints DELETE WHERE first_sequence > 48").await;
    for table in ["sessions", "statements", "agent_health"] {
        stage.does(&format!("ALTER TABLE {table} DELETE WHERE writer_sequence > 48")).await;
    }
}

#[tokio::test]
async fn a_cut_end_is_seen_by_what_the_writer_has_noted_or_when_it_goes_on() {
    let mut stage = Stage::new().await;
    cut(&stage).await;
    // Nothing in the ledger tells of what was behind.
    assert_eq!(stage.found(stage.keyed()).await, [""; 0]);
    let noted = Verify { noted: stage.noted(), ..stage.keyed() };
    assert_eq!(stage.found(noted).await, ["cut checkpoints 49-92"]);
    let last_alone = Verify { noted: stage.noted().split_off(4), ..stage.keyed() };
    assert_eq!(stage.found(last_alone).await, ["cut checkpoints 49-92"]);
    stage.ship(&stage.statements(9)).await;
    assert_eq!(stage.found(stage.keyed()).await, ["missing checkpoints 49-92"]);

    stage.forget_all().await;
    assert_eq!(stage.found(stage.keyed()).await, [""; 0]);
    let noted = Verify { noted: stage.noted(), ..stage.keyed() };
    assert_eq!(stage.found(noted).await, ["cut checkpoints 1-112"]);
    let by_name = Verify { writer: Some(stage.writer), ..stage.keyed() };
    assert_eq!(stage.found(by_name).await, ["missing checkpoints 0-0"]);
}

/// All from the third batch on is written anew, as Picket itself would, with another text.
async fn rewrite(stage: &mut Stage, key: &SigningKey) {
    cut(stage).await;
    let mut before = stage.sealed[1].head();
    for batch in 2..4 {
        let mut records = stage.statements(batch);
        if let Record::Statement(statement) = &mut records[0] {
            statement.own_text = Some("SELECT 'nothing to see'".into());
        }
        let link = Link { writer: stage.writer, before, key };
        let token = format!("forged {batch}");
        before = stage.ledger.insert(&records, &link, &token, WITHIN).await.unwrap().head();
    }
}

#[tokio::test]
async fn a_chain_that_is_written_anew_lacks_the_key() {
    let mut stage = Stage::new().await;
    let mallory = SigningKey::generate().unwrap();
    rewrite(&mut stage, &mallory).await;
    let forged = ["forged checkpoints 49-68", "forged checkpoints 69-88"];
    assert_eq!(stage.found(stage.keyed()).await, forged);
    assert_eq!(stage.found(Verify::default()).await, forged, "the key changes in the midst of the chain");
}

#[tokio::test]
async fn a_whole_chain_of_another_key_is_seen_by_whoever_has_the_key_or_the_notes() {
    let stage = Stage::new().await;
    let mallory = SigningKey::generate().unwrap();
    stage.forget_all().await;
    let link = Link { writer: stage.writer, before: Head::default(), key: &mallory };
    stage.ledger.insert(&stage.statements(0), &link, "forged", WITHIN).await.unwrap();
    assert_eq!(stage.found(stage.keyed()).await, ["forged checkpoints 1-20"]);
    // The ledger alone says nothing against it; the report names the key.
    let verified = stage.verify(Verify::default()).await;
    assert_eq!((verified.findings.total(), verified.chains[0].key), (0, Some(mallory.public())));
    let noted = Verify { noted: stage.noted(), ..Verify::default() };
    assert_eq!(stage.found(noted).await, ["cut checkpoints 21-92"]);
}

/// Even the writer's own key does not help whoever has not its notes.
#[tokio::test]
async fn a_chain_that_is_written_anew_with_the_stolen_key_is_not_the_one_that_was_noted() {
    let mut stage = Stage::new().await;
    let path = tempfile::TempDir::new().unwrap();
    drop(path);
    let key = std::mem::replace(&mut stage.key, SigningKey::generate().unwrap());
    rewrite(&mut stage, &key).await;
    let keyed = Verify { keys: vec![key.public()], ..Verify::default() };
    assert_eq!(stage.found(keyed.clone()).await, [""; 0], "who has the key writes what they like");
    let noted = stage.noted();
    assert_eq!(
        stage.found(Verify { noted, ..keyed }).await,
        ["rewritten checkpoints 69-69", "cut checkpoints 89-92"]
    );
}

#[tokio::test]
async fn a_chain_that_goes_on_in_two_ways_is_named() {
    let stage = Stage::new().await;
    let link = Link { writer: stage.writer, before: stage.sealed[2].head(), key: &stage.key };
    stage.ledger.insert(&stage.statements(9), &link, "copy", WITHIN).await.unwrap();
    let found = stage.found(stage.keyed()).await;
    assert!(found.iter().any(|found| found.starts_with("forked checkpoints 70-")), "{found:?}");
}

#[tokio::test]
async fn what_a_retention_took_away_is_not_missed_since_then() {
    let stage = Stage::new().await;
    // Statements 1 to 41 began before; a session, a connection and more began at the same time.
    let since = UnixMicros(T0 + 42);
    for table in ["statements", "sessions"] {
        stage
            .does(&format!(
                "ALTER TABLE {table} DELETE WHERE started_at < fromUnixTimestamp64Micro({}, 'UTC')",
                since.0
            ))
            .await;
    }
    for table in ["connections", "alerts", "agent_health", "gaps", "column_classes"] {
        stage.does(&format!("TRUNCATE TABLE {table}")).await;
    }
    let verified = stage.verify(stage.keyed()).await;
    assert_eq!(verified.findings.counts().keys().map(|kind| kind.name()).collect::<Vec<_>>(), ["missing"]);
    let kept = Verify { since: Some(since), ..stage.keyed() };
    assert_eq!(stage.found(kept.clone()).await, [""; 0]);
    // Its checkpoints go too: the first is needed, since a statement in it began later.
    stage.does("ALTER TABLE checkpoints DELETE WHERE last_sequence = 48").await;
    assert_eq!(stage.found(kept).await, ["missing checkpoints 28-48"]);
}

#[tokio::test]
async fn rows_of_before_there_were_chains_are_told_apart() {
    let stage = Stage::new().await;
    let old = FORGED_ROW.replace("@WRITER", "00000000-0000-0000-0000-000000000000").replace("@PLACE", "0");
    stage.does(&old.replace("@AT", "toDateTime64('2001-01-01', 6)")).await;
    let verified = stage.verify(stage.keyed()).await;
    assert_eq!(verified.findings.kept(), []);
    assert_eq!(verified.unchained, [(Table::Statements, 1)]);
    let since = Verify { since: Some(UnixMicros(T0)), ..stage.keyed() };
    assert_eq!(stage.verify(since).await.unchained, []);
}

/// The record of a number and an identity.
type Sample = fn(u64, Uuid) -> Record;

/// Whatever column a record fills that ClickHouse lets anybody change, changing it is found; a new column that its hash
/// leaves out fails here. Each column is changed in another row.
#[tokio::test]
async fn every_column_of_a_record_is_under_the_chain() {
    const COLUMNS: &str = "SELECT name, type FROM system.columns WHERE database = 'picket' AND table = {table:String} \
        AND default_kind != 'MATERIALIZED' AND NOT is_in_sorting_key AND NOT is_in_partition_key \
        AND name NOT IN ('version', 'writer_id', 'writer_sequence') ORDER BY position";
    const ROWS: u64 = 40;
    let mut stage = Stage::new().await;
    let id = |number: u64| Uuid::from_u128(u128::from(1_000 + number));
    let samples: [(&str, Sample); 9] = [
        ("sessions", |_, id| Record::Session(session(id))),
        ("statements", |number, id| Record::Statement(statement(id, number))),
        ("connections", |number, _| Record::Connection(ConnectionRecord { cookie: number, ..connection() })),
        ("alerts", |_, alert_id| Record::Alert(AlertRecord { alert_id, ..alert(Some(connection())) })),
        ("agent_health", |number, _| {
            Record::AgentHealth(AgentHealthRecord {
                at: UnixMicros(T0 + 1 + i64::try_from(number).unwrap()),
                ..health()
            })
        }),
        ("approvals", |number, request_id| {
            Record::Approval(ApprovalRecord {
                at: UnixMicros(T0),
                host: "proxy1".to_owned(),
                request_id,
                event: ApprovalEvent::Approved,
                session_id: Uuid::from_u128(1),
                sequence: number,
                principal: "alice".to_owned(),
                database: "shop".to_owned(),
                text: "DROP TABLE users".to_owned(),
                rules: vec!["hold".to_owned()],
                groups: vec!["dba".to_owned()],
                by: "bob".to_owned(),
                reason: "it is empty".to_owned(),
                request_reason: "ticket 4711".to_owned(),
            })
        }),
        ("gaps", |number, _| {
            Record::Gap(GapRecord { began_at: UnixMicros(T0 + i64::try_from(number).unwrap()), ..gap() })
        }),
        ("proxy_connections", |number, _| {
            let started_at = UnixMicros(T0 + i64::try_from(number).unwrap());
            Record::ProxyConnection(ProxyConnectionRecord { started_at, ..proxy_connection() })
        }),
        ("column_classes", |number, _| {
            Record::ColumnClass(ColumnClassRecord { object: number.to_string(), ..column() })
        }),
    ];
    let mut expected = Vec::new();
    for (table, sample) in samples {
        let first = stage.head().sequence + 1;
        let records: Vec<Record> = (0..ROWS).map(|number| sample(number, id(number))).collect();
        stage.ship(&records).await;
        let query = stage.client().query(COLUMNS).param("table", table);
        let columns = query.fetch_all::<(String, String)>().await.unwrap();
        assert!(!columns.is_empty() && columns.len() <= records.len(), "{table}: {}", columns.len());
        let mut changes = Vec::new();
        for ((name, data_type), place) in columns.iter().zip(first..) {
            let other = match data_type.as_str() {
                "UUID" => "toUUID('00000000-0000-0000-0000-0000000000aa')".to_owned(),
                "Array(UInt64)" => format!("arrayPushBack({name}, 1)"),
                text if text.contains("Array") => format!("arrayPushBack({name}, 'x')"),
                text if text.contains("String") => format!("concat({name}, 'x')"),
                "IPv6" => "toIPv6('::abcd')".to_owned(),
                "Nullable(UUID)" => "NULL".to_owned(),
                text if text.contains("DateTime") => "toDateTime64('2001-01-01', 6)".to_owned(),
                text if text.contains("Nullable") => format!("ifNull({name}, 0) + 1"),
                _ => format!("{name} + 1"),
            };
            changes.push(format!("{name} = if(writer_sequence = {place}, {other}, {name})"));
            expected.push(format!("changed {table} {place}-{place}"));
        }
        stage.does(&format!("ALTER TABLE {table} UPDATE {} WHERE 1", changes.join(", "))).await;
    }
    assert_eq!(stage.found(stage.keyed()).await, expected);
}
