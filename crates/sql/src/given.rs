//! What names mean that a catalog does not show yet: those that a session, or a statement before in its text, has given, and
//! relations that have become views on others, or parts of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::{Catalog, Relation};
use crate::names::{Name, Naming};

/// Most names and ways that are kept beside a catalog.
const KEPT_MAX: usize = 50_000;

/// What is known beside a catalog.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Relations that are new and lead to others, by numbers that no relation of the catalog has.
    new: BTreeMap<u32, Relation>,
    /// By name: in which schema, where that is known, and which relation is called so.
    by_name: BTreeMap<String, BTreeSet<(Option<String>, u32)>>,
    /// What they read, or are a part of.
    underlying: BTreeMap<u32, BTreeSet<u32>>,
    parts: BTreeMap<u32, BTreeSet<u32>>,
    /// Names of what is new.
    made: BTreeSet<String>,
    kept: usize,
    /// What is kept whoever tells relations apart, until the session ends.
    ways: Ways,
    /// Where the session looks, where that names a schema of PostgreSQL's own.
    path: Option<Arc<[String]>>,
}

/// What names lead to, wherever the relations are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ways {
    /// Names of views on PostgreSQL's own relations, which no catalog has, and which of them.
    system: BTreeMap<String, Vec<Name>>,
    /// Names that were given to relations that had others.
    renamed: BTreeSet<String>,
    /// Names that functions take for temporary tables of whoever calls them.
    taken: BTreeSet<String>,
    /// Names that are taken for those of something of PostgreSQL's.
    coined: BTreeSet<String>,
    /// Names of types: what is cast to them is computed.
    cast: BTreeSet<String>,
}

impl Given {
    /// Whether no name means anything else than the catalog says, and none is new.
    pub fn is_empty(&self) -> bool {
        !self.leads() && self.made.is_empty()
    }

    /// Whether a name means something else than the catalog says.
    pub fn leads(&self) -> bool {
        0 < self.kept
    }

    /// Whether there was more than is kept: then nobody can tell what a name means.
    pub fn is_full(&self) -> bool {
        KEPT_MAX <= self.kept
    }

    /// Whether something of this name is new.
    pub fn has_made(&self, name: &str) -> bool {
        self.made.contains(name)
    }

    /// The relation with this number that is new.
    pub(crate) fn relation(&self, oid: u32) -> Option<&Relation> {
        self.new.get(&oid)
    }

    /// Numbers of the relations that are called so, in this schema where one is given.
    pub(crate) fn named(&self, schema: Option<&str>, name: &str) -> impl Iterator<Item = u32> {
        let all = self.by_name.get(name).into_iter().flatten();
        let is_meant = move |own: Option<&str>| schema.is_none() || own.is_none() || own == schema;
        all.filter(move |(own, _)| is_meant(own.as_deref())).map(|(_, oid)| *oid)
    }

    /// Numbers of what a relation reads or is a part of.
    pub(crate) fn below(&self, oid: u32) -> impl Iterator<Item = u32> {
        self.underlying.get(&oid).into_iter().flatten().copied()
    }

    /// Numbers of its parts.
    pub(crate) fn parts(&self, oid: u32) -> impl Iterator<Item = u32> {
        self.parts.get(&oid).into_iter().flatten().copied()
    }

    /// PostgreSQL's own relations that a view of this name reads.
    pub(crate) fn system(&self, name: &str) -> impl Iterator<Item = &Name> {
        self.ways.system.get(name).into_iter().flatten()
    }

    /// Whether something that was called otherwise got this name.
    pub(crate) fn is_renamed(&self, name: &str) -> bool {
        self.ways.renamed.contains(name)
    }

    /// Names that the session has given to something else than relations, and that are taken for those of something of PostgreSQL's.
    pub(crate) fn coined(&self) -> impl Iterator<Item = &String> {
        self.ways.coined.iter()
    }

