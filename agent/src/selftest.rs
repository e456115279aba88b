//! Connects to itself once before the agent says that it watches: programs that are attached need not see anything.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ebpf_abi::{Mode, Side};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use crate::act::orders::Orders;
use crate::config::ActConfig;
use crate::event::Event;
use crate::load::{Kernel, LoadError};
use crate::moment::Clock;

const WAIT: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(2);

#[derive(Debug, Error)]
pub(crate) enum SelfTestError {
    #[error("self-test: cannot watch a port: {0}")]
    Port(#[source] LoadError),
    #[error("self-test: cannot connect over loopback: {0}")]
    Connect(#[source] std::io::Error),
    #[error(
        "self-test: the kernel programs did not tell of a connection (waited {} s); check that `cgroup` is the root \
         of the host's hierarchy",
        WAIT.as_secs()
    )]
    Untold,
    #[error(
        "self-test: the kernel calls this process {told}, not {pid}: no proxy can be proven by its pid; run the agent \
         in the host's pid namespace"
    )]
    OtherPid { told: u32, pid: u32 },
    #[error("self-test: cannot tell the kernel programs whom to refuse: {0}")]
    Orders(#[source] LoadError),
    #[error(
        "self-test: the kernel programs did not refuse a connection; check that `cgroup` is the root of the host's hierarchy, \
         or set `act.mode` to `alert`"
    )]
    NotRefused,
}

/// No other port may be watched yet: all events are taken as the test's, and none is recorded.
pub(crate) async fn run(kernel: &mut Kernel) -> Result<(), SelfTestError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(SelfTestError::Connect)?;
    let address = listener.local_addr().map_err(SelfTestError::Connect)?;
    kernel.watch_port(address.port()).map_err(SelfTestError::Port)?;
    let told = match TcpStream::connect(address) {
        Ok(client) => {
            let told = told(kernel, client.local_addr().map_err(SelfTestError::Connect)?.port()).await;
            drop(client);
            told
        }
        Err(error) => Err(SelfTestError::Connect(error)),
    };
    kernel.forget_port(address.port()).map_err(SelfTestError::Port)?;
    let (told, pid) = (told?, std::process::id());
    if told != pid { Err(SelfTestError::OtherPid { told, pid }) } else { Ok(()) }
}

/// Asks for one connection that must be refused. No port may be watched yet.
pub(crate) fn refuses(kernel: &mut Kernel, cgroup_mount: &Path) -> Result<(), SelfTestError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(SelfTestError::Connect)?;
    let address = listener.local_addr().map_err(SelfTestError::Connect)?;
    let config = ActConfig {
        mode: Mode::Deny,
        outgoing: false,
        remote: false,
        keeps: false,
        pin_dir: PathBuf::new(),
        ports: BTreeSet::from([address.port()]),
    };
    kernel.take_orders(Orders::new(&config, &[]), cgroup_mount).map_err(SelfTestError::Orders)?;
    kernel.renew(&BTreeSet::new(), Clock.now(), Clock.now_boot_ns()).map_err(SelfTestError::Orders)?;
    kernel.watch_port(address.port()).map_err(SelfTestError::Port)?;
    let refused = TcpStream::connect(address).map(drop).map_err(|error| error.kind());
    kernel.lift().map_err(SelfTestError::Orders)?;
    kernel.forget_port(address.port()).map_err(SelfTestError::Port)?;
    // What was told of it is none of the records.
    while kernel.next_event().is_some() {}
    kernel.forget_denied().map_err(SelfTestError::Orders)?;
    if refused == Err(ErrorKind::PermissionDenied) { Ok(()) } else { Err(SelfTestError::NotRefused) }
}

/// Waits until both ends are told, and returns the client's process.
async fn told(kernel: &mut Kernel, client_port: u16) -> Result<u32, SelfTestError> {
    let (deadline, mut client, mut server) = (Instant::now() + WAIT, None, false);
    loop {
        while let Some(event) = kernel.next_event() {
            let Ok(Event::Opened(opened)) = event else { continue };
            match opened.side {
                Side::Client if opened.local.port == client_port => client = Some(opened.process.pid),
                Side::Server if opened.remote.port == client_port => server = true,
                Side::Client | Side::Server => {}
            }
        }
        match client {
            Some(pid) if server => return Ok(pid),
            _ if deadline <= Instant::now() => return Err(SelfTestError::Untold),
            _ => sleep(LOOK_AGAIN).await,
        }
    }
}
