//! What rules show and write where a statement writes something, by their definitions.

use sql::catalog::Relation;
use sql::facts::{Effect, Reached, Via};
use sql::hooks::Gives;
use sql::{Catalog, Sensitive, Statement};

use crate::judged::Judged;
use crate::shown::{Known, Reach, Shown, classed, may_tell};
use crate::state::Environment;

/// What stands in a result for the columns of a relation, which the server says it is: what the RETURNING of its rule shows there.
#[derive(Clone, Debug)]
pub(crate) struct Returned {
    /// `pg_class.oid` of the relation.
    relation: u32,
    shown: Shown,
}

impl Returned {
    /// Anything can stand for its columns.
    pub(crate) fn anything(relation: &Relation) -> Self {
        Returned { relation: relation.oid, shown: Shown::Anything }
    }

    /// Whether something sensitive can stand for this column.
    pub(crate) fn shows(&self, relation: &Relation, column: i16) -> bool {
        // A RETURNING of a rule has each column of the relation in its place.
        let index = relation.columns.iter().position(|own| own.number == column);
        self.relation == relation.oid
            && index.is_none_or(|index| self.shown.is_sensitive(index, relation.columns.len(), || ""))
    }
}

/// What the server answers a statement with where results of rules are among it in which something sensitive can be: what a rule selects,
/// also of the row that it is about, or what its RETURNING stands for. `shown` is what the statement shows by itself.
pub(crate) fn shown_by_rules(
    (own, whole): (&Statement, &Statement),
    shown: &Shown,
    known: &Known<'_>,
) -> Option<Shown> {
    let is_about = |on: &str| known.catalog.named(on).any(|relation| has_classes(relation, known));
    let rules = || whole.reached.iter().filter(|reached| reached.gives != Gives::Nothing);
    let gives = !known.is_empty()
        && rules().any(|rule| shown.is_anything() || is_about(&rule.on) || may_tell(&rule.does, known));
    if !gives {
        return None;
    }
    let mut returning = rules().filter(|rule| rule.gives == Gives::Returned);
    // Where there are several, one puts something in the place of what another does, or nobody knows whose place it is.
    let only = returning.next().filter(|_| returning.next().is_none());
    let written = own
        .writes
        .iter()
        .flat_map(|write| known.catalog.named_in(write.schema.as_deref(), &write.name))
        .filter(|relation| is_ruled(relation, known.catalog));
    let returned = written.map(|relation| {
        let rule = only.filter(|rule| rule.on == relation.name && !is_computed(own, relation, known));
        let shown = rule.map_or(Shown::Anything, |rule| returned(rule, relation, known));
        Returned { relation: relation.oid, shown }
    });
    Some(Shown::ByRules(returned.collect()))
}

/// Whether a rule that nobody has judged may stand behind the columns of this relation: it has another name in the session's transaction,
/// or in one that has ended since.
pub(crate) fn may_be_put_unseen(judged: &Judged, relation: &Relation, env: &Environment<'_>) -> bool {
    env.hides()
        && judged.may_write()
        && is_ruled(relation, env.catalog)
        && !judged.relations_reached().any(|path| *path == relation.path())
}

/// What a rule on `relation` shows for its columns.
fn returned(rule: &Reached, relation: &Relation, known: &Known<'_>) -> Shown {
    traced(rule, relation, known)
        .map_or(Shown::Anything, |(definition, sensitive)| Shown::traced(definition, sensitive))
}

/// The definition of a rule on `relation`, and what is sensitive in it; `None` where nobody can tell.
pub(crate) fn traced<'a>(
    rule: &Reached,
    relation: &Relation,
    known: &Known<'a>,
) -> Option<(&'a str, Sensitive)> {
    if rule.via != Via::Rule {
        return None;
    }
    let mut hooks = known.catalog.hooks().of(relation.oid).iter();
    let hook = hooks.find(|hook| hook.via == Via::Rule && hook.name == rule.name)?;
    if hook.is_too_long {
        return None;
    }
    let mut does = rule.does.clone();
    does.mentions.push(relation.name.clone());
    let reach = Reach::of(&does, known);
    if reach.is_anything() {
        return None;
    }
    let mut sensitive = reach.sensitive(&does, known);
    if has_classes(relation, known) {
        sensitive.relations.extend(["new", "old"].map(str::to_owned));
    }
    Some((&hook.definition, sensitive))
}

/// Whether a query, or code, may have computed something sensitive that is in the rows which `own` writes into `relation`.
fn is_computed(own: &Statement, relation: &Relation, known: &Known<'_>) -> bool {
    let takes_of_row = |effect: &Effect| !matches!(effect, Effect::Insert | Effect::Delete);
    Reach::beside(own, &relation.name, known).is_any()
        || has_classes(relation, known) && own.effects.iter().any(takes_of_row)
}

fn has_classes(relation: &Relation, known: &Known<'_>) -> bool {
    classed(relation, known.classes).next().is_some()
}

/// Whether a rule puts something in the place of its RETURNING, or one of what it reads.
fn is_ruled(relation: &Relation, catalog: &Catalog) -> bool {
    let returns = |relation: &Relation| {
        catalog.hooks().of(relation.oid).iter().any(|hook| hook.gives() == Gives::Returned)
    };
    catalog.with_underlying(relation).into_iter().any(returns)
}
