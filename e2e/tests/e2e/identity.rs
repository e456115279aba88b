//! Tokens of an identity provider as passwords: a real provider, real clients, and forged tokens.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::login::Login;
use e2e::oidc::{AUDIENCE, OidcProvider, SigningKey};
use e2e::{psql, psycopg, wait};
use rcgen::{KeyPair, PublicKeyData};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use ring::{digest, hmac};
use rustls::crypto::ring as crypto;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::certificates::{Authority, tls_section};
use crate::driver::block_on;
use crate::stack::{Stack, USER, text, words};

/// Whom the provider knows.
const CAROL: &str = "carol@example.com";
const ROBOT: &str = "robot@example.com";

const KID: &str = "key-1";

/// A key as the provider has it and as whoever forges would.
struct Key {
    pair: KeyPair,
    kid: &'static str,
    /// Whose tokens it signs.
    issuer: String,
}

impl Key {
    fn new(kid: &'static str, provider: &OidcProvider) -> Result<Self> {
        Ok(Key { pair: KeyPair::generate()?, kid, issuer: provider.issuer() })
    }

    fn signing(&self) -> SigningKey {
        SigningKey { kid: self.kid.to_string(), pem: self.pair.serialize_pem() }
    }

    /// A token of exactly these texts.
    fn sign(&self, header: &str, payload: &str) -> Result<String> {
        let message = message(header, payload);
        let pkcs8 = self.pair.serialize_der();
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let signed = key.sign(&random, message.as_bytes()).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed)))
    }

    /// Good claims with these instead of their own; `null` takes one out.
    fn payload(&self, more: Value) -> String {
        let own = json!({
            "iss": self.issuer, "aud": AUDIENCE, "sub": "4711", "preferred_username": CAROL, "iat": now(), "exp": now() + 600,
        });
        with(own, more)
    }

    /// A good token with such claims.
    fn token(&self, claims: Value) -> Result<String> {
        self.sign(&header(self.kid, json!({})), &self.payload(claims))
    }
}

