//! Tells that an end of a connection closed.

use aya_ebpf::programs::SockOpsContext;
use ebpf_abi::{Closed, Counter, Kind, TcpState};

use crate::{kernel, ports, ring};

pub fn closed(context: &SockOpsContext) {
    let (last_state, state) = kernel::states(context);
    if state != TcpState::CLOSE {
        return;
    }
    // Any program on the host may ask for the states of a socket, and then this one is called too.
    if !ports::is_watched(kernel::local_port(context)) && !ports::is_watched(kernel::remote_port(context)) {
        return;
    }
    let now_boot_ns = kernel::now_boot_ns();
    let closed = Closed {
        kind: Kind::Closed,
        last_state,
        all_acked: u8::from(kernel::all_acked(context)),
        reserved: [0; 5],
        at_boot_ns: now_boot_ns,
        cookie: kernel::socket_cookie(context),
        bytes_received: kernel::bytes_received(context),
        bytes_acked: kernel::bytes_acked(context),
    };
    ring::emit(context, &closed, now_boot_ns, Counter::ClosedSubmitted, Counter::ClosedLost);
}
