//! A client's first messages: what it wants, and who it is. Ends before the database is asked for anything.

mod oauthbearer;
mod token;
mod way;

use std::io;
use std::time::Instant;

use rustls::CommonState;
use session::Replication;
use thiserror::Error;
use wire::startup::{self, First, Startup, StartupError, split_first};
use wire::{FrameError, compose, frontend, split_frame};

pub(crate) use self::way::Way;
use crate::certificate;
use crate::config::{Config, Credential};
use crate::farewell::Farewell;
use crate::oidc::{self, Admitted};
use crate::pipe::Pipe;
use crate::scram::{self, Binding, Mechanism, Nobody, Refused};
use crate::throttle::Attempt;
use crate::tls::{self, ClientTls};

/// Longest message of a log-in, in bytes. PostgreSQL takes 1 kB of SASL (`PG_MAX_SASL_MESSAGE_LENGTH`, sasl.h).
const LOGIN_BYTES_MAX: u32 = 1_024;

/// What a connection is for.
pub(crate) enum Wish {
    /// A session.
    Session(Login),
    /// To cancel what another session runs.
    Cancel { pid: i32, secret: Vec<u8> },
}

/// A client that has proven who it is.
pub(crate) struct Login {
    pub(crate) user: String,
    /// How it has proven that: a word for records.
    pub(crate) authenticated_by: &'static str,
    /// Somebody whom the identity provider knows.
    pub(crate) admitted: Option<Admitted>,
    pub(crate) database: String,
    pub(crate) application_name: String,
    /// The protocol that is spoken with the client.
    pub(crate) version: u32,
    /// Start-up parameters for the server: all but `user` and `database`.
    pub(crate) parameters: Vec<(Vec<u8>, Vec<u8>)>,
    /// What kind of replication it is for, if any.
    pub(crate) replication: Option<Replication>,
    /// How it wants to prove who it is, where it says so.
    way: Option<Way>,
}

