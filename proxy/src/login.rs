//! A client's first messages: what it wants, and who it is. Ends before the database is asked for anything.

use std::io;
use std::sync::Arc;

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::startup::{First, Startup, StartupError, split_first};
use wire::{FrameError, backend, compose, frontend, split_frame};

use crate::config::Config;
use crate::farewell::Farewell;
use crate::scram::{self, Nobody};

/// Longest message of a log-in, in bytes. PostgreSQL takes 1 kB of SASL (`PG_MAX_SASL_MESSAGE_LENGTH`, sasl.h).
const LOGIN_BYTES_MAX: u32 = 1_024;

/// Requests for encryption that a client may make before its start-up; libpq makes one of each kind.
const NEGOTIATIONS_MAX: usize = 2;

const MECHANISM: &[u8] = b"SCRAM-SHA-256";

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
    pub(crate) database: String,
    pub(crate) application_name: String,
    /// Start-up parameters for the server: all but `user` and `database`.
    pub(crate) parameters: Vec<(Vec<u8>, Vec<u8>)>,
    /// Bytes that came after the log-in.
    pub(crate) unread: Vec<u8>,
}

/// Why a client is not logged in.
#[derive(Debug, Error)]
pub(crate) enum LoginError {
    /// It went away.
    #[error("client went away while logging in")]
    Gone(#[source] io::Error),
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
    stream: &mut TcpStream,
    config: &Config,
    nobody: &Arc<Nobody>,
) -> Result<Wish, LoginError> {
    let mut unread = Vec::new();
    for _ in 0..=NEGOTIATIONS_MAX {
        let (first, len) = loop {
            if let Some(found) = split_first(&unread)? {
                break found;
            }
            read_more(stream, &mut unread).await?;
        };
        match first {
            // TLS and GSSAPI are not offered yet; the client goes on without or gives up, as it is set.
            First::SslRequest | First::GssEncRequest => {
                unread.drain(..len);
                stream.write_all(b"N").await?;
            }
            First::Cancel { pid, secret } => return Ok(Wish::Cancel { pid, secret: secret.to_vec() }),
            First::Startup(startup) => {
                let mut login = read_startup(&startup, stream).await?;
                unread.drain(..len);
                prove(stream, &mut unread, &login.user, config, nobody).await?;
                login.unread = unread;
                return Ok(Wish::Session(login));
            }
        }
    }
    Err(refused("08P01", "too many requests for encryption before the start-up message"))
}

async fn read_startup(startup: &Startup<'_>, stream: &mut TcpStream) -> Result<Login, LoginError> {
    let parameters = startup.parameters().map_err(StartupError::from)?;
    let text = |name: &[u8]| {
        let value = parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        value.map(|value| String::from_utf8_lossy(value).into_owned())
    };
    let Some(user) = text(b"user").filter(|user| !user.is_empty()) else {
        return Err(refused("28000", "no PostgreSQL user name specified in startup packet"));
    };
    if text(b"replication").is_some_and(|value| !matches!(value.as_str(), "false" | "off" | "no" | "0")) {
        return Err(refused("0A000", "Picket does not pass replication connections on"));
    }
    let unknown: Vec<&[u8]> =
        parameters.iter().map(|(name, _)| *name).filter(|name| name.starts_with(b"_pq_.")).collect();
    if startup.version != 0x0003_0000 || !unknown.is_empty() {
        stream.write_all(&negotiate_protocol_version(&unknown)).await?;
    }
    let kept =
        |name: &[u8]| !matches!(name, b"user" | b"database" | b"replication") && !name.starts_with(b"_pq_.");
    Ok(Login {
        database: text(b"database").filter(|name| !name.is_empty()).unwrap_or_else(|| user.clone()),
        application_name: text(b"application_name").unwrap_or_default(),
        parameters: parameters
            .iter()
            .filter(|(name, _)| kept(name))
            .map(|(name, value)| (name.to_vec(), value.to_vec()))
            .collect(),
        user,
        unread: Vec::new(),
    })
}

/// Says that protocol 3.0 is spoken, and which options are not understood.
fn negotiate_protocol_version(unknown: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    compose::frame(&mut out, backend::tag::NEGOTIATE_PROTOCOL_VERSION, |out| {
        out.extend_from_slice(&0x0003_0000_u32.to_be_bytes());
        out.extend_from_slice(&u32::try_from(unknown.len()).unwrap_or(u32::MAX).to_be_bytes());
        unknown.iter().for_each(|name| compose::cstr(out, name));
    });
    out
}

/// SCRAM-SHA-256. A user that does not exist goes through the same motions.
async fn prove(
    stream: &mut TcpStream,
    unread: &mut Vec<u8>,
    user: &str,
    config: &Config,
    nobody: &Nobody,
) -> Result<(), LoginError> {
    let failed = || refused("28P01", format!("password authentication failed for user \"{user}\""));
    let secret = config.users.get(user).cloned().unwrap_or_else(|| nobody.secret(user));
    send_authentication(stream, 10, &[MECHANISM, b"\0\0"].concat()).await?;
    let initial = read_password(stream, unread).await?;
    let client_first =
        initial_response(&initial).ok_or_else(|| refused("08P01", "malformed SASL response"))?;
    let (server_first, exchange) = scram::begin(&secret, client_first).map_err(|_| failed())?;
    send_authentication(stream, 11, server_first.as_bytes()).await?;
    let client_final = read_password(stream, unread).await?;
    let server_final = exchange.finish(&client_final).map_err(|_| failed())?;
    if !config.users.contains_key(user) {
        return Err(failed());
    }
    send_authentication(stream, 12, server_final.as_bytes()).await?;
    Ok(())
}

/// `SASLInitialResponse`: the mechanism, and the client's first message.
fn initial_response(body: &[u8]) -> Option<&[u8]> {
    let rest = body.strip_prefix(MECHANISM)?.strip_prefix(b"\0")?;
    let (len, data) = rest.split_first_chunk::<4>()?;
    (usize::try_from(u32::from_be_bytes(*len)).ok()? == data.len()).then_some(data)
}

async fn send_authentication(stream: &mut TcpStream, code: u32, data: &[u8]) -> io::Result<()> {
    let mut out = Vec::new();
    compose::authentication(&mut out, code, data);
    stream.write_all(&out).await
}

async fn read_password(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Result<Vec<u8>, LoginError> {
    loop {
        if let Some((frame, _)) = split_frame(unread, LOGIN_BYTES_MAX)? {
            if frame.tag != frontend::tag::PASSWORD {
                return Err(refused("08P01", "expected a password message"));
            }
            let (body, len) = (frame.body.to_vec(), frame.wire_len());
            unread.drain(..len);
            return Ok(body);
        }
        read_more(stream, unread).await?;
    }
}

async fn read_more(stream: &mut TcpStream, unread: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(unread).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

fn refused(sqlstate: &'static str, message: impl Into<String>) -> LoginError {
    LoginError::Refused(Farewell::new(sqlstate, message))
}
