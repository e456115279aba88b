//! Remembers with a socket which process asked to connect it. Only here is it sure to be the one that runs.

use aya_ebpf::helpers::{bpf_get_current_comm, bpf_get_current_pid_tgid, bpf_get_current_uid_gid};
use aya_ebpf::programs::SockAddrContext;
use ebpf_abi::{COMMAND_BYTES, Process};

use crate::{kernel, ports};

/// `SOCK_STREAM` of the kernel's `include/linux/net.h`.
const SOCK_STREAM: u32 = 1;

pub fn remember_caller(context: &SockAddrContext) {
    if kernel::socket_type(context) != SOCK_STREAM || !ports::is_watched(kernel::destination_port(context)) {
        return;
    }
    let mut process = Process {
        pid: (bpf_get_current_pid_tgid() >> 32) as u32,
        uid: bpf_get_current_uid_gid() as u32,
        cgroup_id: kernel::current_cgroup_id(),
        command: bpf_get_current_comm().unwrap_or([0; COMMAND_BYTES]),
    };
    kernel::store_process(context, &mut process);
}
