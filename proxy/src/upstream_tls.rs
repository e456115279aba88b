//! TLS towards databases: libpq's `sslmode`, and whose certificates count.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    ClientConfig, ClientConnection, Connection, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use serde::Deserialize;

use crate::{certificate, tls};

/// How much TLS a database must offer. The words are libpq's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SslMode {
    /// None.
    Disable,
    /// What it offers, of anybody.
    #[default]
    Prefer,
    /// TLS, of anybody.
    Require,
    /// A certificate of the authority.
    VerifyCa,
    /// One that names the host, too.
    VerifyFull,
}

/// The keys of an `[[upstream]]` that are about TLS, as they were written.
pub(crate) struct UpstreamTlsFile {
    pub(crate) sslmode: SslMode,
    pub(crate) root_ca: Option<PathBuf>,
    pub(crate) client_cert: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
}

/// TLS towards one database.
#[derive(Clone)]
pub(crate) struct UpstreamTls {
    /// There is no session without it.
    pub(crate) is_required: bool,
    client: Arc<ClientConfig>,
    host: ServerName<'static>,
}

/// The same files as they were read once.
impl PartialEq for UpstreamTls {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.client, &other.client) && self.is_required == other.is_required
    }
}

impl UpstreamTlsFile {
    /// Reads the files that it names. `None` where TLS is off.
    pub(crate) fn check(self, host: &str) -> Result<Option<UpstreamTls>, String> {
        let UpstreamTlsFile { sslmode, root_ca, client_cert, client_key } = self;
        let verifies = matches!(sslmode, SslMode::VerifyCa | SslMode::VerifyFull);
        let roots = match root_ca {
            Some(path) if verifies => Some(
                certificate::authorities(&path).map_err(|error| format!("`upstream.root-ca`: {error}"))?,
            ),
            None if verifies => {
                return Err("`upstream.sslmode` verifies against `upstream.root-ca`, which is missing".into());
            }
            // It would be believed to be used.
            Some(_) => {
                let mend = "set `upstream.sslmode` to \"verify-full\" or \"verify-ca\"";
                return Err(format!("`upstream.root-ca` is for certificates that are verified; {mend}"));
            }
            None => None,
        };
        let own = match (client_cert, client_key) {
            (None, None) => None,
            (Some(_), Some(_)) if sslmode == SslMode::Disable => {
                return Err("`upstream.client-cert` needs TLS, and `upstream.sslmode` is \"disable\"".into());
            }
            (Some(cert), Some(key)) => Some((
                certificate::chain(&cert).map_err(|error| format!("`upstream.client-cert`: {error}"))?,
                certificate::key(&key).map_err(|error| format!("`upstream.client-key`: {error}"))?,
            )),
            _ => return Err("`upstream.client-cert` and `upstream.client-key` go together".into()),
        };
        if sslmode == SslMode::Disable {
            return Ok(None);
        }
        let host = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("`upstream.host` is no name that TLS can ask for: `{host}`"))?;
        let provider = tls::provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = match roots {
            Some(roots) if sslmode == SslMode::VerifyFull => builder.with_root_certificates(roots),
            roots => {
                let verifier = Arc::new(AnyName { roots, provider });
                builder.dangerous().with_custom_certificate_verifier(verifier)
            }
        };
        let mut client = match own {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
                format!("`upstream.client-cert` and `upstream.client-key` do not fit together: {error}")
            })?,
            None => builder.with_no_client_auth(),
        };
        client.alpn_protocols = vec![tls::ALPN.to_vec()];
        // PostgreSQL resumes no sessions.
        client.resumption = Resumption::disabled();
        Ok(Some(UpstreamTls { is_required: sslmode != SslMode::Prefer, client: Arc::new(client), host }))
    }
}

impl UpstreamTls {
    /// The proxy's side of a connection that is about to begin.
    pub(crate) fn connection(&self) -> Result<Connection, rustls::Error> {
        ClientConnection::new(Arc::clone(&self.client), self.host.clone()).map(Connection::Client)
    }
}

/// Takes certificates that name another host: of the authorities (`verify-ca`), or of anybody where there are none
/// (`require`). The server always proves that it has the certificate's key.
struct AnyName {
    roots: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for AnyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyName").field("verifies", &self.roots.is_some()).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
