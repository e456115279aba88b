//! Whether a statement asks about values that whoever sends it may not see.

use mask::Class;
use sql::{Catalog, Probe, Sensitive, Statement};

use crate::shown::classed;
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
