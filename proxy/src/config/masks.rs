//! The section `[mask]`: how values of each class are masked.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use daemon::config::{Refused, refused};
use mask::{Class, KEY_BYTES_MIN, Method, Methods};
use serde::Deserialize;
use toml::Spanned;

use super::words;

/// What was written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MaskFile {
    /// Holds the key that tokens are made with.
    key_file: Option<Spanned<PathBuf>>,
    /// By class.
    #[serde(default)]
    method: BTreeMap<Spanned<String>, Spanned<String>>,
}

impl MaskFile {
    pub(super) fn check(self) -> Result<Methods, Refused> {
        let key = self.key_file.as_ref().map(|path| {
            let (span, path) = (path.span(), path.get_ref());
            let key = fs::read(path).map_err(|error| {
                refused(span.clone(), format!("`mask.key-file` {} cannot be read: {error}", path.display()))
            })?;
            let key = key.trim_ascii().to_vec();
            if key.len() < KEY_BYTES_MIN {
                return Err(refused(
                    span,
                    format!(
                        "`mask.key-file` {} must hold {KEY_BYTES_MIN} bytes at least, has {}: `openssl rand -hex 32` makes a key",
                        path.display(),
                        key.len(),
                    ),
                ));
            }
            Ok(key)
        });
        let key = key.transpose()?.unwrap_or_default();
        let mut said = Vec::new();
        for (class, method) in self.method {
            let known =
                Class::named(class.get_ref()).filter(|known| has_method(*known)).ok_or_else(|| {
                    let got = class.get_ref();
                    refused(
                        class.span(),
                        format!(
                            "`mask.method` names {}, got `{got}`",
                            words(Class::ALL.into_iter().filter(|known| has_method(*known)).map(Class::name))
                        ),
                    )
                })?;
            let span = method.span();
            let found =
                Method::ALL.into_iter().find(|found| found.name() == method.get_ref()).ok_or_else(|| {
                    let (key, got) = (class.get_ref(), method.get_ref());
                    let words = words(Method::ALL.into_iter().map(Method::name));
                    refused(span.clone(), format!("`mask.method.{key}` must be one of {words}, got `{got}`"))
                })?;
            if found == Method::Token && key.is_empty() {
                return Err(refused(
                    span,
                    format!(
                        "`mask.method.{}` is `token`, which needs `mask.key-file`: `openssl rand -hex 32` makes a key",
                        class.get_ref()
                    ),
                ));
            }
            said.push((known, found));
        }
        Methods::new(said, &key)
            .ok_or_else(|| refused(0..0, "`mask.key-file` holds no key that tokens can be made with"))
    }
}

/// Whether a class has a method of its own: of what is computed the same is shown, whatever it is.
fn has_method(class: Class) -> bool {
    class != Class::Derived
}
