//! Maps the secrets that clients cancel with to the servers' own.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use audit::record::ProxyPurpose;
use daemon::with_causes;
use tokio::time::timeout;
use wire::compose;
use wire::startup::PROTOCOL_3_2;

use crate::catalog::Chronicle;
use crate::config::Upstream;
use crate::errand::Errand;
use crate::upstream::{self, UpstreamError};

const CANCEL_WAIT: Duration = Duration::from_secs(10);

/// Bytes of a secret, as PostgreSQL has it in protocol 3.0, and from 3.2 on.
const SECRET_BYTES_3_0: usize = 4;
const SECRET_BYTES_3_2: usize = 32;

/// What a client shows to cancel: the backend's true process id, and a secret of the proxy's own.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct CancelKey {
    pub(crate) pid: i32,
    pub(crate) secret: Vec<u8>,
}

/// What the server must be shown.
#[derive(Clone)]
struct Target {
    upstream: Arc<Upstream>,
    server: SocketAddr,
    secret: Vec<u8>,
}

/// The sessions that can be cancelled.
#[derive(Clone)]
pub(crate) struct CancelKeys {
    known: Arc<Mutex<HashMap<CancelKey, Target>>>,
    chronicle: Chronicle,
}

/// Forgets a session's key when the session ends.
pub(crate) struct Registered {
    keys: CancelKeys,
    pub(crate) key: CancelKey,
}

impl CancelKeys {
    /// None yet. Connections by which requests are passed on are recorded there.
    pub(crate) fn new(chronicle: Chronicle) -> Self {
        CancelKeys { known: Arc::default(), chronicle }
    }

    /// Makes a key for a session with this backend, as long as the client's protocol has it.
    pub(crate) fn register(
        &self,
        version: u32,
        pid: i32,
        upstream: &Arc<Upstream>,
        server: SocketAddr,
        secret: &[u8],
    ) -> Result<Registered, getrandom::Error> {
        let bytes = if version < PROTOCOL_3_2 { SECRET_BYTES_3_0 } else { SECRET_BYTES_3_2 };
        let mut key = CancelKey { pid, secret: vec![0; bytes] };
        getrandom::fill(&mut key.secret)?;
        let target = Target { upstream: Arc::clone(upstream), server, secret: secret.to_vec() };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), target);
        Ok(Registered { keys: self.clone(), key })
    }

    /// Passes a request on, where it shows a known key, and waits until the server has acted on it; otherwise it is
    /// ignored, as the server does.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the request may be sent in part, which the server ignores.
    pub(crate) async fn cancel(&self, pid: i32, secret: &[u8]) {
        let key = CancelKey { pid, secret: secret.to_vec() };
        let target = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let Some(Target { upstream, server, secret }) = target else { return };
        let mut request = Vec::new();
        compose::cancel(&mut request, pid, &secret);
        let mut errand = Errand::new(&self.chronicle, ProxyPurpose::Cancel, &upstream);
        let sent = timeout(CANCEL_WAIT, async {
            let mut pipe = upstream::dial(&upstream, server, &mut errand).await?;
            pipe.queue(&request);
            pipe.flush_all().await?;
            // The server closes when it has signalled the backend, and says nothing.
            match pipe.read_more().await {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
                other => other.map_err(UpstreamError::from),
            }
        });
        match sent.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%server, error = with_causes(&error), "cancel request not delivered");
            }
            Err(_) => tracing::warn!(%server, "cancel request not answered in time"),
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.keys.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
