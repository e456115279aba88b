//! Connects to a database with the proxy's own credentials, up to its first ReadyForQuery.

mod asked;
mod path;
mod set_role;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use audit::spool::SpoolError;
use postgres_protocol::authentication::md5_hash;
use rustls::CommonState;
use thiserror::Error;
use tokio::net::ToSocketAddrs;
use tokio::time::{Instant, sleep, timeout};
use wire::backend::{self, tag};
use wire::{BodyError, FrameError, compose, frontend, split_frame};

use crate::certificate;
use crate::config::{Credentials, Role, Upstream};
use crate::errand::Errand;
use crate::farewell::Farewell;
use crate::pipe::Pipe;
use crate::scram_client::{Binding, Final, First, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramError};
use crate::stream::{Stream, send_at_once};

pub(crate) use self::path::{Looks, ask as ask_path};

/// How long a database may take to accept a connection and finish its start-up.
const CONNECT_WAIT: Duration = Duration::from_secs(15);

/// How long this host's agent may take to know a proxy that has just started …
const KNOWN_WAIT: Duration = Duration::from_secs(2);
/// … and how often it is asked whether it does.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Longest message of a start-up, in bytes (fe-connect.c has 30,000 for errors before log-in).
const STARTUP_BYTES_MAX: u32 = 64 << 10;

/// A database that is ready for a session.
pub(crate) struct Connected {
    pub(crate) pipe: Pipe,
    pub(crate) server: SocketAddr,
    pub(crate) pid: i32,
    pub(crate) secret: Vec<u8>,
    /// Settings that the server reported, in its order.
    pub(crate) parameters: Vec<(Vec<u8>, Vec<u8>)>,
    /// Notices of the start-up, whole messages.
    pub(crate) notices: Vec<u8>,
    pub(crate) ready: Vec<u8>,
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub(crate) enum UpstreamError {
    #[error("no connection within {} s", CONNECT_WAIT.as_secs())]
    TimedOut,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the server does not speak the protocol: {0}")]
    Protocol(String),
    #[error("the server offers no TLS, and `upstream.sslmode` asks for it")]
    NoTls,
    #[error("no TLS with the server: {0}")]
    Handshake(io::Error),
    #[error(transparent)]
    Scram(#[from] ScramError),
    #[error("the server asks for authentication method {0}, Picket knows SCRAM-SHA-256, md5 and password")]
    Method(u32),
    #[error(
        "the server asks for the password in clear text over a connection without TLS; ask for TLS with \
         `upstream.sslmode`, or set `upstream.allow-cleartext-password`"
    )]
    Cleartext,
    #[error("the connection cannot be recorded")]
    NotRecorded(#[from] SpoolError),
    #[error("the server refused: {message} ({sqlstate})")]
    Refused { sqlstate: String, message: String },
    #[error(
        "the server does not keep the session in its role: `set-role` of `upstream.roles` needs PostgreSQL 12.22, 13.18, 14.15, \
         15.10, 16.6, 17.2 or later, and no pooler between"
    )]
    RoleNotKept,
}

impl From<FrameError> for UpstreamError {
    fn from(error: FrameError) -> Self {
        UpstreamError::Protocol(error.to_string())
    }
}

impl From<BodyError> for UpstreamError {
    fn from(error: BodyError) -> Self {
        UpstreamError::Protocol(error.to_string())
    }
}

/// What a server refuses for a client's own start-up parameters, and what passes by itself: drivers and pools go by these.
const OF_CLIENT: [&str; 6] = ["22023", "22P02", "42704", "53300", "55P02", "57P03"];

impl UpstreamError {
    /// SQLSTATE and message of what is nobody's but the client's, or a matter of time. A role that is set is a parameter too, of the
    /// proxy's own.
    pub(crate) fn of_client(&self, role: &Role) -> Option<(&'static str, &str)> {
        let UpstreamError::Refused { sqlstate, message } = self else { return None };
        let known = OF_CLIENT.iter().find(|known| *known == sqlstate)?;
        (!matches!(role, Role::IsSet(_))).then_some((known, message))
    }

