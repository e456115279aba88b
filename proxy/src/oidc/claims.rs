//! What the claims of a token say, once its signature, issuer, audience and times are known to be good.

use std::collections::BTreeSet;

use serde_json::Value;

use super::settings::Settings;
use super::{Person, Refused};

/// Longest name of a user, actor or group, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 255;

/// Most groups of one user.
pub(super) const GROUPS_MAX: usize = 500;

/// Whether the shipped policies let those in this group do more. Only the configuration says who is in one: at many providers
/// anybody can make a group.
fn gives_rights(group: &str) -> bool {
    group == "reveal" || group.starts_with("exempt:")
}

/// Whose token it is at `now`.
pub(super) fn person(claims: &Value, settings: &Settings, now: u64) -> Result<(String, Person), Refused> {
    let expires_at = times(claims, settings, now)?;
    if claims.get("cnf").is_some() {
        return Err(Refused::Bound);
    }
    let name = name(claims.get(&settings.username_claim))
        .ok_or_else(|| Refused::Claim(settings.username_claim.clone()))?;
    // Whoever may type any address into their profile would be anybody.
    if settings.username_claim == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
        return Err(Refused::UnverifiedMail);
    }
    let actor = actor(claims)?;
    // RFC 9068, 2.2: where no person is involved, the subject is the client itself.
    let is_client = claims.get("client_id").is_some_and(|client| claims.get("sub") == Some(client));
    let rests_until = expires_at.saturating_add(settings.session_grace_secs);
    let person = Person {
        groups: groups(claims, settings)?,
        kind: if is_client || !actor.is_empty() { "agent" } else { "" },
        actor,
        rests_until,
        runs_until: rests_until.saturating_add(settings.statement_grace_secs),
    };
    Ok((name.to_owned(), person))
}

/// Times are whole seconds. The library has looked at `exp` and `nbf` too, and takes more forms of them.
fn times(claims: &Value, settings: &Settings, now: u64) -> Result<u64, Refused> {
    let skew = settings.clock_skew_secs_max;
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| Refused::Claim(name.to_owned())),
    };
    let expires_at = time("exp")?.ok_or_else(|| Refused::Claim("exp".to_owned()))?;
    let (issued_at, not_before) = (time("iat")?, time("nbf")?);
    if expires_at.saturating_add(skew) <= now {
        return Err(Refused::Expired);
    }
    let latest = now.saturating_add(skew);
    if issued_at.is_some_and(|at| latest < at) || not_before.is_some_and(|at| latest < at) {
        return Err(Refused::NotYet);
    }
    let from = issued_at.unwrap_or(now);
    if settings.token_life_secs_max < expires_at.saturating_sub(from) {
        return Err(Refused::LivesTooLong);
    }
    Ok(expires_at)
}

/// The library takes lists of issuers too, and those of which some are no text.
pub(super) fn issued(claims: &Value, issuer: &str, audience: &[String]) -> Result<(), Refused> {
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(Refused::Issuer);
    }
    let is_ours = |one: &Value| one.as_str().is_some_and(|one| audience.iter().any(|own| own == one));
    let is_for_us = match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().all(Value::is_string) && all.iter().any(is_ours),
        Some(one) => is_ours(one),
        None => false,
    };
    is_for_us.then_some(()).ok_or(Refused::Audience)
}

/// A name that logs, records and policies can have as it is.
fn name(value: Option<&Value>) -> Option<&str> {
    let name = value?.as_str()?;
    let is_plain = !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.contains(char::is_control);
    is_plain.then_some(name)
}

/// Who acts for the subject (RFC 8693, 4.1). Of a chain the one who acts now: those before are history.
fn actor(claims: &Value) -> Result<String, Refused> {
    match claims.get("act") {
        None => Ok(String::new()),
        // Without a name nobody knows who acts, and so it is not let in as the subject.
        Some(act) => name(act.get("sub")).map(str::to_owned).ok_or_else(|| Refused::Claim("act".to_owned())),
    }
}

pub(super) fn groups(claims: &Value, settings: &Settings) -> Result<BTreeSet<String>, Refused> {
    let claim = &settings.groups_claim;
    let malformed = || Refused::Claim(claim.clone());
    // "Distributed claims" (OpenID Connect Core, 5.6.2): policies that forbid something to a group would not see it.
    if claims.get("_claim_names").is_some_and(|names| names.get(claim).is_some()) {
        return Err(Refused::GroupsLeftOut);
    }
    let named: Vec<&str> = match claims.get(claim) {
        None => Vec::new(),
        Some(Value::Array(all)) if GROUPS_MAX < all.len() => return Err(Refused::TooManyGroups(GROUPS_MAX)),
        Some(Value::Array(all)) => {
            all.iter().map(|one| name(Some(one))).collect::<Option<_>>().ok_or_else(malformed)?
        }
        Some(one) => vec![name(Some(one)).ok_or_else(malformed)?],
    };
    let added = named.iter().filter_map(|group| settings.groups.get(*group)).flatten().cloned();
    let own = named.iter().filter(|group| !gives_rights(group)).map(|group| (*group).to_owned());
    Ok(own.chain(added).collect())
}
