//! What is asked of the identity provider: where its endpoints are (OpenID Connect Discovery), the device flow (RFC 8628),
//! refreshing (RFC 6749, 6) and revocation (RFC 7009). Nothing of a token is ever shown.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde_json::Value;
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::failure::Failure;

/// How long the provider may take for each answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 512 << 10;

/// Where distributions keep the authorities that everybody trusts: Debian's and its kin's, Fedora's and its kin's.
const SYSTEM_AUTHORITIES: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// Pauses between polls: what holds where the provider says nothing, what is the most, and by how much it may ask for more
/// (RFC 8628, 3.2 and 3.5).
const INTERVAL_SECS_DEFAULT: u64 = 5;
const INTERVAL_SECS_MAX: u64 = 60;
pub(super) const SLOWER_BY: Duration = Duration::from_secs(5);

/// Longest time in which somebody may agree.
const DEVICE_SECS_MAX: u64 = 60 * 60;

/// How long a token is taken to be valid whose provider does not say.
const TOKEN_SECS_DEFAULT: u64 = 60;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A provider, and where it is asked.
pub(super) struct Provider {
    agent: Agent,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
}

/// What somebody must do to log in.
pub(super) struct Device {
    pub(super) device_code: String,
    pub(super) user_code: String,
    pub(super) verification_uri: String,
    pub(super) verification_uri_complete: Option<String>,
    pub(super) expires_in: Duration,
    pub(super) interval: Duration,
}

#[derive(Clone)]
pub(super) struct Granted {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) expires_in: Duration,
}

/// What has become of a log-in by now.
pub(super) enum Polled {
    Granted(Granted),
    Pending,
    SlowDown,
    Denied(String),
}

/// What a refresh token is worth.
pub(super) enum Grant {
    Given(Granted),
    /// Nothing: somebody must log in again.
    Over(String),
}

impl Provider {
    pub(super) fn find(issuer: &str, ca_file: Option<&Path>) -> Result<Self, Failure> {
        check(issuer)
            .map_err(|why| Failure::usage(anyhow!("--issuer (or PICKET_ISSUER) {why}, got {issuer}")))?;
        let agent = agent(issuer, ca_file)?;
        let about = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let (status, text) = answer(&about, agent.get(&about).header("accept", "application/json").call())?;
        if status != 200 {
            return Err(Failure::unavailable(anyhow!("{about} answered with {status}; is that the issuer?")));
        }
        let metadata: Metadata = serde_json::from_str(&text).map_err(|error| {
            Failure::unavailable(anyhow!("{about} is no description of a provider: {error}"))
        })?;
        // OpenID Connect Discovery, 4.3: letter for letter.
        if metadata.issuer != issuer {
            let own = crate::show::escaped(&metadata.issuer);
            return Err(Failure::usage(anyhow!("{about} is about another issuer: --issuer must be {own}")));
        }
        let endpoints = [&metadata.device_authorization_endpoint, &metadata.revocation_endpoint];
        let endpoints = endpoints.into_iter().flatten().chain([&metadata.token_endpoint]);
        for endpoint in endpoints {
            check(endpoint)
                .map_err(|why| Failure::unavailable(anyhow!("an endpoint that {about} names {why}")))?;
        }
        Ok(Provider { agent, metadata })
    }

    /// Begins the device flow.
    pub(super) fn begin(&self, client_id: &str, scope: &str) -> Result<Device, Failure> {
        let endpoint = self.metadata.device_authorization_endpoint.as_deref().ok_or_else(|| {
            Failure::unavailable(anyhow!(
                "this provider has no device flow (`device_authorization_endpoint`)"
            ))
        })?;
        let answer = self.post(endpoint, &[("client_id", client_id), ("scope", scope)])?;
        let answer = answer.map_err(|refused| {
            let mend = "is the client registered there, with the device flow and without a secret?";
            Failure::no_rights(anyhow!("the provider begins no log-in: {refused}; {mend}"))
        })?;
        let odd = |name: &str| Failure::unavailable(anyhow!("the provider's answer has no `{name}`"));
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let verification_uri = text("verification_uri").ok_or_else(|| odd("verification_uri"))?;
        let verification_uri_complete = text("verification_uri_complete");
        // A browser is told to open them.
        for address in [Some(&verification_uri), verification_uri_complete.as_ref()].into_iter().flatten() {
            check(address)
                .map_err(|why| Failure::unavailable(anyhow!("the address for the browser {why}")))?;
        }
        let secs = |name: &str| answer.get(name).and_then(Value::as_u64);
        let interval = secs("interval").unwrap_or(INTERVAL_SECS_DEFAULT).clamp(1, INTERVAL_SECS_MAX);
        Ok(Device {
            device_code: text("device_code").ok_or_else(|| odd("device_code"))?,
            user_code: text("user_code").ok_or_else(|| odd("user_code"))?,
            verification_uri,
            verification_uri_complete,
            expires_in: Duration::from_secs(secs("expires_in").unwrap_or(0).min(DEVICE_SECS_MAX)),
            interval: Duration::from_secs(interval),
        })
    }

