//! How far ClickHouse has acknowledged, and which batch is on its way: a small file, replaced by renaming.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::Head;
use crate::record::UnixMicros;

use super::error::SpoolError;
use super::segment::SegmentNumber;

/// A place in the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Position {
    pub(super) segment: SegmentNumber,
    pub(super) offset: u64,
}

/// What must be known again after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Names the spool in deduplication tokens, and the chain of its records.
    pub(super) spool: Uuid,
    /// Everything before it is acknowledged.
    pub(super) at: Position,
    /// Where the batch ends that begins at `at` and may have been sent: it must be sent again as it was.
    pub(super) pending_end: Option<u64>,
    /// How far the chain has come at `at`. Before there were chains, there was none.
    #[serde(default, with = "ChainWritten")]
    pub(super) chain: Head,
}

/// How [`Head`] lies there.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Head")]
struct ChainWritten {
    sequence: u64,
    hash: [u8; 32],
    newest_at: UnixMicros,
}

impl Cursor {
    /// Reads the cursor of `dir`; `None` where there is none, or none that can be understood.
    pub(super) fn load(dir: &Path) -> Result<Option<Self>, SpoolError> {
        let path = path(dir);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(SpoolError::read(&path)(error)),
        };
        let cursor = serde_json::from_slice(&text).ok();
        if cursor.is_none() {
            tracing::warn!(
                path = %path.display(),
                "spool cursor lost: it is unreadable; every record still in the spool is sent again"
            );
        }
        Ok(cursor)
    }

    /// Replaces the cursor of `dir`.
    pub(super) fn store(&self, dir: &Path) -> Result<(), SpoolError> {
        let path = path(dir);
        let new = dir.join("cursor.new");
        let write = || -> io::Result<()> {
            let mut file: File =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(&serde_json::to_vec(self)?)?;
            std::fs::rename(&new, &path)
        };
        write().map_err(SpoolError::write(&path))
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join("cursor")
}
