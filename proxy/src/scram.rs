//! SCRAM-SHA-256 (RFC 5802, RFC 7677) towards clients: secrets as PostgreSQL stores them, and the exchange.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pgwire::api::auth::sasl::scram::{
    ScramSecret, ScramServerAuth, ScramServerAuthWaitingForClientFinal, gen_salted_password,
};
use rustls::pki_types::CertificateDer;

/// Least and most iterations of a secret that is accepted: RFC 7677's least, and what a log-in can take.
const ITERATIONS: std::ops::RangeInclusive<usize> = 4_096..=10_000_000;

const SALT_BYTES: usize = 16;

const KEY_BYTES: usize = 32;

/// What is known of a user's password: enough to check it, not enough to use it.
#[derive(Clone)]
pub(crate) struct Secret {
    iterations: usize,
    salt: Vec<u8>,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

/// Keys stay out of logs.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}

impl Secret {
    /// Reads `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>` (PostgreSQL's `pg_authid.rolpassword`).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (numbers, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let ((iterations, salt), (stored_key, server_key)) =
            (numbers.split_once(':')?, keys.split_once(':')?);
        let secret = Secret {
            iterations: iterations.parse().ok().filter(|count| ITERATIONS.contains(count))?,
            salt: STANDARD.decode(salt).ok().filter(|salt| !salt.is_empty())?,
            stored_key: STANDARD.decode(stored_key).ok()?,
            server_key: STANDARD.decode(server_key).ok()?,
        };
        (secret.stored_key.len() == KEY_BYTES && secret.server_key.len() == KEY_BYTES).then_some(secret)
    }

    fn verifier(&self) -> ScramSecret {
        let Secret { iterations, salt, stored_key, server_key } = self.clone();
        ScramSecret::Verifier { salt, iterations, stored_key, server_key }
    }
}

/// The secret of a password, to be put into the configuration.
pub(crate) fn secret_of(password: &str) -> String {
    postgres_protocol::password::scram_sha_256(password.as_bytes())
}

/// Stands in for users that do not exist, so that a stranger cannot tell them from users that do: the same name
/// has the same salt for as long as the proxy runs, and no password fits (auth-scram.c, `mock_scram_secret`).
#[derive(Debug)]
pub(crate) struct Nobody {
    seed: [u8; KEY_BYTES],
}

impl Nobody {
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut seed = [0; KEY_BYTES];
        getrandom::fill(&mut seed)?;
        Ok(Nobody { seed })
    }

    pub(crate) fn secret(&self, name: &str) -> Secret {
        // One iteration of the same derivation, keyed by the seed, is a hash that strangers cannot compute.
        let mut salt = gen_salted_password(&STANDARD.encode(self.seed), name.as_bytes(), 1);
        let unknown = gen_salted_password(&STANDARD.encode(&salt), &self.seed, 1);
        salt.truncate(SALT_BYTES);
        Secret { iterations: *ITERATIONS.start(), salt, stored_key: unknown.clone(), server_key: unknown }
    }
}

/// Binds log-ins to the TLS connection that they are made over (SCRAM-SHA-256-PLUS).
#[derive(Clone, Debug)]
pub(crate) struct Binding(ScramServerAuth);

impl Binding {
    /// Binds to the server's certificate (`tls-server-end-point`, RFC 5929). `None` where its signature's algorithm has
    /// no hash for that.
    pub(crate) fn to(certificate: &CertificateDer<'_>) -> Option<Self> {
        let armour = |what| format!("-----{what} CERTIFICATE-----");
        let pem = [armour("BEGIN"), STANDARD.encode(certificate), armour("END")].join("\n");
        let mut server = ScramServerAuth::new();
        server.configure_certificate(pem.as_bytes()).ok()?;
        Some(Binding(server))
    }
}

/// What a client may choose to log in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// Bound to the TLS connection.
    Plus,
    Plain,
}

impl Mechanism {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mechanism::Plus => "SCRAM-SHA-256-PLUS",
            Mechanism::Plain => "SCRAM-SHA-256",
        }
    }
}

/// An exchange in which the client has not proven itself yet.
pub(crate) struct Exchange(ScramServerAuthWaitingForClientFinal);