fn message(header: &str, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

fn header(kid: &str, more: Value) -> String {
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

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A provider and a proxy that trusts it, both with certificates of one authority.
struct Rig {
    authority: Authority,
    provider: OidcProvider,
    key: Key,
    stack: Stack,
}

/// Lines of `[oidc]` that keep tests short.
const QUICK: &str = "key-refetch-secs-min = 1\n";

impl Rig {
    fn start(tls: &str, oidc: &str, sections: &str) -> Result<Self> {
        Self::prepare(tls, oidc, sections, true)
    }

    fn prepare(tls: &str, oidc: &str, sections: &str, runs: bool) -> Result<Self> {
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
        let stack = Stack::start_with(&format!("{}{oidc}{sections}", tls_section(tls, &server, "")))?;
        Ok(Rig { authority, provider, key, stack })
    }

    fn login(&self, user: &str, token: &str) -> Result<Login> {
        Ok(self.stack.alice()?.as_user(user, token))
    }

    /// What psql says with this token as its password.
    fn says(&self, user: &str, token: &str, sql: &str) -> Result<psql::Output> {
        says(&self.login(user, token)?, "require", sql)
    }

    /// It logs in, and somebody is at the other end.
    fn logs_in(&self, user: &str, token: &str) -> Result<()> {
        let said = self.says(user, token, "SELECT count(*) FROM users")?.success();
        let said = said.with_context(|| format!("the proxy's log:\n{}", self.stack.proxy.log()))?;
        ensure!(said.trim() == "8", "{said}");
        Ok(())
    }
}

fn says(login: &Login, sslmode: &str, sql: &str) -> Result<psql::Output> {
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

/// tokio-postgres over TLS.
fn driver(login: &Login) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(login.port).user(&login.user).password(&login.password);
    config.dbname(&login.database).ssl_mode(tokio_postgres::config::SslMode::Require);
    config
}

fn driver_tls(authority: &Path) -> Result<MakeRustlsConnect> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority)?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[test]
fn tokens_log_in_from_psql_psycopg_and_a_driver_and_say_who_it_is() -> Result<()> {
    let policies = e2e::scratch::Scratch::new("policies")?;
    let robots = "forbid (principal, action == Picket::Action::\"delete\", resource)\n\
        when { principal.actor == \"report-bot\" && principal.authentication == \"oauth\" };\n\
        forbid (principal in Picket::Group::\"readers\", action == Picket::Action::\"insert\", resource);\n";
    fs::write(policies.join("robots.cedar"), robots)?;
    let sections = format!("\n[policy]\ndir = \"{}\"\n", policies.path().display());
    let rig = Rig::start("require", "[oidc.groups]\nstaff = [\"readers\"]\n", &sections)?;
    let carol = rig.provider.token("carol-shell")?;
    rig.logs_in(CAROL, &carol)?;
    let robot = rig.provider.token("report-bot")?;
    let refused = rig.says(ROBOT, &robot, "DELETE FROM orders WHERE id = 1")?;
    ensure!(refused.stderr.contains("42501"), "{}", refused.stderr);
    let refused = rig.says(CAROL, &carol, "INSERT INTO orders SELECT * FROM orders LIMIT 0")?;
    ensure!(refused.stderr.contains("42501"), "{}", refused.stderr);
    // Only the configuration frees from rules, whatever groups somebody can make at the provider.
    let refused = rig.says(CAROL, &carol, "DROP TABLE orders CASCADE")?;
    ensure!(refused.stderr.contains("42501"), "{}", refused.stderr);
    let masked = rig.says(CAROL, &carol, "SELECT email FROM users WHERE id = 1")?.success()?;
    ensure!(!masked.contains("ada@example.com"), "{masked}");

    let login = rig.login(CAROL, &carol)?;
    let conninfo = format!("sslmode=verify-full sslrootcert={}", rig.authority.cert.display());
    let said =
        psycopg::run(&login, &conninfo, "print(db.execute('SELECT count(*) FROM users').fetchone()[0])")?;
    assert_eq!(said, Ok("8".to_string()));
    block_on(async {
        let tls = driver_tls(&rig.authority.cert)?;
        let (client, connection) = driver(&login).connect(tls).await?;
        tokio::spawn(connection);
        assert_eq!(client.query_one("SELECT count(*) FROM users", &[]).await?.get::<_, i64>(0), 8);
        Ok(())
    })?;

    let row = |who| format!("SELECT * FROM sessions FINAL WHERE principal = '{who}' LIMIT 1");
    let session = rig.stack.ledger.wait_row("the robot's session", &row(ROBOT))?;
    assert_eq!(text(&session, "authenticated_by")?, "oauth");
    assert_eq!((text(&session, "actor")?, text(&session, "kind")?), ("report-bot", "agent"));
    assert_eq!(words(&session, "groups")?, ["readers", "staff"]);
    let session = rig.stack.ledger.wait_row("carol's session", &row(CAROL))?;
    assert_eq!(text(&session, "actor")?, "");
    assert_eq!(words(&session, "groups")?, ["readers", "staff"]);
    Ok(())
}

/// The provider's groups say who may approve. What acts for somebody asks in that person's name and answers nothing.
#[test]
fn people_approve_by_their_tokens_what_agents_ask_for_and_agents_approve_nothing() -> Result<()> {
    let policies = e2e::scratch::Scratch::new("policies")?;
    let held = "@hold(\"dba\") forbid (principal, action == Picket::Action::\"delete\", resource);";
    fs::write(policies.join("held.cedar"), held)?;
    let sections = format!("\n[policy]\ndir = \"{}\"\n[approvals]\n", policies.path().display());
    let rig = Rig::start("require", "", &sections)?;
    let token = |claims| rig.key.token(claims);
    let console = |user: &str, token: &str, text: &str| -> Result<psql::Output> {
        says(&rig.login(user, token)?.to_database("picket"), "require", text)
    };
    let carol = token(json!({ "groups": ["dba"] }))?;
    let agent = token(json!({ "groups": ["dba"], "act": { "sub": "bot" } }))?;
    let dave = token(json!({ "preferred_username": "dave@example.com", "groups": ["dba"] }))?;
    let erin = token(json!({ "preferred_username": "erin@example.com", "groups": ["staff"] }))?;
    let asked = || {
        wait::until("the request", Duration::from_secs(30), || {
            let shown = console("dave@example.com", &dave, "SHOW APPROVALS")?.success()?;
            Ok(shown.split_once('|').map(|(request, _)| request.to_owned()))
        })
    };
    thread::scope(|scope| -> Result<()> {
        let waits = scope.spawn(|| rig.says(CAROL, &agent, "DELETE FROM orders WHERE id = 1"));
        let request = asked()?;
        let shown = console("dave@example.com", &dave, &format!("SHOW APPROVAL {request}"))?.success()?;
        assert!(shown.contains("principal|carol@example.com") && shown.contains("|bot"), "{shown}");
        let approve = format!("APPROVE {request} FOR 1h");
        for (user, token, why) in [
            (CAROL, &agent, "nobody answers at Picket's console for another"),
            (CAROL, &carol, "nobody approves what he asks for himself"),
            ("erin@example.com", &erin, "only somebody of dba may answer that"),
        ] {
            let output = console(user, token, &approve)?;
            assert!(output.code != 0 && output.stderr.contains(why), "{user}: {}", output.stderr);
        }
        console("dave@example.com", &dave, &approve)?.success()?;
        let output = waits.join().map_err(|_| anyhow!("the agent panicked"))??;
        assert_eq!(output.code, 0, "{}", output.stderr);
        Ok(())
    })?;
    // What was granted to the agent was not granted to carol herself.
    let alike = "DELETE FROM orders WHERE id = 2";
    rig.says(CAROL, &agent, alike)?.success()?;
    thread::scope(|scope| -> Result<()> {
        let waits = scope.spawn(|| rig.says(CAROL, &carol, "DELETE FROM orders WHERE id = 3"));
        let request = asked()?;
        console("dave@example.com", &dave, &format!("DENY {request}"))?.success()?;
        let output = waits.join().map_err(|_| anyhow!("carol panicked"))??;
        assert!(output.stderr.contains("dave@example.com has denied it"), "{}", output.stderr);
        Ok(())
    })
}

#[test]
fn local_users_stay_local_and_without_tls_no_token_is_asked_for() -> Result<()> {
    let rig = Rig::start("allow", "", "")?;
    let alice = rig.stack.alice()?;
    assert_eq!(says(&alice, "disable", "SELECT 1")?.success()?.trim(), "1");
    assert_eq!(says(&alice, "require", "SELECT 1")?.success()?.trim(), "1");
    // A token that calls itself by a local user's name is no password of that user.
    let token = rig.key.token(json!({ "preferred_username": USER }))?;
    let refused = rig.says(USER, &token, "SELECT 1")?;
    assert!(
        refused.stderr.contains("password authentication failed for user \"alice\""),
        "{}",
        refused.stderr
    );
    let token = rig.provider.token("carol-shell")?;
    let refused = says(&rig.login(CAROL, &token)?, "disable", "SELECT 1")?;
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("tokens of the identity provider over TLS only"), "{}", refused.stderr);
    assert!(refused.stderr.contains("sslmode=require"), "{}", refused.stderr);
    rig.logs_in(CAROL, &token)
}