    /// What the client is told who would have this role. It learns nothing of the proxy's own credentials.
    pub(crate) fn farewell(&self, upstream: &Upstream, role: &Role) -> Farewell {
        let Upstream { database, host, port, .. } = upstream;
        match self {
            UpstreamError::Refused { sqlstate, .. } if sqlstate.starts_with("28") => Farewell::new(
                "08004",
                format!("the database \"{database}\" refused Picket's own log-in"),
            )
            .hint(
                "Whoever runs Picket finds the reason in its log; user, password and roles are under [[upstream]].",
            ),
            UpstreamError::RoleNotKept => Farewell::new(
                "08004",
                format!("the database \"{database}\" does not keep sessions in their roles"),
            )
            .hint("Whoever runs Picket finds the reason in its log; roles are under [[upstream]]."),
            UpstreamError::NoTls | UpstreamError::Handshake(_) | UpstreamError::Cleartext => Farewell::new(
                "08001",
                format!("Picket does not trust the connection to the database \"{database}\""),
            )
            .hint("Whoever runs Picket finds the reason in its log; sslmode and root-ca are under [[upstream]]."),
            // Nobody but the server knows which databases a wildcard stands for.
            UpstreamError::Refused { sqlstate, message } if sqlstate == "3D000" && upstream.is_wildcard => {
                Farewell::new("3D000", message)
            }
            // It can name the account.
            UpstreamError::Refused { sqlstate, .. } if sqlstate == "53300" => {
                Farewell::new("53300", format!("the database \"{database}\" has too many clients"))
            }
            other if let Some((sqlstate, message)) = other.of_client(role) => Farewell::new(sqlstate, message),
            UpstreamError::Refused { message, .. } => {
                Farewell::new("08004", format!("the database \"{database}\" refused the connection"))
                    .detail(message)
            }
            other => {
                Farewell::new("08001", format!("cannot reach the database \"{database}\" at {host}:{port}"))
                    .detail(other)
                    .hint(
                        "Is the server running? Its address is under [[upstream]] in Picket's configuration.",
                    )
            }
        }
    }
}

/// Connects as `role` and speaks `version` of the protocol, or what the server has of it. The client's start-up parameters go into
/// the server's start-up message, so that they are session defaults there as they would be without a proxy.
///
/// # Cancel safety
///
/// Cancel safe: the connection is dropped.
pub(crate) async fn connect(
    upstream: &Upstream,
    role: &Role,
    version: u32,
    parameters: &[(Vec<u8>, Vec<u8>)],
    errand: &mut Errand,
) -> Result<Connected, UpstreamError> {
    let ready = async {
        let Role::IsSet(name) = role else { return start(upstream, role, version, parameters, errand).await };
        // Behind those of the client, so that it counts (postinit.c, `process_startup_options`).
        let set = [(b"role".to_vec(), name.clone().into_bytes())];
        let parameters: Vec<_> = parameters.iter().cloned().chain(set).collect();
        let mut connected = start(upstream, role, version, &parameters, errand).await?;
        set_role::see(&mut connected, name).await?;
        Ok(connected)
    };
    timeout(CONNECT_WAIT, ready).await.map_err(|_| UpstreamError::TimedOut)?
}

