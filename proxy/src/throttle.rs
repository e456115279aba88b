//! How many wrong passwords and tokens somebody may show. Each is put down to the address that it comes from, to the user whose
//! it is said to be, and to both together. Who is right is never put down, and nobody is locked out for good.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Limits;
use crate::farewell::Farewell;

/// Limits are for a minute: as many may come at once, and as many more come back in this time.
const WINDOW: Duration = Duration::from_secs(60);

/// How long an address is known as a user's own after a right password or token.
const KNOWN: Duration = Duration::from_secs(24 * 60 * 60);

/// Most addresses, users and pairs of them that are kept in mind. Where there are more, the quarter goes that would be forgotten first.
const ENTRIES_MAX: usize = 100_000;

/// Bits of an IPv6 address that somebody has to themselves.
const OWN_BITS: u32 = 64;

/// What is known of wrong and right passwords and tokens.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// Names are hashed with a seed of this process: strangers choose how long they are.
    seed: RandomState,
    entries: Mutex<HashMap<Key, Entry>>,
    wrong: AtomicU64,
    refused: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    User(u64),
    Both(IpAddr, u64),
}

/// A token bucket, as the time at which it is full again, and when somebody was right last.
#[derive(Clone, Copy, Debug)]
struct Entry {
    full_at: Instant,
    right_at: Option<Instant>,
}

/// Somebody who wants to log in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) throttle: &'a Throttle,
    pub(crate) limits: &'a Limits,
    pub(crate) address: IpAddr,
}

/// Which limit is reached, and when there is room again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    key: &'static str,
    wait: Duration,
}

/// What has happened since the proxy began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) wrong: u64,
    pub(crate) refused: u64,
    pub(crate) entries: usize,
}

impl TooMany {
    /// Seconds after which there is room again.
    pub(crate) fn wait_secs(self) -> u64 {
        self.wait.as_secs() + 1
    }

    pub(crate) fn farewell(self) -> Farewell {
        let secs = self.wait_secs();
        // As where there are too many connections: drivers try again later.
        Farewell::new("53300", "too many wrong passwords or tokens; try again later")
            .detail(format!("Picket's limit is `{}`; there is room again in {secs} s.", self.key))
    }
}

impl Attempt<'_> {
    /// Whether a password or token of `user` is looked at now.
    pub(crate) fn is_admitted(&self, user: &str, now: Instant) -> Result<(), TooMany> {
        let admitted = self.throttle.admits(self.limits, self.address, user, now);
        if admitted.is_err() {
            self.throttle.refused.fetch_add(1, Ordering::Relaxed);
        }
        admitted
    }

    /// What was shown was wrong.
    pub(crate) fn was_wrong(&self, user: &str, now: Instant) {
        if let Some(key) = self.throttle.note_wrong(self.limits, self.address, user, now) {
            let address = self.address;
            tracing::warn!(%address, user, limit = key, "too many wrong passwords or tokens: more are refused for a while");
        }
    }

    /// What was shown was right.
    pub(crate) fn was_right(&self, user: &str, now: Instant) {
        self.throttle.note_right(self.address, user, now);
    }
}

