//! Counts what servers of told connections over UNIX sockets receive and send. Both happen at the server's socket and in its own process, so that
//! whoever closes it has counted all.

use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use aya_ebpf::programs::BtfTracePointContext;
use ebpf_abi::{UnixBytes, Way};

use crate::kernel::{self, sockets};

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

pub fn received(context: &BtfTracePointContext) {
    if context.arg::<i32>(2) & PEEK == 0 {
        count(context, Way::ToServer);
    }
}

pub fn sent(context: &BtfTracePointContext) {
    count(context, Way::ToClient);
}

#[inline(always)]
fn count(context: &BtfTracePointContext, way: Way) {
    // What failed is below 0.
    let bytes: i32 = context.arg(1);
    if bytes <= 0 {
        return;
    }
    let Some(cookie) = sockets::spoken_by(context).told_cookie() else { return };
    if let Some(counted) = UNIX_BYTES.get_ptr_mut(&cookie) {
        kernel::add(counted, way, bytes as u64);
    }
}
