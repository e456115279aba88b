//! Remembers with a socket which process asked to connect it. Only here is it sure to be the one that runs.

use aya_ebpf::helpers::{bpf_get_current_comm, bpf_get_current_pid_tgid, bpf_get_current_uid_gid};
use aya_ebpf::programs::SockAddrContext;
use ebpf_abi::{COMMAND_BYTES, Endpoint, Process};

use crate::{act, arguments, kernel, ports};

/// `SOCK_STREAM` of the kernel's `include/linux/net.h`.
const SOCK_STREAM: u32 = 1;

/// Whether it may go on. `destination` reads where to.
pub fn asked(context: &SockAddrContext, destination: impl Fn(&SockAddrContext) -> Endpoint) -> bool {
    if kernel::socket_type(context) != SOCK_STREAM || !ports::is_watched(kernel::destination_port(context)) {
        return true;
    }
    let mut process = Process::UNKNOWN;
    // Of a further path of a connection its process was asked at the first one.
    if !kernel::take_process_of_first_path(context, &mut process) {
        process = current();
        process.network_namespace = kernel::connecting_namespace(context);
        arguments::tell(context, &process);
        if !act::may_connect(context, destination(context), &process) {
            return false;
        }
    }
    kernel::store_process(context, &mut process);
    true
}

/// The process that runs. In which network namespace its socket is tells the socket.
pub fn current() -> Process {
    let mut process = Process {
        pid: (bpf_get_current_pid_tgid() >> 32) as u32,
        uid: bpf_get_current_uid_gid() as u32,
        cgroup_id: kernel::current_cgroup_id(),
        command: bpf_get_current_comm().unwrap_or([0; COMMAND_BYTES]),
        ..Process::UNKNOWN
    };
    kernel::task::describe(&mut process);
    process
}
