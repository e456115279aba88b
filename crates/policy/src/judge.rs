//! Asks the policies about everything that a statement does, and weighs what they say.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cedar_policy::{Context, Decision, Entities, Request};
use sql::{Catalog, Facts, Statement, Unreadable};

use crate::asks::{ASKS_MAX, Ask, Asking, Details};
use crate::cedar::{CedarError, fields, text, texts, truth};
use crate::policies::Policies;
use crate::settings::{self, REPLICATION_ROLE};
use crate::setup::Mode;
use crate::subject::Subject;
use crate::verdict::{Permit, Refusal, Verdict};

/// SQLSTATE insufficient_privilege.
const REFUSED: &str = "42501";

/// What a refusal says of itself.
const MESSAGE: &str = "Picket refused this statement";

/// Most reasons that a refusal tells.
const REASONS_MAX: usize = 8;

/// Names the rule where no policy permits what is asked.
const NOT_PERMITTED: &str = "not-permitted";

/// Names the rule where nobody can tell what the policies say.
const NOT_JUDGED: &str = "not-judged";

/// What the names in a statement mean.
pub struct Meaning<'a> {
    /// The database's relations.
    pub catalog: &'a Catalog,
    /// Whether a statement touches columns whose values are masked.
    pub is_masked: &'a dyn Fn(&Statement) -> bool,
}

/// What policies said against a statement.
#[derive(Default)]
struct Against {
    /// Number of a policy, and its reason here.
    policies: BTreeMap<usize, String>,
    /// What else is against it: the rule's name, and why.
    others: Vec<(&'static str, String)>,
}

impl Policies {
    /// Judges what was read from a string for `subject`: one verdict for each statement, in order.
    pub fn judge(&self, subject: &Subject, facts: &Facts, meaning: &Meaning<'_>) -> Vec<Verdict> {
        let disagree = facts.readers_disagree.is_some();
        let judge = |statement| self.judge_statement(subject, statement, disagree, meaning);
        facts.statements.iter().map(judge).collect()
    }

    fn judge_statement(
        &self,
        subject: &Subject,
        statement: &Statement,
        readers_disagree: bool,
        meaning: &Meaning<'_>,
    ) -> Verdict {
        let mut asking = self.asking(subject);
        let may_matter = |action: &str| {
            !self.permits_all() || self.about(action).is_none_or(|about| about.is_forbidden_somewhere)
        };
        let against = asking
            .statement(statement, meaning.catalog, &may_matter)
            .and_then(|()| self.ask(subject, asking, Some(statement), readers_disagree, meaning.is_masked));
        self.weigh(against)
    }

    /// The verdict on a string that could not be read.
    pub fn judge_unreadable(&self, subject: &Subject, unreadable: &Unreadable) -> Verdict {
        let verdict = self.about_nothing(subject, "unreadable", unreadable.to_string(), unreadable.kind());
        match (verdict, unreadable) {
            // The client sees what PostgreSQL would say.
            (Verdict::Refuse(refusal), Unreadable::Syntax { message }) => Verdict::Refuse(Refusal {
                sqlstate: "42601",
                message: message.clone(),
                detail: String::new(),
                hint: String::new(),
                ..refusal
            }),
            (verdict, _) => verdict,
        }
    }

    /// The verdict on a fast-path call, which names a function by number and shows no statement.
    pub fn judge_fast_path(&self, subject: &Subject) -> Verdict {
        self.about_nothing(subject, "fast_path", String::new(), "")
    }

    /// The verdict on a replication connection, and on each command over it.
    pub fn judge_replication(&self, subject: &Subject, command: &'static str) -> Verdict {
        self.about_nothing(subject, "replicate", String::new(), command)
    }

    /// The verdict on the parameters of a start-up packet, by name and value.
    pub fn judge_startup<'p>(
        &self,
        subject: &Subject,
        parameters: impl Iterator<Item = (&'p [u8], &'p [u8])>,
    ) -> Verdict {
        if !settings::startup_skips_triggers(parameters) {
            return permit_nothing();
        }
        let mut asking = self.asking(subject);
        let details = Details { skips_triggers: true, ..Details::default() };
        let against = asking
            .setting(REPLICATION_ROLE, details)
            .and_then(|()| self.ask(subject, asking, None, false, &|_| false));
        self.weigh(against)
    }

