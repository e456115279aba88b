//! The section `[access-rules]`: files that say who may log in to watched servers.

use std::path::PathBuf;

use daemon::config::{Refused, refused};
use serde::Deserialize;
use toml::Spanned;

/// More servers than a host has.
const FILES_MAX: usize = 64;

/// What was written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AccessRulesFile {
    watch: Option<bool>,
    #[serde(default)]
    config_files: Vec<Spanned<PathBuf>>,
}

/// Whether changes of access rules are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessRulesConfig {
    /// Looks at the files of each PostgreSQL that listens on a watched port …
    pub watch: bool,
    /// … and of these: each is a `postgresql.conf`.
    pub config_files: Vec<PathBuf>,
}

impl AccessRulesFile {
    pub(super) fn check(self) -> Result<AccessRulesConfig, Refused> {
        let watch = self.watch.unwrap_or(true);
        let mut config_files = Vec::new();
        for file in self.config_files {
            let path = file.get_ref();
            let message = match () {
                () if !watch => "`access-rules.config-files` needs `access-rules.watch`".to_owned(),
                () if !path.is_absolute() || path.file_name().is_none() => format!(
                    "`access-rules.config-files` must hold absolute paths such as `/etc/postgresql/17/main/postgresql.conf`, got `{}`",
                    path.display()
                ),
                () if FILES_MAX <= config_files.len() => {
                    format!("`access-rules.config-files` must hold at most {FILES_MAX} paths")
                }
                () => {
                    config_files.push(file.into_inner());
                    continue;
                }
            };
            return Err(refused(file.span(), message));
        }
        Ok(AccessRulesConfig { watch, config_files })
    }
}
