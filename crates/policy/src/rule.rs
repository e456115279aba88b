//! One policy as a person knows it: the rule that it belongs to, why it is there, and what it is an example of.

use std::sync::Arc;

use cedar_policy::{Effect, Policy};

use crate::needed::{Needed, NobodyNamed};
use crate::setup::{Mode, Source};

/// Annotations with a meaning here, and those of Cedar's own habits.
const ANNOTATIONS: [&str; 9] =
    ["allows", "description", "hint", "hold", "id", "mode", "reason", "refuses", "rule"];

/// A policy, as its annotations describe it.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Name of the rule; several policies can have one.
    pub name: Arc<str>,
    /// It permits; else it forbids.
    pub permits: bool,
    /// Whether it refuses, or is only named in records.
    pub mode: Mode,
    /// Who may let it pass, where it holds.
    pub hold: Option<Needed>,
    /// Why it is against a statement, as the end of a sentence. `{name}` and `{what}` stand for what it is about.
    pub reason: String,
    /// How to get it done.
    pub hint: String,
    /// Statements that it is against, one in each line.
    pub refuses: Vec<String>,
    /// Statements that it lets pass, one in each line.
    pub allows: Vec<String>,
    /// What its file says before the first policy.
    pub about: String,
    /// Picket does not ship it.
    pub is_own: bool,
    /// The file that it is written in.
    pub file: String,
    /// The policy itself.
    pub text: String,
}

impl Rule {
    /// Reads the annotations of a policy in a file.
    pub(crate) fn of(policy: &Policy, source: &Source) -> Result<Self, String> {
        let file = source.name.as_str();
        if let Some((odd, _)) = policy.annotations().find(|(name, _)| !ANNOTATIONS.contains(name)) {
            return Err(format!("unknown annotation `@{odd}`; there are `@{}`", ANNOTATIONS.join("`, `@")));
        }
        let said = |name: &str| policy.annotation(name).unwrap_or_default();
        let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".cedar");
        let name = match said("rule") {
            "" => stem,
            name => name,
        };
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        if name.is_empty() || !name.chars().all(is_word) {
            return Err(format!("`@rule` must be letters, digits and `-`, `_`, `.`, got `{name}`"));
        }
        let permits = policy.effect() == Effect::Permit;
        let mode = match policy.annotation("mode") {
            None | Some("enforce") => Mode::Enforce,
            Some("observe") if !permits => Mode::Observe,
            Some("observe") => return Err("`@mode(\"observe\")` is for `forbid`".to_owned()),
            Some(odd) => return Err(format!("`@mode` must be \"enforce\" or \"observe\", got \"{odd}\"")),
        };
        let hold = match policy.annotation("hold") {
            None => None,
            Some(_) if permits => return Err("`@hold` is for `forbid`".to_owned()),
            Some(group) => Some(group.parse().map_err(|error: NobodyNamed| format!("`@hold` {error}"))?),
        };
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        Ok(Rule {
            name: name.into(),
            permits,
            mode,
            hold,
            reason: match said("reason") {
                "" => "it is against a policy".to_owned(),
                reason => reason.to_owned(),
            },
            hint: match said("hint") {
                "" => "Ask whoever runs Picket.".to_owned(),
                hint => hint.to_owned(),
            },
            refuses: lines(said("refuses")),
            allows: lines(said("allows")),
            about: source.about(),
            is_own: false,
            file: file.to_owned(),
            text: policy.to_cedar().unwrap_or_default(),
        })
    }
}