impl Throttle {
    pub(crate) fn counts(&self) -> Counts {
        let (wrong, refused) = (self.wrong.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed));
        Counts { wrong, refused, entries: self.lock().len() }
    }

    fn admits(&self, limits: &Limits, address: IpAddr, user: &str, now: Instant) -> Result<(), TooMany> {
        let [own, of_address, of_user] = self.keys(address, user);
        let entries = self.lock();
        let entry = |key: Key| entries.get(&key).copied();
        // What is left of the minute, beyond which there is no room for one more.
        let wait = |key: Key, limit: u32| {
            let step = WINDOW.checked_div(limit)?;
            let full_in = entry(key)?.full_at.saturating_duration_since(now);
            full_in.checked_sub(WINDOW.saturating_sub(step)).filter(|wait| !wait.is_zero())
        };
        let (per_user, per_address) =
            (limits.max_failed_logins_per_user, limits.max_failed_logins_per_address);
        if let Some(wait) = wait(own, per_user) {
            return Err(TooMany { key: PER_USER, wait });
        }
        if entry(own).is_some_and(|entry| entry.is_known(now)) {
            return Ok(());
        }
        if let Some(wait) = wait(of_address, per_address) {
            return Err(TooMany { key: PER_ADDRESS, wait });
        }
        // Somebody guesses at this user from many addresses: one that is new may still try, but not twice.
        if wait(of_user, per_user).is_some() {
            let left = entry(own).map(|entry| entry.full_at.saturating_duration_since(now));
            if let Some(wait) = left.filter(|left| !left.is_zero()) {
                return Err(TooMany { key: PER_USER, wait });
            }
        }
        Ok(())
    }

    /// Puts it down. Names the limit that is reached with this one.
    fn note_wrong(&self, limits: &Limits, address: IpAddr, user: &str, now: Instant) -> Option<&'static str> {
        self.wrong.fetch_add(1, Ordering::Relaxed);
        let [own, of_address, of_user] = self.keys(address, user);
        let (per_user, per_address) =
            (limits.max_failed_logins_per_user, limits.max_failed_logins_per_address);
        let mut entries = self.lock();
        let is_known = entries.get(&own).is_some_and(|entry| entry.is_known(now));
        let mut reached = None;
        // From a user's own address it is the user who is wrong, and nobody else pays for that.
        let others = [(of_address, per_address, PER_ADDRESS), (of_user, per_user, PER_USER)];
        let others = others.into_iter().filter(|_| !is_known);
        for (key, limit, name) in [(own, per_user, PER_USER)].into_iter().chain(others) {
            let Some(step) = WINDOW.checked_div(limit) else { continue };
            make_room(&mut entries, key);
            let entry = entries.entry(key).or_insert(Entry { full_at: now, right_at: None });
            let had_room = entry.full_at.saturating_duration_since(now) + step <= WINDOW;
            // Never more than a minute, however many come at once.
            entry.full_at = (entry.full_at.max(now) + step).min(now + WINDOW);
            if had_room && WINDOW < entry.full_at.saturating_duration_since(now) + step {
                reached = reached.or(Some(name));
            }
        }
        reached
    }

    fn note_right(&self, address: IpAddr, user: &str, now: Instant) {
        let [own, _, _] = self.keys(address, user);
        let mut entries = self.lock();
        make_room(&mut entries, own);
        entries.insert(own, Entry { full_at: now, right_at: Some(now) });
    }

    fn keys(&self, address: IpAddr, user: &str) -> [Key; 3] {
        let address = match address.to_canonical() {
            IpAddr::V6(address) => {
                let mask = u128::MAX << (u128::BITS - OWN_BITS);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
            address => address,
        };
        let user = self.seed.hash_one(user);
        [Key::Both(address, user), Key::Address(address), Key::User(user)]
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PER_USER: &str = "max-failed-logins-per-user";
const PER_ADDRESS: &str = "max-failed-logins-per-address";

impl Entry {
    fn is_known(&self, now: Instant) -> bool {
        self.right_at.is_some_and(|at| now.saturating_duration_since(at) < KNOWN)
    }

    /// When it says nothing any more.
    fn forgotten_at(&self) -> Instant {
        self.right_at.map_or(self.full_at, |at| self.full_at.max(at + KNOWN))
    }
}

/// Makes room for `key`, where there is none.
fn make_room(entries: &mut HashMap<Key, Entry>, key: Key) {
    if entries.len() < ENTRIES_MAX || entries.contains_key(&key) {
        return;
    }
    let mut ends: Vec<Instant> = entries.values().map(Entry::forgotten_at).collect();
    let (_, end, _) = ends.select_nth_unstable(ENTRIES_MAX / 4);
    let end = *end;
    entries.retain(|_, entry| end < entry.forgotten_at());
}

#[cfg(test)]
mod tests;
