//! Sensitive columns that refer to keys of others (FOREIGN KEY): whoever takes a key away is told which of them has it.

use std::collections::HashSet;

use mask::{Class, ColumnId};
use sql::catalog::Relation;
use sql::facts::{Effect, Write};
use sql::hooks::ForeignKey;
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
    // What only reads is not looked at any further.
    let may_take = is_code
        || !own.writes.is_empty()
        || own.effects.contains(&Effect::AlterTable)
        || !own.calls_that_fill(catalog).is_empty()
        || own.fills_unnamed(catalog);
    if !may_take {
        return None;
    }
    let is_asked = |id: &ColumnId| {
        let class = env.classes.get(id).filter(|class| hides(**class));
        class.is_some_and(|class| of_wholes || *class == Class::Derived || env.stains.has_part(id))
    };
    let mut asked = None;
    let mut seen = HashSet::new();
    for used in own.relations.iter().filter(|used| seen.insert(&used.name)) {
        let (mut keys, mut is_view) = (HashSet::new(), false);
        for relation in catalog.named(&used.name) {
            for (to, key) in referred(catalog, relation, &is_asked) {
                // A partition calls its columns as the whole does.
                let names = key.keys.iter().filter_map(|number| to.column(*number));
                keys.extend(names.map(|column| column.name.clone()));
                is_view |= 1 < catalog.shown(relation).len();
            }
        }
        if !keys.is_empty() {
            let asks = asks_of_referring(text, &used.name, Some(&keys).filter(|_| !is_view));
            asked = Probe::both(asked, asks);
        }
    }
    let whole = own.with_reach(catalog);
    let by_code = whole.writes.iter().filter(|write| is_code || !own.writes.contains(write));
    let mut others = by_code.chain(whole.reached.iter().flat_map(|reached| &reached.does.writes));
    // How many are taken away by what the statement sets going, it does not say.
    let by_others = others.any(|write| takes_keys(write, catalog, &is_asked));
    asked.max(by_others.then_some(Probe::Extracts))
}

/// Whether a statement, with what it sets going, takes keys away that such columns refer to.
pub(crate) fn takes_referred(
    whole: &Statement,
    catalog: &Catalog,
    is_such: &dyn Fn(&ColumnId) -> bool,
) -> bool {
    let mut all = whole.writes.iter().chain(whole.reached.iter().flat_map(|reached| &reached.does.writes));
    all.any(|write| takes_keys(write, catalog, is_such))
}

fn takes_keys(write: &Write, catalog: &Catalog, is_such: &dyn Fn(&ColumnId) -> bool) -> bool {
    let is_meant = |relation: &&Relation| {
        let is_temporary = relation.schema.starts_with("pg_temp_");
        write.schema.as_ref().is_none_or(|schema| is_temporary || *schema == relation.schema)
    };
    matches!(write.effect, Effect::Delete | Effect::Merge | Effect::Update)
        && catalog
            .named(&write.name)
            .filter(is_meant)
            .any(|relation| referred(catalog, relation, is_such).next().is_some())
}

/// Foreign keys of such columns that refer to rows which are written by the name of this relation, and the tables that these are in.
fn referred<'c>(
    catalog: &'c Catalog,
    relation: &'c Relation,
    is_such: &dyn Fn(&ColumnId) -> bool,
) -> impl Iterator<Item = (&'c Relation, &'c ForeignKey)> {
    let keys = catalog.foreign_keys_to(relation).filter(move |key| {
        // What is beside one in a key changes with it.
        key.columns.iter().any(|number| is_such(&ColumnId { table_oid: key.on, number: *number }))
    });
    keys.filter_map(|key| Some((catalog.relation(key.to)?, key)))
}
