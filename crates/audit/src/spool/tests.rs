//! What the spool promises: everything comes back, in order, whatever happened to process and files.

mod chain;
mod damage;
mod executions;
mod model;

use std::path::PathBuf;

use tempfile::TempDir;
use uuid::Uuid;

use crate::config::SpoolConfig;
use crate::record::{AgentHealthRecord, AlertKind, AlertRecord, Record, UnixMicros};

use super::{Batch, Spool, SpoolError};

/// A directory for spools.
struct Room(TempDir);

impl Room {
    fn new() -> Self {
        Room(TempDir::new().unwrap())
    }

    fn config(&self) -> SpoolConfig {
        SpoolConfig {
            segment_bytes: 64 << 10,
            max_bytes: 1 << 20,
            ..SpoolConfig::new(self.0.path().join("spool"))
        }
    }

    fn open(&self) -> Spool {
        Spool::open(&self.config()).unwrap()
    }

    /// The files with this ending, in their order.
    fn files(&self, ending: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.config().dir).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut files: Vec<_> =
            paths.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
        files.sort();
        files
    }
}

/// A record that is known by its number.
fn record(number: u64) -> Record {
    sized(number, 0)
}

fn sized(number: u64, letters: usize) -> Record {
    Record::AgentHealth(AgentHealthRecord {
        host: "h".repeat(letters),
        boot_id: Uuid::nil(),
        at: UnixMicros(0),
        events_submitted: number,
        events_lost: 0,
        connections_open: 0,
        state: "watching".to_owned(),
        unix_problem: String::new(),
        processes_lost: 0,
        ends_unseen: 0,
        acts: String::new(),
        denied: 0,
        heartbeat_secs: 0,
        degraded: Vec::new(),
    })
}

fn number(record: &Record) -> u64 {
    match record {
        Record::AgentHealth(health) => health.events_submitted,
        other => panic!("not a sample: {other:?}"),
    }
}

fn numbers(batch: &Batch) -> Vec<u64> {
    batch.records.iter().map(number).collect()
}

/// Takes everything that waits.
fn drain(spool: &Spool) -> Vec<u64> {
    let mut all = Vec::new();
    while let Some(batch) = spool.next_batch(7, usize::MAX).unwrap() {
        all.extend(numbers(&batch));
        spool.acknowledge(&batch, batch.before);
    }
    assert_eq!((spool.depth().records, spool.depth().bytes), (0, 0));
    all
}

#[test]
fn an_alert_among_records_is_told_once() {
    let spool = Room::new().open();
    spool.append(&[record(1)]).unwrap();
    assert!(!spool.take_urgent());
    let alert = Record::Alert(AlertRecord {
        alert_id: Uuid::nil(),
        raised_at: UnixMicros(0),
        host: String::new(),
        kind: AlertKind::Probing,
        message: String::new(),
        connection: None,
    });
    spool.append(&[record(2), alert]).unwrap();
    assert!(spool.take_urgent() && !spool.take_urgent());
}

#[test]
fn records_come_back_in_order_over_a_restart() {
    let room = Room::new();
    let spool = room.open();
    spool.append(&[record(1), record(2)]).unwrap();
    spool.append(&[record(3)]).unwrap();
    assert_eq!(spool.depth().records, 3);
    drop(spool);
    let spool = room.open();
    spool.append(&[record(4)]).unwrap();
    assert_eq!(spool.depth().records, 4);
    assert_eq!(drain(&spool), [1, 2, 3, 4]);
    drop(spool);
    assert!(drain(&room.open()).is_empty(), "acknowledged records stay away");
    assert_eq!(room.files("segment").len(), 1, "only the growing one is left");
}

#[test]
fn an_unacknowledged_batch_comes_again_with_its_token() {
    let room = Room::new();
    let spool = room.open();
    spool.append(&[record(1), record(2), record(3)]).unwrap();
    let first = spool.next_batch(2, usize::MAX).unwrap().unwrap();
    spool.append(&[record(4)]).unwrap();
    drop(spool);
    let spool = room.open();
    let again = spool.next_batch(100, usize::MAX).unwrap().unwrap();
    assert_eq!((numbers(&again), again.token()), (vec![1, 2], first.token()));
    spool.acknowledge(&again, again.before);
    let next = spool.next_batch(100, usize::MAX).unwrap().unwrap();
    assert_ne!(next.token(), first.token());
    assert_eq!(numbers(&next), [3, 4]);
}

#[test]
fn a_batch_obeys_its_bounds_but_holds_one_record_at_least() {
    let room = Room::new();
    let spool = room.open();
    spool.append(&[sized(1, 1_000), sized(2, 1_000), sized(3, 1_000)]).unwrap();
    assert_eq!(numbers(&spool.next_batch(100, 1).unwrap().unwrap()), [1]);
    let batch = spool.next_batch(100, 1).unwrap().unwrap();
    spool.acknowledge(&batch, batch.before);
    assert_eq!(numbers(&spool.next_batch(100, 2_500).unwrap().unwrap()), [2, 3]);
}

#[test]
fn a_full_spool_keeps_nothing_of_the_call_and_has_room_again_later() {
    let room = Room::new();
    let spool = room.open();
    let mut kept = 0;
    let error = loop {
        match spool.append(&[sized(kept, 10_000), sized(kept + 1, 10_000)]) {
            Ok(()) => kept += 2,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SpoolError::Full { .. }), "{error}");
    assert!(error.to_string().contains("`spool.max-bytes`"), "{error}");
    assert!(1 < room.files("segment").len(), "it rolled over");
    assert!(spool.append(&[sized(0, 60_000)]).is_err(), "still full");
    assert_eq!(spool.depth().records, kept);
    assert_eq!(drain(&spool), (0..kept).collect::<Vec<_>>());
    spool.append(&[sized(9, 600_000)]).unwrap();
    let batch = spool.next_batch(1, 1).unwrap().unwrap();
    spool.acknowledge(&batch, batch.before);
    // The growing segment is full of acknowledged records: that is not full.
    spool.append(&[sized(10, 600_000)]).unwrap();
    assert_eq!(drain(&spool), [10]);
}

#[test]
fn a_second_owner_is_refused() {
    let room = Room::new();
    let spool = room.open();
    let error = Spool::open(&room.config()).unwrap_err();
    assert!(matches!(error, SpoolError::InUse { .. }), "{error}");
    drop(spool);
    room.open();
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let room = Room::new();
    let file = room.0.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Spool::open(&SpoolConfig::new(file.join("spool"))).unwrap_err();
    assert!(
        matches!(error, SpoolError::Directory { .. }) && error.to_string().contains("file/spool"),
        "{error}"
    );
}

#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let room = Room::new();
    let spool = room.open();
    spool.append(&[record(1)]).unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&room.config().dir), 0o700);
    for entry in std::fs::read_dir(room.config().dir).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}
