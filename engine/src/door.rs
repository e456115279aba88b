//! Lets requests in, a bounded number at a time, and carries bodies to and from the threads that run statements.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, StatusCode};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use uuid::Uuid;

use crate::engine::Engine;
use crate::fault::{Code, Fault};
use crate::job::{Job, SQL_BYTES_MAX};
use crate::outlet;
use crate::reply::{self, Reply};
use crate::request::{Ask, refuse_web_pages};
use crate::upload::{self, Encoding, Piece};

/// Statements that run at once.
pub(crate) const RUNNING_MAX: u32 = 32;
/// Requests that wait for their turn.
const WAITING_MAX: usize = 128;
/// How long a body may not move.
const BODY_IDLE_MAX: Duration = Duration::from_secs(60);
/// What a form may hold: the statement and its parameters.
const FORM_BYTES_MAX: u64 = 4 * SQL_BYTES_MAX as u64;

/// The door of an engine.
pub(crate) struct Door {
    engine: Arc<Engine>,
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Door {
    pub(crate) fn new(engine: Engine) -> Self {
        Door {
            engine: Arc::new(engine),
            running: Arc::new(Semaphore::new(RUNNING_MAX as usize)),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }

    /// Waits until no statement runs any more.
    pub(crate) async fn emptied(&self) {
        // The semaphore is never closed.
        let _ = self.running.acquire_many(RUNNING_MAX).await;
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Reply {
        let id = Uuid::now_v7();
        let mut query_id = id.to_string();
        match self.try_answer(request, id, &mut query_id).await {
            Ok(reply) => reply,
            Err(fault) => {
                tracing::debug!(code = fault.code(), %id, "request failed");
                reply::fault(&fault, self.engine.facts(), &query_id)
            }
        }
    }

    async fn try_answer(
        &self,
        request: Request<Incoming>,
        id: Uuid,
        query_id: &mut String,
    ) -> Result<Reply, Fault> {
        let (parts, mut body) = request.into_parts();
        refuse_web_pages(&parts.headers)?;
        if parts.method != Method::GET && parts.method != Method::POST && parts.method != Method::HEAD {
            return Ok(reply::text(StatusCode::METHOD_NOT_ALLOWED, "picket-engine takes GET and POST\n"));
        }
        match parts.uri.path() {
            "/ping" => return Ok(reply::text(StatusCode::OK, "Ok.\n")),
            "/" if parts.method == Method::GET && parts.uri.query().is_none() => {
                return Ok(reply::text(StatusCode::OK, "Ok.\n"));
            }
            "/" => {}
            _ => {
                return Ok(reply::text(StatusCode::NOT_FOUND, "picket-engine answers `/` and `/ping`\n"));
            }
        }
        let read = async {
            let mut ask = Ask::read(&parts)?;
            if let Some(boundary) = form_boundary(&parts.headers) {
                read_form(&mut ask, &mut body, boundary).await?;
            }
            Ok(ask)
        };
        let ask = match read.await {
            Ok(ask) => ask,
            Err(fault) => {
                drain(&mut body).await;
                return Err(fault);
            }
        };
        if !ask.query_id.is_empty() {
            query_id.clone_from(&ask.query_id);
        }
        self.run(ask, id, query_id, body).await
    }

    async fn run(&self, ask: Ask, id: Uuid, query_id: &str, mut body: Incoming) -> Result<Reply, Fault> {
        let turn = {
            let Ok(_waiting) = self.waiting.try_acquire() else {
                drain(&mut body).await;
                return Err(Code::TooManySimultaneousQueries.says(format_args!(
                    "{RUNNING_MAX} statements are running and others wait; try again later"
                )));
            };
            let turn = Arc::clone(&self.running).acquire_owned().await;
            turn.map_err(|_| Code::TooManySimultaneousQueries.says("picket-engine is ending"))?
        };
        // The random half of the id.
        let tag = id.simple().to_string().split_off(16);
        let (pieces, raw) = upload::channel();
        let (outlet, begun) = outlet::open(tag.clone());
        let job = Job { engine: Arc::clone(&self.engine), id, ask, body: raw };
        let guard = KillOnDrop { engine: Some(Arc::clone(&self.engine)), id };
        tokio::task::spawn_blocking(move || {
            job.run(outlet);
            drop(turn);
        });
        let ((), begun) = tokio::join!(pump(body, pieces), begun);
        guard.disarm();
        let begun =
            begun.unwrap_or_else(|_| Err(Code::BadArguments.says("the statement's thread ended early")));
        let (head, pieces) = begun?;
        Ok(reply::answer(&head, pieces, self.engine.facts(), query_id, &tag))
    }
}

/// Ends the statement when the request is dropped before its answer begins: the client is gone.
struct KillOnDrop {
    engine: Option<Arc<Engine>>,
    id: Uuid,
}

impl KillOnDrop {
    fn disarm(mut self) {
        self.engine = None;
    }
}

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let (Some(engine), id) = (self.engine.take(), self.id) else { return };
        tokio::task::spawn_blocking(move || match engine.kill(id) {
            Ok(()) => tracing::debug!(%id, "killed a statement whose client went away"),
            Err(error) => tracing::warn!(%id, %error, "cannot kill a statement whose client went away"),
        });
    }
}

/// Carries a body to its statement. What the statement does not want is read all the same: a client that still writes
/// would not see the answer.
async fn pump(mut body: Incoming, pieces: mpsc::Sender<Piece>) {
    loop {
        let piece = match timeout(BODY_IDLE_MAX, body.frame()).await {
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(bytes) => Piece::Bytes(bytes),
                Err(_) => continue,
            },
            Ok(Some(Err(error))) => Piece::Failed(io::Error::new(io::ErrorKind::UnexpectedEof, error)),
            Ok(None) => Piece::End,
            Err(_) => Piece::Failed(given_up()),
        };
        let last = !matches!(piece, Piece::Bytes(_));
        if pieces.send(piece).await.is_err() && !last {
            drain(&mut body).await;
            return;
        }
        if last {
            return;
        }
    }
}

