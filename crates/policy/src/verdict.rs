//! The outcome of judging one statement.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::needed::{Missing, Needed};

/// Proof that no rule is against a statement, or only such as observe or somebody has approved it against. Only this crate makes one, and nothing is forwarded
/// without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    pub(crate) observed: Vec<Arc<str>>,
}

impl Permit {
    /// Names of the rules that are against the statement, and do not keep it from running.
    pub fn observed(&self) -> &[Arc<str>] {
        &self.observed
    }
}

/// What was decided about one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may run.
    Allow(Permit),
    /// It may run when so many of each of these groups approve.
    Hold {
        /// Who must approve: the groups that `@hold` names.
        approvers: Vec<Needed>,
        /// What is said where nobody can be asked.
        otherwise: Refusal,
    },
    /// It may not.
    Refuse(Refusal),
}

impl Verdict {
    /// What is said where it does not run and nobody is asked.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Verdict::Allow(_) => None,
            Verdict::Hold { otherwise, .. } => Some(otherwise),
            Verdict::Refuse(refusal) => Some(refusal),
        }
    }
}

/// Somebody who approves one execution of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// Who that is, as a principal.
    pub user: String,
    /// The groups of that user, when it was approved.
    pub groups: BTreeSet<String>,
}

/// What these approvers are too few for. A person counts once in each group, whatever the number of answers. `requester` counts in no
/// group: nobody approves what he has asked for himself.
pub fn missing<'a>(groups: &'a [Needed], approvers: &[&Approver], requester: &str) -> Vec<Missing<'a>> {
    let people = |group: &str| {
        let of_group =
            approvers.iter().filter(|approver| approver.user != requester && approver.groups.contains(group));
        of_group.map(|approver| approver.user.as_str()).collect::<BTreeSet<_>>().len()
    };
    groups.iter().filter_map(|needed| needed.missing(people(&needed.group))).collect()
}

impl Verdict {
    /// The permit that these approvers make of a verdict that holds; `None` where one is missing.
    pub fn approved(&self, approvers: &[Approver], requester: &str) -> Option<Permit> {
        let approvers: Vec<&Approver> = approvers.iter().collect();
        match self {
            Verdict::Hold { approvers: groups, otherwise }
                if missing(groups, &approvers, requester).is_empty() =>
            {
                Some(Permit { observed: otherwise.rules.clone() })
            }
            _ => None,
        }
    }
}

/// Why a statement may not run, for the person who sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Names of the rules that are against it and enforced, the one that `hint` is about first.
    pub rules: Vec<Arc<str>>,
    /// Five letters, PostgreSQL's appendix "Error Codes".
    pub sqlstate: &'static str,
    /// One line: what happened.
    pub message: String,
    /// Which rules and why, a line for each.
    pub detail: String,
    /// How to get it done.
    pub hint: String,
}

impl Refusal {
    /// Name of the rule that `hint` is about.
    pub fn rule(&self) -> &str {
        self.rules.first().map_or("", |rule| rule)
    }
}
