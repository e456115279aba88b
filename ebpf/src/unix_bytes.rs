//! Counts what servers of told connections over UNIX sockets receive and send. Both happen at the server's socket and in its own process, so that
//! whoever closes it has counted all.

use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use ebpf_abi::{UnixBytes, Way};

use crate::kernel;
use crate::kernel::sockets::Socket;

/// Connections that are open at a time, and some that have just ended: the agent takes them away.
const COUNTED_MAX: u32 = 16_384;
/// `MSG_PEEK` of the kernel's `include/linux/socket.h`: it will be received again.
const PEEK: i32 = 2;

/// By the cookie of the server's socket. The one that is used least is pushed out.
#[map]
static UNIX_BYTES: LruHashMap<u64, UnixBytes> = LruHashMap::with_max_entries(COUNTED_MAX, 0);

/// Counts from now on.
pub fn begin(cookie: u64) {
    // Where there is no room nobody counts, which the agent sees.
    let _ = UNIX_BYTES.insert(&cookie, &[0; 2], 0);
}

#[inline(always)]
pub fn received(by: Socket, bytes: i32, flags: i32) {
    if flags & PEEK == 0 {
        count(by, bytes, Way::ToServer);
    }
}

#[inline(always)]
pub fn sent(by: Socket, bytes: i32) {
    count(by, bytes, Way::ToClient);
}

#[inline(always)]
fn count(by: Socket, bytes: i32, way: Way) {
    // What failed is below 0.
    if bytes <= 0 {
        return;
    }
    let Some(cookie) = by.told_cookie() else { return };
    if let Some(counted) = UNIX_BYTES.get_ptr_mut(&cookie) {
        kernel::add(counted, way, bytes as u64);
    }
}
