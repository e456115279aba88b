//! Maps the secrets that clients cancel with to the servers' own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use wire::compose;

const CANCEL_WAIT: Duration = Duration::from_secs(10);

/// Bytes of a secret, as PostgreSQL has it in protocol 3.0.
const SECRET_BYTES: usize = 4;

/// What a client shows to cancel: the backend's true process id, and a secret of the proxy's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CancelKey {
    pub(crate) pid: i32,
    pub(crate) secret: [u8; SECRET_BYTES],
}

/// What the server must be shown.
#[derive(Clone)]
struct Target {
    server: SocketAddr,
    secret: Vec<u8>,
}

/// The sessions that can be cancelled.
#[derive(Clone, Default)]
pub(crate) struct CancelKeys {
    known: Arc<Mutex<HashMap<CancelKey, Target>>>,
}

/// Forgets a session's key when the session ends.
pub(crate) struct Registered {
    keys: CancelKeys,
    pub(crate) key: CancelKey,
}

impl CancelKeys {
    /// Makes a key for a session with this backend.
    pub(crate) fn register(
        &self,
        pid: i32,
        server: SocketAddr,
        secret: &[u8],
    ) -> Result<Registered, getrandom::Error> {
        let mut key = CancelKey { pid, secret: [0; SECRET_BYTES] };
        getrandom::fill(&mut key.secret)?;
        let target = Target { server, secret: secret.to_vec() };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, target);
        Ok(Registered { keys: self.clone(), key })
    }

    /// Passes a request on, where it shows a known key; otherwise it is ignored, as the server does.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the request may be sent in part, which the server ignores.
    pub(crate) async fn cancel(&self, pid: i32, secret: &[u8]) {
        let Ok(secret) = secret.try_into() else { return };
        let key = CancelKey { pid, secret };
        let target = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let Some(Target { server, secret }) = target else { return };
        let mut request = Vec::new();
        compose::cancel(&mut request, pid, &secret);
        let sent = timeout(CANCEL_WAIT, async {
            let mut stream = TcpStream::connect(server).await?;
            stream.write_all(&request).await?;
            stream.shutdown().await
        });
        if let Ok(Err(error)) = sent.await {
            tracing::warn!(%server, %error, "cancel request not delivered");
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.keys.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
