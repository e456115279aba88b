//! The catalogs of the databases that sessions are with, read on demand. Those of a wildcard are of any number of
//! databases, so that theirs is bounded.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

use crate::catalog::{CatalogKeeper, Chronicle, KeptCatalog, Memory};
use crate::config::{Config, Upstream};
use crate::farewell::Farewell;

/// The catalogs that are kept.
pub(crate) struct Catalogs {
    kept: Mutex<AllKept>,
    /// Where they are kept: on one thread beside those of sessions.
    runtime: Handle,
    chronicle: Chronicle,
    /// Where what must not be forgotten of them is kept.
    dir: PathBuf,
}

#[derive(Default)]
struct AllKept {
    /// By the name that clients ask for.
    by_database: HashMap<String, Kept>,
    /// Counts the sessions that have come.
    sessions: u64,
}

struct Kept {
    upstream: Arc<Upstream>,
    catalog: KeptCatalog,
    /// The last session that came for it.
    last_session: u64,
}

impl Catalogs {
    pub(crate) fn new(runtime: Handle, chronicle: Chronicle, dir: PathBuf) -> Self {
        Catalogs { kept: Mutex::default(), runtime, chronicle, dir }
    }

    /// The catalog of `upstream`, for a session. `most` databases of a wildcard are kept: the one without sessions that
    /// has had none for the longest makes room. Another way in to the same database leaves what is known of it: what was
    /// sensitive stays so.
    pub(crate) fn of(&self, upstream: &Arc<Upstream>, most: usize) -> Result<CatalogKeeper, Farewell> {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.sessions += 1;
        let AllKept { by_database, sessions } = &mut *all;
        let known = by_database.get_mut(&upstream.database);
        if let Some(known) = known.filter(|known| known.upstream.is_same_database(upstream)) {
            known.enter_by(upstream);
            known.last_session = *sessions;
            return Ok(known.catalog.keeper());
        }
        if upstream.is_wildcard {
            by_database.remove(&upstream.database);
            make_room(by_database, most)?;
        }
        let memory = Memory::open(&self.dir, &upstream.database).map_err(|error| {
            Farewell::new(
                "58030",
                "Picket cannot read which columns are sensitive, and so does not let you in",
            )
            .detail(daemon::with_causes(&error))
        })?;
        let (catalog, task) = KeptCatalog::start(Arc::clone(upstream), memory, self.chronicle.clone());
        self.runtime.spawn(task);
        let keeper = catalog.keeper();
        let kept = Kept { upstream: Arc::clone(upstream), catalog, last_session: *sessions };
        by_database.insert(upstream.database.clone(), kept);
        Ok(keeper)
    }

    /// Goes by another configuration. Sessions keep the catalogs that it has no more.
    pub(crate) fn follow(&self, config: &Config) {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.by_database.retain(|database, kept| match config.upstream(database) {
            Some(upstream) if kept.upstream.is_same_database(&upstream) => {
                kept.enter_by(&upstream);
                true
            }
            _ => false,
        });
    }
}

impl Kept {
    /// Reads it by this way in from now on.
    fn enter_by(&mut self, upstream: &Arc<Upstream>) {
        if self.upstream != *upstream {
            self.upstream = Arc::clone(upstream);
            self.catalog.enter_by(Arc::clone(upstream));
        }
    }
}

fn make_room(by_database: &mut HashMap<String, Kept>, most: usize) -> Result<(), Farewell> {
    let wildcards = || by_database.iter().filter(|(_, kept)| kept.upstream.is_wildcard);
    if wildcards().count() < most {
        return Ok(());
    }
    let unused = wildcards().filter(|(_, kept)| kept.catalog.is_unused());
    let oldest = unused.min_by_key(|(_, kept)| kept.last_session).map(|(database, _)| database.clone());
    let Some(oldest) = oldest else {
        let detail = format!("Picket's limit is `max-wildcard-databases`, {most} at the moment.");
        return Err(Farewell::new("53300", "sorry, too many databases are in use already").detail(detail));
    };
    by_database.remove(&oldest);
    Ok(())
}
