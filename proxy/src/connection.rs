//! One client's connection: moves bytes between both sockets and the session, and performs its actions in order. How a
//! session begins is in `opening`, why it ends in `ended`.

mod ended;
mod held;
mod opening;
mod standing;
mod token_end;

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll};
use std::time::Duration;

use audit::spool::Spool;
use mask::Recording;
use session::{Action, Answer, CloseReason, Readings, Request, Resting, Session, Stain, Step, Stop, Unknown};
use tokio::time::{Sleep, timeout};
use uuid::Uuid;

use self::ended::Ended;
use self::held::Waiting;
use self::opening::open;
use self::standing::{Lost, Watch};
use self::token_end::TokenEnd;
use crate::allowances::Allowances;
use crate::approvals::{Answered, Approvals};
use crate::backtest::Trials;
use crate::cancel::{CancelKeys, Registered};
use crate::catalog::{CatalogKeeper, Chronicle, Snapshot};
use crate::catalogs::Catalogs;
use crate::config::{Config, Limits};
use crate::console;
use crate::executor;
use crate::explain::Turns;
use crate::farewell::{self, Farewell};
use crate::identity::Identity;
use crate::lobby::Visit;
use crate::login::{self, LoginError, Wish};
use crate::patience::Patience;
use crate::pipe::Pipe;
use crate::places::{Place, Places};
use crate::plan::Way;
use crate::reader::Reader;
use crate::reload::{Following, Running};
use crate::scram::Nobody;
use crate::sessions::{Killed, Present, Sessions};
use crate::stopping::{NextStop, Stopping};
use crate::stream::Stream;
use crate::tally::Tallies;
use crate::throttle::{Attempt, Throttle};
use crate::trail::{Desk, Trail};

/// How often a server is told to cancel what a session has left running.
const CANCELS_MAX: u32 = 5;

/// How long a server may take to end after each.
const CANCEL_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Times that a session may go on at once where its sockets have more; then the others of its thread go first.
const TURNS_MAX: u32 = 8;

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) config: Running,
    pub(crate) places: Arc<Places>,
    pub(crate) host: String,
    pub(crate) recording: Arc<Recording>,
    pub(crate) spool: Arc<Spool>,
    pub(crate) nobody: Arc<Nobody>,
    /// Where what is no session's is recorded.
    pub(crate) chronicle: Chronicle,
    pub(crate) cancel_keys: CancelKeys,
    pub(crate) catalogs: Catalogs,
    pub(crate) allowances: Allowances,
    /// Reads long texts.
    pub(crate) reader: Reader,
    /// Whose turn it is to ask what would become of statements.
    pub(crate) explains: Turns,
    pub(crate) trials: Trials,
    pub(crate) throttle: Throttle,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) approvals: Arc<Approvals>,
    pub(crate) tallies: Tallies,
    /// How often the clock was set.
    pub(crate) clock_steps: Arc<AtomicU64>,
}

/// How a client ended its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientEnd {
    /// It said goodbye.
    Terminated,
    /// It closed its connection, or its half of it.
    HungUp,
}

