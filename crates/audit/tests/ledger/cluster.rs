//! What makes the ledger on a cluster is what ClickHouse takes: its grammar, and the engines with their arguments and settings. A cluster
//! itself is not there.

use audit::ledger::{Ledger, migrations};

use crate::stage::{Engine, WITHIN};

#[tokio::test]
async fn clickhouse_knows_all_that_makes_a_ledger_on_a_cluster() {
    let engine = Engine::start();
    Ledger::new(&engine.config()).migrate(WITHIN).await.unwrap();
    let client = engine.client();
    let of_one_server = migrations(None);
    let (mut tables, mut views) = (0, 0);
    for statement in migrations(Some("shards")) {
        client.query_raw(&format!("EXPLAIN AST {statement}")).execute().await.unwrap();
        let alone = statement.replace(" ON CLUSTER 'shards'", "");
        if alone.contains("ENGINE = Replicated") {
            tables += 1;
            // Only on a cluster the servers fill in these.
            let alone = alone
                .replace("{uuid}", &tables.to_string())
                .replace("{shard}", "1")
                .replace("{replica}", "r");
            let error = client.query_raw(&alone).execute().await.unwrap_err().to_string();
            assert!(error.contains("NO_ZOOKEEPER"), "{statement}\n{error}");
        } else if alone.contains(" VIEW ") {
            views += 1;
            let alone = alone.replace("access_days_local AS", "access_days AS");
            assert!(
                of_one_server.contains(&alone.replace("FROM statements_local", "FROM statements")),
                "{alone}"
            );
        }
    }
    assert_eq!((tables, views), (12, 15));
    let settings = "SELECT count() FROM system.settings \
                    WHERE name IN ('distributed_foreground_insert', 'distributed_product_mode')";
    assert_eq!(engine.number(settings).await, 2);
}
