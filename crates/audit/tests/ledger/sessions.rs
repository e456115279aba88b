//! What the views say of sessions, and of what was refused in them.

use std::sync::Arc;

use audit::ledger::{EventRow, Whose};
use audit::record::{Record, SessionRecord, Statement, StatementRecord, UnixMicros};
use uuid::Uuid;

use crate::samples::{T0, finished, select, session, statement};
use crate::stage::{Engine, WITHIN};
use crate::views::ledger_with;

/// Session 1 is alice's: an allowed statement, a refused one, and one that runs; it ended. Of session 2, bob's, only a refused
/// statement has arrived. Session 3 did nothing.
fn three_sessions() -> Vec<Record> {
    let ids: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
    let refused =
        Statement { verdict: "refuse".to_owned(), rules: vec!["no-drop-table".to_owned()], ..select() };
    let denied =
        |id, sequence| StatementRecord { statement: Arc::new(refused.clone()), ..statement(id, sequence) };
    let ended = SessionRecord {
        ended_at: Some(UnixMicros(T0 + 2_000_000)),
        end_reason: "client_terminated".to_owned(),
        ..session(ids[0])
    };
    vec![
        Record::Session(session(ids[0])),
        Record::Statement(statement(ids[0], 1)),
        Record::Statement(finished(&statement(ids[0], 1))),
        Record::Statement(denied(ids[0], 2)),
        Record::Statement(finished(&denied(ids[0], 2))),
        Record::Statement(statement(ids[0], 3)),
        Record::Session(ended),
        Record::Statement(StatementRecord {
            principal: "bob".into(),
            database: "bank".into(),
            started_at: UnixMicros(T0 + 50),
            ..denied(ids[1], 1)
        }),
        Record::Session(SessionRecord { started_at: UnixMicros(T0 + 100), ..session(ids[2]) }),
    ]
}

#[tokio::test]
async fn denied_has_what_was_refused_and_nothing_else() {
    let engine = Engine::start();
    let ledger = ledger_with(&engine, &three_sessions()).await;
    let ask = async |principal: &str, database: &str, since| {
        let whose = Whose { principal: principal.to_owned(), database: database.to_owned() };
        let page = ledger.denied(&whose, UnixMicros(since), 100, WITHIN).await.unwrap();
        let line = |row: &audit::ledger::DeniedRow| {
            format!(
                "{} {} {} {} {}",
                row.principal,
                row.database,
                row.client,
                row.rules.join("+"),
                row.outcome
            )
        };
        page.rows.iter().map(line).collect::<Vec<_>>()
    };
    // The newest first; two versions of an execution are one, and a session that has not arrived hides nothing.
    let all = ["bob bank  no-drop-table ", "alice shop 192.0.2.7:50123 no-drop-table completed"];
    assert_eq!(ask("", "", T0).await, all);
    assert_eq!(ask("alice", "", T0).await, all[1..]);
    assert_eq!(ask("", "bank", T0).await, all[..1]);
    assert_eq!(ask("", "", T0 + 10).await, all[..1]);
    let none: [&str; 0] = [];
    assert_eq!(ask("alice", "bank", T0).await, none);
    assert_eq!(ask("' OR 1 = 1 --", "", T0).await, none);
    assert!(ledger.denied(&Whose::default(), UnixMicros(T0), 1, WITHIN).await.unwrap().more);
}

#[tokio::test]
async fn a_session_is_told_from_its_start_to_its_end() {
    let engine = Engine::start();
    let ledger = ledger_with(&engine, &three_sessions()).await;
    let line = |row: &EventRow| {
        let masked = row.masked_columns.join("+");
        format!(
            "{} {} {} {masked} {} {:?}",
            row.event, row.sequence, row.verdict, row.outcome, row.duration_seconds
        )
    };
    let page = ledger.session_timeline(Uuid::from_u128(1), 100, WITHIN).await.unwrap();
    let lines: Vec<_> = page.rows.iter().map(line).collect();
    let newest_first = [
        "end 0    Some(2.0)",
        "statement 3 allow public.users.email  None",
        "statement 2 refuse public.users.email completed Some(0.001)",
        "statement 1 allow public.users.email completed Some(0.001)",
        "start 0    None",
    ];
    assert_eq!(lines, newest_first);
    let texts: Vec<_> = page.rows.iter().map(|row| row.text.as_str()).collect();
    let start = "scram-sha-256 from 192.0.2.7:50123 as psql in production";
    assert_eq!((texts[0], texts[1], texts[4]), ("client_terminated", select().text.as_str(), start));
    let cut = ledger.session_timeline(Uuid::from_u128(1), 2, WITHIN).await.unwrap();
    assert!(cut.more && cut.rows == page.rows[..2]);
    let lone = ledger.session_timeline(Uuid::from_u128(2), 100, WITHIN).await.unwrap();
    assert_eq!(
        lone.rows.iter().map(line).collect::<Vec<_>>(),
        ["statement 1 refuse public.users.email  None"]
    );
    assert_eq!(ledger.session_timeline(Uuid::from_u128(9), 100, WITHIN).await.unwrap().rows, []);
}

#[tokio::test]
async fn sessions_count_what_they_did_in_the_time() {
    let engine = Engine::start();
    let ledger = ledger_with(&engine, &three_sessions()).await;
    let ask = async |principal: &str, since| {
        let whose = Whose { principal: principal.to_owned(), ..Whose::default() };
        let page = ledger.sessions(&whose, UnixMicros(since), 100, WITHIN).await.unwrap();
        let line = |row: &audit::ledger::SessionSummaryRow| {
            let id = row.session_id.as_u128();
            let counts = format!("{} {} {} {}", row.statements, row.refused, row.masked, row.rows);
            format!("{id} {} {} [{}] {counts}", row.principal, row.application_name, row.end_reason)
        };
        page.rows.iter().map(line).collect::<Vec<_>>()
    };
    let all = ["3 alice psql [] 0 0 0 0", "2 bob  [] 1 1 1 0", "1 alice psql [client_terminated] 3 1 3 6"];
    assert_eq!(ask("", T0).await, all);
    assert_eq!(ask("bob", T0).await, all[1..2]);
    // It began earlier, and what it had done then is not counted.
    assert_eq!(ask("", T0 + 3).await[2], "1 alice psql [client_terminated] 1 0 1 0");
    assert_eq!(ask("", T0 + 1_000).await, ["1 alice psql [client_terminated] 0 0 0 0"]);
    let none: [&str; 0] = [];
    assert_eq!(ask("", T0 + 2_000_001).await, none);
}
