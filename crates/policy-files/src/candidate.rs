//! Policies that nobody goes by, and statements that were recorded: what a proxy is told that is asked what the ones would have done
//! to the others.

use std::collections::{BTreeMap, BTreeSet};

use policy::{Mode, NobodyNamed, Setup, Source};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{BYTES_MAX, FILES_MAX};

/// Longest message that tells them, in bytes. In JSON, and in quotes, a text is longer than it is.
pub const MESSAGE_BYTES_MAX: u32 = 4 << 20;

/// Most statements that are asked about at once.
pub const STATEMENTS_MAX: usize = 500;

/// What policies are made of beside the shipped ones of the proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateSetup {
    own: Vec<CandidateFile>,
    without: BTreeSet<String>,
    /// Rules, and whether each only observes.
    observes: BTreeMap<String, bool>,
    holds: BTreeMap<String, String>,
}

/// A file with policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CandidateFile {
    name: String,
    text: String,
}

/// One statement, by whom it was sent and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedStatement {
    /// As it was recorded.
    pub text: String,
    /// Names of temporary tables of its session.
    pub temporary: BTreeSet<String>,
    /// As in `policy::Who`; so are the others.
    pub user: String,
    /// All that it was in.
    pub groups: BTreeSet<String>,
    /// What it was.
    pub kind: String,
    /// Who acted for it.
    pub actor: String,
    /// How it had logged in.
    pub authentication: String,
    /// What the client called itself.
    pub application: String,
    /// Its address.
    pub source: String,
    /// What kind of place the database was.
    pub environment: String,
    /// UTC, 0 to 23.
    pub hour: u8,
    /// 1 is Monday.
    pub weekday: u8,
}

/// Why they are no policies.
#[derive(Debug, Error)]
pub enum CandidateError {
    /// Too many files.
    #[error("more than {FILES_MAX} files")]
    Files,
    /// Too much in them.
    #[error("the files have more than {BYTES_MAX} bytes")]
    Bytes,
    /// Nobody who may approve.
    #[error("`{rule}` {error}")]
    Nobody {
        /// What is to be held.
        rule: String,
        /// Why nobody is named.
        error: NobodyNamed,
    },
}

impl From<&Setup> for CandidateSetup {
    fn from(setup: &Setup) -> Self {
        let Setup { own, without, modes, holds } = setup;
        let file = |source: &Source| CandidateFile { name: source.name.clone(), text: source.text.clone() };
        let modes = modes.iter().map(|(rule, mode)| (rule.clone(), *mode == Mode::Observe));
        CandidateSetup {
            own: own.iter().map(file).collect(),
            without: without.clone(),
            observes: modes.collect(),
            holds: holds.iter().map(|(rule, needed)| (rule.clone(), needed.to_string())).collect(),
        }
    }
}

impl TryFrom<CandidateSetup> for Setup {
    type Error = CandidateError;

    fn try_from(candidate: CandidateSetup) -> Result<Self, CandidateError> {
        let CandidateSetup { own, without, observes, holds } = candidate;
        if FILES_MAX < own.len() {
            return Err(CandidateError::Files);
        }
        if BYTES_MAX < own.iter().map(|file| file.text.len()).sum() {
            return Err(CandidateError::Bytes);
        }
        let own = own.into_iter().map(|CandidateFile { name, text }| Source { name, text });
        let mode = |observes| if observes { Mode::Observe } else { Mode::Enforce };
        let holds = holds.into_iter().map(|(rule, group)| match group.parse() {
            Ok(needed) => Ok((rule, needed)),
            Err(error) => Err(CandidateError::Nobody { rule, error }),
        });
        Ok(Setup {
            own: own.collect(),
            without,
            modes: observes.into_iter().map(|(rule, observes)| (rule, mode(observes))).collect(),
            holds: holds.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_is_the_same_behind_a_message() {
        let setup = Setup {
            own: vec![Source {
                name: "a.cedar".to_owned(),
                text: "permit (principal, action, resource);".to_owned(),
            }],
            without: ["no-drop".to_owned()].into(),
            modes: [("a".to_owned(), Mode::Observe), ("b".to_owned(), Mode::Enforce)].into(),
            holds: [("c".to_owned(), "2 of dba".parse().unwrap())].into(),
        };
        assert_eq!(Setup::try_from(CandidateSetup::from(&setup)).unwrap(), setup);
    }

    #[test]
    fn what_is_too_much_or_names_nobody_is_told() {
        let file = |bytes| CandidateFile { name: String::new(), text: " ".repeat(bytes) };
        let told = |own, holds| {
            let candidate = CandidateSetup { own, holds, ..CandidateSetup::default() };
            Setup::try_from(candidate).map_err(|error| error.to_string()).map(|_| ())
        };
        assert_eq!(told(vec![file(BYTES_MAX)], BTreeMap::new()), Ok(()));
        let half = BYTES_MAX / 2 + 1;
        assert_eq!(
            told(vec![file(half), file(half)], BTreeMap::new()),
            Err("the files have more than 1048576 bytes".to_owned())
        );
        assert_eq!(
            told(vec![file(0); FILES_MAX + 1], BTreeMap::new()),
            Err("more than 256 files".to_owned())
        );
        let nobody = told(Vec::new(), [("no-drop".to_owned(), "a, b".to_owned())].into()).unwrap_err();
        assert!(nobody.starts_with("`no-drop` must name one group"), "{nobody}");
    }
}
