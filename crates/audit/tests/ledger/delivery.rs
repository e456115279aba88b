//! Every record arrives, and once, whatever happens to the engine in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use audit::config::SpoolConfig;
use audit::ledger::{Ledger, LedgerError};
use audit::record::{Outcome, Record, Statement, StatementRecord};
use audit::spool::Spool;
use audit::writer::Writer;
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::samples::{self, finished, session, statement};
use crate::stage::{Chain, Engine, WITHIN, until};

const STORED: &str = "SELECT count() FROM statements";
const DISTINCT: &str = "SELECT uniqExact(session_id, sequence, version) FROM statements";

/// A writer that runs, with its spool.
struct Running {
    spool: Arc<Spool>,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn start(dir: &TempDir, engine: &Engine) -> Self {
        let spool = Arc::new(Spool::open(&SpoolConfig::new(dir.path())).unwrap());
        let writer = Writer::new(Arc::clone(&spool), engine.config());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let shutdown = async { drop(stopped.await) };
            writer.run(shutdown).await.unwrap();
        });
        Running { spool, stop, task }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(WITHIN, self.task).await.unwrap().unwrap();
    }
}

fn statements(from: u64, to: u64) -> Vec<Record> {
    (from..to).map(|sequence| Record::Statement(statement(Uuid::from_u128(1), sequence))).collect()
}

#[tokio::test]
async fn a_batch_that_is_sent_twice_is_stored_once() {
    let engine = Engine::start();
    let ledger = Ledger::new(&engine.config());
    ledger.migrate(WITHIN).await.unwrap();
    let first = statement(Uuid::from_u128(1), 1);
    let records = [Record::Session(session(Uuid::from_u128(1))), Record::Statement(first.clone())];
    let chain = Chain::new();
    let head = ledger.insert(&records, &chain.begin(), "a", WITHIN).await.unwrap().head();
    let end = [Record::Statement(finished(&first))];
    ledger.insert(&end, &chain.behind(head), "b", WITHIN).await.unwrap();
    ledger.insert(&records, &chain.begin(), "a", WITHIN).await.unwrap();
    assert_eq!(engine.number(STORED).await, 2, "two versions");
    assert_eq!(engine.number("SELECT count() FROM statements FINAL").await, 1);
    assert_eq!(engine.number("SELECT count() FROM sessions").await, 1);
}

