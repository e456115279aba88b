//! The session at the provider, as it is kept: one file that only its owner may read.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// What only its owner may do, with the folder and with files in it.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// What others may never do.
const OTHERS: u32 = 0o077;

/// A session at the provider.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Session {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    /// Seconds since 1970 until which the token is valid.
    pub(super) expires_at: u64,
}

impl Session {
    pub(super) fn is_valid_for(&self, time: Duration) -> bool {
        now().saturating_add(time.as_secs()) < self.expires_at
    }

    /// What ends it at the provider.
    pub(super) fn to_revoke(&self) -> &str {
        self.refresh_token.as_deref().unwrap_or(&self.access_token)
    }
}

/// Where it is kept.
pub(super) struct Store {
    folder: PathBuf,
}

/// The store while nobody else changes it.
pub(super) struct Locked<'s> {
    store: &'s Store,
    _lock: File,
}

impl Store {
    /// The folder of the user's state (XDG Base Directory Specification), made where it is missing.
    pub(super) fn open() -> Result<Self, Failure> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // A relative path is none, says the specification.
        let state = set("XDG_STATE_HOME").filter(|path| path.is_absolute());
        let state = state.or_else(|| set("HOME").map(|home| home.join(".local/state")));
        let state = state.ok_or_else(|| {
            Failure::usage(anyhow!("there is no folder to keep a log-in in: set HOME or XDG_STATE_HOME"))
        })?;
        let folder = state.join("picket");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(&folder)
            .with_context(|| format!("create {}", folder.display()))?;
        Ok(Store { folder })
    }

    /// Waits for others that change it.
    pub(super) fn lock(&self) -> Result<Locked<'_>, Failure> {
        let path = self.folder.join("session.lock");
        let open = || {
            let lock = own(OpenOptions::new().write(true).create(true).truncate(false)).open(&path)?;
            lock.lock()?;
            Ok::<_, std::io::Error>(lock)
        };
        let lock = open().with_context(|| format!("lock {}", path.display()))?;
        Ok(Locked { store: self, _lock: lock })
    }

    fn path(&self) -> PathBuf {
        self.folder.join("session.json")
    }
}

impl Locked<'_> {
    pub(super) fn read(&mut self) -> Result<Option<Session>, Failure> {
        let path = self.store.path();
        let metadata = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            metadata => metadata.with_context(|| read(&path))?,
        };
        if !metadata.is_file() || metadata.mode() & OTHERS != 0 {
            return Err(Failure::no_rights(anyhow!(
                "{} can be read or changed by others, and so may not be yours any more: remove it, and run `picket login`",
                path.display()
            )));
        }
        let text = fs::read(&path).with_context(|| read(&path))?;
        let session = serde_json::from_slice(&text).map_err(|_| {
            anyhow!("{} is no session of this Picket: remove it, and run `picket login`", path.display())
        })?;
        Ok(Some(session))
    }

    /// It is there whole, or as it was.
    pub(super) fn write(&mut self, session: &Session) -> Result<(), Failure> {
        let path = self.store.path();
        let written = || format!("write {}", path.display());
        let temporary = path.with_extension("new");
        let text = serde_json::to_vec(session).with_context(written)?;
        // What is left of another time has whatever rights it has.
        let _ = fs::remove_file(&temporary);
        let mut file =
            own(OpenOptions::new().write(true).create_new(true)).open(&temporary).with_context(written)?;
        file.write_all(&text).and_then(|()| file.sync_all()).with_context(written)?;
        Ok(fs::rename(&temporary, &path).with_context(written)?)
    }

    pub(super) fn forget(&mut self) -> Result<(), Failure> {
        let path = self.store.path();
        Ok(fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?)
    }
}

fn own(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(FILE_MODE)
}

fn read(path: &Path) -> String {
    format!("read {}", path.display())
}

/// The present moment in seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