/// Speaks with one client until it is gone. `visit` lasts until it has logged in.
pub(crate) async fn serve(
    stream: Stream,
    mut visit: Visit,
    shared: Arc<Shared>,
    desk: Rc<Desk>,
    readings: Rc<RefCell<Readings>>,
    stopping: Stopping,
) {
    let Ok(client) = stream.peer_addr() else { return };
    let mut pipe = Pipe::new(stream);
    let config = shared.config.now();
    let wait = config.limits.client_login_timeout;
    let attempt = Attempt { throttle: &shared.throttle, limits: &config.limits, address: client.ip() };
    let wish = tokio::select! {
        // On its own, as all that is long: a session would have its room for as long as it lasts.
        wish = timeout(wait, Box::pin(login::login(&mut pipe, &config, &shared.nobody, attempt))) => {
            wish.unwrap_or_else(|_| Err(LoginError::Refused(login_too_long(wait))))
        }
        () = visit.must_leave() => Err(LoginError::Refused(login_crowded())),
        () = stopping.clone().until(Stop::WhenIdle) => Err(LoginError::Refused(shutting_down())),
    };
    let farewell = match wish {
        Ok(Wish::Cancel { pid, secret }) => {
            // The server has nothing of what waits, and would cancel what comes next.
            if shared.approvals.cancel(pid, &secret) {
                return;
            }
            return Box::pin(shared.cancel_keys.cancel(pid, &secret)).await;
        }
        Ok(Wish::Session(login)) if is_console(&config, &login.database) => {
            drop(visit);
            let answered = Box::pin(console::serve(client, login, &shared, &mut pipe));
            let answered = tokio::select! {
                answered = answered => answered,
                () = stopping.until(Stop::WhenIdle) => Err(shutting_down()),
            };
            match answered {
                Ok(()) => return,
                Err(farewell) => farewell,
            }
        }
        Ok(Wish::Session(login)) => {
            drop(visit);
            match Box::pin(open(client, login, &shared, desk)).await {
                Ok(opened) => return Box::pin(opened.run(pipe, &readings, stopping)).await,
                Err(farewell) => farewell,
            }
        }
        Err(LoginError::Refused(farewell)) => farewell,
        Err(LoginError::Gone(error)) => {
            tracing::debug!(%client, %error, "client went away while logging in");
            return;
        }
        Err(LoginError::Handshake(error)) => {
            tracing::info!(%client, %error, "no TLS with the client");
            return;
        }
    };
    tracing::info!(%client, sqlstate = farewell.sqlstate, reason = farewell.message, "connection refused");
    farewell::say(&farewell, &mut pipe).await;
}

/// Whether that is where people answer what waits for them.
fn is_console(config: &Config, database: &str) -> bool {
    config.approvals.as_ref().is_some_and(|approvals| approvals.console_database == database)
}

fn login_too_long(wait: Duration) -> Farewell {
    Farewell::new("08006", format!("no log-in within {} s", wait.as_secs()))
        .detail("Picket's limit is `client-login-timeout-secs`.")
}

/// What a client is told that cannot log in because too many others try to.
pub(crate) fn login_crowded() -> Farewell {
    Farewell::new("53300", "sorry, too many clients are logging in")
        .detail("Picket's limit is `max-login-connections`.")
}

fn shutting_down() -> Farewell {
    Farewell::new("57P03", "Picket is shutting down")
}

/// A session whose client and database are both ready.
struct Opened {
    config: Following,
    identity: Identity,
    server: Pipe,
    session: Session,
    trail: Trail,
    catalog: CatalogKeeper,
    snapshot: Arc<Snapshot>,
    reader: Reader,
    /// What the session waits for is in the catalog already.
    is_renewed: bool,
    /// Where the client comes from.
    address: SocketAddr,
    approvals: Arc<Approvals>,
    /// What the session wants somebody to approve.
    asked: Option<Box<Request>>,
    /// What it waits for.
    waiting: Waiting,
    /// What the session wants done; empty between two calls of `perform`.
    actions: Vec<Action>,
    /// Keeps the session cancellable for as long as it lives.
    key: Registered,
    cancel_keys: CancelKeys,
    _place: Place,
    /// How it came to its database.
    way: Way,
    patience: Patience,
    /// Somebody may end it.
    present: Present,
    /// Of a session that began with a token.
    token_end: Option<TokenEnd>,
    /// Of one about which the provider is asked.
    watch: Option<Watch>,
    connection_check: Option<Duration>,
    client_end: Option<ClientEnd>,
    /// When a client that hung up has waited long enough.
    alarm: Option<Pin<Box<Sleep>>>,
    /// The client is not read before the server has answered more.
    client_waits: bool,
    session_id: Uuid,
    greeting: Vec<u8>,
}