/// Why a client is not logged in.
#[derive(Debug, Error)]
pub(crate) enum LoginError {
    /// It went away.
    #[error("client went away while logging in")]
    Gone(#[source] io::Error),
    /// There is no encryption to tell it anything over.
    #[error("no TLS with the client")]
    Handshake(#[source] io::Error),
    /// It is told why, and closed.
    #[error("{}", .0.message)]
    Refused(Farewell),
}

impl From<io::Error> for LoginError {
    fn from(error: io::Error) -> Self {
        LoginError::Gone(error)
    }
}

impl From<FrameError> for LoginError {
    fn from(error: FrameError) -> Self {
        LoginError::Refused(Farewell::new("08P01", error.to_string()))
    }
}

impl From<StartupError> for LoginError {
    fn from(error: StartupError) -> Self {
        let sqlstate = if matches!(error, StartupError::Version { .. }) { "0A000" } else { "08P01" };
        LoginError::Refused(Farewell::new(sqlstate, error.to_string()))
    }
}

/// Speaks with a new client until it has proven who it is, or wants something else.
///
/// # Cancel safety
///
/// Not cancel safe: drop the connection with it.
pub(crate) async fn login(
    pipe: &mut Pipe,
    config: &Config,
    nobody: &Nobody,
    attempt: Attempt<'_>,
) -> Result<Wish, LoginError> {
    // Each kind of encryption may be asked for once, and none inside another (postmaster.c,
    // `ProcessStartupPacket`).
    let (mut may_ask_tls, mut may_ask_gss) = (true, true);
    pipe.read_more().await?;
    if startup::opens_with_tls(pipe.unread()) {
        begin_tls_at_once(pipe, config.tls.as_ref()).await?;
        (may_ask_tls, may_ask_gss) = (false, false);
    }
    loop {
        let packet = first_packet(pipe).await?;
        let Some((first, _)) = split_first(&packet)? else { continue };
        match first {
            First::SslRequest if may_ask_tls => {
                may_ask_tls = false;
                if let Some(tls) = &config.tls {
                    begin_tls(pipe, tls).await?;
                    may_ask_gss = false;
                } else {
                    send(pipe, b"N").await?;
                }
            }
            // GSSAPI is not offered; the client goes on without or gives up, as it is set.
            First::GssEncRequest if may_ask_gss => {
                may_ask_gss = false;
                send(pipe, b"N").await?;
            }
            First::SslRequest | First::GssEncRequest => {
                return Err(refused("08P01", "encryption was asked for a second time"));
            }
            // Also where TLS is required: libpq has cancelled without it until PostgreSQL 17.
            First::Cancel { pid, secret } => return Ok(Wish::Cancel { pid, secret: secret.to_vec() }),
            First::Startup(startup) => {
                if pipe.tls().is_none() && config.tls.as_ref().is_some_and(|tls| tls.is_required) {
                    let farewell = Farewell::new("28000", "Picket takes no connections without encryption")
                        .hint("Connect with TLS: libpq's sslmode=require or stronger.");
                    return Err(LoginError::Refused(farewell));
                }
                let mut login = read_startup(&startup, pipe).await?;
                (login.authenticated_by, login.admitted) =
                    prove(pipe, &login, config, nobody, attempt).await?;
                return Ok(Wish::Session(login));
            }
        }
    }
}

/// A Terminate.
const TERMINATE: [u8; 5] = *b"X\0\0\0\x04";

/// Takes the first packet that is whole.
async fn first_packet(pipe: &mut Pipe) -> Result<Vec<u8>, LoginError> {
    loop {
        // A client that has nothing to say but goodbye hears nothing: PostgreSQL closes without a word too.
        if pipe.unread().starts_with(&TERMINATE) {
            return Err(LoginError::Gone(io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some((_, len)) = split_first(pipe.unread())? {
            let packet = pipe.unread()[..len].to_vec();
            pipe.use_up(len);
            return Ok(packet);
        }
        pipe.read_more().await?;
    }
}

/// Answers an SSLRequest with TLS.
async fn begin_tls(pipe: &mut Pipe, tls: &ClientTls) -> Result<(), LoginError> {
    // Whatever is there already was not encrypted, and would be taken for what was (CVE-2021-23222).
    if !pipe.unread().is_empty() {
        let farewell = Farewell::new("08P01", "received unencrypted data after SSL request").detail(
            "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
        );
        return Err(LoginError::Refused(farewell));
    }
    send(pipe, b"S").await?;
    shake_hands(pipe, tls).await
}

/// Goes on with a client that began with TLS.
async fn begin_tls_at_once(pipe: &mut Pipe, tls: Option<&ClientTls>) -> Result<(), LoginError> {
    let Some(tls) = tls else {
        let error = io::Error::other("the client began with it, and `[tls]` is not configured");
        return Err(LoginError::Handshake(error));
    };
    shake_hands(pipe, tls).await?;
    // Without it, a client of another protocol could be led here.
    if pipe.tls().is_none_or(|connection| connection.alpn_protocol() != Some(tls::ALPN)) {
        let message = "received direct SSL connection request without ALPN protocol negotiation extension";
        return Err(refused("08P01", message));
    }
    Ok(())
}

async fn shake_hands(pipe: &mut Pipe, tls: &ClientTls) -> Result<(), LoginError> {
    let connection = tls.connection().map_err(io::Error::other).map_err(LoginError::Handshake)?;
    pipe.encrypt(connection).await.map_err(LoginError::Handshake)
}

async fn read_startup(startup: &Startup<'_>, pipe: &mut Pipe) -> Result<Login, LoginError> {
    let parameters = startup.parameters().map_err(StartupError::from)?;
    let text = |name: &[u8]| {
        let value = parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        value.map(|value| String::from_utf8_lossy(value).into_owned())
    };
    let Some(user) = text(b"user").filter(|user| !user.is_empty()) else {
        return Err(refused("28000", "no PostgreSQL user name specified in startup packet"));
    };
    let replication = match text(b"replication") {
        Some(value) => replication(&value).ok_or_else(|| {
            refused("22023", format!("invalid value for parameter \"replication\": \"{value}\""))
        })?,
        None => None,
    };
    let unknown: Vec<&[u8]> =
        parameters.iter().map(|(name, _)| *name).filter(|name| name.starts_with(b"_pq_.")).collect();
    let version = startup.spoken_version();
    if startup.version != version || !unknown.is_empty() {
        let mut out = Vec::new();
        compose::negotiate_protocol_version(&mut out, version, &unknown);
        send(pipe, &out).await?;
    }
    let kept =
        |name: &[u8]| !matches!(name, b"user" | b"database" | b"replication") && !name.starts_with(b"_pq_.");
    let mut passed_on: Vec<(Vec<u8>, Vec<u8>)> = parameters
        .iter()
        .filter(|(name, _)| kept(name))
        .map(|(name, value)| (name.to_vec(), value.to_vec()))
        .collect();
    let way = way::take(&mut passed_on)?;
    if let Some(kind) = replication {
        // In one spelling: the server must not take it for something else than Picket does.
        let value = if kind == Replication::Physical { "true" } else { "database" };
        passed_on.push((b"replication".to_vec(), value.as_bytes().to_vec()));
    }
    Ok(Login {
        authenticated_by: "",
        admitted: None,
        database: text(b"database").filter(|name| !name.is_empty()).unwrap_or_else(|| user.clone()),
        application_name: text(b"application_name").unwrap_or_default(),
        version,
        parameters: passed_on,
        replication,
        way,
        user,
    })
}

/// What a value of `replication` asks for: `database`, or a boolean in PostgreSQL's spellings (bool.c, `parse_bool`), which
/// may be cut short. `None` where it is neither.
fn replication(value: &str) -> Option<Option<Replication>> {
    if value == "database" {
        return Some(Some(Replication::Logical));
    }
    let value = value.to_ascii_lowercase();
    let begins = |word: &str, least: usize| least <= value.len() && word.starts_with(&value);
    if begins("true", 1) || begins("yes", 1) || value == "on" || value == "1" {
        return Some(Some(Replication::Physical));
    }
    (begins("false", 1) || begins("no", 1) || begins("off", 2) || value == "0").then_some(None)
}

/// Has the client prove that it is its user: how it did, and what is known of it by that.
async fn prove(
    pipe: &mut Pipe,
    login: &Login,
    config: &Config,
    nobody: &Nobody,
    attempt: Attempt<'_>,
) -> Result<(&'static str, Option<Admitted>), LoginError> {
    let user = login.user.as_str();
    let credential = config.users.get(user).map(|user| &user.credential);
    let is_local = credential.is_some();
    match (&config.oidc, login.way) {
        // Whoever asks for it is asked for a token, whatever the name is.
        (Some(provider), Some(Way::Oauth)) => {
            let admitted = token::take(pipe, user, is_local, provider, Way::Oauth, attempt).await?;
            return Ok((oidc::AUTHENTICATION, Some(admitted)));
        }
        (None, Some(Way::Oauth)) => {
            return Err(refused(
                "28000",
                "Picket has no identity provider here: picket.auth cannot be oauth",
            ));
        }
        (Some(provider), way) if !is_local => {
            let way = way.unwrap_or(provider.way());
            let admitted = token::take(pipe, user, is_local, provider, way, attempt).await?;
            return Ok((oidc::AUTHENTICATION, Some(admitted)));
        }
        (Some(_) | None, Some(Way::Password) | None) => {}
    }
    if let Some(Credential::Certificate) = credential {
        // rustls has verified it.
        let certificates = pipe.tls().and_then(CommonState::peer_certificates).unwrap_or_default();
        match certificates.first() {
            Some(own) if certificate::names(own, user) => return Ok(("cert", None)),
            Some(_) => {
                return Err(refused(
                    "28000",
                    format!("certificate authentication failed for user \"{user}\""),
                ));
            }
            None => tracing::info!(user, "the user logs in with a certificate, and the client shows none"),
        }
    }
    let known = match credential {
        Some(Credential::Password(secret)) => Some(secret.clone()),
        Some(Credential::Certificate) | None => None,
    };
    let is_known = known.is_some();
    let secret = known.unwrap_or_else(|| nobody.secret(user));
    let mechanism = exchange(pipe, user, &secret, is_known, config, attempt).await?;
    let by = match mechanism {
        Mechanism::Plus => "scram-sha-256-plus",
        Mechanism::Plain => "scram-sha-256",
    };
    Ok((by, None))
}

fn unproven(user: &str) -> LoginError {
    refused("28P01", format!("password authentication failed for user \"{user}\""))
}

/// SCRAM-SHA-256. A user that does not exist goes through the same motions.
async fn exchange(
    pipe: &mut Pipe,
    user: &str,
    secret: &scram::Secret,
    is_known: bool,
    config: &Config,
    attempt: Attempt<'_>,
) -> Result<Mechanism, LoginError> {
    let told = |why| match why {
        Refused::Downgraded => {
            LoginError::Refused(Farewell::new("08P01", "SCRAM channel binding negotiation error").detail(
                "The client supports SCRAM channel binding but thinks the server does not. \
                 However, this server does support channel binding.",
            ))
        }
        Refused::Malformed => refused("08P01", "malformed SCRAM message"),
        Refused::Unproven => unproven(user),
    };
    let binding = binding(pipe, config);
    let offered: &[Mechanism] =
        if binding.is_some() { &[Mechanism::Plus, Mechanism::Plain] } else { &[Mechanism::Plain] };
    let mut names: Vec<u8> = offered.iter().flat_map(|one| [one.name().as_bytes(), b"\0"].concat()).collect();
    names.push(0);
    send_authentication(pipe, 10, &names).await?;
    let initial = read_password(pipe, LOGIN_BYTES_MAX).await?;
    let (mechanism, client_first) =
        chosen(&initial, offered).ok_or_else(|| refused("08P01", "malformed SASL response"))?;
    let (server_first, exchange) = scram::begin(secret, binding, mechanism, client_first).map_err(told)?;
    send_authentication(pipe, 11, server_first.as_bytes()).await?;
    let client_final = read_password(pipe, LOGIN_BYTES_MAX).await?;
    // What too many have guessed at is not looked at: whoever sends many at once learns nothing of those beyond the limit.
    attempt.is_admitted(user, Instant::now()).map_err(|too_many| LoginError::Refused(too_many.farewell()))?;
    let finished = exchange.finish(&client_final);
    let Some(server_final) = finished.ok().filter(|_| is_known) else {
        attempt.was_wrong(user, Instant::now());
        return Err(told(Refused::Unproven));
    };
    attempt.was_right(user, Instant::now());
    send_authentication(pipe, 12, server_final.as_bytes()).await?;
    Ok(mechanism)
}

/// What a log-in over this pipe can be bound to.
fn binding<'a>(pipe: &Pipe, config: &'a Config) -> Option<&'a Binding> {
    pipe.tls()?;
    config.tls.as_ref()?.binding.as_ref()
}

/// The mechanism that was chosen of those offered, and the client's first message.
fn chosen<'a>(body: &'a [u8], offered: &[Mechanism]) -> Option<(Mechanism, &'a [u8])> {
    let (name, data) = sasl_initial(body)?;
    let mechanism = offered.iter().copied().find(|offered| offered.name().as_bytes() == name)?;
    Some((mechanism, data?))
}

/// `SASLInitialResponse`: a mechanism's name, and the client's first message unless it keeps it until it is asked for it.
fn sasl_initial(body: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let end = body.iter().position(|&byte| byte == 0)?;
    let (name, rest) = body.split_at_checked(end)?;
    let (len, data) = rest.get(1..)?.split_first_chunk::<4>()?;
    match i32::from_be_bytes(*len) {
        -1 if data.is_empty() => Some((name, None)),
        len => (usize::try_from(len).ok()? == data.len()).then_some((name, Some(data))),
    }
}

async fn send_authentication(pipe: &mut Pipe, code: u32, data: &[u8]) -> io::Result<()> {
    let mut out = Vec::new();
    compose::authentication(&mut out, code, data);
    send(pipe, &out).await
}

async fn send(pipe: &mut Pipe, bytes: &[u8]) -> io::Result<()> {
    pipe.queue(bytes);
    pipe.flush_all().await
}

/// Why there is no password message.
enum Unread {
    TooLong,
    Failed(LoginError),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Unread::Failed(error.into())
    }
}

impl From<FrameError> for Unread {
    fn from(error: FrameError) -> Self {
        Unread::Failed(error.into())
    }
}

impl From<Unread> for LoginError {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLong => refused("08P01", "the password message is too long"),
            Unread::Failed(error) => error,
        }
    }
}

