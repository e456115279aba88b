//! Tokens that must not let anybody in.

use anyhow::{Result, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::oidc::AUDIENCE;
use rcgen::PublicKeyData;
use ring::{digest, hmac};
use serde_json::{Value, json};

use super::rig::{CAROL, KID, Key, Rig, header, message, now};
use crate::stack::USER;

/// What it is, and the token.
pub(crate) fn attacks(rig: &Rig, other: &Key) -> Result<Vec<(&'static str, String)>> {
    let key = &rig.key;
    let good = key.token(json!({}))?;
    let parts: Vec<&str> = good.split('.').collect();
    let [head, body, signed] = parts[..] else { bail!("a token has three parts: {good}") };
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
