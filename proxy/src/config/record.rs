//! The section `[record]`: what of the values that statements say is recorded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use audit::secret;
use daemon::config::{Refused, refused};
use mask::{Kept, Recording, ValueKey};
use serde::Deserialize;
use toml::Spanned;

/// What was written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RecordFile {
    #[serde(default)]
    literals: Literals,
    #[serde(default)]
    parameters: Parameters,
    #[serde(default)]
    comments: Comments,
    /// Holds the key that hashes of values are made with.
    key_file: Option<Spanned<PathBuf>>,
}

/// What is recorded of literals that may be values of sensitive columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Literals {
    /// A keyed hash; those of which nobody knows what they are stay in statements that reach nothing sensitive.
    #[default]
    Sensitive,
    /// A keyed hash, also of all of which nobody knows what they are.
    Strict,
    /// They are left out.
    Drop,
    /// All literals, as they are.
    Keep,
}

/// What is recorded of parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Parameters {
    /// A keyed hash of those that would be one as literals.
    #[default]
    Hash,
    /// Nothing of any.
    Drop,
    /// All, as they are.
    Keep,
}

/// What is recorded of comments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Comments {
    /// Those in which nothing sensitive is found, of statements that reach nothing sensitive.
    #[default]
    Sensitive,
    /// That there are some.
    Drop,
    /// All of them.
    Keep,
}

/// What is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordConfig {
    literals: Literals,
    parameters: Parameters,
    comments: Comments,
    key_file: Option<PathBuf>,
}

impl RecordFile {
    pub(super) fn check(self) -> Result<RecordConfig, Refused> {
        let RecordFile { literals, parameters, comments, key_file } = self;
        if let Some(path) = key_file.as_ref().filter(|path| path.get_ref().as_os_str().is_empty()) {
            return Err(refused(
                path.span(),
                "`record.key-file` must be the path of a file, got an empty string",
            ));
        }
        Ok(RecordConfig { literals, parameters, comments, key_file: key_file.map(Spanned::into_inner) })
    }
}

impl RecordConfig {
    /// What is recorded by it, with the key of the spool in this directory where the file names none; one is made where there is none.
    pub(crate) fn recording(&self, spool: &Path) -> anyhow::Result<Arc<Recording>> {
        let hashes_literals = matches!(self.literals, Literals::Sensitive | Literals::Strict);
        let hashes = match hashes_literals || self.parameters == Parameters::Hash {
            true => {
                let path = self.key_file.clone().unwrap_or_else(|| spool.join("record.key"));
                let key = secret::load_or_make(&path)?;
                Kept::Hashes(ValueKey::new(&key).context("take the key of values")?)
            }
            // Nothing asks for them.
            false => Kept::Nothing,
        };
        let literals = match self.literals {
            Literals::Sensitive | Literals::Strict => hashes.clone(),
            Literals::Drop => Kept::Nothing,
            Literals::Keep => Kept::All,
        };
        let parameters = match self.parameters {
            Parameters::Hash => hashes,
            Parameters::Drop => Kept::Nothing,
            Parameters::Keep => Kept::All,
        };
        let comments = match self.comments {
            Comments::Sensitive => mask::Comments::Look,
            Comments::Drop => mask::Comments::Drop,
            Comments::Keep => mask::Comments::Keep,
        };
        let is_strict = matches!(self.literals, Literals::Strict | Literals::Drop);
        Ok(Arc::new(Recording { literals, parameters, is_strict, comments }))
    }
}