#[tokio::test]
async fn every_column_of_a_statement_arrives_as_it_was() {
    const WHOLE: &str = "SELECT toString((session_id, sequence, version, toUnixTimestamp64Micro(started_at), \
        toUnixTimestamp64Micro(finished_at), principal, database, text, fingerprint, effects, relations_read, \
        relations_written, columns, masked_columns, verdict, rules, readers_disagree, outcome, rows, bytes, \
        sqlstate, masked_values)) FROM statements ORDER BY sequence";
    // As 0002_statements.sql has it: what was written before that was sent, and what others write, is made by it.
    const OTHER_OBJECTS: &str = "SELECT count() FROM statements WHERE objects != arrayDistinct(arrayConcat( \
        relations_read, relations_written, \
        arrayMap(name -> arrayStringConcat(arrayPopBack(splitByChar('.', name)), '.'), columns), columns))";
    let engine = Engine::start();
    let ledger = Ledger::new(&engine.config());
    ledger.migrate(WITHIN).await.unwrap();
    let id = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    let select = StatementRecord { own_text: Some("x".repeat(300).into()), ..finished(&statement(id, 1)) };
    let nothing =
        Statement { text: "Größe".to_owned(), verdict: "refuse".to_owned(), ..Statement::default() };
    let nothing = StatementRecord {
        statement: Arc::new(nothing),
        outcome: Outcome::Failed,
        rows: u64::MAX,
        sqlstate: "42501".to_owned(),
        ..statement(id, u64::from(u32::MAX))
    };
    let update = Statement {
        relations_read: vec!["public.users".to_owned(), "a.b".to_owned()],
        relations_written: vec!["public.users".to_owned()],
        columns: vec!["public.users.id".to_owned(), "bare".to_owned(), "public.\"us.ers\".id".to_owned()],
        ..samples::select()
    };
    let update = StatementRecord { statement: Arc::new(update), ..statement(id, 2) };
    let records = [select.clone(), nothing, update, StatementRecord { sequence: 3, ..select }];
    ledger.insert(&records.map(Record::Statement), &Chain::new().begin(), "a", WITHIN).await.unwrap();
    let rows = engine.client().query(WHOLE).fetch_all::<String>().await.unwrap();
    let shown: Vec<_> = rows.iter().map(|row| row.replace(&"x".repeat(300), "300x")).collect();
    assert_eq!(
        shown,
        [
            "('00112233-4455-6677-8899-aabbccddeeff',1,1,1790000000000001,1790000000001001,'alice','shop',\
             '300x',9223372036854775808,['select'],['public.users'],[],['public.users.name',\
             'public.users.email'],['public.users.email'],'allow',['default-allow'],'','completed',3,99,'',3)",
            "('00112233-4455-6677-8899-aabbccddeeff',2,0,1790000000000002,NULL,'alice','shop',\
             'SELECT name, email FROM users WHERE name <> \\'it\\'\\'s ?\\' -- Größe',9223372036854775808,\
             ['select'],['public.users','a.b'],['public.users'],['public.users.id','bare',\
             'public.\"us.ers\".id'],['public.users.email'],'allow',['default-allow'],'','',0,0,'',0)",
            "('00112233-4455-6677-8899-aabbccddeeff',3,1,1790000000000001,1790000000001001,'alice','shop',\
             '300x',9223372036854775808,['select'],['public.users'],[],['public.users.name',\
             'public.users.email'],['public.users.email'],'allow',['default-allow'],'','completed',3,99,'',3)",
            "('00112233-4455-6677-8899-aabbccddeeff',4294967295,0,1790004294967295,NULL,'alice','shop',\
             'Größe',0,[],[],[],[],[],'refuse',[],'','failed',18446744073709551615,0,'42501',0)",
        ]
    );
    assert_eq!(engine.number(OTHER_OBJECTS).await, 0);
}

/// A text lies once in the spool and in each row of the ledger: picket-engine unpacks 64 MiB at once and no more.
#[tokio::test]
async fn a_small_batch_may_have_many_bytes() {
    let engine = Engine::start();
    let ledger = Ledger::new(&engine.config());
    ledger.migrate(WITHIN).await.unwrap();
    let long = Arc::new(Statement { text: "x".repeat(300_000), ..samples::select() });
    let long = |sequence| StatementRecord {
        statement: Arc::clone(&long),
        ..statement(Uuid::from_u128(1), sequence)
    };
    let records: Vec<_> = (0..300).map(|sequence| Record::Statement(long(sequence))).collect();
    let chain = Chain::new();
    ledger.insert(&records, &chain.begin(), "a", WITHIN).await.unwrap();
    ledger.insert(&records, &chain.begin(), "a", WITHIN).await.unwrap();
    assert_eq!(engine.number("SELECT count() FROM statements WHERE length(text) = 300000").await, 300);
}

#[tokio::test]
async fn a_table_of_an_older_schema_is_known_as_one() {
    let engine = Engine::start();
    let ledger = Ledger::new(&engine.config());
    ledger.migrate(WITHIN).await.unwrap();
    let older = "ALTER TABLE statements MODIFY COLUMN objects Array(String) MATERIALIZED columns";
    engine.client().query(older).execute().await.unwrap();
    let error = ledger.insert(&statements(0, 1), &Chain::new().begin(), "a", WITHIN).await.unwrap_err();
    assert!(matches!(error, LedgerError::OtherSchema { .. }), "{error}");
}

