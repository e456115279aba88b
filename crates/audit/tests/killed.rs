//! A spool whose process is killed in the middle of keeping a record. In a program of its own: a process that is being
//! started holds the locks of all spools that are open then.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;

use audit::config::SpoolConfig;
use audit::record::{AgentHealthRecord, Record, UnixMicros};
use audit::spool::Spool;
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use tempfile::TempDir;
use uuid::Uuid;

/// Tell the process that is to be killed where its spool is, and how many bytes of its last record are put.
const DIR: &str = "PICKET_TEST_SPOOL_OF_THE_KILLED";
const BYTES_PUT: &str = "PICKET_TEST_BYTES_PUT";

/// Bytes of a segment before its first record.
const HEADER_BYTES: u64 = 24;

/// Longer than what is put through the map.
const LONG_LETTERS: usize = 300_000;

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

/// Keeps two records and a long one, of which the kernel takes so many bytes before it kills this process (SIGXFSZ).
fn keep_until_killed(dir: PathBuf, bytes_put: u64) -> ! {
    let spool = Spool::open(&SpoolConfig::new(dir)).unwrap();
    // The first has space taken ahead.
    spool.append(&[sized(0, 0)]).unwrap();
    spool.append(&[sized(1, LONG_LETTERS)]).unwrap();
    let limit = Some(HEADER_BYTES + spool.depth().bytes + bytes_put);
    setrlimit(Resource::Fsize, Rlimit { current: limit, maximum: limit }).unwrap();
    let kept = spool.append(&[sized(2, LONG_LETTERS)]);
    panic!("nobody has killed it: {kept:?}");
}

/// The numbers of all records that wait.
fn drain(spool: &Spool) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Some(batch) = spool.next_batch(100, usize::MAX).unwrap() {
        numbers.extend(batch.records.iter().map(|record| match record {
            Record::AgentHealth(health) => health.events_submitted,
            other => panic!("not a sample: {other:?}"),
        }));
        spool.acknowledge(&batch, batch.before);
    }
    numbers
}

#[test]
fn a_record_that_was_not_whole_when_its_process_was_killed_is_no_damage() {
    if let (Some(dir), Ok(bytes_put)) = (std::env::var_os(DIR), std::env::var(BYTES_PUT)) {
        keep_until_killed(dir.into(), bytes_put.parse().unwrap());
    }
    for bytes_put in [1, 5, 9, 100, 70_000, LONG_LETTERS] {
        let folder = TempDir::new().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_record_that_was_not_whole_when_its_process_was_killed_is_no_damage"])
            .envs([(DIR, folder.path().as_os_str()), (BYTES_PUT, bytes_put.to_string().as_ref())])
            .output()
            .unwrap();
        assert_eq!(child.status.signal(), Some(Signal::XFSZ.as_raw()), "{child:?}");
        let left = drain(&Spool::open(&SpoolConfig::new(folder.path().to_owned())).unwrap());
        assert_eq!(left, [0, 1], "after {bytes_put} bytes");
        let mut files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        assert!(
            files.all(|file| file.extension().is_none_or(|ending| ending != "broken")),
            "after {bytes_put}"
        );
    }
}
