//! The official client, with validation and LZ4 as it comes.

use clickhouse::Row;
use serde::{Deserialize, Serialize};

use crate::engine::Engine;

#[derive(Clone, Debug, Deserialize, PartialEq, Row, Serialize)]
struct Note {
    id: u64,
    text: String,
    tags: Vec<String>,
}

fn note(id: u64) -> Note {
    Note { id, text: format!("it's {id}\t\\"), tags: vec!["a".to_owned(), "b'".to_owned()] }
}

async fn engine_with_notes(dir: &std::path::Path) -> (Engine, clickhouse::Client) {
    let engine = Engine::start(dir);
    let client = engine.client();
    client
        .query(
            "CREATE TABLE notes (id UInt64, text String, tags Array(LowCardinality(String))) ENGINE = MergeTree \
             ORDER BY id SETTINGS non_replicated_deduplication_window = 100",
        )
        .execute()
        .await
        .unwrap();
    (engine, client)
}

async fn insert(client: &clickhouse::Client, notes: impl IntoIterator<Item = Note>) {
    let mut insert = client.insert::<Note>("notes").await.unwrap();
    for note in notes {
        insert.write(&note).await.unwrap();
    }
    insert.end().await.unwrap();
}

async fn count(client: &clickhouse::Client) -> u64 {
    client.query("SELECT count() FROM notes").fetch_one().await.unwrap()
}

#[tokio::test]
async fn typed_rows_come_back_as_they_went() {
    let dir = tempfile::tempdir().unwrap();
    let (_engine, client) = engine_with_notes(dir.path()).await;
    let none: Vec<Note> = client.query("SELECT ?fields FROM notes").fetch_all().await.unwrap();
    assert_eq!(none, []);
    insert(&client, (0..100_000).map(note)).await;
    let mut rows = client.query("SELECT ?fields FROM notes ORDER BY id").fetch::<Note>().unwrap();
    let mut next = 0;
    while let Some(row) = rows.next().await.unwrap() {
        assert_eq!(row, note(next));
        next += 1;
    }
    assert_eq!(next, 100_000);
    let parts: u64 = client
        .query("SELECT count() FROM system.parts WHERE table = 'notes' AND active")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(parts, 1, "one insert makes one part");
}

#[tokio::test]
async fn parameters_are_bound_and_errors_carry_their_code() {
    let dir = tempfile::tempdir().unwrap();
    let (_engine, client) = engine_with_notes(dir.path()).await;
    let text: String =
        client.query("SELECT {text:String}").param("text", "it's \"q\"").fetch_one().await.unwrap();
    assert_eq!(text, "it's \"q\"");
    let error = client.query("SELECT * FROM nothing").execute().await.unwrap_err().to_string();
    assert!(error.contains("Code: 60"), "{error}");
    let sql = "SELECT throwIf(number = 2999999) AS a FROM numbers(5000000)";
    let mut cursor = client.query(sql).fetch::<u8>().unwrap();
    let error = loop {
        match cursor.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the answer ended as if it were whole"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.contains("395"), "{error}");
}

#[tokio::test]
async fn a_token_is_taken_once() {
    let dir = tempfile::tempdir().unwrap();
    let (_engine, client) = engine_with_notes(dir.path()).await;
    let client = client.with_setting("insert_deduplication_token", "batch-1");
    for _ in 0..3 {
        insert(&client, [note(1), note(2)]).await;
    }
    assert_eq!(count(&client).await, 2);
}
