//! The key that hashes of values are made with, in a file that its owner alone reads, as `openssl rand -hex 32` makes it.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};
use thiserror::Error;

use crate::chain::put;

/// Bytes of a key that is made.
const KEY_BYTES: usize = 32;
/// Fewest bytes of a file.
const FILE_BYTES_MIN: usize = 32;
/// Most of them.
const FILE_BYTES_MAX: u64 = 4 << 10;

/// Why there is no key.
#[derive(Debug, Error)]
pub enum SecretError {
    /// It cannot be made.
    #[error("make the key `{}`; give this user the right to write there, or set `key-file`", path.display())]
    Make {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("read the key `{}`", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others can read the file.
    #[error("the key `{}` can be read by others (mode {mode:03o}): `chmod 600` it", path.display())]
    Open {
        /// Which one.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is none.
    #[error("the key `{}` must have {FILE_BYTES_MIN} bytes at least: `openssl rand -hex 32` makes one", path.display())]
    Short {
        /// Which one.
        path: PathBuf,
    },
}

/// The key in the file at `path`. Where there is none, one is made.
///
/// # Errors
///
/// [`SecretError`] where it cannot be, or is no key.
pub fn load_or_make(path: &Path) -> Result<Vec<u8>, SecretError> {
    if !path.exists() {
        make(path).map_err(|source| SecretError::Make { path: path.to_owned(), source })?;
    }
    load(path)
}

/// The key in the file at `path`.
///
/// # Errors
///
/// [`SecretError`] where there is none.
pub fn load(path: &Path) -> Result<Vec<u8>, SecretError> {
    let read = |source| SecretError::Read { path: path.to_owned(), source };
    let about = std::fs::metadata(path).map_err(read)?;
    let mode = about.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Open { path: path.to_owned(), mode });
    }
    let short = || SecretError::Short { path: path.to_owned() };
    if FILE_BYTES_MAX < about.len() {
        return Err(read(io::Error::other("it is too long for a key")));
    }
    let key = std::fs::read(path).map_err(read)?.trim_ascii().to_vec();
    if key.len() < FILE_BYTES_MIN { Err(short()) } else { Ok(key) }
}

fn make(path: &Path) -> io::Result<()> {
    if let Some(dir) = path.parent().filter(|dir| !dir.exists()) {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    let mut key = [0; KEY_BYTES];
    SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("the system has no random numbers"))?;
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    put(path, &format!("{digits}\n"))?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("new/record.key");
        let made = load_or_make(&path).unwrap();
        assert_eq!(made, load_or_make(&path).unwrap());
        assert_eq!(made.len(), 64);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_ne!(made, load_or_make(&dir.path().join("other.key")).unwrap());
    }

    #[test]
    fn what_is_no_key_is_named_with_the_mend() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("record.key");
        put(&path, "short\n").unwrap();
        assert!(load(&path).unwrap_err().to_string().ends_with("`openssl rand -hex 32` makes one"));
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(load(&path).unwrap_err().to_string().ends_with("(mode 644): `chmod 600` it"));
        assert!(load(&dir.path().join("none")).is_err());
    }
}
