//! SCRAM-SHA-256 (RFC 5802, RFC 7677) towards databases. What is slow by design, the salted password, is worked out once
//! for each salt: libraries work it out for each connection.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pgwire::api::auth::sasl::scram::{gen_salted_password, random_nonce};
use ring::{digest, hmac};
use thiserror::Error;

/// Names of the mechanism, without and with a binding to the TLS connection.
pub(crate) const SCRAM_SHA_256: &str = "SCRAM-SHA-256";
pub(crate) const SCRAM_SHA_256_PLUS: &str = "SCRAM-SHA-256-PLUS";

/// Iterations that a database may ask for: one that asks for more would keep a thread busy for seconds.
const ITERATIONS: RangeInclusive<usize> = 1..=1_000_000;

/// Why an exchange fails.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum ScramError {
    #[error("a SCRAM message of the server is malformed")]
    Malformed,
    #[error("the server asks for {asked} SCRAM iterations, which must be between {} and {}", ITERATIONS.start(), ITERATIONS.end())]
    Iterations { asked: usize },
    #[error("the server answers another SCRAM exchange")]
    Nonce,
    #[error("the server says `{0}`")]
    Server(String),
    #[error("the server has not shown that it knows the password")]
    Unproven,
}

/// What an exchange is bound to (RFC 5802, section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// There is no TLS.
    Unsupported,
    /// The server does not offer it, although there is TLS: one that did would refuse.
    NotOffered,
    /// The hash of the server's certificate.
    EndPoint(Vec<u8>),
}

/// The salted password that was used last; shared by all connections with one password.
#[derive(Clone, Default)]
pub(crate) struct Salted(Arc<Mutex<Option<Known>>>);

struct Known {
    salt: Vec<u8>,
    iterations: usize,
    salted_password: Vec<u8>,
}

/// An exchange that the server has not answered.
pub(crate) struct First {
    binding: Binding,
    nonce: String,
}

/// An exchange in which the server must still prove that it knows the password.
pub(crate) struct Final {
    /// What the client proves its knowledge with.
    pub(crate) message: String,
    server_key: hmac::Key,
    auth_message: String,
}

impl Binding {
    fn header(&self) -> &'static str {
        match self {
            Binding::Unsupported => "n,,",
            Binding::NotOffered => "y,,",
            Binding::EndPoint(_) => "p=tls-server-end-point,,",
        }
    }

    fn input(&self) -> String {
        let mut input = self.header().as_bytes().to_vec();
        if let Binding::EndPoint(hash) = self {
            input.extend_from_slice(hash);
        }
        STANDARD.encode(input)
    }
}

/// Keys stay out of logs.
impl fmt::Debug for Salted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Salted").finish_non_exhaustive()
    }
}

/// What was worked out is no part of what a configuration says.
impl PartialEq for Salted {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Salted {
    fn of(&self, password: &str, salt: Vec<u8>, iterations: usize) -> Vec<u8> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(known) if known.salt == salt && known.iterations == iterations => {
                known.salted_password.clone()
            }
            _ => {
                let salted_password = gen_salted_password(password, &salt, iterations);
                *known = Some(Known { salt, iterations, salted_password: salted_password.clone() });
                salted_password
            }
        }
    }
}

impl First {
    pub(crate) fn new(binding: Binding) -> Self {
        First { binding, nonce: random_nonce() }
    }

    /// What opens the exchange. PostgreSQL takes the user's name from the start-up message.
    pub(crate) fn message(&self) -> String {
        format!("{}{}", self.binding.header(), self.bare())
    }

    fn bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// Answers the server's first message.
    pub(crate) fn answer(
        self,
        server_first: &[u8],
        password: &str,
        salted: &Salted,
    ) -> Result<Final, ScramError> {
        let server_first = std::str::from_utf8(server_first).map_err(|_| ScramError::Malformed)?;
        let mut fields = server_first.split(',');
        let mut field = |name| fields.next().and_then(|field| field.strip_prefix(name));
        let (Some(nonce), Some(salt), Some(iterations)) = (field("r="), field("s="), field("i=")) else {
            return Err(ScramError::Malformed);
        };
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(ScramError::Nonce);
        }
        let salt = STANDARD.decode(salt).map_err(|_| ScramError::Malformed)?;
        let iterations = iterations.parse().map_err(|_| ScramError::Malformed)?;
        if !ITERATIONS.contains(&iterations) {
            return Err(ScramError::Iterations { asked: iterations });
        }
        let salted_password = hmac::Key::new(hmac::HMAC_SHA256, &salted.of(password, salt, iterations));
        let client_key = hmac::sign(&salted_password, b"Client Key");
        let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
        let without_proof = format!("c={},r={nonce}", self.binding.input());
        let auth_message = format!("{},{server_first},{without_proof}", self.bare());
        let signature =
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, stored_key.as_ref()), auth_message.as_bytes());
        let proof: Vec<u8> =
            client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, sign)| key ^ sign).collect();
        let server_key = hmac::sign(&salted_password, b"Server Key");
        Ok(Final {
            message: format!("{without_proof},p={}", STANDARD.encode(proof)),
            server_key: hmac::Key::new(hmac::HMAC_SHA256, server_key.as_ref()),
            auth_message,
        })
    }
}

