//! Words of Cedar's interface that all of this crate needs.

use std::str::FromStr;

use cedar_policy::{EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use thiserror::Error;

/// Something that Cedar did not take.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct CedarError(String);

impl CedarError {
    pub(crate) fn new(error: impl ToString) -> Self {
        CedarError(error.to_string())
    }
}

/// The schema's entity types.
#[derive(Clone, Debug)]
pub(crate) struct Types {
    pub(crate) action: EntityTypeName,
    pub(crate) class: EntityTypeName,
    pub(crate) column: EntityTypeName,
    pub(crate) database: EntityTypeName,
    pub(crate) function: EntityTypeName,
    pub(crate) group: EntityTypeName,
    pub(crate) schema: EntityTypeName,
    pub(crate) setting: EntityTypeName,
    pub(crate) table: EntityTypeName,
    pub(crate) user: EntityTypeName,
}

impl Types {
    pub(crate) fn new() -> Result<Self, CedarError> {
        let named =
            |name: &str| EntityTypeName::from_str(&format!("Picket::{name}")).map_err(CedarError::new);
        Ok(Types {
            action: named("Action")?,
            class: named("Class")?,
            column: named("Column")?,
            database: named("Database")?,
            function: named("Function")?,
            group: named("Group")?,
            schema: named("Schema")?,
            setting: named("Setting")?,
            table: named("Table")?,
            user: named("User")?,
        })
    }
}

pub(crate) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

pub(crate) fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

pub(crate) fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> RestrictedExpression {
    RestrictedExpression::new_set(texts.into_iter().map(text))
}

pub(crate) fn truth(truth: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(truth)
}

pub(crate) fn fields<const N: usize>(
    fields: [(&str, RestrictedExpression); N],
) -> impl Iterator<Item = (String, RestrictedExpression)> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value))
}