    /// The verdict on a message that runs a prepared statement or portal of which nobody has seen how it was made.
    pub fn judge_unknown_name(
        &self,
        subject: &Subject,
        kind: &str,
        sqlstate: &'static str,
        name: &str,
    ) -> Verdict {
        match self.about_nothing(subject, "unseen", kind.to_owned(), "") {
            Verdict::Refuse(refusal) => Verdict::Refuse(Refusal {
                sqlstate,
                message: format!("{kind} \"{name}\" does not exist"),
                ..refusal
            }),
            verdict => verdict,
        }
    }

    fn asking<'a>(&'a self, subject: &'a Subject) -> Asking<'a> {
        // The shipped policies make no difference between schemas that are somebody's own.
        let schemas = self.has_own().then(|| self.schemas().collect());
        Asking::new(&self.types, subject, schemas)
    }

    fn about_nothing(
        &self,
        subject: &Subject,
        action: &'static str,
        what: String,
        command: &'static str,
    ) -> Verdict {
        let mut asking = self.asking(subject);
        asking.database(action, what, Details { command, ..Details::default() });
        self.weigh(self.ask(subject, asking, None, false, &|_| false))
    }

    /// What the policies say against any of these questions.
    fn ask(
        &self,
        subject: &Subject,
        asking: Asking<'_>,
        statement: Option<&Statement>,
        readers_disagree: bool,
        is_masked: &dyn Fn(&Statement) -> bool,
    ) -> Result<Against, CedarError> {
        let mut against = Against::default();
        let Asking { asks, entities, .. } = asking;
        if asks.is_empty() {
            return Ok(against);
        }
        if ASKS_MAX < asks.len() {
            return Err(CedarError::new(format!("it does more than {ASKS_MAX} things")));
        }
        let entities =
            subject.entities.clone().add_entities(entities.into_values(), None).map_err(CedarError::new)?;
        let mut common = subject.context.clone();
        let (effects, columns, functions) = match statement {
            Some(statement) => (
                texts(statement.effects.iter().map(|effect| effect.name())),
                texts(statement.columns.iter().map(|column| column.name.as_deref().unwrap_or("*"))),
                texts(statement.functions.iter().map(String::as_str)),
            ),
            None => (texts([]), texts([]), texts([])),
        };
        common.extend(fields([
            ("effects", effects),
            ("columns", columns),
            ("functions", functions),
            ("reaches_masks", truth(statement.is_some_and(is_masked))),
            ("readers_disagree", truth(readers_disagree)),
        ]));
        let mut contexts: HashMap<Details, Context> = HashMap::new();
        for ask in asks {
            let context = match contexts.get(&ask.details) {
                Some(context) => context.clone(),
                None => {
                    let context = context(&common, &ask.details)?;
                    contexts.insert(ask.details.clone(), context.clone());
                    context
                }
            };
            self.ask_one(subject, &entities, &ask, context, &mut against)?;
        }
        Ok(against)
    }

    fn ask_one(
        &self,
        subject: &Subject,
        entities: &Entities,
        ask: &Ask,
        context: Context,
        against: &mut Against,
    ) -> Result<(), CedarError> {
        let about =
            self.about(ask.action).ok_or_else(|| CedarError::new(format!("no action `{}`", ask.action)))?;
        let action = crate::cedar::uid(&self.types.action, ask.action);
        let request = Request::new(subject.user.clone(), action, ask.resource.clone(), context, None);
        let request = request.map_err(CedarError::new)?;
        if about.is_forbidden_somewhere {
            let response = self.authorizer.is_authorized(&request, &about.forbids, entities);
            for policy in response.diagnostics().reason() {
                let number = policy.to_string().parse::<usize>().map_err(CedarError::new)?;
                let rule = self.rules().get(number).ok_or_else(|| CedarError::new("unknown policy"))?;
                let reason = || rule.reason.replace("{name}", &ask.name).replace("{what}", &ask.what);
                against.policies.entry(number).or_insert_with(reason);
            }
            if let Some(error) = response.diagnostics().errors().next() {
                return Err(CedarError::new(error));
            }
        }
        if !self.permits_all() {
            let response = self.authorizer.is_authorized(&request, &about.permits, entities);
            // A policy to permit that fails does not permit; another one may.
            if response.decision() == Decision::Deny {
                let what = if ask.name.is_empty() { "it" } else { &ask.name };
                let reason = format!("no policy permits {} on {what}", ask.action);
                against.others.push((NOT_PERMITTED, reason));
            }
        }
        Ok(())
    }

