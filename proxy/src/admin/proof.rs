//! Who asks: a token of the identity provider, or the name and password of a local user. Both are looked at as at a log-in, and
//! count towards the same limits.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};

use super::answer::Fault;
use crate::authority::{ActsForAnother, Somebody};
use crate::config::{Config, Credential};
use crate::connection::Shared;
use crate::oidc::{Provider, Refused};
use crate::scram::{self, Mechanism, Secret};
use crate::throttle::{Attempt, TooMany};

/// Longest name and password together, in Base64.
const BASIC_BYTES_MAX: usize = 4 << 10;

/// Bad tokens name nobody who could be believed: all of an address are put down to it, and to nobody. Good ones are always taken.
const NOBODY: &str = "";

/// Who it is that shows these headers.
pub(super) async fn somebody(
    headers: &HeaderMap,
    shared: &Shared,
    attempt: Attempt<'_>,
) -> Result<Somebody, Fault> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (shown.next(), shown.next()) else { return Err(Fault::NoProof) };
    let (scheme, proof) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Fault::NoProof)?;
    let config = shared.config.now();
    let admitted = if scheme.eq_ignore_ascii_case("bearer") {
        of_token(proof, &config, attempt).await?
    } else if scheme.eq_ignore_ascii_case("basic") {
        of_password(proof, &config, shared, attempt).await?
    } else {
        return Err(Fault::NoProof);
    };
    admitted.map_err(|acts| Fault::ActsForAnother(acts.to_string()))
}

type Admitted = Result<Somebody, ActsForAnother>;

async fn of_token(token: &str, config: &Config, attempt: Attempt<'_>) -> Result<Admitted, Fault> {
    let Some(provider) = &config.oidc else { return Err(Fault::WrongProof) };
    let why = match owner(token, provider, config).await {
        Ok(somebody) => {
            if let Ok(Somebody { user, .. }) = &somebody {
                attempt.was_right(user, Instant::now());
            }
            return Ok(somebody);
        }
        Err(why) => why,
    };
    // Nobody guesses a signature, so a good one is always taken. Bad ones cost no more than the limit.
    attempt.is_admitted(NOBODY, Instant::now()).map_err(too_many)?;
    attempt.was_wrong(NOBODY, Instant::now());
    tracing::info!(client = %attempt.address, %why, "token refused at the HTTP interface");
    Err(Fault::WrongProof)
}

async fn owner(token: &str, provider: &Provider, config: &Config) -> Result<Admitted, Refused> {
    let (user, person) = provider.owner(token.as_bytes()).await?;
    // A name under `[[user]]` is that user, and nobody else.
    if config.users.contains_key(&user) {
        return Err(Refused::Local);
    }
    Ok(Somebody::admit(user, Some(person)))
}

async fn of_password(
    proof: &str,
    config: &Config,
    shared: &Shared,
    attempt: Attempt<'_>,
) -> Result<Admitted, Fault> {
    if BASIC_BYTES_MAX < proof.len() {
        return Err(Fault::WrongProof);
    }
    let decoded = STANDARD.decode(proof).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let (user, password) = decoded
        .as_deref()
        .and_then(|text| text.split_once(':'))
        .map(|(user, password)| (user.to_owned(), password.to_owned()))
        .ok_or(Fault::WrongProof)?;
    attempt.is_admitted(&user, Instant::now()).map_err(too_many)?;
    let known = config.users.get(&user).and_then(|user| match &user.credential {
        Credential::Password(secret) => Some(secret.clone()),
        Credential::Certificate => None,
    });
    // A user that does not exist goes through the same motions.
    let is_known = known.is_some();
    let secret = known.unwrap_or_else(|| shared.nobody.secret(&user));
    let fits = tokio::task::spawn_blocking(move || fits(&secret, &password));
    let fits = fits.await.unwrap_or(false);
    // Once more: whoever sends many at once learns nothing of those beyond the limit.
    attempt.is_admitted(&user, Instant::now()).map_err(too_many)?;
    if !(fits && is_known) {
        attempt.was_wrong(&user, Instant::now());
        tracing::info!(user, client = %attempt.address, "password refused at the HTTP interface");
        return Err(Fault::WrongProof);
    }
    attempt.was_right(&user, Instant::now());
    Ok(Somebody::admit(user, None))
}

/// Whether a client with this password would log in: both sides of the exchange are here.
fn fits(secret: &Secret, password: &str) -> bool {
    let mut client = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
    let begun = scram::begin(secret, None, Mechanism::Plain, client.message());
    let Ok((server_first, exchange)) = begun else { return false };
    client.update(server_first.as_bytes()).is_ok() && exchange.finish(client.message()).is_ok()
}

fn too_many(many: TooMany) -> Fault {
    Fault::TooManyProofs { wait_secs: many.wait_secs() }
}
