//! Listens, hands connections to the threads that serve them, and stops in good order.

use std::cell::{Cell, RefCell};
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::net::TcpStream as StdStream;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use audit::config::ClickHouseConfig;
use audit::self_watch::SelfWatch;
use audit::spool::Spool;
use audit::writer::Writer;
use daemon::{Failure, Hangups, Kind, State, StopSignal, StopSignals, notify};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use session::{Readings, Stop};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, Handle};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use crate::admin::{self, Admin, Door};
use crate::allowances::{self, Allowances};
use crate::approvals::Approvals;
use crate::backtest::Trials;
use crate::cancel::CancelKeys;
use crate::catalog::Chronicle;
use crate::catalogs::Catalogs;
use crate::config::Config;
use crate::connection::{self, Shared};
use crate::executor::{self, Executor};
use crate::explain::Turns;
use crate::farewell;
use crate::links::Links;
use crate::lobby::{Lobby, Visit};
use crate::pipe::Pipe;
use crate::reader::Reader;
use crate::reload::Running;
use crate::scram::Nobody;
use crate::stopping::Stopping;
use crate::stream::{Stream, send_at_once};
use crate::tally::Tallies;
use crate::throttle::Throttle;
use crate::trail::Desk;

/// Connections that may wait for one thread to take them.
const ACCEPTED_MAX: usize = 256;

/// How long sessions may take to say goodbye when the proxy stops.
const GOODBYE_WAIT: Duration = Duration::from_secs(10);

/// How long a thread may take to end when its sessions have had their time to say goodbye.
const THREAD_WAIT: Duration = Duration::from_secs(5);

/// Connections that may be told at once that too many others are logging in; more are closed without a word.
const TURNED_AWAY_MAX: usize = 64;

/// Files that the proxy has open beside those of connections.
const FILES_BESIDE: usize = 64;

/// What a thread needs beside what reading a statement may take.
const THREAD_STACK_BYTES: usize = 2 << 20;

/// Runs the proxy until it is told to stop. `config` was read from `path`, and is read from there again.
pub(crate) fn serve(path: PathBuf, config: Config) -> Result<(), Failure> {
    let main = runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    // The ledger's writer is not `Send`.
    let ended = LocalSet::new().block_on(&main, run(path, config));
    // A configuration that is read again, and does not answer, is not waited for.
    main.shutdown_background();
    ended
}

async fn run(path: PathBuf, config: Config) -> Result<(), Failure> {
    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        let mend = match error.kind() {
            ErrorKind::AddrInUse => "stop what listens there, or change `listen`",
            _ => "give `listen` an address of this host and a port that this user may open",
        };
        Kind::Unavailable.says(format!("cannot listen on {}: {error}; {mend}", config.listen))
    })?;
    let address = listener.local_addr().context("ask for the listening address")?;
    let admin = match &config.admin {
        Some(admin) => Some(admin::bind(admin).await.map_err(|error| {
            let what = "stop what listens there, or change `admin.listen`";
            Kind::Unavailable.says(format!("cannot listen on {}: {error}; {what}", admin.listen))
        })?),
        None => None,
    };
    let spool = Spool::open(&config.spool).map_err(|error| Kind::Unavailable.because(error))?;
    let spool = Arc::new(spool);
    let recording =
        config.record.recording(&config.spool.dir).map_err(|error| Kind::Unavailable.because(error))?;
    if let Some(path) = &config.pid_file {
        write_pid(path)?;
    }
    let (stop_writer, writer_stops) = oneshot::channel::<()>();
    let (clickhouse, its_changes) = watch::channel(config.clickhouse.clone());
    let writer = Writer::new(Arc::clone(&spool), config.clickhouse.clone()).reconfigured_by(its_changes);
    let progress = writer.progress();
    let writer = tokio::task::spawn_local(writer.run(async {
        let _ = writer_stops.await;
    }));
    raise_files_max(&config);
    let (ask, stopping) = Stopping::new();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let chronicle = Chronicle { spool: Arc::clone(&spool), host: host.clone() };
    let self_watch = SelfWatch::new(&host, Arc::clone(&spool));
    let shared = Arc::new(Shared {
        clock_steps: self_watch.clock_steps(),
        approvals: Approvals::new(
            host.clone(),
            Arc::clone(&spool),
            Links::new().context("draw random numbers")?,
        ),
        host,
        recording,
        spool,
        nobody: Arc::new(Nobody::new().context("draw random numbers")?),
        cancel_keys: CancelKeys::new(chronicle.clone()),
        places: Arc::default(),
        catalogs: Catalogs::new(Handle::current(), chronicle.clone(), config.spool.dir.join("sensitive")),
        chronicle,
        allowances: Allowances::default(),
        reader: Reader::start().context("start threads that read")?,
        explains: Turns::default(),
        trials: Trials::default(),
        throttle: Throttle::default(),
        sessions: Arc::default(),
        tallies: Tallies::default(),
        config: Running::new(path, config),
    });
    start_provider(&shared.config.now());
    tell_of_requests(&shared, &shared.config.now());
    let threads = Threads::start(&shared, &stopping)?;
    let admin = match admin {
        Some(listener) => {
            let door = Door::new(Arc::clone(&shared), stopping.clone(), progress);
            Some(Admin::start(listener, door)?)
        }
        None => None,
    };
    let mut signals = StopSignals::listen().context("listen for signals")?;
    let mut hangups = Hangups::listen().context("listen for signals")?;
    let config = shared.config.now();
    daemon::say_ready(&format!("listening on {address}"));
    tracing::info!(%address, upstreams = ?config.upstreams.values(), "listening");
    drop(config);
    let signal = tokio::select! {
        signal = signals.stopped() => signal,
        () = accept(&listener, &threads, &shared) => StopSignal::Terminate,
        () = reload_when_asked(&mut hangups, &shared, &clickhouse) => StopSignal::Terminate,
        () = allowances::refill(&shared) => StopSignal::Terminate,
        () = self_watch.run() => StopSignal::Terminate,
    };
    drop(listener);
    let mut ended = std::pin::pin!(threads.join());
    let is_over = signal == StopSignal::Terminate && {
        ask.send_replace(Stop::WhenIdle);
        tokio::select! {
            () = &mut ended => true,
            () = sleep(shared.config.now().shutdown_wait) => {
                tracing::warn!("`shutdown-wait-secs` are over: the sessions that are left are ended");
                false
            }
            _ = signals.stopped() => false,
        }
    };
    if !is_over {
        ask.send_replace(Stop::Now);
        // What is recorded must still be shipped, whatever a thread is at.
        if timeout(GOODBYE_WAIT + THREAD_WAIT, ended).await.is_err() {
            tracing::error!("a thread did not end");
        }
    }
    drop(admin);
    let approvals = Arc::clone(&shared.approvals);
    let _ = tokio::task::spawn_blocking(move || approvals.events.notices.stop()).await;
    if let Some(path) = &shared.config.now().pid_file {
        let _ = std::fs::remove_file(path);
    }
    let _ = stop_writer.send(());
    match writer.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Kind::Failed.because(error)),
        Err(error) => Err(Kind::Failed.because(error)),
    }
}

