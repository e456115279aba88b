//! The section `[approvals.links]`: where browsers find the page of a request, and as whom the identity provider knows that page.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use daemon::config::{Refused, refused};
use serde::Deserialize;
use toml::Spanned;
use url::{Host, Url};

const KEY: &str = "approvals.links";

/// Longest name of a client, and longest scope.
const TEXT_BYTES_MAX: usize = 1_000;

/// What the provider is asked for unless the file says otherwise.
const SCOPE_DEFAULT: &str = "openid";

/// What was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LinksFile {
    url: Spanned<String>,
    client_id: Spanned<String>,
    client_secret_file: Option<Spanned<PathBuf>>,
    scope: Option<Spanned<String>>,
}

/// Pages for browsers.
#[derive(Clone, PartialEq)]
pub(crate) struct LinksConfig {
    /// Scheme, host and port of the HTTP interface, as browsers reach it.
    pub(crate) origin: String,
    /// The page's name at the provider, and its secret where it has one.
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<String>,
    pub(crate) scope: String,
}

/// The secret stays out of logs.
impl fmt::Debug for LinksConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinksConfig").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl LinksConfig {
    /// Where the provider sends browsers that have signed in.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("{}/links/signed-in", self.origin)
    }
}

impl LinksFile {
    pub(super) fn check(self) -> Result<LinksConfig, Refused> {
        let LinksFile { url, client_id, client_secret_file, scope } = self;
        let client_secret = client_secret_file.map(|path| secret(&path)).transpose()?;
        let scope = scope.unwrap_or_else(|| Spanned::new(0..0, SCOPE_DEFAULT.to_owned()));
        if !scope.get_ref().split(' ').any(|one| one == SCOPE_DEFAULT) || is_odd(scope.get_ref()) {
            let what = format!("`{KEY}.scope` must have \"openid\" in it, such as \"openid groups\"");
            return Err(refused(scope.span(), what));
        }
        if client_id.get_ref().is_empty() || is_odd(client_id.get_ref()) {
            let what = format!("`{KEY}.client-id` must be what the identity provider calls this page");
            return Err(refused(client_id.span(), what));
        }
        Ok(LinksConfig {
            origin: origin(&url)?,
            client_id: client_id.into_inner(),
            client_secret,
            scope: scope.into_inner(),
        })
    }
}

fn is_odd(text: &str) -> bool {
    TEXT_BYTES_MAX < text.len() || text.contains(char::is_control)
}

/// Cookies and tokens cross it: TLS alone will do.
fn origin(written: &Spanned<String>) -> Result<String, Refused> {
    let url = Url::parse(written.get_ref()).ok();
    let is_bare = |url: &Url| {
        let is_named = !matches!(url.host(), None | Some(Host::Domain("")));
        let has_more = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        is_named
            && !has_more
            && url.scheme() == "https"
            && url.username().is_empty()
            && url.password().is_none()
    };
    let url = url.filter(is_bare).ok_or_else(|| {
        let what = format!(
            "`{KEY}.url` must be where browsers find the HTTP interface, such as \"https://picket.example.com:6480\""
        );
        refused(written.span(), what)
    })?;
    Ok(url.origin().ascii_serialization())
}

fn secret(path: &Spanned<PathBuf>) -> Result<String, Refused> {
    let shown = path.get_ref().display();
    let text = fs::read_to_string(path.get_ref()).map_err(|error| {
        refused(path.span(), format!("`{KEY}.client-secret-file` {shown} cannot be read: {error}"))
    })?;
    let text = text.trim();
    if text.is_empty() || is_odd(text) {
        let what = format!("`{KEY}.client-secret-file` {shown} must hold the secret, in one line");
        return Err(refused(path.span(), what));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn check(text: &str) -> Result<LinksConfig, String> {
        daemon::config::parse(Path::new("p.toml"), text, LinksFile::check).map_err(|error| error.to_string())
    }

    #[test]
    fn a_page_is_where_a_browser_can_go_over_tls_and_has_a_name_at_the_provider() {
        let good = "url = \"https://Picket.example.com:6480/\"\nclient-id = \"pages\"\n";
        let links = check(good).unwrap();
        assert_eq!(links.redirect_uri(), "https://picket.example.com:6480/links/signed-in");
        assert_eq!(links.scope, "openid");
        for odd in [
            "http://picket.example.com",
            "picket.example.com",
            "https://",
            "https://a:b@picket.example.com",
            "https://picket.example.com/pages",
            "https://picket.example.com/?a",
            "https://picket.example.com/#a",
        ] {
            let error = check(&format!("url = \"{odd}\"\nclient-id = \"pages\"\n")).unwrap_err();
            assert!(error.contains("`approvals.links.url` must be where browsers find"), "{odd}: {error}");
        }
        for (line, message) in [
            ("scope = \"groups\"", "`approvals.links.scope` must have \"openid\" in it"),
            ("client-secret-file = \"/none\"", "`approvals.links.client-secret-file` /none cannot be read"),
            ("secret = \"x\"", "unknown field `secret`"),
        ] {
            let error = check(&format!("{good}{line}\n")).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
        let error = check(&good.replace("pages", "")).unwrap_err();
        assert!(error.contains("`approvals.links.client-id` must be what"), "{error}");
    }
}
