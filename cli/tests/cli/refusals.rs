//! What the tool says where it cannot answer, and its exit codes.

use crate::stage::{Engine, ask};

#[track_caller]
fn refused(output: std::process::Output, code: i32, part: &str) {
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{told}");
    assert!(told.contains(part), "{told}");
    assert!(output.stdout.is_empty());
}

#[test]
fn nobody_listens() {
    // The port was free a moment ago, and nobody else is told of it.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = ask(&["--clickhouse-url", &format!("http://{address}"), "bypasses"]);
    refused(output, 69, "Connection refused (os error 111); is it running? set --clickhouse-url");
}

#[test]
fn there_is_no_ledger() {
    let engine = Engine::start();
    refused(engine.ask(&["bypasses"]), 69, "has no ledger in database `picket`");
}

#[test]
fn another_user_is_refused() {
    let engine = Engine::start();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_picket"))
        .args(["bypasses", "--clickhouse-url", &engine.url])
        .env("PICKET_CLICKHOUSE_USER", "mallory")
        .env("PICKET_CLICKHOUSE_PASSWORD", "hunter2")
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
    refused(output, 77, "refuses user `mallory`");
}

#[test]
fn usage_is_taught() {
    refused(ask(&["who-touched", "users"]), 2, "`users` is neither");
    refused(ask(&["bypasses", "--since", "x"]), 2, "such as 15m, 1h, 7d or 1h30m");
    refused(ask(&["bypasses", "--limit", "0"]), 2, "0 is not in 1..=1000000");
    refused(
        ask(&["--clickhouse-url", "nonsense", "bypasses"]),
        2,
        "--clickhouse-url (or PICKET_CLICKHOUSE_URL)",
    );
    refused(ask(&["--database", "a b", "bypasses"]), 2, "--database must be");
}
