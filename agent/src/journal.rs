//! Keeps which connections are open in a file, `open-connections.jsonl` beside the spool: an agent that starts again
//! goes on with the same records. Lines are written before the spool has their records, and a mark after that: what
//! has no mark behind it is told to the spool once more, where the same record twice is one.
//!
//! A process that is killed loses nothing of it. It is not forced to the disk: after a crash of the whole host no
//! connection of then is open any more.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use audit::record::{ConnectionRecord, Record, UnixMicros};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const NAME: &str = "open-connections.jsonl";
/// The new file until it takes the old one's place.
const NEW_NAME: &str = "open-connections.jsonl.new";
/// A file is written anew when it is larger than this, and twice as large as when it was new.
const REWRITE_ABOVE_BYTES: u64 = 4 << 20;
/// A file that is larger is none of ours: all connections that are kept, twice.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Everything before it is in the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark {
    /// The start of the kernel that is watched.
    pub(crate) boot_id: Uuid,
    /// Everything that happened before was told.
    pub(crate) seen_until: UnixMicros,
    /// The agent was asked to end.
    pub(crate) is_stop: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Mark(Mark),
    Record(Box<Record>),
}

/// What an earlier agent left.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// Its last word; `None` where there was no agent.
    pub(crate) mark: Option<Mark>,
    /// What it knew to be open.
    pub(crate) open: Vec<ConnectionRecord>,
    /// What may not be in the spool.
    pub(crate) unmarked: Vec<Record>,
}

#[derive(Debug)]
pub(crate) struct Journal {
    dir: PathBuf,
    /// `None` where it could not be written: then it is written anew with the next mark.
    file: Option<File>,
    bytes: u64,
    /// 0 until it was written anew once.
    rewrite_above: u64,
    is_told: bool,
}

impl Journal {
    /// Reads what an earlier agent left in `dir`, whose lock the spool holds, and goes on behind it: until the first
    /// mark it stays what it is.
    pub(crate) fn open(dir: &Path) -> (Self, Past) {
        let path = dir.join(NAME);
        let past = read(&path).unwrap_or_else(|error| {
            tracing::error!(path = %path.display(), %error, "what was open before is not known");
            Past::default()
        });
        let mut journal =
            Journal { dir: dir.to_owned(), file: None, bytes: 0, rewrite_above: 0, is_told: false };
        match OpenOptions::new().append(true).create(true).mode(0o600).open(&path) {
            Ok(file) => journal.file = Some(file),
            Err(error) => journal.fail(&error),
        }
        // The last line may be torn; an empty one is none.
        journal.append(b"\n");
        (journal, past)
    }

    /// Notes `records` before the spool has them.
    pub(crate) fn note(&mut self, records: &[Record]) {
        let mut lines = Vec::new();
        for record in records {
            if matches!(record, Record::Connection(_) | Record::Alert(_)) {
                push(&mut lines, record);
            }
        }
        self.append(&lines);
    }

    /// The spool has everything that was noted. `open` are all connections that are open now.
    pub(crate) fn mark<'a>(&mut self, mark: Mark, open: impl Iterator<Item = &'a ConnectionRecord>) {
        if self.file.is_some() && self.rewrite_above != 0 && self.bytes <= self.rewrite_above {
            let mut line = Vec::new();
            push(&mut line, &mark);
            self.append(&line);
            return;
        }
        match self.rewrite(mark, open) {
            Ok(()) => self.is_told = false,
            Err(error) => self.fail(&error),
        }
    }

    fn append(&mut self, lines: &[u8]) {
        let Some(file) = self.file.as_mut().filter(|_| !lines.is_empty()) else { return };
        match file.write_all(lines) {
            Ok(()) => self.bytes += lines.len() as u64,
            Err(error) => self.fail(&error),
        }
    }

    fn rewrite<'a>(
        &mut self,
        mark: Mark,
        open: impl Iterator<Item = &'a ConnectionRecord>,
    ) -> io::Result<()> {
        self.file = None;
        let (path, new_path) = (self.dir.join(NAME), self.dir.join(NEW_NAME));
        let new = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new_path)?;
        let (mut writer, mut line, mut bytes) = (BufWriter::new(new), Vec::new(), 0);
        for record in open {
            line.clear();
            push(&mut line, &Record::Connection(record.clone()));
            writer.write_all(&line)?;
            bytes += line.len() as u64;
        }
        line.clear();
        push(&mut line, &mark);
        writer.write_all(&line)?;
        let new = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        fs::rename(&new_path, &path)?;
        // A rename keeps the descriptor's place: what comes next goes behind.
        self.file = Some(new);
        self.bytes = bytes + line.len() as u64;
        self.rewrite_above = REWRITE_ABOVE_BYTES.max(self.bytes.saturating_mul(2));
        Ok(())
    }

    /// Told once: it is tried again each second.
    fn fail(&mut self, error: &io::Error) {
        self.file = None;
        if !self.is_told {
            let path = self.dir.join(NAME);
            tracing::error!(path = %path.display(), %error, "a restart would lose open connections");
            self.is_told = true;
        }
    }
}

