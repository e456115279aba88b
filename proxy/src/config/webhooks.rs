//! The section `[[approvals.webhook]]`: who is told of requests, and how.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use daemon::config::{Refused, refused};
use daemon::webhook::{Address, Secret};
use ring::hmac;
use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::links::LinksConfig;

/// Each has a thread and a queue.
const WEBHOOKS_MAX: usize = 8;

/// Least bytes of a secret that messages are signed with.
const SECRET_BYTES_MIN: usize = 16;

/// Stands for the identifier of a request in an address.
pub(crate) const REQUEST: &str = "{request}";

const KEY: &str = "approvals.webhook";

/// What a webhook understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// Picket's own.
    Json,
    /// An incoming webhook of Slack: Block Kit.
    Slack,
    /// A workflow of Microsoft Teams that posts what a webhook receives: an Adaptive Card.
    Teams,
}

/// What was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WebhookFile {
    url: Spanned<Secret>,
    format: Format,
    root_ca: Option<Spanned<PathBuf>>,
    hmac_secret_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    show_statement: bool,
    link: Option<Spanned<String>>,
}

/// A webhook. Its address and what it signs with may be secrets, and are not shown.
#[derive(Clone, PartialEq)]
pub(crate) struct WebhookConfig {
    pub(crate) address: Address,
    pub(crate) format: Format,
    /// What messages are signed with, where they are.
    pub(crate) secret: Option<Vec<u8>>,
    /// Whether the statement's text is in messages, with all that stands in it.
    pub(crate) shows_statement: bool,
    /// Where a reader can go.
    pub(crate) link: Option<LinkTo>,
}

/// Where the link in a message leads.
#[derive(Clone, PartialEq)]
pub(crate) enum LinkTo {
    /// Somebody else's page, with [`REQUEST`] in its address.
    Place(String),
    /// The request's own page below this origin, by a link that is signed.
    Page(String),
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig").field("address", &self.address).finish_non_exhaustive()
    }
}

impl WebhookConfig {
    /// What messages are signed with.
    pub(crate) fn signing(&self) -> Option<hmac::Key> {
        self.secret.as_ref().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

pub(super) fn check(
    written: Vec<Spanned<WebhookFile>>,
    links: Option<&LinksConfig>,
) -> Result<Vec<WebhookConfig>, Refused> {
    if let Some(beyond) = written.get(WEBHOOKS_MAX) {
        return Err(refused(beyond.span(), format!("there must be at most {WEBHOOKS_MAX} `{KEY}` sections")));
    }
    written.into_iter().map(|webhook| one(webhook.into_inner(), links)).collect()
}

fn one(written: WebhookFile, links: Option<&LinksConfig>) -> Result<WebhookConfig, Refused> {
    let WebhookFile { url, format, root_ca, hmac_secret_file, show_statement, link } = written;
    let address = Address::check(KEY, "https://chat.example.com/hooks/…", &url, root_ca)?;
    let link = match link {
        Some(link) => Some(LinkTo::Place(check_link(&link)?)),
        None => links.map(|links| LinkTo::Page(links.origin.clone())),
    };
    let secret = hmac_secret_file.map(|path| secret(&path)).transpose()?;
    Ok(WebhookConfig { address, format, secret, shows_statement: show_statement, link })
}

fn check_link(written: &Spanned<String>) -> Result<String, Refused> {
    let text = written.get_ref();
    let url = Url::parse(&text.replace(REQUEST, "x"));
    let is_address = url.is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    // These end an address in what is made of it.
    if !is_address || !text.contains(REQUEST) || text.contains(['<', '>', '|', ' ']) {
        let what = format!(
            "`{KEY}.link` must be an address with {REQUEST} in it, such as \"https://ops.example.com/{REQUEST}\""
        );
        return Err(refused(written.span(), what));
    }
    Ok(text.clone())
}

fn secret(path: &Spanned<PathBuf>) -> Result<Vec<u8>, Refused> {
    let shown = path.get_ref().display();
    let secret = fs::read(path.get_ref()).map_err(|error| {
        refused(path.span(), format!("`{KEY}.hmac-secret-file` {shown} cannot be read: {error}"))
    })?;
    let secret = secret.trim_ascii().to_vec();
    if secret.len() < SECRET_BYTES_MIN {
        let message = format!(
            "`{KEY}.hmac-secret-file` {shown} must hold {SECRET_BYTES_MIN} bytes at least, has {}: `openssl rand -hex 32` makes a secret",
            secret.len()
        );
        return Err(refused(path.span(), message));
    }
    Ok(secret)
}