/// Everything that must not let anybody in: what it is, and the token.
fn attacks(rig: &Rig, other: &Key) -> Result<Vec<(&'static str, String)>> {
    let key = &rig.key;
    let good = key.token(json!({}))?;
    let parts: Vec<&str> = good.split('.').collect();
    let [head, body, signed] = parts[..] else { anyhow::bail!("a token has three parts: {good}") };
    let admin = URL_SAFE_NO_PAD.encode(key.payload(json!({ "groups": ["admins"] })));
    let claims = |claims: Value| key.token(claims);
    let headed = |more: Value| key.sign(&header(KID, more), &key.payload(json!({})));
    let none =
        |alg: &str| format!("{}.", message(&header(KID, json!({ "alg": alg })), &key.payload(json!({}))));
    let hmac = |secret: &[u8]| {
        let message = message(&header(KID, json!({ "alg": "HS256" })), &key.payload(json!({})));
        let signed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed))
    };
    let raw_point = key.pair.public_key_raw();
    let of_other = other.pair.public_key_raw();
    let (x, y) = (&of_other[1..33], &of_other[33..]);
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y), "kid": KID,
    });
    let own = key.payload(json!({}));
    let twice = format!("{{\"preferred_username\":\"{USER}\",{}", &own[1..]);
    let twice_within =
        key.payload(json!({ "act": "ACT" })).replace("\"ACT\"", "{\"sub\":\"a\",\"sub\":\"b\"}");
    let digest = digest::digest(&digest::SHA256, good.as_bytes());
    Ok(vec![
        ("no token", "correct horse battery staple".to_string()),
        ("two parts", format!("{head}.{body}")),
        ("four parts", format!("{good}.{signed}")),
        ("five parts, as if encrypted", format!("{good}.{body}.{signed}")),
        ("dots", "..".to_string()),
        ("one megabyte", "a".repeat(1 << 20)),
        ("just too long", claims(json!({ "filler": "a".repeat(32 << 10) }))?),
        ("not base64", format!("{head}.{body}.!!!")),
        ("padded base64", format!("{head}.{body}.{signed}==")),
        ("no JSON", format!("{}.{signed}", message("header", "payload"))),
        ("JSON that is no object", key.sign(&header(KID, json!({})), "[]")?),
        ("deep JSON", key.sign(&header(KID, json!({})), &"[".repeat(10_000))?),
        ("alg=none", none("none")),
        ("alg=None", none("None")),
        ("alg=NONE", none("NONE")),
        ("no signature", format!("{head}.{body}.")),
        ("HS256 with the public key (PEM)", hmac(key.pair.public_key_pem().as_bytes())),
        ("HS256 with the public key (point)", hmac(raw_point)),
        ("HS256 with the public key (DER)", hmac(&key.pair.subject_public_key_info())),
        ("HS256 with nothing", hmac(b"")),
        ("another algorithm of the same kind", headed(json!({ "alg": "ES384" }))?),
        ("RS256 with an elliptic key", headed(json!({ "alg": "RS256" }))?),
        ("no algorithm", headed(json!({ "alg": null }))?),
        ("a list of algorithms", headed(json!({ "alg": ["ES256"] }))?),
        ("another key", other.sign(&header(KID, json!({})), &key.payload(json!({})))?),
        ("an unknown key", other.token(json!({}))?),
        ("no key named", headed(json!({ "kid": null }))?),
        ("a key named by a path", other.sign(&header("../../../../dev/null", json!({})), &own)?),
        ("a key named by SQL", other.sign(&header("x' UNION SELECT 'key", json!({})), &own)?),
        ("a key named by an empty text", headed(json!({ "kid": "" }))?),
        ("a key named by a number", headed(json!({ "kid": 1 }))?),
        ("a key of its own", other.sign(&header(KID, json!({ "jwk": jwk })), &own)?),
        ("a key of its own, signed well", headed(json!({ "jwk": jwk }))?),
        ("an address of keys", headed(json!({ "jku": "https://127.0.0.1/keys" }))?),
        ("an address of certificates", headed(json!({ "x5u": "https://127.0.0.1/chain" }))?),
        ("a certificate of its own", headed(json!({ "x5c": ["MIIB"] }))?),
        ("crit", headed(json!({ "crit": ["exp"] }))?),
        ("crit with b64", headed(json!({ "crit": ["b64"], "b64": false }))?),
        ("compressed", headed(json!({ "zip": "DEF" }))?),
        ("another type", headed(json!({ "typ": "logout+jwt" }))?),
        ("a type that is no text", headed(json!({ "typ": 1 }))?),
        (
            "alg twice in the header",
            key.sign("{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"key-1\"}", &own)?,
        ),
        ("a replaced payload", format!("{head}.{admin}.{signed}")),
        ("a hash for a signature", format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode(digest))),
        ("zeros for a signature", format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode([0; 64]))),
        ("a name twice", key.sign(&header(KID, json!({})), &twice)?),
        ("a name twice, within", key.sign(&header(KID, json!({})), &twice_within)?),
        ("another issuer", claims(json!({ "iss": "https://evil.example.com" }))?),
        ("an issuer that begins the same", claims(json!({ "iss": format!("{}/", rig.provider.issuer()) }))?),
        ("a list of issuers", claims(json!({ "iss": [rig.provider.issuer()] }))?),
        ("no issuer", claims(json!({ "iss": null }))?),
        ("another audience", claims(json!({ "aud": "urn:other" }))?),
        ("a list of other audiences", claims(json!({ "aud": ["urn:other", "urn:picket"] }))?),
        ("an empty list of audiences", claims(json!({ "aud": [] }))?),
        ("a list with ours and no text", claims(json!({ "aud": [AUDIENCE, 1] }))?),
        ("an audience with ours in it", claims(json!({ "aud": { "is": AUDIENCE } }))?),
        ("no audience", claims(json!({ "aud": null }))?),
        ("expired", claims(json!({ "iat": now() - 900, "exp": now() - 600 }))?),
        ("no expiry", claims(json!({ "exp": null }))?),
        ("expiry as a text", claims(json!({ "exp": (now() + 600).to_string() }))?),
        ("a huge expiry", claims(json!({ "exp": u64::MAX }))?),
        (
            "a huger expiry",
            key.sign(&header(KID, json!({})), &own.replace("\"exp\":", "\"exp\":1e30,\"x\":"))?,
        ),
        ("a negative expiry", claims(json!({ "exp": -1 }))?),
        ("an expiry in a list", claims(json!({ "exp": [now() + 600] }))?),
        ("a broken expiry", claims(json!({ "exp": 1.5e300 }))?),
        ("valid for a year", claims(json!({ "exp": now() + 365 * 86_400 }))?),
        ("not valid yet", claims(json!({ "nbf": now() + 600 }))?),
        ("a text for nbf", claims(json!({ "nbf": "0" }))?),
        ("issued in the future", claims(json!({ "iat": now() + 600, "exp": now() + 1_200 }))?),
        ("no subject", claims(json!({ "sub": null }))?),
        ("another user", claims(json!({ "preferred_username": "mallory@example.com" }))?),
        ("nobody", claims(json!({ "preferred_username": null }))?),
        ("a list of users", claims(json!({ "preferred_username": [CAROL] }))?),
        ("the user in capitals", claims(json!({ "preferred_username": CAROL.to_uppercase() }))?),
        ("the user and a NUL", claims(json!({ "preferred_username": format!("{CAROL}\0") }))?),
        ("the user only as subject", claims(json!({ "preferred_username": null, "sub": CAROL }))?),
        ("an actor without a name", claims(json!({ "act": {} }))?),
        ("an actor that is no object", claims(json!({ "act": "bot" }))?),
        ("bound to a key", claims(json!({ "cnf": { "jkt": "x" } }))?),
        ("groups that are no texts", claims(json!({ "groups": [1] }))?),
        ("groups in an object", claims(json!({ "groups": { "admins": true } }))?),
        ("groups left out", claims(json!({ "_claim_names": { "groups": "src1" } }))?),
        ("very many groups", claims(json!({ "groups": vec!["g"; 501] }))?),
    ])
}

