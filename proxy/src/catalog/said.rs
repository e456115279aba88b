//! What is said of columns besides their own names: comments, and the names that columns of foreign tables have where their values are.

use std::collections::{HashMap, HashSet};

use mask::{Class, ColumnId, class_of, class_of_comment, is_town};
use sql::Catalog;
use sql::catalog::{Column, Relation};
use wire::backend;

use super::samples::id;
use super::{Texts, ask};
use crate::pipe::Pipe;

/// Comments of columns, where they are short.
const COMMENTS: &str = "
    SELECT d.objoid, d.objsubid, d.description
    FROM pg_catalog.pg_description d
    WHERE d.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass::oid
      AND d.objoid OPERATOR(pg_catalog.>=) 16384::oid AND d.objsubid OPERATOR(pg_catalog.>) 0
      AND pg_catalog.length(d.description) OPERATOR(pg_catalog.<=) 80";

/// The option is called so by postgres_fdw and by most others that have one; longer names are cut off.
const REMOTE_NAMES: &str = "
    SELECT a.attrelid, a.attnum, pg_catalog.left(o.option_value, 200)
    FROM pg_catalog.pg_attribute a
    CROSS JOIN LATERAL pg_catalog.pg_options_to_table(a.attfdwoptions) o
    WHERE a.attrelid OPERATOR(pg_catalog.>=) 16384::oid AND a.attfdwoptions IS NOT NULL AND NOT a.attisdropped
      AND o.option_name OPERATOR(pg_catalog.=) 'column_name' AND o.option_value IS NOT NULL";

/// What is said.
#[derive(Default)]
pub(crate) struct Said {
    comments: HashMap<ColumnId, String>,
    remote_names: HashMap<ColumnId, String>,
    /// Columns that beside others of their relations are a part of an address.
    towns: HashSet<ColumnId>,
}

impl Said {
    /// Reads it anew.
    ///
    /// # Errors
    ///
    /// One sentence, where the server cannot be asked.
    pub(super) async fn read(&mut self, pipe: &mut Pipe) -> Result<(), String> {
        let Said { comments, remote_names, .. } = self;
        for (query, said) in [(COMMENTS, comments), (REMOTE_NAMES, remote_names)] {
            said.clear();
            ask(pipe, query, |row| {
                let mut row = Texts(backend::DataRow::read(row)?);
                let id =
                    ColumnId { table_oid: row.number("relation")?, number: row.number("column number")? };
                said.insert(id, row.text("what is said")?);
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Looks at the names of columns beside others of their relations.
    pub(super) fn compare(&mut self, catalog: &Catalog) {
        self.towns = catalog.relations().flat_map(|relation| self.towns_of(relation)).collect();
    }

    /// The same of one that is new, of whose columns these are the comments.
    pub(super) fn add(&mut self, relation: &Relation, comments: &HashMap<ColumnId, String>) {
        let of = relation.columns.iter().map(|column| id(relation, column));
        self.comments.extend(of.filter_map(|id| Some((id, comments.get(&id)?.clone()))));
        let towns: Vec<ColumnId> = self.towns_of(relation).collect();
        self.towns.extend(towns);
    }

    fn towns_of<'r>(&self, relation: &'r Relation) -> impl Iterator<Item = ColumnId> + use<'r> {
        let is_address =
            |column: &Column| self.own_class(&id(relation, column), column) == Some(Class::Address);
        let towns = relation.columns.iter().filter(|column| is_town(&column.name, column.type_oid));
        let has_address = relation.columns.iter().any(is_address);
        towns.map(|column| id(relation, column)).filter(move |_| has_address)
    }

    /// The class that a column is of by a name of it, and of those beside it.
    pub(super) fn class_by_name(&self, id: &ColumnId, column: &Column) -> Option<Class> {
        self.own_class(id, column).or_else(|| self.towns.contains(id).then_some(Class::Address))
    }

    fn own_class(&self, id: &ColumnId, column: &Column) -> Option<Class> {
        let remote = || class_of(self.remote_names.get(id)?, column.type_oid);
        class_of(&column.name, column.type_oid).or_else(remote)
    }

    /// The class that its comment tells.
    pub(super) fn class_by_comment(&self, id: &ColumnId, column: &Column) -> Option<Class> {
        class_of_comment(self.comments.get(id)?, column.type_oid)
    }
}
