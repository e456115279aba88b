//! The sensitive columns of a database.

use std::collections::HashMap;

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
/// not enough of them. True where it has documents, and nobody has seen any.
pub type Unsearched = HashMap<ColumnId, bool>;

/// OIDs of the types whose values are text in both formats (pg_type.dat): text, varchar, bpchar, name, unknown.
const TEXT_TYPES: [u32; 5] = [25, 1043, 1042, 19, 705];

/// OIDs of types whose values hold no text (pg_type.dat): booleans, numbers, times, identifiers, places, addresses of networks, bits, and
/// lists and ranges of those.
#[rustfmt::skip]
const FIXED_TYPES: [u32; 83] = [
    16, 18, 20, 21, 22, 23, 24, 26, 27, 28, 29, 30, 600, 601, 602, 603, 604, 628, 650, 651, 700, 701, 718, 719, 774, 775, 790, 791,
    829, 869, 1000, 1002, 1005, 1006, 1007, 1008, 1010, 1011, 1012, 1013, 1016, 1017, 1018, 1019, 1020, 1021, 1022, 1027, 1028, 1040,
    1041, 1082, 1083, 1114, 1115, 1182, 1183, 1184, 1185, 1186, 1187, 1231, 1266, 1270, 1560, 1561, 1562, 1563, 1700, 2202, 2203, 2204,
    2205, 2206, 2278, 2950, 2951, 3220, 3904, 3906, 3908, 3910, 3926,
];

/// `int8` and `numeric`, which numbers of cards fit in.
const LONG_NUMBERS: [u32; 2] = [20, 1700];

/// `bytea`.
pub(crate) const BYTEA: u32 = 17;

/// `json`, `jsonb`, and arrays of them.
const DOCUMENTS: [u32; 4] = [114, 3802, 199, 3807];

/// Whether values of this type can have any keys.
pub fn is_document(type_oid: u32) -> bool {
    DOCUMENTS.contains(&type_oid)
}

/// Whether values of this type tell what their column holds.
pub fn is_telling(type_oid: u32) -> bool {
    is_text(type_oid) || LONG_NUMBERS.contains(&type_oid)
}

/// Whether any string is a value of this type.
pub(crate) fn is_string(type_oid: u32) -> bool {
    TEXT_TYPES.contains(&type_oid)
}

/// Types of PostgreSQL's own whose values are numbers, times and the like (pg_type.dat): bool, int8, int2, int4, oid, float4, float8, date,
/// time, timestamp, timestamptz, interval, timetz, numeric, uuid.
const TEXTLESS_TYPES: [u32; 15] =
    [16, 20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184, 1186, 1266, 1700, 2950];

/// Whether a program that means to store text of a value could store it in this type: arrays, JSON and bytes hold some.
pub fn can_hold_text(type_oid: u32) -> bool {
    !TEXTLESS_TYPES.contains(&type_oid)
}

/// Whether values of this type can hold text: strings, documents, lists of them, and types that are not PostgreSQL's own.
pub fn is_text(type_oid: u32) -> bool {
    !FIXED_TYPES.contains(&type_oid)
}
