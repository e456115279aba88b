//! The section `[[alerts.webhook]]`: who is told of alerts, and how.

use std::fmt;
use std::path::PathBuf;

use daemon::config::{Refused, refused};
use serde::Deserialize;
use toml::Spanned;
use ureq::tls::{Certificate, PemItem, parse_pem};
use url::Url;

/// Each has a thread and a queue.
const WEBHOOKS_MAX: usize = 8;

/// What was written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertsFile {
    #[serde(default)]
    webhook: Vec<Spanned<WebhookFile>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WebhookFile {
    url: Spanned<Secret>,
    shape: Shape,
    root_ca: Option<Spanned<PathBuf>>,
}

/// Not shown by `Debug`.
#[derive(Deserialize)]
#[serde(transparent)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a webhook understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Alertmanager's API, version 2.
    Alertmanager,
    /// An incoming webhook of Slack, or of those who take the same.
    Slack,
}

/// A webhook. Its address may hold a secret, and is not shown.
pub struct WebhookConfig {
    /// Where alerts are sent.
    pub(crate) url: Url,
    /// As what.
    pub(crate) shape: Shape,
    /// Who may vouch for it, where it speaks TLS.
    pub(crate) roots: Vec<Certificate<'static>>,
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl WebhookConfig {
    /// Scheme, host and port.
    pub(crate) fn place(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or_default();
        format!("{}://{host}:{port}", self.url.scheme())
    }
}

impl AlertsFile {
    pub(super) fn check(self) -> Result<Vec<WebhookConfig>, Refused> {
        if let Some(beyond) = self.webhook.get(WEBHOOKS_MAX) {
            let message = format!("there must be at most {WEBHOOKS_MAX} `alerts.webhook` sections");
            return Err(refused(beyond.span(), message));
        }
        self.webhook.into_iter().map(|webhook| check(webhook.into_inner())).collect()
    }
}

fn check(WebhookFile { url: written, shape, root_ca }: WebhookFile) -> Result<WebhookConfig, Refused> {
    const WHAT: &str = "`alerts.webhook.url` must be the whole address of a webhook, such as \
        `http://127.0.0.1:9093/api/v2/alerts`";
    let span = written.span();
    let url = Url::parse(&written.get_ref().0)
        .ok()
        .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
        .ok_or_else(|| refused(span.clone(), WHAT))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(span, format!("{WHAT}, without a user and password")));
    }
    let roots = match (url.scheme(), root_ca) {
        ("https", Some(path)) => roots(path)?,
        ("https", None) => {
            let message = "`alerts.webhook` with `https` must have `root-ca`, a file of certificates that are trusted, \
                such as `/etc/ssl/certs/ca-certificates.crt`";
            return Err(refused(span, message));
        }
        (_, None) => Vec::new(),
        (_, Some(path)) => {
            let message = "`alerts.webhook.root-ca` is for `https`, which `url` does not ask for";
            return Err(refused(path.span(), message));
        }
    };
    Ok(WebhookConfig { url, shape, roots })
}

fn roots(path: Spanned<PathBuf>) -> Result<Vec<Certificate<'static>>, Refused> {
    let shown = path.get_ref().display();
    let pem = std::fs::read(path.get_ref()).map_err(|error| {
        refused(path.span(), format!("cannot read `alerts.webhook.root-ca`, {shown}: {error}"))
    })?;
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    let roots: Vec<_> = parse_pem(&pem).filter_map(certificate).collect();
    if roots.is_empty() {
        let message = format!("`alerts.webhook.root-ca`, {shown}, must hold certificates in PEM");
        return Err(refused(path.span(), message));
    }
    Ok(roots)
}
