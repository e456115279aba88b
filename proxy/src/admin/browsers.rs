//! Who has opened a link with a browser: people who are at the provider's page, and those who have signed in there, for a while. A
//! browser is known by a cookie that no script reads and no other site can have sent with a form.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::HeaderMap;
use hyper::header::COOKIE;
use sha2::{Digest, Sha256};

use crate::authority::Somebody;
use crate::oidc::SignIn;

/// How long somebody may take at the provider's page, and how long one is known who has signed in.
pub(super) const SIGN_IN_WAIT: Duration = Duration::from_secs(10 * 60);
pub(super) const SIGNED_IN_FOR: Duration = Duration::from_secs(10 * 60);

/// Most of each; the oldest make room.
const BROWSERS_MAX: usize = 1_024;

/// Cookies (RFC 6265bis, 4.1.3.2): with `__Host-`, of this host, over TLS, for all of its paths.
pub(super) const SIGNING_IN: &str = "__Host-picket-signing-in";
pub(super) const SIGNED_IN: &str = "__Host-picket-signed-in";

/// Longest value of one of ours.
const COOKIE_BYTES_MAX: usize = 128;

/// Everybody.
#[derive(Default)]
pub(super) struct Browsers {
    signing_in: Mutex<Kept<SigningIn>>,
    signed_in: Mutex<Kept<SignedIn>>,
}

/// Somebody at the provider's page.
pub(super) struct SigningIn {
    pub(super) begun: SignIn,
    /// The end of the address of the link that was opened.
    pub(super) address: String,
}

/// Somebody who has signed in.
pub(super) struct SignedIn {
    pub(super) somebody: Somebody,
    /// What their forms have in them, so that nobody else's are taken.
    pub(super) form: String,
}

/// By the hash of what a cookie says: whoever reads memory has no cookies.
struct Kept<T>(BTreeMap<[u8; 32], (T, Instant)>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept(BTreeMap::new())
    }
}

impl<T> Kept<T> {
    fn keep(&mut self, cookie: &str, one: T, until: Instant) {
        let now = Instant::now();
        self.0.retain(|_, (_, until)| now < *until);
        if BROWSERS_MAX <= self.0.len()
            && let Some(first) = self.0.iter().min_by_key(|(_, (_, until))| *until).map(|(key, _)| *key)
        {
            self.0.remove(&first);
        }
        self.0.insert(hash(cookie), (one, until));
    }

    fn get(&self, cookie: &str) -> Option<&T> {
        self.0.get(&hash(cookie)).filter(|(_, until)| Instant::now() < *until).map(|(one, _)| one)
    }

    fn take(&mut self, cookie: &str) -> Option<T> {
        let (one, until) = self.0.remove(&hash(cookie))?;
        (Instant::now() < until).then_some(one)
    }
}

fn hash(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie).into()
}

fn lock<T>(kept: &Mutex<Kept<T>>) -> MutexGuard<'_, Kept<T>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Browsers {
    /// Somebody goes to the provider's page.
    pub(super) fn begin(&self, signing_in: SigningIn) {
        let state = signing_in.begun.state.clone();
        lock(&self.signing_in).keep(&state, signing_in, Instant::now() + SIGN_IN_WAIT);
    }

    /// A browser comes back with this state, once.
    pub(super) fn comes_back(&self, state: &str) -> Option<SigningIn> {
        lock(&self.signing_in).take(state)
    }

    /// A browser with this cookie is somebody's from now on.
    pub(super) fn enter(&self, cookie: &str, somebody: SignedIn) {
        lock(&self.signed_in).keep(cookie, somebody, Instant::now() + SIGNED_IN_FOR);
    }

    /// Whose browser that is.
    pub(super) fn with<T>(&self, headers: &HeaderMap, then: impl FnOnce(&SignedIn) -> T) -> Option<T> {
        let cookie = cookie(headers, SIGNED_IN)?;
        let kept = lock(&self.signed_in);
        kept.get(cookie).filter(|one| !one.somebody.has_ended()).map(then)
    }
}

/// The cookie of this name, where there is one.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut found = all.flat_map(|value| value.split(';')).filter_map(|one| {
        let (known, value) = one.trim().split_once('=')?;
        (known == name && value.len() <= COOKIE_BYTES_MAX).then_some(value)
    });
    // Of two by one name nobody knows which is ours.
    match (found.next(), found.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}

/// What sets a cookie; an empty one takes it away.
pub(super) fn set_cookie(name: &str, value: &str, time: Duration) -> String {
    let secs = if value.is_empty() { 0 } else { time.as_secs() };
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={secs}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_browsers_is_bounded_and_ends() {
        let mut kept = Kept::default();
        let until = Instant::now() + SIGN_IN_WAIT;
        for one in 0..=BROWSERS_MAX {
            kept.keep(&one.to_string(), one, until + Duration::from_millis(one as u64));
        }
        assert_eq!(kept.0.len(), BROWSERS_MAX);
        assert_eq!((kept.get("0"), kept.get("1")), (None, Some(&1)), "the oldest made room");
        assert_eq!((kept.take("1"), kept.take("1")), (Some(1), None), "once");
        kept.keep("old", 0, Instant::now());
        assert_eq!(kept.get("old"), None);
        assert_eq!(kept.take("old"), None);
    }

    #[test]
    fn a_cookie_is_read_by_its_whole_name_where_there_is_one() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            values.iter().for_each(|value| _ = headers.append(COOKIE, value.parse().unwrap()));
            cookie(&headers, SIGNED_IN).map(str::to_owned)
        };
        assert_eq!(of(&["a=b; __Host-picket-signed-in=x; c=d"]), Some("x".to_owned()));
        assert_eq!(of(&["a=b", "__Host-picket-signed-in=x"]), Some("x".to_owned()));
        for odd in [
            &["picket-signed-in=x"][..],
            &["__host-picket-signed-in=x"],
            &["__Host-picket-signed-in"],
            &["x__Host-picket-signed-in=x"],
            &["__Host-picket-signed-in=x; __Host-picket-signed-in=y"],
            &["__Host-picket-signed-in=x", "__Host-picket-signed-in=y"],
        ] {
            assert_eq!(of(odd), None, "{odd:?}");
        }
    }
}