impl Opened {
    async fn run(
        mut self: Box<Self>,
        mut client: Pipe,
        readings: &Rc<RefCell<Readings>>,
        stopping: Stopping,
    ) {
        let session_id = self.session_id;
        tracing::debug!(%session_id, "session started");
        client.queue(&std::mem::take(&mut self.greeting));
        let Err(ended) = self.converse(&mut client, readings, stopping).await;
        self.waiting = None;
        // A server that has read to the end of what its client had to say closes; that is no loss.
        let ended = match (ended, self.client_end) {
            (Ended::ServerGone(_), Some(ClientEnd::Terminated)) => Ended::ClientTerminated,
            (Ended::ServerGone(error), Some(ClientEnd::HungUp)) => Ended::ClientGone(error),
            (ended, _) => ended,
        };
        let reason = ended.reason();
        let still_runs = self.session.is_owed_replies() && !matches!(ended, Ended::ServerGone(_));
        let mut lost = Vec::new();
        self.session.on_lost(&mut lost);
        let taken = lost.into_iter().try_for_each(|action| match action {
            Action::Record(evidence) => self.trail.take(&evidence),
            _ => Ok(()),
        });
        if let Err(error) = taken.and(self.trail.end(&reason)) {
            tracing::error!(%session_id, %error, "end of session not recorded");
        }
        match &ended {
            Ended::ClientTerminated
            | Ended::ClientGone(_)
            | Ended::Stopped
            | Ended::Idle(_)
            | Ended::TokenExpired
            | Ended::TokenLost(_)
            | Ended::Killed(_) => {
                tracing::debug!(%session_id, reason, "session ended");
            }
            _ => tracing::warn!(%session_id, reason, error = %daemon::with_causes(&ended), "session ended"),
        }
        if let Some(farewell) = ended.farewell()
            && self.session.may_be_told()
        {
            client.queue(&farewell.to_message());
        }
        let Opened { mut server, key, cancel_keys, _place, .. } = *self;
        let leave_server = async move {
            // A server notices that its client is gone only when it has something to say. What it has not begun yet a
            // cancel does not reach.
            for _ in 0..if still_runs { CANCELS_MAX } else { 0 } {
                // Boxed, as each session has room for what it may wait for, and most for no cancel.
                Box::pin(cancel_keys.cancel(key.key.pid, &key.key.secret)).await;
                if server.has_ended_within(CANCEL_AGAIN_AFTER).await {
                    break;
                }
            }
            drop((server, _place));
        };
        let leave_client = async move {
            if !matches!(ended, Ended::ClientGone(_)) {
                client.linger().await;
            }
        };
        tokio::join!(leave_server, leave_client);
    }

