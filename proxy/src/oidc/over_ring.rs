//! The cryptography of tokens: ring's, which TLS has too. The library asks for it by algorithm and key.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature as by_ring;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(Error::from(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| {
        // A public key is never a secret: what HMAC would be given here anybody knows.
        if key.family() != algorithm.family() || matches!(method(*algorithm), Method::None) {
            return Err(Error::from(ErrorKind::InvalidAlgorithm));
        }
        Ok(Box::new(Verifying { algorithm: *algorithm, key: key.clone() }))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has the library use it.
pub(super) fn install() {
    // The second time it is there already.
    let _ = PROVIDER.install_default();
}

enum Method {
    Rsa(&'static by_ring::RsaParameters),
    Other(&'static dyn by_ring::VerificationAlgorithm),
    None,
}

fn method(algorithm: Algorithm) -> Method {
    match algorithm {
        Algorithm::ES256 => Method::Other(&by_ring::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Method::Other(&by_ring::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Method::Other(&by_ring::ED25519),
        Algorithm::RS256 => Method::Rsa(&by_ring::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Method::Rsa(&by_ring::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Method::Rsa(&by_ring::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Method::Rsa(&by_ring::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Method::Rsa(&by_ring::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Method::Rsa(&by_ring::RSA_PSS_2048_8192_SHA512),
        _ => Method::None,
    }
}

struct Verifying {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Verifier<Vec<u8>> for Verifying {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match (method(self.algorithm), self.key.kind()) {
            (Method::Rsa(method), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                by_ring::RsaPublicKeyComponents { n, e }.verify(method, message, signed)
            }
            (Method::Other(method), DecodingKeyKind::SecretOrDer(key)) => {
                by_ring::UnparsedPublicKey::new(method, key).verify(message, signed)
            }
            _ => return Err(signature::Error::new()),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Verifying {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
