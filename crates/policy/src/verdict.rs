//! The outcome of judging one statement.

use std::sync::Arc;

/// Proof that no rule is against a statement, or only such as observe. Only this crate makes one, and nothing is forwarded
/// without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    pub(crate) observed: Vec<Arc<str>>,
}

impl Permit {
    /// Names of the rules that are against the statement, and only observe.
    pub fn observed(&self) -> &[Arc<str>] {
        &self.observed
    }
}

/// What was decided about one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may run.
    Allow(Permit),
    /// It may run when somebody of these groups approves.
    Hold {
        /// Who may approve: the groups that `@hold` names.
        approvers: Vec<Arc<str>>,
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
