//! The section `[admin]`: where the HTTP interface is. Without it there is none.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use daemon::config::{Refused, refused};
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use serde::Deserialize;
use toml::Spanned;

use crate::{certificate, tls};

/// The protocol that is spoken, in TLS's word for it (ALPN).
const ALPN: &[u8] = b"http/1.1";

/// The HTTP interface.
#[derive(Clone)]
pub(crate) struct AdminConfig {
    pub(crate) listen: SocketAddr,
    /// Always there where others than this host can connect.
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// Keys stay out of logs.
impl fmt::Debug for AdminConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminConfig").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// What was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AdminFile {
    listen: Spanned<SocketAddr>,
    cert: Option<Spanned<PathBuf>>,
    key: Option<Spanned<PathBuf>>,
}

impl AdminFile {
    pub(super) fn check(self) -> Result<AdminConfig, Refused> {
        let (span, listen) = (self.listen.span(), self.listen.into_inner());
        let tls = match (self.cert, self.key) {
            (Some(cert), Some(key)) => Some(server(&cert, &key)?),
            (Some(half), None) | (None, Some(half)) => {
                return Err(refused(half.span(), "`admin.cert` and `admin.key` go together"));
            }
            (None, None) if listen.ip().to_canonical().is_loopback() => None,
            (None, None) => {
                let what = "needs `admin.cert` and `admin.key`: passwords and tokens that somebody reads on the way are theirs";
                return Err(refused(
                    span,
                    format!("`admin.listen` on another address than 127.0.0.1 or [::1] {what}"),
                ));
            }
        };
        Ok(AdminConfig { listen, tls })
    }
}

fn server(cert: &Spanned<PathBuf>, key: &Spanned<PathBuf>) -> Result<Arc<ServerConfig>, Refused> {
    let chain = certificate::chain(cert.get_ref())
        .map_err(|error| refused(cert.span(), format!("`admin.cert`: {error}")))?;
    let private = certificate::key(key.get_ref())
        .map_err(|error| refused(key.span(), format!("`admin.key`: {error}")))?;
    let unfit = |error: rustls::Error| {
        refused(cert.span(), format!("`admin.cert` and `admin.key` do not fit together: {error}"))
    };
    let mut server = ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(unfit)?;
    server.alpn_protocols = vec![ALPN.to_vec()];
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    Ok(Arc::new(server))
}
