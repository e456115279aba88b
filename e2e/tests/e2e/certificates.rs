//! An authority of its own for each test, and certificates of servers and users that it signs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use e2e::scratch::Scratch;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType, date_time_ymd};

/// A certificate and its private key.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

/// Signs certificates; everything is in one folder.
pub(crate) struct Authority {
    folder: Scratch,
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub(crate) cert: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Result<Self> {
        let folder = Scratch::new("certificates")?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let cert = folder.join("ca.crt");
        fs::write(&cert, params.self_signed(&key)?.pem()).context("write the authority's certificate")?;
        Ok(Self { folder, issuer: Issuer::new(params, key), cert })
    }

    /// The certificate of a server at this name or address.
    pub(crate) fn server(&self, host: &str) -> Result<Files> {
        self.sign(&format!("server-{host}"), CertificateParams::new(vec![host.to_string()])?)
    }

    /// One of a server that was valid once.
    pub(crate) fn expired_server(&self, host: &str) -> Result<Files> {
        let mut params = CertificateParams::new(vec![host.to_string()])?;
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        self.sign(&format!("expired-{host}"), params)
    }

    /// The certificate of a user, who is its common name.
    pub(crate) fn user(&self, name: &str) -> Result<Files> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        self.sign(&format!("user-{name}"), params)
    }

    /// The certificate of a user, whose mail address is an alternative name.
    pub(crate) fn user_by_mail(&self, address: &str) -> Result<Files> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "somebody");
        params.subject_alt_names.push(SanType::Rfc822Name(address.try_into()?));
        self.sign(&format!("mail-{address}"), params)
    }

    fn sign(&self, name: &str, mut params: CertificateParams) -> Result<Files> {
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let cert = params.signed_by(&key, &self.issuer).context("sign a certificate")?;
        let files = Files {
            cert: self.folder.join(&format!("{name}.crt")),
            key: self.folder.join(&format!("{name}.key")),
        };
        fs::write(&files.cert, cert.pem()).context("write a certificate")?;
        fs::write(&files.key, key.serialize_pem()).context("write a key")?;
        // libpq and PostgreSQL take no keys that others may read.
        private(&files.key)?;
        Ok(files)
    }
}

fn private(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).context("keep a key to oneself")
}

/// The `[tls]` section of a proxy with this certificate; `more` are further lines.
pub(crate) fn tls_section(mode: &str, server: &Files, more: &str) -> String {
    let (cert, key) = (server.cert.display(), server.key.display());
    format!("\n[tls]\nmode = \"{mode}\"\ncert = \"{cert}\"\nkey = \"{key}\"\n{more}")
}
