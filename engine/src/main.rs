//! picket-engine: ClickHouse behind its own HTTP interface, on this host, for the data of one directory. It starts and
//! ends here; the rooms are listed below in the order of a request.

mod args;
mod home;
mod library;
mod sandbox;

mod blocks;
mod door;
mod fault;
mod gate;
mod insert;
mod job;
mod outlet;
mod reply;
mod request;
mod select;
mod server;
mod tokens;
mod upload;

mod chdb;
mod engine;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use daemon::{Failure, Kind, StopSignals};

use crate::args::Args;
use crate::door::Door;
use crate::engine::Engine;
use crate::home::Home;

/// Threads that wait for the engine: statements that run, and those that end others.
const BLOCKING_THREADS_MAX: usize = 2 * door::RUNNING_MAX as usize;
const ASYNC_THREADS: usize = 2;

fn main() {
    let args = Args::parse();
    let ended = daemon::log_to_stderr().and_then(|()| run(args));
    chdb::leave(daemon::tell("picket-engine", ended));
}

fn run(args: Args) -> Result<(), Failure> {
    let home = Home::open(&args.data_dir, args.read_only)?;
    let listener = listen(args.listen)?;
    // The engine may signal its whole process group. A leader of a group has one of its own already.
    if let Err(error) = rustix::process::setsid() {
        tracing::debug!(%error, "no session of its own");
    }
    let chdb = library::load(args.engine_lib)?;
    sandbox::shut_in(home.dir());
    // The base connection keeps the engine running.
    let (engine, base) = Engine::start(chdb, &home).map_err(|error| {
        Kind::Failed.says(format!("start the engine on `{}`: {error}", home.dir().display()))
    })?;
    tracing::info!(version = engine.facts().version, data_dir = %home.dir().display(), "engine started");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(ASYNC_THREADS)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(serve(listener, engine))?;
    runtime.shutdown_background();
    drop(base);
    tracing::info!("engine stopped");
    Ok(())
}

async fn serve(listener: TcpListener, engine: Engine) -> Result<(), Failure> {
    let mut signals = StopSignals::listen().context("listen for signals")?;
    listener.set_nonblocking(true).context("prepare the listener")?;
    let address = listener.local_addr().context("read the listener's address")?;
    let listener = tokio::net::TcpListener::from_std(listener).context("prepare the listener")?;
    daemon::say_ready(&format!("listening on http://{address}"));
    let door = Arc::new(Door::new(engine));
    server::serve(listener, door, async { _ = signals.stopped().await }).await;
    Ok(())
}

fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| {
        let (kind, mend) = match error.kind() {
            io::ErrorKind::PermissionDenied => (Kind::NoRights, "give a port above 1023"),
            io::ErrorKind::AddrInUse => {
                (Kind::Unavailable, "stop what listens there or give another --listen")
            }
            _ => (Kind::Unavailable, "give another --listen"),
        };
        kind.says(format!("listen on {address}: {error}; {mend}"))
    })
}
