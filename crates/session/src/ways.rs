//! Where rows get that are written by a name which means something else than a catalog shows: a relation that is called otherwise, parts of
//! it, what a view reads by now.

use std::collections::{BTreeMap, BTreeSet};

use mask::{Class, ColumnId};
use sql::catalog::Column;
use sql::{Catalog, Naming};

use crate::moving::{NAMES_MAX, Written};
use crate::stains::{NamedStain, Stain};

/// Steps from one name of a relation to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ways {
    /// Names of what has the same columns: before and after it was called otherwise, a table and its part.
    same: BTreeSet<(String, String)>,
    /// Views, and what they read.
    through: BTreeSet<(String, String)>,
}

/// A name that rows get to.
#[derive(Clone, Copy, Default)]
struct Reached {
    /// By other columns than those that were written.
    is_through: bool,
    /// Not as the catalog alone has it.
    is_by_way: bool,
}

impl Ways {
    /// What a statement adds that does this to names.
    pub(crate) fn of(namings: &[Naming]) -> Self {
        let mut ways = Ways::default();
        for naming in namings {
            match naming {
                Naming::Renames { from, to } => _ = ways.same.insert((from.name.clone(), to.name.clone())),
                Naming::IsPart { part, of } => _ = ways.same.insert((of.name.clone(), part.name.clone())),
                Naming::Leads { from, to } => _ = ways.through.insert((from.name.clone(), to.name.clone())),
                Naming::Casts(_)
                | Naming::Coins(_)
                | Naming::LeadsType { .. }
                | Naming::Makes(_)
                | Naming::RenamesSchema { .. }
                | Naming::Takes(_) => {}
            }
        }
        ways
    }

    /// All of these.
    pub(crate) fn all<'w>(ways: impl Iterator<Item = &'w Ways>) -> Self {
        let mut all = Ways::default();
        ways.for_each(|ways| _ = all.add(ways));
        all
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.same.is_empty() && self.through.is_empty()
    }

    /// Whether a step is from or to this.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.same.iter().chain(&self.through).any(|(from, to)| from == name || to == name)
    }

    /// Whether there are too many to be told apart: then there are none.
    pub(crate) fn add(&mut self, other: &Ways) -> bool {
        self.same.extend(other.same.iter().cloned());
        self.through.extend(other.through.iter().cloned());
        let is_beyond = NAMES_MAX < self.same.len() + self.through.len();
        if is_beyond {
            *self = Ways::default();
        }
        is_beyond
    }

    /// What is stained elsewhere where something sensitive is written into this column of `table`. By its place nobody knows which it is: some
    /// may have been dropped; nor by its name, where columns have got others.
    pub(crate) fn stains(
        &self,
        table: &str,
        column: Option<&Written>,
        is_recolumned: impl Fn(&str) -> bool,
        catalog: &Catalog,
    ) -> Vec<Stain> {
        let reached = self.follow(table, catalog);
        let names: Vec<String> = match column {
            Some(Written::Named(name)) if !reached.keys().any(|name| is_recolumned(name)) => {
                vec![name.clone()]
            }
            Some(_) | None => Vec::new(),
        };
        let reached = reached.iter().filter(|(_, reached)| reached.is_by_way);
        stained(reached.map(|(name, reached)| (name, reached.is_through)), &names, catalog)
    }

    /// Names that rows get to which are written by this one, where the catalog alone does not have it so.
    pub(crate) fn reached(&self, table: &str, catalog: &Catalog) -> Vec<String> {
        let reached = self.follow(table, catalog).into_iter().filter(|(_, reached)| reached.is_by_way);
        reached.map(|(name, _)| name).filter(|name| name != table).collect()
    }

    /// What is stained where code puts something into this column, or any, of `part`, which gets the rows that are written by the name of
    /// `table`: they show it as well.
    pub(crate) fn given(
        &self,
        (table, part): (&str, &str),
        column: Option<&str>,
        is_recolumned: impl Fn(&str) -> bool,
        catalog: &Catalog,
    ) -> Vec<Stain> {
        let reached = self.follow(table, catalog);
        let is_through = |name: &str| reached.get(name).is_none_or(|reached| reached.is_through);
        let is_same = !is_through(part) && !reached.keys().any(|name| is_recolumned(name));
        let names: Vec<String> = column.filter(|_| is_same).map(str::to_owned).into_iter().collect();
        let shown = reached.iter().filter(|(name, at)| at.is_by_way || *name == table || *name == part);
        stained(shown.map(|(name, reached)| (name, reached.is_through)), &names, catalog)
    }

    /// All names that rows get to which are written by this one, also as the catalog has it.
    fn follow(&self, table: &str, catalog: &Catalog) -> BTreeMap<String, Reached> {
        let mut found = BTreeMap::from([(table.to_owned(), Reached::default())]);
        let mut open = vec![table.to_owned()];
        while let Some(name) = open.pop() {
            let Some(at) = found.get(&name).copied() else { continue };
            let mut next: Vec<(String, Reached)> = Vec::new();
            for relation in catalog.named(&name) {
                for below in catalog.with_underlying(relation).into_iter().skip(1) {
                    let is_part = catalog.hooks().is_part(relation.oid, below.oid);
                    let is_through = at.is_through || !is_part;
                    next.push((below.name.clone(), Reached { is_through, ..at }));
                }
                let parts = catalog.parts(relation.oid).into_iter();
                let parts = parts.filter_map(|part| catalog.relation(part.part));
                next.extend(parts.map(|part| (part.name.clone(), at)));
            }
            for (one, other) in &self.same {
                for (from, to) in [(one, other), (other, one)] {
                    if *from == name {
                        next.push((to.clone(), Reached { is_by_way: true, ..at }));
                    }
                }
            }
            let read = self.through.iter().filter(|(view, _)| *view == name);
            next.extend(read.map(|(_, to)| (to.clone(), Reached { is_through: true, is_by_way: true })));
            for (name, reached) in next {
                let known = found.get(&name).copied();
                let both = known.map_or(reached, |known| Reached {
                    is_through: known.is_through || reached.is_through,
                    is_by_way: known.is_by_way || reached.is_by_way,
                });
                let is_new = known.is_none_or(|known| {
                    (known.is_through, known.is_by_way) != (both.is_through, both.is_by_way)
                });
                if is_new {
                    found.insert(name.clone(), both);
                    open.push(name);
                }
            }
        }
        found
    }
}

/// Columns called so, or any where none is, of what has these names; any of what is reached by other columns.
fn stained<'n>(
    reached: impl Iterator<Item = (&'n String, bool)>,
    names: &[String],
    catalog: &Catalog,
) -> Vec<Stain> {
    let mut stains = Vec::new();
    for (name, is_through) in reached {
        let names = if is_through { Vec::new() } else { names.to_vec() };
        let mut known = Vec::new();
        for relation in catalog.named(name) {
            known.push(relation.oid);
            let written = |column: &&Column| names.is_empty() || names.contains(&column.name);
            stains.extend(relation.columns.iter().filter(written).map(|column| {
                let id = ColumnId { table_oid: relation.oid, number: column.number };
                Stain::Column(id, Class::Derived)
            }));
        }
        if known.is_empty() {
            stains.push(Stain::Named(NamedStain { names, ..NamedStain::any(name, known) }));
        }
    }
    stains
}
