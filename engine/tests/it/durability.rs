//! What was acknowledged is kept; what was not is not.

use std::io::{Read, Write};
use std::time::Duration;

use crate::engine::{Engine, until};

const SETTLE_MAX: Duration = Duration::from_secs(30);

#[test]
fn an_insert_that_breaks_off_keeps_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(dir.path());
    engine.run("CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a");
    let mut stream = engine.connect();
    let head = format!(
        "POST /?query=INSERT+INTO+t+FORMAT+TSV HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        engine.address()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let rows = "row\n".repeat(100_000);
    stream.write_all(format!("{:x}\r\n{rows}\r\n", rows.len()).as_bytes()).unwrap();
    // The statement takes the rows before the client goes away.
    until(SETTLE_MAX, || (running(&engine) == 1).then_some(()));
    drop(stream);
    until(SETTLE_MAX, || (running(&engine) == 0).then_some(()));
    assert_eq!(engine.run("SELECT count() FROM t"), "0\n");
    assert_eq!(engine.terminate().code(), Some(0));
}

fn running(engine: &Engine) -> u32 {
    let sql = "SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO t%'";
    engine.run(sql).trim_end().parse().unwrap()
}

#[test]
fn a_statement_whose_client_went_away_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(dir.path());
    let mut stream = engine.connect();
    let sql = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))";
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n{sql}",
        engine.address(),
        sql.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let running = || {
        engine.run("SELECT count() FROM system.processes WHERE query LIKE 'SELECT count() FROM numbers%'")
            != "0\n"
    };
    until(SETTLE_MAX, || running().then_some(()));
    drop(stream);
    until(SETTLE_MAX, || (!running()).then_some(()));
}

#[test]
fn acknowledged_rows_survive_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(dir.path());
    engine.run("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a");
    // A client that inserts on and on, until the engine dies under it.
    let address = engine.address().to_owned();
    let (acknowledged, told) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        for number in 0_u32.. {
            if !inserted(&address, number) {
                return;
            }
            acknowledged.send(number).unwrap();
        }
    });
    let mut kept: Vec<u32> = told.iter().take(10).collect();
    engine.kill();
    writer.join().unwrap();
    kept.extend(told.try_iter());

    let engine = Engine::start(dir.path());
    let rows = engine.run("SELECT a FROM t ORDER BY a");
    let rows: Vec<u32> = rows.lines().map(|row| row.parse().unwrap()).collect();
    assert!(rows.starts_with(&kept), "acknowledged {kept:?}, kept {rows:?}");
    assert!(rows.len() <= kept.len() + 1, "acknowledged {kept:?}, kept {rows:?}");
}

/// Whether the engine acknowledged the row.
fn inserted(address: &str, number: u32) -> bool {
    let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
    let body = format!("{number}\n");
    let request = format!(
        "POST /?query=INSERT+INTO+t+FORMAT+TSV HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = String::new();
    let asked = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
    asked.is_ok() && answer.starts_with("HTTP/1.0 200")
}

#[test]
fn packed_rows_are_unpacked_or_refused_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(dir.path());
    engine.run("CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a");
    let rows = "row\n".repeat(100_000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(rows.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(rows.as_bytes()).unwrap();
    let lz4 = lz4.finish().unwrap();
    let target = "/?query=INSERT+INTO+t+FORMAT+TSV";
    let insert = |target: &str, encoding: &str, body: &[u8]| {
        engine.ask("POST", target, &[&format!("Content-Encoding: {encoding}")], body)
    };

    let answer = insert(target, "gzip", &gzip[..gzip.len() - 9]);
    assert!(answer.text().starts_with("Code: 271."), "{}", answer.text());
    let answer = insert(target, "lz4", &lz4[..lz4.len() - 9]);
    assert!(answer.text().starts_with("Code: 271."), "{}", answer.text());
    let answer = insert("/?decompress=1&query=INSERT+INTO+t+FORMAT+TSV", "identity", rows.as_bytes());
    assert!(answer.text().starts_with("Code: 271."), "{}", answer.text());
    assert_eq!(engine.run("SELECT count() FROM t"), "0\n");

    assert_eq!(insert(target, "gzip", &gzip).status, 200);
    assert_eq!(insert(target, "lz4", &lz4).status, 200);
    assert_eq!(engine.run("SELECT count() FROM t"), "200000\n");
}
