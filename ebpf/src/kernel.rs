//! What the programs ask of the kernel. All `unsafe` of the programs is here and below.

pub mod cgroups;
mod data;
pub mod packets;
pub mod sockets;
pub mod task;

use core::arch::asm;
use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::{self, addr_of};

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::{
    BPF_SK_STORAGE_GET_F_CREATE, BPF_SOCK_OPS_STATE_CB_FLAG, bpf_sk_lookup, bpf_sock_addr, bpf_sock_ops,
};
use aya_ebpf::btf_maps::SkStorage;
use aya_ebpf::helpers::{
    bpf_get_current_ancestor_cgroup_id, bpf_get_current_cgroup_id, bpf_get_netns_cookie,
    bpf_get_socket_cookie, bpf_ktime_get_boot_ns, bpf_sk_storage_get, generated,
};
use aya_ebpf::macros::{btf_map, map};
use aya_ebpf::maps::{Array, LruHashMap};
use aya_ebpf::programs::{SkLookupContext, SockAddrContext, SockOpsContext};
use ebpf_abi::{Endpoint, Offset, Process, TcpState, Traffic, UnixTraffic};

pub use data::{Data, Told, fill};

pub const SECOND_NS: u64 = 1_000_000_000;

/// `IPPROTO_TCP` of the kernel's `include/uapi/linux/in.h`.
const IPPROTO_TCP: u32 = 6;

/// `AF_INET6` of the kernel's `include/linux/socket.h`.
const AF_INET6: u32 = 10;

/// Whether the kernel tells cookies of network namespaces (Linux 5.15). Written by the agent before the kernel sees the programs: what is never
/// called is no part of them.
#[unsafe(no_mangle)]
static NETNS_COOKIES: u8 = 1;

/// Whether the kernel tells which connection over Multipath TCP a path is of (Linux 5.19). Written by the agent, too.
#[unsafe(no_mangle)]
static MULTIPATH: u8 = 0;

/// Things that are done at most once in a while; a slot of `MOMENTS` each.
#[repr(u32)]
#[derive(Clone, Copy)]
pub enum Moment {
    Woken = 0,
    RingFullWarned = 1,
    ProcessLostWarned = 2,
    EndUnseenWarned = 3,
}

const MOMENTS_COUNT: u32 = 4;

/// When each of them was done last, in nanoseconds since the kernel started.
#[map]
static MOMENTS: Array<u64> = Array::with_max_entries(MOMENTS_COUNT, 0);

/// The process that asked to connect a socket. It goes with the socket, so nothing can push it out.
#[btf_map]
static PROCESSES: SkStorage<Process> = SkStorage::new();

/// Connections between their `connect` and their opening whose sockets got no memory.
const MEMORYLESS_MAX: u32 = 8192;

/// The same by the socket's cookie, where the socket gets no memory: root of a network namespace may give none to its
/// sockets (`net.core.optmem_max`). The oldest is pushed out.
#[map]
static PROCESSES_ASIDE: LruHashMap<u64, Process> = LruHashMap::with_max_entries(MEMORYLESS_MAX, 0);

/// Reads a field of a context at its literal offset. The verifier refuses a context pointer that was moved, and
/// the compiler moves it where it merges ordinary reads.
macro_rules! read {
    ($context:expr, $offset:expr, $width:literal) => {{
        let value: u64;
        // SAFETY: the kernel gave the context to this program, and the verifier checks that the field lies in it.
        unsafe {
            asm!(
                concat!("{0} = *(", $width, " *)({1} + {2})"),
                out(reg) value,
                in(reg) $context,
                const $offset,
                options(pure, readonly, nostack),
            );
        }
        value
    }};
}

use read as read_context;

/// Reads a word of an address the same way.
macro_rules! read_words {
    ($context:expr, $offset:expr) => {
        [
            read!($context, $offset, "u32") as u32,
            read!($context, $offset + 4, "u32") as u32,
            read!($context, $offset + 8, "u32") as u32,
            read!($context, $offset + 12, "u32") as u32,
        ]
    };
}

pub fn socket_type(context: &SockAddrContext) -> u32 {
    read!(context.sock_addr, offset_of!(bpf_sock_addr, type_), "u32") as u32
}

/// Where the program `connect4` is asked to connect to. The verifier lets neither program read what the other does.
#[inline(always)]
pub fn destination_v4(context: &SockAddrContext) -> Endpoint {
    let v4 = read!(context.sock_addr, offset_of!(bpf_sock_addr, user_ip4), "u32") as u32;
    endpoint(mapped(v4), destination_port(context))
}

