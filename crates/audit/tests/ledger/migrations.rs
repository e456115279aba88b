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
