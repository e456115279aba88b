//! Tokens of an OpenID Connect provider as proof of who somebody is: signed JWTs (RFC 7519, RFC 9068), checked with the
//! provider's published keys. What is written of it in the configuration is in `settings`, keys and how they are fetched in
//! `keys` and `fetching`, what a token says in `claims`, how the provider is asked about one in `introspection`, and how somebody signs in with a
//! browser in `sign_in`. Nothing of a token is ever logged.

mod claims;
mod fetching;
mod header;
mod introspection;
mod json;
mod keys;
mod over_ring;
mod settings;
mod sign_in;

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::Validation;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::oneshot;
use url::form_urlencoded::byte_serialize;

use self::fetching::Fetching;
use self::header::Header;
pub(crate) use self::introspection::Standing;
use self::introspection::{Counts, Introspection, Token};
use self::json::Once;
pub(crate) use self::settings::OidcFile;
use self::settings::{Introspecting, Settings};
pub(crate) use self::sign_in::{SignIn, secret};
use crate::login::Way;

/// Longest token in bytes. Those with hundreds of groups have 10 kB.
pub(crate) const TOKEN_BYTES_MAX: u32 = 32 << 10;

/// How a session has logged in with a token: the word for it in records and policies, and in `pg_hba.conf`.
pub(crate) const AUTHENTICATION: &str = "oauth";

/// An identity provider.
#[derive(Debug)]
pub(crate) struct Provider {
    settings: Arc<Settings>,
    fetching: OnceLock<Option<Fetching>>,
    introspection: OnceLock<Option<Introspection>>,
}

/// Somebody whom a token lets in.
pub(crate) struct Admitted {
    pub(crate) person: Person,
    /// Where the provider is asked about the token for as long as it counts.
    pub(crate) watched: Option<Box<Watched>>,
}

/// A token about which the provider can be asked.
pub(crate) struct Watched {
    provider: Arc<Provider>,
    token: Arc<Token>,
    /// Groups with which its session begins.
    groups: BTreeSet<String>,
    every: Duration,
}

/// What a token says of the one who logs in with it. It has none of the token's own text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// Groups that the provider names, and those that the configuration adds to them.
    pub(crate) groups: BTreeSet<String>,
    /// Who acts for the user; empty where nobody does.
    pub(crate) actor: String,
    /// `agent`, or `""` where the token does not tell.
    pub(crate) kind: &'static str,
    /// Seconds since 1970 at which a session ends that rests, and at which one ends that does not.
    pub(crate) rests_until: u64,
    pub(crate) runs_until: u64,
}

