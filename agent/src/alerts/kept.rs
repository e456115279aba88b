//! Keeps the alerts that wait for one recipient in a file beside the spool: an agent that starts again delivers them. A line says what
//! waits, another one that it was delivered. It is not forced to the disk: after a crash of the whole host they are in the ledger alone.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use audit::record::AlertRecord;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const NAME_BEGIN: &str = "undelivered-";
const NAME_END: &str = ".jsonl";
/// The new file until it takes the old one's place.
const NEW_END: &str = ".new";
/// Of the hash that a file is called by.
const NAME_BYTES: usize = 8;
/// A file is written anew when it is larger than this, and twice as large as when it was new.
const REWRITE_ABOVE_BYTES: u64 = 1 << 20;
/// A file that is larger is none of ours: all alerts that may wait, many times.
const FILE_BYTES_MAX: u64 = 256 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Delivered { delivered: Uuid },
    Waits(Box<AlertRecord>),
}

#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    /// `None` where it could not be written: then it is written anew with the next delivery.
    file: Option<File>,
    bytes: u64,
    rewrite_above: u64,
    is_told: bool,
}

/// What the file of a recipient is called, by whatever names it to this agent.
pub(super) fn name(recipient: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(recipient).into();
    let hash: String = digest.iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("{NAME_BEGIN}{hash}{NAME_END}")
}

/// Removes files of recipients that nobody is told by any more.
pub(super) fn forget_others(dir: &Path, names: &BTreeSet<String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(NAME_BEGIN) && !names.contains(&name) {
            tracing::info!(
                name,
                "alerts that waited for somebody who is told no more are in the ledger alone"
            );
            // What cannot be removed is tried again with the next start.
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Kept {
    /// Reads what an earlier agent could not deliver, the oldest first.
    pub(super) fn open(dir: &Path, name: &str) -> (Self, Vec<AlertRecord>) {
        let path = dir.join(name);
        let waiting = read(&path).unwrap_or_else(|error| {
            tracing::error!(path = %path.display(), %error, "alerts that were not delivered are in the ledger alone");
            Vec::new()
        });
        let mut kept = Kept { path, file: None, bytes: 0, rewrite_above: 0, is_told: false };
        kept.rewrite_or_fail(waiting.iter());
        (kept, waiting)
    }

    /// It waits from now on.
    pub(super) fn waits(&mut self, alert: &AlertRecord) {
        let mut line = Vec::new();
        push(&mut line, &Line::Waits(Box::new(alert.clone())));
        self.append(&line);
    }

    /// These were delivered, and those wait still.
    pub(super) fn delivered<'a>(
        &mut self,
        those: impl Iterator<Item = Uuid>,
        waiting: impl Iterator<Item = &'a AlertRecord>,
    ) {
        let mut waiting = waiting.peekable();
        if self.file.is_none() || waiting.peek().is_none() || self.rewrite_above < self.bytes {
            return self.rewrite_or_fail(waiting);
        }
        let mut lines = Vec::new();
        those.for_each(|delivered| push(&mut lines, &Line::Delivered { delivered }));
        self.append(&lines);
    }

    fn append(&mut self, lines: &[u8]) {
        let Some(file) = self.file.as_mut() else { return };
        match file.write_all(lines) {
            Ok(()) => self.bytes += lines.len() as u64,
            Err(error) => self.fail(&error),
        }
    }

    fn rewrite_or_fail<'a>(&mut self, waiting: impl Iterator<Item = &'a AlertRecord>) {
        match self.rewrite(waiting) {
            Ok(()) => self.is_told = false,
            Err(error) => self.fail(&error),
        }
    }

    fn rewrite<'a>(&mut self, waiting: impl Iterator<Item = &'a AlertRecord>) -> io::Result<()> {
        let mut lines = Vec::new();
        waiting.for_each(|alert| push(&mut lines, &Line::Waits(Box::new(alert.clone()))));
        if let Some(file) = self.file.as_mut().filter(|_| lines.is_empty()) {
            // As it is after each delivery, mostly.
            file.set_len(0)?;
        } else {
            self.file = None;
            let mut new_path = self.path.clone().into_os_string();
            new_path.push(NEW_END);
            let mut options = OpenOptions::new();
            options.append(true).create(true).mode(0o600);
            let mut new = options.open(&new_path)?;
            new.set_len(0)?;
            new.write_all(&lines)?;
            fs::rename(&new_path, &self.path)?;
            self.file = Some(new);
        }
        self.bytes = lines.len() as u64;
        self.rewrite_above = REWRITE_ABOVE_BYTES.max(self.bytes.saturating_mul(2));
        Ok(())
    }

    /// Told once: it is tried again with each delivery.
    fn fail(&mut self, error: &io::Error) {
        self.file = None;
        if !self.is_told {
            tracing::error!(path = %self.path.display(), %error, "a restart would lose alerts that are not delivered");
            self.is_told = true;
        }
    }
}

