//! How strictly each rule is held. A rule that only observes refuses nothing: the record names it beside the verdict.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::rules;
use crate::verdict::{Permit, Refusal, Verdict};

/// Names of all rules, as records, refusals and configurations spell them.
pub const RULES: [&str; 18] = [
    rules::copy_masked::RULE,
    rules::lexing_settings::RULE,
    rules::no_alter_system::RULE,
    rules::no_catalog_write::RULE,
    rules::no_dangerous_function::RULE,
    rules::no_disable_protection::RULE,
    rules::no_drop::RULE,
    rules::no_drop_table::RULE,
    rules::fast_path::RULE,
    rules::no_outside_reach::RULE,
    rules::no_privilege_change::RULE,
    rules::replication::RULE,
    rules::no_server_files::RULE,
    rules::no_truncate::RULE,
    rules::no_unfiltered_write::RULE,
    rules::opaque_code::RULE,
    rules::unknown_name::RULE,
    rules::unreadable::RULE,
];

/// What happens where a rule speaks against a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The statement is refused.
    Enforce,
    /// It runs, and the record says that the rule would have refused it.
    Observe,
}

/// The mode of each rule: enforced, unless it is set to observe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    observing: BTreeSet<&'static str>,
}

/// A rule that nobody wrote.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no rule `{name}`; the rules are `{}`", RULES.join("`, `"))]
pub struct UnknownRule {
    /// As it was asked for.
    pub name: String,
}

impl Modes {
    /// Sets the mode of the rule of this name.
    ///
    /// # Errors
    ///
    /// [`UnknownRule`] where there is none.
    pub fn set(&mut self, rule: &str, mode: Mode) -> Result<(), UnknownRule> {
        let known = RULES.into_iter().find(|known| *known == rule);
        let known = known.ok_or_else(|| UnknownRule { name: rule.to_owned() })?;
        match mode {
            Mode::Enforce => self.observing.remove(known),
            Mode::Observe => self.observing.insert(known),
        };
        Ok(())
    }

    /// Whether `rule` only observes.
    pub fn observes(&self, rule: &str) -> bool {
        self.observing.contains(rule)
    }

    /// The verdict where these rules speak against a statement, in the order in which they are asked: the first that is
    /// enforced refuses it.
    pub(crate) fn weigh(&self, against: impl IntoIterator<Item = Refusal>) -> Verdict {
        let mut observed = Vec::new();
        for refusal in against {
            if !self.observes(refusal.rule) {
                return Verdict::Refuse(refusal);
            }
            observed.push(refusal.rule);
        }
        Verdict::Allow(Permit { observed })
    }
}
