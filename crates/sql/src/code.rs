//! The code that a statement reaches, each piece as the catalog showed it: whether it still does what it did when somebody looked at it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::facts::Statement;

/// Functions, triggers, rules and views that a statement reaches, with what tells them from what they are when they have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Schemas and versions of all functions of a name.
    routines: BTreeMap<String, Vec<String>>,
    hooks: BTreeSet<String>,
    /// By their OIDs.
    views: BTreeMap<u32, String>,
}

impl Code {
    /// How long it is, in bytes.
    pub fn kept_bytes(&self) -> usize {
        let Code { routines, hooks, views } = self;
        let routines = routines.iter().flat_map(|(name, versions)| std::iter::once(name).chain(versions));
        routines.chain(hooks).chain(views.values()).map(String::len).sum()
    }

    /// Adds what something else reaches.
    pub fn extend(&mut self, other: &Code) {
        let Code { routines, hooks, views } = other.clone();
        self.routines.extend(routines);
        self.hooks.extend(hooks);
        self.views.extend(views);
    }

    /// Whether functions are among it: what they read is what is there when they run, which goes on while rows come.
    pub fn calls(&self) -> bool {
        !self.routines.is_empty()
    }

    /// Whether the functions and views are in `catalog` what they were.
    pub fn is_as_it_was(&self, catalog: &Catalog) -> bool {
        let versions = &catalog.system_views().versions;
        self.routines.iter().all(|(name, known)| *known == routines(name, catalog))
            && self.views.iter().all(|(view, known)| versions.get(view) == Some(known))
    }
}

impl Statement {
    /// The code that it reaches. The statement is one with its reach ([`Statement::with_reach`]).
    pub fn code(&self, catalog: &Catalog) -> Code {
        let mut code = Code::default();
        let does = || std::iter::once(self).chain(self.reached.iter().map(|reached| &reached.does));
        // With one argument it can be written as a column is.
        let fields = does().flat_map(|does| &does.columns).filter_map(|column| column.name.as_ref());
        let called = does().flat_map(|does| &does.functions);
        let called = called.chain(self.reached.iter().map(|reached| &reached.calls)).chain(fields);
        for name in called.filter(|name| catalog.routines(name).next().is_some()) {
            code.routines.entry(name.clone()).or_insert_with(|| routines(name, catalog));
        }
        for reached in &self.reached {
            let on = catalog.named(&reached.on).flat_map(|relation| catalog.hooks().of(relation.oid));
            for hook in on.filter(|hook| hook.name == reached.name) {
                let (oid, kind, function) = (hook.oid, hook.kind, hook.function);
                let (arguments, definition) = (&hook.arguments, &hook.definition);
                code.hooks.insert(format!("{oid} {kind} {function} {arguments:?} {definition}"));
            }
            code.hooks.insert(format!("{} {} {}", reached.via.name(), reached.name, reached.on));
        }
        let versions = &catalog.system_views().versions;
        let used = does().flat_map(|does| &does.relations);
        let used = used.flat_map(|used| catalog.named_in(used.schema.as_deref(), &used.name));
        for relation in used.flat_map(|relation| catalog.with_underlying(relation)) {
            let version = versions.get(&relation.oid);
            code.views.extend(version.map(|version| (relation.oid, version.clone())));
        }
        code
    }
}

fn routines(name: &str, catalog: &Catalog) -> Vec<String> {
    let versions = catalog.routines(name).map(|routine| format!("{} {}", routine.schema, routine.version));
    let mut versions: Vec<String> = versions.collect();
    versions.sort_unstable();
    versions
}
