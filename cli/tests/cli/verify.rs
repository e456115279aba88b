//! The report on the ledger, in its two forms.

use audit::chain::SigningKey;
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::{Engine, a_minute_ago, bypass, statement};

#[test]
fn a_report_says_what_is_proven_and_what_is_not() {
    let at = a_minute_ago();
    let engine = Engine::with(&[statement(at), bypass(at)]);
    let report = engine.ask(&["verify"]);
    let text = String::from_utf8(report.stdout).unwrap();
    assert_eq!(report.status.code(), Some(0), "{text}");
    assert!(text.starts_with("chain of 00000000-0000-0000-0000-000000000003, key "), "{text}");
    assert!(text.contains("records 1 to 2 under 1 checkpoints, up to"), "{text}");
    assert!(text.contains("not proven:\n  that the keys above are the writers'"), "{text}");
    assert!(text.contains("that nothing was cut off at the end of 1 chains"), "{text}");

    let json = engine.ask(&["verify", "--format", "json"]);
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&report["whole"], &report["chains"][0]["whole"]), (&true.into(), &2.into()));
    let help = String::from_utf8(engine.ask(&["verify", "--help"]).stdout).unwrap();
    for key in report.as_object().unwrap().keys().chain(report["chains"][0].as_object().unwrap().keys()) {
        assert!(help.contains(key), "the help promises {key}");
    }
}

#[test]
fn what_was_found_is_told_with_an_exit_code() {
    let engine = Engine::with(&[statement(a_minute_ago())]);
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("key.pub");
    let path = file.display().to_string();
    let with_key = || engine.ask(&["verify", "--public-key", &path]);
    assert_eq!(with_key().status.code(), Some(2), "there is no such file");
    std::fs::write(&file, "nonsense").unwrap();
    let told = String::from_utf8(with_key().stderr).unwrap();
    assert!(told.contains("key.pub` holds no public key of Ed25519 in PEM: `openssl"), "{told}");

    std::fs::write(&file, SigningKey::generate().unwrap().public().to_pem()).unwrap();
    let found = with_key();
    let (text, told) = (String::from_utf8(found.stdout).unwrap(), String::from_utf8(found.stderr).unwrap());
    assert_eq!(found.status.code(), Some(1), "{text}{told}");
    assert!(text.contains("forged: checkpoints, record 1, "), "{text}");
    assert_eq!(told, "picket: the ledger is not what its writers signed (1 findings)\n");
}