    /// Whether a function takes it for a temporary table.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.ways.taken.contains(name)
    }

    /// Whether what is cast to a type of this name is computed.
    pub(crate) fn is_cast(&self, name: &str) -> bool {
        self.ways.cast.contains(name)
    }

    /// Where the session looks, where that names a schema of PostgreSQL's own.
    pub(crate) fn own_path(&self) -> Option<&[String]> {
        self.path.as_deref()
    }

    /// From now on it looks there, or along a path that names none of these.
    pub fn look_along(&mut self, path: Option<Arc<[String]>>) {
        self.path = path;
    }

    /// Whether there is any way that is kept.
    pub fn has_ways(&self) -> bool {
        self.ways != Ways::default()
    }

    /// The same with nothing but these.
    #[must_use]
    pub fn only_ways(&self) -> Self {
        Given { ways: self.ways.clone(), ..Given::default() }
    }

    /// Takes in which views a statement makes on PostgreSQL's own relations, what it calls otherwise, what functions that it makes take
    /// for temporary, and which casts it makes.
    pub fn take_ways(&mut self, namings: &[Naming], catalog: &Catalog) {
        for naming in namings {
            let Ways { system, renamed, taken, coined, cast } = &self.ways;
            let kept = system.len() + renamed.len() + taken.len() + coined.len() + cast.len();
            if KEPT_MAX <= kept {
                return;
            }
            let (own, of) = match naming {
                Naming::Leads { from, to } => (from, to),
                Naming::Renames { from, to } => {
                    self.ways.renamed.insert(to.name.clone());
                    (to, from)
                }
                Naming::Takes(Name { name, .. }) => {
                    self.ways.taken.insert(name.clone());
                    continue;
                }
                Naming::Coins(name) => {
                    self.ways.coined.insert(name.clone());
                    continue;
                }
                Naming::Casts(Name { name, .. }) => {
                    self.ways.cast.insert(name.clone());
                    continue;
                }
                Naming::LeadsType { from, to } => {
                    if self.is_cast(&from.name) || catalog.computes_to(&from.name) {
                        self.ways.cast.insert(to.name.clone());
                    }
                    continue;
                }
                Naming::Makes(_) | Naming::RenamesSchema { .. } | Naming::IsPart { .. } => continue,
            };
            let shown = catalog.named_in(of.schema.as_deref(), &of.name);
            let shown = shown.filter_map(|view| catalog.system_views().through.get(&view.oid));
            let itself = Some(of).filter(|of| of.is_system() && matches!(naming, Naming::Leads { .. }));
            let found: Vec<Name> =
                itself.into_iter().chain(shown).chain(self.system(&of.name)).cloned().collect();
            if found.is_empty() {
                continue;
            }
            let known = self.ways.system.entry(own.name.clone()).or_default();
            for name in found {
                if !known.contains(&name) {
                    known.push(name);
                }
            }
        }
    }

    /// Takes in what a statement does to names of `catalog`, which shows nothing of it itself.
    pub fn take(&mut self, namings: &[Naming], catalog: &Catalog) {
        self.take_ways(namings, catalog);
        for naming in namings {
            if self.is_full() {
                return;
            }
            match naming {
                Naming::Makes(Name { name, .. }) => {
                    self.made.insert(name.clone());
                }
                Naming::Renames { from, to } => {
                    self.made.insert(to.name.clone());
                    for oid in self.all(from, catalog) {
                        self.call(to, oid);
                    }
                }
                Naming::RenamesSchema { from, to } => self.rename_schema(from, to, catalog),
                Naming::Casts(_) | Naming::Coins(_) | Naming::LeadsType { .. } | Naming::Takes(_) => {}
                Naming::Leads { from, to } => {
                    let from = self.all_or_new(from, catalog);
                    // What is neither shown nor new is a common table expression.
                    let to = if self.has_made(&to.name) {
                        self.all_or_new(to, catalog)
                    } else {
                        self.all(to, catalog)
                    };
                    for (from, to) in pairs(&from, &to) {
                        Self::keep(&mut self.kept, self.underlying.entry(from).or_default(), to);
                    }
                }
                Naming::IsPart { part, of } => {
                    let (part, of) = (self.all_or_new(part, catalog), self.all_or_new(of, catalog));
                    for (part, of) in pairs(&part, &of) {
                        Self::keep(&mut self.kept, self.underlying.entry(part).or_default(), of);
                        Self::keep(&mut self.kept, self.parts.entry(of).or_default(), part);
                    }
                }
            }
        }
    }

    /// Forgets what `catalog` shows by itself, which was read after all of it: all but what is called like a temporary relation,
    /// of which it does not show whose it is.
    pub fn forget_shown(&mut self, catalog: &Catalog) {
        let is_temporary =
            |name: &str| catalog.named_in(None, name).any(|relation| relation.schema.starts_with("pg_temp_"));
        self.by_name.retain(|name, _| is_temporary(name));
        let named: BTreeSet<u32> = self.by_name.values().flatten().map(|(_, oid)| *oid).collect();
        self.new.retain(|oid, _| named.contains(oid));
        self.underlying.retain(|oid, _| named.contains(oid));
        self.parts.clear();
        self.made.clear();
        let names = self.by_name.values().map(BTreeSet::len);
        self.kept = names.chain(self.underlying.values().map(BTreeSet::len)).sum();
    }

    fn keep<T: Ord>(kept: &mut usize, all: &mut BTreeSet<T>, one: T) {
        *kept += usize::from(all.insert(one));
    }

    fn call(&mut self, Name { schema, name }: &Name, oid: u32) {
        let called = self.by_name.entry(name.clone()).or_default();
        Self::keep(&mut self.kept, called, (schema.clone(), oid));
    }

    fn rename_schema(&mut self, from: &str, to: &str, catalog: &Catalog) {
        let own = catalog.relations().filter(|relation| relation.schema == from);
        let mut moved: Vec<(String, u32)> =
            own.map(|relation| (relation.name.clone(), relation.oid)).collect();
        for (name, called) in &self.by_name {
            let called = called.iter().filter(|(schema, _)| schema.as_deref() == Some(from));
            moved.extend(called.map(|(_, oid)| (name.clone(), *oid)));
        }
        for (name, oid) in moved.into_iter().take(KEPT_MAX) {
            self.call(&Name { schema: Some(to.to_owned()), name }, oid);
        }
    }

    /// All relations that a name can mean.
    fn all(&self, Name { schema, name }: &Name, catalog: &Catalog) -> BTreeSet<u32> {
        let schema = schema.as_deref();
        catalog.named_in(schema, name).map(|relation| relation.oid).chain(self.named(schema, name)).collect()
    }

    /// The same, and a new one where there is none that it must mean.
    fn all_or_new(&mut self, name: &Name, catalog: &Catalog) -> BTreeSet<u32> {
        let mut all = self.all(name, catalog);
        if all.iter().any(|oid| self.new.contains_key(oid)) || !all.is_empty() && !self.has_made(&name.name) {
            return all;
        }
        let last = self.new.keys().next().map_or(u32::MAX, |oid| oid - 1);
        let Some(oid) = (0..=last).rev().find(|oid| catalog.relation(*oid).is_none()) else { return all };
        let schema = name.schema.clone().unwrap_or_default();
        self.new.insert(oid, Relation { oid, schema, name: name.name.clone(), columns: Vec::new() });
        self.call(name, oid);
        all.insert(oid);
        all
    }
}

fn pairs(ones: &BTreeSet<u32>, others: &BTreeSet<u32>) -> impl Iterator<Item = (u32, u32)> {
    let pairs = ones.iter().flat_map(|one| others.iter().map(move |other| (*one, *other)));
    pairs.filter(|(one, other)| one != other).take(KEPT_MAX)
}