async fn start(
    upstream: &Upstream,
    role: &Role,
    version: u32,
    parameters: &[(Vec<u8>, Vec<u8>)],
    errand: &mut Errand,
) -> Result<Connected, UpstreamError> {
    let mut pipe = dial(upstream, (upstream.host.as_str(), upstream.port), errand).await?;
    let server = pipe.socket().peer_addr()?;
    let credentials = upstream.credentials(role);
    let own = [(&b"user"[..], credentials.user.as_bytes()), (b"database", upstream.dbname.as_bytes())];
    let clients = parameters.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
    let mut out = Vec::new();
    compose::startup(&mut out, version, own.into_iter().chain(clients));
    send(&mut pipe, &out).await?;
    let mut connected = Connected {
        pipe,
        server,
        pid: 0,
        secret: Vec::new(),
        parameters: Vec::new(),
        notices: Vec::new(),
        ready: Vec::new(),
    };
    let mut proof = Proof::NotAsked;
    loop {
        let pipe = &mut connected.pipe;
        let Some((frame, _)) = split_frame(pipe.unread(), STARTUP_BYTES_MAX)? else {
            pipe.read_more().await?;
            continue;
        };
        let (tag, body, len) = (frame.tag, frame.body.to_vec(), frame.wire_len());
        let whole = pipe.unread()[..len].to_vec();
        pipe.use_up(len);
        match tag {
            tag::AUTHENTICATION => {
                if let Some(answer) = authenticate(&body, upstream, credentials, pipe.tls(), &mut proof)? {
                    send(pipe, &answer).await?;
                }
            }
            // An older server. Nothing that Picket does depends on what is new in 3.2.
            tag::NEGOTIATE_PROTOCOL_VERSION => {}
            tag::PARAMETER_STATUS => {
                let (name, value) = backend::parameter_status(&body)?;
                connected.parameters.push((name.to_vec(), value.to_vec()));
            }
            tag::BACKEND_KEY_DATA => {
                let (pid, secret) = backend::backend_key_data(&body)?;
                (connected.pid, connected.secret) = (pid, secret.to_vec());
            }
            tag::NOTICE_RESPONSE => connected.notices.extend(whole),
            tag::READY_FOR_QUERY => {
                connected.ready = whole;
                return Ok(connected);
            }
            tag::ERROR_RESPONSE => return Err(refusal(&body)),
            other => {
                return Err(UpstreamError::Protocol(format!(
                    "unexpected message `{}`",
                    other.escape_ascii()
                )));
            }
        }
    }
}

/// What an ErrorResponse says.
fn refusal(body: &[u8]) -> UpstreamError {
    let text = |code| String::from_utf8_lossy(backend::error_field(body, code)).into_owned();
    UpstreamError::Refused { sqlstate: text(b'C'), message: text(b'M') }
}

/// Connects to a server of `upstream` for an errand, with TLS as it is configured.
///
/// # Cancel safety
///
/// Cancel safe: the connection is dropped.
pub(crate) async fn dial(
    upstream: &Upstream,
    address: impl ToSocketAddrs + Copy,
    errand: &mut Errand,
) -> Result<Pipe, UpstreamError> {
    let stream = connect_once_known(address).await?;
    errand.connected(&stream)?;
    send_at_once(&stream, stream.peer_addr()?)?;
    upstream.keepalive.apply(&stream)?;
    let mut pipe = Pipe::new(stream);
    let Some(tls) = &upstream.tls else { return Ok(pipe) };
    let mut request = Vec::new();
    compose::ssl_request(&mut request);
    send(&mut pipe, &request).await?;
    pipe.read_more().await?;
    match pipe.unread() {
        b"S" => {
            pipe.use_up(1);
            let connection = tls.connection().map_err(io::Error::other).map_err(UpstreamError::Handshake)?;
            pipe.encrypt(connection).await.map_err(UpstreamError::Handshake)?;
        }
        b"N" if tls.is_required => return Err(UpstreamError::NoTls),
        b"N" => pipe.use_up(1),
        // What came after the answer was not encrypted, and would be taken for what was (CVE-2021-23222).
        _ => {
            return Err(UpstreamError::Protocol(
                "it answers a request for TLS with something else".to_owned(),
            ));
        }
    }
    Ok(pipe)
}

/// An agent of this host that refuses whoever goes around the proxy learns from the pid file, some milliseconds after it was
/// written, which process the proxy is.
async fn connect_once_known(address: impl ToSocketAddrs + Copy) -> io::Result<Stream> {
    let known_by = Instant::now() + KNOWN_WAIT;
    loop {
        match Stream::connect(address).await {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && Instant::now() < known_by => {
                sleep(ASK_AGAIN).await;
            }
            other => return other,
        }
    }
}

async fn send(pipe: &mut Pipe, bytes: &[u8]) -> io::Result<()> {
    pipe.queue(bytes);
    pipe.flush_all().await
}

/// How far both sides have proven that they know the password.
enum Proof {
    NotAsked,
    Asked(First),
    Answered(Final),
    /// By what the server asked for; only SCRAM has the server prove anything.
    Given,
}

