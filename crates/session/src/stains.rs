//! Columns that hold values of sensitive ones because a statement has written them there.

use std::collections::{HashMap, HashSet};

use mask::{Class, Classes, ColumnId};
use sql::Catalog;
use sql::catalog::{Column, Relation};

/// A column, or several, that a statement writes sensitive values into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stain {
    /// One that the catalog shows.
    Column(ColumnId, Class),
    /// One with a class of its own, into which a part of a value is written.
    Part(ColumnId),
    /// Those of a relation that the catalog may not show yet.
    Named(NamedStain),
}

/// Columns of a relation by its name, in whichever schema.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct NamedStain {
    /// Name of the relation.
    pub relation: String,
    /// `pg_class.oid` of those that have the name already, and are not meant.
    pub not: Vec<u32>,
    /// `pg_attribute.attnum` of the column, where that is known.
    pub number: Option<i16>,
    /// What the column can be called. Where there is no number either, all columns are meant.
    pub names: Vec<String>,
    /// The class that all of its values are of, as they are or not; `None` where there are several, or nobody knows.
    pub of: Option<Class>,
    /// Values are written as they are.
    pub is_copy: bool,
    /// What is written can be a part of a value.
    pub is_part: bool,
    /// It is temporary: nobody but the session that has written there can mean it.
    pub is_temporary: bool,
    /// The text that makes it tells that these are sensitive by their own names: it counts until a catalog shows them.
    pub told: Option<ToldOf>,
}

/// What a text tells of the columns of a table.
#[derive(Clone, Debug, Default, Hash, PartialEq, Eq)]
pub struct ToldOf {
    /// Columns that it tells of, sensitive or not.
    pub columns: Box<[String]>,
    /// They are all, in this order.
    pub are_all: bool,
}

/// What was written into relations that the catalog may not show yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stains {
    by_relation: HashMap<String, Vec<NamedStain>>,
    len: usize,
    /// Columns whose class is settled, whatever is written into them.
    settled: HashSet<ColumnId>,
    /// Columns with classes of their own that hold parts of values.
    parts: HashSet<ColumnId>,
}

impl NamedStain {
    /// Any column of the relations of this name, but for these.
    pub(crate) fn any(relation: &str, not: Vec<u32>) -> Self {
        let (number, names, of) = (None, Vec::new(), None);
        let (is_copy, is_part, is_temporary, told) = (false, true, false, None);
        let relation = relation.to_owned();
        NamedStain { relation, not, number, names, of, is_copy, is_part, is_temporary, told }
    }

    /// Whether `catalog` shows what a text told of, and its classes.
    pub fn is_shown(&self, catalog: &Catalog) -> bool {
        let shows = |relation: &sql::catalog::Relation| {
            let has = |name: &String| relation.columns.iter().any(|column| column.name == *name);
            !self.not.contains(&relation.oid) && self.names.iter().all(has)
        };
        // Of temporary ones it does not say whose they are.
        self.told.is_some() && !self.is_temporary && catalog.named(&self.relation).any(shows)
    }

    /// The columns of `catalog` that it means.
    fn meant<'c>(&'c self, catalog: &'c Catalog) -> impl Iterator<Item = (ColumnId, &'c Column)> {
        let may_be = move |schema: &str| !self.is_temporary || schema.starts_with("pg_temp_");
        let is_written = self.told.is_none();
        let named = catalog.named(&self.relation).filter(move |relation| !self.not.contains(&relation.oid));
        let named = named.filter(move |_| is_written).filter(move |relation| may_be(&relation.schema));
        named.flat_map(move |relation| {
            let is_meant = move |column: &&Column| match self.number {
                Some(number) => column.number == number,
                None => self.names.is_empty() || self.names.contains(&column.name),
            };
            let id = move |column: &Column| ColumnId { table_oid: relation.oid, number: column.number };
            relation.columns.iter().filter(is_meant).map(move |column| (id(column), column))
        })
    }

    /// The class of such a column whose name says this.
    pub(crate) fn class(&self, by_name: Option<Class>) -> Class {
        match (self.of, by_name) {
            (Some(of), Some(by_name)) if of == by_name => of,
            (Some(of), None) if self.is_copy => of,
            _ => Class::Derived,
        }
    }
}

impl Stain {
    /// Whether what is written there can be seen in this column of a relation: it is that one, or the relation shows rows of the other, or the other
    /// has its rows.
    pub(crate) fn shows_in(&self, relation: &Relation, column: &Column, catalog: &Catalog) -> bool {
        let is_in = |id: &ColumnId| {
            let is_part = |part: u32, of: u32| catalog.parts(of).into_iter().any(|known| known.part == part);
            let is_same = relation.oid == id.table_oid && column.number == id.number;
            let other = || catalog.relation(id.table_oid);
            let is_named = || {
                other().and_then(|other| other.column(id.number)).is_some_and(|own| own.name == column.name)
            };
            let shares = is_part(id.table_oid, relation.oid) || is_part(relation.oid, id.table_oid);
            let is_below = |below: &&Relation| below.oid == id.table_oid;
            is_same
                || if shares {
                    is_named()
                } else {
                    relation.oid != id.table_oid && catalog.with_underlying(relation).iter().any(is_below)
                }
        };
        match self {
            Stain::Column(id, _) | Stain::Part(id) => is_in(id),
            Stain::Named(named) => named.meant(catalog).any(|(id, _)| is_in(&id)),
        }
    }
}

/// Whether what is put into a column is cut by its type: of a text, the first letter stays.
pub(crate) fn cuts(column: &Column) -> bool {
    const CHAR: u32 = 18;
    column.type_oid == CHAR
}

