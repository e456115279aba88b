//! One policy as a person knows it: the rule that it belongs to, why it is there, and what it is an example of.

use std::sync::Arc;

use cedar_policy::{ActionConstraint, Effect, Policy};

use crate::asks::MASK;
use crate::needed::{Needed, NobodyNamed};
use crate::setup::{Mode, Source};
use crate::words::{METHODS, meant};

/// Annotations with a meaning here, and those of Cedar's own habits.
const ANNOTATIONS: [&str; 10] =
    ["allows", "description", "hint", "hold", "id", "method", "mode", "reason", "refuses", "rule"];

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
    /// How it has values masked, of [`METHODS`].
    pub method: Option<&'static str>,
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
    /// The line of it, from 1, in which it begins.
    pub line: usize,
    /// The policy itself.
    pub text: String,
}

impl Rule {
    /// Reads the annotations of a policy in a file.
    pub(crate) fn of(policy: &Policy, source: &Source) -> Result<Self, String> {
        let file = source.name.as_str();
        if let Some((odd, _)) = policy.annotations().find(|(name, _)| !ANNOTATIONS.contains(name)) {
            let known = ANNOTATIONS.map(|name| format!("@{name}"));
            let (meant, all) = (meant(&format!("@{odd}"), known.iter()), known.join("`, `"));
            return Err(format!("unknown annotation `@{odd}`{meant}; there are `{all}`"));
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
        let method = method(policy)?;
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        Ok(Rule {
            name: name.into(),
            permits,
            mode,
            hold,
            method,
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
            line: 1,
            text: policy.to_cedar().unwrap_or_default(),
        })
    }
}

/// What `@method` says: of each policy that permits `mask`, and of no other.
fn method(policy: &Policy) -> Result<Option<&'static str>, String> {
    let is_about =
        matches!(policy.action_constraint(), ActionConstraint::Eq(only) if only.id().unescaped() == MASK);
    match (is_about && policy.effect() == Effect::Permit, policy.annotation("method")) {
        (false, None) if is_about => Err("`mask` is for `permit`; `forbid` is for `reveal`".to_owned()),
        (false, None) => Ok(None),
        (false, Some(_)) => {
            Err("`@method` is for `permit` with `action == Picket::Action::\"mask\"`".to_owned())
        }
        (true, said) => {
            let known = METHODS.into_iter().find(|known| Some(*known) == said);
            let all = || METHODS.join("\", \"");
            let wrong = || match said {
                Some(odd) => format!("`@method` must be one of \"{}\", got \"{odd}\"", all()),
                None => format!("`mask` is permitted with `@method`, which is one of \"{}\"", all()),
            };
            known.map(Some).ok_or_else(wrong)
        }
    }
}
