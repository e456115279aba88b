//! What the tool answers, in its three forms.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use audit::record::UnixMicros;
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::{Engine, KEY, a_minute_ago, blind, bypass, connected, denied, refused, statement};

fn stdout(engine: &Engine, args: &[&str]) -> String {
    let output = engine.ask(args);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The keys that the help promises, in its order.
fn promised(engine: &Engine, question: &str) -> Vec<String> {
    promised_behind(engine, question, "Keys of a JSON object")
}

fn promised_behind(engine: &Engine, question: &str, mark: &str) -> Vec<String> {
    let words: Vec<&str> = question.split(' ').chain(["--help"]).collect();
    let help = stdout(engine, &words);
    let (_, keys) = help.split_once(mark).unwrap();
    // Another list begins with a line that is not indented.
    let list = keys.lines().skip(1).take_while(|line| line.is_empty() || line.starts_with(' '));
    // A key stands two letters in; what goes on in another line, further.
    let lines = list.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    lines.filter(|key| !key.is_empty()).map(str::to_owned).collect()
}

fn keys(row: &Value) -> Vec<String> {
    row.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn answers_come_in_three_forms() {
    let at = a_minute_ago();
    let engine = Engine::with(&[statement(at), bypass(at)]);

    let question = ["who-touched", "Public.Users.email", "--since", "1h", "--format"];
    let form = |form| stdout(&engine, &[question.as_slice(), &[form]].concat());
    let json = form("json");
    assert!(!json.contains(['\u{1b}', '\u{202e}']), "{json}");
    let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
    let [row] = rows.as_slice() else { panic!("{json}") };
    assert_eq!(keys(row), promised(&engine, "who-touched"));
    assert_eq!(row["text"], "SELECT email, '\u{1b}[2J\u{202e}' FROM users");
    assert_eq!(
        (&row["masked"], &row["rows"], &row["outcome"]),
        (&true.into(), &3.into(), &"completed".into())
    );
    assert_eq!(row["rules"], serde_json::json!(["default-allow", "mask-email"]));
    let (_, micros) = row["at"].as_str().unwrap().rsplit_once('.').unwrap();
    assert_eq!(micros, format!("{:06}Z", at.0 % 1_000_000));
    let csv = form("csv");
    assert!(csv.starts_with(&format!("{}\r\n", keys(row).join(","))), "{csv}");
    assert!(csv.contains(",default-allow mask-email,true,"), "{csv}");
    let table = form("table");
    assert!(table.contains("alice") && table.contains(r"\u{1b}[2J\u{202e}"), "{table}");
    assert!(!table.contains('\u{1b}'), "no colours in a pipe");

    let people = ["who-touched", "public.users.email", "--people", "--since", "365d", "--format"];
    let form = |form| stdout(&engine, &[people.as_slice(), &[form]].concat());
    let rows: Vec<Value> = serde_json::from_str(&form("json")).unwrap();
    let [person] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(keys(person), promised_behind(&engine, "who-touched", "Keys and columns with --people"));
    assert_eq!(
        (&person["principal"], &person["days"], &person["last_at"]),
        (&"alice".into(), &1.into(), &row["at"])
    );
    assert_eq!((&person["masked"], &person["written"]), (&true.into(), &false.into()));
    assert!(form("csv").starts_with(&format!("{}\r\n", keys(person).join(","))));
    assert!(form("table").contains("alice"));

    let json = stdout(&engine, &["bypasses", "--format", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(keys(&rows[0]), promised(&engine, "bypasses"));
    assert_eq!((&rows[0]["state"], &rows[0]["process_pid"]), (&"unknown".into(), &Value::Null));
    assert_eq!(rows[0]["client"], "10.0.0.9:40000");

    let none = engine.ask(&["who-touched", "public.nothing"]);
    assert_eq!((none.status.code(), none.stdout.len()), (Some(0), 0));
    assert_eq!(String::from_utf8(none.stderr).unwrap(), "nobody touched public.nothing\n");
    assert_eq!(stdout(&engine, &["who-touched", "public.nothing", "--format", "json"]), "[]\n");
    assert_eq!(stdout(&engine, &["bypasses", "--since", "10s", "--format", "json"]), "[]\n");
}

#[test]
fn what_agents_refuse_is_a_question_of_its_own() {
    // One on another host, and then a process of the agent's, whose address nobody has chosen yet.
    let at = a_minute_ago();
    let engine = Engine::with(&[denied(UnixMicros(at.0 - 1), "10.0.0.9:40000"), denied(at, "0.0.0.0:0")]);
    assert_eq!(stdout(&engine, &["bypasses", "--format", "json"]), "[]\n");
    let json = stdout(&engine, &["bypasses", "--refused", "--format", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
    let [row, elsewhere] = rows.as_slice() else { panic!("{json}") };
    assert_eq!(keys(row), promised(&engine, "bypasses"));
    assert_eq!(
        (&row["state"], &row["client"], &row["server"]),
        (&"refused".into(), &"".into(), &"10.0.0.1:5432".into())
    );
    assert_eq!(elsewhere["client"], "10.0.0.9:40000");
    assert!(stdout(&engine, &["bypasses", "--refused"]).contains("refused"));
    let none = engine.ask(&["bypasses", "--refused", "--since", "1s"]);
    assert_eq!(String::from_utf8(none.stderr).unwrap(), "no agent refused a connection\n");
    assert_eq!(engine.ask(&["bypasses", "--refused", "--allowed"]).status.code(), Some(2));
}

#[test]
fn coverage_is_a_number_and_its_holes_are_told() {
    let engine = Engine::with(&[connected(a_minute_ago()), blind(a_minute_ago())]);
    let json = stdout(&engine, &["coverage", "--format", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
    let [row] = rows.as_slice() else { panic!("{json}") };
    assert_eq!(keys(row), promised(&engine, "coverage"));
    assert_eq!((&row["connections"], &row["bypassed"], &row["share"]), (&1.into(), &1.into(), &0.0.into()));
    assert_eq!(row["bytes_share"], Value::Null);
    assert!(stdout(&engine, &["coverage"]).contains("0.0 %"));
    let json = stdout(&engine, &["coverage", "--gaps", "--format", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
    let [row] = rows.as_slice() else { panic!("{json}") };
    assert_eq!(keys(row), ["began_at", "ended_at", "kind", "host", "session_id", "message"]);
    assert_eq!(
        (&row["kind"], &row["message"]),
        (&"events_lost".into(), &"3 events of the kernel were lost".into())
    );
    assert!(stdout(&engine, &["coverage", "--gaps"]).contains("events_lost"));
}

#[test]
fn every_form_has_the_keys_that_the_help_promises() {
    let engine = Engine::with(&[refused(a_minute_ago())]);
    let folder = TempDir::new().unwrap();
    let key = folder.path().join("record.key");
    fs::write(&key, format!("{KEY}\n")).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let key = key.to_str().unwrap();
    for (question, of) in [
        ("denied", &[][..]),
        ("revealed", &[]),
        ("sessions", &[]),
        ("session show", &["00000000-0000-0000-0000-000000000001"]),
        ("who-saw", &["--key-file", key, "--value", "nobody", "--value", "ADA@example.org"]),
    ] {
        let words: Vec<&str> = question.split(' ').chain(of.iter().copied()).collect();
        let form = |form| stdout(&engine, &[words.as_slice(), &["--format", form]].concat());
        let json = form("json");
        assert!(!json.contains(['\u{1b}', '\u{202e}']), "{json}");
        let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
        let [row] = rows.as_slice() else { panic!("{question}: {json}") };
        assert_eq!(keys(row), promised(&engine, question), "{question}");
        assert!(form("csv").starts_with(&format!("{}\r\n", keys(row).join(","))), "{question}");
        let table = form("table");
        assert!(table.contains("alice") && !table.contains(['\u{1b}', '\u{202e}']), "{table}");
    }
}