    /// Moves bytes until one side ends.
    async fn converse(
        &mut self,
        client: &mut Pipe,
        readings: &Rc<RefCell<Readings>>,
        mut stopping: Stopping,
    ) -> Result<Infallible, Ended> {
        // What came with the log-in, or with the server's start-up.
        self.client_sent(client, readings).await?;
        self.server_sent(client, readings).await?;
        let mut next_stop = NextStop::new(stopping.clone());
        let mut turns = 0;
        loop {
            if let Some(killed) = self.present.killed() {
                return Err(Ended::Killed(killed));
            }
            if self.session.obeys(stopping.now()) {
                return Err(Ended::Stopped);
            }
            if stopping.now() != Stop::No
                && let Some(ticket) = self.waiting.take()
            {
                self.take_answer(ticket.stopped());
                self.client_sent(client, readings).await?;
                continue;
            }
            // Also while there is no end of what comes.
            if self.watch.is_some()
                && let Some(lost) = poll_fn(|cx| Poll::Ready(self.poll_lost(cx))).await
            {
                self.token_is_lost(lost);
            }
            // What waits for an approval has not begun.
            let rests = self.session.resting().is_some() || self.waiting.is_some();
            if self.token_end.as_ref().is_some_and(|end| end.has_come(rests)) {
                let lost = self.token_end.as_ref().and_then(|end| end.lost);
                return Err(lost.map_or(Ended::TokenExpired, Ended::TokenLost));
            }
            self.patience.note(self.session.resting());
            // A side is read only while the other takes what comes: that is what bounds memory.
            let read_client = self.client_end.is_none()
                && self.server.is_flushed()
                && !self.client_waits
                && self.is_listened_to(client);
            let read_server = client.is_flushed();
            if read_server && self.server.is_readable() || read_client && client.is_readable() {
                turns += 1;
                if TURNS_MAX <= turns {
                    turns = 0;
                    executor::others_first().await;
                }
            } else {
                turns = 0;
                let news = poll_fn(|cx| {
                    if let Poll::Ready(ready) = self.server.poll_ready(cx, read_server) {
                        return Poll::Ready(News::Server(ready));
                    }
                    if let Poll::Ready(ready) = client.poll_ready(cx, read_client) {
                        return Poll::Ready(News::Client(ready));
                    }
                    if let Poll::Ready(answer) = held::poll(&mut self.waiting, cx) {
                        return Poll::Ready(News::Answer(answer));
                    }
                    if let Poll::Ready(resting) = self.patience.poll_runs_out(cx) {
                        return Poll::Ready(News::Idle(resting));
                    }
                    let wakes = executor::wakes();
                    if let Poll::Ready(killed) = self.present.poll_killed(wakes, cx) {
                        return Poll::Ready(News::Killed(killed));
                    }
                    if let Some(end) = &mut self.token_end
                        && end.poll_comes(rests, cx).is_ready()
                    {
                        return Poll::Ready(News::TokenEnd);
                    }
                    if self.watch.is_some()
                        && let Some(lost) = self.poll_lost(cx)
                    {
                        return Poll::Ready(News::TokenLost(lost));
                    }
                    if let Some(alarm) = &mut self.alarm
                        && alarm.as_mut().poll(cx).is_ready()
                    {
                        return Poll::Ready(News::Alarm);
                    }
                    next_stop.poll(wakes, cx).map(|()| News::Stop)
                });
                match news.await {
                    News::Server(ready) => ready.map_err(Ended::ServerGone)?,
                    News::Client(ready) => client_took(ready, self.client_end, client)?,
                    News::Killed(killed) => return Err(Ended::Killed(killed)),
                    News::Idle(resting) => return Err(Ended::Idle(resting)),
                    News::Alarm => return Err(Ended::ClientGone(io::ErrorKind::TimedOut.into())),
                    News::Answer(Answered { answer, tell }) => {
                        let is_approved = matches!(answer, Answer::Approved { .. });
                        let sequence = self.waiting.as_ref().map(|ticket| ticket.held.sequence);
                        self.take_answer(answer);
                        if is_approved {
                            // Others may have changed what it means while it waited: then it is asked about anew.
                            self.catalog.is_read_again().await;
                        }
                        self.client_sent(client, readings).await?;
                        if let (Some(tell), Some(sequence)) = (tell, sequence) {
                            // Whoever has approved it may have gone.
                            let _ = tell.send(self.has_become(sequence));
                        }
                        continue;
                    }
                    News::TokenLost(lost) => self.token_is_lost(lost),
                    // They are looked at above.
                    News::TokenEnd | News::Stop => {}
                }
            }
            self.flush(client)?;
            if client.is_flushed() && arrived(self.server.read()).map_err(Ended::ServerGone)? {
                self.server_sent(client, readings).await?;
                if self.client_waits {
                    self.client_sent(client, readings).await?;
                }
            }
            if read_client && self.server.is_flushed() {
                match client.read().map_err(Ended::ClientGone)? {
                    Some(0) => self.client_hung_up()?,
                    Some(_) if self.waiting.is_none() => self.client_sent(client, readings).await?,
                    Some(_) | None => {}
                }
            }
        }
    }

    /// Whether the provider has said that the session's token is good for nothing any more.
    fn poll_lost(&mut self, cx: &mut Context<'_>) -> Option<Lost> {
        match self.watch.as_mut()?.poll_lost(cx) {
            Poll::Ready(lost) => Some(lost),
            Poll::Pending => None,
        }
    }

    fn token_is_lost(&mut self, lost: Lost) {
        if let (Some(watch), Some(end)) = (self.watch.take(), &mut self.token_end) {
            end.comes_now(lost, watch.statement_grace());
        }
    }

    /// The client sends no more, but may read on. The server is told the same, and does with what came before as if it
    /// spoke with the client itself.
    fn client_hung_up(&mut self) -> Result<(), Ended> {
        if self.session.resting().is_some() || self.waiting.is_some() {
            return Err(Ended::ClientGone(io::ErrorKind::UnexpectedEof.into()));
        }
        self.client_end = Some(ClientEnd::HungUp);
        self.alarm = self.connection_check.map(|wait| Box::pin(tokio::time::sleep(wait)));
        self.server.close().map_err(Ended::ServerGone)
    }

