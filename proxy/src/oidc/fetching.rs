//! Fetches the provider's keys, on a thread of its own: at start, every now and then, and when a token names a key that is
//! not known yet. What was fetched holds through outages, for a bounded time.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use jsonwebtoken::Algorithm;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::Refused;
use super::keys::{Key, KeySet};
use super::settings::Settings;

/// Longest answer of a provider, in bytes.
const ANSWER_BYTES_MAX: u64 = 512 << 10;

/// Requests of one fetch: where the keys are, and the keys.
const REQUESTS: u32 = 2;

/// The thread, and what it has found. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Fetching {
    settings: Arc<Settings>,
    ask: SyncSender<()>,
    found: watch::Receiver<Found>,
}

/// What was found up to now.
#[derive(Clone, Debug, Default)]
struct Found {
    keys: Option<(Arc<KeySet>, Instant)>,
    /// Fetches that were tried, and when the last one was.
    tries: u64,
    tried_at: Option<Instant>,
    /// Why the last one failed; empty where it did not.
    trouble: String,
}

impl Fetching {
    /// `None` where there is no thread to be had.
    pub(super) fn start(settings: Arc<Settings>) -> Option<Self> {
        let (ask, asked) = sync_channel(1);
        let (publish, found) = watch::channel(Found::default());
        let of_thread = Arc::clone(&settings);
        let thread = thread::Builder::new().name("oidc-keys".to_owned());
        match thread.spawn(move || keep_fetching(&of_thread, &asked, &publish)) {
            Ok(_) => Some(Fetching { settings, ask, found }),
            Err(error) => {
                tracing::error!(%error, "the provider's keys are not fetched");
                None
            }
        }
    }

    /// The key of this name for this algorithm. Where it is not known, the provider is asked, unless it just was.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits.
    pub(super) async fn key(&self, kid: &str, algorithm: Algorithm) -> Result<Arc<Key>, Refused> {
        let mut found = self.found.clone();
        let now = found.borrow().clone();
        let known = self.look(&now, kid, algorithm);
        let was_just_tried = now.tried_at.is_some_and(|at| at.elapsed() < self.settings.key_refetch_min);
        if known.is_ok() || was_just_tried {
            return known;
        }
        // Where there is a request already, it is for this one too.
        let _ = self.ask.try_send(());
        let wait = self.settings.fetch_timeout * (REQUESTS + 1);
        let _ = timeout(wait, found.wait_for(|found| found.tries != now.tries)).await;
        let now = found.borrow().clone();
        self.look(&now, kid, algorithm)
    }

    fn look(&self, found: &Found, kid: &str, algorithm: Algorithm) -> Result<Arc<Key>, Refused> {
        let trouble = || match found.trouble.as_str() {
            "" => "they were not fetched in time".to_owned(),
            trouble => trouble.to_owned(),
        };
        let Some((keys, at)) = &found.keys else { return Err(Refused::NoKeys(trouble())) };
        if self.settings.key_trust < at.elapsed() {
            return Err(Refused::OldKeys(trouble()));
        }
        keys.find(kid, algorithm).cloned().ok_or(Refused::UnknownKey)
    }
}

fn keep_fetching(settings: &Settings, asked: &Receiver<()>, publish: &watch::Sender<Found>) {
    let agent = agent(settings);
    loop {
        let fetched = fetch(&agent, settings);
        let is_good = fetched.is_ok();
        let tried_at = Instant::now();
        tell(&fetched, &publish.borrow());
        publish.send_modify(|found| {
            found.tries += 1;
            found.tried_at = Some(tried_at);
            match fetched {
                Ok(keys) => {
                    found.keys = Some((Arc::new(keys), tried_at));
                    found.trouble.clear();
                }
                Err(trouble) => found.trouble = trouble,
            }
        });
        let due = tried_at + if is_good { settings.key_refresh } else { settings.key_refetch_min };
        loop {
            match asked.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(()) if tried_at.elapsed() < settings.key_refetch_min => {}
                Ok(()) | Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// A change is told once.
fn tell(fetched: &Result<KeySet, String>, before: &Found) {
    match fetched {
        Err(error) if *error != before.trouble => tracing::warn!(
            error,
            "the identity provider's keys were not fetched: those that are known go on, for `oidc.key-trust-secs`"
        ),
        Ok(keys) if before.tries == 0 || !before.trouble.is_empty() => {
            tracing::info!(keys = keys.len(), "the identity provider's keys are known");
        }
        Err(_) | Ok(_) => {}
    }
}

pub(super) fn agent(settings: &Settings) -> Agent {
    let authorities: Vec<Certificate<'static>> =
        settings.authorities.iter().map(|authority| Certificate::from_der(authority).to_owned()).collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::from(authorities))
        .unversioned_rustls_crypto_provider(crate::tls::provider())
        .build();
    let mut config = Agent::config_builder()
        .tls_config(tls)
        .https_only(settings.issuer.starts_with("https:"))
        // Where the keys are is what the issuer says, and nobody else.
        .max_redirects(0)
        .timeout_global(Some(settings.fetch_timeout));
    if settings.is_on_loopback {
        config = config.proxy(None);
    }
    Agent::new_with_config(config.build())
}

fn fetch(agent: &Agent, settings: &Settings) -> Result<KeySet, String> {
    let at = address_of(agent, settings, "jwks_uri")?;
    KeySet::read(&get(agent, &at)?).ok_or_else(|| format!("{at} has no list of `keys`"))
}

/// An address that the provider has under this name in what it says of itself.
pub(super) fn address_of(agent: &Agent, settings: &Settings, name: &str) -> Result<String, String> {
    let about = settings.discovery();
    let document = get(agent, &about)?;
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    // OpenID Connect Discovery, 4.3: letter for letter.
    if text("issuer") != Some(&settings.issuer) {
        return Err(format!("{about} is about another issuer than `oidc.issuer`"));
    }
    let at = text(name).ok_or_else(|| format!("{about} has no `{name}`"))?;
    settings.may_ask(at).map_err(|why| format!("`{name}` of {about} {why}"))?;
    Ok(at.to_owned())
}

fn get(agent: &Agent, address: &str) -> Result<Value, String> {
    let failed = |error: ureq::Error| format!("{address}: {error}");
    let mut answer = agent.get(address).header("accept", "application/json").call().map_err(failed)?;
    if answer.status() != 200 {
        return Err(format!("{address}: it answered with {}", answer.status()));
    }
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(failed)?;
    serde_json::from_slice(&body).map_err(|_| format!("{address}: its answer is no JSON"))
}
