//! Connects to itself once before the agent says that it watches: programs that are attached need not see anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
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

/// Those of the running kernel, in its order.
const SECURITY_MODULES: &str = "/sys/kernel/security/lsm";

#[derive(Debug, Error)]
pub(crate) enum SelfTestError {
    #[error("self-test: cannot watch a port: {0}")]
    Port(#[source] LoadError),
    #[error("self-test: cannot connect over loopback: {0}")]
    Connect(#[source] std::io::Error),
    #[error("self-test: cannot connect over a UNIX socket: {0}")]
    ConnectUnix(#[source] std::io::Error),
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
        idle: Vec::new(),
    };
    kernel.take_orders(Orders::new(&config, &[]), cgroup_mount).map_err(SelfTestError::Orders)?;
    kernel.renew(&BTreeMap::new(), Clock.now(), Clock.now_boot_ns()).map_err(SelfTestError::Orders)?;
    kernel.watch_port(address.port()).map_err(SelfTestError::Port)?;
    let refused = TcpStream::connect(address).map(drop).map_err(|error| error.kind());
    // Where the first is not, this process is in no cgroup that is watched: nothing follows from the second.
    if refused == Err(ErrorKind::PermissionDenied) {
        refuses_unix(kernel, address.port()).map_err(SelfTestError::ConnectUnix)?;
    }
    kernel.lift().map_err(SelfTestError::Orders)?;
    kernel.forget_port(address.port()).map_err(SelfTestError::Port)?;
    // What was told of it is none of the records.
    while kernel.next_event().is_some() {}
    kernel.forget_denied().map_err(SelfTestError::Orders)?;
    if refused == Err(ErrorKind::PermissionDenied) { Ok(()) } else { Err(SelfTestError::NotRefused) }
}

/// Asks for one that must be refused over a UNIX socket. Where it is not, the kernel asks no such programs.
fn refuses_unix(kernel: &mut Kernel, port: u16) -> io::Result<()> {
    if kernel.unix_unrefused().is_some() {
        return Ok(());
    }
    // In no file system, so that nothing is left of it.
    let name =
        SocketAddr::from_abstract_name(format!("picket-agent-{}/.s.PGSQL.{port}", std::process::id()))?;
    let _listener = UnixListener::bind_addr(&name)?;
    match UnixStream::connect_addr(&name) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
        _ => kernel.cannot_refuse_unix(asks_no_programs()),
    }
    Ok(())
}

/// Why the kernel does not, as far as it says which security modules it has.
fn asks_no_programs() -> String {
    let modules = fs::read_to_string(SECURITY_MODULES).unwrap_or_default();
    let modules = modules.trim_end();
    if modules.is_empty() || modules.split(',').any(|module| module == "bpf") {
        return "the kernel did not ask the program `connect_unix`; `bpf` must be among its security modules"
            .to_owned();
    }
    format!("`bpf` is not among the kernel's security modules; boot it with `lsm={modules},bpf`")
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
