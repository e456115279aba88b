//! Executions come back whole: with their statements, over restarts, roll-overs and damage.

use std::sync::Arc;

use uuid::Uuid;

use crate::record::{Outcome, Record, Statement, StatementRecord, UnixMicros};

use super::super::{Execution, Executions, Introduced, Spool};
use super::{Room, record};

fn statement(text: &str) -> Statement {
    Statement { text: text.to_owned(), fingerprint: 7, verdict: "allow".to_owned(), ..Statement::default() }
}

fn started(statement: &Introduced, sequence: u64) -> Execution<'static> {
    Execution {
        statement: statement.clone(),
        text: None,
        values: &[],
        parameters: None,
        session_id: Uuid::from_u128(5),
        sequence,
        started_at: UnixMicros(1_000),
        finished_at: None,
        principal: "alice",
        database: "shop",
        outcome: Outcome::Running,
        rows: 0,
        bytes: 0,
        masked: 0,
        sqlstate: "",
    }
}

fn ended(statement: &Introduced, sequence: u64) -> Execution<'static> {
    Execution {
        finished_at: Some(UnixMicros(2_000)),
        outcome: Outcome::Failed,
        rows: u64::MAX,
        bytes: 9,
        masked: 3,
        sqlstate: "57014",
        ..started(statement, sequence)
    }
}