    /// The verdict where all of this is against a statement.
    fn weigh(&self, against: Result<Against, CedarError>) -> Verdict {
        let against = against.unwrap_or_else(|error| Against {
            others: vec![(NOT_JUDGED, format!("the policies could not be asked: {error}"))],
            ..Against::default()
        });
        let rules = against
            .policies
            .iter()
            .filter_map(|(number, reason)| self.rules().get(*number).map(|rule| (rule, reason)));
        let (enforced, observing): (Vec<_>, Vec<_>) = rules.partition(|(rule, _)| rule.mode == Mode::Enforce);
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut note = |name: &Arc<str>| {
            if !names.contains(name) {
                names.push(Arc::clone(name));
            }
        };
        if enforced.is_empty() && against.others.is_empty() {
            observing.iter().for_each(|(rule, _)| note(&rule.name));
            return Verdict::Allow(Permit { observed: names });
        }
        enforced.iter().for_each(|(rule, _)| note(&rule.name));
        against.others.iter().for_each(|(name, _)| note(&Arc::from(*name)));
        let own = enforced.iter().map(|(rule, reason)| (&*rule.name, reason.as_str()));
        let others = against.others.iter().map(|(name, reason)| (*name, reason.as_str()));
        let mut reasons: Vec<_> =
            own.chain(others).map(|(name, reason)| format!("Rule \"{name}\": {reason}.")).collect();
        reasons.dedup();
        reasons.truncate(REASONS_MAX);
        let hint = enforced.first().map_or("Ask whoever runs Picket.", |(rule, _)| &rule.hint).to_owned();
        let refusal = |message: &str| Refusal {
            rules: names.clone(),
            sqlstate: REFUSED,
            message: message.to_owned(),
            detail: reasons.join("\n"),
            hint,
        };
        let holds: Option<Vec<Arc<str>>> = enforced.iter().map(|(rule, _)| rule.hold.clone()).collect();
        match holds {
            Some(mut approvers) if !approvers.is_empty() && against.others.is_empty() => {
                approvers.dedup();
                let message = format!("{MESSAGE}: nobody has approved it");
                Verdict::Hold { approvers, otherwise: refusal(&message) }
            }
            _ => Verdict::Refuse(refusal(MESSAGE)),
        }
    }
}

/// The verdict on a text without statements, which does nothing.
pub fn permit_nothing() -> Verdict {
    Verdict::Allow(Permit { observed: Vec::new() })
}

/// The verdict on SQL over a connection for physical replication, whatever the policies are: PostgreSQL takes none over it
/// either (walsender.c).
pub fn refuse_sql_in_replication() -> Verdict {
    const RULE: &str = "no-replication";
    Verdict::Refuse(Refusal {
        rules: vec![RULE.into()],
        sqlstate: "0A000",
        message: "cannot execute SQL commands in WAL sender for physical replication".to_owned(),
        detail: format!("Rule \"{RULE}\": it has no database whose columns could be masked."),
        hint: "Connect with replication=database, or without replication.".to_owned(),
    })
}

fn context(
    common: &[(String, cedar_policy::RestrictedExpression)],
    details: &Details,
) -> Result<Context, CedarError> {
    let own = fields([
        ("is_filtered", truth(!details.is_unfiltered)),
        ("command", text(details.command)),
        ("value", text(&details.value)),
        ("changes_reading", truth(details.changes_reading)),
        ("skips_triggers", truth(details.skips_triggers)),
    ]);
    Context::from_pairs(common.iter().cloned().chain(own)).map_err(CedarError::new)
}

#[cfg(test)]
mod tests;
