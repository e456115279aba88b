//! Objects of every kind, with sensitive columns at the bottom of them: what tools that show a database have to show.

/// Those that the shop's owner makes.
pub const OBJECTS: &str = include_str!("introspection.sql");

/// Those that only a superuser can make, after the others.
pub const OF_SUPERUSER: &str = include_str!("introspection_of_superuser.sql");
