//! What a question is about, and what Cedar is told of it.

use std::borrow::Cow;

use cedar_policy::{Entity, EntityUid};

use crate::cedar::{CedarError, Types, fields, text, texts, truth, uid};
use crate::functions::{self, Does, Listed};
use crate::subject::Subject;

/// Where the session's own temporary relations are (`sql::Facts::with_temporary`).
pub(crate) const TEMPORARY: &str = "pg_temp";

/// Something in a database that policies can name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Resource {
    /// The database as a whole.
    Database,
    /// A schema, or something in it that is no relation.
    Schema { name: String },
    /// A relation.
    Table {
        /// Empty where nobody knows it.
        schema: String,
        name: String,
        /// The catalog has it.
        is_known: bool,
        /// What its columns hold, where policies look at that: in order, each once.
        classes: Vec<&'static str>,
    },
    /// A column of a relation.
    Column {
        /// Empty where nobody knows it.
        schema: String,
        table: String,
        name: String,
        /// What it holds; empty where that is nothing sensitive.
        class: &'static str,
    },
    /// A function, by its last name.
    Function {
        /// Empty where nobody knows it.
        schema: String,
        name: String,
    },
    /// A setting; without a name where that is computed.
    Setting { name: String },
    /// What sensitive columns hold.
    Class { name: &'static str },
}

impl Resource {
    /// What it is called in reasons.
    pub(crate) fn name<'a>(&'a self, subject: &'a Subject) -> Cow<'a, str> {
        match self {
            Resource::Database if subject.database_name.is_empty() => "the database".into(),
            Resource::Database => subject.database_name.as_str().into(),
            Resource::Schema { name }
            | Resource::Table { name, .. }
            | Resource::Function { name, .. }
            | Resource::Setting { name } => name.as_str().into(),
            Resource::Column { table, name, .. } => format!("{table}.{name}").into(),
            Resource::Class { name } => (*name).into(),
        }
    }

    /// What is known of it as a function.
    pub(crate) fn listed(&self) -> Option<Listed> {
        match self {
            Resource::Function { name, .. } => functions::listed(name),
            _ => None,
        }
    }

    /// Its id, and the entities that say what it is.
    pub(crate) fn entities(
        &self,
        types: &Types,
        subject: &Subject,
    ) -> Result<(EntityUid, Vec<Entity>), CedarError> {
        let entity = |uid: &EntityUid, attributes: Vec<_>, parents: &[&EntityUid]| {
            let parents = parents.iter().copied().cloned();
            Entity::new_with_tags(uid.clone(), attributes, parents, []).map_err(CedarError::new)
        };
        Ok(match self {
            Resource::Database => (subject.database.clone(), Vec::new()),
            Resource::Schema { name } => {
                let schema = uid(&types.schema, &id_of(&[&subject.database_name, name]));
                let entities =
                    vec![entity(&schema, fields([("name", text(name))]).collect(), &[&subject.database])?];
                (schema, entities)
            }
            Resource::Column { schema, table, name, class } => {
                let database = subject.database_name.as_str();
                let column = uid(&types.column, &id_of(&[database, schema, table, name]));
                let of = uid(&types.table, &id_of(&[database, schema, table]));
                let parent = uid(&types.schema, &id_of(&[database, schema]));
                let told = fields([
                    ("name", text(name)),
                    ("table", text(table)),
                    ("schema", text(schema)),
                    ("class", text(class)),
                ]);
                let entities = vec![entity(&column, told.collect(), &[&of, &parent, &subject.database])?];
                (column, entities)
            }
            Resource::Table { schema, name, is_known, classes } => {
                let database = subject.database_name.as_str();
                let table = uid(&types.table, &id_of(&[database, schema, name]));
                let parent = uid(&types.schema, &id_of(&[database, schema]));
                let is_system = matches!(schema.as_str(), "pg_catalog" | "information_schema" | "pg_toast")
                    || schema.is_empty() && name.starts_with("pg_");
                let told = fields([
                    ("name", text(name)),
                    ("schema", text(schema)),
                    ("is_temporary", truth(schema == TEMPORARY)),
                    ("is_system", truth(is_system)),
                    ("is_known", truth(*is_known)),
                    ("classes", texts(classes.iter().copied())),
                ]);
                let entities = vec![
                    entity(&parent, fields([("name", text(schema))]).collect(), &[&subject.database])?,
                    entity(&table, told.collect(), &[&parent, &subject.database])?,
                ];
                (table, entities)
            }
            Resource::Function { schema, name } => {
                let function = uid(&types.function, name);
                let listed = self.listed();
                let told = fields([
                    ("name", text(name)),
                    ("danger", text(listed.map_or("", |listed| listed.danger.word()))),
                    ("what", text(listed.map_or("", |listed| listed.what))),
                    ("does", text(functions::does_of(name).map_or("", Does::word))),
                ]);
                let parent = uid(&types.schema, &id_of(&[&subject.database_name, schema]));
                let entities = match schema.is_empty() {
                    true => vec![entity(&function, told.collect(), &[])?],
                    false => vec![
                        entity(&parent, fields([("name", text(schema))]).collect(), &[&subject.database])?,
                        entity(&function, told.collect(), &[&parent, &subject.database])?,
                    ],
                };
                (function, entities)
            }
            Resource::Class { name } => {
                let class = uid(&types.class, name);
                let entities = vec![entity(&class, fields([("name", text(name))]).collect(), &[])?];
                (class, entities)
            }
            Resource::Setting { name } => {
                let setting = uid(&types.setting, name);
                let entities = vec![entity(&setting, fields([("name", text(name))]).collect(), &[])?];
                (setting, entities)
            }
        })
    }
}

/// The schema in the id of a schema or table.
pub(crate) fn schema_of(id: &str) -> Option<String> {
    parts_of(id).into_iter().nth(1)
}

/// The id of what has these parts.
pub(crate) fn id_of(parts: &[impl AsRef<str>]) -> String {
    parts.iter().map(|part| quoted(part.as_ref())).collect::<Vec<_>>().join(".")
}

/// What the parts of an id mean.
pub(crate) fn parts_of(id: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut last = String::new();
    let (mut quoted, mut letters) = (false, id.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                last.push('"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(std::mem::take(&mut last)),
            letter => last.push(letter),
        }
    }
    parts.push(last);
    parts
}

/// A part of an id: quoted as in SQL where it holds what parts are kept apart by.
fn quoted(part: &str) -> String {
    if part.contains(['.', '"']) { format!("\"{}\"", part.replace('"', "\"\"")) } else { part.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_ids_are_quoted_as_in_sql() {
        for (part, written) in [("public", "public"), ("we.ird", "\"we.ird\""), ("a\"b", "\"a\"\"b\"")] {
            assert_eq!(quoted(part), written);
            assert_eq!(schema_of(&format!("shop.{written}.users")), Some(part.to_owned()));
        }
        assert_eq!(schema_of("\"shop.x\".public"), Some("public".to_owned()));
        assert_eq!(schema_of("shop"), None);
    }
}
