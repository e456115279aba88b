//! How many questions each user may still ask about values that it may not see, and who asked too many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use audit::record::{AlertKind, AlertRecord, Record};
use session::Allowance;
use tokio::time::interval;
use uuid::Uuid;

use crate::connection::Shared;
use crate::trail::now;

/// What is given back in an hour comes in so many parts.
const PARTS: u32 = 60;

/// One part comes after this time.
const PAUSE: Duration = Duration::from_secs(60);

/// What is left of every user's allowance.
#[derive(Debug, Default)]
pub(crate) struct Allowances(Mutex<HashMap<String, Arc<Allowance>>>);

impl Allowances {
    /// That of one user, who may ask `most` in an hour.
    pub(crate) fn of(&self, user: &str, most: u32) -> Arc<Allowance> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(user.to_owned()).or_insert_with(|| Arc::new(Allowance::new(most))))
    }

    /// Gives a part back to everybody: who has asked too many since the last time. Who has no session and all of it is forgotten.
    fn refill(&self, most: u32) -> Vec<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let exceeded = |(user, allowance): (&String, &Arc<Allowance>)| {
            allowance.refill(most.div_ceil(PARTS), most).then(|| user.clone())
        };
        let told = all.iter().filter_map(exceeded).collect();
        all.retain(|_, allowance| 1 < Arc::strong_count(allowance) || !allowance.is_whole(most));
        told
    }
}

/// Gives back what is due, for as long as the proxy runs, and raises an alert for each user who has asked too many.
pub(crate) async fn refill(shared: &Shared) {
    let mut parts = interval(PAUSE);
    parts.tick().await;
    loop {
        parts.tick().await;
        let most = shared.config.now().limits.max_probes_per_hour;
        for user in shared.allowances.refill(most) {
            tracing::warn!(user, most, "asked too many questions about values that are masked");
            let alert = Record::Alert(alert(&shared.host, &user, most));
            if let Err(error) = shared.spool.append(&[alert]) {
                tracing::error!(error = daemon::with_causes(&error), "an alert was not recorded");
            }
        }
    }
}

fn alert(host: &str, user: &str, most: u32) -> AlertRecord {
    AlertRecord {
        alert_id: Uuid::now_v7(),
        raised_at: now(),
        host: host.to_owned(),
        kind: AlertKind::Probing,
        message: format!(
            "{user} asks about values that are masked: more than {most} questions within an hour look into them, and are refused"
        ),
        connection: None,
    }
}
