//! The section `[oidc]`: as it was written, and as it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use audit::config::is_on_loopback;
use daemon::config::{Refused, refused};
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::claims::NAME_BYTES_MAX;
use super::{Provider, over_ring};
use crate::certificate;
use crate::config::within;
use crate::login::Way;

/// Where distributions keep the authorities that everybody trusts: Debian's and its kin's, Fedora's and its kin's.
const SYSTEM_AUTHORITIES: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// Most audiences, and most groups to which others are added.
const AUDIENCES_MAX: usize = 16;
const GROUPS_MAX: usize = 1_000;

/// What clients ask for, unless the file says otherwise, and the longest text of that.
const SCOPE_DEFAULT: &str = "openid";
const SCOPE_BYTES_MAX: usize = 1_000;

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// Signed with a private key, all of them.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
];

/// Those that are taken unless the file says otherwise: one of each kind of key.
const ALGORITHMS_DEFAULT: [Algorithm; 4] =
    [Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256, Algorithm::RS256];

/// The section as it was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct OidcFile {
    issuer: Spanned<String>,
    audience: Spanned<Audience>,
    auth: Option<Way>,
    scope: Option<Spanned<String>>,
    algorithms: Option<Vec<Spanned<String>>>,
    username_claim: Option<Spanned<String>>,
    groups_claim: Option<Spanned<String>>,
    ca_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    allow_http_on_loopback: bool,
    clock_skew_secs_max: Option<Spanned<u64>>,
    token_life_secs_max: Option<Spanned<u64>>,
    session_grace_secs: Option<Spanned<u64>>,
    statement_grace_secs: Option<Spanned<u64>>,
    fetch_timeout_secs: Option<Spanned<u64>>,
    key_refresh_secs: Option<Spanned<u64>>,
    key_refetch_secs_min: Option<Spanned<u64>>,
    key_trust_secs: Option<Spanned<u64>>,
    introspection: Option<Spanned<IntrospectionFile>>,
    #[serde(default)]
    groups: BTreeMap<Spanned<String>, BTreeSet<String>>,
}

/// The section `[oidc.introspection]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct IntrospectionFile {
    client_id: String,
    client_secret: String,
    every_secs: Option<Spanned<u64>>,
    #[serde(default = "yes")]
    at_login: bool,
}

fn yes() -> bool {
    true
}

/// How the provider is asked whether a token still holds.
#[derive(PartialEq)]
pub(super) struct Introspecting {
    /// As whom Picket asks.
    pub(super) client_id: String,
    pub(super) client_secret: String,
    /// How often about each session.
    pub(super) every: Duration,
    /// Also before it begins.
    pub(super) at_login: bool,
}

/// The secret stays out of logs.
impl fmt::Debug for Introspecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspecting").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Any(Vec<String>),
}

/// What holds of a provider.
#[derive(Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) issuer: String,
    pub(super) is_on_loopback: bool,
    pub(super) audience: Vec<String>,
    /// How clients show a token that do not say how.
    pub(super) auth: Way,
    /// What clients ask the provider for.
    pub(super) scope: String,
    pub(super) algorithms: Vec<Algorithm>,
    /// The claim that is the user's name.
    pub(super) username_claim: String,
    pub(super) groups_claim: String,
    /// Groups that are added to those of the provider.
    pub(super) groups: BTreeMap<String, BTreeSet<String>>,
    /// Whose certificates the provider may have.
    pub(super) authorities: Vec<CertificateDer<'static>>,
    allows_http: bool,
    /// How far the provider's clock may be off.
    pub(super) clock_skew_secs_max: u64,
    pub(super) token_life_secs_max: u64,
    /// How long a session goes on after its token has expired.
    pub(super) session_grace_secs: u64,
    /// How long a statement goes on after that.
    pub(super) statement_grace_secs: u64,
    pub(super) fetch_timeout: Duration,
    /// How often keys are fetched anew, and how often at most.
    pub(super) key_refresh: Duration,
    pub(super) key_refetch_min: Duration,
    /// How long keys hold that cannot be fetched anew.
    pub(super) key_trust: Duration,
    /// Where the provider is asked about tokens.
    pub(super) introspecting: Option<Introspecting>,
}