/// Why a token is not taken: for the log. Clients are told the same whatever it is.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum Refused {
    #[error("it is not a signed token of three parts: {0}")]
    Malformed(&'static str),
    #[error("it is no token: {0}")]
    NoToken(&'static str),
    #[error("it is of a user of the provider, and the name is that of a `[[user]]`")]
    Local,
    #[error("it is longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    #[error("its header has `{0}`, which is never taken from a token")]
    Header(&'static str),
    #[error("it is of another type than an access token or ID token")]
    Type,
    #[error("its algorithm is not one of `oidc.algorithms`")]
    Algorithm,
    #[error("it names no key (`kid`)")]
    NoKeyNamed,
    #[error("the provider has no key of that name for its algorithm")]
    UnknownKey,
    #[error("there are no keys of the provider: {0}")]
    NoKeys(String),
    #[error("the provider's keys are older than `oidc.key-trust-secs`: {0}")]
    OldKeys(String),
    #[error("its signature is not the provider's")]
    Signature,
    #[error("its claim `{0}` is missing or has another form than it must")]
    Claim(String),
    #[error("a name stands twice in one of its objects")]
    Twice,
    #[error("it is of another issuer than `oidc.issuer`")]
    Issuer,
    #[error("it is for none of `oidc.audience`")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYet,
    #[error("it is valid for longer than `oidc.token-life-secs-max`")]
    LivesTooLong,
    #[error("it is bound to a key of its owner (`cnf`), which a password cannot show")]
    Bound,
    #[error("it is another user's: the claim of `oidc.username-claim` is not the name that the client gave")]
    OtherUser,
    #[error("the provider has not verified its mail address")]
    UnverifiedMail,
    #[error("it leaves out its groups because there are too many")]
    GroupsLeftOut,
    #[error("it has more than {0} groups")]
    TooManyGroups(usize),
    #[error("the provider has taken it back")]
    TakenBack,
    #[error("the provider does not say whether it still holds: {0}")]
    NotAsked(String),
    #[error("the provider gives no token for the code: {0}")]
    NoSignIn(String),
    #[error("it is of another sign-in (`nonce`)")]
    Nonce,
}

impl Provider {
    /// Has its keys fetched from now on. Before that, nothing is asked of it.
    pub(crate) fn start(&self) -> Option<&Fetching> {
        self.fetching.get_or_init(|| Fetching::start(Arc::clone(&self.settings))).as_ref()
    }

    /// Whether both are the same provider in the same way: then what is known of its keys holds on.
    pub(crate) fn is_same(&self, other: &Provider) -> bool {
        self.settings == other.settings
    }

    /// How clients show a token that do not say how.
    pub(crate) fn way(&self) -> Way {
        self.settings.auth
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Where the provider says how tokens are to be had of it.
    pub(crate) fn discovery(&self) -> String {
        self.settings.discovery()
    }

    /// What clients ask the provider for.
    pub(crate) fn scope(&self) -> &str {
        &self.settings.scope
    }

    /// Whom a token lets in, where it is one of `user` that holds now.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits for keys and answers.
    pub(crate) async fn admit(self: &Arc<Self>, token: &[u8], user: &str) -> Result<Admitted, Refused> {
        let (name, mut person) = self.signed(token).await?;
        if name != user {
            return Err(Refused::OtherUser);
        }
        let Some(Introspecting { every, at_login, .. }) = &self.settings.introspecting else {
            return Ok(Admitted { person, watched: None });
        };
        let token = Token::new(token).map(Arc::new).ok_or(Refused::Malformed("it is no text"))?;
        if *at_login {
            self.has_standing(&token, &mut person).await?;
        }
        let groups = person.groups.clone();
        let watched = Watched { provider: Arc::clone(self), token, groups, every: *every };
        Ok(Admitted { person, watched: Some(Box::new(watched)) })
    }

    /// Whose token it is, where it holds now and nobody has said whose it is.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits for keys and answers.
    pub(crate) async fn owner(&self, token: &[u8]) -> Result<(String, Person), Refused> {
        let (name, mut person) = self.signed(token).await?;
        if self.settings.introspecting.is_some() {
            let token = Token::new(token).map(Arc::new).ok_or(Refused::Malformed("it is no text"))?;
            self.has_standing(&token, &mut person).await?;
        }
        Ok((name, person))
    }

    /// The provider says that the token holds. Its groups are those of this moment, where it tells them.
    async fn has_standing(&self, token: &Arc<Token>, person: &mut Person) -> Result<(), Refused> {
        // It has its own time-outs, and each question is answered.
        match self.ask(token).await.unwrap_or_else(|_| Standing::Unknown("nobody asks it".to_owned())) {
            Standing::Holds(None) => {}
            Standing::Holds(Some(groups)) => person.groups = groups,
            Standing::TakenBack => return Err(Refused::TakenBack),
            Standing::Unknown(why) => return Err(Refused::NotAsked(why)),
        }
        Ok(())
    }

    fn ask(&self, token: &Arc<Token>) -> oneshot::Receiver<Standing> {
        match self.introspection() {
            Some(introspection) => introspection.ask(token),
            None => oneshot::channel().1,
        }
    }

    fn introspection(&self) -> Option<&Introspection> {
        self.introspection.get_or_init(|| Introspection::start(&self.settings)).as_ref()
    }

    /// How often it was asked about tokens, and what came of it; nothing where it is not asked.
    pub(crate) fn asked(&self) -> Option<[u64; 3]> {
        let Counts { asked, taken_back, unanswered } = &*self.introspection.get()?.as_ref()?.counts;
        Some([asked, taken_back, unanswered].map(|count| count.load(Ordering::Relaxed)))
    }

    /// Whom a token is of that the provider has signed for now.
    async fn signed(&self, token: &[u8]) -> Result<(String, Person), Refused> {
        self.person(&self.claims(token, &self.settings.audience).await?)
    }

    fn person(&self, claims: &Value) -> Result<(String, Person), Refused> {
        claims::person(claims, &self.settings, now())
    }

    /// What a token says that the provider has signed for one of `audience`.
    async fn claims(&self, token: &[u8], audience: &[String]) -> Result<Value, Refused> {
        if (TOKEN_BYTES_MAX as usize) < token.len() {
            return Err(Refused::TooLong);
        }
        let Settings { issuer, algorithms, clock_skew_secs_max, .. } = &*self.settings;
        let header = Header::read(token)?;
        if !algorithms.contains(&header.algorithm) {
            return Err(Refused::Algorithm);
        }
        let fetching = self.start().ok_or_else(|| Refused::NoKeys("no thread to fetch them".to_owned()))?;
        let key = fetching.key(&header.kid, header.algorithm).await?;
        // One family is what the library asks for; this is the one algorithm that key and header agree on.
        let mut validation = Validation::new(header.algorithm);
        validation.set_issuer(&[issuer]);
        validation.set_audience(audience);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = *clock_skew_secs_max;
        let data = jsonwebtoken::decode::<Once>(token, &key.decoding, &validation);
        let Once(claims) = data.map_err(|error| refused(&error))?.claims;
        claims::issued(&claims, issuer, audience)?;
        Ok(claims)
    }
}

impl Watched {
    pub(crate) fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }

    pub(crate) fn every(&self) -> Duration {
        self.every
    }

    /// How long a statement goes on that runs when the token is no good any more.
    pub(crate) fn statement_grace(&self) -> Duration {
        Duration::from_secs(self.provider.settings.statement_grace_secs)
    }

    /// What the provider says of it now.
    pub(crate) fn ask(&self) -> oneshot::Receiver<Standing> {
        self.provider.ask(&self.token)
    }
}

/// A client's name and secret (RFC 6749, 2.3.1).
fn basic(client_id: &str, client_secret: &str) -> String {
    let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", part(client_id), part(client_secret))))
}

/// The present moment in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The library's word for it; its text could have parts of the token.
fn refused(error: &jsonwebtoken::errors::Error) -> Refused {
    use jsonwebtoken::errors::ErrorKind;
    #[expect(clippy::wildcard_enum_match_arm, reason = "the library adds kinds; each is a refusal")]
    match error.kind() {
        ErrorKind::ExpiredSignature => Refused::Expired,
        ErrorKind::ImmatureSignature => Refused::NotYet,
        ErrorKind::InvalidAudience => Refused::Audience,
        ErrorKind::InvalidIssuer => Refused::Issuer,
        ErrorKind::InvalidSignature => Refused::Signature,
        ErrorKind::InvalidAlgorithm => Refused::Algorithm,
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            Refused::Claim(claim.clone())
        }
        ErrorKind::Json(error) if error.to_string().starts_with(json::TWICE) => Refused::Twice,
        ErrorKind::Json(_) => Refused::Malformed("its claims are no JSON object"),
        _ => Refused::Malformed("it cannot be decoded"),
    }
}

#[cfg(test)]
mod tests;