/// Reads the configuration again at each SIGHUP, for as long as it runs.
async fn reload_when_asked(
    hangups: &mut Hangups,
    shared: &Shared,
    clickhouse: &watch::Sender<ClickHouseConfig>,
) {
    loop {
        hangups.received().await;
        notify(State::Reloading);
        if let Some(config) = shared.config.reload().await {
            raise_files_max(&config);
            shared.catalogs.follow(&config);
            start_provider(&config);
            tell_of_requests(shared, &config);
            clickhouse.send_if_modified(|known| {
                let is_new = *known != config.clickhouse;
                known.clone_from(&config.clickhouse);
                is_new
            });
        }
        notify(State::Ready);
    }
}

/// Has the identity provider's keys fetched before the first who needs them comes.
fn start_provider(config: &Config) {
    if let Some(provider) = &config.oidc {
        provider.start();
    }
}

/// Has those told of requests who are to be.
fn tell_of_requests(shared: &Shared, config: &Config) {
    let webhooks = config.approvals.as_ref().map(|approvals| Arc::clone(&approvals.webhooks));
    shared.approvals.events.notices.follow(&webhooks.unwrap_or_default());
}

/// Accepts connections for as long as it runs.
async fn accept(listener: &TcpListener, threads: &Threads, shared: &Arc<Shared>) {
    let lobby = Arc::<Lobby>::default();
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: wait for some to come back.
                tracing::error!(%error, "connection not accepted");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let config = shared.config.now();
        let _ = send_at_once(&stream, peer);
        if let Err(error) = config.keepalive.apply(&stream) {
            tracing::debug!(%error, "client's connection without keep-alive");
        }
        match lobby.enter(config.limits.max_login_connections, Instant::now()) {
            Some(visit) => threads.give(stream, visit).await,
            None => {
                tracing::warn!("connection turned away: `max-login-connections` are logging in");
                turn_away(stream, &turned_away);
            }
        }
    }
}

fn turn_away(stream: TcpStream, turned_away: &Arc<Semaphore>) {
    if let Ok(permit) = Arc::clone(turned_away).try_acquire_owned() {
        tokio::spawn(async move {
            farewell::say(&connection::login_crowded(), &mut Pipe::new(Stream::Tokio(stream))).await;
            drop(permit);
        });
    }
}

