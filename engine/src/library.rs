//! Finds and loads the engine's library.

use std::path::PathBuf;

use daemon::{Failure, Kind};

use crate::chdb::Chdb;

/// The version that this program is tested with.
const VERSION: &str = "26.7.3";

/// Loads the library from where it was given, or from the cache that `cargo xtask setup` fills.
pub(crate) fn load(given: Option<PathBuf>) -> Result<&'static Chdb, Failure> {
    let (path, hint) = match given {
        Some(path) => (path, ""),
        None => (in_cache()?, " (neither --engine-lib nor PICKET_ENGINE_LIB is given)"),
    };
    if !path.exists() {
        return Err(Kind::Unavailable.says(format!(
            "load the engine: `{}` does not exist{hint}; run `cargo xtask setup`, or point PICKET_ENGINE_LIB at \
             libchdb.so",
            path.display()
        )));
    }
    Chdb::load(&path).map_err(|error| {
        Kind::Unavailable.says(format!(
            "load the engine from `{}`: {error}; run `cargo xtask setup` for version {VERSION}",
            path.display()
        ))
    })
}

fn in_cache() -> Result<PathBuf, Failure> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache =
        variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache"))).ok_or_else(|| {
            Kind::Unavailable.says(
            "load the engine: neither HOME nor XDG_CACHE_HOME is set; point PICKET_ENGINE_LIB at libchdb.so",
        )
        })?;
    Ok(cache.join("picket/engine").join(VERSION).join("libchdb.so"))
}