fn push(lines: &mut Vec<u8>, line: &impl Serialize) {
    let start = lines.len();
    match serde_json::to_writer(&mut *lines, line) {
        Ok(()) => lines.push(b'\n'),
        // Nothing in these records can fail to be written; half a line must not spoil the next.
        Err(_) => lines.truncate(start),
    }
}

fn read(path: &Path) -> io::Result<Past> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Past::default()),
        Err(error) => return Err(error),
    };
    if FILE_BYTES_MAX < file.metadata()?.len() {
        return Err(io::Error::other(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    let (mut past, mut unreadable) = (Past::default(), 0_u64);
    let mut open: BTreeMap<(UnixMicros, u64), ConnectionRecord> = BTreeMap::new();
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? != 0 {
        if line == b"\n" {
            line.clear();
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(Line::Mark(mark)) => {
                past.mark = Some(mark);
                past.unmarked.clear();
            }
            Ok(Line::Record(record)) => {
                if let Record::Connection(connection) = &*record {
                    let identity = (connection.opened_at, connection.cookie);
                    match connection.closed_at {
                        None => open.insert(identity, connection.clone()),
                        Some(_) => open.remove(&identity),
                    };
                }
                past.unmarked.push(*record);
            }
            Err(_) => unreadable += 1,
        }
        line.clear();
    }
    // The last line is torn where the host lost its power, or the disk was full.
    if 1 < unreadable {
        tracing::error!(path = %path.display(), lines = unreadable, "lines about open connections are unreadable");
    }
    past.open = open.into_values().collect();
    Ok(past)
}

#[cfg(test)]
mod tests {
    use audit::record::{ConnectionClass, Ending, Evidence, Opening, StartupFacts};

    use super::*;

    fn connection(cookie: u64, closed: bool) -> Record {
        Record::Connection(ConnectionRecord {
            host: "db1".to_owned(),
            boot_id: Uuid::nil(),
            cookie,
            client_cookie: 0,
            opened_at: UnixMicros(5),
            opening: Opening::Found,
            closed_at: closed.then_some(UnixMicros(9)),
            ending: Ending::Seen,
            client: "10.0.0.9:40000".parse().unwrap(),
            server: "10.0.0.1:5432".parse().unwrap(),
            class: ConnectionClass::Bypass,
            evidence: Evidence::None,
            rule: String::new(),
            socket_path: String::new(),
            process: None,
            startup: StartupFacts::default(),
            bytes_to_server: 1,
            bytes_to_client: 2,
        })
    }

    fn mark(seen_until: i64) -> Mark {
        Mark { boot_id: Uuid::nil(), seen_until: UnixMicros(seen_until), is_stop: false }
    }

    fn cookies(past: &Past) -> Vec<u64> {
        past.open.iter().map(|record| record.cookie).collect()
    }

    #[test]
    fn what_is_open_and_what_has_no_mark_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, past) = Journal::open(dir.path());
        assert!(past.mark.is_none() && past.open.is_empty());
        journal.mark(mark(1), [].into_iter());
        journal.note(&[connection(1, false), connection(2, false)]);
        journal.mark(mark(2), [].into_iter());
        journal.note(&[connection(1, true), connection(3, false)]);
        let (_, past) = Journal::open(dir.path());
        assert_eq!((past.mark, cookies(&past)), (Some(mark(2)), vec![2, 3]));
        assert_eq!(past.unmarked, [connection(1, true), connection(3, false)]);
    }

    #[test]
    fn a_torn_end_costs_nothing_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(dir.path());
        journal.mark(mark(1), [].into_iter());
        journal.note(&[connection(1, false), connection(2, false)]);
        let path = dir.path().join(NAME);
        let whole = fs::read(&path).unwrap();
        for cut in 1..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let (_, past) = Journal::open(dir.path());
            assert!([vec![], vec![1], vec![1, 2]].contains(&cookies(&past)), "{cut}");
        }
        fs::write(&path, [0xff; 4096]).unwrap();
        assert!(Journal::open(dir.path()).1.mark.is_none());
    }

    #[test]
    fn a_long_file_is_written_anew_with_what_is_open() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(dir.path());
        let Record::Connection(open) = connection(7, false) else { unreachable!() };
        journal.mark(mark(1), [&open].into_iter());
        let noise: Vec<Record> =
            (10..1000).flat_map(|it| [connection(it, false), connection(it, true)]).collect();
        let mut bytes_max = 0;
        for round in 0..20 {
            journal.note(&noise);
            journal.mark(mark(round), [&open].into_iter());
            bytes_max = bytes_max.max(fs::metadata(dir.path().join(NAME)).unwrap().len());
        }
        assert!(bytes_max < 2 * REWRITE_ABOVE_BYTES, "{bytes_max}");
        let (_, past) = Journal::open(dir.path());
        assert_eq!((past.mark, cookies(&past)), (Some(mark(19)), vec![7]));
        assert!(past.unmarked.is_empty());
    }

    #[test]
    fn a_folder_that_is_gone_is_told_and_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("spool");
        let (mut journal, _) = Journal::open(&inner);
        journal.mark(mark(1), [].into_iter());
        assert!(journal.file.is_none() && journal.is_told);
        fs::create_dir(&inner).unwrap();
        journal.mark(mark(2), [].into_iter());
        assert_eq!(Journal::open(&inner).1.mark, Some(mark(2)));
    }
}