fn given_up() -> io::Error {
    let secs = BODY_IDLE_MAX.as_secs();
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("given up: nothing of the request's body arrived for {secs} seconds"),
    )
}

async fn drain(body: &mut Incoming) {
    while let Ok(Some(Ok(_))) = timeout(BODY_IDLE_MAX, body.frame()).await {}
}

fn form_boundary(headers: &hyper::HeaderMap) -> Option<String> {
    multer::parse_boundary(headers.get(CONTENT_TYPE)?.to_str().ok()?).ok()
}

/// Reads statement and parameters out of `multipart/form-data`.
async fn read_form(ask: &mut Ask, body: &mut Incoming, boundary: String) -> Result<(), Fault> {
    if ask.encoding != Encoding::None || ask.blocks {
        return Err(Code::NotImplemented.says("a form cannot be compressed as a whole"));
    }
    let unreadable = |error: multer::Error| {
        Code::BadArguments
            .says(format_args!("form cannot be read: {}", error.to_string().trim_end_matches('.')))
    };
    let whole = timeout(BODY_IDLE_MAX, http_body_util::Limited::new(body, FORM_BYTES_MAX as usize).collect())
        .await
        .map_err(|_| Code::SocketTimeout.says(given_up()))?
        .map_err(|error| Code::BadArguments.says(format_args!("form cannot be read: {error}")))?
        .to_bytes();
    let whole = http_body_util::BodyDataStream::new(http_body_util::Full::<Bytes>::new(whole));
    let mut form = multer::Multipart::new(whole, boundary);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field
            .name()
            .ok_or_else(|| Code::BadArguments.says("a field of the form has no name"))?
            .to_owned();
        if field.file_name().is_some() {
            return Err(
                Code::NotImplemented.says("picket-engine takes no external tables; insert the rows first")
            );
        }
        let value = field.text().await.map_err(unreadable)?;
        ask.take(&name, value)?;
    }
    Ok(())
}