/// Where the program `connect6` is.
#[inline(always)]
pub fn destination_v6(context: &SockAddrContext) -> Endpoint {
    endpoint(read_words!(context.sock_addr, offset_of!(bpf_sock_addr, user_ip6)), destination_port(context))
}

/// Cookie of the socket that asks.
pub fn connecting_cookie(context: &SockAddrContext) -> u64 {
    // SAFETY: the helper takes the context that the kernel gave to this program.
    unsafe { bpf_get_socket_cookie(context.as_ptr()) }
}

/// Inode of the network namespace that this socket is in; 0 where programs may not read the kernel's memory.
#[inline(always)]
pub fn connecting_namespace(context: &SockAddrContext) -> u32 {
    if !task::reads_kernel() {
        return 0;
    }
    // The verifier lets nobody read a socket of the context's but by its own few fields: here the kernel's own context is read.
    let context = context.as_ptr().cast_const();
    sockets::pointer(context, Offset::AskingSocket).map_or(0, sockets::network_of)
}

pub fn destination_port(context: &SockAddrContext) -> u16 {
    u16::from_be(read!(context.sock_addr, offset_of!(bpf_sock_addr, user_port), "u32") as u16)
}

pub fn is_tcp(context: &SkLookupContext) -> bool {
    read!(context.lookup, offset_of!(bpf_sk_lookup, protocol), "u32") as u32 == IPPROTO_TCP
}

/// The port that somebody wants to connect to.
pub fn looked_up_port(context: &SkLookupContext) -> u16 {
    read!(context.lookup, offset_of!(bpf_sk_lookup, local_port), "u32") as u16
}

/// That port with its address.
#[inline(always)]
pub fn looked_up(context: &SkLookupContext) -> Endpoint {
    let address = if looks_for_v6(context) {
        read_words!(context.lookup, offset_of!(bpf_sk_lookup, local_ip6))
    } else {
        mapped(read!(context.lookup, offset_of!(bpf_sk_lookup, local_ip4), "u32") as u32)
    };
    endpoint(address, looked_up_port(context))
}

/// Who wants to.
#[inline(always)]
pub fn looking(context: &SkLookupContext) -> Endpoint {
    let address = if looks_for_v6(context) {
        read_words!(context.lookup, offset_of!(bpf_sk_lookup, remote_ip6))
    } else {
        mapped(read!(context.lookup, offset_of!(bpf_sk_lookup, remote_ip4), "u32") as u32)
    };
    let port = read!(context.lookup, offset_of!(bpf_sk_lookup, remote_port), "u16") as u16;
    endpoint(address, u16::from_be(port))
}

#[inline(always)]
fn looks_for_v6(context: &SkLookupContext) -> bool {
    read!(context.lookup, offset_of!(bpf_sk_lookup, family), "u32") as u32 == AF_INET6
}

pub fn current_cgroup_id() -> u64 {
    // SAFETY: the helper takes nothing and is open to cgroup programs.
    unsafe { bpf_get_current_cgroup_id() }
}

/// The cgroup of the process that runs, or one above it: 1 is right below the root. 0 where there is none so deep.
pub fn current_cgroup_above(level: u32) -> u64 {
    // SAFETY: the helper takes any level.
    unsafe { bpf_get_current_ancestor_cgroup_id(level as i32) }
}

pub fn now_boot_ns() -> u64 {
    // SAFETY: the helper takes nothing.
    unsafe { bpf_ktime_get_boot_ns() }
}

pub fn local_port(context: &SockOpsContext) -> u16 {
    read!(context.ops, offset_of!(bpf_sock_ops, local_port), "u32") as u16
}

/// The kernel gives this one in network order, in a word of 32 bits.
pub fn remote_port(context: &SockOpsContext) -> u16 {
    u32::from_be(read!(context.ops, offset_of!(bpf_sock_ops, remote_port), "u32") as u32) as u16
}

pub fn local(context: &SockOpsContext) -> Endpoint {
    let words = if is_v6(context) {
        read_words!(context.ops, offset_of!(bpf_sock_ops, local_ip6))
    } else {
        mapped(read!(context.ops, offset_of!(bpf_sock_ops, local_ip4), "u32") as u32)
    };
    endpoint(words, local_port(context))
}

