//! TLS towards clients: what the configuration says of it, and how it is answered for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{NoClientAuth, NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{Connection, ServerConfig, ServerConnection};
use serde::Deserialize;

use crate::certificate;
use crate::scram::Binding;

/// The protocol's name in TLS (ALPN); PostgreSQL has asked for it since version 17.
pub(crate) const ALPN: &[u8] = b"postgresql";

/// Whether clients may, or must, use TLS. The words are those of PgBouncer's `client_tls_sslmode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    Disable,
    Allow,
    #[default]
    Require,
}

/// Whether clients are asked for certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ClientCertificates {
    None,
    Request,
    Require,
}

/// The `[tls]` section as it was written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TlsFile {
    #[serde(default)]
    mode: Mode,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    client_ca: Option<PathBuf>,
    client_certificates: Option<ClientCertificates>,
}

/// TLS towards clients.
#[derive(Clone)]
pub(crate) struct ClientTls {
    /// Nobody gets in without it.
    pub(crate) is_required: bool,
    /// Clients are asked for certificates, and only those of the configured authority are taken.
    pub(crate) asks_for_certificates: bool,
    server: Arc<ServerConfig>,
    /// What binds a log-in to the proxy's certificate.
    pub(crate) binding: Option<Binding>,
}

/// Keys stay out of logs.
impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").field("is_required", &self.is_required).finish_non_exhaustive()
    }
}

impl TlsFile {
    /// Reads the files that it names. `None` where TLS is off.
    pub(crate) fn check(self) -> Result<Option<ClientTls>, String> {
        let TlsFile { mode, cert, key, client_ca, client_certificates } = self;
        if mode == Mode::Disable {
            return Ok(None);
        }
        let needed = |key: &str, path: Option<PathBuf>| {
            path.ok_or_else(|| format!("`{key}` is needed unless `tls.mode` is \"disable\""))
        };
        let (cert, key) = (needed("tls.cert", cert)?, needed("tls.key", key)?);
        let asked = client_certificates.unwrap_or(match client_ca {
            Some(_) => ClientCertificates::Request,
            None => ClientCertificates::None,
        });
        let verifier = match (asked, &client_ca) {
            (ClientCertificates::None, _) => Arc::new(NoClientAuth),
            (asked, Some(path)) => {
                verifier(path, asked).map_err(|error| format!("`tls.client-ca`: {error}"))?
            }
            (_, None) => {
                return Err(
                    "`tls.client-certificates` needs `tls.client-ca`, whose certificates count".into()
                );
            }
        };
        let chain = certificate::chain(&cert).map_err(|error| format!("`tls.cert`: {error}"))?;
        let own = chain.first().cloned();
        let private = certificate::key(&key).map_err(|error| format!("`tls.key`: {error}"))?;
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, private)
            .map_err(|error| format!("`tls.cert` and `tls.key` do not fit together: {error}"))?;
        server.alpn_protocols = vec![ALPN.to_vec()];
        // As in PostgreSQL, no session is resumed: each proves its certificate anew.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        Ok(Some(ClientTls {
            is_required: mode == Mode::Require,
            asks_for_certificates: asked != ClientCertificates::None,
            server: Arc::new(server),
            binding: own.as_ref().and_then(Binding::to),
        }))
    }
}

impl ClientTls {
    /// The proxy's side of a connection that is about to begin.
    pub(crate) fn connection(&self) -> Result<Connection, rustls::Error> {
        ServerConnection::new(Arc::clone(&self.server)).map(Connection::Server)
    }
}

fn verifier(
    authorities: &Path,
    asked: ClientCertificates,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, String> {
    let roots = Arc::new(certificate::authorities(authorities)?);
    let mut builder = WebPkiClientVerifier::builder_with_provider(roots, provider());
    if asked == ClientCertificates::Request {
        builder = builder.allow_unauthenticated();
    }
    builder.build().map_err(|error| error.to_string())
}

/// The one implementation of TLS's cryptography, which pgwire brings too.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
