//! Keeps records in files until ClickHouse has acknowledged them, over any crash of the process. It knows nothing of
//! ClickHouse: the writer takes batches from it and acknowledges them.

mod ballast;
mod batch;
mod cursor;
mod error;
mod execution;
mod frame;
mod growing;
mod recovery;
mod segment;
mod tail;
#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::chain::SigningKey;
use crate::config::SpoolConfig;
use crate::record::{Record, Statement};

pub use self::batch::Batch;
use self::batch::Reading;
pub use self::error::SpoolError;
pub use self::execution::{Execution, Executions, Introduced};
use self::tail::Tail;

/// A queue of records in a directory, with one owner.
#[derive(Debug)]
pub struct Spool {
    dir: PathBuf,
    tail: Mutex<Tail>,
    /// Held over a whole read, so that there is one reader; `tail` is not.
    reading: Mutex<Reading>,
    appended: Notify,
    signing_key: SigningKey,
    /// Counts the statements that were introduced.
    introduced: AtomicU64,
    /// Counts the calls that kept nothing.
    not_kept: AtomicU64,
    /// There is something among what waits that somebody must know at once.
    is_urgent: AtomicBool,
    /// The lock on the directory lasts as long as this file is open.
    _lock: File,
}

/// What waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Records that are not acknowledged.
    pub records: u64,
    /// Their bytes in the spool.
    pub bytes: u64,
    /// Bytes of all files, acknowledged records too.
    pub bytes_on_disk: u64,
}

impl Spool {
    /// Opens the spool, and finds what an earlier process left in it.
    pub fn open(config: &SpoolConfig) -> Result<Self, SpoolError> {
        let dir = config.dir.clone();
        let directory = |source| SpoolError::Directory { dir: dir.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(directory)?;
        std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o700)).map_err(directory)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(dir.join("lock"))
            .map_err(directory)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::InUse { dir }),
            Err(TryLockError::Error(source)) => return Err(directory(source)),
        }
        let signing_key = SigningKey::load_or_make(&config.key_path())?;
        let tail = recovery::recover(config)?;
        Ok(Spool {
            dir,
            tail: Mutex::new(tail),
            reading: Mutex::default(),
            introduced: AtomicU64::new(0),
            not_kept: AtomicU64::new(0),
            is_urgent: AtomicBool::new(false),
            appended: Notify::new(),
            signing_key,
            _lock: lock,
        })
    }

    /// Keeps `records`, all or none of them. When it returns, the kernel has their bytes: they survive the death of
    /// this process.
    pub fn append(&self, records: &[Record]) -> Result<(), SpoolError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        for record in records {
            frame::write(record, &mut bytes)?;
        }
        let kept = self.tail().append(&bytes, records.len() as u64);
        if records.iter().any(|record| matches!(record, Record::Alert(_))) {
            self.is_urgent.store(true, Ordering::Relaxed);
        }
        self.kept(kept)
    }

    /// Makes a statement known, for executions to refer to.
    pub fn introduce(&self, statement: Statement) -> Introduced {
        let id = self.introduced.fetch_add(1, Ordering::Relaxed);
        Introduced::new(id, statement)
    }

    /// Keeps `executions`, all or none of them, as [`append`](Spool::append) does.
    pub fn append_executions(&self, executions: &Executions) -> Result<(), SpoolError> {
        if executions.records == 0 {
            return Ok(());
        }
        let kept = self.tail().append_executions(executions);
        self.kept(kept)
    }

    fn kept(&self, kept: Result<(), SpoolError>) -> Result<(), SpoolError> {
        match &kept {
            Ok(()) => self.appended.notify_one(),
            Err(_) => _ = self.not_kept.fetch_add(1, Ordering::Relaxed),
        }
        kept
    }

    /// Signs what is taken from here.
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing_key
    }

    /// Where its files are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// How much waits.
    pub fn depth(&self) -> Depth {
        self.tail().depth()
    }

    /// How often nothing was kept of what somebody had to record, since it was opened.
    pub fn not_kept(&self) -> u64 {
        self.not_kept.load(Ordering::Relaxed)
    }

    /// Segments that were set aside because a part of them is unreadable, those that were found at the start too.
    pub fn set_aside(&self) -> u64 {
        self.tail().set_aside
    }

    /// Those that were set aside since the last call.
    pub fn newly_set_aside(&self) -> Vec<PathBuf> {
        std::mem::take(&mut self.tail().newly_set_aside)
    }

    /// Whether an alert was appended since the last call.
    pub fn take_urgent(&self) -> bool {
        self.is_urgent.swap(false, Ordering::Relaxed)
    }

    /// Waits until something was appended since the last call.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the next call does not miss what came in between.
    pub async fn appended(&self) {
        self.appended.notified().await;
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        // Nothing in there is left half-changed by a panic: every change is made after the write that it tells of.
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
