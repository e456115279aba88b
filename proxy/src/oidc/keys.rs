//! The keys that a provider publishes (RFC 7517), as far as they can be used here.

use std::str::FromStr;
use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde_json::Value;

use super::header::KID_BYTES_MAX;

/// Most keys of a provider that are kept.
const KEYS_MAX: usize = 64;

/// One of them.
#[derive(Debug)]
pub(super) struct Key {
    kid: String,
    /// What it may be used with: what it says, or what its type can.
    algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

/// Those that are published at the same time.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Arc<Key>>);

impl KeySet {
    /// Reads a set. What cannot be used is left out: other programs have keys there too.
    pub(super) fn read(set: &Value) -> Option<Self> {
        let keys = set.get("keys")?.as_array()?.iter().take(KEYS_MAX);
        Some(KeySet(keys.filter_map(|key| Key::read(key.clone())).map(Arc::new).collect()))
    }

    pub(super) fn find(&self, kid: &str, algorithm: Algorithm) -> Option<&Arc<Key>> {
        self.0.iter().find(|key| key.kid == kid && key.algorithms.contains(&algorithm))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Key {
    fn read(key: Value) -> Option<Self> {
        let only = key.get("alg").cloned();
        let jwk: Jwk = serde_json::from_value(key).ok()?;
        let common = &jwk.common;
        let is_for_signatures =
            common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature);
        let operations = common.key_operations.as_ref();
        let may_verify = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
        let kid = common.key_id.clone().filter(|kid| !kid.is_empty() && kid.len() <= KID_BYTES_MAX)?;
        if !is_for_signatures || !may_verify {
            return None;
        }
        let can = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa.algorithms().to_vec(),
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
                vec![Algorithm::ES256]
            }
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P384 => {
                vec![Algorithm::ES384]
            }
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
                vec![Algorithm::EdDSA]
            }
            // A published secret is none.
            _ => return None,
        };
        let algorithms = match only {
            None => can,
            Some(only) => {
                let only = Algorithm::from_str(only.as_str()?).ok()?;
                can.into_iter().filter(|can| *can == only).collect()
            }
        };
        Some(Key { kid, algorithms, decoding: DecodingKey::from_jwk(&jwk).ok()? })
    }
}
