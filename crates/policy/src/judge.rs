//! Asks the policies about everything that a statement does, and weighs what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sql::catalog::{Column, Relation};
use sql::facts::Reached;
use sql::{Catalog, Facts, ReachedColumns, Statement, Unreadable};

use crate::answer::{Answer, Masks, Whole};
use crate::asks::{self, Apart, Ask, Details, FILTER, Names, Question};
use crate::columns::Columns;
use crate::keeps::{self, KEPT};
use crate::needed::Needed;
use crate::policies::{Policies, Relevant};
use crate::resource::Resource;
use crate::settings;
use crate::setup::Mode;
use crate::subject::Subject;
use crate::verdict::{Permit, Refusal, Verdict};

/// Most work that a statement may be: its questions, each with the policies that can be about it and what it says of the
/// statement.
const WORK_MAX: usize = 20_000;

/// Policies, and bytes of names in a statement, that count as much as a question.
const WORK_POLICIES: usize = 50;
const WORK_BYTES: usize = 64;

/// SQLSTATE insufficient_privilege.
const REFUSED: &str = "42501";

/// What a refusal says of itself.
const MESSAGE: &str = "Picket refused this statement";

/// Most reasons that a refusal tells.
const REASONS_MAX: usize = 8;

/// Names the rule where no policy permits what is asked.
const NOT_PERMITTED: &str = "not-permitted";

/// The action of a replication connection.
const REPLICATE: &str = "replicate";

/// Names the rule where nobody can tell what the policies say.
const NOT_JUDGED: &str = "not-judged";

/// What the names in a statement mean.
pub struct Meaning<'a> {
    /// The database's relations.
    pub catalog: &'a Catalog,
    /// Whether a statement touches columns whose values are masked.
    pub is_masked: &'a dyn Fn(&Statement) -> bool,
    /// Whether what a statement copies out can be masked on its way.
    pub is_maskable: &'a dyn Fn(&Statement) -> bool,
    /// What a column holds, of [`CLASSES`](crate::CLASSES), where that is known.
    pub class_of: &'a dyn Fn(&Relation, &Column) -> Option<&'static str>,
    /// Classes of hidden values that conditions of a statement look into. It is asked where a policy may forbid that.
    pub looks_into: &'a dyn Fn(&Statement) -> Vec<&'static str>,
}

/// What policies said against a statement.
#[derive(Default)]
struct Against {
    /// Number of a policy, and its reason here.
    policies: BTreeMap<usize, String>,
    /// What else is against it: the rule's name, and why.
    others: Vec<(&'static str, String)>,
    /// What helps against one of those.
    hint: Option<&'static str>,
}

impl Policies {
    /// Judges what was read from a string for `subject`: one verdict for each statement, in order.
    pub fn judge(&self, subject: &Subject, facts: &Facts, meaning: &Meaning<'_>) -> Vec<Verdict> {
        let disagree = facts.readers_disagree.is_some();
        let judge = |statement| self.judge_one(subject, statement, disagree, meaning);
        facts.statements.iter().map(judge).collect()
    }

    /// The verdict on one statement of a string of which the readers may disagree.
    pub fn judge_one(
        &self,
        subject: &Subject,
        statement: &Statement,
        readers_disagree: bool,
        meaning: &Meaning<'_>,
    ) -> Verdict {
        if let Some(why) = keeps::breaks(&subject.keeps, statement) {
            return Against::kept(why).verdict(self);
        }
        let may_matter =
            |action: &str| !self.permits_all() || self.about(action).is_none_or(Relevant::may_forbid);
        let tell_apart = |one: &Relation, other: &Relation| self.tell_apart(one, other);
        let classes_of = |relation: &Relation| -> Vec<&'static str> {
            let classes = relation.columns.iter().filter_map(|column| (meaning.class_of)(relation, column));
            classes.collect::<BTreeSet<_>>().into_iter().collect()
        };
        let names = Names {
            columns: self.columns_told().map(|told| Columns { told, class_of: meaning.class_of }),
            classes_of: if self.look_at_classes() { Some(&classes_of) } else { None },
            ..self.names(meaning.catalog, &tell_apart)
        };
        let mut asks = asks::of(statement, &names, may_matter, |action| self.own_may_forbid(action));
        if self.own_may_forbid(FILTER) {
            // Where nobody permits it, it is counted.
            let ask = |class| Ask::of_class(FILTER, class);
            let question = |ask| Question { ask, through: None, why: None, is_implied: true };
            asks.extend((meaning.looks_into)(statement).into_iter().map(ask).map(question));
        }
        if asks.is_empty() {
            return permit_nothing();
        }
        let columns = self.columns_of(statement, meaning.catalog);
        let (is_masked, is_maskable) = ((meaning.is_masked)(statement), (meaning.is_maskable)(statement));
        let masks = Masks { is_reached: is_masked, is_applied: is_maskable };
        let whole = Whole::of(statement, columns, readers_disagree, masks);
        let whole = whole.seen(self.look_at_whole());
        let each = (1 + self.rules().len() / WORK_POLICIES) * (1 + whole.len() / WORK_BYTES);
        if WORK_MAX / each < asks.len() {
            return self
                .refuse_to_judge("it does too much at once for the policies to be asked about all of it");
        }
        self.weigh(subject, asks.iter().map(|question| (question, "")), &whole)
    }