async fn read_password(pipe: &mut Pipe, bytes_max: u32) -> Result<Vec<u8>, Unread> {
    loop {
        let frame = match split_frame(pipe.unread(), bytes_max) {
            Err(FrameError::TooLarge { .. }) if pipe.unread().first() == Some(&frontend::tag::PASSWORD) => {
                return Err(Unread::TooLong);
            }
            frame => frame?,
        };
        if let Some((frame, _)) = frame {
            if frame.tag != frontend::tag::PASSWORD {
                return Err(Unread::Failed(refused("08P01", "expected a password message")));
            }
            let (body, len) = (frame.body.to_vec(), frame.wire_len());
            pipe.use_up(len);
            return Ok(body);
        }
        pipe.read_more().await?;
    }
}

fn refused(sqlstate: &'static str, message: impl Into<String>) -> LoginError {
    LoginError::Refused(Farewell::new(sqlstate, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replication_is_spelled_as_in_postgresql() {
        let (physical, logical) = (Some(Some(Replication::Physical)), Some(Some(Replication::Logical)));
        assert_eq!(replication("database"), logical);
        for value in ["true", "T", "on", "yes", "y", "1"] {
            assert_eq!(replication(value), physical, "{value}");
        }
        for value in ["false", "f", "OFF", "of", "no", "n", "0"] {
            assert_eq!(replication(value), Some(None), "{value}");
        }
        for value in ["", "o", "2", "Database", "truth"] {
            assert_eq!(replication(value), None, "{value}");
        }
    }
}