fn keep<const N: usize>(spool: &Spool, executions: [Execution<'_>; N]) {
    let mut together = Executions::default();
    executions.into_iter().for_each(|execution| together.push(execution).unwrap());
    spool.append_executions(&together).unwrap();
}

/// Each record as `sequence text outcome`.
fn shown(records: &[Record]) -> Vec<String> {
    let show = |record: &Record| match record {
        Record::Statement(statement @ StatementRecord { sequence, outcome, .. }) => {
            format!("{sequence} {} {}", statement.text(), outcome.name())
        }
        _ => "other".to_owned(),
    };
    records.iter().map(show).collect()
}

fn take(spool: &Spool, records_max: usize) -> Vec<String> {
    let batch = spool.next_batch(records_max, usize::MAX).unwrap().unwrap();
    let shown = shown(&batch.records);
    spool.acknowledge(&batch, batch.before);
    shown
}

#[test]
fn an_execution_comes_back_as_it_was() {
    let room = Room::new();
    let spool = room.open();
    let select = spool.introduce(statement("select 'ü'"));
    keep(&spool, [ended(&select, 3)]);
    let batch = spool.next_batch(9, usize::MAX).unwrap().unwrap();
    let whole = StatementRecord {
        session_id: Uuid::from_u128(5),
        sequence: 3,
        started_at: UnixMicros(1_000),
        finished_at: Some(UnixMicros(2_000)),
        principal: "alice".into(),
        database: "shop".into(),
        statement: Arc::new(statement("select 'ü'")),
        own_text: None,
        own_values: Vec::new(),
        parameters: Vec::new(),
        outcome: Outcome::Failed,
        rows: u64::MAX,
        bytes: 9,
        masked_values: 3,
        sqlstate: "57014".to_owned(),
    };
    assert_eq!(batch.records, [Record::Statement(whole)]);
}

#[test]
fn a_statement_is_written_once_and_found_again_after_a_restart() {
    let room = Room::new();
    let spool = room.open();
    let (one, two) = (spool.introduce(statement("one")), spool.introduce(statement("two")));
    keep(&spool, [started(&one, 1), started(&two, 2)]);
    let first = spool.depth().bytes;
    keep(&spool, [started(&one, 3), started(&two, 4)]);
    assert!(spool.depth().bytes - first < first / 2, "only the executions were written");
    assert_eq!(spool.depth().records, 4, "statements are no records");
    assert_eq!(take(&spool, 2), ["1 one ", "2 two "]);
    drop(spool);
    let spool = room.open();
    assert_eq!(spool.depth().records, 2);
    assert_eq!(take(&spool, 9), ["3 one ", "4 two "]);
}

#[test]
fn every_segment_has_the_statements_that_it_needs() {
    let room = Room::new();
    let spool = room.open();
    let long = spool.introduce(statement(&"x".repeat(20_000)));
    for sequence in 0..2_000 {
        keep(&spool, [started(&long, sequence), started(&long, sequence)]);
    }
    assert!(2 < room.files("segment").len(), "it rolled over");
    drop(spool);
    let spool = room.open();
    let mut seen = 0;
    while let Some(batch) = spool.next_batch(7, usize::MAX).unwrap() {
        seen += batch.records.len();
        assert!(shown(&batch.records).iter().all(|shown| 20_000 < shown.len()), "its text is there");
        spool.acknowledge(&batch, batch.before);
    }
    assert_eq!(seen, 4_000);
}

#[test]
fn an_execution_can_have_a_text_of_its_own() {
    let room = Room::new();
    let spool = room.open();
    let one = spool.introduce(statement("select 1"));
    keep(&spool, [Execution { text: Some("select 2"), ..ended(&one, 1) }]);
    assert_eq!(take(&spool, 9), ["1 select 2 failed"]);
}

#[test]
fn a_start_is_not_sent_beside_its_end() {
    let room = Room::new();
    let spool = room.open();
    let one = spool.introduce(statement("one"));
    spool.append(&[record(1)]).unwrap();
    keep(&spool, [started(&one, 1), started(&one, 2), ended(&one, 1)]);
    keep(&spool, [ended(&one, 2)]);
    assert_eq!(take(&spool, 4), ["other", "2 one ", "1 one failed"]);
    assert_eq!(take(&spool, 4), ["2 one failed"]);
    assert_eq!(spool.depth().records, 0);
}

#[test]
fn an_execution_whose_statement_is_unreadable_is_told_all_the_same() {
    let room = Room::new();
    let spool = room.open();
    let one = spool.introduce(statement("one"));
    keep(&spool, [started(&one, 1)]);
    drop(spool);
    let path = room.files("segment").pop().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let spool = room.open();
    assert_eq!(take(&spool, 9), ["1 (the part of the spool that held this statement is unreadable) "]);
    assert_eq!(room.files("broken").len(), 1);
}

#[test]
fn values_of_an_execution_are_read_again() {
    let room = Room::new();
    let spool = room.open();
    let one = spool.introduce(Statement { values: vec![3], ..statement("select $1") });
    let values = [1, u64::MAX];
    keep(&spool, [started(&one, 1), Execution { values: &values, ..started(&one, 2) }]);
    keep(&spool, [Execution { values: &values, text: Some("select 2"), ..started(&one, 3) }]);
    let batch = spool.next_batch(9, usize::MAX).unwrap().unwrap();
    let given = |record: &Record| match record {
        Record::Statement(statement) => statement.values_given().collect(),
        _ => Vec::new(),
    };
    let given: Vec<Vec<u64>> = batch.records.iter().map(given).collect();
    assert_eq!(given, [vec![3], vec![3, 1, u64::MAX], vec![1, u64::MAX]]);
}

#[test]
fn a_batch_has_no_more_than_the_ledger_can_take() {
    const MANY: u64 = 1_000;
    let room = Room::new();
    let spool = room.open();
    let long = spool.introduce(statement(&"x".repeat(256 << 10)));
    let mut together = Executions::default();
    (0..MANY).for_each(|sequence| together.push(started(&long, sequence)).unwrap());
    spool.append_executions(&together).unwrap();
    let (mut all, mut most) = (0, 0);
    while let Some(batch) = spool.next_batch(usize::MAX, usize::MAX).unwrap() {
        all += batch.records.len();
        most = most.max(batch.records.len());
        spool.acknowledge(&batch, batch.before);
    }
    assert_eq!((all, most), (1_000, 256));
}