pub fn remote(context: &SockOpsContext) -> Endpoint {
    let words = if is_v6(context) {
        read_words!(context.ops, offset_of!(bpf_sock_ops, remote_ip6))
    } else {
        mapped(read!(context.ops, offset_of!(bpf_sock_ops, remote_ip4), "u32") as u32)
    };
    endpoint(words, remote_port(context))
}

/// The state that a socket leaves and the one it goes to, within a state callback.
pub fn states(context: &SockOpsContext) -> (TcpState, TcpState) {
    const ARGS: usize = offset_of!(bpf_sock_ops, __bindgen_anon_1);
    (TcpState(read!(context.ops, ARGS, "u32") as u8), TcpState(read!(context.ops, ARGS + 4, "u32") as u8))
}

pub fn all_acked(context: &SockOpsContext) -> bool {
    read!(context.ops, offset_of!(bpf_sock_ops, snd_una), "u32")
        == read!(context.ops, offset_of!(bpf_sock_ops, snd_nxt), "u32")
}

pub fn bytes_received(context: &SockOpsContext) -> u64 {
    read!(context.ops, offset_of!(bpf_sock_ops, bytes_received), "u64")
}

pub fn bytes_acked(context: &SockOpsContext) -> u64 {
    read!(context.ops, offset_of!(bpf_sock_ops, bytes_acked), "u64")
}

pub fn socket_cookie(context: &SockOpsContext) -> u64 {
    // SAFETY: the helper takes the context that the kernel gave to this program.
    unsafe { bpf_get_socket_cookie(context.as_ptr()) }
}

/// 0 where the kernel does not tell.
pub fn netns_cookie(context: &SockOpsContext) -> u64 {
    // SAFETY: it is there. The compiler must not take what the agent replaces for the value.
    if unsafe { ptr::read_volatile(addr_of!(NETNS_COOKIES)) } == 0 {
        return 0;
    }
    // SAFETY: the helper takes the context that the kernel gave to this program.
    unsafe { bpf_get_netns_cookie(context.as_ptr()) }
}

/// Asks the kernel to call for each change of the socket's state, besides what others asked for.
pub fn ask_for_states(context: &SockOpsContext) -> Result<(), i32> {
    let asked = read!(context.ops, offset_of!(bpf_sock_ops, bpf_sock_ops_cb_flags), "u32") as u32;
    context.set_cb_flags((asked | BPF_SOCK_OPS_STATE_CB_FLAG) as i32)
}

/// The process that asked for a connection over Multipath TCP of which this is a further path: the kernel asks for those itself, at some
/// later time. Whether it is one, and that is known.
#[inline(always)]
pub fn take_process_of_first_path(context: &SockAddrContext, to: &mut Process) -> bool {
    // SAFETY: it is there. The compiler must not take what the agent replaces for the value.
    if unsafe { ptr::read_volatile(addr_of!(MULTIPATH)) } == 0 {
        return false;
    }
    let path = connecting(context);
    // SAFETY: the socket is the context's own.
    let connection = unsafe { generated::bpf_skc_to_mptcp_sock(path) };
    if connection.is_null() {
        return false;
    }
    let first: *mut c_void = sockets::field(connection.cast(), Offset::MultipathFirst);
    if first == path {
        return false;
    }
    // SAFETY: the connection, which this path belongs to, holds its first one; nothing is created. What the helper returns lives as long as that.
    let stored =
        unsafe { bpf_sk_storage_get(processes(), first, ptr::null_mut(), 0).cast::<Process>().as_ref() };
    let Some(stored) = stored else { return false };
    *to = *stored;
    true
}

/// The socket that asks.
fn connecting(context: &SockAddrContext) -> *mut c_void {
    read!(context.sock_addr, offset_of!(bpf_sock_addr, __bindgen_anon_1), "u64") as *mut c_void
}

/// Stores a process with the socket that it connects, or aside where the socket has no memory.
pub fn store_process(context: &SockAddrContext, process: &mut Process) {
    let socket = connecting(context);
    // SAFETY: the socket is the context's own, and the helper copies a `Process` from a valid reference.
    let stored = unsafe {
        bpf_sk_storage_get(
            processes(),
            socket,
            ptr::from_mut(process).cast(),
            BPF_SK_STORAGE_GET_F_CREATE.into(),
        )
    }
    .cast::<Process>();
    if stored.is_null() {
        let cookie = connecting_cookie(context);
        // Where there is no room for it either, the opening counts it.
        let _ = PROCESSES_ASIDE.insert(cookie, &*process, 0);
        return;
    }
    // SAFETY: the helper returned the socket's own `Process`. Where an earlier `connect` of the socket left one,
    // this one takes its place.
    unsafe { *stored = *process };
}

