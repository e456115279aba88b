//! Where `cargo xtask setup` keeps what it fetches.

use std::env;
use std::path::PathBuf;

/// The folder; `None` where the user has neither a cache nor a home.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("picket"))
}
