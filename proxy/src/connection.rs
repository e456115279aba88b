//! One client's connection: moves bytes between both sockets and the session, and performs its actions in order.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use audit::record::SessionRecord;
use audit::spool::{Spool, SpoolError};
use session::{Action, CloseReason, Readings, Session, SessionError, Step};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;
use wire::{backend, compose};

use crate::cancel::{CancelKeys, Registered};
use crate::catalog::{CatalogKeeper, Snapshot};
use crate::config::Config;
use crate::farewell::Farewell;
use crate::login::{self, Login, LoginError, Wish};
use crate::pipe::Pipe;
use crate::scram::Nobody;
use crate::trail::{Desk, Trail, now};
use crate::upstream::{self, Connected};

/// How long a client may take to log in (PostgreSQL's `authentication_timeout`).
const LOGIN_WAIT: Duration = Duration::from_secs(60);

/// How long a side that is being closed may take to accept what is left for it.
const GOODBYE_WAIT: Duration = Duration::from_secs(5);

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) host: String,
    pub(crate) spool: Arc<Spool>,
    pub(crate) nobody: Arc<Nobody>,
    pub(crate) cancel_keys: CancelKeys,
    pub(crate) catalogs: std::collections::HashMap<String, CatalogKeeper>,
}

/// Why a session ended, other than by its client's goodbye.
#[derive(Debug, Error)]
enum Ended {
    #[error("client went away")]
    ClientGone(#[source] io::Error),
    #[error("database went away")]
    ServerGone(#[source] io::Error),
    #[error(transparent)]
    Protocol(#[from] SessionError),
    #[error("cannot record")]
    NotRecorded(#[from] SpoolError),
    #[error("proxy stops")]
    Stopped,
}

impl Ended {
    /// The word for it in records.
    fn kind(&self) -> &'static str {
        match self {
            Ended::ClientGone(_) => "client_gone",
            Ended::ServerGone(_) => "server_gone",
            Ended::Protocol(SessionError::Client { .. }) => "client_protocol_violation",
            Ended::Protocol(SessionError::Server { .. }) => "server_protocol_violation",
            Ended::NotRecorded(_) => "not_recorded",
            Ended::Stopped => "proxy_stopped",
        }
    }

    /// What the client is told, where it still listens.
    fn farewell(&self) -> Option<Farewell> {
        match self {
            // The server has said why, if it wanted to.
            Ended::ClientGone(_) | Ended::ServerGone(_) => None,
            Ended::Protocol(error) => Some(Farewell::new("08P01", error.to_string())),
            Ended::NotRecorded(error) => Some(not_recorded(error)),
            Ended::Stopped => {
                Some(Farewell::new("57P01", "terminating connection because Picket is being stopped"))
            }
        }
    }
}

/// Speaks with one client until it is gone. `stop` turns true when the proxy stops.
pub(crate) async fn serve(
    stream: TcpStream,
    shared: Arc<Shared>,
    desk: Rc<Desk>,
    readings: Rc<RefCell<Readings>>,
    mut stop: watch::Receiver<bool>,
) {
    let Ok(client) = stream.peer_addr() else { return };
    let mut pipe = Pipe::new(stream);
    let wish = tokio::select! {
        wish = timeout(LOGIN_WAIT, login::login(&mut pipe, &shared.config, &shared.nobody)) => wish,
        _ = stop.wait_for(|stop| *stop) => return,
    };
    let farewell = match wish {
        Ok(Ok(Wish::Cancel { pid, secret })) => return shared.cancel_keys.cancel(pid, &secret).await,
        Ok(Ok(Wish::Session(login))) => match open(client, login, &shared, desk).await {
            Ok(opened) => return opened.run(pipe, &readings, stop).await,
            Err(farewell) => farewell,
        },
        Ok(Err(LoginError::Refused(farewell))) => farewell,
        Ok(Err(LoginError::Gone(error))) => {
            tracing::debug!(%client, %error, "client went away while logging in");
            return;
        }
        Ok(Err(LoginError::Handshake(error))) => {
            tracing::info!(%client, %error, "no TLS with the client");
            return;
        }
        Err(_) => Farewell::new("08006", format!("no log-in within {} s", LOGIN_WAIT.as_secs())),
    };
    tracing::info!(%client, sqlstate = farewell.sqlstate, reason = farewell.message, "connection refused");
    pipe.queue(&farewell.to_message());
    let _ = timeout(GOODBYE_WAIT, pipe.close()).await;
}

/// A session whose client and database are both ready.
struct Opened {
    server: Pipe,
    session: Session,
    trail: Trail,
    catalog: CatalogKeeper,
    snapshot: Arc<Snapshot>,
    /// What the session wants done; empty between two calls of `perform`.
    actions: Vec<Action>,
    /// Those that move bytes.
    moves: Vec<Action>,
    /// Keeps the session cancellable for as long as it lives.
    _key: Registered,
    /// The client is not read before the server has answered more.
    client_waits: bool,
    session_id: Uuid,
    greeting: Vec<u8>,
}

/// Connects a logged-in client to the database it asks for.
async fn open(
    client: SocketAddr,
    login: Login,
    shared: &Arc<Shared>,
    desk: Rc<Desk>,
) -> Result<Opened, Farewell> {
    let internal =
        |error: &dyn std::fmt::Display| Farewell::new("58000", "Picket cannot open a session").detail(error);
    let Login { user, authenticated_by, database, application_name, version, parameters } = login;
    let (Some(upstream), Some(catalog)) =
        (shared.config.upstreams.get(&database), shared.catalogs.get(&database))
    else {
        return Err(Farewell::new("3D000", format!("database \"{database}\" does not exist"))
            .detail("Picket has no [[upstream]] of that name."));
    };
    let connected = upstream::connect(upstream, version, &parameters).await.map_err(|error| {
        tracing::warn!(database, %error, "database not reached");
        error.farewell(upstream)
    })?;
    if !catalog.snapshot().is_known {
        catalog.newer_than(0).await;
    }
    if !catalog.snapshot().is_known {
        return Err(Farewell::new(
            "58000",
            format!("Picket cannot read the catalog of the database \"{database}\""),
        )
        .detail("Without it nobody knows which columns must be masked.")
        .hint("Whoever runs Picket finds the reason in its log."));
    }
    let Connected { pipe: server, server: address, pid, secret, parameters, notices, ready } = connected;
    if parameters.iter().any(|(name, value)| name == b"standard_conforming_strings" && value != b"on") {
        return Err(Farewell::new("22023", "Picket needs standard_conforming_strings to be on")
            .detail("With it off, the same statement means one thing to Picket and another to PostgreSQL.")
            .hint(
                "Leave it out of the connection's options, and of the role's and the database's settings.",
            ));
    }
    let session_id = Uuid::now_v7();
    let record = SessionRecord {
        session_id,
        host: shared.host.clone(),
        started_at: now(),
        ended_at: None,
        end_reason: String::new(),
        principal: user,
        authenticated_by: authenticated_by.to_owned(),
        database,
        database_role: upstream.user.clone(),
        application_name,
        client,
        upstream_local: server.socket().local_addr().map_err(|error| internal(&error))?,
        upstream: address,
        upstream_cookie: rustix::net::sockopt::socket_cookie(server.socket())
            .map_err(|error| internal(&error))?,
        backend_pid: pid,
    };
    let trail = Trail::begin(desk, record).map_err(|error| {
        tracing::error!(%error, "session not recorded");
        not_recorded(&error)
    })?;
    let key = shared
        .cancel_keys
        .register(version, pid, upstream, address, &secret)
        .map_err(|error| internal(&error))?;
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).map_err(|error| internal(&error))?;
    let mut session = Session::new(u64::from_ne_bytes(nonce), shared.config.max_message_bytes);
    let mut greeting = Vec::new();
    compose::authentication(&mut greeting, 0, &[]);
    for (name, value) in &parameters {
        session.on_parameter(name, value);
        compose::frame(&mut greeting, backend::tag::PARAMETER_STATUS, |out| {
            compose::cstr(out, name);
            compose::cstr(out, value);
        });
    }
    compose::frame(&mut greeting, backend::tag::BACKEND_KEY_DATA, |out| {
        out.extend_from_slice(&key.key.pid.to_be_bytes());
        out.extend_from_slice(&key.key.secret);
    });
    greeting.extend(notices);
    greeting.extend(ready);
    Ok(Opened {
        server,
        session,
        trail,
        snapshot: catalog.snapshot(),
        actions: Vec::new(),
        moves: Vec::new(),
        catalog: catalog.clone(),
        _key: key,
        client_waits: false,
        session_id,
        greeting,
    })
}

impl Opened {
    async fn run(mut self, mut client: Pipe, readings: &Rc<RefCell<Readings>>, stop: watch::Receiver<bool>) {
        let session_id = self.session_id;
        tracing::debug!(%session_id, "session started");
        client.queue(&std::mem::take(&mut self.greeting));
        let ended = match self.converse(&mut client, readings, stop).await {
            // Replies that the server gave up with its connection are not sent by PostgreSQL either.
            Err(Ended::ServerGone(_)) if self.session.is_leaving() => Ok(CloseReason::ClientTerminated),
            ended => ended,
        };
        let reason = match &ended {
            Ok(CloseReason::ClientTerminated) => "client_terminated",
            Err(ended) => ended.kind(),
        };
        let mut lost = Vec::new();
        self.session.on_lost(&mut lost);
        for action in lost {
            if let Action::Record(evidence) = action {
                self.trail.take(evidence);
            }
        }
        if let Err(error) = self.trail.end(reason) {
            tracing::error!(%session_id, %error, "end of session not recorded");
        }
        if let Err(ended) = &ended {
            match ended {
                Ended::ClientGone(_) | Ended::Stopped => {
                    tracing::debug!(%session_id, reason, "session ended")
                }
                _ => tracing::warn!(%session_id, reason, error = %chain(ended), "session ended"),
            }
            if let Some(farewell) = ended.farewell() {
                client.queue(&farewell.to_message());
            }
        }
        let _ = timeout(GOODBYE_WAIT, async { tokio::join!(client.close(), self.server.close()) }).await;
    }

    /// Moves bytes until one side ends.
    async fn converse(
        &mut self,
        client: &mut Pipe,
        readings: &Rc<RefCell<Readings>>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<CloseReason, Ended> {
        // What came with the log-in, or with the server's start-up.
        if let Some(reason) = self.client_sent(client, readings)? {
            return Ok(reason);
        }
        if let Some(reason) = self.server_sent(client, readings).await? {
            return Ok(reason);
        }
        // Made once: to wait anew for each message would register with the channel each time.
        let mut stopped = pin!(stop.wait_for(|stop| *stop));
        loop {
            // A side is read only while the other takes what comes: that is what bounds memory.
            // A client that has said goodbye is not read any more, but told what it is owed.
            let (read_client, read_server) = (
                self.server.is_flushed() && !self.client_waits && !self.session.is_leaving(),
                client.is_flushed(),
            );
            tokio::select! {
                biased;
                ready = self.server.ready(read_server) => ready.map_err(Ended::ServerGone)?,
                ready = client.ready(read_client) => ready.map_err(Ended::ClientGone)?,
                _ = &mut stopped => return Err(Ended::Stopped),
            }
            self.server.flush().map_err(Ended::ServerGone)?;
            client.flush().map_err(Ended::ClientGone)?;
            if client.is_flushed() && arrived(self.server.read()).map_err(Ended::ServerGone)? {
                if let Some(reason) = self.server_sent(client, readings).await? {
                    return Ok(reason);
                }
                if self.client_waits
                    && let Some(reason) = self.client_sent(client, readings)?
                {
                    return Ok(reason);
                }
            }
            if read_client
                && self.server.is_flushed()
                && arrived(client.read()).map_err(Ended::ClientGone)?
                && let Some(reason) = self.client_sent(client, readings)?
            {
                return Ok(reason);
            }
        }
    }

    fn client_sent(
        &mut self,
        client: &mut Pipe,
        readings: &Rc<RefCell<Readings>>,
    ) -> Result<Option<CloseReason>, Ended> {
        self.catalog.renew(&mut self.snapshot);
        let step = {
            let mut readings = readings.borrow_mut();
            let mut environment = self.snapshot.environment(&mut readings);
            self.session.on_client(client.unread(), &mut environment, &mut self.actions)
        };
        let reason = self.perform(client)?;
        let step = step?;
        self.client_waits = matches!(step, Step::NeedsReplies(_));
        let (Step::More(used) | Step::NeedsCatalog(used) | Step::NeedsReplies(used)) = step;
        client.use_up(used);
        Ok(reason)
    }

    async fn server_sent(
        &mut self,
        client: &mut Pipe,
        readings: &Rc<RefCell<Readings>>,
    ) -> Result<Option<CloseReason>, Ended> {
        loop {
            self.catalog.renew(&mut self.snapshot);
            let step = {
                let mut readings = readings.borrow_mut();
                let mut environment = self.snapshot.environment(&mut readings);
                self.session.on_server(self.server.unread(), &mut environment, &mut self.actions)
            };
            let reason = self.perform(client)?;
            match step? {
                Step::More(used) | Step::NeedsReplies(used) => {
                    self.server.use_up(used);
                    return Ok(reason);
                }
                Step::NeedsCatalog(used) => {
                    self.server.use_up(used);
                    self.catalog.newer_than(self.snapshot.version).await;
                }
            }
        }
    }

    /// Performs the actions in their order, records first: nothing moves unless everything that must be recorded
    /// before it is stored.
    fn perform(&mut self, client: &mut Pipe) -> Result<Option<CloseReason>, Ended> {
        let mut reason = None;
        let mut must_store = false;
        for action in self.actions.drain(..) {
            match action {
                Action::Record(evidence) => must_store |= self.trail.take(evidence),
                other => self.moves.push(other),
            }
        }
        if must_store {
            self.trail.store()?;
        }
        let mut moves = self.moves.drain(..).peekable();
        while let Some(action) = moves.next() {
            let is_last = moves.peek().is_none();
            match action {
                Action::Record(_) => {}
                Action::ForwardToServer(range) if is_last => {
                    self.server.send(&client.unread()[range]).map_err(Ended::ServerGone)?;
                }
                Action::ForwardToServer(range) => self.server.queue(&client.unread()[range]),
                Action::SendToServer(bytes) => self.server.queue(&bytes),
                Action::ForwardToClient(range) if is_last => {
                    client.send(&self.server.unread()[range]).map_err(Ended::ClientGone)?;
                }
                Action::ForwardToClient(range) => client.queue(&self.server.unread()[range]),
                Action::SendToClient(bytes) => client.queue(&bytes),
                Action::CatalogChanged => self.catalog.refresh(),
                Action::Close(closed) => reason = Some(closed),
            }
        }
        drop(moves);
        self.server.flush().map_err(Ended::ServerGone)?;
        client.flush().map_err(Ended::ClientGone)?;
        Ok(reason)
    }
}

/// Whether bytes came; their end is an error.
fn arrived(read: io::Result<Option<usize>>) -> io::Result<bool> {
    match read? {
        Some(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Some(_) => Ok(true),
        None => Ok(false),
    }
}

/// What a client is told when its session or statement cannot be recorded.
fn not_recorded(error: &SpoolError) -> Farewell {
    Farewell::new("58030", "Picket cannot record what you do, and so does not pass it on")
        .detail(error)
        .hint("Whoever runs Picket must make room in its spool, or bring ClickHouse back.")
}

/// The chain of an error in one line.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}
