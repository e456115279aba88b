//! Counts sessions against their limits: in all, of one user, with one database. What has not logged in yet is counted
//! in the `lobby`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::Limits;
use crate::farewell::Farewell;

/// The sessions that there are.
#[derive(Debug, Default)]
pub(crate) struct Places {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_user: HashMap<String, usize>,
    by_database: HashMap<String, usize>,
}

/// How many there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    pub(crate) all: usize,
    pub(crate) user: usize,
    pub(crate) database: usize,
}

impl Allowed {
    /// By the limits, where a user has `own` of his own or not.
    pub(crate) fn by(limits: &Limits, own: Option<usize>) -> Self {
        Allowed {
            all: limits.max_connections,
            user: own.unwrap_or(limits.max_user_connections),
            database: limits.max_db_connections,
        }
    }
}

/// One session's place; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    user: String,
    database: String,
}

impl Places {
    /// Takes a place for a session, or says which limit stands against it.
    pub(crate) fn take(
        self: &Arc<Self>,
        user: &str,
        database: &str,
        allowed: Allowed,
    ) -> Result<Place, Farewell> {
        let full = |message: String, key: &str, limit: usize| {
            let detail = format!("Picket's limit is `{key}`, {limit} at the moment.");
            Err(Farewell::new("53300", message).detail(detail))
        };
        let mut taken = self.lock();
        if allowed.all <= taken.all {
            return full("sorry, too many clients already".to_owned(), "max-connections", allowed.all);
        }
        if allowed.user <= taken.by_user.get(user).copied().unwrap_or(0) {
            let message = format!("too many connections for role \"{user}\"");
            return full(message, "max-user-connections", allowed.user);
        }
        if allowed.database <= taken.by_database.get(database).copied().unwrap_or(0) {
            let message = format!("too many connections for database \"{database}\"");
            return full(message, "max-db-connections", allowed.database);
        }
        taken.all += 1;
        *taken.by_user.entry(user.to_owned()).or_default() += 1;
        *taken.by_database.entry(database.to_owned()).or_default() += 1;
        Ok(Place { places: Arc::clone(self), user: user.to_owned(), database: database.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        give_back(&mut taken.by_user, &self.user);
        give_back(&mut taken.by_database, &self.database);
    }
}

/// Counts one less; names without sessions are forgotten.
fn give_back(counts: &mut HashMap<String, usize>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count -= 1;
        if *count == 0 {
            counts.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_that_is_reached_is_named_and_a_place_comes_back() {
        let places = Arc::<Places>::default();
        let take = |user, database, all, per_user, per_database| {
            let taken = places.take(user, database, Allowed { all, user: per_user, database: per_database });
            taken.map_err(|farewell| format!("{}: {}", farewell.message, farewell.detail))
        };
        let first = take("alice", "shop", 3, 1, 2).unwrap();
        assert_eq!(
            take("alice", "shop", 3, 1, 2).unwrap_err(),
            "too many connections for role \"alice\": Picket's limit is `max-user-connections`, 1 at the moment."
        );
        let second = take("bob", "shop", 3, 1, 2).unwrap();
        assert_eq!(
            take("carol", "shop", 3, 1, 2).unwrap_err(),
            "too many connections for database \"shop\": Picket's limit is `max-db-connections`, 2 at the moment."
        );
        let third = take("carol", "books", 3, 1, 2).unwrap();
        assert_eq!(
            take("dave", "books", 3, 1, 2).unwrap_err(),
            "sorry, too many clients already: Picket's limit is `max-connections`, 3 at the moment."
        );
        drop(first);
        drop(take("alice", "shop", 3, 1, 2).unwrap());
        drop((second, third));
        let taken = places.lock();
        assert_eq!((taken.all, taken.by_user.len(), taken.by_database.len()), (0, 0, 0));
    }
}
