//! How many questions each user may still ask about values that it may not see.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use session::{Allowance, Questions};
use tokio::time::interval;

use crate::connection::Shared;

/// A part of what may be asked within an hour comes back after this time ([`session::PARTS_OF_AN_HOUR`]).
const PAUSE: Duration = Duration::from_secs(60);

/// What is left of every user's allowance.
#[derive(Debug, Default)]
pub(crate) struct Allowances(Mutex<HashMap<String, Arc<Allowance>>>);

impl Allowances {
    /// That of one user, who may ask `most` in an hour.
    pub(crate) fn of(&self, user: &str, most: Questions) -> Arc<Allowance> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let allowance = all.entry(user.to_owned()).or_insert_with(|| Arc::new(Allowance::new(most)));
        allowance.limit(most);
        Arc::clone(allowance)
    }

    /// Gives a part back to everybody. Who has no session and all of it is forgotten.
    fn refill(&self, most: Questions) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().for_each(|allowance| allowance.refill(most));
        all.retain(|_, allowance| 1 < Arc::strong_count(allowance) || !allowance.is_whole(most));
    }
}

/// Gives back what is due, for as long as the proxy runs.
pub(crate) async fn refill(shared: &Shared) {
    let mut parts = interval(PAUSE);
    parts.tick().await;
    loop {
        parts.tick().await;
        shared.allowances.refill(shared.config.now().limits.max_probes);
    }
}