    fn flush(&mut self, client: &mut Pipe) -> Result<(), Ended> {
        self.server.flush().map_err(Ended::ServerGone)?;
        let taken = client.flush();
        client_took(taken, self.client_end, client)
    }

    async fn client_sent(
        &mut self,
        client: &mut Pipe,
        readings: &Rc<RefCell<Readings>>,
    ) -> Result<(), Ended> {
        loop {
            self.catalog.renew(&mut self.snapshot);
            let is_newer = self.config.renew();
            self.identity.renew(self.config.now(), is_newer)?;
            self.session.can_ask(self.config.now().approvals.is_some());
            let Limits { long_statement_bytes, long_statement_timeout, .. } = self.config.now().limits;
            let step = {
                let mut readings = readings.borrow_mut();
                readings.read_here(long_statement_bytes);
                let seen = (self.catalog.moved(), self.session.has_own_stains());
                let mut environment = self.snapshot.environment(&self.identity, seen, &mut readings);
                self.session.on_client(client.unread(), &mut environment, &mut self.actions)
            };
            if self.session.is_leaving() {
                // The server is told too, and ends the session when it has done what came before.
                self.client_end = Some(ClientEnd::Terminated);
            }
            // Others know before it is sent.
            self.catalog.note_moved(self.session.moved_names());
            self.perform(client)?;
            self.catalog.note_waiting(self.session.is_owed_replies(), &self.snapshot);
            let step = step?;
            self.client_waits = matches!(step, Step::NeedsReplies(_));
            let (Step::More(used)
            | Step::NeedsCatalog(used)
            | Step::NeedsReading(used)
            | Step::NeedsReplies(used)
            | Step::NeedsAnswer(used)) = step;
            client.use_up(used);
            if let Some(request) = self.asked.take() {
                self.hold(&request, client)?;
                match self.waiting.is_some() {
                    true => return self.flush(client),
                    false => continue,
                }
            }
            let is_long = matches!(step, Step::NeedsReading(_));
            let wanted = if is_long { readings.borrow_mut().take_wanted() } else { None };
            if let Some(text) = wanted {
                let (text, reading) = self.reader.read(text, long_statement_timeout).await;
                readings.borrow_mut().give(text, reading);
                continue;
            }
            if !matches!(step, Step::NeedsCatalog(_)) {
                return Ok(());
            }
            let unknown = self.session.take_unknown();
            // What is new has no views yet.
            if !std::mem::take(&mut self.is_renewed) {
                self.needs_catalog(unknown).await;
            }
        }
    }

    async fn server_sent(
        &mut self,
        client: &mut Pipe,
        readings: &Rc<RefCell<Readings>>,
    ) -> Result<(), Ended> {
        loop {
            self.catalog.renew(&mut self.snapshot);
            let step = {
                let mut readings = readings.borrow_mut();
                let seen = (self.catalog.moved(), self.session.has_own_stains());
                let mut environment = self.snapshot.environment(&self.identity, seen, &mut readings);
                self.session.on_server(self.server.unread(), &mut environment, &mut self.actions)
            };
            self.catalog.note_moved(self.session.moved_names());
            self.perform(client)?;
            self.catalog.note_waiting(self.session.is_owed_replies(), &self.snapshot);
            match step? {
                Step::More(used) | Step::NeedsReplies(used) => {
                    self.server.use_up(used);
                    return Ok(());
                }
                Step::NeedsCatalog(used) | Step::NeedsAnswer(used) | Step::NeedsReading(used) => {
                    self.server.use_up(used);
                    let unknown = self.session.take_unknown();
                    self.needs_catalog(unknown).await;
                }
            }
        }
    }

    /// Waits for a catalog that shows what the session needs to know.
    async fn needs_catalog(&mut self, unknown: Option<Unknown>) {
        match unknown {
            Some(unknown) => {
                self.catalog.are_read(unknown).await;
                self.session.unknown_is_read();
            }
            None => self.catalog.is_read_again().await,
        }
    }

