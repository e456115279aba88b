//! The scripts of the regression tests of a newer PostgreSQL than the server's, which come with a package for Python whose
//! grammar is that of libpg_query.

use std::path::PathBuf;

use crate::cache;

/// The package, of which the source archive is fetched.
pub const PACKAGE: &str = "pglast";

/// Its version.
pub const VERSION: &str = "8.7";

/// SHA-256 of the archive.
pub const HASH: &str = "7729abdc12a9949c8cc96e5cae0ba353943d3f12b0c17b09a049572bfa206e15";

/// The version of PostgreSQL whose scripts these are.
pub const POSTGRESQL: &str = "18.6";

/// Where the scripts are in the archive, below its one folder.
pub const KEPT: &str = "libpg_query/test/sql/postgres_regress";

/// The folder that has the scripts, or will have them.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(cache::folder()?.join(format!("postgresql-statements-{POSTGRESQL}-{VERSION}")))
}

/// That folder, which is put in place whole.
#[must_use]
pub fn installed() -> Option<PathBuf> {
    folder().filter(|folder| folder.is_dir())
}
