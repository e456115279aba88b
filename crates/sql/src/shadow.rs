//! Temporary relations that stand in front of one that lasts: PostgreSQL looks for a name without a schema among a session's own
//! temporary relations first (namespace.c), also where a function of a trigger, a check or a policy of rows means another. It does not tell
//! of schemas that `search_path` puts in front.

use std::collections::{BTreeSet, HashSet};

use crate::catalog::Catalog;
use crate::computed::Context;
use crate::facts::Statement;
use crate::names::{Name, Naming};
use crate::routine::Routine;
use crate::temporary::SCHEMA;

/// Most routines that are looked into. Beyond that, each name could be one that they look for.
const ROUTINES_MAX: usize = 1_024;

impl Statement {
    /// Names of the temporary relations that it makes, gives other names to, or makes views on, which are temporary with them. `is_own` tells
    /// which names mean a temporary one already.
    pub(crate) fn shadows(&self, is_own: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = self.shadows.iter().cloned().collect();
        for naming in &self.names {
            let is_temporary = |name: &Name, found: &BTreeSet<String>| match name.schema.as_deref() {
                None => found.contains(&name.name) || is_own(&name.name),
                Some(schema) => schema == SCHEMA,
            };
            match naming {
                Naming::Renames { from, to } if is_temporary(from, &found) => found.insert(to.name.clone()),
                Naming::Leads { from, to } if from.schema.is_none() && is_temporary(to, &found) => {
                    found.insert(from.name.clone())
                }
                _ => false,
            };
        }
        found
    }

    /// Whether one of those that it makes is taken, by code that decides about rows, for one that lasts.
    pub(crate) fn hides(&self, catalog: &Catalog) -> bool {
        if self.shadows.is_empty() && self.names.is_empty() {
            return false;
        }
        let is_own =
            |name: &str| catalog.named(name).next().is_some() && catalog.lasting(name).next().is_none();
        let mut hidden = self.shadows(is_own);
        hidden.retain(|name| catalog.lasting(name).next().is_some());
        !hidden.is_empty() && catalog.looks_for(&hidden)
    }
}

impl Catalog {
    /// Whether code that decides about rows looks for one of these names without a schema where temporary relations come first.
    fn looks_for(&self, names: &BTreeSet<String>) -> bool {
        let looks = |one: &Statement| one.looks_up().any(|name| names.contains(name));
        let mut found: Vec<(&Routine, bool)> = Vec::new();
        for hook in self.hooks().all() {
            let conditions = hook.reads().into_iter().flat_map(|reads| &reads.functions);
            found.extend(conditions.flat_map(|name| self.routines(name)).map(|routine| (routine, false)));
            let Some(routine) = self.routine(hook.function) else { continue };
            let on = self.relation(hook.relation);
            let (schema, table) = on.map(|on| (on.schema.clone(), on.name.clone())).unwrap_or_default();
            let context = Context { schema, table, arguments: hook.arguments.clone() };
            let told = routine.told(Some(&context));
            if !routine.looks_last() && told.iter().flat_map(|told| &told.statements).any(looks) {
                return true;
            }
            found.push((routine, false));
        }
        let deciding = self.implicit().deciding().filter_map(|function| self.routine(function.oid));
        found.extend(deciding.map(|routine| (&**routine, false)));
        let mut seen = HashSet::new();
        while let Some((routine, looks_last)) = found.pop() {
            // Who is called has the search path of who calls.
            let looks_last = looks_last || routine.looks_last();
            if !seen.insert((std::ptr::from_ref(routine), looks_last)) {
                continue;
            }
            let told = routine.told(None);
            let told = || told.iter().flat_map(|told| &told.statements);
            if ROUTINES_MAX < seen.len() || !looks_last && routine.body().iter().chain(told()).any(looks) {
                return true;
            }
            let calls = routine.body().iter().chain(told()).flat_map(|one| &one.functions);
            found.extend(calls.flat_map(|name| self.routines(name)).map(|called| (called, looks_last)));
        }
        false
    }
}

impl Statement {
    /// Names of relations that it gives no schema.
    fn looks_up(&self) -> impl Iterator<Item = &String> {
        let used = self.relations.iter().filter(|used| used.schema.is_none());
        let used = used.map(|used| &used.name).filter(|name| !self.ctes.contains(name));
        used.chain(&self.looked_up)
    }
}

impl Routine {
    /// Whether it has a search path in which temporary relations come behind others (`SET search_path = public, pg_temp`).
    fn looks_last(&self) -> bool {
        let head = self.definition.split("\nAS ").next().unwrap_or_default();
        let mut paths = head.lines().filter_map(|line| line.trim().strip_prefix("SET search_path TO "));
        paths.any(|path| {
            let mut schemas = path.split(',').map(|schema| schema.trim().trim_matches(['\'', '"']));
            schemas.next() != Some(SCHEMA) && schemas.any(|schema| schema == SCHEMA)
        })
    }
}

#[cfg(test)]
mod tests;