    /// Performs the actions in their order, records first: nothing moves unless everything that must be recorded
    /// before it is stored.
    fn perform(&mut self, client: &mut Pipe) -> Result<(), Ended> {
        for action in &self.actions {
            match action {
                Action::Record(evidence) => self.trail.take(evidence)?,
                Action::Stain(stains) => {
                    self.catalog.stain(stains)?;
                    self.is_renewed = stains.iter().all(is_of_new);
                }
                _ => {}
            }
        }
        self.trail.store()?;
        let mut run = Run::None;
        for action in self.actions.drain(..) {
            match action {
                Action::Record(_) | Action::Stain(_) => {}
                Action::ForwardToServer(range) => match &mut run {
                    Run::ToServer(run) if run.end == range.start => run.end = range.end,
                    _ => std::mem::replace(&mut run, Run::ToServer(range)).queue(&mut self.server, client),
                },
                Action::ForwardToClient(range) => match &mut run {
                    Run::ToClient(run) if run.end == range.start => run.end = range.end,
                    _ => std::mem::replace(&mut run, Run::ToClient(range)).queue(&mut self.server, client),
                },
                Action::SendToServer(bytes) => {
                    std::mem::take(&mut run).queue(&mut self.server, client);
                    self.server.queue(&bytes);
                }
                Action::SendToClient(bytes) => {
                    std::mem::take(&mut run).queue(&mut self.server, client);
                    client.queue(&bytes);
                }
                Action::Ask(request) => self.asked = Some(request),
                Action::Sighted(values) => self.catalog.saw(values),
                Action::CatalogChanged => self.catalog.refresh(),
                Action::RelationsChanged(unknown) => self.catalog.refresh_some(unknown),
                // The server has been told, and closes.
                Action::Close(CloseReason::ClientTerminated) => {}
            }
        }
        // What nothing comes behind needs no room of its own, where the socket takes it.
        match run {
            Run::None => {}
            Run::ToServer(range) => {
                self.server.send(&client.unread()[range]).map_err(Ended::ServerGone)?;
            }
            Run::ToClient(range) => {
                let taken = client.send(&self.server.unread()[range]);
                client_took(taken, self.client_end, client)?;
            }
        }
        self.flush(client)
    }
}

/// What a session waits for.
enum News {
    Server(io::Result<()>),
    Client(io::Result<()>),
    /// It has rested for too long.
    Idle(Resting),
    /// A client that hung up has waited long enough.
    Alarm,
    /// To what was asked.
    Answer(Answered),
    /// The token that it began with may have ended.
    TokenEnd,
    /// It is good for nothing any more.
    TokenLost(Lost),
    /// Somebody has ended it.
    Killed(Killed),
    Stop,
}

/// Bytes to forward that lie behind each other, whatever was recorded between them.
#[derive(Default)]
enum Run {
    #[default]
    None,
    ToServer(Range<usize>),
    ToClient(Range<usize>),
}

impl Run {
    /// Puts it behind what its side has not taken yet.
    fn queue(self, server: &mut Pipe, client: &mut Pipe) {
        match self {
            Run::None => {}
            Run::ToServer(range) => server.queue(&client.unread()[range]),
            Run::ToClient(range) => client.queue(&server.unread()[range]),
        }
    }
}

/// Whether it is about a relation that the statement makes, or a column of one, on which nothing rests yet.
fn is_of_new(stain: &Stain) -> bool {
    matches!(stain, Stain::Named(named) if named.number.is_some() || named.told.is_some())
}

/// A client that said goodbye need not wait for the answers: what it asked for is done all the same.
fn client_took(taken: io::Result<()>, end: Option<ClientEnd>, client: &mut Pipe) -> Result<(), Ended> {
    match (taken, end) {
        (Err(_), Some(ClientEnd::Terminated)) => client.give_up(),
        (taken, _) => taken.map_err(Ended::ClientGone)?,
    }
    Ok(())
}

/// Whether bytes came; their end is an error.
fn arrived(read: io::Result<Option<usize>>) -> io::Result<bool> {
    match read? {
        Some(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Some(_) => Ok(true),
        None => Ok(false),
    }
}
