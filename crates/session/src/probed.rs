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
            for (column, _) in classed(relation, env.classes).filter(|(_, class)| is_hidden(*class)) {
                sensitive.columns.insert(column.name.clone());
                sensitive.relations.insert(name.clone());
                sensitive.rows.entry(name.clone()).or_insert_with(|| columns.clone().collect());
            }
        }
    }
    if sensitive.columns.is_empty() { None } else { sql::probes(text, &sensitive) }
}
