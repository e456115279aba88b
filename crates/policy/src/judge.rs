//! Judges a string of statements, one verdict for each.

use sql::{Facts, Statement, Unreadable};

use crate::rules;
use crate::verdict::{Permit, Refusal, Verdict};

/// Verdicts on one string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It could be read: one verdict for each statement, in order.
    Statements(Vec<Verdict>),
    /// It could not be read, and so is refused as a whole.
    Unreadable(Refusal),
}

/// Judges what was read, or not, from a string. `is_masked` says whether a statement touches columns whose values are
/// masked. Who asks makes no difference yet, so that verdicts are shared between sessions.
pub fn judge(reading: &Result<Facts, Unreadable>, is_masked: impl Fn(&Statement) -> bool) -> Judgement {
    match reading {
        Err(unreadable) => Judgement::Unreadable(rules::unreadable::refuse(unreadable)),
        Ok(facts) => Judgement::Statements(
            facts
                .statements
                .iter()
                .map(|statement| {
                    let refusal = rules::GUARDRAILS.iter().find_map(|rule| rule(statement));
                    match refusal.or_else(|| rules::copy_masked::check(statement, &is_masked)) {
                        Some(refusal) => Verdict::Refuse(refusal),
                        None => Verdict::Allow(Permit { _made_by_judge: () }),
                    }
                })
                .collect(),
        ),
    }
}

/// The verdict on a text without statements, which does nothing.
pub fn permit_nothing() -> Verdict {
    Verdict::Allow(Permit { _made_by_judge: () })
}

/// The verdict on a fast-path call, which names a function by number and shows no statement.
pub fn refuse_fast_path() -> Refusal {
    rules::fast_path::refuse()
}

#[cfg(test)]
mod tests;
