//! The names of a database's relations, columns and functions, as they were read at one moment.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::hooks::Hooks;
pub use crate::routine::Routine;

/// Relations of one database.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    relations: HashMap<u32, Relation>,
    by_name: HashMap<String, Vec<u32>>,
    schemas: BTreeSet<String>,
    /// What views read, and what partitions and children are a part of.
    underlying: HashMap<u32, Vec<u32>>,
    /// Columns that are generated: their relations' OIDs and their numbers.
    generated: BTreeSet<(u32, i16)>,
    /// `schema.function` by `pg_proc.oid`.
    functions: HashMap<u32, String>,
    /// Those that users made, by `pg_proc.oid`, and their OIDs by name.
    routines: HashMap<u32, Arc<Routine>>,
    routines_by_name: HashMap<String, Vec<u32>>,
    knows_routines: bool,
    hooks: Hooks,
}

/// A table, view, materialised view, foreign or partitioned table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Schema's name.
    pub schema: String,
    /// Relation's name.
    pub name: String,
    /// Its columns that are not dropped.
    pub columns: Vec<Column>,
}

/// A column of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// `pg_attribute.attnum`.
    pub number: i16,
    /// Its name.
    pub name: String,
    /// OID of its type.
    pub type_oid: u32,
}

impl Catalog {
    /// A catalog of these relations.
    pub fn new(relations: impl IntoIterator<Item = Relation>) -> Self {
        let mut catalog = Catalog::default();
        for relation in relations {
            catalog.by_name.entry(relation.name.clone()).or_default().push(relation.oid);
            if !catalog.schemas.contains(&relation.schema) {
                catalog.schemas.insert(relation.schema.clone());
            }
            catalog.relations.insert(relation.oid, relation);
        }
        catalog
    }

    /// The same with these functions: their OIDs, and their names as `schema.function`.
    #[must_use]
    pub fn with_functions(mut self, functions: impl IntoIterator<Item = (u32, String)>) -> Self {
        self.functions = functions.into_iter().collect();
        self
    }

    /// The same with these routines, by their OIDs.
    #[must_use]
    pub fn with_routines(mut self, routines: impl IntoIterator<Item = (u32, Arc<Routine>)>) -> Self {
        self.knows_routines = true;
        for (oid, routine) in routines {
            self.routines_by_name.entry(routine.name.clone()).or_default().push(oid);
            self.routines.insert(oid, routine);
        }
        self
    }

    /// The same with what hangs on its relations.
    #[must_use]
    pub fn with_hooks(self, hooks: Hooks) -> Self {
        Catalog { hooks, ..self }
    }

    /// What hangs on its relations.
    pub fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// Whether there is any routine.
    pub fn has_routines(&self) -> bool {
        !self.routines.is_empty()
    }

    /// Whether it is known that no routine has this name.
    pub fn lacks_routine(&self, name: &str) -> bool {
        self.knows_routines && self.routines(name).next().is_none()
    }

    /// Every routine of this name, in whichever schema, with whichever arguments.
    pub fn routines(&self, name: &str) -> impl Iterator<Item = &Routine> {
        let oids = self.routines_by_name.get(name).into_iter().flatten();
        oids.filter_map(|oid| self.routines.get(oid)).map(|routine| &**routine)
    }

    /// The routine with this OID.
    pub fn routine(&self, oid: u32) -> Option<&Arc<Routine>> {
        self.routines.get(&oid)
    }

    /// The name of the function with this OID, as `schema.function`.
    pub fn function(&self, oid: u32) -> Option<&str> {
        self.functions.get(&oid).map(String::as_str)
    }

    /// The relation with this OID.
    pub fn relation(&self, oid: u32) -> Option<&Relation> {
        self.relations.get(&oid)
    }

    /// Every relation of this name, in whichever schema.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Relation> {
        self.by_name.get(name).into_iter().flatten().filter_map(|oid| self.relations.get(oid))
    }

    /// Those of them in this schema, where one is given.
    pub fn named_in(&self, schema: Option<&str>, name: &str) -> impl Iterator<Item = &Relation> {
        self.named(name).filter(move |relation| schema.is_none_or(|schema| schema == relation.schema))
    }

    /// What a name can mean to a session. Nobody gets at another's temporary relations, and the own ones are named as such.
    pub fn meant(&self, schema: Option<&str>, name: &str) -> impl Iterator<Item = &Relation> {
        let is_anybodys = move |known: &&Relation| schema.is_some() || !known.schema.starts_with("pg_temp_");
        self.named_in(schema, name).filter(is_anybodys)
    }

    /// Names of the schemas that have relations.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        self.schemas.iter().map(String::as_str)
    }

    /// The same where the first relation of each pair is a view that reads the second, or a part of it.
    #[must_use]
    pub fn with_dependencies(mut self, pairs: impl IntoIterator<Item = (u32, u32)>) -> Self {
        for (relation, on) in pairs {
            self.underlying.entry(relation).or_default().push(on);
        }
        self
    }

    /// The same where these columns are generated: their relations' OIDs and their numbers.
    #[must_use]
    pub fn with_generated(self, generated: impl IntoIterator<Item = (u32, i16)>) -> Self {
        Catalog { generated: generated.into_iter().collect(), ..self }
    }

    /// Whether this column is known to be generated.
    pub fn is_generated(&self, relation: u32, column: i16) -> bool {
        self.generated.contains(&(relation, column))
    }

    /// A relation, and all that it reads or is a part of, through however many views.
    pub fn with_underlying<'a>(&'a self, relation: &'a Relation) -> Vec<&'a Relation> {
        let mut found = vec![relation];
        let mut at = 0;
        while let Some(relation) = found.get(at).copied() {
            for next in self.below(relation) {
                if found.iter().all(|known| known.oid != next.oid) {
                    found.push(next);
                }
            }
            at += 1;
        }
        found
    }

    /// What a relation reads or is a part of.
    pub(crate) fn below(&self, relation: &Relation) -> impl Iterator<Item = &Relation> {
        let below = self.underlying.get(&relation.oid).into_iter().flatten();
        below.filter_map(|oid| self.relations.get(oid))
    }

    /// All relations.
    pub fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.relations.values()
    }
}

impl Relation {
    /// `schema.relation`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// The column with this number.
    pub fn column(&self, number: i16) -> Option<&Column> {
        self.columns.iter().find(|column| column.number == number)
    }
}
