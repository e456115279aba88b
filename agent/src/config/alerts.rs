//! The sections `[[alerts.webhook]]` and `[[alerts.syslog]]`: who is told of alerts, and how.

use std::path::PathBuf;

use daemon::config::{Refused, refused};
use daemon::webhook::{Address, Secret};
use serde::Deserialize;
use toml::Spanned;

use super::syslog::{self, SyslogConfig, SyslogFile};

/// Each has a thread and a queue.
const PLACES_MAX: usize = 8;

const KEY: &str = "alerts.webhook";

/// What was written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertsFile {
    #[serde(default)]
    webhook: Vec<Spanned<WebhookFile>>,
    #[serde(default)]
    syslog: Vec<Spanned<SyslogFile>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WebhookFile {
    url: Spanned<Secret>,
    shape: Shape,
    root_ca: Option<Spanned<PathBuf>>,
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

/// A webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookConfig {
    /// Where alerts are sent.
    pub(crate) address: Address,
    /// As what.
    pub(crate) shape: Shape,
}

impl AlertsFile {
    pub(super) fn check(self) -> Result<(Vec<WebhookConfig>, Vec<SyslogConfig>), Refused> {
        let webhooks = each(KEY, self.webhook, check)?;
        Ok((webhooks, each(syslog::KEY, self.syslog, SyslogFile::check)?))
    }
}

fn each<F, C>(
    key: &str,
    written: Vec<Spanned<F>>,
    check: impl Fn(F) -> Result<C, Refused>,
) -> Result<Vec<C>, Refused> {
    if let Some(beyond) = written.get(PLACES_MAX) {
        let message = format!("there must be at most {PLACES_MAX} `{key}` sections");
        return Err(refused(beyond.span(), message));
    }
    written.into_iter().map(|one| check(one.into_inner())).collect()
}

fn check(WebhookFile { url, shape, root_ca }: WebhookFile) -> Result<WebhookConfig, Refused> {
    Ok(WebhookConfig {
        address: Address::check(KEY, "http://127.0.0.1:9093/api/v2/alerts", &url, root_ca)?,
        shape,
    })
}