impl OidcFile {
    /// The provider; nothing is asked of it yet.
    pub(crate) fn check(self) -> Result<Provider, Refused> {
        over_ring::install();
        let (issuer, issuer_span) = (self.issuer.get_ref().clone(), self.issuer.span());
        let allows_http = self.allow_http_on_loopback;
        let url = address(&issuer, allows_http)
            .map_err(|why| refused(issuer_span.clone(), format!("`oidc.issuer` {why}, got `{issuer}`")))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused(issuer_span, "`oidc.issuer` must have no query (`?`) and no fragment (`#`)"));
        }
        let secs = |key, written, allowed, default| within(key, written, allowed, default);
        let refetch_span = self.key_refetch_secs_min.as_ref().map_or(0..0, Spanned::span);
        let refresh = secs("oidc.key-refresh-secs", self.key_refresh_secs, 1..=DAY, 300)?;
        let refetch = secs("oidc.key-refetch-secs-min", self.key_refetch_secs_min, 1..=HOUR, 30)?;
        if refresh < refetch {
            return Err(refused(
                refetch_span,
                "`oidc.key-refetch-secs-min` must not be more than `oidc.key-refresh-secs`",
            ));
        }
        let introspecting = self.introspection.map(introspecting).transpose()?;
        let settings = Settings {
            introspecting,
            is_on_loopback: is_on_loopback(&url),
            issuer,
            audience: audience(self.audience)?,
            auth: self.auth.unwrap_or(Way::Password),
            scope: scope(self.scope)?,
            algorithms: algorithms(self.algorithms)?,
            username_claim: claim("oidc.username-claim", self.username_claim, "sub")?,
            groups_claim: claim("oidc.groups-claim", self.groups_claim, "groups")?,
            groups: groups(self.groups)?,
            authorities: authorities(self.ca_file, url.scheme() == "https")?,
            allows_http,
            clock_skew_secs_max: secs("oidc.clock-skew-secs-max", self.clock_skew_secs_max, 0..=300, 30)?,
            token_life_secs_max: secs(
                "oidc.token-life-secs-max",
                self.token_life_secs_max,
                60..=30 * DAY,
                DAY,
            )?,
            session_grace_secs: secs("oidc.session-grace-secs", self.session_grace_secs, 0..=DAY, 0)?,
            statement_grace_secs: secs("oidc.statement-grace-secs", self.statement_grace_secs, 0..=DAY, 300)?,
            fetch_timeout: Duration::from_secs(secs(
                "oidc.fetch-timeout-secs",
                self.fetch_timeout_secs,
                1..=60,
                5,
            )?),
            key_refresh: Duration::from_secs(refresh),
            key_refetch_min: Duration::from_secs(refetch),
            key_trust: Duration::from_secs(secs(
                "oidc.key-trust-secs",
                self.key_trust_secs,
                60..=7 * DAY,
                DAY,
            )?),
        };
        Ok(Provider {
            settings: Arc::new(settings),
            fetching: OnceLock::new(),
            introspection: OnceLock::new(),
        })
    }
}

fn introspecting(written: Spanned<IntrospectionFile>) -> Result<Introspecting, Refused> {
    let span = written.span();
    let IntrospectionFile { client_id, client_secret, every_secs, at_login } = written.into_inner();
    for (key, value) in [("client-id", &client_id), ("client-secret", &client_secret)] {
        if value.is_empty() {
            return Err(refused(span, format!("`oidc.introspection.{key}` must not be empty")));
        }
    }
    let every = within("oidc.introspection.every-secs", every_secs, 1..=DAY, 60)?;
    Ok(Introspecting { client_id, client_secret, every: Duration::from_secs(every), at_login })
}

impl Settings {
    /// Where the provider says where its keys are (OpenID Connect Discovery, 4).
    pub(super) fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'))
    }

    /// Whether keys may be fetched from there.
    pub(super) fn may_ask(&self, place: &str) -> Result<(), &'static str> {
        address(place, self.allows_http).map(|_| ())
    }
}

