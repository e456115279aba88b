//! What `[oidc]` may say, which keys are taken, and what claims mean. Whole tokens are tried in `e2e`.

use std::path::Path;

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::claims::person;
use super::json::Once;
use super::keys::KeySet;
use super::{OidcFile, Person, Provider, Refused};

const GOOD: &str =
    "issuer = \"http://127.0.0.1:1/realm\"\naudience = \"picket\"\nallow-http-on-loopback = true\n";

const NOW: u64 = 1_800_000_000;

fn provider(text: &str) -> Result<Provider, String> {
    daemon::config::parse(Path::new("p.toml"), text, OidcFile::check).map_err(|error| error.to_string())
}

#[test]
fn errors_name_the_key_and_the_mend() {
    provider(GOOD).unwrap();
    let with = |from: &str, to: &str| provider(&GOOD.replace(from, to)).unwrap_err();
    for (got, expected) in [
        (with("127.0.0.1:1", "id.example.com"), "`oidc.issuer` must begin with https"),
        (with("allow-http-on-loopback = true", ""), "`oidc.allow-http-on-loopback = true` takes http too"),
        (with("http://127.0.0.1:1/realm", "file:///etc/keys"), "`oidc.issuer` must begin with https"),
        (
            with("http://127.0.0.1:1/realm", "id"),
            "must be an address such as \"https://id.example.com\", got `id`",
        ),
        (with("/realm", "/?realm=1"), "`oidc.issuer` must have no query"),
        // Only looks like this host.
        (with("127.0.0.1:1", "127.0.0.1@evil.example.com"), "`oidc.issuer` must begin with https"),
        (with("127.0.0.1:1", "127.0.0.1.evil.example.com"), "`oidc.issuer` must begin with https"),
        (with("127.0.0.1:1", "localhost.evil.example.com"), "`oidc.issuer` must begin with https"),
        (with("\"picket\"", "[]"), "`oidc.audience` must be the name by which the provider knows Picket"),
        (with("\"picket\"", "\"\""), "`oidc.audience` must be the name by which the provider knows Picket"),
        (with("audience = \"picket\"", ""), "missing field `audience`"),
    ] {
        assert!(got.contains(expected), "{got}");
    }
    for (line, expected) in [
        ("algorithms = []", "`oidc.algorithms` must name one of `ES256`"),
        ("algorithms = [\"HS256\"]", "`oidc.algorithms` may name `ES256`, `ES384`"),
        ("algorithms = [\"none\"]", ", got `none`"),
        ("clock-skew-secs-max = 301", "`oidc.clock-skew-secs-max` must be between 0 and 300, got 301"),
        ("key-refetch-secs-min = 0", "`oidc.key-refetch-secs-min` must be between 1 and 3600, got 0"),
        ("key-refresh-secs = 5", "must not be more than `oidc.key-refresh-secs`"),
        ("key-trust-secs = 1", "`oidc.key-trust-secs` must be between 60 and 604800, got 1"),
        ("token-life-secs-max = 1", "`oidc.token-life-secs-max` must be between 60 and 2592000, got 1"),
        ("username-claim = \"\"", "`oidc.username-claim` must name a claim, such as \"sub\""),
        ("ca-file = \"/none\"", "`oidc.ca-file`: cannot read certificates from /none"),
        ("auth = \"scram\"", "unknown variant `scram`, expected `password` or `oauth`"),
        (
            "scope = \"\"",
            "`oidc.scope` must be what clients ask the provider for, such as \"openid profile\"",
        ),
        ("scope = \"a\\nb\"", "`oidc.scope` must be what clients ask the provider for"),
        ("jwks = \"x\"", "unknown field `jwks`"),
    ] {
        let got = provider(&format!("{GOOD}{line}\n")).unwrap_err();
        assert!(got.contains(expected), "{got}");
    }
}

#[test]
fn only_public_keys_for_signatures_are_taken_each_for_its_own_algorithms() {
    let ec = json!({ "kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA" });
    let key = |more: Value| {
        let mut key = ec.clone();
        for (name, value) in more.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    };
    let keys = KeySet::read(&json!({ "keys": [
        key(json!({ "kid": "any" })),
        key(json!({ "kid": "other", "alg": "ES384" })),
        key(json!({ "kid": "odd", "alg": 1 })),
        key(json!({ "kid": "packs", "use": "enc" })),
        key(json!({ "kid": "derives", "key_ops": ["deriveKey"] })),
        { "kty": "oct", "kid": "secret", "k": "AAAA", "alg": "HS256" },
        { "kty": "RSA", "kid": "rsa", "n": "AAAA", "e": "AQAB", "alg": "RS256", "use": "sig" },
        { "kty": "new", "kid": "new" },
        key(json!({})),
        "no key",
    ] }))
    .unwrap();
    let fits = |kid: &str| {
        let all = [Algorithm::ES256, Algorithm::ES384, Algorithm::RS256, Algorithm::PS256, Algorithm::HS256];
        all.into_iter().filter(|algorithm| keys.find(kid, *algorithm).is_some()).collect::<Vec<_>>()
    };
    assert_eq!(fits("any"), [Algorithm::ES256]);
    assert_eq!(fits("rsa"), [Algorithm::RS256]);
    for kid in ["other", "odd", "packs", "derives", "secret", "new", ""] {
        assert_eq!(fits(kid), [], "{kid}");
    }
    assert!(KeySet::read(&json!({ "keys": {} })).is_none() && KeySet::read(&json!([])).is_none());
}

