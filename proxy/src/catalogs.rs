//! The catalogs of the databases behind the proxy, for as long as they are configured and their sessions live.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

use crate::catalog::CatalogKeeper;
use crate::config::{Config, Upstream};

/// The catalogs that are kept.
pub(crate) struct Catalogs {
    /// By the name that clients ask for.
    kept: Mutex<HashMap<String, Kept>>,
    /// Where they are kept: on one thread beside those of sessions.
    runtime: Handle,
}

struct Kept {
    upstream: Arc<Upstream>,
    keeper: CatalogKeeper,
}

impl Catalogs {
    pub(crate) fn new(runtime: Handle) -> Self {
        Catalogs { kept: Mutex::default(), runtime }
    }

    /// The catalog of `upstream`; nothing is read before somebody needs it. Another way in to the same database leaves
    /// what is known of it: what was sensitive stays so.
    pub(crate) fn of(&self, upstream: &Arc<Upstream>) -> CatalogKeeper {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.get_mut(&upstream.database) {
            Some(known) if Arc::ptr_eq(&known.upstream, upstream) => known.keeper.clone(),
            Some(known) if known.upstream.is_same_database(upstream) => {
                known.upstream = Arc::clone(upstream);
                known.keeper.enter_by(Arc::clone(upstream));
                known.keeper.clone()
            }
            _ => {
                let (keeper, task) = CatalogKeeper::start(Arc::clone(upstream));
                self.runtime.spawn(task);
                let known = Kept { upstream: Arc::clone(upstream), keeper: keeper.clone() };
                kept.insert(upstream.database.clone(), known);
                keeper
            }
        }
    }

    /// Goes by another configuration. Sessions keep the catalogs that it has no more.
    pub(crate) fn follow(&self, config: &Config) {
        config.upstreams.values().for_each(|upstream| drop(self.of(upstream)));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|database, _| config.upstreams.contains_key(database));
    }
}
