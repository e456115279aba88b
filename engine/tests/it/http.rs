//! The HTTP interface as any program meets it.

use crate::engine::Engine;

#[test]
fn parameters_of_the_address_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(dir.path());
    let get = |target: &str| engine.ask("GET", target, &[], b"");
    assert_eq!(get("/ping").text(), "Ok.\n");
    assert_eq!(get("/?query=SELECT+{a:UInt8}%2B1&param_a=41").text(), "42\n");
    assert_eq!(get("/?query=SELECT+1&default_format=JSONEachRow").text(), "{\"1\":1}\n");
    assert_eq!(get("/?query=SELECT+currentDatabase()&database=system").text(), "system\n");
    assert_eq!(get("/?query=SELECT+getSetting('max_threads')&max_threads=3").text(), "3\n");
    assert_eq!(engine.run("SELECT getSetting('max_threads')"), "4\n", "settings leak into the next request");
    assert_eq!(engine.run("SELECT getSetting('max_execution_time')"), "300\n");
    let unknown = get("/?query=SELECT+1&no_such=1");
    assert!((unknown.status, unknown.text().starts_with("Code: 115.")) == (404, true), "{}", unknown.text());
    let write = get("/?query=CREATE+TABLE+t+(a+Int8)+ENGINE=Memory");
    assert!((write.status, write.text().starts_with("Code: 164.")) == (403, true), "{}", write.text());
    let database = get("/?query=SELECT+1&database=none");
    assert!(
        (database.status, database.text().starts_with("Code: 81.")) == (404, true),
        "{}",
        database.text()
    );
}

#[test]
fn rows_may_follow_the_statement_or_be_values() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(dir.path());
    engine.run("CREATE TABLE t (a UInt32, b String) ENGINE = MergeTree ORDER BY a");
    engine.run("INSERT INTO t FORMAT TSV\n1\tone\n2\ttwo\n");
    engine.run("INSERT INTO t (a, b) VALUES (1 + 2, 'three'), (4, concat('fo', 'ur'))");
    let answer = engine.ask("POST", "/?query=INSERT+INTO+t+FORMAT+CSV", &[], b"5,five\n");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.head.contains("\"written_rows\":\"1\""), "{}", answer.head);
    assert_eq!(
        engine.run("SELECT b FROM t ORDER BY a FORMAT CSV"),
        "\"one\"\n\"two\"\n\"three\"\n\"four\"\n\"five\"\n"
    );
    let evil = engine.ask("POST", "/?query=INSERT+INTO+t+VALUES", &[], b"(6, file('/etc/hostname'))");
    assert_ne!(evil.status, 200);
    assert_eq!(engine.run("SELECT count() FROM t"), "5\n");
}

#[test]
fn large_answers_are_streamed_or_refused_but_never_cut() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(dir.path());
    let answer = engine.post("SELECT number FROM numbers(3000000) FORMAT RowBinary");
    assert_eq!((answer.status, answer.body.len()), (200, 24_000_000));
    let last: [u8; 8] = answer.body[answer.body.len() - 8..].try_into().unwrap();
    assert_eq!(u64::from_le_bytes(last), 2_999_999);
    let sql = b"SELECT number FROM numbers(3000000) FORMAT JSONCompact";
    let answer = engine.ask("POST", "/?max_result_bytes=1000000", &[], sql);
    assert!(
        answer.text().starts_with("Code: 396.") && answer.text().contains("add a LIMIT"),
        "{}",
        answer.text()
    );
    assert!(engine.run("SELECT number FROM numbers(3) FORMAT JSONCompact").contains("\"rows\": 3"));
}
