//! The sensitive columns of a database.

use std::collections::{HashMap, HashSet};

use crate::class::Class;

/// A column by the numbers that RowDescription carries. They survive renaming and aliases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ColumnId {
    /// `pg_class.oid`.
    pub table_oid: u32,
    /// `pg_attribute.attnum`.
    pub number: i16,
}

/// The sensitive columns of one database.
pub type Classes = HashMap<ColumnId, Class>;

/// Columns that can hold text and of which nothing is known: their names say nothing, and their values were not looked at, or
/// not enough of them.
pub type Unsearched = HashSet<ColumnId>;

/// OIDs of the types whose values are text in both formats (pg_type.dat): text, varchar, bpchar, name, unknown.
const TEXT_TYPES: [u32; 5] = [25, 1043, 1042, 19, 705];

/// OIDs of int8, numeric, bytea, text[] and varchar[]: numbers of cards, text as bytes, and lists of text.
const OTHER_TYPES: [u32; 5] = [20, 1700, BYTEA, 1009, 1015];

/// `bytea`.
pub(crate) const BYTEA: u32 = 17;

/// Whether values of this type tell what their column holds.
pub fn is_telling(type_oid: u32) -> bool {
    is_text(type_oid) || OTHER_TYPES.contains(&type_oid)
}

/// Whether any string is a value of this type.
pub(crate) fn is_string(type_oid: u32) -> bool {
    TEXT_TYPES.contains(&type_oid)
}

/// Whether values of this type can hold text that is worth a scan. Types that are not PostgreSQL's own may: citext does.
pub fn is_text(type_oid: u32) -> bool {
    TEXT_TYPES.contains(&type_oid) || crate::FIRST_NORMAL_OID <= type_oid
}
