//! Tells that the server's end of a told connection over a UNIX socket was closed. Most kernels let a program be called there, and no
//! tracepoint is.

use aya_ebpf::programs::FEntryContext;
use ebpf_abi::{Counter, Kind, UnixClosed};

use crate::kernel::{self, sockets};
use crate::ring;

pub fn released(context: &FEntryContext) {
    let Some(cookie) = sockets::released(context).told_cookie() else { return };
    let at_boot_ns = kernel::now_boot_ns();
    let closed = UnixClosed { kind: Kind::UnixClosed, reserved: [0; 7], at_boot_ns, cookie };
    ring::emit(context, &closed, at_boot_ns, Counter::UnixSubmitted, Counter::UnixLost);
}
