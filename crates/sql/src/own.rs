//! Names by which functions, operators and types are taken for PostgreSQL's, of which it is known what they do with a value. Anybody can give
//! one of these to something else.

use crate::lineage::TRUSTED;
use crate::source::SCALARS;

/// Types that name something in the catalog.
pub(crate) const REGISTERED: [&str; 12] = [
    "regclass",
    "regcollation",
    "regconfig",
    "regdatabase",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
];

/// Operators.
const OPERATORS: [&str; 12] = ["!=", "#>", "#>>", "*", "+", "-", "->", "->>", "/", "<>", "=", "||"];

/// All such names.
pub fn trusted_names() -> impl Iterator<Item = &'static str> {
    let functions = TRUSTED.iter().flat_map(|names| names.iter().copied());
    functions.chain(SCALARS).chain(REGISTERED).chain(OPERATORS)
}

/// Whether this is one of them.
pub(crate) fn is_trusted(name: &str) -> bool {
    trusted_names().any(|known| known == name)
}