#[tokio::test]
async fn a_table_without_one_of_the_columns_takes_nothing() {
    let engine = Engine::start();
    let ledger = Ledger::new(&engine.config());
    ledger.migrate(WITHIN).await.unwrap();
    engine.client().query("ALTER TABLE statements DROP COLUMN readers_disagree").execute().await.unwrap();
    let error = ledger.insert(&statements(0, 1), &Chain::new().begin(), "a", WITHIN).await.unwrap_err();
    assert!(matches!(error, LedgerError::OtherSchema { .. }), "{error}");
    assert_eq!(engine.number(STORED).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_wait_for_an_engine_that_is_down() {
    let mut engine = Engine::start();
    engine.kill();
    let dir = TempDir::new().unwrap();
    let writer = Running::start(&dir, &engine);
    writer.spool.append(&statements(0, 10)).unwrap();
    // The first writer ends before the engine is back: what it had stays.
    let spool = Arc::clone(&writer.spool);
    writer.stop().await;
    assert_eq!(spool.depth().records, 10);
    drop(spool);

    let writer = Running::start(&dir, &engine);
    writer.spool.append(&statements(10, 20)).unwrap();
    engine.start_again();
    until("an empty spool", || writer.spool.depth().records == 0).await;
    assert_eq!(engine.number(STORED).await, 20);

    // What comes right before the end is shipped by the last attempt.
    writer.spool.append(&statements(20, 25)).unwrap();
    writer.stop().await;
    assert_eq!(engine.number(STORED).await, 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_dropped_is_made_again() {
    let engine = Engine::start();
    let dir = TempDir::new().unwrap();
    let writer = Running::start(&dir, &engine);
    writer.spool.append(&statements(0, 5)).unwrap();
    until("an empty spool", || writer.spool.depth().records == 0).await;
    engine.client().with_database("default").query("DROP DATABASE picket SYNC").execute().await.unwrap();
    writer.spool.append(&statements(5, 8)).unwrap();
    until("an empty spool", || writer.spool.depth().records == 0).await;
    assert_eq!(engine.number(STORED).await, 3);
    writer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_engine_loses_nothing_and_has_nothing_twice() {
    const ROUNDS: u64 = 3;
    const PER_ROUND: u64 = 2_000;
    const PER_CALL: u64 = 50;
    const WAITING_MAX: u64 = 3_000;
    let mut engine = Engine::start();
    let dir = TempDir::new().unwrap();
    let writer = Running::start(&dir, &engine);
    let appended = Arc::new(AtomicU64::new(0));
    let enough = Arc::new(AtomicBool::new(false));
    let (spool, counted, stopped) = (Arc::clone(&writer.spool), Arc::clone(&appended), Arc::clone(&enough));
    let load = std::thread::spawn(move || {
        while !stopped.load(Ordering::SeqCst) {
            if WAITING_MAX < spool.depth().records {
                std::thread::yield_now();
                continue;
            }
            let from = counted.load(Ordering::SeqCst);
            spool.append(&statements(from, from + PER_CALL)).unwrap();
            counted.store(from + PER_CALL, Ordering::SeqCst);
        }
    });
    let delivered = || appended.load(Ordering::SeqCst).saturating_sub(writer.spool.depth().records);
    for _ in 0..ROUNDS {
        let before = delivered();
        until("records to be delivered", || before + PER_ROUND < delivered()).await;
        // More than a batch waits, so an insert is under way.
        engine.kill();
        engine.start_again();
    }
    enough.store(true, Ordering::SeqCst);
    load.join().unwrap();
    until("an empty spool", || writer.spool.depth().records == 0).await;
    writer.stop().await;
    let sent = appended.load(Ordering::SeqCst);
    assert_eq!(engine.number(DISTINCT).await, sent, "none is missing");
    assert_eq!(engine.number(STORED).await, sent, "none is there twice");
}
