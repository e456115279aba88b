//! Space that is kept for what makes room on a full disk: the cursor, and a segment to go on with.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};

use super::error::SpoolError;

/// As much as is kept where there is so much, and so often half of it where there is not.
const BYTES: u64 = 64 << 10;
const HALVES: u32 = 4;

/// The file that takes it.
#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
    is_there: bool,
}

impl Ballast {
    /// That of `dir`, if an earlier process has left any.
    pub(super) fn of(dir: &Path) -> Self {
        let path = dir.join("ballast");
        let is_there = path.exists();
        Ballast { path, is_there }
    }

    /// Takes the space, where there is some.
    pub(super) fn take(&mut self) {
        let mut sizes = (0..=HALVES).map(|halves| BYTES >> halves);
        self.is_there = self.is_there || sizes.any(|bytes| self.make(bytes).is_ok());
    }

    fn make(&self, bytes: u64) -> io::Result<()> {
        let open = || -> io::Result<File> {
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path)
        };
        let made = open().and_then(|file| Ok(fallocate(&file, FallocateFlags::empty(), 0, bytes)?));
        made.inspect_err(|_| _ = std::fs::remove_file(&self.path))
    }

    /// Does what needs a little space: in that which is kept, where there is no other. What is left of it is kept again.
    pub(super) fn with_room<T>(
        &mut self,
        mut act: impl FnMut() -> Result<T, SpoolError>,
    ) -> Result<T, SpoolError> {
        let done = act();
        if done.is_ok() || !self.is_there {
            return done;
        }
        // Best effort: where it cannot be removed, the second attempt fails as the first did.
        self.is_there = std::fs::remove_file(&self.path).is_err();
        let done = act();
        self.take();
        done
    }
}
