//! How it starts, refuses to start, and ends.

use std::os::unix::fs::PermissionsExt;

use crate::engine::{Engine, command, ended_at_once};

#[test]
fn sigterm_ends_it_with_zero() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(dir.path());
    assert_eq!(engine.run("SELECT 1"), "1\n");
    assert_eq!(engine.terminate().code(), Some(0));
}

#[test]
fn the_data_directory_is_closed_to_others_and_taken_once() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new");
    let engine = Engine::start(&data);
    assert_eq!(data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let (code, told) =
        ended_at_once(command().arg("--data-dir").arg(&data).args(["--listen", "127.0.0.1:0"]));
    assert_eq!(code, Some(69));
    assert!(told.contains("another picket-engine runs on it; stop that one"), "{told}");
    assert_eq!(engine.run("SELECT 1"), "1\n");
}

#[test]
fn a_directory_with_files_of_others_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("letter"), "dear").unwrap();
    let (code, told) = ended_at_once(command().arg("--data-dir").arg(dir.path()));
    assert_eq!(code, Some(78));
    assert!(told.contains("it holds files of somebody else"), "{told}");
}

#[test]
fn a_taken_port_and_a_missing_library_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    let (code, told) =
        ended_at_once(command().arg("--data-dir").arg(dir.path().join("a")).args(["--listen", &port]));
    assert_eq!(code, Some(69));
    assert!(told.ends_with("stop what listens there or give another --listen"), "{told}");

    let library = dir.path().join("libchdb.so");
    let mut missing = command();
    missing
        .arg("--data-dir")
        .arg(dir.path().join("b"))
        .args(["--listen", "127.0.0.1:0", "--engine-lib"])
        .arg(library);
    let (code, told) = ended_at_once(&mut missing);
    assert_eq!(code, Some(69));
    assert!(told.contains("does not exist; run `cargo xtask setup`"), "{told}");
}

#[test]
fn it_listens_on_loopback_only() {
    let (code, told) = ended_at_once(command().args(["--data-dir", "unused", "--listen", "0.0.0.0:0"]));
    assert_eq!(code, Some(2));
    assert!(told.contains("0.0.0.0 can be reached from other hosts"), "{told}");
}
