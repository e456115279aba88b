//! Relations that were read after the others of a catalog: tables on which nothing hangs, and that hang on nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::catalog::{Catalog, Relation};
use crate::rows::Rows;

/// A table on which nothing hangs: no view, rule, trigger, key, policy or part, nor is it a part of anything, and all of its types are the
/// server's own.
#[derive(Clone, Debug)]
pub struct Plain {
    /// What it is called, and its columns.
    pub relation: Relation,
    /// `pg_class.reltype`: the type of its rows.
    pub row_type: u32,
    /// What is true of each of its rows.
    pub rows: Arc<Rows>,
}

/// Such tables, by their OIDs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Added {
    tables: HashMap<u32, Plain>,
    by_name: HashMap<String, Vec<u32>>,
    by_row_type: HashMap<u32, u32>,
    /// Those of their schemas in which the catalog has nothing else.
    schemas: BTreeSet<String>,
}

impl Added {
    pub(crate) fn relation(&self, oid: u32) -> Option<&Relation> {
        self.tables.get(&oid).map(|table| &table.relation)
    }

    pub(crate) fn rows(&self, oid: u32) -> Option<&Arc<Rows>> {
        self.tables.get(&oid).map(|table| &table.rows)
    }

    pub(crate) fn of_row_type(&self, type_oid: u32) -> Option<u32> {
        self.by_row_type.get(&type_oid).copied()
    }

    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Relation> {
        self.by_name.get(name).into_iter().flatten().filter_map(|oid| self.relation(*oid))
    }

    pub(crate) fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.tables.values().map(|table| &table.relation)
    }

    pub(crate) fn schemas(&self) -> impl Iterator<Item = &str> {
        self.schemas.iter().map(String::as_str)
    }
}

impl Catalog {
    /// The same with these tables, and without those of `gone`, which must be of those that were added before. `None` where more of it could
    /// change by that: then it must be read as a whole.
    #[must_use]
    pub fn with_added(&self, tables: impl IntoIterator<Item = Plain>, gone: &[u32]) -> Option<Self> {
        let mut all = self.added().tables.clone();
        all.retain(|oid, _| !gone.contains(oid));
        for table in tables {
            all.insert(table.relation.oid, table);
        }
        let mut added = Added { tables: all, ..Added::default() };
        let Added { tables, by_name, by_row_type, schemas } = &mut added;
        for Plain { relation, row_type, .. } in tables.values() {
            if self.has_read(relation.oid) {
                return None;
            }
            by_name.entry(relation.name.clone()).or_default().push(relation.oid);
            by_row_type.insert(*row_type, relation.oid);
            if !self.has_schema(&relation.schema) {
                if !relation.is_temporary() {
                    return None;
                }
                schemas.insert(relation.schema.clone());
            }
        }
        let with = self.adding(added);
        let is_twice = |relation: &Relation| {
            let same = with.named(&relation.name).filter(|other| !with.is_new(other));
            !relation.is_temporary() && 1 < same.filter(|other| !other.is_temporary()).count()
        };
        let is_twice = !self.has_name_twice() && with.added().relations().any(is_twice);
        (!is_twice).then_some(with)
    }

    /// Whether it was read as a whole with a table of this OID in it.
    pub fn has_added(&self, oid: u32) -> bool {
        self.added().relation(oid).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Column;

    fn relation(oid: u32, schema: &str, name: &str) -> Relation {
        let column = Column { number: 1, name: "id".to_owned(), type_oid: 23 };
        Relation { oid, schema: schema.to_owned(), name: name.to_owned(), columns: vec![column] }
    }

    fn plain(oid: u32, schema: &str, name: &str) -> Plain {
        Plain { relation: relation(oid, schema, name), row_type: oid + 1_000, rows: Arc::default() }
    }

    fn catalog() -> Catalog {
        Catalog::new([relation(16_400, "public", "orders")])
    }

    #[test]
    fn what_is_added_is_there_like_what_was_read() {
        let catalog = catalog().with_added([plain(16_500, "public", "new")], &[]).unwrap();
        assert_eq!(catalog.named("new").count(), 1);
        assert_eq!(catalog.relation(16_500), Some(&relation(16_500, "public", "new")));
        assert_eq!(catalog.record(17_500), Some(&relation(16_500, "public", "new")));
        assert!(catalog.rows(16_500).is_some() && catalog.relations().count() == 2);
        let catalog = catalog.with_added([plain(16_501, "pg_temp_3", "orders")], &[16_500]).unwrap();
        assert!(catalog.named("new").next().is_none() && catalog.named("orders").count() == 2);
        assert!(!catalog.has_name_twice() && catalog.schemas().any(|schema| schema == "pg_temp_3"));
    }

    #[test]
    fn what_could_mean_more_than_itself_is_not_added() {
        let is_added = |table| catalog().with_added([table], &[]).is_some();
        assert!(!is_added(plain(16_400, "public", "orders")), "it was called otherwise, maybe");
        assert!(!is_added(plain(16_500, "other", "new")), "who may look into the schema?");
        let catalog = Catalog::new([relation(16_400, "public", "orders"), relation(16_401, "one", "stock")]);
        assert!(catalog.with_added([plain(16_500, "one", "orders")], &[]).is_none(), "a name means two");
        let twice = [relation(16_400, "public", "orders"), relation(16_401, "one", "orders")];
        assert!(Catalog::new(twice).with_added([plain(16_500, "one", "new")], &[]).is_some());
    }
}