/// The fields of values of this type, or of elements of arrays of it: what is put together there, can be in any of them.
pub(crate) fn fields(catalog: &Catalog, type_oid: u32) -> impl Iterator<Item = ColumnId> {
    let of = catalog.type_alone(catalog.element(type_oid).unwrap_or(type_oid)).into_iter();
    of.flat_map(|of| of.columns.iter().map(|column| ColumnId { table_oid: of.oid, number: column.number }))
}

impl Stains {
    /// Adds one. Whether it was not there.
    pub fn add(&mut self, stain: NamedStain) -> bool {
        if self.covers(&stain) {
            return false;
        }
        self.len += 1;
        self.by_relation.entry(stain.relation.clone()).or_default().push(stain);
        true
    }

    /// What is written into these columns changes nothing.
    pub fn settle(&mut self, columns: impl Iterator<Item = ColumnId>) {
        self.settled.extend(columns);
    }

    /// These hold parts of values.
    pub fn note_parts(&mut self, columns: impl Iterator<Item = ColumnId>) {
        self.parts.extend(columns);
    }

    /// Whether this column holds parts of values, whatever its class is.
    pub(crate) fn has_part(&self, column: &ColumnId) -> bool {
        self.parts.contains(column)
    }

    /// Whether this column holds parts of values under a class of its own, which does not say so.
    pub(crate) fn has_classed_part(&self, column: &ColumnId, classes: &Classes) -> bool {
        let is_named = |class: &Class| !matches!(class, Class::Derived | Class::Document);
        self.has_part(column) && classes.get(column).is_some_and(is_named)
    }

    /// Whether a stain says no more than these and `classes` do.
    pub(crate) fn has(&self, stain: &Stain, classes: &Classes) -> bool {
        match stain {
            Stain::Column(id, _) => classes.contains_key(id) || self.settles(id),
            Stain::Named(named) => self.covers(named),
            Stain::Part(id) => self.has_part(id),
        }
    }

    /// Whether the class of this column is settled.
    pub(crate) fn settles(&self, column: &ColumnId) -> bool {
        self.settled.contains(column)
    }

    /// The same without those of temporary relations.
    #[must_use]
    pub fn lasting(&self) -> Self {
        let (settled, parts) = (self.settled.clone(), self.parts.clone());
        let mut lasting = Stains { settled, parts, ..Stains::default() };
        for stain in self.all().filter(|stain| !stain.is_temporary) {
            lasting.add(stain.clone());
        }
        lasting
    }

    /// The same without what texts tell, where they tell anything.
    pub(crate) fn untold(&self) -> Option<Self> {
        self.all().any(|stain| stain.told.is_some()).then(|| {
            let (settled, parts) = (self.settled.clone(), self.parts.clone());
            let mut untold = Stains { settled, parts, ..Stains::default() };
            self.all().filter(|stain| stain.told.is_none()).for_each(|stain| _ = untold.add(stain.clone()));
            untold
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All, in no order.
    pub fn all(&self) -> impl Iterator<Item = &NamedStain> {
        self.by_relation.values().flatten()
    }

    /// Those of relations of this name.
    pub fn of(&self, relation: &str) -> &[NamedStain] {
        self.by_relation.get(relation).map(Vec::as_slice).unwrap_or_default()
    }

    /// The columns of the relation of this name, in order, where texts have told all and no other.
    pub(crate) fn row(&self, relation: &str) -> Option<&[String]> {
        let mut told = self.of(relation).iter().filter_map(|stain| stain.told.as_ref());
        let first = told.next().filter(|first| first.are_all)?;
        told.all(|other| other == first).then_some(&first.columns)
    }

    /// The class that a text has told of this column of a relation of this name.
    pub(crate) fn class_told(&self, relation: &str, column: &String) -> Option<Class> {
        let mut told = self.of(relation).iter().filter(|stain| stain.told.is_some());
        told.find(|stain| stain.names.contains(column))?.of
    }

    /// Adds the columns to `classes` that `catalog` shows.
    pub fn resolve(&self, catalog: &Catalog, classes: &mut Classes) {
        for stain in self.all() {
            for (id, column) in stain.meant(catalog) {
                let class = stain.class(classes.get(&id).copied());
                classes.insert(id, class);
                if !stain.is_copy {
                    fields(catalog, column.type_oid).for_each(|id| {
                        classes.entry(id).or_insert(Class::Derived);
                    });
                }
            }
        }
    }

    /// Columns that `catalog` shows of those into which parts of values were written.
    pub fn parts(&self, catalog: &Catalog) -> Vec<ColumnId> {
        let all = self.all().flat_map(|stain| {
            let is_part = move |column: &Column| stain.is_part || cuts(column);
            stain.meant(catalog).filter(move |(_, column)| is_part(column)).map(|(id, _)| id)
        });
        all.collect()
    }

    /// Whether what it means is meant already.
    pub(crate) fn covers(&self, stain: &NamedStain) -> bool {
        self.of(&stain.relation).iter().any(|known| {
            let is_in = |name: &String| known.names.contains(name);
            known.number == stain.number
                && (known.of, known.is_copy, known.is_part) == (stain.of, stain.is_copy, stain.is_part)
                && known.is_temporary == stain.is_temporary
                && known.told == stain.told
                && known.not.iter().all(|oid| stain.not.contains(oid))
                && (known.names.is_empty() && known.number.is_none()
                    || stain.names.iter().all(is_in) && !stain.names.is_empty())
        })
    }
}