impl Final {
    /// Checks the server's final message: only who knows the password, or its secret, can write it.
    pub(crate) fn check(self, server_final: &[u8]) -> Result<(), ScramError> {
        let server_final = std::str::from_utf8(server_final).map_err(|_| ScramError::Malformed)?;
        let first = server_final.split(',').next().unwrap_or_default();
        if let Some(error) = first.strip_prefix("e=") {
            return Err(ScramError::Server(error.to_owned()));
        }
        let signature = first.strip_prefix("v=").and_then(|signature| STANDARD.decode(signature).ok());
        let signature = signature.ok_or(ScramError::Malformed)?;
        hmac::verify(&self.server_key, self.auth_message.as_bytes(), &signature)
            .map_err(|_| ScramError::Unproven)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, section 3.
    const SERVER_FIRST: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    fn first() -> First {
        First { binding: Binding::Unsupported, nonce: "rOprNGfwEbeRWgbNEkqO".to_owned() }
    }

    #[test]
    fn an_exchange_is_that_of_the_rfc_but_for_the_name() {
        // PostgreSQL takes no name here, so the proofs differ from the RFC's; the salted password does not.
        let salted = Salted::default();
        let answer = first().answer(SERVER_FIRST.as_bytes(), "pencil", &salted).unwrap();
        let rfc_auth_message = format!(
            "n=user,r=rOprNGfwEbeRWgbNEkqO,{SERVER_FIRST},c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        );
        let answer = Final { auth_message: rfc_auth_message, ..answer };
        assert_eq!(answer.check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
    }

    #[test]
    fn a_salt_is_worked_with_once() {
        let salted = Salted::default();
        let one = first().answer(SERVER_FIRST.as_bytes(), "pencil", &salted).unwrap();
        // Nobody looks at the password again, and so at nothing that is slow.
        let two = first().answer(SERVER_FIRST.as_bytes(), "", &salted).unwrap();
        assert_eq!(one.message, two.message);
        let other = SERVER_FIRST.replace("i=4096", "i=4097");
        let other = first().answer(other.as_bytes(), "pencil", &salted).unwrap();
        assert_ne!(one.message, other.message);
    }

    #[test]
    fn what_is_not_an_answer_to_this_exchange_is_refused() {
        let refused = |server_first: &str| {
            first().answer(server_first.as_bytes(), "pencil", &Salted::default()).err().unwrap()
        };
        assert_eq!(refused("r=somebodyelse,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"), ScramError::Nonce);
        assert_eq!(refused("r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"), ScramError::Nonce);
        assert_eq!(
            refused(&SERVER_FIRST.replace("4096", "2000000000")),
            ScramError::Iterations { asked: 2_000_000_000 }
        );
        assert_eq!(refused(&SERVER_FIRST.replace("4096", "0")), ScramError::Iterations { asked: 0 });
        for malformed in ["", "r=", "m=x,r=rOprNGfwEbeRWgbNEkqOx", &SERVER_FIRST.replace("s=W", "s=!")] {
            assert_eq!(refused(malformed), ScramError::Malformed, "{malformed}");
        }
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_refused() {
        let checked = |server_final: &[u8]| {
            let answer = first().answer(SERVER_FIRST.as_bytes(), "pencil", &Salted::default()).unwrap();
            answer.check(server_final).unwrap_err()
        };
        assert_eq!(checked(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), ScramError::Unproven);
        assert_eq!(checked(b"v="), ScramError::Unproven);
        assert_eq!(checked(b"v=!"), ScramError::Malformed);
        assert_eq!(checked(b"e=other-error"), ScramError::Server("other-error".to_owned()));
    }
}
