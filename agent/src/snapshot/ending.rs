//! Ends a TCP connection: the kernel resets it at both ends.

use std::io;
use std::thread;

use audit::record::ConnectionRecord;
use rustix::io::Errno;
use thiserror::Error;

use super::{Hidden, diag, namespaces};

/// Why a connection goes on.
#[derive(Debug, Error)]
pub(crate) enum EndError {
    #[error(
        "the kernel knows of no such connection any more; it has ended, or is in a network namespace that the agent may not enter"
    )]
    Gone,
    #[error("this needs CAP_NET_ADMIN in the connection's network namespace")]
    NoRights,
    #[error(
        "this kernel was built without CONFIG_INET_DIAG_DESTROY; end the database's session instead (`pg_terminate_backend`)"
    )]
    Unable,
    #[error(
        "it is over a UNIX socket, which the kernel ends for nobody; end the database's session instead (`pg_terminate_backend`)"
    )]
    OverUnixSocket,
    #[error("the kernel does not end it: {0}")]
    Refused(Errno),
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// Ends it. The connection may be in any network namespace of this host.
pub(crate) fn end(record: &ConnectionRecord, hidden: &Hidden) -> Result<(), EndError> {
    if !record.socket_path.is_empty() {
        return Err(EndError::OverUnixSocket);
    }
    // The cookie is that of the socket which tells of its end.
    let is_clients = record.cookie == record.client_cookie;
    let (local, remote) =
        if is_clients { (record.client, record.server) } else { (record.server, record.client) };
    let cookie = record.cookie;
    let (mut refused, hidden) = (None, hidden.clone());
    let look = move || {
        namespaces::ask_each(&hidden, || match diag::destroy(local, remote, cookie) {
            Ok(()) => Some(()),
            Err(error) => {
                // The first says most: this process's own namespace is asked first.
                refused = refused.filter(|it| !matches!(*it, Errno::NOENT | Errno::STALE)).or(Some(error));
                None
            }
        })
        .ok_or(refused)
    };
    // It enters other namespaces.
    let looked = thread::Builder::new().name("ending".to_owned()).spawn(look)?.join();
    match looked {
        Ok(Ok(())) => Ok(()),
        Ok(Err(None | Some(Errno::NOENT | Errno::STALE))) | Err(_) => Err(EndError::Gone),
        Ok(Err(Some(Errno::PERM | Errno::ACCESS))) => Err(EndError::NoRights),
        Ok(Err(Some(Errno::OPNOTSUPP))) => Err(EndError::Unable),
        Ok(Err(Some(error))) => Err(EndError::Refused(error)),
    }
}
