//! What Cedar answers to one question. It is remembered: statements are many, but do few things to few relations.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cedar_policy::{AuthorizationError, Context, Decision, Request};
use sql::Statement;
use sql::facts::Via;

use crate::asks::{Ask, Details, MASK, OF_VALUES, action_of};
use crate::cedar::{CedarError, fields, text, texts, truth, uid};
use crate::policies::{Policies, Relevant};
use crate::resource::Resource;
use crate::subject::Subject;

/// Most answers that are remembered.
const ANSWERS_MAX: usize = 16_384;

/// Longest question that is remembered, in bytes of what it names.
const ASK_BYTES_MAX: usize = 2_048;

/// Words by which a policy asks for what differs from statement to statement.
pub(crate) const WORDS_OF_WHOLE: [&str; 3] = ["effects", "columns", "functions"];

/// What the context of each question says of the statement as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Whole {
    effects: Vec<&'static str>,
    columns: Vec<String>,
    functions: Vec<String>,
    masks: Masks,
    readers_disagree: bool,
}

/// What masks have to do with a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Masks {
    /// It touches columns whose values are masked.
    pub(crate) is_reached: bool,
    /// What it copies out can be masked on its way.
    pub(crate) is_applied: bool,
}

/// The answer to one question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// Numbers of the policies that forbid it.
    pub(crate) forbidding: Vec<usize>,
    pub(crate) is_permitted: bool,
    /// Numbers of the policies that permit it, where it matters which.
    pub(crate) permitting: Vec<usize>,
    /// Why nobody can tell.
    pub(crate) failure: Option<String>,
}

/// Answers by subject, question, and the statement as a whole where policies look at it.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<HashMap<(u64, Ask, Whole), Arc<Answer>>>);

impl Whole {
    pub(crate) fn of(
        statement: &Statement,
        columns: Vec<String>,
        readers_disagree: bool,
        masks: Masks,
    ) -> Self {
        let Statement { effects, functions, .. } = statement;
        Whole {
            effects: effects
                .iter()
                .map(|effect| action_of(*effect))
                .chain(statement.locks.then_some("lock"))
                .collect(),
            columns,
            functions: functions.clone(),
            masks,
            readers_disagree,
        }
    }

    /// Bytes of all names.
    pub(crate) fn len(&self) -> usize {
        self.columns.iter().chain(&self.functions).map(String::len).sum()
    }

    /// The same where policies do not look at what it is made of.
    pub(crate) fn seen(self, look: bool) -> Self {
        let Whole { masks, readers_disagree, .. } = self;
        if look { self } else { Whole { masks, readers_disagree, ..Whole::default() } }
    }
}

impl Policies {
    /// How many answers are remembered.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.answers().0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What they say to one question of a statement.
    pub(crate) fn answer(&self, subject: &Subject, ask: &Ask, whole: &Whole) -> Arc<Answer> {
        if ASK_BYTES_MAX < ask.details.value.len() + whole.len() {
            return Arc::new(self.ask_or_fail(subject, ask, whole));
        }
        let key = (subject.id(), ask.clone(), whole.clone());
        let lock = || self.answers().0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = lock().get(&key) {
            return Arc::clone(answer);
        }
        // Others go on while Cedar is asked.
        let answer = Arc::new(self.ask_or_fail(subject, ask, &key.2));
        let mut known = lock();
        if ANSWERS_MAX <= known.len() {
            known.clear();
        }
        known.insert(key, Arc::clone(&answer));
        answer
    }

    fn ask_or_fail(&self, subject: &Subject, ask: &Ask, whole: &Whole) -> Answer {
        let failed = |error: CedarError| Answer { failure: Some(error.to_string()), ..Answer::default() };
        self.ask(subject, ask, whole).unwrap_or_else(failed)
    }

    fn ask(&self, subject: &Subject, ask: &Ask, whole: &Whole) -> Result<Answer, CedarError> {
        let missing = || CedarError::new(format!("there is no action `{}`", ask.action));
        let about = match ask.resource {
            Resource::Column { .. } => self.about_columns(ask.action),
            _ => self.about(ask.action),
        };
        let about = about.ok_or_else(missing)?;
        let (resource, entities) = ask.resource.entities(&self.types, subject)?;
        let entities = subject.entities.clone().add_entities(entities, None).map_err(CedarError::new)?;
        let action = uid(&self.types.action, ask.action);
        let context = context(subject, &ask.details, whole)?;
        let request = Request::new(subject.user.clone(), action, resource, context, None);
        let request = request.map_err(CedarError::new)?;
        let is_of_values = OF_VALUES.contains(&ask.action);
        let mut answer = Answer { is_permitted: self.permits_all() && !is_of_values, ..Answer::default() };
        if about.may_forbid() {
            let response = self.authorizer.is_authorized(&request, &about.forbids, &entities);
            for policy in response.diagnostics().reason() {
                answer.forbidding.push(policy.to_string().parse().map_err(CedarError::new)?);
            }
            answer.failure = response.diagnostics().errors().next().map(|error| self.failure(error));
        }
        if !answer.is_permitted {
            // A policy to permit that fails does not permit; another one may.
            let response = self.authorizer.is_authorized(&request, &about.permits, &entities);
            answer.is_permitted = response.decision() == Decision::Allow;
            if ask.action == MASK {
                answer.failure = response.diagnostics().errors().next().map(|error| self.failure(error));
                for policy in response.diagnostics().reason() {
                    answer.permitting.push(policy.to_string().parse().map_err(CedarError::new)?);
                }
            }
        }
        Ok(answer)
    }

    /// What is wrong with the policy that failed: its file and rule, not the number that it has here.
    fn failure(&self, error: &AuthorizationError) -> String {
        let AuthorizationError::PolicyEvaluationError(error) = error;
        let rule =
            error.policy_id().to_string().parse().ok().and_then(|number: usize| self.rules().get(number));
        let of = rule.map(|rule| format!("\"{}\" in {}", rule.name, rule.file)).unwrap_or_default();
        format!("rule {of} fails: {}", error.inner())
    }
}

impl Relevant {
    /// Whether any policy could be against it.
    pub(crate) fn may_forbid(&self) -> bool {
        !self.forbids.is_empty()
    }
}

fn context(subject: &Subject, details: &Details, whole: &Whole) -> Result<Context, CedarError> {
    let Details { is_unfiltered, command, value, changes_reading, skips_triggers, weakens_server, via } =
        details;
    let Whole { effects, columns, functions, masks, readers_disagree } = whole;
    let own = fields([
        ("effects", texts(effects.iter().copied())),
        ("columns", texts(columns.iter().map(String::as_str))),
        ("functions", texts(functions.iter().map(String::as_str))),
        ("reaches_masks", truth(masks.is_reached)),
        ("is_maskable", truth(masks.is_applied)),
        ("readers_disagree", truth(*readers_disagree)),
        ("is_filtered", truth(!is_unfiltered)),
        ("command", text(command)),
        ("value", text(value)),
        ("changes_reading", truth(*changes_reading)),
        ("skips_triggers", truth(*skips_triggers)),
        ("weakens_server", truth(*weakens_server)),
        ("via", text(via.map_or("statement", Via::name))),
    ]);
    Context::from_pairs(subject.context.iter().cloned().chain(own)).map_err(CedarError::new)
}
