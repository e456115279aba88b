//! Takes connections and serves HTTP on them until it is told to stop. It knows nothing of statements.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::door::Door;

const HEADERS_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long requests may go on after a signal.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// A pause where the process has no descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stopped`, then lets the requests that run end.
pub(crate) async fn serve(listener: TcpListener, door: Arc<Door>, stopped: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot switch Nagle's algorithm off");
        }
        let door = Arc::clone(&door);
        let service = service_fn(move |request| {
            let door = Arc::clone(&door);
            async move { Ok::<_, Infallible>(door.answer(request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WAIT_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended early");
            }
        });
    }
    drop(listener);
    let drained = async {
        connections.shutdown().await;
        door.emptied().await;
    };
    if timeout(DRAIN_MAX, drained).await.is_err() {
        tracing::warn!("requests still ran after {} seconds and were cut off", DRAIN_MAX.as_secs());
    }
}