    /// The verdict on a statement where more names were given than can be told apart.
    pub fn refuse_names(&self) -> Verdict {
        self.refuse_to_judge("so many names were given before it that nobody can tell what it is about")
    }

    fn refuse_to_judge(&self, why: &str) -> Verdict {
        Against { others: vec![(NOT_JUDGED, why.to_owned())], ..Against::default() }.verdict(self)
    }

    fn names<'n>(
        &'n self,
        catalog: &'n Catalog,
        tell_apart: &'n dyn Fn(&Relation, &Relation) -> Apart,
    ) -> Names<'n> {
        // The shipped policies make no difference between schemas that are somebody's own.
        let schemas = self.has_own().then(|| self.schemas().collect());
        let settings = self.settings().collect();
        Names { catalog, schemas, tell_apart, settings, columns: None, classes_of: None }
    }

    /// Columns that the statement could reach, where policies look at them. Those that nobody can tell are all that policies name,
    /// and `*`.
    fn columns_of(&self, statement: &Statement, catalog: &Catalog) -> Vec<String> {
        if !self.look_at_whole() {
            return Vec::new();
        }
        let ReachedColumns { mut names, some_unknown } = sql::reached_columns(statement, catalog);
        if some_unknown {
            names.extend(self.columns().chain(["*"]).map(str::to_owned));
        }
        names.into_iter().collect()
    }

    /// The verdict on a string that could not be read.
    pub fn judge_unreadable(&self, subject: &Subject, unreadable: &Unreadable) -> Verdict {
        let verdict = self.about_nothing(subject, "unreadable", &unreadable.to_string(), unreadable.kind());
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
        self.about_nothing(subject, "fast_path", "", "")
    }

    /// The verdict on a replication connection, and on each command over it.
    pub fn judge_replication(&self, subject: &Subject, command: &'static str) -> Verdict {
        self.about_nothing(subject, REPLICATE, "", command)
    }

    /// The verdict on the parameters of a start-up packet, by name and value. What nobody forbids need not be permitted.
    pub fn judge_startup<'p>(
        &self,
        subject: &Subject,
        parameters: impl Iterator<Item = (&'p [u8], &'p [u8])>,
    ) -> Verdict {
        let parameters: Vec<_> = parameters.collect();
        let set = settings::of_startup(&parameters);
        if let Some(why) = keeps::broken_by_startup(&subject.keeps, &set) {
            return Against::kept(why).verdict(self);
        }
        let catalog = Catalog::default();
        let names = self.names(&catalog, &|_, _| Apart::No);
        let mut asks = Vec::new();
        // The shipped ones guard against few settings, and what else changes the reading the session knows.
        if self.has_own() {
            for (name, value) in set {
                if name.is_empty() {
                    asks.extend(names.any_setting(&value));
                }
                asks.push(Ask::of_setting(&name, Details { value, ..Details::default() }));
            }
        }
        for setting in settings::guarded_at_startup(&parameters) {
            asks.push(Ask::of_setting(
                setting.name.as_deref().unwrap_or_default(),
                Details::of_setting(&setting),
            ));
        }
        let mut against = Against::default();
        for ask in &asks {
            // Drivers send some of their own accord.
            let answer = Answer::clone(&self.answer(subject, ask, &Whole::default()));
            let question = Question { ask: ask.clone(), through: None, why: None, is_implied: false };
            against.note(self, subject, (&question, ""), &Answer { is_permitted: true, ..answer });
        }
        against.verdict(self)
    }

    /// The verdict on a message that runs a prepared statement or portal of which nobody has seen how it was made.
    pub fn judge_unknown_name(
        &self,
        subject: &Subject,
        kind: &str,
        sqlstate: &'static str,
        name: &str,
    ) -> Verdict {
        match self.about_nothing(subject, "unseen", kind, "") {
            Verdict::Refuse(refusal) => Verdict::Refuse(Refusal {
                sqlstate,
                message: format!("{kind} \"{name}\" does not exist"),
                ..refusal
            }),
            verdict => verdict,
        }
    }

    fn about_nothing(
        &self,
        subject: &Subject,
        action: &'static str,
        what: &str,
        command: &'static str,
    ) -> Verdict {
        let details = Details { command, ..Details::default() };
        let ask = Ask { action, resource: Resource::Database, details };
        let question = Question { ask, through: None, why: None, is_implied: false };
        let verdict = self.weigh(subject, [(&question, what)], &Whole::default());
        match verdict {
            // What is replicated is no statement that could set anything; a role does not hold for it.
            Verdict::Allow(_) | Verdict::Hold { .. } if !subject.keeps.is_empty() && action != REPLICATE => {
                Against::kept(keeps::UNSEEN.to_owned()).verdict(self)
            }
            verdict => verdict,
        }
    }

    /// The verdict where all of this is asked; the second of each stands in reasons beside what is known of the resource.
    fn weigh<'a>(
        &self,
        subject: &Subject,
        asks: impl IntoIterator<Item = (&'a Question<'a>, &'a str)>,
        whole: &Whole,
    ) -> Verdict {
        let mut against = Against::default();
        for asked @ (question, _) in asks {
            against.note(self, subject, asked, &self.answer(subject, &question.ask, whole));
        }
        against.verdict(self)
    }
}

