//! The section `[mask]`: how values of each class are masked.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use daemon::config::{Refused, refused};
use mask::{Class, KEY_BYTES_MIN, Method, Methods};
use policy::{Policies, Rule};
use serde::Deserialize;
use toml::Spanned;

use super::words;

/// What was written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MaskFile {
    /// Holds the key that tokens are made with.
    key_file: Option<Spanned<PathBuf>>,
    /// Whether masks may be written over values.
    #[serde(default)]
    takes_masks: bool,
    /// By class.
    #[serde(default)]
    method: BTreeMap<Spanned<String>, Spanned<String>>,
}

impl MaskFile {
    /// Policies may say more of some users.
    pub(super) fn check(self, policies: &Policies) -> Result<Methods, Refused> {
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
                Class::named(class.get_ref()).filter(|known| known.has_method()).ok_or_else(|| {
                    let got = class.get_ref();
                    refused(
                        class.span(),
                        format!(
                            "`mask.method` names {}, got `{got}`",
                            words(Class::ALL.into_iter().filter(|known| known.has_method()).map(Class::name))
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
        let methods = Methods::new(said, &key)
            .ok_or_else(|| refused(0..0, "`mask.key-file` holds no key that tokens can be made with"))?
            .taking_masks(self.takes_masks);
        let makes_tokens = |rule: &&Rule| rule.method == Some(Method::Token.name());
        match policies.rules().iter().find(makes_tokens) {
            Some(rule) if !methods.has_key() => Err(refused(
                0..0,
                format!(
                    "rule \"{}\" in {} masks by `token`, which needs `mask.key-file`: `openssl rand -hex 32` makes a key",
                    rule.name, rule.file
                ),
            )),
            _ => Ok(methods),
        }
    }
}

#[cfg(test)]
mod tests {
    use policy::{Setup, Source};

    use super::*;

    #[test]
    fn a_policy_that_makes_tokens_needs_a_key() {
        let text = "@rule(\"r\") @method(\"token\") permit (principal, action == Picket::Action::\"mask\", resource);";
        let own = vec![Source { name: "team.cedar".to_owned(), text: text.to_owned() }];
        let policies = Policies::new(Setup { own, ..Setup::default() }).unwrap();
        let refused = MaskFile::default().check(&policies).unwrap_err();
        assert!(format!("{refused:?}").contains(
            "in team.cedar masks by `token`, which needs `mask.key-file`: `openssl rand -hex 32` makes a key"
        ));
    }
}
