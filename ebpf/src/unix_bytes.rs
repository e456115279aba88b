//! Counts what servers of told connections over UNIX sockets receive and send, and notes when they last did. Both happen at the server's socket and in
//! its own process, so that whoever closes it has counted all.

use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use ebpf_abi::{Traffic, UnixTraffic};

use crate::kernel;
use crate::kernel::sockets::Socket;

/// Connections that are open at a time, and some that have just ended: the agent takes them away.
const COUNTED_MAX: u32 = 16_384;
/// `MSG_PEEK` of the kernel's `include/linux/socket.h`: it will be received again.
const PEEK: i32 = 2;

/// By the cookie of the server's socket. The one that is used least is pushed out.
#[map]
static UNIX_TRAFFIC: LruHashMap<u64, UnixTraffic> = LruHashMap::with_max_entries(COUNTED_MAX, 0);

/// Counts from now on.
pub fn begin(cookie: u64) {
    // Where there is no room nobody counts, which the agent sees.
    let _ = UNIX_TRAFFIC.insert(&cookie, &[0; 3], 0);
}

#[inline(always)]
pub fn received(by: Socket, bytes: i32, flags: i32) {
    note(by, if flags & PEEK == 0 { bytes } else { 0 }, Traffic::ToServer);
}

#[inline(always)]
pub fn sent(by: Socket, bytes: i32) {
    note(by, bytes, Traffic::ToClient);
}

#[inline(always)]
fn note(by: Socket, bytes: i32, way: Traffic) {
    let Some(cookie) = by.told_cookie() else { return };
    let Some(traffic) = UNIX_TRAFFIC.get_ptr_mut(&cookie) else { return };
    // Who tries in vain is there: one whose client has gone learns of it so.
    kernel::set(traffic, Traffic::LastBootNs, kernel::now_boot_ns());
    // What failed is below 0.
    if 0 < bytes {
        kernel::add(traffic, way, bytes as u64);
    }
}