/// Lets this process open as many files as its connections may need, as far as it may: a session has two sockets.
fn raise_files_max(config: &Config) {
    let limits = &config.limits;
    let admin = config.admin.as_ref().map_or(0, |_| admin::CONNECTIONS_MAX);
    let wanted = 2 * limits.max_connections + limits.max_login_connections + admin + FILES_BESIDE;
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| wanted <= current) {
        return;
    }
    let most = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum }).is_err() || most < wanted {
        tracing::warn!(
            wanted,
            most,
            "too few open files are allowed for `max-connections`; raise LimitNOFILE"
        );
    }
}

/// The threads that serve connections. A connection stays on its thread.
struct Threads {
    accepted: Vec<mpsc::Sender<Accepted>>,
    handles: Vec<thread::JoinHandle<()>>,
    next: Cell<usize>,
}

/// A connection on its way to its thread.
type Accepted = (StdStream, Visit);

impl Threads {
    fn start(shared: &Arc<Shared>, stopping: &Stopping) -> Result<Self, Failure> {
        let mut threads = Threads { accepted: Vec::new(), handles: Vec::new(), next: Cell::new(0) };
        for number in 0..shared.config.now().threads {
            let (sender, receiver) = mpsc::channel(ACCEPTED_MAX);
            let (elsewhere, shared, stopping) = (Handle::current(), Arc::clone(shared), stopping.clone());
            let handle = thread::Builder::new()
                .name(format!("sessions-{number}"))
                // Statements are read on this thread; only touched pages of the stack take memory.
                .stack_size(sql::READ_STACK_BYTES + THREAD_STACK_BYTES)
                .spawn(move || {
                    if let Err(error) = serve_thread(&elsewhere, receiver, &shared, &stopping) {
                        tracing::error!(%error, "a thread serves no connections");
                    }
                })
                .context("start a thread")?;
            threads.accepted.push(sender);
            threads.handles.push(handle);
        }
        Ok(threads)
    }

    /// Gives a connection to the next thread that takes it; waits where none does at once.
    async fn give(&self, stream: TcpStream, visit: Visit) {
        let Ok(stream) = stream.into_std() else { return };
        let mut accepted = (stream, visit);
        for _ in &self.accepted {
            let thread = self.next.get();
            self.next.set((thread + 1) % self.accepted.len());
            match self.accepted[thread].try_send(accepted) {
                Ok(()) => return,
                Err(TrySendError::Full(back) | TrySendError::Closed(back)) => accepted = back,
            }
        }
        let _ = self.accepted[self.next.get()].send(accepted).await;
    }

    /// Waits until every session has ended.
    async fn join(self) {
        drop(self.accepted);
        let joined = tokio::task::spawn_blocking(move || {
            for handle in self.handles {
                if handle.join().is_err() {
                    tracing::error!("a thread panicked");
                }
            }
        });
        let _ = joined.await;
    }
}

fn serve_thread(
    elsewhere: &Handle,
    mut accepted: mpsc::Receiver<Accepted>,
    shared: &Arc<Shared>,
    stopping: &Stopping,
) -> io::Result<()> {
    // Timers and names are looked after there.
    let _elsewhere = elsewhere.enter();
    let mut executor = Executor::new()?;
    let readings = Rc::new(RefCell::new(Readings::recorded(Arc::clone(&shared.recording))));
    let desk = Desk::new(Arc::clone(&shared.spool), shared.tallies.open());
    executor.block_on(async {
        while let Some((stream, visit)) = accepted.recv().await {
            let (shared, readings, stopping) = (Arc::clone(shared), Rc::clone(&readings), stopping.clone());
            let desk = Rc::clone(&desk);
            executor::spawn(async move {
                match Stream::accepted(stream) {
                    Ok(stream) => connection::serve(stream, visit, shared, desk, readings, stopping).await,
                    Err(error) => tracing::error!(%error, "connection not served"),
                }
            });
        }
    });
    // No new ones come; those that are left know that they shall end, and when.
    executor.block_on(async {
        tokio::select! {
            () = executor::all_have_ended() => {}
            () = async {
                stopping.clone().until(Stop::Now).await;
                sleep(GOODBYE_WAIT).await;
            } => tracing::warn!("sessions were closed before they had said goodbye"),
        }
    });
    Ok(())
}

/// Writes this process's id for those who must recognise it. It is there before the first connection is, and only
/// its owner may change it.
fn write_pid(path: &Path) -> Result<(), Failure> {
    let unavailable = |error: std::io::Error| {
        let mend = "choose another path, or give this user the right to write there";
        Kind::Unavailable.says(format!("cannot write `pid-file` {}: {error}; {mend}", path.display()))
    };
    // A folder such as /run/picket is gone after every start of the host.
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(unavailable)?;
    }
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new();
    file.write(true).create(true).truncate(true).mode(0o644);
    let written = file.open(&temporary).and_then(|mut file| writeln!(file, "{}", std::process::id()));
    written.map_err(unavailable)?;
    std::fs::rename(&temporary, path).map_err(unavailable)
}