/// Whether a process was stored with the socket, or aside; it is copied, and forgotten there. It is copied to where it stays: a kernel
/// before Linux 6.3 takes no program that copies what it has not written.
#[inline(always)]
pub fn take_process(context: &SockOpsContext, to: &mut Process) -> bool {
    if let Some(stored) = stored_with_socket(context) {
        *to = *stored;
        return true;
    }
    let cookie = socket_cookie(context);
    // SAFETY: nobody but the socket's own `connect` changes what stands there.
    let Some(stored) = (unsafe { PROCESSES_ASIDE.get(&cookie) }) else { return false };
    *to = *stored;
    let _ = PROCESSES_ASIDE.remove(&cookie);
    true
}

#[inline(always)]
fn stored_with_socket(context: &SockOpsContext) -> Option<&Process> {
    let socket = read!(context.ops, offset_of!(bpf_sock_ops, __bindgen_anon_2), "u64") as *mut c_void;
    if socket.is_null() {
        return None;
    }
    // SAFETY: the socket is the context's own and not null; nothing is created. What the helper returns is the socket's own `Process`, which
    // lives as long as the socket.
    unsafe {
        let stored = bpf_sk_storage_get(processes(), socket, ptr::null_mut(), 0).cast::<Process>();
        stored.as_ref()
    }
}

/// What stands in a slot of a map.
pub fn copied<T: Copy>(slot: Option<*const T>) -> Option<T> {
    // SAFETY: it is a slot of a map, which the verifier checks. A value that the agent writes meanwhile may be half the
    // old one: it writes words that mean something by themselves.
    slot.map(|slot| unsafe { *slot })
}

/// Writes what an entry of the ring is.
#[inline(always)]
pub fn put<T: Copy>(to: *mut T, event: &T) {
    // SAFETY: `to` is a whole entry that was just reserved, and `event` stands somewhere else.
    unsafe { ptr::copy_nonoverlapping(event, to, 1) }
}

/// Adds to what a connection has counted.
pub fn add(traffic: *mut UnixTraffic, which: Traffic, value: u64) {
    // SAFETY: `traffic` is a value of a map, which the verifier checks, and has a place for each.
    unsafe {
        let place = traffic.cast::<u64>().add(which as usize);
        asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) place, in(reg) value);
    }
}

/// Puts another value in the place of one of them.
pub fn set(traffic: *mut UnixTraffic, which: Traffic, value: u64) {
    // SAFETY: the same.
    unsafe { ptr::write_volatile(traffic.cast::<u64>().add(which as usize), value) };
}

/// Adds one to a number that programs on other processors may add to.
pub fn add_one(value: *mut u64) {
    // SAFETY: `value` is a slot of a map, which the verifier checks.
    unsafe { asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) value, in(reg) 1u64) }
}

/// Whether a thing was last done at least `gap_ns` ago; it counts as done then.
pub fn due(moment: Moment, now_boot_ns: u64, gap_ns: u64) -> bool {
    let Some(last) = MOMENTS.get_ptr_mut(moment as u32) else { return false };
    // SAFETY: `last` is a slot of a map. A race with another processor costs one more line or wake-up.
    unsafe {
        let is_due = now_boot_ns.wrapping_sub(ptr::read_volatile(last)) >= gap_ns;
        if is_due {
            ptr::write_volatile(last, now_boot_ns);
        }
        is_due
    }
}

fn processes() -> *mut c_void {
    addr_of!(PROCESSES).cast_mut().cast()
}

fn is_v6(context: &SockOpsContext) -> bool {
    read!(context.ops, offset_of!(bpf_sock_ops, family), "u32") as u32 == AF_INET6
}

/// An IPv4 address in network order, mapped into IPv6 (RFC 4291, 2.5.5.2).
fn mapped(v4: u32) -> [u32; 4] {
    [0, 0, 0xffff_u32.to_be(), v4]
}

fn endpoint([a, b, c, d]: [u32; 4], port: u16) -> Endpoint {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (a.to_ne_bytes(), b.to_ne_bytes());
    let ([c0, c1, c2, c3], [d0, d1, d2, d3]) = (c.to_ne_bytes(), d.to_ne_bytes());
    let address = [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3];
    Endpoint { address, port, reserved: [0; 6] }
}
