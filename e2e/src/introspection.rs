//! Objects of every kind, with sensitive columns at the bottom of them: what tools that show a database have to show.

/// Those that the shop's owner makes.
pub const OBJECTS: &str = include_str!("introspection.sql");

/// Those that only a superuser can make, after the others.
pub const OF_SUPERUSER: &str = include_str!("introspection_of_superuser.sql");

/// A program that has SQLAlchemy tell all it knows of a database that has those objects.
pub const SQLALCHEMY: &str = include_str!("../clients/introspection/sqlalchemy_inspector.py");

/// The same of Django.
pub const DJANGO: &str = include_str!("../clients/introspection/django_inspectdb.py");

/// The same of the JDBC driver.
pub const JDBC: &str = include_str!("../clients/introspection/Inspect.java");
