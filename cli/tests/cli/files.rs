//! What the tool writes for others: files, lines, and what shells and `man` need.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::stage::{Engine, a_minute_ago, ask, refused, statement};

const HOSTILE: &str = "SELECT email, '\u{1b}[2J\u{202e}' FROM users";

#[test]
fn an_export_is_whole_or_not_there() {
    let engine = Engine::with(&[statement(a_minute_ago())]);
    let lines = engine.ask(&["export", "statements"]);
    let text = String::from_utf8(lines.stdout).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [row] = rows.as_slice() else { panic!("{text}") };
    assert_eq!((&row["text"], &row["rows"]), (&HOSTILE.into(), &3.into()));
    assert!(row["started_at"].as_str().unwrap().ends_with('Z'), "{row}");
    for what in [
        "alerts",
        "agent-health",
        "approvals",
        "bypasses",
        "column-classes",
        "connections",
        "gaps",
        "proxy-connections",
        "sessions",
    ] {
        let none = engine.ask(&["export", what]);
        let told = String::from_utf8_lossy(&none.stderr);
        assert_eq!((none.status.code(), none.stdout.len()), (Some(0), 0), "{what}: {told}");
    }
    for what in [
        "coverage",
        "denied",
        "masked-access",
        "new-access",
        "revealed-access",
        "same-statements",
        "unclaimed-connections",
        "witness-gaps",
        "session-timeline",
        "who-saw",
        "who-touched",
    ] {
        assert_eq!(engine.ask(&["export", what]).status.code(), Some(0), "{what}");
    }

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("statements.parquet");
    let file = path.to_str().unwrap();
    let parquet = ["export", "statements", "--format", "parquet", "--output", file];
    assert_eq!(engine.ask(&parquet).status.code(), Some(0));
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{} bytes", bytes.len());
    let again = engine.ask(&parquet);
    assert_eq!(again.status.code(), Some(2), "nothing is written over");
    assert!(
        String::from_utf8_lossy(&again.stderr).contains("is there already; name another file with --output")
    );
    assert_eq!(fs::read(&path).unwrap(), bytes);

    // Nothing is left of an export that fails.
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.jsonl");
    let nobody = Engine::start();
    let output = nobody.ask(&["export", "statements", "--output", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(69), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_tail_is_lines_that_no_terminal_obeys() {
    let at = a_minute_ago();
    let engine = Engine::with(&[statement(at)]);
    let text = String::from_utf8(engine.ask(&["tail"]).stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.contains("alice on shop  allow  completed after 0.000 s, 3 rows, 3 values masked  SELECT email"),
        "{text}"
    );
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    let json = String::from_utf8(engine.ask(&["tail", "--format", "json"]).stdout).unwrap();
    assert!(!json.contains(['\u{1b}', '\u{202e}']), "{json}");
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["text"], HOSTILE);
    assert!(engine.ask(&["tail", "--limit", "0"]).stdout.is_empty());
    assert!(engine.ask(&["tail", "--principal", "bob"]).stdout.is_empty());
    let engine = Engine::with(&[refused(at)]);
    let text = String::from_utf8(engine.ask(&["tail"]).stdout).unwrap();
    assert!(text.contains("  refuse (default-allow mask-email)  "), "{text}");
}

#[test]
fn a_ledger_is_made_once() {
    let engine = Engine::start();
    let first = engine.ask(&["migrate"]);
    let first = String::from_utf8(first.stdout).unwrap();
    assert!(first.starts_with("applied 0001_sessions\napplied 0002_statements\n"), "{first}");
    assert_eq!(String::from_utf8(engine.ask(&["migrate"]).stdout).unwrap(), "nothing to do\n");
    assert_eq!(engine.ask(&["denied"]).status.code(), Some(0));
}

#[test]
fn shells_and_man_are_told_of_every_command() {
    let folder = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = ask(&["completions", shell]).stdout;
        let text = String::from_utf8(script).unwrap();
        assert!(text.contains("who-touched") && text.contains("backtest"), "{shell}");
        if shell == "bash" {
            let path = folder.path().join("picket.bash");
            fs::write(&path, text).unwrap();
            assert!(Command::new("bash").arg("-n").arg(&path).status().unwrap().success());
        }
    }
    let man = TempDir::new().unwrap();
    assert_eq!(ask(&["man", man.path().to_str().unwrap()]).status.code(), Some(0));
    let page = fs::read_to_string(man.path().join("picket-session-show.1")).unwrap();
    assert!(page.contains("masked_columns") && page.starts_with(".ie"), "{page}");
    assert!(man.path().join("picket.1").exists());
    let nowhere = ask(&["man", "/nowhere/at/all"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("write manual pages into `/nowhere/at/all`"));
}
