//! What happens to each column of a result, with the reason.

use wire::backend::Field;

use crate::classify::{Class, Classes, ColumnId, is_string, is_text};

/// First OID that is not assigned by PostgreSQL itself (`FirstNormalObjectId`, transam.h).
pub const FIRST_NORMAL_OID: u32 = 16384;

/// What happens to one column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnPlan {
    /// They pass as they are.
    Clear(Reason),
    /// They are masked as this class is.
    Mask(Class, Reason),
    /// They become NULL: values of their type say too much.
    Null(Reason),
    /// Each is looked at, and masked where it looks like one of this class.
    Scan(Class, Reason),
}

/// Why a column is treated as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is a column that is known to hold nothing of this kind.
    KnownHarmless,
    /// It is a column that is known to hold it.
    Classified,
    /// It is a column of a relation that the catalog does not show yet: scanned where it can hold text.
    UnknownRelation,
    /// Its type cannot hold text.
    NotText,
    /// It is computed, or comes from PostgreSQL's own catalogs, and cannot show anything sensitive.
    NoColumn,
    /// It is computed, and can show values of sensitive columns.
    Traced,
}

/// What happens to the columns of one result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    columns: Vec<ColumnPlan>,
    masks: bool,
}

impl Plan {
    /// Plans one column. `known` says whether the catalog has this column; `shows`, where it is computed, whether it can show
    /// something sensitive.
    pub fn column(
        field: &Field<'_>,
        known: bool,
        classes: &Classes,
        shows: impl FnOnce() -> bool,
    ) -> ColumnPlan {
        let id = ColumnId { table_oid: field.table_oid, number: field.column };
        match classes.get(&id) {
            Some(Class::Derived) if !is_string(field.type_oid) => ColumnPlan::Null(Reason::Classified),
            Some(class) => ColumnPlan::Mask(*class, Reason::Classified),
            None if field.table_oid < FIRST_NORMAL_OID || field.column <= 0 => match shows() {
                true if is_string(field.type_oid) => ColumnPlan::Mask(Class::Derived, Reason::Traced),
                true => ColumnPlan::Null(Reason::Traced),
                false => ColumnPlan::Clear(Reason::NoColumn),
            },
            None if known => ColumnPlan::Clear(Reason::KnownHarmless),
            None if is_text(field.type_oid) => ColumnPlan::Scan(Class::Email, Reason::UnknownRelation),
            None => ColumnPlan::Clear(Reason::NotText),
        }
    }

    /// A plan of these columns, in the order of the result.
    pub fn new(columns: Vec<ColumnPlan>) -> Self {
        let masks = columns.iter().any(|column| !matches!(column, ColumnPlan::Clear(_)));
        Plan { columns, masks }
    }

    /// Whether any column is masked or scanned; if not, rows pass untouched.
    pub fn masks(&self) -> bool {
        self.masks
    }

    /// The columns in the order of the result.
    pub fn columns(&self) -> &[ColumnPlan] {
        &self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_reason() {
        let field =
            |table_oid, column, type_oid| Field { name: b"x", table_oid, column, type_oid, format: 0 };
        let classes = Classes::from([(ColumnId { table_oid: 20000, number: 2 }, Class::Email)]);
        let plan = |field: &Field<'_>, known| Plan::column(field, known, &classes, || field.name == b"shows");
        assert_eq!(plan(&field(20000, 2, 25), true), ColumnPlan::Mask(Class::Email, Reason::Classified));
        assert_eq!(plan(&field(20000, 1, 25), true), ColumnPlan::Clear(Reason::KnownHarmless));
        assert_eq!(
            plan(&field(20001, 1, 25), false),
            ColumnPlan::Scan(Class::Email, Reason::UnknownRelation)
        );
        assert_eq!(plan(&field(20001, 1, 23), false), ColumnPlan::Clear(Reason::NotText));
        assert_eq!(plan(&field(0, 0, 25), false), ColumnPlan::Clear(Reason::NoColumn));
        let shows = |type_oid| Field { name: b"shows", table_oid: 0, column: 0, type_oid, format: 0 };
        assert_eq!(plan(&shows(25), false), ColumnPlan::Mask(Class::Derived, Reason::Traced));
        assert_eq!(plan(&shows(23), false), ColumnPlan::Null(Reason::Traced));
        let row = Field { column: 0, ..field(20000, 0, 20010) };
        assert_eq!(plan(&Field { name: b"shows", ..row }, true), ColumnPlan::Null(Reason::Traced));
    }
}
