//! The ledger is made once, by whoever comes, and never changed behind anybody's back.

use audit::ledger::{Ledger, LedgerError};

use crate::stage::{Engine, WITHIN};

const APPLIED: &str =
    "SELECT count() FROM (SELECT number FROM migrations FINAL GROUP BY number HAVING count() = 1)";

#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_twice_and_concurrently() {
    let engine = Engine::start();
    let racers: Vec<_> = (0..4)
        .map(|_| {
            let ledger = Ledger::new(&engine.config());
            tokio::spawn(async move { ledger.migrate(WITHIN).await })
        })
        .collect();
    for racer in racers {
        racer.await.unwrap().unwrap();
    }
    Ledger::new(&engine.config()).migrate(WITHIN).await.unwrap();
    // One file makes the list of them.
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count() - 1;
    assert_eq!(engine.number(APPLIED).await, u64::try_from(files).unwrap());
    let silent = "SELECT count() FROM system.tables WHERE database = 'picket' AND comment = ''";
    assert_eq!(engine.number(silent).await, 0);
}

/// A new ledger is made in one go; one that is there is brought up to date by one migration after the other.
#[tokio::test]
async fn a_new_ledger_is_what_an_old_one_becomes() {
    // Views kept the types that columns of their tables had when they were made.
    const MADE: &str =
        "SELECT name || ' ' || if(endsWith(engine, 'View'), as_select, create_table_query) || ' ' || comment
        FROM system.tables WHERE database = 'picket' ORDER BY name";
    const COLUMNS: &str = "SELECT toString((table, name, if(endsWith(engine, 'View'), '', type), default_expression, compression_codec, comment))
        FROM (SELECT columns.*, engine FROM system.columns JOIN system.tables ON tables.name = table AND tables.database = columns.database
        WHERE database = 'picket' ORDER BY table, position)";
    let (new, old) = (Engine::start(), Engine::start());
    Ledger::new(&new.config()).migrate(WITHIN).await.unwrap();
    old.client().with_database("default").query("CREATE DATABASE picket").execute().await.unwrap();
    let mut files: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        old.client().query_raw(&text).execute().await.unwrap_or_else(|error| panic!("{file:?}: {error}"));
    }
    for asked in [MADE, COLUMNS] {
        let of_new = new.client().query(asked).fetch_all::<String>().await.unwrap();
        let of_old = old.client().query(asked).fetch_all::<String>().await.unwrap();
        assert!(1 < of_new.concat().len());
        assert_eq!(of_new.len(), of_old.len());
        for (of_new, of_old) in of_new.iter().zip(&of_old) {
            assert_eq!(of_new, of_old);
        }
    }
}

#[tokio::test]
async fn another_text_of_a_migration_is_refused() {
    let engine = Engine::start();
    let ledger = Ledger::new(&engine.config());
    ledger.migrate(WITHIN).await.unwrap();
    let client = engine.client();
    client.query("TRUNCATE TABLE migrations").execute().await.unwrap();
    client
        .query("INSERT INTO migrations (number, name, checksum) VALUES (2, '0002_statements', 1)")
        .execute()
        .await
        .unwrap();
    let error = ledger.migrate(WITHIN).await.unwrap_err();
    assert!(matches!(error, LedgerError::OtherMigration { number: 2, .. }), "{error}");
    let told = "migration 2 `0002_statements` was applied to database `picket` with another text";
    assert!(error.to_string().starts_with(told), "{error}");
}
