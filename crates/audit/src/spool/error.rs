//! Why the spool cannot do what it was asked.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::chain::KeyError;

/// Why the spool cannot do what it was asked.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// The directory cannot be used.
    #[error(
        "make spool directory `{}`; choose another `spool.dir` or give this user the right to write there",
        dir.display()
    )]
    Directory {
        /// Which one.
        dir: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its records cannot be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Another process has it.
    #[error(
        "spool directory `{}` is in use by another process; every proxy and agent needs a `spool.dir` of its own",
        dir.display()
    )]
    InUse {
        /// Which one.
        dir: PathBuf,
    },
    /// ClickHouse has not taken records for too long. Nothing of the call is kept.
    #[error(
        "spool `{}` is full: {bytes} of {bytes_max} bytes wait for ClickHouse; see why it does not take them, or \
         raise `spool.max-bytes`",
        dir.display()
    )]
    Full {
        /// Which one.
        dir: PathBuf,
        /// Bytes that wait.
        bytes: u64,
        /// Bytes that may.
        bytes_max: u64,
    },
    /// One record is larger than any may be. Nothing of the call is kept.
    #[error("a record of {bytes} bytes is too large for the spool, which takes {bytes_max} at most")]
    RecordTooLarge {
        /// Its size.
        bytes: usize,
        /// Largest size.
        bytes_max: usize,
    },
    /// A record cannot be written as JSON.
    #[error("write a record as JSON")]
    Encode(#[from] serde_json::Error),
    /// A newer Picket wrote this.
    #[error(
        "spool segment `{}` has format {format}, this Picket reads up to {known}; start the newer Picket once so \
         that it delivers it",
        path.display()
    )]
    NewerFormat {
        /// Which file.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The newest format that is understood.
        known: u32,
    },
    /// A file cannot be read.
    #[error("read spool file `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("write spool file `{}`", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl SpoolError {
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| SpoolError::Read { path: path.to_owned(), source }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| SpoolError::Write { path: path.to_owned(), source }
    }
}
