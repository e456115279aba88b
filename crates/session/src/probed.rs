//! Whether a statement asks about values that whoever sends it may not see, or hands them to where they would not be known.

use mask::Class;
use sql::facts::Effect;
use sql::{Catalog, Probe, Sensitive, Statement, is_sink, sinks};

use crate::shown::{Known, Reach, classed};
use crate::state::Environment;

/// How much conditions of `statement`, whose text is `text`, look into such values.
pub(crate) fn probes(
    text: &str,
    statement: &Statement,
    catalog: &Catalog,
    env: &Environment<'_>,
) -> Option<Probe> {
    let mut sensitive = Sensitive::default();
    let used = statement.relations.iter().map(|used| &used.name).chain(&statement.mentions);
    for name in used {
        for relation in catalog.named(name).flat_map(|relation| catalog.with_underlying(relation)) {
            let columns = relation.columns.iter().map(|column| column.name.clone());
            sensitive.known.extend(columns.clone());
            let is_hidden = |class: Class| !env.reveals(class);
            for (column, class) in classed(relation, env.classes).filter(|(_, class)| is_hidden(*class)) {
                sensitive.add(column.name.clone(), class == Class::Document);
                sensitive.relations.insert(name.clone());
                sensitive.rows.entry(name.clone()).or_insert_with(|| columns.clone().collect());
            }
        }
    }
    if sensitive.relations.is_empty() { None } else { sql::probes(text, &sensitive, mask::is_sensitive_key) }
}

/// Whether `own`, whose text is `text`, hands sensitive values to a function that puts them where no columns are. `whole` is the same with
/// what the routines do that it calls.
pub(crate) fn hands_over(text: &str, own: &Statement, whole: &Statement, known: &Known<'_>) -> bool {
    let has_sinks = |statement: &Statement| statement.calls().any(is_sink);
    if known.is_empty() {
        return false;
    }
    // Nobody follows where arguments of a prepared statement get: they can only be called for, and not be read.
    if own.effects.contains(&Effect::Execute) {
        let called = Statement { relations: Vec::new(), mentions: Default::default(), ..own.clone() };
        if Reach::of(&called, known).is_any() {
            return true;
        }
    }
    if !has_sinks(own) && !has_sinks(whole) && !whole.reaches_sinks() && !own.hangs_code() {
        return false;
    }
    let with_sinks = own.calls_with_sinks(known.catalog);
    if own.hangs_code() && (has_sinks(own) || !with_sinks.is_empty()) {
        return true;
    }
    let reach = Reach::of(own, known);
    if !reach.is_any() {
        return false;
    }
    whole.reaches_sinks()
        || own.has_unseen_sinks(known.catalog)
        || !reach.functions.is_disjoint(&with_sinks)
        || sinks(text, &reach.sensitive(own, known), &with_sinks, mask::is_sensitive_key)
}