    /// Asks whether somebody has agreed by now.
    pub(super) fn poll(&self, client_id: &str, device_code: &str) -> Result<Polled, Failure> {
        let form = [("grant_type", DEVICE_GRANT), ("device_code", device_code), ("client_id", client_id)];
        Ok(match self.post(&self.metadata.token_endpoint, &form)? {
            Ok(answer) => Polled::Granted(granted(&answer)?),
            Err(OAuthError { error, .. }) if error == "authorization_pending" => Polled::Pending,
            Err(OAuthError { error, .. }) if error == "slow_down" => Polled::SlowDown,
            Err(other) => Polled::Denied(other.to_string()),
        })
    }

    pub(super) fn refresh(&self, client_id: &str, refresh_token: &str) -> Result<Grant, Failure> {
        let form =
            [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("client_id", client_id)];
        match self.post(&self.metadata.token_endpoint, &form)? {
            Ok(answer) => Ok(Grant::Given(granted(&answer)?)),
            Err(refused) if refused.error == "invalid_grant" => Ok(Grant::Over(refused.to_string())),
            Err(other) => Err(Failure::no_rights(anyhow!("the provider gives no token: {other}"))),
        }
    }

    /// Takes a token back; `false` where the provider cannot.
    pub(super) fn revoke(&self, client_id: &str, token: &str) -> Result<bool, Failure> {
        let Some(endpoint) = self.metadata.revocation_endpoint.as_deref() else { return Ok(false) };
        match self.post(endpoint, &[("token", token), ("client_id", client_id)])? {
            Ok(_) => Ok(true),
            Err(refused) => Err(Failure::no_rights(anyhow!("the provider does not take it back: {refused}"))),
        }
    }

    /// What it answers with, or its error (RFC 6749, 5.2).
    fn post(&self, endpoint: &str, form: &[(&str, &str)]) -> Result<Result<Value, OAuthError>, Failure> {
        let request = self.agent.post(endpoint).header("accept", "application/json");
        let (status, text) = answer(endpoint, request.send_form(form.iter().copied()))?;
        let odd =
            || Failure::unavailable(anyhow!("{endpoint} answered with {status}, and not as a provider does"));
        match status {
            200 if text.trim().is_empty() => Ok(Ok(Value::Null)),
            200 => serde_json::from_str(&text).map(Ok).map_err(|_| odd()),
            400 | 401 => serde_json::from_str(&text).map(Err).map_err(|_| odd()),
            _ => Err(odd()),
        }
    }
}

/// An error of a provider, in its own words.
#[derive(Deserialize)]
struct OAuthError {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.error_description.as_str() {
            "" => write!(f, "{}", self.error),
            description => write!(f, "{}: {description}", self.error),
        }
    }
}

fn granted(answer: &Value) -> Result<Granted, Failure> {
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    let access_token = text("access_token").filter(|token| !token.is_empty());
    let access_token =
        access_token.ok_or_else(|| Failure::unavailable(anyhow!("the provider's answer has no token")))?;
    let secs = answer.get("expires_in").and_then(Value::as_u64).unwrap_or(TOKEN_SECS_DEFAULT);
    Ok(Granted { access_token, refresh_token: text("refresh_token"), expires_in: Duration::from_secs(secs) })
}

/// Tokens travel encrypted, or do not leave this host.
fn check(address: &str) -> Result<(), &'static str> {
    let odd = "must be an address that begins with https";
    let uri: Uri = address.parse().map_err(|_| odd)?;
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        Some("https") if !host.is_empty() => Ok(()),
        Some("http") if is_here(host) => Ok(()),
        _ => Err(odd),
    }
}

fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn agent(issuer: &str, ca_file: Option<&Path>) -> Result<Agent, Failure> {
    let is_encrypted = issuer.starts_with("https:");
    let authorities = if is_encrypted { authorities(ca_file)? } else { Vec::new() };
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::from(authorities))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let mut config = Agent::config_builder()
        .tls_config(tls)
        .https_only(is_encrypted)
        .max_redirects(0)
        // An error has a body that says which.
        .http_status_as_error(false)
        .timeout_global(Some(ANSWER_WITHIN));
    let host = issuer.parse::<Uri>().ok().and_then(|uri| uri.host().map(is_here));
    if host == Some(true) {
        config = config.proxy(None);
    }
    Ok(Agent::new_with_config(config.build()))
}

fn authorities(ca_file: Option<&Path>) -> Result<Vec<Certificate<'static>>, Failure> {
    let system = SYSTEM_AUTHORITIES.iter().map(Path::new).find(|path| path.exists());
    let file = ca_file.or(system).ok_or_else(|| {
        Failure::usage(anyhow!("--ca-file is needed: this host has no list of authorities"))
    })?;
    let read = || format!("read certificates from {}", file.display());
    let pem = fs::read(file).with_context(read).map_err(Failure::usage)?;
    let found: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .collect::<Result<_, _>>()
        .with_context(read)
        .map_err(Failure::usage)?;
    if found.is_empty() {
        return Err(Failure::usage(anyhow!("{} has no certificate", file.display())));
    }
    Ok(found)
}

/// Status and text of an answer.
fn answer(
    address: &str,
    answered: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<(u16, String), Failure> {
    let failed = |error: ureq::Error| {
        let mend = match &error {
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => "; see --ca-file",
            _ => "",
        };
        Failure::unavailable(anyhow!("cannot reach the identity provider at {address}: {error}{mend}"))
    };
    let mut answer = answered.map_err(failed)?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(failed)?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
