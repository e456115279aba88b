//! What the proxy connects to a database for. A witness at the database sees each connection, so each must be somebody's in the ledger: a
//! session's, or one that is recorded here before anything is sent on it.

use audit::record::{ProxyConnectionRecord, ProxyPurpose, Record};
use audit::spool::SpoolError;
use daemon::with_causes;

use crate::catalog::Chronicle;
use crate::config::Upstream;
use crate::stream::Stream;
use crate::trail::now;
use crate::upstream::UpstreamError;

/// One connection, with what it is for.
pub(crate) struct Errand {
    chronicle: Chronicle,
    purpose: ProxyPurpose,
    database: String,
    /// It was made, and the record of a session may still come.
    unclaimed: Option<ProxyConnectionRecord>,
}

impl Errand {
    /// To this database, for that.
    pub(crate) fn new(chronicle: &Chronicle, purpose: ProxyPurpose, upstream: &Upstream) -> Self {
        let (chronicle, database) = (chronicle.clone(), upstream.database.clone());
        Errand { chronicle, purpose, database, unclaimed: None }
    }

    /// The connection was made, and nothing is sent yet.
    pub(crate) fn connected(&mut self, stream: &Stream) -> Result<(), UpstreamError> {
        let record = ProxyConnectionRecord {
            host: self.chronicle.host.clone(),
            started_at: now(),
            purpose: self.purpose,
            database: self.database.clone(),
            upstream_local: stream.local_addr()?,
            upstream: stream.peer_addr()?,
            upstream_cookie: rustix::net::sockopt::socket_cookie(stream).map_err(std::io::Error::from)?,
        };
        match self.purpose {
            ProxyPurpose::LogIn => self.unclaimed = Some(record),
            ProxyPurpose::Catalog | ProxyPurpose::Cancel | ProxyPurpose::Plan => self.record(record)?,
        }
        Ok(())
    }

    /// A session began by it, whose record says so.
    pub(crate) fn became_a_session(mut self) {
        self.unclaimed = None;
    }

    fn record(&self, record: ProxyConnectionRecord) -> Result<(), SpoolError> {
        self.chronicle.spool.append(&[Record::ProxyConnection(record)])
    }
}

/// No session began, whatever the reason: refused, given up, out of time.
impl Drop for Errand {
    fn drop(&mut self) {
        if let Some(record) = self.unclaimed.take()
            && let Err(error) = self.record(record)
        {
            tracing::error!(error = with_causes(&error), "connection to a database not recorded");
        }
    }
}
