//! Says what a column holds by its name and type.

use std::collections::HashMap;

/// What a sensitive column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Computed from values of sensitive columns.
    Derived,
    /// E-mail addresses.
    Email,
}

impl Class {
    /// The word for it in records and listings.
    pub fn name(self) -> &'static str {
        match self {
            Class::Derived => "derived",
            Class::Email => "email",
        }
    }
}

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

/// OIDs of the types whose values are text in both formats (pg_type.dat): text, varchar, bpchar, name, unknown.
const TEXT_TYPES: [u32; 5] = [25, 1043, 1042, 19, 705];

/// What a column of this name and type holds; `None` where its name says nothing.
pub fn classify(name: &str, type_oid: u32) -> Option<Class> {
    let words = name.to_ascii_lowercase().replace(['_', '-', ' ', '.'], "");
    (words.contains("email") && TEXT_TYPES.contains(&type_oid)).then_some(Class::Email)
}

/// Whether any string is a value of this type.
pub(crate) fn is_string(type_oid: u32) -> bool {
    TEXT_TYPES.contains(&type_oid)
}

/// Whether values of this type can hold text that is worth a scan. Types that are not PostgreSQL's own may: citext does.
pub(crate) fn is_text(type_oid: u32) -> bool {
    TEXT_TYPES.contains(&type_oid) || crate::FIRST_NORMAL_OID <= type_oid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_like_email_of_text_types_are_email() {
        for name in
            ["email", "Email", "e_mail", "E-Mail", "user_email", "email_address", "workEmail", "emails"]
        {
            assert_eq!(classify(name, 25), Some(Class::Email), "{name}");
        }
        for (name, type_oid) in [("mail", 25), ("name", 25), ("email_verified", 16), ("email_count", 23)] {
            assert_eq!(classify(name, type_oid), None, "{name}");
        }
    }
}