#[test]
fn a_name_that_stands_twice_at_any_depth_is_an_error() {
    for (text, is_good) in [
        (r#"{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}"#, true),
        (r#"{"a":1,"a":1}"#, false),
        (r#"{"b":{"a":1,"a":1}}"#, false),
        (r#"{"b":[{"\u0061":1,"a":1}]}"#, false),
    ] {
        assert_eq!(serde_json::from_str::<Once>(text).is_ok(), is_good, "{text}");
    }
}

/// What claims say of alice, with `more` in them.
fn read(settings: &str, more: Value) -> Result<Person, Refused> {
    let mut claims = json!({
        "iss": "http://127.0.0.1:1/realm", "aud": "picket", "sub": "alice", "iat": NOW, "exp": NOW + 600,
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let (name, person) = person(&claims, &provider(&format!("{GOOD}{settings}")).unwrap().settings, NOW)?;
    assert_eq!(name, "alice");
    Ok(person)
}

#[test]
fn groups_that_give_rights_come_from_the_configuration_alone() {
    let settings = "[groups]\ndba = [\"exempt:no-drop\", \"reveal\"]\n";
    let groups = |claim: Value| read(settings, json!({ "groups": claim })).unwrap().groups;
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(groups(json!(["staff", "exempt:no-drop", "reveal"])), named(&["staff"]));
    assert_eq!(groups(json!("dba")), named(&["dba", "exempt:no-drop", "reveal"]));
    assert_eq!(groups(json!([])), named(&[]));
}

#[test]
fn who_acts_is_told_and_a_client_that_acts_for_itself_is_an_agent() {
    let of = |more: Value| read("", more).map(|person| (person.actor, person.kind));
    assert_eq!(of(json!({})), Ok((String::new(), "")));
    assert_eq!(of(json!({ "client_id": "shell" })), Ok((String::new(), "")));
    assert_eq!(of(json!({ "client_id": "alice" })), Ok((String::new(), "agent")));
    let chain = json!({ "act": { "sub": "bot", "act": { "sub": "earlier" } } });
    assert_eq!(of(chain), Ok(("bot".to_owned(), "agent")));
    assert_eq!(of(json!({ "act": null })), Err(Refused::Claim("act".to_owned())));
    assert_eq!(of(json!({ "act": { "sub": "a\nb" } })), Err(Refused::Claim("act".to_owned())));
}

#[test]
fn an_address_is_somebodys_only_where_the_provider_has_verified_it() {
    let of = |verified: Value| {
        let more = json!({ "email": "alice", "email_verified": verified });
        read("username-claim = \"email\"\n", more).map(|_| ())
    };
    assert_eq!(of(json!(true)), Ok(()));
    for odd in [json!(false), json!("true"), json!(1), json!(null)] {
        assert_eq!(of(odd), Err(Refused::UnverifiedMail));
    }
}

#[test]
fn times_are_exact_to_the_skew_and_a_session_has_its_graces() {
    let settings = "clock-skew-secs-max = 5\nsession-grace-secs = 60\nstatement-grace-secs = 7\n";
    let of = |claims: Value| read(settings, claims).map(|person| (person.rests_until, person.runs_until));
    assert_eq!(of(json!({ "exp": NOW + 10 })), Ok((NOW + 70, NOW + 77)));
    assert_eq!(of(json!({ "exp": NOW - 4 })), Ok((NOW + 56, NOW + 63)));
    assert_eq!(of(json!({ "exp": NOW - 5 })), Err(Refused::Expired));
    assert_eq!(of(json!({ "nbf": NOW + 5 })).map(|_| ()), Ok(()));
    assert_eq!(of(json!({ "nbf": NOW + 6 })), Err(Refused::NotYet));
    assert_eq!(of(json!({ "iat": NOW + 6 })), Err(Refused::NotYet));
    assert_eq!(of(json!({ "exp": NOW + 86_400 })).map(|_| ()), Ok(()));
    assert_eq!(of(json!({ "exp": NOW + 86_401 })), Err(Refused::LivesTooLong));
    assert_eq!(of(json!({ "exp": u64::MAX })), Err(Refused::LivesTooLong));
    assert_eq!(of(json!({ "exp": NOW as f64 + 0.5 })), Err(Refused::Claim("exp".to_owned())));
}
