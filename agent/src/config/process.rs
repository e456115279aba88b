//! The section `[process]`: what is told of processes that connect.

use std::path::{Path, PathBuf};

use audit::secret::{self, SecretError};
use daemon::config::{Refused, refused};
use serde::Deserialize;
use toml::Spanned;

use crate::process::{Arguments, ArgumentsKey};

/// The key in the spool's folder, where no file is named.
const KEY_FILE: &str = "arguments.key";

/// What was written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ProcessFile {
    #[serde(default)]
    arguments: ArgumentsMode,
    key_file: Option<Spanned<PathBuf>>,
}

/// What is told of the arguments of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ArgumentsMode {
    /// A keyed hash: which are the same.
    #[default]
    Hash,
    /// They themselves, but for passwords that have a known form, and the hash.
    Keep,
    /// Nothing: they are not read.
    Drop,
}

/// What is told of processes that connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessConfig {
    arguments: ArgumentsMode,
    key_file: Option<PathBuf>,
}

impl ProcessFile {
    pub(super) fn check(self) -> Result<ProcessConfig, Refused> {
        let ProcessFile { arguments, key_file } = self;
        if let Some(path) = key_file.as_ref().filter(|path| !path.get_ref().is_absolute()) {
            let shown = path.get_ref().display();
            let message = format!("`process.key-file` must be an absolute path, got `{shown}`");
            return Err(refused(path.span(), message));
        }
        Ok(ProcessConfig { arguments, key_file: key_file.map(Spanned::into_inner) })
    }
}

impl ProcessConfig {
    /// What reads arguments. Where they are hashed and there is no key, one is made, in the folder of the spool unless the file says where.
    ///
    /// # Errors
    ///
    /// [`SecretError`] where there is no key.
    pub fn arguments(&self, spool: &Path) -> Result<Arguments, SecretError> {
        let is_kept = match self.arguments {
            ArgumentsMode::Hash => false,
            ArgumentsMode::Keep => true,
            ArgumentsMode::Drop => return Ok(Arguments::none()),
        };
        Ok(Arguments::new(ArgumentsKey::new(&secret::load_or_make(&self.key_file(spool))?), is_kept))
    }

    /// Whether arguments are told at all.
    pub fn tells_arguments(&self) -> bool {
        self.arguments != ArgumentsMode::Drop
    }

    /// The key that hashes of arguments are made with.
    ///
    /// # Errors
    ///
    /// [`SecretError`] where there is none.
    pub fn key(&self, spool: &Path) -> Result<ArgumentsKey, SecretError> {
        Ok(ArgumentsKey::new(&secret::load(&self.key_file(spool))?))
    }

    fn key_file(&self, spool: &Path) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| spool.join(KEY_FILE))
    }
}
