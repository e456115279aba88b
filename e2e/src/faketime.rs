//! libfaketime between a program and its clock, so that a test can set the clock of that program alone.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cache;
use crate::scratch::Scratch;

/// The package of Debian, unpacked into the cache.
pub const PACKAGE: &str = "libfaketime";

/// Whether there is one to load.
#[must_use]
pub fn is_installed() -> bool {
    library().is_some()
}

fn library() -> Option<PathBuf> {
    let folders = fs::read_dir(cache::folder()?.join(PACKAGE).join("usr/lib")).ok()?.flatten();
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    libraries.find(|library| library.is_file())
}

/// A time of day that can be set. Time since the kernel started goes on as it does.
#[derive(Debug)]
pub struct FakeTime {
    library: PathBuf,
    folder: Scratch,
}

impl FakeTime {
    /// One that nobody has set yet.
    pub fn new() -> Result<Self> {
        let library = library().context("find libfaketime; run `cargo xtask setup`")?;
        let time = Self { library, folder: Scratch::new("faketime")? };
        time.set(0)?;
        Ok(time)
    }

    /// Sets it to so many seconds from what it is.
    pub fn set(&self, seconds: i64) -> Result<()> {
        let new = self.folder.join("new");
        fs::write(&new, format!("{seconds:+}\n")).context("write the time")?;
        // It is read at every question for the time.
        fs::rename(&new, self.file()).context("put the time in place")
    }

    /// What a program needs in its environment.
    #[must_use]
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_string()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_string()),
            // Times of files are compared with the clock.
            ("NO_FAKE_STAT", "1".to_string()),
        ]
    }

    fn file(&self) -> PathBuf {
        self.folder.join("time")
    }
}