#[test]
fn whatever_is_wrong_with_a_token_is_refused_in_one_way_and_stays_out_of_all_files() -> Result<()> {
    let rig = Rig::start("require", "", "")?;
    let other = Key::new("key-2", &rig.provider)?;
    let good = rig.key.token(json!({ "groups": ["staff"] }))?;
    rig.logs_in(CAROL, &good)?;
    let attacks = attacks(&rig, &other)?;
    for (what, token) in &attacks {
        // A password of a megabyte is more than the environment of a program may hold.
        let said = block_on(async {
            let tls = driver_tls(&rig.authority.cert)?;
            let login = rig.login(CAROL, token)?;
            let connected = driver(&login).connect(tls).await;
            let error = connected.err().with_context(|| format!("{what}: it was let in"))?;
            let error = error.as_db_error().with_context(|| format!("{what}: {error:?}"))?;
            let more = error.detail().or(error.hint()).unwrap_or_default().to_string();
            Ok((error.code().code().to_string(), error.message().to_string(), more))
        })?;
        let same = format!("password authentication failed for user \"{CAROL}\"");
        assert_eq!(said, ("28P01".to_string(), same, String::new()), "{what}");
    }
    rig.logs_in(CAROL, &good)?;
    let several = rig.key.token(json!({ "aud": ["urn:other", AUDIENCE] }))?;
    rig.logs_in(CAROL, &several)?;

    let folder = rig.stack.proxy.config();
    let folder = folder.parent().context("find the proxy's folder")?;
    let log = fs::read_to_string(folder.join("proxy.log"))?;
    for why in [
        "its signature is not the provider's",
        "its algorithm is not one of `oidc.algorithms`",
        "the provider has no key of that name for its algorithm",
        "its header has `crit`",
        "it is for none of `oidc.audience`",
        "it has expired",
        "it is longer than 32768 bytes",
        "a name stands twice in one of its objects",
    ] {
        assert!(log.contains(why), "{why}\n{log}");
    }
    // The records of these sessions are in the ledger, and so no more only in the spool.
    let sessions =
        "SELECT * FROM sessions FINAL WHERE principal = 'carol@example.com' AND ended_at IS NOT NULL";
    rig.stack.ledger.wait_rows("three sessions", sessions, |rows| 3 <= rows.len())?;
    let secrets: Vec<String> = [&good, &several]
        .into_iter()
        .chain(attacks.iter().map(|(_, token)| token))
        .flat_map(|token| token.split('.').map(str::to_string).collect::<Vec<_>>())
        .filter(|part| 40 <= part.len())
        .collect();
    let mut searched = 0;
    for file in files(folder)? {
        let text = fs::read(&file).with_context(|| format!("read `{}`", file.display()))?;
        let text = String::from_utf8_lossy(&text);
        let leaked = secrets.iter().find(|secret| text.contains(secret.as_str()));
        assert_eq!(leaked, None, "{}", file.display());
        searched += 1;
    }
    assert!(3 <= searched, "{searched} files");
    for table in ["sessions", "statements", "alerts"] {
        let rows = rig.stack.ledger.rows(&format!("SELECT * FROM {table} FINAL"))?;
        let rows = Value::Array(rows).to_string();
        assert_eq!(secrets.iter().find(|secret| rows.contains(secret.as_str())), None, "{table}");
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

#[test]
fn keys_are_changed_without_a_restart_and_hold_through_an_outage() -> Result<()> {
    let mut rig = Rig::start("require", "", "")?;
    let old = rig.provider.token("carol-shell")?;
    rig.logs_in(CAROL, &old)?;
    rig.provider.kill()?;
    rig.logs_in(CAROL, &old)?;
    // A key that nobody knows yet: the provider is asked, and is not there.
    let next = Key::new("key-2", &rig.provider)?;
    let refused = rig.says(CAROL, &next.token(json!({}))?, "SELECT 1")?;
    assert!(refused.stderr.contains("password authentication failed"), "{}", refused.stderr);
    rig.logs_in(CAROL, &old)?;
    rig.provider.run(&[next.signing()])?;
    let new = rig.provider.token("carol-shell")?;
    wait::until("the new key to be known", Duration::from_secs(60), || {
        Ok((rig.says(CAROL, &new, "SELECT 1")?.code == 0).then_some(()))
    })?;
    // What the provider has taken back holds no more.
    let refused = rig.says(CAROL, &old, "SELECT 1")?;
    assert!(refused.stderr.contains("password authentication failed"), "{}", refused.stderr);
    Ok(())
}

#[test]
fn without_its_provider_the_proxy_takes_no_tokens_and_says_why_and_local_users_go_on() -> Result<()> {
    let mut rig = Rig::prepare("require", "", "", false)?;
    let token = rig.key.token(json!({}))?;
    let refused = rig.says(CAROL, &token, "SELECT 1")?;
    assert!(refused.stderr.contains("password authentication failed"), "{}", refused.stderr);
    rig.stack.proxy.wait_log("the identity provider's keys were not fetched")?;
    rig.stack.proxy.wait_log("there are no keys of the provider")?;
    assert_eq!(says(&rig.stack.alice()?, "require", "SELECT 1")?.success()?.trim(), "1");
    rig.provider.run(&[rig.key.signing()])?;
    wait::until("the keys to be known", Duration::from_secs(60), || {
        Ok((rig.says(CAROL, &token, "SELECT 1")?.code == 0).then_some(()))
    })?;
    Ok(())
}

/// How long a token of these tests lives that is meant to end: machines under load are slow to log in.
const SHORT_SECS: u64 = 15;

#[test]
fn a_session_ends_with_its_token_idle_or_not() -> Result<()> {
    let rig = Rig::start("require", "clock-skew-secs-max = 0\nstatement-grace-secs = 0\n", "")?;
    let token = rig.key.token(json!({ "exp": now() + SHORT_SECS }))?;
    let login = rig.login(CAROL, &token)?;
    block_on(async {
        let tls = driver_tls(&rig.authority.cert)?;
        let config = driver(&login);
        let (idle, connection) = config.connect(tls.clone()).await?;
        let idles = tokio::spawn(connection);
        let (working, connection) = config.connect(tls.clone()).await?;
        tokio::spawn(connection);
        idle.batch_execute("BEGIN").await?;
        let cut = working.batch_execute("SELECT pg_sleep(600)");
        let error = cut.await.err().context("expect the statement to be cut off")?;
        let idles = tokio::time::timeout(Duration::from_secs(60), idles).await??;
        let idle = idles.err().context("expect the connection to end with an error")?;
        for error in [error, idle] {
            let error = error.as_db_error().with_context(|| format!("{error:?}"))?;
            ensure!(error.code().code() == "57P01", "{error:?}");
            ensure!(error.message().contains("the token that it began with has expired"), "{error:?}");
        }
        ensure!(config.connect(tls).await.is_err(), "an expired token logs in");
        Ok(())
    })?;
    let ended = "SELECT * FROM sessions FINAL WHERE end_reason = 'token_expired'";
    rig.stack.ledger.wait_rows("both sessions", ended, |rows| rows.len() == 2)?;
    // Nobody waits for what runs on.
    wait::until("the statement to be cancelled", Duration::from_secs(60), || {
        let runs = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND state = 'active' AND datname = current_database() AND pid <> pg_backend_pid()";
        Ok((rig.stack.truth(runs)? == "0").then_some(()))
    })
}

#[test]
fn a_statement_that_runs_when_its_token_ends_may_have_time_to_end() -> Result<()> {
    let rig = Rig::start("require", "clock-skew-secs-max = 0\nstatement-grace-secs = 600\n", "")?;
    let ends_at = now() + SHORT_SECS;
    let token = rig.key.token(json!({ "exp": ends_at }))?;
    let sleep = format!("SELECT pg_sleep({}), 'done'", SHORT_SECS + 1);
    let script = format!("{sleep};\nSELECT 'one more';\n");
    let mut child = psql::command(&rig.login(CAROL, &token)?)?
        .args(["-qAt"])
        .env("PGSSLMODE", "require")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("take psql's standard input")?;
    std::io::Write::write_all(&mut stdin, script.as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    let (said, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(ends_at < now() && said.trim() == "|done", "{said} {error}");
    assert!(error.contains("the token that it began with has expired"), "{error}");
    Ok(())
}
