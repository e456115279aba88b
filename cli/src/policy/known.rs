//! What is said of the database that a statement is explained for, since nothing is connected to.

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::Args;
use policy::CLASSES;
use sql::Catalog;
use sql::catalog::{Column, Relation};

/// What the database has
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Known {
    /// A column that the database has, and what it holds, as masks know it; may be given several times
    #[arg(long = "column", value_name = "SCHEMA.TABLE.COLUMN=CLASS")]
    columns: Vec<Held>,
}

/// A column, and what it holds.
#[derive(Clone, Debug)]
struct Held {
    schema: String,
    table: String,
    column: String,
    class: &'static str,
}

impl FromStr for Held {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shape = || format!("`{text}` is not as SCHEMA.TABLE.COLUMN=CLASS");
        let (path, class) = text.split_once('=').ok_or_else(shape)?;
        let class = CLASSES.into_iter().find(|known| *known == class).ok_or_else(|| {
            format!("there is no class `{class}`; the classes are `{}`", CLASSES.join("`, `"))
        })?;
        match path.split('.').collect::<Vec<_>>().as_slice() {
            [schema, table, column] if [schema, table, column].iter().all(|part| !part.is_empty()) => {
                let [schema, table, column] = [schema, table, column].map(|part| (*part).to_owned());
                Ok(Held { schema, table, column, class })
            }
            _ => Err(shape()),
        }
    }
}

impl Known {
    /// The relations of those columns, which have no others.
    pub(super) fn catalog(&self) -> Catalog {
        let mut relations: BTreeMap<(&str, &str), Vec<Column>> = BTreeMap::new();
        for Held { schema, table, column, .. } in &self.columns {
            let columns = relations.entry((schema, table)).or_default();
            let number = i16::try_from(columns.len() + 1).unwrap_or(i16::MAX);
            columns.push(Column { number, name: column.clone(), type_oid: 0 });
        }
        Catalog::new((1..).zip(relations).map(|(oid, ((schema, name), columns))| Relation {
            oid,
            schema: schema.to_owned(),
            name: name.to_owned(),
            columns,
        }))
    }

    /// What one of them holds.
    pub(super) fn class_of(&self, relation: &Relation, column: &Column) -> Option<&'static str> {
        let is_it = |held: &&Held| {
            (&held.schema, &held.table, &held.column) == (&relation.schema, &relation.name, &column.name)
        };
        self.columns.iter().find(is_it).map(|held| held.class)
    }
}