fn push(lines: &mut Vec<u8>, line: &Line) {
    let start = lines.len();
    match serde_json::to_writer(&mut *lines, line) {
        Ok(()) => lines.push(b'\n'),
        // Nothing in an alert can fail to be written; half a line must not spoil the next.
        Err(_) => lines.truncate(start),
    }
}

fn read(path: &Path) -> io::Result<Vec<AlertRecord>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    if FILE_BYTES_MAX < file.metadata()?.len() {
        return Err(io::Error::other(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    let mut waiting: Vec<AlertRecord> = Vec::new();
    let (mut reader, mut line) = (BufReader::new(file), Vec::new());
    while reader.read_until(b'\n', &mut line)? != 0 {
        match serde_json::from_slice(&line) {
            Ok(Line::Waits(alert)) => waiting.push(*alert),
            Ok(Line::Delivered { delivered }) => waiting.retain(|alert| alert.alert_id != delivered),
            // The last line is torn where the agent was killed, or the disk was full.
            Err(_) => {}
        }
        line.clear();
    }
    Ok(waiting)
}

#[cfg(test)]
mod tests {
    use audit::record::{AlertKind, UnixMicros};

    use super::*;

    fn alert(number: u128) -> AlertRecord {
        AlertRecord {
            alert_id: Uuid::from_u128(number),
            raised_at: UnixMicros(0),
            host: "db1".to_owned(),
            kind: AlertKind::EventsLost,
            message: "a".repeat(500),
            connection: None,
        }
    }

    fn numbers(alerts: &[AlertRecord]) -> Vec<u128> {
        alerts.iter().map(|alert| alert.alert_id.as_u128()).collect()
    }

    fn left(dir: &Path) -> Vec<u128> {
        numbers(&Kept::open(dir, "undelivered-a.jsonl").1)
    }

    #[test]
    fn what_was_not_delivered_is_there_again() {
        let dir = tempfile::tempdir().unwrap();
        let (mut kept, waiting) = Kept::open(dir.path(), "undelivered-a.jsonl");
        assert!(waiting.is_empty());
        [1, 2, 3].iter().for_each(|number| kept.waits(&alert(*number)));
        assert_eq!(left(dir.path()), [1, 2, 3]);
        let (mut kept, _) = Kept::open(dir.path(), "undelivered-a.jsonl");
        let waiting = [alert(1), alert(3)];
        kept.delivered([Uuid::from_u128(2)].into_iter(), waiting.iter());
        kept.waits(&alert(4));
        assert_eq!(left(dir.path()), [1, 3, 4]);
        let (mut kept, _) = Kept::open(dir.path(), "undelivered-a.jsonl");
        kept.delivered([1, 3, 4].map(Uuid::from_u128).into_iter(), [].iter());
        assert_eq!(fs::metadata(dir.path().join("undelivered-a.jsonl")).unwrap().len(), 0);
        kept.waits(&alert(5));
        assert_eq!(left(dir.path()), [5]);
    }

    #[test]
    fn a_torn_end_costs_nothing_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let (mut kept, _) = Kept::open(dir.path(), "undelivered-a.jsonl");
        kept.waits(&alert(1));
        kept.waits(&alert(2));
        let path = dir.path().join("undelivered-a.jsonl");
        let whole = fs::read(&path).unwrap();
        for cut in 1..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let left = left(dir.path());
            assert!([vec![], vec![1], vec![1, 2]].contains(&left), "{cut}: {left:?}");
        }
    }

    #[test]
    fn a_long_outage_does_not_fill_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let (mut kept, _) = Kept::open(dir.path(), "undelivered-a.jsonl");
        let stays = alert(0);
        kept.waits(&stays);
        let mut bytes_max = 0;
        for number in 1..10_000 {
            kept.waits(&alert(number));
            kept.delivered([Uuid::from_u128(number)].into_iter(), [&stays].into_iter());
            bytes_max = bytes_max.max(fs::metadata(dir.path().join("undelivered-a.jsonl")).unwrap().len());
        }
        assert!(bytes_max < 2 * REWRITE_ABOVE_BYTES, "{bytes_max}");
        assert_eq!(left(dir.path()), [0]);
    }

    #[test]
    fn files_of_those_who_are_told_no_more_go() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (name("webhook one"), name("webhook other"));
        for name in [&one, &other, &"open-connections.jsonl".to_owned()] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        forget_others(dir.path(), &BTreeSet::from([one.clone()]));
        assert!(dir.path().join(&one).exists() && !dir.path().join(other).exists());
        assert!(dir.path().join("open-connections.jsonl").exists());
    }

    #[test]
    fn a_folder_that_takes_nothing_costs_no_alert() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("spool");
        let (mut kept, _) = Kept::open(&inner, "undelivered-a.jsonl");
        kept.waits(&alert(1));
        assert!(kept.file.is_none() && kept.is_told);
        fs::create_dir(&inner).unwrap();
        let waiting = [alert(1)];
        kept.delivered([Uuid::from_u128(7)].into_iter(), waiting.iter());
        assert_eq!(left(&inner), [1]);
    }
}
