//! The HTTP interface: takes connections on a thread of its own, so that nothing that is asked here holds up a session, and
//! has each answered once. What may be asked is in `door` and `routes`.

mod answer;
mod browsers;
mod door;
mod links;
mod metrics;
mod pages;
mod proof;
mod routes;
mod shown;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

pub(crate) use self::door::Door;
use crate::config::AdminConfig;
use crate::lobby::{Lobby, Visit};

/// Connections at once. Where there are more, the one that has been at it longest makes room.
pub(crate) const CONNECTIONS_MAX: usize = 64;

/// How long one connection may take, from its first byte to the last of the answer. It has one request.
const EXCHANGE_SECS_MAX: u64 = 30;

/// How long a request may take to say what it is about.
const HEAD_WAIT: Duration = Duration::from_secs(10);

/// Longest head of a request in bytes: a token has up to 32 KiB.
const HEAD_BYTES_MAX: usize = 48 << 10;

/// Most headers of a request.
const HEADERS_MAX: usize = 64;

/// Passwords that are looked at at once; each takes thousands of hashes.
const HASHING_THREADS: usize = 2;

/// A pause where the process has no descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The thread that answers. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Admin {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Binds the address, so that whoever starts the proxy learns at once where it cannot be.
pub(crate) async fn bind(config: &AdminConfig) -> io::Result<std::net::TcpListener> {
    TcpListener::bind(config.listen).await?.into_std()
}

impl Admin {
    /// Answers on `listener` from now on.
    pub(crate) fn start(listener: std::net::TcpListener, door: Door) -> anyhow::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(HASHING_THREADS)
            .build()
            .context("start a runtime")?;
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, Arc::new(door)) => {}
                    _ = stopped => {}
                }
            });
            // Nobody waits for those that are still being answered.
            runtime.shutdown_background();
        };
        let thread =
            thread::Builder::new().name("admin".to_owned()).spawn(serve).context("start a thread")?;
        Ok(Admin { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the HTTP interface panicked");
        }
    }
}

async fn serve(listener: std::net::TcpListener, door: Arc<Door>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "there is no HTTP interface"),
    };
    let lobby = Arc::<Lobby>::default();
    loop {
        let (stream, client) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::error!(%error, "connection to the HTTP interface not accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(visit) = lobby.enter(CONNECTIONS_MAX, Instant::now()) else {
            tracing::warn!("connection to the HTTP interface turned away: {CONNECTIONS_MAX} are there");
            continue;
        };
        let _ = stream.set_nodelay(true);
        tokio::spawn(exchange(stream, client, Arc::clone(&door), visit));
    }
}

/// One connection, which has one request.
async fn exchange(stream: TcpStream, client: SocketAddr, door: Arc<Door>, mut visit: Visit) {
    let tls = door.tls();
    let whole = async {
        match tls {
            None => answer_on(stream, client, door).await,
            Some(tls) => match TlsAcceptor::from(tls).accept(stream).await {
                Ok(stream) => answer_on(stream, client, door).await,
                Err(error) => tracing::debug!(%client, %error, "no TLS at the HTTP interface"),
            },
        }
    };
    tokio::select! {
        done = timeout(Duration::from_secs(EXCHANGE_SECS_MAX), whole) => if done.is_err() {
            tracing::debug!(%client, "a request took more than {EXCHANGE_SECS_MAX} s");
        },
        () = visit.must_leave() => tracing::debug!(%client, "a request made room for others"),
    }
}

async fn answer_on(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    client: SocketAddr,
    door: Arc<Door>,
) {
    let service = service_fn(move |request| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(door.answer(client, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%client, %error, "a request was not answered");
    }
}