fn address(text: &str, allows_http: bool) -> Result<Url, &'static str> {
    let Ok(url) = Url::parse(text) else {
        return Err("must be an address such as \"https://id.example.com\"");
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if !is_on_loopback(&url) => {
            Err("must begin with https: whoever is on the way could send other keys")
        }
        "http" if !allows_http => {
            Err("must begin with https; on this host `oidc.allow-http-on-loopback = true` takes http too")
        }
        "http" => Ok(url),
        _ => Err("must begin with https"),
    }
}

fn audience(written: Spanned<Audience>) -> Result<Vec<String>, Refused> {
    let span = written.span();
    let audience = match written.into_inner() {
        Audience::One(one) => vec![one],
        Audience::Any(any) => any,
    };
    let is_good = (1..=AUDIENCES_MAX).contains(&audience.len()) && audience.iter().all(|one| !one.is_empty());
    is_good.then_some(audience).ok_or_else(|| {
        let what = "must be the name by which the provider knows Picket, or a list of such names";
        refused(span, format!("`oidc.audience` {what}, {AUDIENCES_MAX} at most"))
    })
}

/// Words of RFC 6749, 3.3.
fn scope(written: Option<Spanned<String>>) -> Result<String, Refused> {
    let Some(written) = written else { return Ok(SCOPE_DEFAULT.to_owned()) };
    let is_letter = |letter: char| letter == ' ' || letter.is_ascii_graphic() && !"\"\\".contains(letter);
    let scope = written.get_ref();
    if scope.is_empty() || SCOPE_BYTES_MAX < scope.len() || !scope.chars().all(is_letter) {
        let what = "must be what clients ask the provider for, such as \"openid profile\"";
        return Err(refused(written.span(), format!("`oidc.scope` {what}")));
    }
    Ok(written.into_inner())
}

fn algorithms(written: Option<Vec<Spanned<String>>>) -> Result<Vec<Algorithm>, Refused> {
    let Some(written) = written else { return Ok(ALGORITHMS_DEFAULT.to_vec()) };
    let known = ALGORITHMS.map(|algorithm| format!("`{algorithm:?}`")).join(", ");
    if written.is_empty() {
        return Err(refused(0..0, format!("`oidc.algorithms` must name one of {known} at least")));
    }
    let read = |one: Spanned<String>| {
        let word = one.get_ref().as_str();
        let algorithm = ALGORITHMS.into_iter().find(|algorithm| format!("{algorithm:?}") == word);
        // Both sides of HMAC have the same key, so nobody could tell the provider from whoever checks.
        algorithm
            .filter(|algorithm| algorithm.family() != AlgorithmFamily::Hmac)
            .ok_or_else(|| refused(one.span(), format!("`oidc.algorithms` may name {known}, got `{word}`")))
    };
    written.into_iter().map(read).collect()
}

fn claim(key: &str, written: Option<Spanned<String>>, default: &str) -> Result<String, Refused> {
    let Some(written) = written else { return Ok(default.to_owned()) };
    if written.get_ref().is_empty() || NAME_BYTES_MAX < written.get_ref().len() {
        return Err(refused(written.span(), format!("`{key}` must name a claim, such as \"{default}\"")));
    }
    Ok(written.into_inner())
}

fn groups(
    written: BTreeMap<Spanned<String>, BTreeSet<String>>,
) -> Result<BTreeMap<String, BTreeSet<String>>, Refused> {
    if GROUPS_MAX < written.len() {
        return Err(refused(0..0, format!("`oidc.groups` may have {GROUPS_MAX} groups at most")));
    }
    Ok(written.into_iter().map(|(group, added)| (group.into_inner(), added)).collect())
}

fn authorities(
    written: Option<Spanned<PathBuf>>,
    is_needed: bool,
) -> Result<Vec<CertificateDer<'static>>, Refused> {
    if let Some(file) = written {
        return certificate::chain(file.get_ref())
            .map_err(|error| refused(file.span(), format!("`oidc.ca-file`: {error}")));
    }
    if !is_needed {
        return Ok(Vec::new());
    }
    let system = SYSTEM_AUTHORITIES.iter().map(Path::new).find(|path| path.exists());
    let Some(system) = system else {
        return Err(refused(0..0, "`oidc.ca-file` is needed: this host has no list of authorities"));
    };
    certificate::chain(system).map_err(|error| refused(0..0, format!("`oidc.ca-file` is needed: {error}")))
}
