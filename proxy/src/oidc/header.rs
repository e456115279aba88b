//! The header of a token: by which key and algorithm it says it is signed. Nothing of it is true before the signature is.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::Refused;
use super::json::{Once, TWICE};

/// Longest header, and longest name of a key, in bytes.
const HEADER_BYTES_MAX: usize = 8 << 10;
pub(super) const KID_BYTES_MAX: usize = 512;

/// Keys and addresses of keys that a token brings along would let it vouch for itself; what `crit` (RFC 7515, 4.1.11) names must
/// be understood, and nothing of it is; what is packed or encrypted is not read.
const REFUSED: [&str; 8] = ["crit", "jwk", "jku", "x5u", "x5c", "b64", "zip", "enc"];

/// Types of tokens that say who somebody is: without a type, ID tokens, and access tokens (RFC 9068, 2.1).
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: String,
}

impl Header {
    pub(super) fn read(token: &[u8]) -> Result<Self, Refused> {
        let mut parts = token.split(|&byte| byte == b'.');
        let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refused::Malformed("there are more or fewer"));
        };
        if HEADER_BYTES_MAX < header.len() {
            return Err(Refused::Malformed("its header is too long"));
        }
        let no_json = Refused::Malformed("its header is no JSON object");
        let Ok(header) = URL_SAFE_NO_PAD.decode(header) else { return Err(no_json) };
        let Once(header) = serde_json::from_slice(&header)
            .map_err(|error| if error.to_string().starts_with(TWICE) { Refused::Twice } else { no_json })?;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        if let Some(name) = REFUSED.into_iter().find(|name| header.get(name).is_some()) {
            return Err(Refused::Header(name));
        }
        let is_known = |word: &str| TYPES.iter().any(|known| known.eq_ignore_ascii_case(word));
        if header.get("typ").is_some() && !text("typ").is_some_and(is_known) {
            return Err(Refused::Type);
        }
        let algorithm = text("alg").and_then(|word| Algorithm::from_str(word).ok());
        let algorithm = algorithm.ok_or(Refused::Algorithm)?;
        let kid = text("kid").filter(|kid| !kid.is_empty() && kid.len() <= KID_BYTES_MAX);
        Ok(Header { algorithm, kid: kid.ok_or(Refused::NoKeyNamed)?.to_owned() })
    }
}
