//! Listens, hands connections to the threads that serve them, and stops in good order.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::net::TcpStream as StdStream;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use audit::spool::Spool;
use audit::writer::Writer;
use daemon::{Failure, Kind, StopSignals};
use session::Readings;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::LocalSet;
use tokio::time::timeout;

use crate::cancel::CancelKeys;
use crate::catalog::CatalogKeeper;
use crate::config::Config;
use crate::connection::{self, Shared};
use crate::farewell::Farewell;
use crate::scram::Nobody;
use crate::trail::Desk;

/// Connections that may wait for one thread to take them.
const ACCEPTED_MAX: usize = 256;

/// How long sessions may take to end when the proxy stops.
const DRAIN_WAIT: Duration = Duration::from_secs(10);

/// What a thread needs beside what reading a statement may take.
const THREAD_STACK_BYTES: usize = 2 << 20;

/// Runs the proxy until it is told to stop.
pub(crate) fn serve(config: Config) -> Result<(), Failure> {
    let main = runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    // The ledger's writer is not `Send`.
    LocalSet::new().block_on(&main, run(config))
}

async fn run(config: Config) -> Result<(), Failure> {
    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        let mend = match error.kind() {
            ErrorKind::AddrInUse => "stop what listens there, or change `listen`",
            _ => "give `listen` an address of this host and a port that this user may open",
        };
        Kind::Unavailable.says(format!("cannot listen on {}: {error}; {mend}", config.listen))
    })?;
    let address = listener.local_addr().context("ask for the listening address")?;
    let spool = Spool::open(&config.spool).map_err(|error| Kind::Unavailable.because(error))?;
    let spool = Arc::new(spool);
    if let Some(path) = &config.pid_file {
        write_pid(path)?;
    }
    let (stop_writer, writer_stops) = oneshot::channel::<()>();
    let writer = Writer::new(Arc::clone(&spool), config.clickhouse.clone());
    let writer = tokio::task::spawn_local(writer.run(async {
        let _ = writer_stops.await;
    }));
    let mut catalogs = HashMap::new();
    for upstream in config.upstreams.values() {
        let (keeper, task) = CatalogKeeper::start(upstream.clone());
        catalogs.insert(upstream.database.clone(), keeper);
        tokio::spawn(task);
    }
    let (stop, stops) = watch::channel(false);
    let shared = Arc::new(Shared {
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        spool,
        nobody: Arc::new(Nobody::new().context("draw random numbers")?),
        cancel_keys: CancelKeys::default(),
        catalogs,
        config,
    });
    let threads = Threads::start(&shared, &stops)?;
    daemon::say_ready(&format!("listening on {address}"));
    tracing::info!(%address, upstreams = ?shared.config.upstreams.values(), "listening");
    accept(&listener, &threads, &shared).await?;
    drop(listener);
    stop.send_replace(true);
    threads.join().await;
    if let Some(path) = &shared.config.pid_file {
        let _ = std::fs::remove_file(path);
    }
    let _ = stop_writer.send(());
    match writer.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Kind::Failed.because(error)),
        Err(error) => Err(Kind::Failed.because(error)),
    }
}

/// Accepts connections until a signal says stop.
async fn accept(listener: &TcpListener, threads: &Threads, shared: &Arc<Shared>) -> Result<(), Failure> {
    let mut signals = StopSignals::listen().context("listen for signals")?;
    loop {
        let stream = tokio::select! {
            () = signals.stopped() => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to come back.
                    tracing::error!(%error, "connection not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        if shared.config.max_connections <= threads.connections() {
            tokio::spawn(turn_away(stream));
            continue;
        }
        let _ = stream.set_nodelay(true);
        threads.give(stream).await;
    }
}

async fn turn_away(mut stream: TcpStream) {
    let farewell =
        Farewell::new("53300", "sorry, too many clients already").detail("The limit is `max-connections`.");
    let _ = timeout(Duration::from_secs(5), stream.write_all(&farewell.to_message())).await;
}

/// The threads that serve connections, one per core. A connection stays on its thread.
struct Threads {
    accepted: Vec<mpsc::Sender<StdStream>>,
    handles: Vec<thread::JoinHandle<()>>,
    next: AtomicUsize,
    connections: Arc<AtomicUsize>,
}

impl Threads {
    fn start(shared: &Arc<Shared>, stops: &watch::Receiver<bool>) -> Result<Self, Failure> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let mut threads = Threads {
            accepted: Vec::new(),
            handles: Vec::new(),
            next: AtomicUsize::new(0),
            connections: Arc::default(),
        };
        for core in 0..cores {
            let (sender, receiver) = mpsc::channel(ACCEPTED_MAX);
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context("start a thread's runtime")?;
            let (shared, stops) = (Arc::clone(shared), stops.clone());
            let connections = Arc::clone(&threads.connections);
            let handle = thread::Builder::new()
                .name(format!("sessions-{core}"))
                // Statements are read on this thread; only touched pages of the stack take memory.
                .stack_size(sql::READ_STACK_BYTES + THREAD_STACK_BYTES)
                .spawn(move || serve_thread(&runtime, receiver, &shared, &stops, &connections))
                .context("start a thread")?;
            threads.accepted.push(sender);
            threads.handles.push(handle);
        }
        Ok(threads)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    async fn give(&self, stream: TcpStream) {
        let thread = self.next.fetch_add(1, Ordering::Relaxed) % self.accepted.len();
        let Ok(stream) = stream.into_std() else { return };
        self.connections.fetch_add(1, Ordering::Relaxed);
        if self.accepted[thread].send(stream).await.is_err() {
            self.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Waits until every session has ended, for a bounded time.
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
    runtime: &Runtime,
    mut accepted: mpsc::Receiver<StdStream>,
    shared: &Arc<Shared>,
    stops: &watch::Receiver<bool>,
    connections: &Arc<AtomicUsize>,
) {
    let readings = Rc::new(RefCell::new(Readings::default()));
    let desk = Desk::new(Arc::clone(&shared.spool));
    let sessions = LocalSet::new();
    let ends = Rc::clone(&desk);
    let ends = sessions.spawn_local(async move { ends.store_ends().await });
    sessions.block_on(runtime, async {
        while let Some(stream) = accepted.recv().await {
            let (shared, readings, stops) = (Arc::clone(shared), Rc::clone(&readings), stops.clone());
            let (connections, desk) = (Arc::clone(connections), Rc::clone(&desk));
            tokio::task::spawn_local(async move {
                match TcpStream::from_std(stream) {
                    Ok(stream) => connection::serve(stream, shared, desk, readings, stops).await,
                    Err(error) => tracing::error!(%error, "connection not served"),
                }
                connections.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    ends.abort();
    // What is left has been told to stop.
    let _ = runtime.block_on(async { timeout(DRAIN_WAIT, sessions).await });
    desk.close();
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
