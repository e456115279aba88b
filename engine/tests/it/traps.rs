//! What SQL and requests must not get away with.

use crate::engine::Engine;

fn refused(engine: &Engine, sql: &str, status: u16, code: u32) -> String {
    let answer = engine.post(sql);
    assert_eq!(answer.status, status, "{sql}: {}", answer.text());
    assert!(answer.head.contains(&format!("x-clickhouse-exception-code: {code}")), "{sql}: {}", answer.head);
    answer.text()
}

#[test]
fn statements_that_leave_the_data_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(&dir.path().join("data"));
    engine.run("CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a");
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "secret\n").unwrap();
    let (secret, out) = (secret.display(), dir.path().join("out"));

    refused(&engine, "SYSTEM SHUTDOWN", 403, 620);
    refused(&engine, "SET max_threads = 1", 403, 620);
    refused(&engine, &format!("SELECT 1 INTO OUTFILE '{}'", out.display()), 403, 620);
    assert!(!out.exists());
    refused(&engine, &format!("INSERT INTO t FROM INFILE '{secret}' FORMAT TSV"), 403, 620);
    refused(&engine, &format!("SELECT * FROM file('{secret}', TSV, 'a String')"), 403, 620);
    refused(&engine, &format!("SELECT file('{secret}')"), 403, 620);
    refused(&engine, &format!("SELECT /* */ \"FILE\" /* '*/('{secret}')"), 403, 620);
    refused(&engine, "SELECT * FROM url('http://127.0.0.1:1/', TSV, 'a String')", 403, 497);
    refused(&engine, "SELECT * FROM remote('127.0.0.2', system.one)", 403, 497);
    refused(&engine, "CREATE FUNCTION f AS (x) -> x", 403, 620);
    refused(
        &engine,
        "CREATE TABLE u (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local)",
        403,
        620,
    );

    for hidden in [
        "1$x$ ' $x$, {} --'",
        "$ ' $ ' $ ' $, {} --'",
        "x'\\', {} --'",
        "1 // '\n, {} --'",
        "1 # '\n, {} --'",
    ] {
        let sql = format!("SELECT {}", hidden.replace("{}", &format!("file('{secret}')")));
        let answer = engine.post(&sql);
        assert!(answer.status == 403 || answer.status == 400, "{sql}: {}", answer.text());
        assert!(!answer.text().contains("secret\n"), "{sql}: {}", answer.text());
    }

    // It still runs, and the words may stand in texts.
    assert_eq!(engine.run("SELECT 'file', $x$infile$x$"), "file\tinfile\n");
}

#[test]
fn what_is_no_single_statement_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(dir.path());
    assert!(refused(&engine, "", 400, 62).contains("empty query"));
    assert!(refused(&engine, "-- nothing", 400, 62).contains("empty query"));
    assert!(refused(&engine, "SELECT 1; SELECT 2", 400, 62).contains("2 statements in one request"));
    assert!(refused(&engine, "SELEC 1", 400, 62).contains("Syntax error"));
    refused(&engine, "1 + 1", 400, 62);
    assert!(refused(&engine, &format!("SELECT '{}'", "x".repeat(1 << 20)), 400, 307).contains("longer than"));
    // A compressed body whose header was lost.
    let packed = zstd::encode_all(&b"SELECT 1"[..], 1).unwrap();
    let answer = engine.ask("POST", "/", &[], &packed);
    assert_eq!(answer.status, 400, "{}", answer.text());
    let answer = engine.ask("POST", "/", &["Content-Encoding: zstd"], &packed);
    assert_eq!((answer.status, answer.text().as_str()), (200, "1\n"));
    let answer = engine.ask("POST", "/", &["Content-Encoding: br"], &packed);
    assert_eq!(answer.status, 400, "{}", answer.text());
}

#[test]
fn requests_of_strangers_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(dir.path());
    let ask = |target: &str, header: &str| engine.ask("POST", target, &[header], b"SELECT 1");
    assert_eq!(ask("/", "Authorization: Basic ZGVmYXVsdDo=").status, 200);
    assert!(ask("/", "Authorization: Basic eDp5").text().starts_with("Code: 516."));
    assert!(ask("/", "X-ClickHouse-User: root").text().starts_with("Code: 516."));
    assert!(ask("/?password=x", "X-A: b").text().starts_with("Code: 516."));
    assert_eq!(ask("/", "Host: example.org").status, 403);
    assert_eq!(ask("/", "Sec-Fetch-Site: cross-site").status, 403);
    assert!(ask("/?session_id=1", "X-A: b").text().contains("leave `session_id` out"));
    assert!(ask("/?compress=1", "X-A: b").text().contains("leave `compress` out"));
}
