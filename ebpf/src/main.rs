//! Kernel programs that tell of each connection to a watched database: who asked for it, when it opened and closed,
//! and between which addresses, or over which UNIX socket, and what its client says first. They judge nothing and hold nothing up, unless the agent is told
//! to refuse connections around the proxy.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod act;
mod arguments;
mod cgroups;
mod closed;
mod connect;
mod connect_unix;
mod kernel;
mod opened;
mod ports;
mod remote;
mod ring;
mod startup;
mod unix;
mod unix_bytes;
mod unix_closed;

use aya_ebpf::bindings::{
    BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB, BPF_SOCK_OPS_STATE_CB,
    BPF_SOCK_OPS_TCP_CONNECT_CB, BPF_SOCK_OPS_TCP_LISTEN_CB,
};
use aya_ebpf::macros::{
    btf_tracepoint, cgroup_skb, cgroup_sock_addr, fentry, fexit, lsm_cgroup, sk_lookup, sock_ops,
};
use aya_ebpf::programs::{
    BtfTracePointContext, FEntryContext, FExitContext, LsmContext, SkBuffContext, SkLookupContext,
    SockAddrContext, SockOpsContext,
};
use ebpf_abi::{Counter, Side};

use crate::kernel::sockets;

/// A `connect` goes on …
const ALLOW: i32 = 1;
/// … or fails with EPERM.
const DENY: i32 = 0;

/// A client on another host is let in …
const PASS: u32 = 1;
/// … or told that nobody listens (`SK_PASS` and `SK_DROP` of the kernel's `include/uapi/linux/bpf.h`).
const DROP: u32 = 0;

/// Each packet goes on to its socket.
const KEEP: i32 = 1;

/// What a sock_ops program returns where it has no answer of its own.
const DONE: u32 = 1;

#[cgroup_sock_addr(connect4)]
pub fn connect4(context: SockAddrContext) -> i32 {
    answer(connect::asked(&context, kernel::destination_v4))
}

/// IPv4 addresses that are mapped into IPv6 come here too.
#[cgroup_sock_addr(connect6)]
pub fn connect6(context: SockAddrContext) -> i32 {
    answer(connect::asked(&context, kernel::destination_v6))
}

/// Called within a `connect` to a UNIX socket, once the kernel has found which socket that is.
#[lsm_cgroup(hook = "unix_stream_connect")]
pub fn connect_unix(context: LsmContext) -> i32 {
    answer(connect_unix::asked(&context))
}

fn answer(may_connect: bool) -> i32 {
    if may_connect { ALLOW } else { DENY }
}

#[sock_ops]
pub fn connections(context: SockOpsContext) -> u32 {
    match context.op() {
        BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB => opened::opened(&context, Side::Client),
        BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB => opened::opened(&context, Side::Server),
        BPF_SOCK_OPS_TCP_CONNECT_CB => act::leaves(&context),
        BPF_SOCK_OPS_STATE_CB => closed::closed(&context),
        // The agent looks who it is.
        BPF_SOCK_OPS_TCP_LISTEN_CB => ring::count(Counter::Listens),
        _ => {}
    }
    DONE
}

/// Called for the first packet of a connection, before anybody looks who listens.
#[sk_lookup]
pub fn remote_clients(context: SkLookupContext) -> u32 {
    if remote::asked(&context) { PASS } else { DROP }
}

/// Called for each packet that comes to a socket over IP.
#[cgroup_skb]
pub fn startup_messages(context: SkBuffContext) -> i32 {
    startup::packet(&context);
    KEEP
}

/// Called whenever data comes to a socket, whichever kind it is of, in the task that sent it where that is on this host.
#[btf_tracepoint(function = "sk_data_ready")]
pub fn unix_connections(context: BtfTracePointContext) -> i32 {
    unix::data_ready(&context, sockets::reader(&context));
    0
}

/// The same where the kernel has no such tracepoint: the function that tells whoever reads from a socket.
#[fentry(function = "sock_def_readable")]
pub fn unix_readable(context: FEntryContext) -> i32 {
    unix::data_ready(&context, sockets::readable(&context));
    0
}

/// Called whenever a process has received something from a UNIX socket of a stream, or failed to.
#[fexit(function = "unix_stream_recvmsg")]
pub fn unix_recvmsg(context: FExitContext) -> i32 {
    unix_bytes::received(sockets::of_file(&context), context.arg(4), context.arg(3));
    0
}

/// The same of what it has sent.
#[fexit(function = "unix_stream_sendmsg")]
pub fn unix_sendmsg(context: FExitContext) -> i32 {
    unix_bytes::sent(sockets::of_file(&context), context.arg(3));
    0
}

/// Called whenever a process has received something from a socket, whichever kind it is of, or failed to: where a kernel lets no program be called at its
/// functions.
#[btf_tracepoint(function = "sock_recv_length")]
pub fn unix_received(context: BtfTracePointContext) -> i32 {
    unix_bytes::received(sockets::spoken_by(&context), context.arg(1), context.arg(2));
    0
}

/// The same of what it has sent.
#[btf_tracepoint(function = "sock_send_length")]
pub fn unix_sent(context: BtfTracePointContext) -> i32 {
    unix_bytes::sent(sockets::spoken_by(&context), context.arg(1));
    0
}

/// Called before a UNIX socket is closed that no process holds any more.
#[fentry(function = "unix_release")]
pub fn unix_closed(context: FEntryContext) -> i32 {
    unix_closed::released(&context);
    0
}

/// Called whenever a cgroup was made, before anybody can be in it.
#[btf_tracepoint(function = "cgroup_mkdir")]
pub fn made_cgroups(context: BtfTracePointContext) -> i32 {
    cgroups::made(&context);
    0
}

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// The kernel lends helpers that read its memory to GPL-compatible programs only (decision 46).
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
