//! A provider, its keys, tokens of all kinds, and a proxy that trusts it.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::login::Login;
use e2e::oidc::{AUDIENCE, OidcProvider, SigningKey};
use e2e::psql;
use rcgen::KeyPair;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls::crypto::ring as crypto;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::certificates::{Authority, tls_section};
use crate::stack::Stack;

/// Whom the provider knows.
pub(crate) const CAROL: &str = "carol@example.com";
pub(crate) const ROBOT: &str = "robot@example.com";

pub(crate) const KID: &str = "key-1";

/// A key as the provider has it and as whoever forges would.
pub(crate) struct Key {
    pub(crate) pair: KeyPair,
    kid: &'static str,
    /// Whose tokens it signs.
    issuer: String,
}

impl Key {
    pub(crate) fn new(kid: &'static str, provider: &OidcProvider) -> Result<Self> {
        Ok(Key { pair: KeyPair::generate()?, kid, issuer: provider.issuer() })
    }

    pub(crate) fn signing(&self) -> SigningKey {
        SigningKey { kid: self.kid.to_string(), pem: self.pair.serialize_pem() }
    }

    /// A token of exactly these texts.
    pub(crate) fn sign(&self, header: &str, payload: &str) -> Result<String> {
        let message = message(header, payload);
        let pkcs8 = self.pair.serialize_der();
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let signed = key.sign(&random, message.as_bytes()).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed)))
    }

    /// Good claims with these instead of their own; `null` takes one out.
    pub(crate) fn payload(&self, more: Value) -> String {
        let own = json!({
            "iss": self.issuer, "aud": AUDIENCE, "sub": "4711", "preferred_username": CAROL, "iat": now(), "exp": now() + 600,
        });
        with(own, more)
    }

    /// A good token with such claims.
    pub(crate) fn token(&self, claims: Value) -> Result<String> {
        self.sign(&header(self.kid, json!({})), &self.payload(claims))
    }
}

pub(crate) fn message(header: &str, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

pub(crate) fn header(kid: &str, more: Value) -> String {
    with(json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid }), more)
}

fn with(mut own: Value, more: Value) -> String {
    if let (Value::Object(own), Value::Object(more)) = (&mut own, more) {
        for (name, value) in more {
            match value {
                Value::Null => own.remove(&name),
                value => own.insert(name, value),
            };
        }
    }
    own.to_string()
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A provider and a proxy that trusts it, both with certificates of one authority.
pub(crate) struct Rig {
    pub(crate) authority: Authority,
    pub(crate) provider: OidcProvider,
    pub(crate) key: Key,
    pub(crate) stack: Stack,
}

/// Lines of `[oidc]` that keep tests short.
const QUICK: &str = "key-refetch-secs-min = 1\n";

impl Rig {
    pub(crate) fn start(tls: &str, oidc: &str, sections: &str) -> Result<Self> {
        Self::prepare(tls, oidc, sections, true)
    }

    pub(crate) fn prepare(tls: &str, oidc: &str, sections: &str, runs: bool) -> Result<Self> {
        let authority = Authority::new()?;
        let server = authority.server("127.0.0.1")?;
        let clients = [
            (
                "carol-shell",
                json!({ "preferred_username": CAROL, "groups": ["staff", "exempt:no-drop-table", "reveal"] }),
            ),
            (
                "report-bot",
                json!({ "preferred_username": ROBOT, "groups": "staff", "act": { "sub": "report-bot" } }),
            ),
        ];
        let mut provider = OidcProvider::prepare(&server.cert, &server.key, &authority.cert, &clients)?;
        provider.knows(json!({ "carol": { "preferred_username": CAROL, "groups": ["staff"] } }));
        let key = Key::new(KID, &provider)?;
        if runs {
            provider.run(&[key.signing()])?;
        }
        let issuer = provider.issuer();
        let oidc = format!(
            "\n[oidc]\nissuer = \"{issuer}\"\naudience = \"{AUDIENCE}\"\nusername-claim = \"preferred_username\"\n\
             ca-file = \"{}\"\n{QUICK}{oidc}\n",
            authority.cert.display()
        );
        // What is wrong in a hundred ways is not limited, but in tests of that.
        let limits = "max-failed-logins-per-user = 0\nmax-failed-logins-per-address = 0\n";
        // Who has a certificate may show it.
        let client_ca = format!("client-ca = \"{}\"\n", authority.cert.display());
        let tls = tls_section(tls, &server, &client_ca);
        // Sections that need a certificate say so.
        let path = |path: &Path| path.display().to_string();
        let sections = sections.replace("{cert}", &path(&server.cert)).replace("{key}", &path(&server.key));
        let stack = Stack::start_with(&format!("{limits}{tls}{oidc}{sections}"))?;
        Ok(Rig { authority, provider, key, stack })
    }

    pub(crate) fn login(&self, user: &str, token: &str) -> Result<Login> {
        Ok(self.stack.alice()?.as_user(user, token))
    }

    /// What psql says with this token as its password.
    pub(crate) fn says(&self, user: &str, token: &str, sql: &str) -> Result<psql::Output> {
        says(&self.login(user, token)?, "require", sql)
    }

    /// It logs in, and somebody is at the other end.
    pub(crate) fn logs_in(&self, user: &str, token: &str) -> Result<()> {
        let said = self.says(user, token, "SELECT count(*) FROM users")?.success();
        let said = said.with_context(|| format!("the proxy's log:\n{}", self.stack.proxy.log()))?;
        ensure!(said.trim() == "8", "{said}");
        Ok(())
    }
}

pub(crate) fn says(login: &Login, sslmode: &str, sql: &str) -> Result<psql::Output> {
    let output = psql::command(login)?
        .args(["-qAt", "-v", "VERBOSITY=verbose", "-c", sql])
        .env("PGSSLMODE", sslmode)
        .output()
        .context("run psql")?;
    Ok(psql::Output {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    })
}

pub(crate) fn client_tls(authority: &Path) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority)?)?;
    Ok(ClientConfig::builder_with_provider(Arc::new(crypto::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

pub(crate) fn driver_tls(authority: &Path) -> Result<MakeRustlsConnect> {
    Ok(MakeRustlsConnect::new(client_tls(authority)?))
}

/// tokio-postgres over TLS.
pub(crate) fn driver(login: &Login) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(login.port).user(&login.user).password(&login.password);
    config.dbname(&login.database).ssl_mode(tokio_postgres::config::SslMode::Require);
    config
}
