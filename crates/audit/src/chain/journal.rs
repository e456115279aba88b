//! The writer's own list of its checkpoints, in a file beside the spool: where the ledger's newest rows are cut off, the
//! rest of them is still whole, and only this tells. A copy of its last line somewhere else tells as much.

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::checkpoint::Checkpoint;
use super::key::PublicKey;

/// When the file has so many bytes it gets another name, and the one before is gone: the newest line stands for all.
const BYTES_MAX: u64 = 8 << 20;
/// Longest line that is read.
const LINE_BYTES_MAX: usize = 4 << 10;

/// Why a list of checkpoints cannot be read.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file cannot be read.
    #[error("read the checkpoints in `{}`", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line is not what a writer writes.
    #[error("line {line} of `{}` is no checkpoint that a writer has signed; give the file `checkpoints` of a spool, or lines of it", path.display())]
    Line {
        /// Of which file.
        path: PathBuf,
        /// Which one.
        line: usize,
    },
}

/// The file.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// It cannot be written, and that was told.
    is_lost: bool,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Whose chain.
    pub writer: Uuid,
    /// Place of its last record.
    pub sequence: u64,
    /// Hash of the checkpoint.
    pub hash: [u8; 32],
    /// Who signed.
    pub key: PublicKey,
}

#[derive(Serialize, Deserialize)]
struct Line {
    writer: Uuid,
    sequence: u64,
    hash: String,
    key: String,
    signature: String,
}

impl Journal {
    /// The file in `dir`.
    pub(crate) fn new(dir: &Path) -> Self {
        Journal { path: dir.join("checkpoints"), is_lost: false }
    }

    /// Adds a line. A disk that is full must not keep records from the ledger.
    pub(crate) fn note(&mut self, checkpoint: &Checkpoint) {
        match self.append(checkpoint) {
            Ok(()) => self.is_lost = false,
            Err(error) if !self.is_lost => {
                self.is_lost = true;
                tracing::warn!(path = %self.path.display(), %error, "checkpoint not noted beside the spool");
            }
            Err(_) => {}
        }
    }

    fn append(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        if std::fs::metadata(&self.path).is_ok_and(|file| BYTES_MAX <= file.len()) {
            std::fs::rename(&self.path, self.path.with_extension("old"))?;
        }
        let line = Line {
            writer: checkpoint.writer,
            sequence: checkpoint.head().sequence,
            hash: STANDARD.encode(checkpoint.hash),
            key: checkpoint.key.to_string(),
            signature: STANDARD.encode(checkpoint.signature),
        };
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        file.write_all(text.as_bytes())
    }
}

/// The checkpoints in the file at `path`, or in lines of it.
///
/// # Errors
///
/// [`JournalError`] where it cannot be read, or where a line has no signature of the key that it names.
pub fn read_journal(path: &Path) -> Result<Vec<Noted>, JournalError> {
    let read = |source| JournalError::Read { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(read)?;
    let mut noted = Vec::new();
    for (number, text) in BufReader::new(file).lines().enumerate() {
        let text = text.map_err(read)?;
        let line = (text.len() <= LINE_BYTES_MAX).then(|| understand(&text)).flatten();
        noted.push(line.ok_or(JournalError::Line { path: path.to_owned(), line: number + 1 })?);
    }
    Ok(noted)
}

fn understand(text: &str) -> Option<Noted> {
    let line: Line = serde_json::from_str(text).ok()?;
    let bytes = |text: &str| STANDARD.decode(text).ok();
    let hash: [u8; 32] = bytes(&line.hash)?.try_into().ok()?;
    let key = PublicKey(bytes(&line.key)?.try_into().ok()?);
    let is_signed = key.has_signed(&hash, &bytes(&line.signature)?);
    is_signed.then_some(Noted { writer: line.writer, sequence: line.sequence, hash, key })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::chain::{Head, SigningKey};

    #[test]
    fn lines_come_back_and_changed_ones_are_named() {
        let dir = TempDir::new().unwrap();
        let mut journal = Journal::new(dir.path());
        let key = SigningKey::generate().unwrap();
        let first = Checkpoint::seal(Uuid::from_u128(1), Head::default(), vec![], &key);
        let second = Checkpoint::seal(first.writer, first.head(), vec![], &key);
        journal.note(&first);
        journal.note(&second);
        let path = dir.path().join("checkpoints");
        let noted = read_journal(&path).unwrap();
        let hashes: Vec<_> = noted.iter().map(|noted| noted.hash).collect();
        assert_eq!((hashes, noted[1].key), (vec![first.hash, second.hash], key.public()));

        let text = std::fs::read_to_string(&path).unwrap();
        let other = STANDARD.encode([7; 32]);
        std::fs::write(&path, text.replace(&STANDARD.encode(second.hash), &other)).unwrap();
        let error = read_journal(&path).unwrap_err().to_string();
        assert!(error.starts_with("line 2 of `"), "{error}");
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("checkpoints");
        std::fs::write(&path, vec![b'x'; usize::try_from(BYTES_MAX).unwrap()]).unwrap();
        let key = SigningKey::generate().unwrap();
        Journal::new(dir.path()).note(&Checkpoint::seal(Uuid::nil(), Head::default(), vec![], &key));
        assert_eq!(read_journal(&path).unwrap().len(), 1);
        assert_eq!(std::fs::metadata(dir.path().join("checkpoints.old")).unwrap().len(), BYTES_MAX);
    }
}
