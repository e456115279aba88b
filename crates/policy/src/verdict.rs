//! The outcome of judging one statement.

/// Proof that every rule let a statement pass. Only this crate makes one, and nothing is forwarded without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    pub(crate) observed: Vec<&'static str>,
}

impl Permit {
    /// Names of the rules that would have refused the statement, and only observe.
    pub fn observed(&self) -> &[&'static str] {
        &self.observed
    }
}

/// What was decided about one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may run.
    Allow(Permit),
    /// It may not.
    Refuse(Refusal),
}

/// Why a statement may not run, for the person who sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Name of the rule.
    pub rule: &'static str,
    /// Five letters, PostgreSQL's appendix "Error Codes".
    pub sqlstate: &'static str,
    /// One line: what happened.
    pub message: String,
    /// Which rule and why.
    pub detail: String,
    /// How to get it done.
    pub hint: String,
}

impl Refusal {
    /// A refusal by a guardrail: SQLSTATE 42501, insufficient_privilege.
    pub(crate) fn guardrail(rule: &'static str, because: &str, hint: &str) -> Self {
        Refusal {
            rule,
            sqlstate: "42501",
            message: "Picket refused this statement".to_owned(),
            detail: format!("Rule \"{rule}\": {because}."),
            hint: hint.to_owned(),
        }
    }
}
