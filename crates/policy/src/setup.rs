//! What policies are made of: texts in Cedar, those that are shipped, and what the configuration says of them.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::needed::Needed;
use crate::words::meant;

/// How strictly a rule is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The statement is refused.
    Enforce,
    /// It runs, and the record says that the rule is against it.
    Observe,
}

/// A file with policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// How errors name it.
    pub name: String,
    /// What it says, in Cedar.
    pub text: String,
}

impl Source {
    /// The comment that it begins with.
    pub(crate) fn about(&self) -> String {
        let lines = self.text.lines().map_while(|line| line.strip_prefix("//"));
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    }
}

/// All that policies are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Files beside the shipped ones.
    pub own: Vec<Source>,
    /// Shipped rules that are left out.
    pub without: BTreeSet<String>,
    /// Modes by name of the rule. They go before what `@mode` says.
    pub modes: BTreeMap<String, Mode>,
    /// Who may approve what a rule is against, by its name. They go before what `@hold` says.
    pub holds: BTreeMap<String, Needed>,
}

/// Policies that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// A file cannot be read as policies, or not as policies of Picket's schema.
    #[error("{name}:{line}: {message}")]
    Text {
        /// Which file.
        name: String,
        /// From 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A rule that nobody wrote.
    #[error("there is no rule `{name}`{}; the rules are `{}`", meant(name, rules.iter()), rules.join("`, `"))]
    UnknownRule {
        /// As it was asked for.
        name: String,
        /// Those there are.
        rules: Vec<String>,
    },
    /// An own rule that is called like a shipped one.
    #[error(
        "{file}: the rule `{name}` is Picket's own; call yours otherwise, or leave that one out (`without`)"
    )]
    Taken {
        /// Which file.
        file: String,
        /// The name.
        name: String,
    },
    /// More than can be judged with.
    #[error("there are more than {limit} policies")]
    TooMany {
        /// Policies allowed.
        limit: usize,
    },
    /// Cedar did not take what is shipped.
    #[error("Cedar: {message}")]
    Cedar {
        /// Why.
        message: String,
    },
}

impl PolicyError {
    /// An error at a byte of a source's text.
    pub(crate) fn at(source: &Source, offset: usize, message: impl ToString) -> Self {
        let line = line_of(&source.text, offset);
        let message = message.to_string();
        // Cedar begins with the number of the policy, which is where it says.
        let rest = message.strip_prefix("for policy `").and_then(|rest| rest.split_once("`, "));
        let message = rest.map_or(message.as_str(), |(_, rest)| rest).to_owned();
        PolicyError::Text { name: source.name.clone(), line, message }
    }
}

/// The line, from 1, in which the byte at `offset` of a text is.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The policies that are shipped, by the name of their rule.
pub(crate) const SHIPPED: [(&str, &str); 20] = [
    ("no-drop-table", include_str!("../policies/no-drop-table.cedar")),
    ("no-truncate", include_str!("../policies/no-truncate.cedar")),
    ("no-unfiltered-write", include_str!("../policies/no-unfiltered-write.cedar")),
    ("no-drop", include_str!("../policies/no-drop.cedar")),
    ("no-privilege-change", include_str!("../policies/no-privilege-change.cedar")),
    ("no-server-files", include_str!("../policies/no-server-files.cedar")),
    ("no-outside-reach", include_str!("../policies/no-outside-reach.cedar")),
    ("no-dangerous-function", include_str!("../policies/no-dangerous-function.cedar")),
    ("no-catalog-write", include_str!("../policies/no-catalog-write.cedar")),
    ("no-alter-system", include_str!("../policies/no-alter-system.cedar")),
    ("no-disable-protection", include_str!("../policies/no-disable-protection.cedar")),
    ("opaque-code", include_str!("../policies/opaque-code.cedar")),
    ("lexing-settings", include_str!("../policies/lexing-settings.cedar")),
    ("copy-masked", include_str!("../policies/copy-masked.cedar")),
    ("unreadable", include_str!("../policies/unreadable.cedar")),
    ("unknown-name", include_str!("../policies/unknown-name.cedar")),
    ("no-fast-path", include_str!("../policies/no-fast-path.cedar")),
    ("no-replication", include_str!("../policies/no-replication.cedar")),
    ("reveal", include_str!("../policies/reveal.cedar")),
    ("allow-all", include_str!("../policies/allow-all.cedar")),
];

/// What policies can speak of.
pub(crate) const SCHEMA: &str = include_str!("../picket.cedarschema");