/// Answers an authentication request.
fn authenticate(
    body: &[u8],
    upstream: &Upstream,
    Credentials { user, password, salted }: &Credentials,
    tls: Option<&CommonState>,
    proof: &mut Proof,
) -> Result<Option<Vec<u8>>, UpstreamError> {
    let (code, data) = backend::authentication(body)?;
    let mut out = Vec::new();
    match (code, &mut *proof) {
        // A server that asks for no password, or one that has shown that it knows it.
        (0, Proof::NotAsked | Proof::Given) => return Ok(None),
        (0, Proof::Asked(_) | Proof::Answered(_)) => {
            return Err(UpstreamError::Protocol(
                "it accepts the log-in before it has proven itself".to_owned(),
            ));
        }
        (3, Proof::NotAsked) => {
            if tls.is_none() && !upstream.allows_cleartext_password {
                return Err(UpstreamError::Cleartext);
            }
            compose::frame(&mut out, frontend::tag::PASSWORD, |out| compose::cstr(out, password.as_bytes()));
            *proof = Proof::Given;
        }
        (5, Proof::NotAsked) => {
            let salt = data.try_into().map_err(|_| BodyError::Value { field: "salt" })?;
            let hash = md5_hash(user.as_bytes(), password.as_bytes(), salt);
            compose::frame(&mut out, frontend::tag::PASSWORD, |out| compose::cstr(out, hash.as_bytes()));
            *proof = Proof::Given;
        }
        (10, Proof::NotAsked) => {
            let end_point = tls
                .and_then(CommonState::peer_certificates)
                .and_then(<[_]>::first)
                .and_then(certificate::end_point);
            let (mechanism, binding) = choose(data, end_point).ok_or(UpstreamError::Method(code))?;
            let exchange = First::new(binding);
            let message = exchange.message();
            compose::frame(&mut out, frontend::tag::PASSWORD, |out| {
                compose::cstr(out, mechanism.as_bytes());
                out.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
                out.extend_from_slice(message.as_bytes());
            });
            *proof = Proof::Asked(exchange);
        }
        (11, Proof::Asked(_)) => {
            if let Proof::Asked(exchange) = std::mem::replace(proof, Proof::NotAsked) {
                let answer = exchange.answer(data, password, salted)?;
                compose::frame(&mut out, frontend::tag::PASSWORD, |out| {
                    out.extend_from_slice(answer.message.as_bytes())
                });
                *proof = Proof::Answered(answer);
            }
        }
        (12, Proof::Answered(_)) => {
            // The server proves that it knows the password too.
            if let Proof::Answered(exchange) = std::mem::replace(proof, Proof::NotAsked) {
                exchange.check(data)?;
                *proof = Proof::Given;
            }
            return Ok(None);
        }
        (code, _) => return Err(UpstreamError::Method(code)),
    }
    Ok(Some(out))
}

/// The strongest of the mechanisms that a server offers, and what it is bound to. `end_point` is the hash of the server's
/// certificate, where there is one.
fn choose(offered: &[u8], end_point: Option<Vec<u8>>) -> Option<(&'static str, Binding)> {
    let offers = |wanted: &str| backend::sasl_mechanisms(offered).any(|name| name == wanted.as_bytes());
    match end_point {
        Some(hash) if offers(SCRAM_SHA_256_PLUS) => Some((SCRAM_SHA_256_PLUS, Binding::EndPoint(hash))),
        _ if !offers(SCRAM_SHA_256) => None,
        // A server that did offer it refuses: somebody between took it away.
        Some(_) => Some((SCRAM_SHA_256, Binding::NotOffered)),
        None => Some((SCRAM_SHA_256, Binding::Unsupported)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_over_tls_is_bound_to_it_or_says_that_it_would_have_been() {
        let (both, plain) = (b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0", b"SCRAM-SHA-256\0\0");
        let hash = || Some(vec![7; 32]);
        let begins = |offered: &[u8], end_point| {
            let (mechanism, binding) = choose(offered, end_point).unwrap();
            let message = First::new(binding).message();
            (mechanism, message.split(",,").next().unwrap().to_owned())
        };
        assert_eq!(begins(both, hash()), (SCRAM_SHA_256_PLUS, "p=tls-server-end-point".to_owned()));
        assert_eq!(begins(plain, hash()), (SCRAM_SHA_256, "y".to_owned()));
        assert_eq!(begins(both, None), (SCRAM_SHA_256, "n".to_owned()));
        assert!(choose(b"OAUTHBEARER\0\0", None).is_none());
    }
}
