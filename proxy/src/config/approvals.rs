//! The section `[approvals]`: where people answer, and how long a statement waits for them.

use std::sync::Arc;
use std::time::Duration;

use daemon::config::{Refused, refused};
use serde::Deserialize;
use toml::Spanned;

use super::links::{LinksConfig, LinksFile};
use super::webhooks::{self, WebhookConfig, WebhookFile};
use super::{DATABASE_BYTES_MAX, WILDCARD, within};

/// The console's database, unless the file says otherwise.
const CONSOLE_DEFAULT: &str = "picket";

/// How long a statement waits, unless the file says otherwise.
const TIMEOUT_SECS_DEFAULT: u64 = 900;

/// Longest time that a statement can wait: a day.
const TIMEOUT_SECS_MAX: u64 = 24 * 60 * 60;

/// Statements that wait for somebody's approval.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApprovalsConfig {
    /// What people connect to, to answer.
    pub(crate) console_database: String,
    /// How long a statement waits.
    pub(crate) timeout: Duration,
    /// Who may end sessions there; nobody where there is none.
    pub(crate) kill_group: Option<String>,
    /// Who may say what columns hold; nobody where there is none.
    pub(crate) steward_group: Option<String>,
    /// Who may ask what would become of anybody's statements; nobody where there is none.
    pub(crate) explain_group: Option<String>,
    /// Whether only those are asked who say why.
    pub(crate) requires_reason: bool,
    /// Pages for browsers; without them there are no links to such.
    pub(crate) links: Option<LinksConfig>,
    /// Who is told of requests.
    pub(crate) webhooks: Arc<Vec<WebhookConfig>>,
}

/// What was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ApprovalsFile {
    console_database: Option<Spanned<String>>,
    timeout_secs: Option<Spanned<u64>>,
    kill_group: Option<String>,
    steward_group: Option<String>,
    explain_group: Option<String>,
    reason: Option<Reason>,
    links: Option<Spanned<LinksFile>>,
    #[serde(default)]
    webhook: Vec<Spanned<WebhookFile>>,
}

/// Whether whoever asks must say why.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    Optional,
    Required,
}

impl ApprovalsFile {
    /// `can_sign_in` tells whether there is what pages need: TLS at the HTTP interface, and an identity provider.
    pub(super) fn check(
        self,
        is_upstream: impl Fn(&str) -> bool,
        can_sign_in: bool,
    ) -> Result<ApprovalsConfig, Refused> {
        let name = self.console_database.unwrap_or_else(|| Spanned::new(0..0, CONSOLE_DEFAULT.to_owned()));
        let (span, console_database) = (name.span(), name.into_inner());
        if console_database.is_empty()
            || console_database == WILDCARD
            || DATABASE_BYTES_MAX < console_database.len()
        {
            return Err(refused(
                span,
                format!("`approvals.console-database` must be a name of 1 to {DATABASE_BYTES_MAX} bytes"),
            ));
        }
        if is_upstream(&console_database) {
            return Err(refused(
                span,
                format!(
                    "`approvals.console-database` is \"{console_database}\", and so is an [[upstream]]: give the console another name"
                ),
            ));
        }
        let timeout =
            within("approvals.timeout-secs", self.timeout_secs, 1..=TIMEOUT_SECS_MAX, TIMEOUT_SECS_DEFAULT)?;
        let links = match self.links {
            Some(links) if !can_sign_in => {
                let what = "`[approvals.links]` needs `[admin]` with `cert` and `key`, where its pages are, and `[oidc]`, which says who opens one";
                return Err(refused(links.span(), what));
            }
            links => links.map(|links| links.into_inner().check()).transpose()?,
        };
        let webhooks = webhooks::check(self.webhook, links.as_ref())?;
        Ok(ApprovalsConfig {
            links,
            console_database,
            timeout: Duration::from_secs(timeout),
            kill_group: self.kill_group,
            steward_group: self.steward_group,
            explain_group: self.explain_group,
            requires_reason: self.reason == Some(Reason::Required),
            webhooks: Arc::new(webhooks),
        })
    }
}
