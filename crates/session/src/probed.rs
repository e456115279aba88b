//! Whether a statement asks about values that whoever sends it may not see.

use std::collections::HashSet;

use mask::Class;
use sql::{Sensitive, Statement};

use crate::shown::classed;
use crate::state::Environment;

/// Whether conditions of `statement`, whose text is `text`, look into such values.
pub(crate) fn probes(text: &str, statement: &Statement, env: &Environment<'_>) -> bool {
    let mut sensitive = Sensitive::default();
    let used = statement.relations.iter().map(|used| &used.name).chain(&statement.mentions);
    for name in used {
        for relation in env.catalog.named(name).flat_map(|relation| env.catalog.with_underlying(relation)) {
            let is_hidden = |class: Class| !env.reveals(class);
            for (column, _) in classed(relation, env.classes).filter(|(_, class)| is_hidden(*class)) {
                sensitive.columns.insert(column.name.clone());
                sensitive.relations.insert(name.clone());
            }
        }
    }
    let named: HashSet<&str> = statement.columns.iter().filter_map(|column| column.name.as_deref()).collect();
    let may_be = |name: &String| named.contains(name.as_str());
    (sensitive.columns.iter().any(may_be) || sensitive.relations.iter().any(may_be))
        && sql::probes(text, &sensitive)
}