/// Why an exchange failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The client thinks that it was not offered what it was offered: somebody between may have taken it away.
    Downgraded,
    /// What the client says of binding does not fit what it chose.
    Malformed,
    /// The proof does not fit, or there is none.
    Unproven,
}

/// Answers the client's first message. `binding` is what was offered.
pub(crate) fn begin(
    secret: &Secret,
    binding: Option<&Binding>,
    mechanism: Mechanism,
    client_first: &[u8],
) -> Result<(String, Exchange), Refused> {
    // The rules of auth-scram.c, `read_client_first_message`.
    match (mechanism, client_first.first(), binding) {
        (Mechanism::Plus, Some(b'p'), Some(_)) | (Mechanism::Plain, Some(b'n'), _) => {}
        (Mechanism::Plain, Some(b'y'), None) => {}
        (Mechanism::Plain, Some(b'y'), Some(_)) => return Err(Refused::Downgraded),
        _ => return Err(Refused::Malformed),
    }
    let server = binding.map_or_else(ScramServerAuth::new, |Binding(server)| server.clone());
    let (server_first, waiting) = server
        .on_client_first_message_with_secret(client_first, secret.verifier())
        .map_err(|_| Refused::Unproven)?;
    Ok((server_first, Exchange(waiting)))
}

impl Exchange {
    /// Checks the client's proof, and answers with the server's.
    pub(crate) fn finish(self, client_final: &[u8]) -> Result<String, Refused> {
        self.0.on_client_final_message(client_final).map_err(|_| Refused::Unproven)
    }
}

#[cfg(test)]
mod tests {
    use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};

    use super::*;

    fn login(secret: &Secret, password: &str) -> bool {
        let mut client = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
        let begun = begin(secret, None, Mechanism::Plain, client.message());
        let Ok((server_first, exchange)) = begun else { return false };
        client.update(server_first.as_bytes()).unwrap();
        let Ok(server_final) = exchange.finish(client.message()) else { return false };
        client.finish(server_final.as_bytes()).is_ok()
    }

    #[test]
    fn only_the_right_password_logs_in() {
        let secret = Secret::parse(&secret_of("correct horse")).unwrap();
        assert!(login(&secret, "correct horse"));
        assert!(!login(&secret, "correct hors"));
        assert!(!login(&secret, ""));
    }

    #[test]
    fn nobody_has_a_steady_salt_and_no_password() {
        let nobody = Nobody::new().unwrap();
        assert_eq!(nobody.secret("mallory").salt, nobody.secret("mallory").salt);
        assert_ne!(nobody.secret("mallory").salt, nobody.secret("eve").salt);
        assert!(!login(&nobody.secret("mallory"), "guess"));
    }

    #[test]
    fn what_a_client_says_of_binding_must_fit_what_it_was_offered_and_chose() {
        use Mechanism::{Plain, Plus};
        let secret = Secret::parse(&secret_of("correct horse")).unwrap();
        let bound = Binding(ScramServerAuth::new());
        for (binding, mechanism, flag, refused) in [
            (None, Plain, "n", None),
            (None, Plain, "y", None),
            (Some(&bound), Plain, "n", None),
            (Some(&bound), Plain, "y", Some(Refused::Downgraded)),
            (Some(&bound), Plain, "p=tls-server-end-point", Some(Refused::Malformed)),
            (Some(&bound), Plus, "n", Some(Refused::Malformed)),
            (Some(&bound), Plus, "y", Some(Refused::Malformed)),
            (None, Plus, "p=tls-server-end-point", Some(Refused::Malformed)),
        ] {
            let begun = begin(&secret, binding, mechanism, format!("{flag},,n=,r=abc").as_bytes());
            assert_eq!(begun.err(), refused, "{binding:?} {mechanism:?} {flag}");
        }
    }

    #[test]
    fn malformed_secrets_are_not_secrets() {
        for text in ["", "md5abc", "SCRAM-SHA-256$1:c2FsdA==$AA==:AA==", "SCRAM-SHA-256$4096:$AA==:AA=="] {
            assert!(Secret::parse(text).is_none(), "{text}");
        }
    }
}
