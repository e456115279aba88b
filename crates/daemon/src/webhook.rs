//! A webhook: where something is posted to as JSON, and one attempt at it. What is posted, and when again, is up to whoever has one.
//! Its address may be a secret: errors and logs name scheme, host and port only.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::crypto::ring;
use serde::Deserialize;
use toml::Spanned;
use ureq::Agent;
use ureq::http::StatusCode;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use url::Url;

use crate::config::{Refused, refused};

/// Bound of one attempt.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// After a failure it is tried again so soon …
const BACK_OFF_MIN: Duration = Duration::from_millis(250);
/// … and each time after twice as long, up to this.
const BACK_OFF_MAX: Duration = Duration::from_secs(30);

/// A text of a configuration that is not shown by `Debug`.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a webhook is, and who may vouch for it.
#[derive(Clone)]
pub struct Address {
    url: Url,
    roots: Vec<Certificate<'static>>,
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        let certificates = |of: &Self| of.roots.iter().map(|one| one.der().to_vec()).collect::<Vec<_>>();
        self.url == other.url && certificates(self) == certificates(other)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl Address {
    /// Checks `url` and `root-ca` of the section `key`; `example` is such an address.
    pub fn check(
        key: &str,
        example: &str,
        written: &Spanned<Secret>,
        root_ca: Option<Spanned<PathBuf>>,
    ) -> Result<Self, Refused> {
        let what = format!("`{key}.url` must be the whole address of a webhook, such as `{example}`");
        let span = written.span();
        let url = Url::parse(&written.get_ref().0)
            .ok()
            .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
            .ok_or_else(|| refused(span.clone(), what.clone()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(span, format!("{what}, without a user and password")));
        }
        let roots = match (url.scheme(), root_ca) {
            ("https", Some(path)) => roots(key, path)?,
            ("https", None) => {
                let message = format!(
                    "`{key}` with `https` must have `root-ca`, a file of certificates that are trusted, \
                     such as `/etc/ssl/certs/ca-certificates.crt`"
                );
                return Err(refused(span, message));
            }
            (_, None) => Vec::new(),
            (_, Some(path)) => {
                let message = format!("`{key}.root-ca` is for `https`, which `url` does not ask for");
                return Err(refused(path.span(), message));
            }
        };
        Ok(Address { url, roots })
    }

    /// Scheme, host and port.
    pub fn place(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or_default();
        format!("{}://{host}:{port}", self.url.scheme())
    }
}

fn roots(key: &str, path: Spanned<PathBuf>) -> Result<Vec<Certificate<'static>>, Refused> {
    let shown = path.get_ref().display();
    let pem = std::fs::read(path.get_ref())
        .map_err(|error| refused(path.span(), format!("cannot read `{key}.root-ca`, {shown}: {error}")))?;
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    let roots: Vec<_> = parse_pem(&pem).filter_map(certificate).collect();
    if roots.is_empty() {
        let message = format!("`{key}.root-ca`, {shown}, must hold certificates in PEM");
        return Err(refused(path.span(), message));
    }
    Ok(roots)
}

/// Why something was not delivered.
#[derive(Debug)]
pub struct Undelivered {
    why: String,
    /// Whoever is there does not want this: it would not be taken at another time either.
    pub is_unwanted: bool,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Undelivered {
    /// For this reason, which may be over at another time.
    pub fn because(why: impl Into<String>) -> Self {
        Undelivered { why: why.into(), is_unwanted: false }
    }

    /// An answer other than success. Those by which whoever asks, when and how often, is not wanted are about everything (RFC 9110).
    fn answered(code: StatusCode) -> Self {
        const ABOUT_ALL: [u16; 4] = [401, 407, 408, 429];
        Undelivered {
            why: format!("it answered {code}"),
            is_unwanted: code.is_client_error() && !ABOUT_ALL.contains(&code.as_u16()),
        }
    }
}

/// Posts to one address.
#[derive(Debug)]
pub struct Webhook {
    agent: Agent,
    url: String,
    place: String,
}

impl Webhook {
    /// Connects nothing yet.
    pub fn new(address: &Address) -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::new_with_certs(&address.roots))
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
        let agent = Agent::config_builder()
            .timeout_global(Some(ANSWER_WITHIN))
            .timeout_connect(Some(CONNECT_WITHIN))
            // It goes where it was meant to go.
            .max_redirects(0)
            .proxy(None)
            .tls_config(tls.build())
            .build()
            .new_agent();
        Webhook { agent, url: address.url.to_string(), place: address.place() }
    }

    /// Scheme, host and port.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Delivers a body with these headers beside its type, or says why not. Waits for some seconds at most.
    pub fn post(&self, body: &str, headers: &[(&str, String)]) -> Result<(), Undelivered> {
        let mut request = self.agent.post(&self.url).content_type("application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let why = match request.send(body) {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => return Err(Undelivered::answered(answer.status())),
            // Its text may repeat the address.
            Err(ureq::Error::StatusCode(code)) => {
                let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                return Err(Undelivered::answered(code));
            }
            Err(ureq::Error::Io(error)) => {
                let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
                tls.map_or_else(|| error.kind().to_string(), ToString::to_string)
            }
            Err(ureq::Error::Timeout(_)) => "it did not answer in time".to_owned(),
            Err(ureq::Error::Rustls(error)) => error.to_string(),
            Err(ureq::Error::HostNotFound) => "its host is not found".to_owned(),
            Err(_) => "the request failed".to_owned(),
        };
        Err(Undelivered::because(why))
    }
}

/// A time in which nothing can be delivered, and when it is tried again.
#[derive(Debug)]
pub struct Outage {
    began: Instant,
    back_off: Duration,
    again_at: Instant,
}

impl Outage {
    /// One that begins with a failure at `now`.
    pub fn begin(now: Instant) -> Self {
        Outage { began: now, back_off: BACK_OFF_MIN, again_at: now + BACK_OFF_MIN }
    }

    /// Another attempt has failed.
    pub fn goes_on(&mut self, now: Instant) {
        self.back_off = self.back_off.saturating_mul(2).min(BACK_OFF_MAX);
        self.again_at = now + self.back_off;
    }

    /// When it is tried again.
    pub fn again_at(&self) -> Instant {
        self.again_at
    }

    /// How long it has lasted.
    pub fn lasted(&self) -> Duration {
        self.began.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_again_soon_and_then_ever_more_rarely() {
        let now = Instant::now();
        let mut outage = Outage::begin(now);
        let mut waits = vec![outage.again_at() - now];
        for _ in 0..9 {
            outage.goes_on(now);
            waits.push(outage.again_at() - now);
        }
        let millis: Vec<u128> = waits.iter().map(Duration::as_millis).collect();
        assert_eq!(millis, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    }
}
