//! Sensitive columns that refer to keys of others (FOREIGN KEY): whoever takes a key away is told which of them has it.

use std::collections::HashSet;

use mask::{Class, ColumnId};
use sql::catalog::Relation;
use sql::facts::{Effect, Write};
use sql::{Catalog, Probe, Statement, asks_of_referring};

use crate::state::Environment;

/// What `own`, whose text is `text`, asks of such columns: of parts of values, and where `of_wholes` of whole ones.
pub(crate) fn asked(
    text: &str,
    own: &Statement,
    env: &Environment<'_>,
    (hides, of_wholes): (&dyn Fn(Class) -> bool, bool),
) -> Option<Probe> {
    let catalog = env.catalog;
    let is_code = own.effects.iter().any(|effect| matches!(effect, Effect::Call | Effect::Do));
    // All foreign keys are looked at then: not for what only reads.
    let may_take = is_code
        || !own.writes.is_empty()
        || !own.calls_that_fill(catalog).is_empty()
        || own.fills_unnamed(catalog);
    if !may_take {
        return None;
    }
    let is_asked = |id: &ColumnId| {
        let class = env.classes.get(id).filter(|class| hides(**class));
        class.is_some_and(|class| of_wholes || *class == Class::Derived || env.stains.has_part(id))
    };
    let referred = referred(catalog, &is_asked);
    if referred.is_empty() {
        return None;
    }
    let whole = own.with_reach(catalog);
    let by_code = whole.writes.iter().filter(|write| is_code || !own.writes.contains(write));
    let others: Vec<&Write> =
        by_code.chain(whole.reached.iter().flat_map(|reached| &reached.does.writes)).collect();
    let mut asked = None;
    for (relation, keys) in referred {
        asked = Probe::both(asked, asks_of_referring(text, &relation.name, &keys));
        // How many are taken away by what the statement sets going, it does not say.
        if others.iter().any(|write| takes_keys(write, relation)) {
            asked = Some(Probe::Extracts);
        }
    }
    asked
}

/// Whether a statement, with what it sets going, takes keys away that such columns refer to.
pub(crate) fn takes_referred(
    whole: &Statement,
    catalog: &Catalog,
    is_such: &dyn Fn(&ColumnId) -> bool,
) -> bool {
    let all = || whole.writes.iter().chain(whole.reached.iter().flat_map(|reached| &reached.does.writes));
    all().any(takes)
        && referred(catalog, is_such)
            .iter()
            .any(|(relation, _)| all().any(|write| takes_keys(write, relation)))
}

/// Relations with keys that such columns refer to, and these.
fn referred<'c>(
    catalog: &'c Catalog,
    is_such: &dyn Fn(&ColumnId) -> bool,
) -> Vec<(&'c Relation, HashSet<String>)> {
    let mut found = Vec::new();
    for key in catalog.hooks().foreign_keys() {
        let is_one = |number: &i16| is_such(&ColumnId { table_oid: key.on, number: *number });
        let Some(relation) = catalog.relation(key.to) else { continue };
        // What is beside one in a key changes with it.
        if key.columns.iter().any(is_one) {
            let names = key.keys.iter().filter_map(|number| relation.column(*number));
            found.push((relation, names.map(|column| column.name.clone()).collect()));
        }
    }
    found
}

fn takes(write: &Write) -> bool {
    matches!(write.effect, Effect::Delete | Effect::Merge | Effect::Update)
}

fn takes_keys(write: &Write, relation: &Relation) -> bool {
    takes(write)
        && write.name == relation.name
        && write.schema.as_ref().is_none_or(|schema| *schema == relation.schema)
}
