//! Asks whether a process may connect to the UNIX socket of a watched database. The kernel has found both sockets then: by which path the
//! client came to the server's does not matter.

use aya_ebpf::programs::LsmContext;

use crate::kernel::sockets::Connecting;
use crate::{act, arguments, connect, ports, unix};

/// Whether it may. What cannot be read is no database's.
pub fn asked(context: &LsmContext) -> bool {
    let connecting = Connecting::of(context);
    let Some(name) = connecting.name() else { return true };
    let Some(port) = unix::database_port(&name).filter(|port| ports::is_acted_on(*port)) else { return true };
    let mut process = connect::current();
    process.network_namespace = connecting.network_namespace();
    arguments::tell(context, &process);
    act::may_connect_unix(context, &connecting, &name, port, &process)
}