impl Against {
    /// The session would not keep its settings.
    fn kept(why: String) -> Self {
        Against { others: vec![(KEPT, why)], hint: Some(keeps::HINT), ..Against::default() }
    }

    /// Whoever made a trigger wanted it to run with each write: of what a statement reaches guardrails say nothing, and nobody
    /// need be permitted it.
    fn note(
        &mut self,
        policies: &Policies,
        subject: &Subject,
        (question, what): (&Question<'_>, &str),
        answer: &Answer,
    ) {
        let Question { ask, through, why, is_implied } = question;
        let Answer { forbidding, is_permitted, permitting: _, failure } = answer;
        let name = &*ask.resource.name(subject);
        let what = ask.resource.listed().map_or(what, |listed| listed.what);
        let how = || match through {
            Some(reached) => way(reached, ask, name),
            None if *is_implied => format!(" ({} on {name})", ask.action),
            None => why.map(|why| format!(": {why}")).unwrap_or_default(),
        };
        for number in forbidding {
            if let Some(rule) = policies.rules().get(*number).filter(|rule| !is_implied || rule.is_own) {
                let reason = || rule.reason.replace("{name}", name).replace("{what}", what) + &how();
                self.policies.entry(*number).or_insert_with(reason);
            }
        }
        if let Some(failure) = failure {
            self.others.push((NOT_JUDGED, format!("the policies could not be asked: {failure}")));
        } else if !is_permitted && !is_implied {
            self.others.push((NOT_PERMITTED, format!("no policy permits {} on {name}", ask.action)));
        }
    }

    fn verdict(self, policies: &Policies) -> Verdict {
        let rules = self
            .policies
            .iter()
            .filter_map(|(number, reason)| policies.rules().get(*number).map(|rule| (rule, reason)));
        let (enforced, observing): (Vec<_>, Vec<_>) = rules.partition(|(rule, _)| rule.mode == Mode::Enforce);
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut note = |name: &Arc<str>| {
            if !names.contains(name) {
                names.push(Arc::clone(name));
            }
        };
        if enforced.is_empty() && self.others.is_empty() {
            observing.iter().for_each(|(rule, _)| note(&rule.name));
            return Verdict::Allow(Permit { observed: names });
        }
        enforced.iter().for_each(|(rule, _)| note(&rule.name));
        self.others.iter().for_each(|(name, _)| note(&Arc::from(*name)));
        let own = enforced.iter().map(|(rule, reason)| (&*rule.name, reason.as_str()));
        let others = self.others.iter().map(|(name, reason)| (*name, reason.as_str()));
        let mut reasons: Vec<_> =
            own.chain(others).map(|(name, reason)| format!("Rule \"{name}\": {reason}.")).collect();
        reasons.dedup();
        reasons.truncate(REASONS_MAX);
        let hint = enforced.first().map(|(rule, _)| rule.hint.as_str()).or(self.hint);
        let hint = hint.unwrap_or("Ask whoever runs Picket.").to_owned();
        let refusal = |message: &str| Refusal {
            rules: names.clone(),
            sqlstate: REFUSED,
            message: message.to_owned(),
            detail: reasons.join("\n"),
            hint,
        };
        let holds: Option<Vec<Needed>> = enforced.iter().map(|(rule, _)| rule.hold.clone()).collect();
        match holds {
            Some(approvers) if !approvers.is_empty() && self.others.is_empty() => {
                let approvers = Needed::together(approvers);
                let message = format!("{MESSAGE}: nobody has approved it");
                Verdict::Hold { approvers, otherwise: refusal(&message) }
            }
            _ => Verdict::Refuse(refusal(MESSAGE)),
        }
    }
}

/// How a statement does what it does not do itself, as the end of a reason.
fn way(Reached { via, name, on, .. }: &Reached, ask: &Ask, resource: &str) -> String {
    format!(" ({} on {resource}, through {} {name} on {on})", ask.action, via.name().replace('_', " "))
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

/// The verdict on a fast-path call of a function that the catalog does not show, where such calls may be.
pub fn refuse_unknown_function(function: u32) -> Verdict {
    const RULE: &str = "no-fast-path";
    Verdict::Refuse(Refusal {
        rules: vec![RULE.into()],
        sqlstate: REFUSED,
        message: MESSAGE.to_owned(),
        detail: format!(
            "Rule \"{RULE}\": nobody knows what function {function} does; the catalog does not show it."
        ),
        hint: "Call it in a SELECT, or wait until the catalog is read again.".to_owned(),
    })
}

#[cfg(test)]
mod tests;
